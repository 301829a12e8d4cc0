package demo

import (
	"fmt"
	"time"
)

// Tone is how a line is meant; a screen gives it an icon and a colour.
type Tone string

// The tones.
const (
	Title  Tone = "title"  // a new part begins
	Done   Tone = "done"   // something was done
	Note   Tone = "note"   // detail below a line
	Attack Tone = "attack" // what an attacker does
	Alarm  Tone = "alarm"  // an event was opened
	Ask    Tone = "ask"    // a decision is needed
	Bad    Tone = "bad"    // something failed
)

// Line is one line of the story, in both languages.
type Line struct {
	At   time.Duration // since the beginning
	Tone Tone
	Who  string // A to E, or "" for nobody
	EN   string
	ZH   string
}

// In returns the line's text in a language: zh, or anything else for English.
func (l Line) In(lang string) string {
	if lang == "zh" {
		return l.ZH
	}
	return l.EN
}

func (s *story) title(en, zh string)     { s.tell(Line{Tone: Title, EN: en, ZH: zh}) }
func (s *story) done(who, en, zh string) { s.tell(Line{Tone: Done, Who: who, EN: en, ZH: zh}) }
func (s *story) note(who, en, zh string) { s.tell(Line{Tone: Note, Who: who, EN: en, ZH: zh}) }

// letter is the seed's name of an account: A to E in the order of the world.
func (s *story) letter(uid string) string {
	for i, a := range s.server.World().Accounts {
		if a.UID == uid {
			return string(rune('A' + i))
		}
	}
	return uid
}

// letters lists accounts as C, D, E.
func (s *story) letters(uids []string) string {
	out := ""
	for i, u := range uids {
		if i > 0 {
			out += ", "
		}
		out += s.letter(u)
	}
	return out
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
