package sigma

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestDottedNames holds what docs/sigma.md says of names with dots: the flat field of that name first, then a place in the longest
// shorter one; what comes later does not count once one is there.
func TestDottedNames(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		search, event string
		fires         bool
	}{
		{"{a.b: y}", `{"a":{"b":"y"}}`, true},
		{"{a.b: y}", `{"a.b":"x","a":{"b":"y"}}`, false},
		{"{a.b: y}", `{"a.b":null,"a":{"b":"y"}}`, false},
		{"{a.b: y}", `{"a.b":[],"a":{"b":"y"}}`, false},
		{"{a.b: null}", `{"a.b":null,"a":{"b":"y"}}`, true},
		{"{a.b: null}", `{"a.b":"x","a":{"c":"y"}}`, false},
		{"{a.b|neq: y}", `{"a.b":"x","a":{"b":"y"}}`, true},
		{"{a.b|exists: true}", `{"a.b":null,"a":{}}`, true},
		{"{a.b.c: y}", `{"a.b":"text","a":{"b":{"c":"y"}}}`, true},
		{"{a.b.c: y}", `{"a.b":{"c":"x"},"a":{"b":{"c":"y"}}}`, false},
		{"{a.b.c: y}", `{"a.b":"{\"c\":\"y\"}","a":{"b":{"c":"x"}}}`, true},
		{"{f|fieldref: a.b}", `{"f":"y","a.b":"x","a":{"b":"y"}}`, false},
		{"{f|fieldref: a.b}", `{"f":"y","a":{"b":"y"}}`, true},
	} {
		set, problems := compileOne(t, "  s: "+tt.search+"\n  condition: s\n", Options{})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		packed, err := Load(set.Pack())
		if err != nil {
			t.Fatal(err)
		}
		var ev JSONEvent
		if err := ev.Parse([]byte(tt.event)); err != nil {
			t.Fatal(err)
		}
		for _, s := range []*Set{set, packed} {
			if got := len(s.Match(&ev, testSource, NewScratch(), nil)) > 0; got != tt.fires {
				t.Errorf("%s on %s: fires = %v", tt.search, tt.event, got)
			}
		}
	}
}

// TestPlacesStayApart has two names for the same places, of which only one takes all of them.
func TestPlacesStayApart(t *testing.T) {
	t.Parallel()
	paths := func(f string) []Path {
		if f == "mapped" {
			return Dotted("a.b")
		}
		return nil
	}
	for _, order := range []string{"s: {mapped: y}\n  t: {a.b: y}", "t: {a.b: y}\n  s: {mapped: y}"} {
		set, problems := compileOne(t, "  "+order+"\n  condition: s and not t\n", Options{Sources: []Source{{LogSource: testSource, Paths: paths}}})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		var ev JSONEvent
		if err := ev.Parse([]byte(`{"a.b":"x","a":{"b":"y"}}`)); err != nil {
			t.Fatal(err)
		}
		if len(set.Match(&ev, testSource, NewScratch(), nil)) != 1 {
			t.Errorf("%s: the names mean the same", order)
		}
	}
}

// TestPredicatesStayApart has tests that differ in one thing only: as rules of one set, where equal ones are decided once, each must
// find what it finds alone.
func TestPredicatesStayApart(t *testing.T) {
	t.Parallel()
	items := []string{
		"a: foo", "a|cased: foo", "a|contains: foo", "a|contains|cased: foo", "a|startswith: foo", "a|endswith: foo", "b: foo",
		"a: 'f*o?'", "a: '*f*o?'", "a: 'f*o?*'", "a: '*f*o?*'", "a|cased: 'f*o?'", "a: 'f*o'", "a|contains: ' -f'", "a|windash|contains: ' -f'",
		"a|fieldref: b", "a|fieldref|cased: b", "a|fieldref|startswith: b", "a|fieldref|endswith: b", "a|fieldref|contains: b", "a|fieldref: c",
		"a|re: fo+", "a|re|i: fo+", "a|re: ^fo+$", "a: 2", "a: '2'", "a|gt: 2", "a|gte: 2", "a|lt: 2", "a|lte: 2",
		"a|hour: 2", "a|day: 2", "a|hour|gt: 2", "a|exists: true", "a|exists: false", "a: true", "a: false", "a: null", "a: ''", "a: '*'",
		"a|cidr: 10.0.0.0/8", "a|cidr: 10.0.0.0/16",
	}
	var values []string
	for v := range strings.FieldsSeq("foo FOO xfoo foox xfoo1x fo f1o1 2 2.0 3 1 true false 10.0.0.1 10.9.0.1 /foo -foo fooFOO") {
		values = append(values, v, "c "+v)
	}
	values = append(values, "", "2026-01-02T03:00:00Z", "2026-01-03T02:00:00Z")
	rule := func(i int) string {
		return fmt.Sprintf("---\ntitle: t\nid: '%d'\nlogsource: {product: p}\ndetection:\n  s: {%s}\n  condition: s\n", i, items[i])
	}
	var all strings.Builder
	alone := make([]*Set, len(items))
	for i := range items {
		all.WriteString(rule(i))
		docs, _ := Parse("r.yaml", []byte(rule(i)))
		alone[i], _ = Compile(docs, Options{AnySource: true})
	}
	docs, _ := Parse("r.yaml", []byte(all.String()))
	set, problems := Compile(docs, Options{AnySource: true})
	if len(set.Rules()) != len(items) {
		t.Fatal(problems)
	}
	events := []mapEvent{{}, {"a": nil}, {"b": "foo"}}
	for i, v := range values {
		events = append(events, mapEvent{"a": v, "b": "foo"}, mapEvent{"a": v, "b": values[(i+2)%len(values)], "c": "foo"})
	}
	fired := make([]int, len(items))
	for _, ev := range events {
		var want []string
		for i := range items {
			if hits := indexed(alone[i], ev, NewScratch()); len(hits) > 0 {
				want, fired[i] = append(want, hits...), fired[i]+1
			}
		}
		if got := indexed(set, ev, NewScratch()); !slices.Equal(got, want) {
			t.Errorf("%q: together %v, alone %v", ev, got, want)
		}
	}
	for i, n := range fired {
		if n == 0 || n == len(events) {
			t.Errorf("%s fires on %d of %d events", items[i], n, len(events))
		}
	}
}

// TestWitnessesOfAlternatives has rules of which the index must look for more than the first thing that it meets.
func TestWitnessesOfAlternatives(t *testing.T) {
	t.Parallel()
	const nulls = "  s1: {a: null}\n  s2: {b: null}\n  s3: {c: null}\n  s4: {d: null}\n  condition: not 3 of s*\n"
	for _, tt := range []struct {
		detection string
		event     mapEvent
		fires     bool
	}{
		{nulls, mapEvent{"c": "x", "d": "x"}, true},
		{nulls, mapEvent{"a": "x", "d": "x"}, true},
		{nulls, mapEvent{"d": "x"}, false},
		{item("a|re", "'(foobar|[0-9]+)x'"), mapEvent{"a": "17x"}, true},
		{item("a|re", "'[ab]cdefgh'"), mapEvent{"a": "bcdefgh"}, true},
		{item("a|re", "'[a-c]cdefgh'"), mapEvent{"a": "ccdefgh"}, true},
		{item("a|re", "'(cdefgh){0,2}x'"), mapEvent{"a": "x"}, true},
		{item("a|re", "'abc(defgh)?ijk'"), mapEvent{"a": "abcijk"}, true},
		{item("a|re", "'abc.def'"), mapEvent{"a": "abcxdef"}, true},
	} {
		if got := mustFire(t, tt.detection, tt.event); got != tt.fires {
			t.Errorf("fires = %v on %v\n%s", got, tt.event, tt.detection)
		}
	}
	places := func(f string) []Path { return []Path{{Key: f + "1"}, {Key: f + "2"}} }
	set, _ := compileOne(t, item("a|contains", "needle"), Options{Sources: []Source{{LogSource: testSource, Paths: places}}})
	for _, key := range []string{"a1", "a2"} {
		if len(set.Match(bytesOf(key, "a needle there"), testSource, NewScratch(), nil)) != 1 {
			t.Errorf("nothing is found in %s", key)
		}
	}
}
