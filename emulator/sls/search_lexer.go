package sls

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// lexer reads a query text. Words and values end at different characters, so the parser says what it wants next.
type lexer struct {
	src string
	pos int
}

// text is a piece of a query.
type text struct {
	value  string
	quoted bool
	phrase bool // #"..."
	glob   bool // holds a wildcard
}

func (l *lexer) space() {
	for l.pos < len(l.src) {
		r, size := utf8.DecodeRuneInString(l.src[l.pos:])
		if !unicode.IsSpace(r) {
			return
		}
		l.pos += size
	}
}

// peek is the next byte, 0 at the end.
func (l *lexer) peek() byte {
	if l.pos < len(l.src) {
		return l.src[l.pos]
	}
	return 0
}

// accept takes prefix when it comes next.
func (l *lexer) accept(prefix string) bool {
	if strings.HasPrefix(l.src[l.pos:], prefix) {
		l.pos += len(prefix)
		return true
	}
	return false
}

const (
	endOfWord  = `()":=<>|`
	endOfValue = `()"|`
)

// piece reads a quoted text, a phrase, or a bare text up to white space or one of the characters of end.
func (l *lexer) piece(end string) (text, error) {
	switch {
	case l.accept(`#"`):
		s, err := l.quoted()
		return text{value: s, quoted: true, phrase: true}, err
	case l.accept(`"`):
		s, err := l.quoted()
		return text{value: s, quoted: true}, err
	}
	return l.bare(end)
}

// quoted reads up to the closing quote; the opening one was taken.
func (l *lexer) quoted() (string, error) {
	var b strings.Builder
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		l.pos++
		switch {
		case c == '"':
			return b.String(), nil
		case c == '\\' && (l.peek() == '"' || l.peek() == '\\'):
			c = l.src[l.pos]
			l.pos++
		}
		b.WriteByte(c)
	}
	return "", l.syntax("a quote is not closed")
}

func (l *lexer) bare(end string) (text, error) {
	var b strings.Builder
	t := text{}
	for l.pos < len(l.src) {
		r, size := utf8.DecodeRuneInString(l.src[l.pos:])
		if unicode.IsSpace(r) || strings.ContainsRune(end, r) {
			break
		}
		if r == '\\' && l.pos+1 < len(l.src) {
			l.pos++
			_, size = utf8.DecodeRuneInString(l.src[l.pos:])
		} else if r == '*' || r == '?' {
			t.glob = true
		}
		b.WriteString(l.src[l.pos : l.pos+size])
		l.pos += size
	}
	t.value = b.String()
	if t.value == "" {
		if l.pos == len(l.src) {
			return t, l.syntax("the query ends where a word is expected")
		}
		return t, l.syntax("a word is expected")
	}
	return t, nil
}

// keyword looks at the next bare word: "and", "or" or "not" in any case; else "".
func (l *lexer) keyword() string {
	l.space()
	rest := l.src[l.pos:]
	for _, k := range []string{"and", "or", "not"} {
		if len(rest) < len(k) || !strings.EqualFold(rest[:len(k)], k) {
			continue
		}
		r, _ := utf8.DecodeRuneInString(rest[len(k):])
		if len(rest) == len(k) || unicode.IsSpace(r) || strings.ContainsRune(`()"|`, r) {
			return k
		}
	}
	return ""
}

// take takes keyword k when it comes next.
func (l *lexer) take(k string) bool {
	if l.keyword() != k {
		return false
	}
	l.pos += len(k)
	return true
}

func (l *lexer) syntax(what string) error {
	return invalidf("syntax error at position %d of the query: %s", l.pos, what)
}
