package org

import (
	"slices"
	"strings"
	"unicode"
)

// legalForms are the words of a company's name that say what kind of company it is, in the spellings that registers use.
// Longer ones come first.
var legalForms = []string{
	"股份有限公司", "有限责任公司", "有限公司", "limitedliabilitycompany", "companylimited", "corporation", "incorporated", "limited", "company", "coltd",
	"corp", "inc", "llc", "ltd", "co",
}

// sameName tells whether two names of verified enterprises mean the same one, and whether that is certain. The directory
// gives text of no documented form, so only the same text is certainly the same enterprise. Names that differ in nothing
// but case, width, spaces, punctuation or legal form, of which one contains the other, or which are in different scripts
// may mean the same. All others are certainly different.
func sameName(a, b string) (same, certain bool) {
	if a == b {
		return true, true
	}
	a, b = bareName(a), bareName(b)
	if a == "" || b == "" || strings.Contains(a, b) || strings.Contains(b, a) || isHan(a) != isHan(b) {
		return true, false
	}
	return false, true
}

// bareName keeps the letters and digits of a name, in lower case and half width, without its legal form.
func bareName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' { // full width
			r -= '！' - '!'
		}
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
	for i := 0; i < len(legalForms); i++ {
		if cut, ok := strings.CutSuffix(s, legalForms[i]); ok && cut != "" {
			s, i = cut, -1 // another one may be left: Co., Ltd.
		}
	}
	return s
}

func isHan(s string) bool {
	return slices.ContainsFunc([]rune(s), func(r rune) bool { return unicode.Is(unicode.Han, r) })
}
