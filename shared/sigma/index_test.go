package sigma

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// everyRule evaluates all rules of a program without asking the index: what the index must not change.
func everyRule(s *Set, ev Event) []string {
	sc := NewScratch()
	sc.blind = true
	sc.begin(s, &s.fallback, ev)
	sc.find(s.fallback.index)
	var out []string
	for i := range s.fallback.rules {
		if r := &s.fallback.rules[i]; r.code.eval(sc) {
			out = append(out, r.hit.Rule.ID)
		}
	}
	return out
}

func indexed(s *Set, ev Event, sc *Scratch) []string {
	var out []string
	for _, h := range s.Match(ev, LogSource{}, sc, nil) {
		out = append(out, h.Rule.ID)
	}
	return out
}

// mutate changes a text in ways that must not fool the index.
func mutate(r *rand.Rand, s string) string {
	switch r.IntN(9) {
	case 0:
		return strings.ToUpper(s)
	case 1:
		return strings.ReplaceAll(strings.ReplaceAll(s, "k", "\u212A"), "s", "ſ")
	case 2:
		return "é" + s
	case 3:
		return s + "\x00\xff"
	case 4:
		return strings.Repeat("x", r.IntN(9)) + s + strings.Repeat("y", r.IntN(9))
	case 5:
		return s[:r.IntN(len(s)+1)]
	case 6:
		return ""
	default:
		return s
	}
}

// aimed makes an event of texts that the rules look for, so that rules nearly fire.
func aimed(r *rand.Rand, s *Set) bytesEvent {
	var fields []string
	for range 1 + r.IntN(3) {
		p := &s.predicates[r.IntN(len(s.predicates))]
		value := "1"
		switch {
		case p.glob != nil:
			value = string(p.glob.lit)
			for _, seg := range p.glob.segs {
				for _, t := range seg {
					value += string(t.lit)
				}
				value += "-"
			}
		case p.rare != nil && p.num.whole:
			value = fmt.Sprint(p.num.i)
		case p.rare != nil && p.re != nil:
			value = strings.NewReplacer(`\`, "", ".*", "x", "(?i:", "", ")", "", "(", "").Replace(p.re.source)
		case p.rare != nil && p.net.IsValid():
			value = p.net.Addr().String()
		}
		key := "message"
		if p.paths.len() > 0 {
			key = s.paths[s.ids(p.paths)[0]].Key
		}
		fields = append(fields, key, mutate(r, value))
	}
	return bytesOf(fields...)
}

func TestIndexOnTheCorpus(t *testing.T) {
	t.Parallel()
	for name, files := range map[string][]ruleFile{"all": ruleFiles(t, corpus), "copies": replicated(t, webRules(ruleFiles(t, corpus)), 100)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set, _ := compileFiles(t, files)
			sc, hits := NewScratch(), 0
			check := func(ev Event) {
				got, want := indexed(set, ev, sc), everyRule(set, ev)
				if hits += len(want); !slices.Equal(got, want) {
					t.Fatalf("the index finds %v, evaluation %v in\n%s", got, want, ev)
				}
			}
			r := rand.New(rand.NewPCG(1, 2))
			for range 1000 {
				check(aimed(r, set))
			}
			for i := range 100 {
				check(tenThousand()[i*100+37])
			}
			if hits < 50 {
				t.Errorf("only %d hits: the events miss the rules", hits)
			}
		})
	}
}

// TestIndexOnMutatedLiterals builds rules of all shapes over few letters and compares the index with plain evaluation.
func TestIndexOnMutatedLiterals(t *testing.T) {
	t.Parallel()
	letters := rapid.StringMatching(`[abkKsſ\x{212A}é0/ -]{1,12}`)
	shapes := []string{"", "contains", "startswith", "endswith", "contains|cased", "re", "re|i", "windash|contains", "base64offset|contains", "wide|contains", "neq", "startswith|cased"}
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		var used []string
		for i := range rapid.IntRange(1, 6).Draw(t, "rules") {
			fmt.Fprintf(&b, "---\ntitle: r\nid: r%d\nlogsource: {product: p}\ndetection:\n", i)
			for k := range 2 {
				v := letters.Draw(t, "literal")
				used = append(used, v)
				shape := rapid.SampledFrom(shapes).Draw(t, "shape")
				field := rapid.SampledFrom([]string{"f", "g", "o.f"}).Draw(t, "field")
				if strings.HasPrefix(shape, "re") || strings.HasPrefix(shape, "base") {
					v = strings.TrimSpace(v) + "ab"
				}
				if rapid.IntRange(0, 5).Draw(t, "keyword") == 0 {
					fmt.Fprintf(&b, "  s%d: [%q]\n", k, v+"abc")
					continue
				}
				fmt.Fprintf(&b, "  s%d: {%q: %q}\n", k, strings.TrimSuffix(field+"|"+shape, "|"), v)
			}
			b.WriteString("  condition: " + rapid.SampledFrom([]string{"s0 or s1", "s0 and s1", "s0 and not s1", "1 of s*", "not s0"}).Draw(t, "condition") + "\n")
		}
		docs, problems := Parse("r.yaml", []byte(b.String()))
		set, more := Compile(docs, Options{AnySource: true})
		if len(set.Rules()) == 0 {
			t.Fatal(problems, more, b.String())
		}
		value := rapid.Custom(func(t *rapid.T) string {
			s := rapid.SampledFrom(used).Draw(t, "used")
			r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
			if rapid.Bool().Draw(t, "whole") {
				return mutate(r, s)
			}
			return mutate(r, letters.Draw(t, "before")+mutate(r, s)+letters.Draw(t, "after"))
		})
		sc := NewScratch()
		for range 6 {
			ev := mapEvent{"f": value.Draw(t, "f"), "g": value.Draw(t, "g"), "l": []any{value.Draw(t, "l"), nil}}
			if rapid.Bool().Draw(t, "null") {
				ev["g"] = nil
			}
			if got, want := indexed(set, ev, sc), everyRule(set, ev); !slices.Equal(got, want) {
				t.Fatalf("the index finds %v, evaluation %v\n%q\n%s", got, want, ev, b.String())
			}
		}
	})
}

// TestIndexInsideJSON hides what rules look for behind escapes. Every search is a rule of its own, so that none is a candidate for
// another's sake.
func TestIndexInsideJSON(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	for i, search := range []string{
		"{req.Role: AdministratorAccess}", "{req.path|startswith: /etc/pass}", "{req.list.name|endswith: tail-end}", "{req.n: 17}",
		"{req.gone: null, req.there|exists: true}", "{req.note|contains: somewhere inside}", `['deep"word']`,
	} {
		fmt.Fprintf(&file, "---\ntitle: t\nid: r%d\nlogsource: {product: p}\ndetection:\n  s: %s\n  condition: s\n", i, search)
	}
	docs, problems := Parse("r.yaml", []byte(file.String()))
	set, more := Compile(docs, Options{AnySource: true})
	if len(problems)+len(more) > 0 {
		t.Fatal(problems, more)
	}
	for text, fires := range map[string]bool{
		`{"req":{"Role":"administratoraccess"}}`:                         true,
		`{"req":{"Role":"Administrator\u0041ccess"}}`:                    true,
		`{"req":"{\"Role\":\"Administrator\\u0041ccess\"}"}`:             true,
		`{"req":" \n{\"Role\":\"Administrator\\u0041ccess\"}"}`:          true,
		`{"req":{"note":"is somewhere inside it"}}`:                      true,
		`{"req.note":"is somewhere inside it"}`:                          true,
		`{"req":{"Role":"AdministratorAccess2"}}`:                        false,
		`{"req.Role":"AdministratorAccess"}`:                             true,
		`{"req":{"path":"\/etc\/passwd"}}`:                               true,
		`{"req":{"path":"x\/etc\/passwd"}}`:                              false,
		`{"req":{"list":[{"name":"x"},{"name":"a tail\u002dEND"}]}}`:     true,
		`{"req":{"n":17.0}}`:                                             true,
		`{"req":{"n":"18"}}`:                                             false,
		`{"req":{"there":null}}`:                                         true,
		`{"req":{"there":1,"gone":2}}`:                                   false,
		`{"other":{"a":["x","a deep\"word here"]}}`:                      true,
		`{"other":"a deep\"word here"}`:                                  true,
		`{"other":{"deep\"word":1}}`:                                     false,
		`{"req":{"Role":"x","nested":{"Role":"AdministratorAccess"}}}`:   false,
		`{"req":{"Role":["x","AdministratorAccess"]}}`:                   true,
		`{"req":{"Role":"\uD83D\uDE00"},"x":"deep\u0022\u0077\u004Frd"}`: true,
	} {
		var ev JSONEvent
		if err := ev.Parse([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if got := len(set.Match(&ev, LogSource{}, NewScratch(), nil)) > 0; got != fires {
			t.Errorf("%s: fires = %v, want %v", text, got, fires)
		}
		if got := len(everyRule(set, &ev)) > 0; got != fires {
			t.Errorf("%s: without index: fires = %v, want %v", text, got, fires)
		}
	}
}
