package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/cmd/fenghuo/demo"
)

func TestLanguage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		flag string
		env  []string
		want string
	}{
		{"zh", []string{"en_US.UTF-8"}, "zh"},
		{"en", []string{"zh_CN.UTF-8"}, "en"},
		{"", []string{"", "zh_CN.UTF-8"}, "zh"},
		{"", []string{"ZH_TW"}, "zh"},
		{"", []string{"C", "zh_CN.UTF-8"}, "en"}, // LC_ALL comes before LANG
		{"", []string{"", ""}, "en"},
	} {
		if got := language(tt.flag, tt.env...); got != tt.want {
			t.Errorf("language(%q, %q) = %s, want %s", tt.flag, tt.env, got, tt.want)
		}
	}
}

// TestLineCannotSteerTheTerminal shows that text from a log, which an attacker chose, prints as text: no escape sequence,
// no new line, no change of the writing direction.
func TestLineCannotSteerTheTerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := &screen{out: &out, lang: "en"}
	s.line(demo.Line{Tone: demo.Alarm, Who: "C", EN: "a\x1b[2Jb\nc\r\x07\u009b31m\u202ed\u2066e 攻击"})
	got := out.String()
	if strings.ContainsAny(strings.TrimSuffix(got, "\n"), "\x1b\n\r\x07\u009b\u202e\u2066") {
		t.Errorf("control characters passed: %q", got)
	}
	if !strings.Contains(got, "a·[2Jb·c") || !strings.Contains(got, "攻击") {
		t.Errorf("text was lost: %q", got)
	}
}

func TestCard(t *testing.T) {
	t.Parallel()
	score := demo.Score{Pass: true, Expected: 2, Found: 2, Written: 20029, Collected: 20029, Alerts: 39, Tasks: 10, Failed: 1, Done: 10, Undone: 4, Seconds: 21.5}
	short := score
	short.Pass, short.Twice, short.Short = false, 3, []string{"an alert was raised twice"}
	declined := score
	declined.Done, declined.Rejected = 6, 4
	for name, tt := range map[string]struct {
		lang  string
		score demo.Score
		keep  bool
		says  []string
		not   string
	}{
		"pass":    {"en", score, false, []string{"PASS", "2 of 2 found, 0 false", "20029 written, 20029 collected", "10 of 10 done", "21.5 s", "demo --keep"}, "SHORT"},
		"chinese": {"zh", score, false, []string{"通过", "2/2 命中", "写入 20029", "21.5 秒"}, "PASS"},
		"reject":  {"zh", declined, false, []string{"通过", "6/10 完成", "4 个被您拒绝"}, "SHORT"},
		"short":   {"en", short, false, []string{"SHORT", "39, 3 twice", "an alert was raised twice"}, "PASS"},
		"kept":    {"en", score, true, []string{"PASS", "the console: http://here/?token=t\n", "Ctrl-C ends it"}, "demo --keep"},
	} {
		var out bytes.Buffer
		s := &screen{out: &out, lang: tt.lang}
		(&demoCommand{Keep: tt.keep}).print(s, tt.score, "http://here/?token=t")
		for _, part := range tt.says {
			if !strings.Contains(out.String(), part) {
				t.Errorf("%s: the card does not say %q:\n%s", name, part, &out)
			}
		}
		if strings.Contains(out.String(), tt.not) || strings.Contains(out.String(), "\x1b") {
			t.Errorf("%s: the card says %q or has colours:\n%s", name, tt.not, &out)
		}
	}
}

func TestWidth(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 0, "time": 4, "用时": 4, "a用b": 4} {
		if got := width(text); got != want {
			t.Errorf("width(%q) = %d, want %d", text, got, want)
		}
	}
}

// TestProgressIsSilentOffTheTerminal shows that a log file gets no rewritten lines, only the last one.
func TestProgressIsSilentOffTheTerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := &screen{out: &out}
	s.progress("building 1")
	s.progressEnd("built in " + time.Second.String())
	if got := out.String(); got != "built in 1s\n" {
		t.Errorf("printed %q", got)
	}
}
