package sls

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokenizer cuts a value into words at the characters of an index's token list. It does not change and is safe for
// concurrent use.
type tokenizer struct {
	ascii   [utf8.RuneSelf]bool
	other   map[rune]bool
	fold    bool // words are compared without regard to case
	chinese bool
}

func newTokenizer(list []string, caseSensitive, chinese bool) *tokenizer {
	t := &tokenizer{fold: !caseSensitive, chinese: chinese}
	for _, r := range strings.Join(list, "") {
		if r < utf8.RuneSelf {
			t.ascii[r] = true
			continue
		}
		if t.other == nil {
			t.other = map[rune]bool{}
		}
		t.other[r] = true
	}
	return t
}

// without is the tokenizer that does not cut at the given characters.
func (t *tokenizer) without(chars string) *tokenizer {
	c := *t
	for _, r := range chars {
		c.ascii[r] = false
	}
	return &c
}

// each calls yield with the words of a value, in order, until it returns false. The words point into value.
func (t *tokenizer) each(value []byte, yield func([]byte) bool) {
	start := 0
	for i := 0; i < len(value); {
		size, cut, alone := 1, false, false
		if b := value[i]; b < utf8.RuneSelf {
			cut = t.ascii[b]
		} else {
			var r rune
			r, size = utf8.DecodeRune(value[i:])
			cut, alone = t.other[r], t.chinese && standsAlone(r)
		}
		if cut || alone {
			if start < i && !yield(value[start:i]) {
				return
			}
			start = i + size
			if alone && !yield(value[i:start]) {
				return
			}
		}
		i += size
	}
	if start < len(value) {
		yield(value[start:])
	}
}

// standsAlone tells whether a character is a word of its own when an index has chn set.
//
// Assumption: each Han character is one word. How the service cuts Chinese text is unknown.
func standsAlone(r rune) bool { return unicode.Is(unicode.Han, r) }

// words are the words of a query text.
func (t *tokenizer) words(text string) []string {
	var list []string
	t.each([]byte(text), func(w []byte) bool {
		list = append(list, string(w))
		return true
	})
	return list
}

// same compares a word of a value with a word of a query.
func (t *tokenizer) same(word []byte, want string) bool {
	if t.fold {
		return strings.EqualFold(string(word), want)
	}
	return string(word) == want
}

// contains looks for text that consists of cutting characters only, so that it has no words.
func (t *tokenizer) contains(value []byte, text string) bool {
	return bytes.Contains(value, []byte(text))
}

// globMatch matches a word against a pattern with * (any run) and ? (one character).
func globMatch(pattern, word string) bool {
	star, mark := -1, 0
	p, w := 0, 0
	for w < len(word) {
		size := 1
		if p < len(pattern) && pattern[p] == '?' {
			_, size = utf8.DecodeRuneInString(word[w:])
		}
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, w
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == word[w]):
			p++
			w += size
		case star >= 0:
			mark++
			p, w = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
