package analytics

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokEnd    tokenKind = iota
	tokWord             // name or keyword
	tokQuoted           // "name"
	tokText             // 'text'
	tokInt
	tokFloat
	tokSymbol
)

// token is one piece of a statement. text is what it says, without quotes.
type token struct {
	kind tokenKind
	text string
	at   place
	end  int // offset of the first byte behind it
}

// maxTokens bounds the size of a statement, and with it the depth of everything that is built from it.
const maxTokens = 20_000

type lexer struct {
	src  string
	pos  int
	at   place
	list []token
}

// scan cuts a statement into tokens; the last one is tokEnd.
func scan(src string) ([]token, error) {
	l := &lexer{src: src, at: place{1, 1}}
	for {
		if err := l.space(); err != nil {
			return nil, err
		}
		t, err := l.next()
		if err != nil {
			return nil, err
		}
		t.end = l.pos
		l.list = append(l.list, t)
		if t.kind == tokEnd {
			return l.list, nil
		}
		if len(l.list) > maxTokens {
			return nil, t.at.failf("the statement is too long")
		}
	}
}

// move goes on by n bytes and counts lines.
func (l *lexer) move(n int) {
	for _, r := range l.src[l.pos : l.pos+n] {
		if r == '\n' {
			l.at = place{l.at.line + 1, 1}
		} else {
			l.at.column++
		}
	}
	l.pos += n
}

func (l *lexer) space() error {
	for l.pos < len(l.src) {
		rest := l.src[l.pos:]
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case unicode.IsSpace(r):
			l.move(size)
		case strings.HasPrefix(rest, "--"):
			end := strings.IndexByte(rest, '\n')
			if end < 0 {
				end = len(rest)
			}
			l.move(end)
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest, "*/")
			if end < 0 {
				return l.at.failf("a comment is not closed")
			}
			l.move(end + 2)
		default:
			return nil
		}
	}
	return nil
}

// symbols of two characters come first.
var symbols = []string{"<>", "!=", "<=", ">=", "||", "(", ")", ",", ".", "+", "-", "*", "/", "%", "<", ">", "=", "[", "]", "|", ";"}

func (l *lexer) next() (token, error) {
	t := token{at: l.at}
	if l.pos == len(l.src) {
		return t, nil
	}
	rest := l.src[l.pos:]
	r, _ := utf8.DecodeRuneInString(rest)
	switch {
	case r == '\'' || r == '"':
		return l.quoted(byte(r))
	case r == '_' || unicode.IsLetter(r):
		return l.take(t, tokWord, wordEnd(rest)), nil
	case r >= '0' && r <= '9' || r == '.' && len(rest) > 1 && rest[1] >= '0' && rest[1] <= '9':
		return l.number(t, rest)
	}
	for _, s := range symbols {
		if strings.HasPrefix(rest, s) {
			return l.take(t, tokSymbol, len(s)), nil
		}
	}
	return t, t.at.failf("mismatched input '%c'", r)
}

func (l *lexer) take(t token, kind tokenKind, n int) token {
	t.kind, t.text = kind, l.src[l.pos:l.pos+n]
	l.move(n)
	return t
}

func wordEnd(s string) int {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return i
		}
	}
	return len(s)
}

// quoted reads a text or a quoted name; a doubled quote stands for one.
func (l *lexer) quoted(quote byte) (token, error) {
	t := token{kind: tokText, at: l.at}
	if quote == '"' {
		t.kind = tokQuoted
	}
	var b strings.Builder
	for i := l.pos + 1; i < len(l.src); i++ {
		c := l.src[i]
		if c == quote {
			if i+1 == len(l.src) || l.src[i+1] != quote {
				l.move(i + 1 - l.pos)
				t.text = b.String()
				if quote == '"' && t.text == "" {
					return t, t.at.failf("a quoted name must not be empty")
				}
				return t, nil
			}
			i++
		}
		b.WriteByte(c)
	}
	return t, t.at.failf("a quote is not closed")
}

func (l *lexer) number(t token, rest string) (token, error) {
	n, kind := digits(rest), tokInt
	if strings.HasPrefix(rest[n:], ".") {
		kind = tokFloat
		n += 1 + digits(rest[n+1:])
	}
	if n < len(rest) && (rest[n] == 'e' || rest[n] == 'E') {
		m := n + 1
		if m < len(rest) && (rest[m] == '+' || rest[m] == '-') {
			m++
		}
		if d := digits(rest[m:]); d > 0 {
			kind, n = tokFloat, m+d
		}
	}
	if wordEnd(rest[n:]) > 0 {
		return t, t.at.failf("a name must not begin with a digit")
	}
	return l.take(t, kind, n), nil
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
