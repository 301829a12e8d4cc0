package sigma

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzParse(f *testing.F) {
	f.Add(testHead + item("a|contains|all", "[x, 'y*']"))
	f.Add(testHead + "  k: [a, {b: null}]\n  condition: [k, not 1 of k*]\n---\ntitle: c\ncorrelation: {}\n")
	f.Add("detection: &a\n  b: *a\n")
	f.Add("a: !!binary x\ndetection: {condition: |\n  a}\nlogsource: {product: 1}\ntitle: x")
	f.Fuzz(func(t *testing.T, file string) {
		docs, problems := Parse("f.yaml", []byte(file))
		set, more := Compile(docs, Options{Placeholders: map[string][]string{"p": {"a", "b"}}})
		for _, p := range append(problems, more...) {
			if p.Line < 1 || p.Column < 1 || p.Message == "" {
				t.Errorf("problem without a place: %+v", p)
			}
		}
		set.Match(mapEvent{"a": "x", "b": nil, "c": []any{"y"}}, testSource, NewScratch(), nil)
	})
}

func FuzzCondition(f *testing.F) {
	for _, s := range []string{"a and not b", "(a or b) and 1 of a*", "not not (a)", "all of them", "2 of _*", "a | count() > 1", "((", "not", "of of of", "é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := condition{
			text: text, names: []string{"a", "b", "_c"}, used: map[string]bool{},
			lookup: func(name string) (node, bool) { return node{}, name == "a" || name == "b" || name == "_c" },
			warn:   func(int, string, ...any) {},
		}
		if _, err := c.parse(); err != nil {
			if e := err.(*conditionError); e.at < 0 || e.at > len(text) {
				t.Errorf("error at %d of %d", e.at, len(text))
			}
		}
	})
}

// FuzzPattern compares the compiled pattern with a slow matcher that follows the definition.
func FuzzPattern(f *testing.F) {
	f.Add("a*b?c", "axxbyc")
	f.Add(`\*\\*?`, `*\x`)
	f.Add("*??", "世")
	f.Add("*ab*ab", "abab")
	f.Fuzz(func(t *testing.T, p, v string) {
		if len(p) > 40 || len(v) > 60 || !utf8.ValidString(v) || !utf8.ValidString(p) {
			return
		}
		tokens := parsePattern(p)
		if got, want := newGlob(tokens, true).match([]byte(v)), slowMatch(tokens, v); got != want {
			t.Errorf("pattern %q on %q: %v, want %v", p, v, got, want)
		}
		if got, want := newGlob(tokens, false).match(appendFold(nil, []byte(v))), slowMatch(foldPattern(tokens), foldString(v)); got != want {
			t.Errorf("folded pattern %q on %q: %v, want %v", p, v, got, want)
		}
	})
}

func foldPattern(p pattern) pattern {
	out := make(pattern, len(p))
	for i, t := range p {
		out[i] = token{t.kind, foldString(t.text)}
	}
	return out
}

// slowMatch is the definition of a pattern, by recursion.
func slowMatch(p pattern, v string) bool {
	if len(p) == 0 {
		return v == ""
	}
	switch p[0].kind {
	case literal:
		return strings.HasPrefix(v, p[0].text) && slowMatch(p[1:], v[len(p[0].text):])
	case star:
		for i := range v + "x" {
			if i <= len(v) && slowMatch(p[1:], v[i:]) {
				return true
			}
		}
		return false
	default:
		r, size := utf8.DecodeRuneInString(v)
		return size > 0 && (p[0].kind == one || isDash(r)) && slowMatch(p[1:], v[size:])
	}
}

// TestPublicRules compiles the rules of the public corpus where they are at hand.
func TestPublicRules(t *testing.T) {
	dir := os.Getenv("SIGMA_RULES")
	if dir == "" {
		t.Skip("set SIGMA_RULES to a folder of rules")
	}
	var docs []Document
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yml" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		more, problems := Parse(path, data)
		for _, p := range problems {
			t.Error(p.Error())
		}
		docs = append(docs, more...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	set, problems := Compile(docs, Options{})
	for _, p := range problems {
		if p.Warning {
			t.Log(p.Error())
		} else {
			t.Error(p.Error())
		}
	}
	t.Logf("%d of %d rules", len(set.Rules()), len(docs))
}
