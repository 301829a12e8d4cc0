package deploy

import (
	"fmt"
	"math"
	"regexp"
	"sort"
	"strings"
)

// shape checks a rendered value and reports what is wrong with it, by path.
type shape func(path string, v any, report func(path, text string))

// ifKnown lets values pass that are not known yet.
func ifKnown(s shape) shape {
	return func(path string, v any, report func(path, text string)) {
		if _, open := v.(pending); !open {
			s(path, v, report)
		}
	}
}

var anyValue shape = func(string, any, func(string, string)) {}

var boolean = ifKnown(func(path string, v any, report func(path, text string)) {
	if _, ok := v.(bool); !ok {
		report(path, "must be true or false")
	}
})

// text is a string that matches pattern; "" takes any.
func text(pattern string) shape {
	re := regexp.MustCompile(pattern)
	return ifKnown(func(path string, v any, report func(path, text string)) {
		s, ok := v.(string)
		switch {
		case !ok:
			report(path, fmt.Sprintf("must be a string, not %v", v))
		case !re.MatchString(s):
			report(path, fmt.Sprintf("%q does not match %s", s, pattern))
		}
	})
}

func oneOf(words ...string) shape {
	return ifKnown(func(path string, v any, report func(path, text string)) {
		for _, w := range words {
			if v == w {
				return
			}
		}
		report(path, fmt.Sprintf("%v is not one of %s", v, strings.Join(words, ", ")))
	})
}

// integer is a whole number in a range.
func integer(lo, hi int) shape { return multiple(lo, hi, 1) }

// multiple is a whole number in a range and a multiple of step.
func multiple(lo, hi, step int) shape {
	return ifKnown(func(path string, v any, report func(path, text string)) {
		n, ok := v.(int)
		if !ok || n < lo || n > hi || n%step != 0 {
			what := fmt.Sprintf("must be an integer between %d and %d", lo, hi)
			if step > 1 {
				what += fmt.Sprintf(" and a multiple of %d", step)
			}
			report(path, what)
		}
	})
}

// steps is a number in a range, in steps of 0.05.
func steps(lo, hi float64) shape {
	return ifKnown(func(path string, v any, report func(path, text string)) {
		f, ok := v.(float64)
		if n, isInt := v.(int); isInt {
			f, ok = float64(n), true
		}
		if !ok || f < lo || f > hi || math.Abs(f*20-math.Round(f*20)) > 1e-6 {
			report(path, fmt.Sprintf("must be between %v and %v in steps of 0.05", lo, hi))
		}
	})
}

// either is one of some numbers.
func either(numbers ...int) shape {
	return ifKnown(func(path string, v any, report func(path, text string)) {
		for _, n := range numbers {
			if v == n {
				return
			}
		}
		report(path, fmt.Sprintf("must be one of %v", numbers))
	})
}

func list(item shape, most int) shape {
	return ifKnown(func(path string, v any, report func(path, text string)) {
		items, ok := v.([]any)
		if !ok {
			report(path, "must be a list")
			return
		}
		if len(items) > most {
			report(path, fmt.Sprintf("has more than %d entries", most))
		}
		for i, it := range items {
			item(fmt.Sprintf("%s[%d]", path, i), it, report)
		}
	})
}

// dict is a mapping with free keys.
func dict(key string, value shape) shape {
	re := regexp.MustCompile(key)
	return ifKnown(func(path string, v any, report func(path, text string)) {
		m, ok := v.(map[string]any)
		if !ok {
			report(path, "must be a mapping")
			return
		}
		for _, k := range sortedKeys(m) {
			if !re.MatchString(k) {
				report(path+"."+k, "is not a name that is allowed here")
			}
			value(path+"."+k, m[k], report)
		}
	})
}

// object is a mapping with known keys; required ones are marked with a star after the key.
func object(keys map[string]shape) shape {
	known := map[string]shape{}
	var required []string
	for k, s := range keys {
		name, must := strings.CutSuffix(k, "*")
		if known[name] = s; must {
			required = append(required, name)
		}
	}
	sort.Strings(required)
	return ifKnown(func(path string, v any, report func(path, text string)) {
		m, ok := v.(map[string]any)
		if !ok {
			report(path, "must be a mapping")
			return
		}
		for _, k := range required {
			if _, ok := m[k]; !ok {
				report(path, "lacks "+k)
			}
		}
		for _, k := range sortedKeys(m) {
			if s := known[k]; s != nil {
				s(path+"."+k, m[k], report)
			} else {
				report(path+"."+k, "unknown key")
			}
		}
	})
}

// choice takes a value that fits one of two shapes; the reports are those of the second.
func choice(a, b shape) shape {
	return func(path string, v any, report func(path, text string)) {
		fits := true
		a(path, v, func(string, string) { fits = false })
		if !fits {
			b(path, v, report)
		}
	}
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
