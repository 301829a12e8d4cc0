package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How long a text may be before it is cut, and before its rest hides behind a switch; in characters.
const (
	maxText   = 64 << 10
	longText  = 160
	shortText = 80
)

// clean makes a text from outside safe to look at: characters that cannot be seen, or that change the order or the look
// of what stands beside them, are written out as ⟨U+202E⟩. Escaping is not its task; html/template does that.
func clean(s string) string {
	if len(s) > maxText {
		s = s[:maxText] + "…"
	}
	if strings.IndexFunc(s, strange) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		if strange(r) {
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// strange tells whether a character is invisible or steers the text around it. New lines and tabs are neither.
func strange(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp), r == 0xFFFE, r == 0xFFFF:
		return true
	case r == 0x115F, r == 0x1160, r == 0x3164, r == 0xFFA0, r == 0x034F: // fillers that look like nothing
		return true
	case r >= 0xFE00 && r <= 0xFE0F, r >= 0xE0000 && r <= 0xE0FFF: // variation selectors and tags
		return true
	}
	return false
}

// long tells whether a text is cut where space is short.
func long(s string) bool { return utf8.RuneCountInString(s) > longText }

// whole returns a long text cleaned; JSON is laid out over lines.
func whole(s string) string {
	if strings.HasPrefix(s, "{") && len(s) <= maxText && json.Valid([]byte(s)) {
		var b bytes.Buffer
		if json.Indent(&b, []byte(s), "", "  ") == nil {
			return clean(b.String())
		}
	}
	return clean(s)
}

// short returns a cleaned text of one line, cut for a table or a heading.
func short(s string) string { return cut(s, shortText) }

func cut(s string, n int) string {
	if len(s) > 4*n+4 { // no character has more than four bytes
		s = s[:4*n+4]
	}
	s = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		return r
	}, clean(s))
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
