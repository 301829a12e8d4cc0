package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/fenghuo-soc/fenghuo/cmd/fenghuo/demo"
)

// screen prints the story: one line each, times and accounts in columns, in colour where the terminal has it.
type screen struct {
	out   io.Writer
	lang  string
	color bool
	live  bool // the terminal can rewrite a line
}

func newScreen(out *os.File, lang string, noColor bool) *screen {
	tty := term.IsTerminal(int(out.Fd()))
	return &screen{out: out, lang: lang, live: tty, color: tty && !noColor && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

var icons = map[demo.Tone]string{demo.Title: "", demo.Done: "✔", demo.Note: " ", demo.Attack: "⚡", demo.Alarm: "▲", demo.Ask: "?", demo.Bad: "✘"}

var colors = map[demo.Tone]string{demo.Title: "1", demo.Done: "32", demo.Note: "2", demo.Attack: "33", demo.Alarm: "1;31", demo.Ask: "36", demo.Bad: "31"}

func (s *screen) paint(code, text string) string {
	if !s.color || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s *screen) line(l demo.Line) {
	text := printable(l.In(s.lang))
	if l.Tone == demo.Title {
		fmt.Fprintf(s.out, "\n%s %s\n", s.paint("2", fmt.Sprintf("%5.1fs", l.At.Seconds())), s.paint("1", text))
		return
	}
	fmt.Fprintf(s.out, "%s %s %-1s %s\n", s.paint("2", fmt.Sprintf("%5.1fs", l.At.Seconds())),
		s.paint(colors[l.Tone], icons[l.Tone]), l.Who, s.paint(noteColor(l.Tone), text))
}

// noteColor keeps most text in the terminal's own colour.
func noteColor(t demo.Tone) string {
	switch t {
	case demo.Note, demo.Alarm, demo.Bad:
		return colors[t]
	default:
		return ""
	}
}

// printable keeps what came from a log from steering the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) {
			return '·'
		}
		return r
	}, text)
}

// progress rewrites one line where the terminal can, and is silent elsewhere.
func (s *screen) progress(text string) {
	if s.live {
		fmt.Fprintf(s.out, "\r\x1b[K%s", printable(text))
	}
}

func (s *screen) progressEnd(text string) {
	if s.live {
		fmt.Fprint(s.out, "\r\x1b[K")
	}
	fmt.Fprintln(s.out, text)
}

// say picks a text by language.
func (s *screen) say(en, zh string) string {
	if s.lang == "zh" {
		return zh
	}
	return en
}
