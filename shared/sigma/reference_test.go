package sigma

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"
)

// The reference evaluator: slow, without sharing, folding once or ordering, written from the specification. It judges a rule from
// the structure that it was generated as, so it also checks the parser.

type refItem struct {
	field  string
	mods   []string
	values []any // string, int or nil
}

type refSearch struct {
	items    []refItem // of a mapping
	keywords []string  // or keywords
}

type refExpr struct {
	op   string // "", and, or, not, 1 of, all of
	name string
	kids []refExpr
}

func (e refExpr) String() string {
	switch e.op {
	case "":
		return e.name
	case "not":
		return "not (" + e.kids[0].String() + ")"
	case "and", "or":
		return "(" + e.kids[0].String() + ") " + e.op + " (" + e.kids[1].String() + ")"
	default:
		return e.op + " " + e.name
	}
}

func (e refExpr) holds(searches map[string]refSearch, ev mapEvent) bool {
	switch e.op {
	case "":
		return searches[e.name].holds(ev)
	case "not":
		return !e.kids[0].holds(searches, ev)
	case "and":
		return e.kids[0].holds(searches, ev) && e.kids[1].holds(searches, ev)
	case "or":
		return e.kids[0].holds(searches, ev) || e.kids[1].holds(searches, ev)
	}
	any, all := false, true
	for name, s := range searches {
		if strings.HasPrefix(name, "_") || e.name != "them" && !strings.HasPrefix(name, strings.TrimSuffix(e.name, "*")) {
			continue
		}
		h := s.holds(ev)
		any, all = any || h, all && h
	}
	if e.op == "1 of" {
		return any
	}
	return all
}

func (s refSearch) holds(ev mapEvent) bool {
	if s.keywords != nil {
		for _, k := range s.keywords {
			for _, v := range ev {
				elements, ok := v.([]any)
				if !ok {
					elements = []any{v}
				}
				for _, e := range elements {
					if text, ok := e.(string); ok && refText("*"+k+"*", text, false) {
						return true
					}
				}
			}
		}
		return false
	}
	for _, i := range s.items {
		if !i.holds(ev) {
			return false
		}
	}
	return true
}

func (i refItem) has(mod string) bool {
	for _, m := range i.mods {
		if m == mod {
			return true
		}
	}
	return false
}

func (i refItem) holds(ev mapEvent) bool {
	any, all := false, true
	for _, want := range i.values {
		h := i.one(want, ev)
		any, all = any || h, all && h
	}
	result := any
	if i.has("all") {
		result = all
	}
	return result != i.has("neq")
}

// one decides a value: for a list in the event, one element is enough.
func (i refItem) one(want any, ev mapEvent) bool {
	got, there := ev[i.field]
	if want == nil {
		return !there || got == nil
	}
	elements, isList := got.([]any)
	if !isList {
		elements = []any{got}
	}
	for _, e := range elements {
		if text, ok := e.(string); ok && there && i.text(want, text) {
			return true
		}
	}
	return false
}

func (i refItem) text(want any, got string) bool {
	w := fmt.Sprint(want)
	switch {
	case i.has("re"):
		return regexp.MustCompile(w).MatchString(got)
	case i.has("contains"):
		w = "*" + w + "*"
	case i.has("startswith"):
		w += "*"
	case i.has("endswith"):
		w = "*" + w
	}
	return refText(w, got, i.has("cased"))
}

// refText turns a value into a regular expression, character by character.
func refText(want, got string, cased bool) bool {
	expr := "(?s"
	if !cased {
		expr += "i"
	}
	expr += ")^"
	runes := []rune(want)
	for i := 0; i < len(runes); i++ {
		switch c := runes[i]; {
		case c == '\\' && i+1 < len(runes) && strings.ContainsRune(`\*?`, runes[i+1]):
			i++
			expr += regexp.QuoteMeta(string(runes[i]))
		case c == '*':
			expr += ".*"
		case c == '?':
			expr += "."
		default:
			expr += regexp.QuoteMeta(string(c))
		}
	}
	return regexp.MustCompile(expr + "$").MatchString(got)
}

var (
	refFields = []string{"f", "g", "h"}
	refValue  = rapid.StringMatching(`[abAB*?\\ K\x{212A}äÄſs]{0,5}`)
	refEvent  = rapid.StringMatching(`[abAB*?\\ kK\x{212A}äÄſs\n]{0,6}`)
)

func genItem(t *rapid.T) refItem {
	i := refItem{field: rapid.SampledFrom(refFields).Draw(t, "field")}
	kind := rapid.SampledFrom([]string{"", "", "contains", "startswith", "endswith", "re"}).Draw(t, "kind")
	value := refValue.AsAny()
	switch kind {
	case "":
		value = rapid.OneOf(refValue.AsAny(), refValue.AsAny(), rapid.Just[any](nil))
	case "re":
		value = rapid.SampledFrom([]any{"a+b", "^[ab]*$", "(?i)AB|ä", "", "s.?"})
	}
	if kind != "" {
		i.mods = append(i.mods, kind)
	}
	i.values = rapid.SliceOfN(value, 1, 3).Draw(t, "values")
	for k, v := range i.values { // a star after a backslash that contains added would be escaped by it
		if s, ok := v.(string); ok && kind != "re" {
			i.values[k] = strings.TrimRight(s, `\`)
		}
	}
	for _, mod := range []string{"all", "cased", "neq"} {
		if mod == "cased" && (kind == "re" || slicesHasNil(i.values)) {
			continue
		}
		if rapid.IntRange(0, 4).Draw(t, mod) == 0 {
			i.mods = append(i.mods, mod)
		}
	}
	return i
}

func slicesHasNil(values []any) bool {
	for _, v := range values {
		if v == nil {
			return true
		}
	}
	return false
}

func genExpr(t *rapid.T, names []string, depth int) refExpr {
	op := rapid.SampledFrom([]string{"", "", "and", "or", "not", "1 of", "all of"}).Draw(t, "op")
	if depth == 0 {
		op = ""
	}
	switch op {
	case "":
		return refExpr{name: rapid.SampledFrom(names).Draw(t, "name")}
	case "1 of", "all of":
		return refExpr{op: op, name: rapid.SampledFrom([]string{"them", "s*", "s1*"}).Draw(t, "pattern")}
	case "not":
		return refExpr{op: op, kids: []refExpr{genExpr(t, names, depth-1)}}
	default:
		return refExpr{op: op, kids: []refExpr{genExpr(t, names, depth-1), genExpr(t, names, depth-1)}}
	}
}

func genEvent(t *rapid.T) mapEvent {
	ev := mapEvent{}
	for _, f := range refFields {
		switch rapid.IntRange(0, 6).Draw(t, "state of "+f) {
		case 0:
		case 1:
			ev[f] = nil
		case 2:
			ev[f] = []any{refEvent.Draw(t, "element"), nil, refEvent.Draw(t, "element")}
		default:
			ev[f] = refEvent.Draw(t, "value")
		}
	}
	return ev
}

// TestReferenceItems judges single items, where random rules seldom come down to one predicate.
func TestReferenceItems(t *testing.T) {
	t.Parallel()
	small := rapid.StringMatching(`[aBkK\x{212A}sſ]{0,3}`)
	rapid.Check(t, func(t *rapid.T) {
		var mods []string
		if m := rapid.SampledFrom([]string{"", "contains", "startswith", "endswith"}).Draw(t, "mod"); m != "" {
			mods = append(mods, m)
		}
		if rapid.IntRange(0, 3).Draw(t, "cased") == 0 {
			mods = append(mods, "cased")
		}
		value := rapid.OneOf(small, rapid.StringMatching(`[aBk*?]{1,4}`)).Draw(t, "value")
		i := refItem{field: "f", mods: mods, values: []any{value}}
		set, problems := compileOne(t, item(strings.Join(append([]string{"f"}, mods...), "|"), fmt.Sprintf("%q", value)), Options{})
		if len(set.Rules()) != 1 {
			t.Fatal(problems)
		}
		scratch := NewScratch()
		for range 12 {
			ev := mapEvent{"f": small.Draw(t, "before") + rapid.SampledFrom([]string{"", value, strings.ToUpper(value), strings.ToLower(value)}).Draw(t, "middle") + small.Draw(t, "after")}
			if got, want := len(set.Match(ev, testSource, scratch, nil)) == 1, i.holds(ev); got != want {
				t.Fatalf("%q with %v on %q: %v, the reference says %v", value, mods, ev, got, want)
			}
		}
	})
}

func TestReference(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"s1", "s2", "s12", "_s3"}
		searches, detection := map[string]refSearch{}, map[string]any{}
		for _, name := range names {
			var s refSearch
			if rapid.IntRange(0, 5).Draw(t, "keywords") == 0 {
				s.keywords = rapid.SliceOfN(rapid.StringMatching(`[abA?]{1,3}`), 1, 2).Draw(t, "words")
				detection[name] = s.keywords
			} else {
				mapping := map[string]any{}
				for _, i := range rapid.SliceOfN(rapid.Custom(genItem), 1, 2).Draw(t, "items") {
					key := strings.Join(append([]string{i.field}, i.mods...), "|")
					if _, double := mapping[key]; !double {
						mapping[key] = i.values
						s.items = append(s.items, i)
					}
				}
				detection[name] = mapping
			}
			searches[name] = s
		}
		expr := genExpr(t, names, 3)
		detection["condition"] = expr.String()
		file, err := yaml.Marshal(map[string]any{"title": "t", "logsource": map[string]string{"product": "p"}, "detection": detection})
		if err != nil {
			t.Fatal(err)
		}
		docs, problems := Parse("generated.yaml", file)
		set, more := Compile(docs, Options{})
		if len(set.Rules()) != 1 {
			t.Fatalf("%v %v\n%s", problems, more, file)
		}
		scratch := NewScratch()
		for range 8 {
			ev := genEvent(t)
			got := len(set.Match(ev, testSource, scratch, nil)) == 1
			if want := expr.holds(searches, ev); got != want {
				t.Fatalf("fires = %v, the reference says %v\nevent %q\n%s", got, want, ev, file)
			}
		}
	})
}

func BenchmarkMatchMiss(b *testing.B) {
	var docs []Document
	for i := range 300 {
		head := strings.Replace(testHead, "000000000001", fmt.Sprintf("%012d", i), 1)
		d, _ := Parse("r.yaml", []byte(head+fmt.Sprintf("  sel:\n    uri|contains: ['needle%d', '../etc/%d']\n    method: POST\n  ua: {ua|startswith: 'tool%d'}\n  condition: sel or ua\n", i, i, i)))
		docs = append(docs, d...)
	}
	set, _ := Compile(docs, Options{})
	var ev Event = bytesOf("uri", "/index/of/some/Page?with=query&and=more", "method", "GET", "ua", "Mozilla/5.0 (X11; Linux)")
	scratch := NewScratch()
	var hits []Hit
	b.ReportAllocs()
	for b.Loop() {
		hits = set.Match(ev, testSource, scratch, hits[:0])
	}
}
