package sigma

import (
	"regexp/syntax"
	"unicode/utf8"
)

// maxAlternatives bounds the literals of which a regular expression needs one.
const maxAlternatives = 64

// required returns texts, folded, of which every text that matches expr contains at least one, in its folded form.
// Nil means that nothing is known.
func required(expr string) []string {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil
	}
	return requiredIn(re.Simplify())
}

func requiredIn(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		return asciiRun(re.Rune)
	case syntax.OpCharClass:
		return requiredClass(re)
	case syntax.OpCapture, syntax.OpPlus:
		return requiredIn(re.Sub[0])
	case syntax.OpConcat:
		return requiredConcat(re)
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			some := requiredIn(sub)
			if some == nil || len(all)+len(some) > maxAlternatives {
				return nil
			}
			all = append(all, some...)
		}
		return all
	}
	return nil
}

// requiredConcat takes the best part: neighbours that are single characters count as one text.
func requiredConcat(re *syntax.Regexp) []string {
	var best []string
	keep := func(some []string) {
		if worth(some) > worth(best) {
			best = some
		}
	}
	var run []rune
	flush := func() {
		if len(run) > 0 {
			keep(asciiRun(run))
			run = nil
		}
	}
	for _, sub := range re.Sub {
		for sub.Op == syntax.OpCapture {
			sub = sub.Sub[0]
		}
		if sub.Op == syntax.OpLiteral {
			run = append(run, sub.Rune...)
			continue
		}
		if one := requiredClass(sub); len(one) == 1 {
			run = append(run, []rune(one[0])...)
			continue
		}
		if empty(sub.Op) {
			continue
		}
		flush()
		keep(requiredIn(sub))
	}
	flush()
	return best
}

func empty(o syntax.Op) bool {
	switch o {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return true
	}
	return false
}

// requiredClass returns the character of a class that is one character in both cases.
func requiredClass(re *syntax.Regexp) []string {
	if re.Op != syntax.OpCharClass || len(re.Rune) == 0 || len(re.Rune) > 8 {
		return nil
	}
	one := foldRune(re.Rune[0])
	for i := 0; i < len(re.Rune); i += 2 {
		for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
			if foldRune(r) != one || r-re.Rune[i] > 4 {
				return nil
			}
		}
	}
	if one >= utf8.RuneSelf {
		return nil
	}
	return []string{string(one)}
}

// asciiRun returns the longest stretch of ASCII in folded form. Characters whose case partners lie outside of ASCII
// count: folding maps the partners to ASCII too.
func asciiRun(runes []rune) []string {
	best, from := []rune(nil), 0
	for i := 0; i <= len(runes); i++ {
		if i == len(runes) || foldRune(runes[i]) >= utf8.RuneSelf {
			if i-from > len(best) {
				best = runes[from:i]
			}
			from = i + 1
		}
	}
	if len(best) == 0 {
		return nil
	}
	return []string{foldString(string(best))}
}

// worth compares sets of alternatives: the shortest text decides, then their number.
func worth(some []string) float64 {
	if len(some) == 0 {
		return 0
	}
	least := len(some[0])
	for _, s := range some {
		least = min(least, len(s))
	}
	return float64(least) - float64(len(some))/(maxAlternatives+1)
}
