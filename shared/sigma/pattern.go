package sigma

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// token is a piece of a value.
type token struct {
	kind tokenKind
	text string // of a literal; any bytes
}

type tokenKind uint8

const (
	literal tokenKind = iota
	star              // any run of characters, also none
	one               // exactly one character
	dash              // one character that looks like a dash, or a slash
)

// pattern is a value with its wildcards found. Two stars or two literals never follow each other.
type pattern []token

// parsePattern finds wildcards. A backslash escapes a star, a question mark and itself; before anything else and at
// the end it is a plain backslash.
func parsePattern(s string) pattern {
	if s != "" && !strings.ContainsAny(s, `*?\`) {
		return pattern{{literal, s}}
	}
	var p pattern
	var lit strings.Builder
	flush := func() {
		if lit.Len() > 0 {
			p = append(p, token{literal, lit.String()})
			lit.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\\':
			if i+1 < len(s) && (s[i+1] == '*' || s[i+1] == '?' || s[i+1] == '\\') {
				i++
				lit.WriteByte(s[i])
				continue
			}
			lit.WriteByte(c)
		case '*':
			flush()
			if len(p) == 0 || p[len(p)-1].kind != star {
				p = append(p, token{kind: star})
			}
		case '?':
			flush()
			p = append(p, token{kind: one})
		default:
			lit.WriteByte(c)
		}
	}
	flush()
	return p
}

// plain returns the texts that a pattern without wildcards stands for: one, or as many as its dashes make.
func (p pattern) plain() ([]string, error) {
	texts := []string{""}
	for _, t := range p {
		pieces := []string{t.text}
		switch {
		case t.kind == dash:
			pieces = strings.Split(dashes, "")
		case t.kind != literal:
			return nil, fmt.Errorf("a value with wildcards cannot be encoded")
		}
		var next []string
		for _, text := range texts {
			for _, piece := range pieces {
				next = append(next, text+piece)
			}
		}
		if texts = next; len(texts) > maxExpanded {
			return nil, fmt.Errorf("the value has too many dashes to be encoded")
		}
	}
	return texts, nil
}

// open adds a star at the sides named, where none stands yet.
func (p pattern) open(left, right bool) pattern {
	out := make(pattern, 0, len(p)+2)
	if left && (len(p) == 0 || p[0].kind != star) {
		out = append(out, token{kind: star})
	}
	out = append(out, p...)
	if right && (len(out) == 0 || out[len(out)-1].kind != star) {
		out = append(out, token{kind: star})
	}
	return out
}

// transforms are the modifiers that change a value. Each returns the alternatives that it makes.
var transforms = map[string]func(pattern) ([]pattern, error){
	"contains":     func(p pattern) ([]pattern, error) { return []pattern{p.open(true, true)}, nil },
	"startswith":   func(p pattern) ([]pattern, error) { return []pattern{p.open(false, true)}, nil },
	"endswith":     func(p pattern) ([]pattern, error) { return []pattern{p.open(true, false)}, nil },
	"base64":       encoder(func(s string) []string { return []string{base64.StdEncoding.EncodeToString([]byte(s))} }),
	"base64offset": encoder(base64Offsets),
	"wide":         encoder(func(s string) []string { return []string{utf16Text(s, false)} }),
	"utf16le":      encoder(func(s string) []string { return []string{utf16Text(s, false)} }),
	"utf16be":      encoder(func(s string) []string { return []string{utf16Text(s, true)} }),
	"utf16":        encoder(func(s string) []string { return []string{"\xff\xfe" + utf16Text(s, false)} }),
	"windash":      func(p pattern) ([]pattern, error) { return []pattern{windash(p)}, nil },
}

func encoder(encode func(string) []string) func(pattern) ([]pattern, error) {
	return func(p pattern) ([]pattern, error) {
		texts, err := p.plain()
		if err != nil {
			return nil, err
		}
		var out []pattern
		for _, s := range texts {
			for _, e := range encode(s) {
				if e == "" {
					return nil, fmt.Errorf("the value is too short to be encoded")
				}
				out = append(out, pattern{{literal, e}})
			}
		}
		return out, nil
	}
}

// base64Offsets returns how s looks inside a base64 text when it begins at byte 0, 1 or 2 of a group of three.
func base64Offsets(s string) []string {
	head, tail := [3]int{0, 2, 3}, [3]int{0, 3, 2}
	out := make([]string, 3)
	for i := range out {
		e := base64.StdEncoding.EncodeToString(append(make([]byte, i), s...))
		from, to := head[i], len(e)-tail[(len(s)+i)%3]
		if from < to {
			out[i] = e[from:to]
		}
	}
	return out
}

func utf16Text(s string, big bool) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			b.WriteByte(byte(u >> 8))
			b.WriteByte(byte(u))
		} else {
			b.WriteByte(byte(u))
			b.WriteByte(byte(u >> 8))
		}
	}
	return b.String()
}

// windash lets a dash or slash that begins a word be any dash-like character, as pySigma does.
func windash(p pattern) pattern {
	var out pattern
	for _, t := range p {
		if t.kind != literal {
			out = append(out, t)
			continue
		}
		from := 0
		for i := 0; i < len(t.text); i++ {
			if (t.text[i] != '-' && t.text[i] != '/') || (i > 0 && wordEnd(t.text[:i])) || !wordStart(t.text[i+1:]) {
				continue
			}
			if from < i {
				out = append(out, token{literal, t.text[from:i]})
			}
			out = append(out, token{kind: dash})
			from = i + 1
		}
		if from < len(t.text) {
			out = append(out, token{literal, t.text[from:]})
		}
	}
	return out
}

func wordStart(s string) bool { r, _ := utf8.DecodeRuneInString(s); return wordRune(r) }
func wordEnd(s string) bool   { r, _ := utf8.DecodeLastRuneInString(s); return wordRune(r) }
func wordRune(r rune) bool {
	return r != utf8.RuneError && (r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r))
}

// dashes are the characters that a windash place accepts.
const dashes = "-/\u2013\u2014\u2015"

func isDash(r rune) bool { return strings.ContainsRune(dashes, r) }
