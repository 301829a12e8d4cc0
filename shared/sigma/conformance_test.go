package sigma

import (
	"fmt"
	"strings"
	"testing"
)

// The conformance suite has a named test for every row of the reading of Sigma that docs/sigma.md describes.

// row is one statement about one search on one event.
type row struct {
	name   string
	search string // the identifier sel; the condition is sel unless the text has one
	event  mapEvent
	fires  bool
}

func conform(t *testing.T, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			detection := r.search
			if !strings.Contains(detection, "condition:") {
				detection = "  sel: " + detection + "\n  condition: sel\n"
			}
			if got := mustFire(t, detection, r.event); got != r.fires {
				t.Errorf("fires = %v, want %v\n%s\n%q", got, r.fires, detection, r.event)
			}
		})
	}
}

func TestConformSearchIdentifiers(t *testing.T) {
	t.Parallel()
	conform(t, []row{
		{"mapping is and", "{a: x, b: y}", mapEvent{"a": "x"}, false},
		{"list of mappings is or", "[{a: x, b: y}, {c: z}]", mapEvent{"c": "z"}, true},
		{"list of scalars is keywords", "[foo, bar]", mapEvent{"m": "a bar"}, true},
		{"single scalar is a keyword", "foo", mapEvent{"m": "afoob"}, true},
		{"mixed list is or", "[foo, {a: x}]", mapEvent{"a": "x"}, true},
		{"empty field part is keywords with modifiers", "{'|all': [foo, bar]}", mapEvent{"m": "foo", "n": "bar"}, true},
		{"empty field part with re", "{'|re': 'fo{2}'}", mapEvent{"m": "xfoo"}, true},
		{"nested list is or", "[[foo], [[bar]]]", mapEvent{"m": "bar"}, true},
		{"list of values is or", "{a: [x, y]}", mapEvent{"a": "y"}, true},
		{"list of values with all is and", "{'a|contains|all': [x, y]}", mapEvent{"a": "y"}, false},
		{"empty list is null", "{a: []}", mapEvent{}, true},
	})
}

func TestConformScalars(t *testing.T) {
	t.Parallel()
	conform(t, []row{
		{"strings are case-insensitive", "{a: Foo}", mapEvent{"a": "fOO"}, true},
		{"strings match the whole field", "{a: foo}", mapEvent{"a": "foo "}, false},
		{"integers by source text", "{a: 0x1F}", mapEvent{"a": "0x1f"}, true},
		{"integers by value", "{a: 200}", mapEvent{"a": "200.0"}, true},
		{"floats by value", "{a: 1.50}", mapEvent{"a": "1.5"}, true},
		{"leading zeros are decimal", "{a: 010}", mapEvent{"a": "10"}, true},
		{"exponents are compared as text", "{a: 1e3}", mapEvent{"a": "1E3"}, true},
		{"large integers exactly", "{a: 9007199254740993}", mapEvent{"a": "9007199254740992"}, false},
		{"booleans in any case", "{a: true}", mapEvent{"a": "TRUE"}, true},
		{"quoted numbers are text", "{a: '200'}", mapEvent{"a": "200.0"}, false},
		{"a number of the event is text", "{a: 42}", mapEvent{"a": "42"}, true},
		{"yes is text", "{a: yes}", mapEvent{"a": "YES"}, true},
		{"a date is text", "{a: 2026-01-01}", mapEvent{"a": "2026-01-01"}, true},
		{"non-ASCII folds", "{a: ÄßΣ}", mapEvent{"a": "äßς"}, true},
		{"field names are case-sensitive", "{a: x}", mapEvent{"A": "x"}, false},
		{"a flat key with a dot", "{a.b: x}", mapEvent{"a.b": "x"}, true},
		{"any element of an array", "{a|startswith: x}", mapEvent{"a": []any{"q", "xy"}}, true},
		{"no element of an array", "{a: x}", mapEvent{"a": []any{"q", nil}}, false},
	})
}

// TestConformAbsentNullEmpty has the whole table of absent, null and empty.
func TestConformAbsentNullEmpty(t *testing.T) {
	t.Parallel()
	tests := []string{"a: null", "a: ''", "a|exists: true", "a|exists: false", "a: x", "a|contains: x", "a|re: '.*'", "a|gt: 1", "a: '*'"}
	for event, want := range map[string]struct {
		event mapEvent
		fires string
	}{
		"absent": {mapEvent{}, "+--+-----"},
		"null":   {mapEvent{"a": nil}, "+-+------"},
		"empty":  {mapEvent{"a": ""}, "-++---+-+"},
		"a dash": {mapEvent{"a": "-"}, "--+---+-+"},
	} {
		for i, test := range tests {
			t.Run(event+" under "+test, func(t *testing.T) {
				t.Parallel()
				if got := mustFire(t, "  sel: {"+test+"}\n  condition: sel\n", want.event); got != (want.fires[i] == '+') {
					t.Errorf("fires = %v", got)
				}
			})
		}
	}
	conform(t, []row{
		{"null and empty in a list", "{a: [null, '']}", mapEvent{"a": ""}, true},
		{"not null by negation", "  none: {a: null}\n  condition: not none\n", mapEvent{"a": "x"}, true},
		{"not of an absent field is true", "  sel: {a: x}\n  condition: not sel\n", mapEvent{"b": "x"}, true},
	})
}

func TestConformWildcards(t *testing.T) {
	t.Parallel()
	conform(t, []row{
		{"star is any run", "{a: 'x*y'}", mapEvent{"a": "x\n\ny"}, true},
		{"star is also nothing", "{a: 'x*y'}", mapEvent{"a": "xy"}, true},
		{"question mark is one rune", "{a: 'x?y'}", mapEvent{"a": "x世y"}, true},
		{"question mark is not nothing", "{a: 'x?y'}", mapEvent{"a": "xy"}, false},
		{"with contains", "{a|contains: 'x?y*z'}", mapEvent{"a": "-x1y2z-"}, true},
		{"with startswith", "{a|startswith: 'x?y'}", mapEvent{"a": "x1y-"}, true},
		{"with endswith", "{a|endswith: 'x?y'}", mapEvent{"a": "-x1y"}, true},
		{"with cased", "{a|cased: 'X?y'}", mapEvent{"a": "x1y"}, false},
		{"in keywords", "['x?y']", mapEvent{"a": "-x1y-"}, true},
		{"single backslash is plain", `{a: 'a\b'}`, mapEvent{"a": `a\b`}, true},
		{"double backslash is one", `{a: 'a\\b'}`, mapEvent{"a": `a\b`}, true},
		{"escaped star", `{a: 'a\*'}`, mapEvent{"a": `a*`}, true},
		{"escaped star is no wildcard", `{a: 'a\*'}`, mapEvent{"a": `ab`}, false},
		{"escaped question mark", `{a: 'a\?'}`, mapEvent{"a": `a?`}, true},
		{"backslash then wildcard", `{a: 'a\\*'}`, mapEvent{"a": `a\bc`}, true},
		{"backslash then literal star", `{a: 'a\\\*'}`, mapEvent{"a": `a\*`}, true},
		{"three backslashes are two", `{a: 'a\\\'}`, mapEvent{"a": `a\\`}, true},
		{"four backslashes are two", `{a: 'a\\\\'}`, mapEvent{"a": `a\\`}, true},
		{"backslash at the end", `{a: 'a\'}`, mapEvent{"a": `a\`}, true},
		{"backslash after a star is plain", `{a: 'C:\Win*\x'}`, mapEvent{"a": `c:\windows\x`}, true},
		{"path with a literal star", `{a: 'C:\dir\*'}`, mapEvent{"a": `C:\dir\file`}, false},
		{"stars collapse", "{a: 'x***y'}", mapEvent{"a": "xzy"}, true},
		{"only stars is present", "{a: '**'}", mapEvent{"a": ""}, true},
		{"x* is startswith", "{a: 'x*'}", mapEvent{"a": "xyz"}, true},
		{"*x is endswith", "{a: '*x'}", mapEvent{"a": "zyx"}, true},
		{"*x* is contains", "{a: '*x*'}", mapEvent{"a": "zxz"}, true},
		{"contains adds no second star", "{a|contains: '*x*'}", mapEvent{"a": "x"}, true},
		{"not in re", "{a|re: 'x*y'}", mapEvent{"a": "x-y"}, true},
		{"not in fieldref", "{a|fieldref: 'b*'}", mapEvent{"a": "x", "b": "x"}, false},
	})
}

func TestConformKeywords(t *testing.T) {
	t.Parallel()
	conform(t, []row{
		{"in any value", "[foo]", mapEvent{"a": "x", "b": "a FOO b"}, true},
		{"never in names", "[foo]", mapEvent{"foo": "x"}, false},
		{"all in different fields", "{'|all': [foo, bar]}", mapEvent{"a": "foo", "b": "bar"}, true},
		{"all but one", "{'|all': [foo, bar]}", mapEvent{"a": "foo"}, false},
		{"numbers by their text", "[4711]", mapEvent{"a": "x4711"}, true},
		{"re on any value", "{'|re': '^b+$'}", mapEvent{"a": "x", "b": "bb"}, true},
		{"cased", "{'|cased': [Foo]}", mapEvent{"a": "foo"}, false},
		{"in elements of lists", "[foo]", mapEvent{"a": []any{"x", "foo"}}, true},
		{"short ones", "[fo]", mapEvent{"a": "xfo"}, true},
	})
}

func TestConformModifiers(t *testing.T) {
	t.Parallel()
	conform(t, []row{
		{"all in the middle", "{'a|all|contains': [x, y]}", mapEvent{"a": "yx"}, true},
		{"contains", "{a|contains: b}", mapEvent{"a": "abc"}, true},
		{"startswith", "{a|startswith: a}", mapEvent{"a": "abc"}, true},
		{"endswith", "{a|endswith: c}", mapEvent{"a": "abc"}, true},
		{"contains on re", "{a|re|contains: 'b+'}", mapEvent{"a": "abbc"}, true},
		{"startswith on re", "{a|re|startswith: 'b+'}", mapEvent{"a": "abbc"}, false},
		{"endswith on re", "{a|re|endswith: 'b+'}", mapEvent{"a": "abb"}, true},
		{"contains on fieldref", "{a|fieldref|contains: b}", mapEvent{"a": "xyz", "b": "Y"}, true},
		{"contains on fieldref and a null element", "{a|fieldref|contains: b}", mapEvent{"a": "xyz", "b": []any{nil}}, false},
		{"endswith on all alternatives of re", "{a|re|endswith: 'a|b'}", mapEvent{"a": "ac"}, false},
		{"exists", "{a|exists: true}", mapEvent{"a": nil}, true},
		{"cased", "{a|cased: Foo}", mapEvent{"a": "Foo"}, true},
		{"neq negates the whole list", "{a|neq: [x, y]}", mapEvent{"a": "x"}, false},
		{"neq on an absent field", "{a|neq: x}", mapEvent{}, true},
		{"contains and neq", "{a|contains|neq: x}", mapEvent{"a": "aXa"}, false},
		{"re is unanchored", "{a|re: 'b'}", mapEvent{"a": "abc"}, true},
		{"re keeps case", "{a|re: 'B'}", mapEvent{"a": "abc"}, false},
		{"re with i", "{a|re|i: 'B'}", mapEvent{"a": "abc"}, true},
		{"re with m", "{a|re|m: '^b$'}", mapEvent{"a": "a\nb"}, true},
		{"re with s", "{a|re|s: 'a.b'}", mapEvent{"a": "a\nb"}, true},
		{"re with long flags", "{a|re|ignorecase|multiline|dotall: '^B.c$'}", mapEvent{"a": "a\nb\nc"}, true},
		{"re with inline flag", "{a|re: '(?i)B'}", mapEvent{"a": "abc"}, true},
		{"re list", "{a|re: ['x', 'b']}", mapEvent{"a": "abc"}, true},
		{"re list with all", "{'a|re|all': ['x', 'b']}", mapEvent{"a": "abc"}, false},
		{"re boundary and classes", `{a|re: '\bfo\w\d\B'}`, mapEvent{"a": "a foo1x"}, true},
		{"base64", "{a|base64: foo}", mapEvent{"a": "Zm9v"}, true},
		{"base64 has no case by default", "{a|base64: foo}", mapEvent{"a": "zM9V"}, true},
		{"base64 with cased", "{a|base64|cased: foo}", mapEvent{"a": "zM9V"}, false},
		{"base64offset at 0", "{a|base64offset|contains: 'http://'}", mapEvent{"a": "-aHR0cDovL-"}, true},
		{"base64offset at 1", "{a|base64offset|contains: 'http://'}", mapEvent{"a": "-h0dHA6Ly-"}, true},
		{"base64offset at 2", "{a|base64offset|contains: 'http://'}", mapEvent{"a": "-odHRwOi8v-"}, true},
		{"base64offset counts bytes", "{a|base64offset|contains: 'é1'}", mapEvent{"a": "w6kx"}, true},
		{"base64offset is or even under all", "{'a|base64offset|contains|all': [foobar, foobar]}", mapEvent{"a": "Zm9vYmFy"}, true},
		{"utf16le", "{a|utf16le: aé}", mapEvent{"a": "a\x00\xe9\x00"}, true},
		{"wide", "{a|wide: a}", mapEvent{"a": "a\x00"}, true},
		{"utf16be", "{a|utf16be: a}", mapEvent{"a": "\x00a"}, true},
		{"utf16", "{a|utf16: a}", mapEvent{"a": "\xff\xfea\x00"}, true},
		{"utf16 begins with these bytes only", "{a|utf16: a}", mapEvent{"a": "\xfe\xfea\x00"}, false},
		{"wide base64offset contains", "{a|wide|base64offset|contains: ping}", mapEvent{"a": "xcABpAG4AZwx"}, true},
		{"windash from a dash", "{a|windash|contains: ' -x'}", mapEvent{"a": "c /x"}, true},
		{"windash from a slash", "{a|windash|contains: ' /x'}", mapEvent{"a": "c -x"}, true},
		{"windash en dash", "{a|windash|contains: ' -x'}", mapEvent{"a": "c \u2013x"}, true},
		{"windash em dash", "{a|windash|contains: ' -x'}", mapEvent{"a": "c \u2014x"}, true},
		{"windash horizontal bar", "{a|windash|contains: ' -x'}", mapEvent{"a": "c \u2015x"}, true},
		{"windash not inside a word", "{a|windash|contains: 'a-x'}", mapEvent{"a": "a/x"}, false},
		{"windash not before a blank", "{a|windash|contains: 'x - y'}", mapEvent{"a": "x / y"}, false},
		{"windash before base64", "{a|windash|base64offset|contains: ' -enc'}", mapEvent{"a": "xxxIC9lbmMxx"}, true},
		{"windash at several places", "{a|windash|contains: ' -x -y'}", mapEvent{"a": "c /x \u2013y"}, true},
		{"lt", "{a|lt: 5}", mapEvent{"a": "4.9"}, true},
		{"lte", "{a|lte: 5}", mapEvent{"a": "+5"}, true},
		{"gt", "{a|gt: 5}", mapEvent{"a": "5"}, false},
		{"gte", "{a|gte: 5}", mapEvent{"a": "5.0"}, true},
		{"numbers from text only", "{a|gt: 5}", mapEvent{"a": "many"}, false},
		{"no hexadecimal", "{a|gt: 5}", mapEvent{"a": "0x10"}, false},
		{"integers of 64 bits", "{a|gt: 9223372036854775806}", mapEvent{"a": "9223372036854775807"}, true},
		{"minute", "{a|minute: 5}", mapEvent{"a": "2026-01-02T03:05:00Z"}, true},
		{"hour keeps the zone", "{a|hour: 3}", mapEvent{"a": "2026-01-02T03:05:00+08:00"}, true},
		{"day", "{a|day: 2}", mapEvent{"a": "2026-01-02 03:05:00"}, true},
		{"week", "{a|week: 53}", mapEvent{"a": "2021-01-01"}, true},
		{"month", "{a|month: 1}", mapEvent{"a": "1767225600"}, true},
		{"year", "{a|year: 2026}", mapEvent{"a": "1767225600000"}, true},
		{"a day that is none", "{a|month: 3}", mapEvent{"a": "2026-02-31T03:05:00Z"}, false},
		{"a minute that is none", "{a|hour: 4}", mapEvent{"a": "2026-01-02 03:60:00"}, false},
		{"an hour that is none", "{a|day: 3}", mapEvent{"a": "2026-01-02 24:00:00"}, false},
		{"a second that is none", "{a|hour: 3}", mapEvent{"a": "2026-01-02 03:05:61"}, false},
		{"a leap second keeps its minute", "{a|minute: 59}", mapEvent{"a": "2026-12-31T23:59:60Z"}, true},
		{"a fraction and a zone", "{a|hour: 3}", mapEvent{"a": "2026-01-02t03:05:00.123456-0800"}, true},
		{"no seconds", "{a|hour: 3}", mapEvent{"a": "2026-01-02T03:05"}, true},
		{"text after a time", "{a|hour: 3}", mapEvent{"a": "2026-01-02T03:05:00Z and more"}, false},
		{"half a time", "{a|year: 2026}", mapEvent{"a": "2026-01-02T03"}, false},
		{"hour and gte", "{a|hour|gte: 22}", mapEvent{"a": "2026-01-02T23:05:00Z"}, true},
		{"cidr 4", "{a|cidr: 10.0.0.0/8}", mapEvent{"a": "10.255.0.1"}, true},
		{"cidr 6", "{a|cidr: '2001:db8::/32'}", mapEvent{"a": "2001:DB8::1"}, true},
		{"cidr unmaps", "{a|cidr: 10.0.0.0/8}", mapEvent{"a": "::ffff:10.0.0.1"}, true},
		{"cidr ignores a zone", "{a|cidr: 'fe80::/10'}", mapEvent{"a": "fe80::1%eth0"}, true},
		{"cidr not with a port", "{a|cidr: 10.0.0.0/8}", mapEvent{"a": "10.0.0.1:80"}, false},
		{"cidr masks host bits", "{a|cidr: 10.1.2.3/8}", mapEvent{"a": "10.9.9.9"}, true},
		{"cidr of one address", "{a|cidr: 10.1.2.3}", mapEvent{"a": "10.1.2.3"}, true},
		{"cidr of another address", "{a|cidr: '2001:db8::1'}", mapEvent{"a": "2001:db8::2"}, false},
		{"cidr of IPv4 in IPv6", "{a|cidr: '::ffff:10.0.0.0/104'}", mapEvent{"a": "10.9.9.9"}, true},
		{"expand", "{a|expand: 'x%admins%'}", mapEvent{"a": "xroot"}, true},
		{"expand escape", `{a|expand: '5\%'}`, mapEvent{"a": "5%"}, true},
		{"no expand is plain", "{a: '%admins%'}", mapEvent{"a": "root"}, false},
		{"fieldref", "{a|fieldref: b}", mapEvent{"a": "x", "b": "X"}, true},
		{"fieldref with cased", "{a|fieldref|cased: b}", mapEvent{"a": "x", "b": "X"}, false},
		{"fieldref needs both", "{a|fieldref: b}", mapEvent{}, false},
		{"fieldref with neq", "{a|fieldref|neq: b}", mapEvent{"a": "x", "b": "y"}, true},
	})
}

func TestConformConditions(t *testing.T) {
	t.Parallel()
	const s = "  a: {f: a}\n  b: {g: b}\n  s_1: {f: a}\n  s_2: {g: b}\n  _u: {h: c}\n  of: {i: d}\n"
	cond := func(c string) string { return s + "  condition: " + c + "\n" }
	f := mapEvent{"f": "a"}
	conform(t, []row{
		{"and binds before or", cond("b and b or a"), f, true},
		{"not binds before and", cond("not b and a"), f, true},
		{"parentheses", cond("not (b or a)"), f, false},
		{"1 of pattern", cond("1 of s_*"), f, true},
		{"any of pattern", cond("any of s_*"), f, true},
		{"all of pattern", cond("all of s_*"), f, false},
		{"star anywhere in the pattern", cond("1 of *_1"), f, true},
		{"n of pattern", cond("2 of s_*"), mapEvent{"f": "a", "g": "b"}, true},
		{"them leaves underscores out", cond("1 of them"), mapEvent{"h": "c"}, false},
		{"a pattern with an underscore", cond("1 of _*"), mapEvent{"h": "c"}, true},
		{"an underscore by name", cond("_u"), mapEvent{"h": "c"}, true},
		{"a quantifier without match is dropped", cond("a and not 1 of filter_*"), f, true},
		{"keywords in any case", cond("a AND NOT b"), f, true},
		{"an identifier wins over a keyword", cond("of"), mapEvent{"i": "d"}, true},
		{"a list is or", cond("[b, a]"), f, true},
		{"an identifier called them", "  a: {f: a}\n  them: {g: b}\n  condition: 1 of them\n", f, false},
		{"an identifier called rules", "  rules: {f: a}\n  condition: rules\n", f, true},
		{"all of without match is not true", cond("b or all of nope_*"), f, false},
	})
}

func TestConformRouting(t *testing.T) {
	t.Parallel()
	rule := func(source string) []Document {
		docs, problems := Parse("r.yaml", []byte("title: t\nlogsource: {"+source+"}\ndetection: {s: {a: x}, condition: s}\n"))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return docs
	}
	for _, tt := range []struct {
		name, rule string
		src        LogSource
		fires      bool
	}{
		{"given attributes are equal", "product: p, service: s", LogSource{Product: "p", Service: "s"}, true},
		{"not given is not asked", "product: p", LogSource{Product: "p", Service: "s", Category: "c"}, true},
		{"unknown at the source", "product: p, category: c", LogSource{Product: "p"}, false},
		{"a service that the source does not name", "product: p, service: s", LogSource{Product: "p"}, false},
		{"different", "product: p", LogSource{Product: "q"}, false},
		{"definition is free text", "product: p, definition: anything", LogSource{Product: "p"}, true},
		{"in any case", "product: P", LogSource{Product: "p"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, o := range []Options{{}, {Sources: []Source{{LogSource: tt.src}}}} {
				set, _ := Compile(rule(tt.rule), o)
				if got := len(set.Match(mapEvent{"a": "x"}, tt.src, NewScratch(), nil)) > 0; got != tt.fires {
					t.Errorf("%+v: fires = %v", o, got)
				}
			}
		})
	}
	t.Run("further sources of the same events", func(t *testing.T) {
		t.Parallel()
		sources := []Source{{LogSource: LogSource{Product: "mine"}, Also: []LogSource{{Category: "webserver"}}}}
		for source, want := range map[string]bool{"category: webserver": true, "product: mine": true, "category: proxy": false, "category: webserver, product: apache": false} {
			set, _ := Compile(rule(source), Options{Sources: sources})
			if got := len(set.Match(mapEvent{"a": "x"}, LogSource{Product: "mine"}, NewScratch(), nil)) > 0; got != want {
				t.Errorf("%s: fires = %v", source, got)
			}
		}
	})
	t.Run("several event fields are or, null is and", func(t *testing.T) {
		t.Parallel()
		paths := func(f string) []Path { return []Path{{Key: f + "1"}, {Key: f + "2"}} }
		docs, _ := Parse("r.yaml", []byte("title: t\nlogsource: {product: p}\ndetection: {s: {a: x}, n: {b: null}, condition: s and n}\n"))
		set, _ := Compile(docs, Options{Sources: []Source{{LogSource: testSource, Paths: paths}}})
		for event, want := range map[string]bool{"a2": true, "a2 b1": false, "b1": false} {
			ev := mapEvent{}
			for k := range strings.FieldsSeq(event) {
				ev[k] = "x"
			}
			if got := len(set.Match(ev, testSource, NewScratch(), nil)) > 0; got != want {
				t.Errorf("%s: fires = %v", event, got)
			}
		}
	})
}

func TestConformFilters(t *testing.T) {
	t.Parallel()
	const rule = "title: r\nid: r1\nname: first\nlogsource: {product: p, service: s}\ndetection: {selection_a: {a: x}, condition: 1 of selection_*}\n---\n"
	filter := func(source, rules, body string) string {
		return "title: f\nlogsource: {" + source + "}\nfilter: {rules: " + rules + ", " + body + "}\n"
	}
	const out = "selection_x: {u: admin}, condition: not selection_x"
	tests := []struct {
		name, filter string
		event        mapEvent
		fires        bool
	}{
		{"excludes with not", filter("product: p", "[r1]", out), mapEvent{"a": "x", "u": "admin"}, false},
		{"leaves others", filter("product: p", "[r1]", out), mapEvent{"a": "x", "u": "joe"}, true},
		{"by name", filter("product: p", "first", out), mapEvent{"a": "x", "u": "admin"}, false},
		{"any", filter("product: p", "any", out), mapEvent{"a": "x", "u": "admin"}, false},
		{"an empty list is any", filter("product: p", "[]", out), mapEvent{"a": "x", "u": "admin"}, false},
		{"other rules", filter("product: p", "[r2]", out), mapEvent{"a": "x", "u": "admin"}, true},
		{"log source outside", filter("product: q", "any", out), mapEvent{"a": "x", "u": "admin"}, true},
		{"log source narrower than the rule", filter("product: p, service: other", "any", out), mapEvent{"a": "x", "u": "admin"}, true},
		{"literal and without not", filter("product: p", "any", "selection: {u: admin}, condition: selection"), mapEvent{"a": "x", "u": "joe"}, false},
		{"names of the rule stay apart", filter("product: p", "any", "selection_b: {u: admin}, condition: selection_b"), mapEvent{"u": "admin"}, false},
		{"them is the filter's own", filter("product: p", "any", "q: {u: admin}, condition: not 1 of them"), mapEvent{"a": "x", "u": "joe"}, true},
		{"several filters all hold", filter("product: p", "any", out) + "---\n" + filter("product: p", "any", "s: {v: y}, condition: not s"), mapEvent{"a": "x", "v": "y"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, text := range []string{rule + tt.filter, tt.filter + "---\n" + strings.TrimSuffix(rule, "---\n")} {
				docs, problems := Parse("r.yaml", []byte(text))
				set, more := Compile(docs, Options{})
				if len(set.Rules()) != 1 {
					t.Fatal(problems, more)
				}
				src := LogSource{Product: "p", Service: "s"}
				if got := len(set.Match(tt.event, src, NewScratch(), nil)) > 0; got != tt.fires {
					t.Errorf("fires = %v, want %v", got, tt.fires)
				}
			}
		})
	}
}

func TestConformFilterProblems(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ filter, want string }{
		"without not":      {"{rules: any, s: {a: x}, condition: s}", "warning: the condition has no \"not\""},
		"without rules":    {"{s: {a: x}, condition: s}", "error: the filter names no rules"},
		"unknown rules":    {"{rules: [nobody], s: {a: x}, condition: not s}", "warning: the filter applies to none of the rules"},
		"not a mapping":    {"[a]", "error: filter is not a mapping"},
		"unknown modifier": {"{rules: any, s: {a|b: x}, condition: not s}", "the modifier \"b\" cannot be used here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			docs, problems := Parse("f.yaml", []byte("title: f\nlogsource: {product: p}\nfilter: "+tt.filter+"\n"))
			_, more := Compile(docs, Options{})
			if got := fmt.Sprint(texts(append(problems, more...))); !strings.Contains(got, tt.want) {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func texts(problems []Problem) []string {
	var out []string
	for i := range problems {
		out = append(out, problems[i].Error())
	}
	return out
}
