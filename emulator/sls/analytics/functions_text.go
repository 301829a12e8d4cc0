package analytics

import (
	"database/sql/driver"
	"strings"
	"unicode"
	"unicode/utf8"
)

func textFunctions() map[string][]function {
	text := func(f func(string) string) []function { return forms(one(Varchar, Varchar, f)) }
	return map[string][]function{
		"lower":   text(strings.ToLower),
		"upper":   text(strings.ToUpper),
		"trim":    text(strings.TrimSpace),
		"ltrim":   text(func(s string) string { return strings.TrimLeftFunc(s, unicode.IsSpace) }),
		"rtrim":   text(func(s string) string { return strings.TrimRightFunc(s, unicode.IsSpace) }),
		"reverse": text(reverse),
		"length":  forms(one(Varchar, Bigint, func(s string) int64 { return int64(utf8.RuneCountInString(s)) })),
		"substr":  substrings(), "substring": substrings(),
		"strpos": forms(two(Varchar, Varchar, Bigint, position)),
		"position": forms(two(Varchar, Varchar, Bigint, func(sub, s string) int64 {
			return position(s, sub)
		})),
		"starts_with": forms(two(Varchar, Varchar, Boolean, func(s, p string) driver.Value { return truth(strings.HasPrefix(s, p)) })),
		"ends_with":   forms(two(Varchar, Varchar, Boolean, func(s, p string) driver.Value { return truth(strings.HasSuffix(s, p)) })),
		"replace": forms(
			two(Varchar, Varchar, Varchar, func(s, old string) string { return strings.ReplaceAll(s, old, "") }),
			function{args: []Type{Varchar, Varchar, Varchar}, result: Varchar, run: func(v values) (driver.Value, error) {
				return bounded(strings.ReplaceAll(v[0].(string), v[1].(string), v[2].(string)))
			}}),
		"concat": forms(function{args: []Type{Varchar, Varchar}, more: true, result: Varchar, run: func(v values) (driver.Value, error) {
			var b strings.Builder
			for _, s := range v {
				b.WriteString(s.(string))
			}
			return bounded(b.String())
		}}),
		"split_part": forms(function{args: []Type{Varchar, Varchar, Bigint}, result: Varchar, run: splitPart}),
		"lpad":       forms(function{args: []Type{Varchar, Bigint, Varchar}, result: Varchar, run: pad(true)}),
		"rpad":       forms(function{args: []Type{Varchar, Bigint, Varchar}, result: Varchar, run: pad(false)}),
		"levenshtein_distance": forms(function{args: []Type{Varchar, Varchar}, result: Bigint, run: func(v values) (driver.Value, error) {
			return distance([]rune(v[0].(string)), []rune(v[1].(string)))
		}}),
		"chr": forms(one(Bigint, Varchar, func(n int64) string { return string(rune(min(max(n, 0), unicode.MaxRune))) })),
		"codepoint": forms(function{args: []Type{Varchar}, result: Bigint, run: func(v values) (driver.Value, error) {
			r, size := utf8.DecodeRuneInString(v[0].(string))
			if size == 0 || size != len(v[0].(string)) {
				return nil, dataf("codepoint needs one character")
			}
			return int64(r), nil
		}}),
	}
}

func reverse(s string) string {
	r := []rune(s)
	for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
		r[i], r[j] = r[j], r[i]
	}
	return string(r)
}

// position counts characters from 1; 0 means that sub does not occur.
func position(s, sub string) int64 {
	i := strings.Index(s, sub)
	if i < 0 {
		return 0
	}
	return int64(utf8.RuneCountInString(s[:i])) + 1
}

func substrings() []function {
	return forms(
		two(Varchar, Bigint, Varchar, func(s string, from int64) string { return substring(s, from, int64(len(s))) }),
		function{args: []Type{Varchar, Bigint, Bigint}, result: Varchar, run: func(v values) (driver.Value, error) {
			return substring(v[0].(string), v[1].(int64), v[2].(int64)), nil
		}})
}

// substring counts characters from 1, or from the end when from is negative.
func substring(s string, from, n int64) string {
	r := []rune(s)
	size := int64(len(r))
	if from < 0 {
		from += size + 1
	}
	if from < 1 || from > size || n <= 0 {
		return ""
	}
	return string(r[from-1 : from-1+min(n, size-from+1)])
}

func splitPart(v values) (driver.Value, error) {
	s, sep, n := v[0].(string), v[1].(string), v[2].(int64)
	if n < 1 {
		return nil, dataf("the index of split_part must be greater than zero")
	}
	if sep == "" {
		return nil, dataf("the delimiter of split_part may not be empty")
	}
	for ; n > 1; n-- {
		_, rest, ok := strings.Cut(s, sep)
		if !ok {
			return nil, nil
		}
		s = rest
	}
	part, _, _ := strings.Cut(s, sep)
	return part, nil
}

// distance is how many characters are to be put in, taken out or replaced to make b of a.
func distance(a, b []rune) (driver.Value, error) {
	if len(a)*len(b) > 1_000_000 {
		return nil, dataf("The combined inputs for Levenshtein distance are too large")
	}
	row := make([]int64, len(b)+1)
	for j := range row {
		row[j] = int64(j)
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = int64(i + 1)
		for j, y := range b {
			above := row[j+1]
			row[j+1] = min(above+1, row[j]+1, diagonal+boolean(x != y))
			diagonal = above
		}
	}
	return row[len(b)], nil
}

func pad(left bool) func(values) (driver.Value, error) {
	return func(v values) (driver.Value, error) {
		s, fill := []rune(v[0].(string)), []rune(v[2].(string))
		n := v[1].(int64)
		if n < 0 || n > maxText || len(fill) == 0 {
			return nil, dataf("lpad and rpad need a length of 0 to %d and a text to fill with", maxText)
		}
		if n <= int64(len(s)) {
			return string(s[:n]), nil
		}
		var more []rune
		for i := 0; len(more) < int(n)-len(s); i++ {
			more = append(more, fill[i%len(fill)])
		}
		if left {
			return bounded(string(more) + string(s))
		}
		return bounded(string(s) + string(more))
	}
}

// maxMatching bounds the product of a text and a pattern: matching cannot be interrupted.
const maxMatching = 1 << 28

// like matches a pattern with % and _. escape is 0 when there is none.
func like(s, pattern string, escape rune) (bool, error) {
	p, any, err := likePattern(pattern, escape)
	if err != nil {
		return false, err
	}
	text := []rune(s)
	if len(text)*len(p) > maxMatching {
		return false, dataf("LIKE of a text and a pattern that are too long for each other")
	}
	i, j, star, mark := 0, 0, -1, 0
	for i < len(text) {
		switch {
		case j < len(p) && any[j] == '%':
			star, mark = j, i
			j++
		case j < len(p) && (any[j] == '_' || any[j] == 0 && p[j] == text[i]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = mark, star+1
		default:
			return false, nil
		}
	}
	for j < len(p) && any[j] == '%' {
		j++
	}
	return j == len(p), nil
}

// likePattern tells the wildcards of a pattern from its characters.
func likePattern(pattern string, escape rune) (p, wild []rune, err error) {
	escaped := false
	for _, r := range pattern {
		switch {
		case escaped && r != '%' && r != '_' && r != escape:
			return nil, nil, dataf("Escape character must be followed by '%%', '_' or the escape character itself")
		case !escaped && escape != 0 && r == escape:
			escaped = true
			continue
		case !escaped && (r == '%' || r == '_'):
			wild = append(wild, r)
		default:
			wild = append(wild, 0)
		}
		p, escaped = append(p, r), false
	}
	if escaped {
		return nil, nil, dataf("Escape character must be followed by '%%', '_' or the escape character itself")
	}
	return p, wild, nil
}
