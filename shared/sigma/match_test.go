package sigma

import (
	"fmt"
	"sync"
	"testing"
)

func TestItems(t *testing.T) {
	t.Parallel()
	tests := []struct {
		key, value string
		event      mapEvent
		fires      bool
	}{
		{"a", "foo", mapEvent{"a": "FOO"}, true},
		{"a", "foo", mapEvent{"a": "food"}, false},
		{"a", "foo", mapEvent{"b": "foo"}, false},
		{"a", "straße", mapEvent{"a": "STRASSE"}, false},
		{"a", "ÄÖ", mapEvent{"a": "äö"}, true},
		{"a", "kelvin", mapEvent{"a": "\u212Aelvin"}, true},
		{"a", "[x, foo]", mapEvent{"a": "foo"}, true},
		{"a", "foo", mapEvent{"a": []any{"x", "Foo"}}, true},
		{"a", "foo", mapEvent{"a": []any{nil, "x"}}, false},
		{"a", "foo", mapEvent{"a": []any{}}, false},
		// absent, null, empty
		{"a", "null", mapEvent{}, true},
		{"a", "null", mapEvent{"a": nil}, true},
		{"a", "null", mapEvent{"a": ""}, false},
		{"a", "null", mapEvent{"a": "-"}, false},
		{"a", "[]", mapEvent{}, true},
		{"a", "''", mapEvent{}, false},
		{"a", "''", mapEvent{"a": nil}, false},
		{"a", "''", mapEvent{"a": ""}, true},
		{"a", "[null, '']", mapEvent{"a": ""}, true},
		{"a|exists", "true", mapEvent{"a": nil}, true},
		{"a|exists", "true", mapEvent{"a": ""}, true},
		{"a|exists", "true", mapEvent{}, false},
		{"a|exists", "false", mapEvent{}, true},
		{"a|exists", "false", mapEvent{"a": "x"}, false},
		{"a", "'*'", mapEvent{"a": ""}, true},
		{"a", "'*'", mapEvent{"a": nil}, false},
		{"a", "'*'", mapEvent{}, false},
		// numbers and booleans
		{"a", "200", mapEvent{"a": "200"}, true},
		{"a", "200", mapEvent{"a": "200.0"}, true},
		{"a", "'200'", mapEvent{"a": "200.0"}, false},
		{"a", "0x17", mapEvent{"a": "0X17"}, true},
		{"a", "0x17", mapEvent{"a": "23"}, true},
		{"a", "1.10", mapEvent{"a": "1.10"}, true},
		{"a", "1.10", mapEvent{"a": "1.1"}, true},
		{"a", "9007199254740993", mapEvent{"a": "9007199254740992"}, false},
		{"a", "true", mapEvent{"a": "True"}, true},
		{"a", "true", mapEvent{"a": "1"}, false},
		{"a|contains", "20", mapEvent{"a": "1203"}, true},
		// wildcards
		{"a", `'f*o?'`, mapEvent{"a": "FOOD"}, true},
		{"a", `'f*o?'`, mapEvent{"a": "fo"}, false},
		{"a", `'a?b'`, mapEvent{"a": "a世b"}, true},
		{"a", `'a??b'`, mapEvent{"a": "a世b"}, false},
		{"a", `'*??'`, mapEvent{"a": "世"}, false},
		{"a", `'a\*b'`, mapEvent{"a": "a*b"}, true},
		{"a", `'a\*b'`, mapEvent{"a": "axb"}, false},
		{"a", `'C:\Win*\x'`, mapEvent{"a": `c:\windows\X`}, true},
		{"a", `'a\\*'`, mapEvent{"a": `a\bc`}, true},
		{"a", `'a\\*'`, mapEvent{"a": `abc`}, false},
		{"a", `'a\\\*'`, mapEvent{"a": `a\*`}, true},
		{"a", `'a\'`, mapEvent{"a": `a\`}, true},
		{"a", `'*a*b*c'`, mapEvent{"a": "xaxbxcxc"}, true},
		{"a", `'*a?c'`, mapEvent{"a": "abcaxc"}, true},
		{"a|contains", `'a?c'`, mapEvent{"a": "xxabcxx"}, true},
		{"a|startswith", "foo", mapEvent{"a": "FOObar"}, true},
		{"a|startswith", "foo", mapEvent{"a": "xfoo"}, false},
		{"a|endswith", "foo", mapEvent{"a": "barfoo"}, true},
		{"a|contains|all", "[a, b]", mapEvent{"a": "b-a"}, true},
		{"a|contains|all", "[a, b]", mapEvent{"a": "a"}, false},
		{"a|cased", "Foo", mapEvent{"a": "foo"}, false},
		{"a|contains|cased", "Foo", mapEvent{"a": "xFoox"}, true},
		// neq
		{"a|neq", "[x, y]", mapEvent{"a": "x"}, false},
		{"a|neq", "[x, y]", mapEvent{"a": "z"}, true},
		{"a|neq", "x", mapEvent{}, true},
		{"a|contains|neq", "x", mapEvent{"a": "axa"}, false},
		// regular expressions
		{"a|re", "'fo+'", mapEvent{"a": "xfoox"}, true},
		{"a|re", "'fo+'", mapEvent{"a": "XFOOX"}, false},
		{"a|re|i", "'fo+'", mapEvent{"a": "XFOOX"}, true},
		{"a|re|m", "'^b$'", mapEvent{"a": "a\nb\nc"}, true},
		{"a|re|s", "'a.b'", mapEvent{"a": "a\nb"}, true},
		{"a|re|startswith", "'x|b'", mapEvent{"a": "ab"}, false},
		{"a|re|endswith", "'a|b'", mapEvent{"a": "ab"}, true},
		{"a|re", "'.*'", mapEvent{"a": ""}, true},
		{"a|re", "'.*'", mapEvent{}, false},
		// encodings
		{"a|base64", "foobar", mapEvent{"a": "Zm9vYmFy"}, true},
		{"a|base64offset|contains", "'http://'", mapEvent{"a": "xxaHR0cDovLxx"}, true},
		{"a|base64offset|contains", "'http://'", mapEvent{"a": "xxh0dHA6Lyxx"}, true},
		{"a|base64offset|contains", "'http://'", mapEvent{"a": "xxodHRwOi8vxx"}, true},
		{"a|base64offset|contains|cased", "'http://'", mapEvent{"a": "xxODHRwOi8vxx"}, false},
		{"a|wide|base64offset|contains", "ping", mapEvent{"a": "cABpAG4AZwA"}, true},
		{"a|utf16le", "ab", mapEvent{"a": "a\x00b\x00"}, true},
		{"a|utf16be", "ab", mapEvent{"a": "\x00a\x00b"}, true},
		{"a|utf16", "ab", mapEvent{"a": "\xff\xfea\x00b\x00"}, true},
		{"a|windash|contains", "' -s '", mapEvent{"a": "x /s y"}, true},
		{"a|windash|contains", "' -s '", mapEvent{"a": "x \u2013S y"}, true},
		{"a|windash|contains", "'a-b'", mapEvent{"a": "a/b"}, false},
		// numbers
		{"a|gt", "10", mapEvent{"a": "11"}, true},
		{"a|gt", "10", mapEvent{"a": "10"}, false},
		{"a|gte", "10", mapEvent{"a": "10.0"}, true},
		{"a|lt", "-1", mapEvent{"a": "-1.5"}, true},
		{"a|lte", "1", mapEvent{"a": "0x1"}, false},
		{"a|gt", "9007199254740992", mapEvent{"a": "9007199254740993"}, true},
		{"a|gt", "1", mapEvent{}, false},
		// time
		{"a|hour", "23", mapEvent{"a": "2026-01-01T23:10:00+08:00"}, true},
		{"a|hour|gte", "22", mapEvent{"a": "2026-01-01 23:10:00"}, true},
		{"a|year", "2026", mapEvent{"a": "1767225600"}, true},
		{"a|month", "1", mapEvent{"a": "1767225600000"}, true},
		{"a|week", "53", mapEvent{"a": "2021-01-01"}, true},
		{"a|day", "1", mapEvent{"a": "no time"}, false},
		{"a|minute", "[1, 10]", mapEvent{"a": "2026-01-01T23:10"}, true},
		// networks
		{"a|cidr", "192.0.2.0/24", mapEvent{"a": "192.0.2.9"}, true},
		{"a|cidr", "192.0.2.77/24", mapEvent{"a": "192.0.2.9"}, true},
		{"a|cidr", "192.0.2.0/24", mapEvent{"a": "::ffff:192.0.2.9"}, true},
		{"a|cidr", "192.0.2.0/24", mapEvent{"a": "192.0.2.9:80"}, false},
		{"a|cidr", "2001:db8::/32", mapEvent{"a": "2001:db8::1%eth0"}, true},
		{"a|cidr", "[10.0.0.0/8, 192.0.2.0/24]", mapEvent{"a": "10.1.1.1"}, true},
		// placeholders and references
		{"a|expand", "'%admins%'", mapEvent{"a": "administrator"}, true},
		{"a|expand|contains", "'x%admins%'", mapEvent{"a": "-xroot-"}, true},
		{"a|expand", `'100\%'`, mapEvent{"a": "100%"}, true},
		{"a", "'%admins%'", mapEvent{"a": "%admins%"}, true},
		{"a|fieldref", "b", mapEvent{"a": "X", "b": "x"}, true},
		{"a|fieldref|cased", "b", mapEvent{"a": "X", "b": "x"}, false},
		{"a|fieldref|endswith", "b", mapEvent{"a": "abc", "b": "BC"}, true},
		{"a|fieldref|neq", "b", mapEvent{"a": "x", "b": "x"}, false},
		{"a|fieldref", "b", mapEvent{"a": "x"}, false},
		// keywords with modifiers
		{"'|all'", "[foo, bar]", mapEvent{"a": "xfoo", "b": "BARx"}, true},
		{"'|all'", "[foo, bar]", mapEvent{"a": "xfoo"}, false},
		{"'|re'", "'^fo+$'", mapEvent{"a": "x", "b": "foo"}, true},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s: %s on %q", tt.key, tt.value, tt.event), func(t *testing.T) {
			t.Parallel()
			if got := mustFire(t, item(tt.key, tt.value), tt.event); got != tt.fires {
				t.Errorf("fires = %v, want %v", got, tt.fires)
			}
		})
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	const searches = "  a: {f: a}\n  b: {g: b}\n  sel_1: {f: a}\n  sel_2: {g: b}\n  sel_3: {h: c}\n  _hidden: {i: d}\n"
	fg := mapEvent{"f": "a", "g": "b"}
	f := mapEvent{"f": "a"}
	tests := []struct {
		condition string
		event     mapEvent
		fires     bool
	}{
		{"a", f, true},
		{"a and b", f, false},
		{"a or b and not a", f, true},
		{"(a or b) and not a", f, false},
		{"not b", f, true},
		{"not not a", f, true},
		{"NOT b AND a", f, true},
		{"1 of sel_*", f, true},
		{"any of sel_*", mapEvent{}, false},
		{"all of sel_*", fg, false},
		{"2 of sel_*", fg, true},
		{"2 of sel_*", f, false},
		{"1 of them", mapEvent{"i": "d"}, false},
		{"1 of _*", mapEvent{"i": "d"}, true},
		{"all of them", mapEvent{"f": "a", "g": "b", "h": "c"}, true},
		{"a and not 1 of filter_*", f, true},
		{"not (a and b)", f, true},
		{"[b, a]", f, true},
	}
	for _, tt := range tests {
		t.Run(tt.condition, func(t *testing.T) {
			t.Parallel()
			if got := mustFire(t, searches+"  condition: "+tt.condition+"\n", tt.event); got != tt.fires {
				t.Errorf("fires = %v, want %v", got, tt.fires)
			}
		})
	}
}

func TestShapesOfSearches(t *testing.T) {
	t.Parallel()
	tests := []struct {
		search string
		event  mapEvent
		fires  bool
	}{
		{"{f: a, g: b}", mapEvent{"f": "a"}, false},
		{"{f: a, g: b}", mapEvent{"f": "a", "g": "b"}, true},
		{"[{f: a}, {g: b}]", mapEvent{"g": "b"}, true},
		{"[foo, {g: b}]", mapEvent{"x": "a foo b"}, true},
		{"[[foo], [bar]]", mapEvent{"x": "bar"}, true},
		{"foo", mapEvent{"x": "FOO!"}, true},
		{"foo", mapEvent{"foo": "x"}, false},
		{"404", mapEvent{"x": "status 404"}, true},
		{"'f?o'", mapEvent{"x": "-fxo-"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.search, func(t *testing.T) {
			t.Parallel()
			if got := mustFire(t, "  sel: "+tt.search+"\n  condition: sel\n", tt.event); got != tt.fires {
				t.Errorf("fires = %v, want %v", got, tt.fires)
			}
		})
	}
}

func TestRoutingAndMapping(t *testing.T) {
	t.Parallel()
	aliases := func(field string) []Path {
		if field == "f" {
			return []Path{{Key: "new"}, {Key: "event.old"}}
		}
		return nil
	}
	set, problems := compileOne(t, "  sel: {f: x}\n  gone: {f: null}\n  condition: sel or gone and not sel and never\n  never: {z: 1}\n",
		Options{Sources: []Source{{LogSource: LogSource{Product: "p", Service: "s"}, Paths: aliases}}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	match := func(ev mapEvent, src LogSource) bool { return len(set.Match(ev, src, NewScratch(), nil)) > 0 }
	src := LogSource{Product: "p", Service: "s"}
	for _, tt := range []struct {
		event mapEvent
		src   LogSource
		fires bool
	}{
		{mapEvent{"new": "x"}, src, true},
		{mapEvent{"event.old": "x"}, src, true},
		{mapEvent{"event.old": "y", "z": "1"}, src, false},
		{mapEvent{"z": "1"}, src, true},
		{mapEvent{"f": "x"}, src, false},
		{mapEvent{"f": "x"}, LogSource{Product: "p", Service: "else"}, true},
		{mapEvent{"f": "x"}, LogSource{Product: "q"}, false},
		{mapEvent{"f": "x"}, LogSource{}, false},
	} {
		if got := match(tt.event, tt.src); got != tt.fires {
			t.Errorf("match(%v, %v) = %v, want %v", tt.event, tt.src, got, tt.fires)
		}
	}
}

func TestMissAllocatesNothing(t *testing.T) {
	set, _ := compileOne(t, `  a: {uri|contains: [union select, '../'], ip|cidr: 192.0.2.0/24, n|gt: 5}
  b: {ua|re: '(?i)sqlmap/\d+'}
  c: {h|startswith: 'x?y'}
  k: [ 'needle?x', 'hay' ]
  t: {ts|hour: 3}
  r: {uri|fieldref: ua}
  n: {n: 17}
  condition: a or b or c or k or t or r or n
`, Options{})
	var ev Event = bytesOf("uri", "/Index.HTML?q=É", "ip", "198.51.100.7", "n", "4.5", "ua", "Mozilla/5.0", "h", "example", "ts", "2026-01-01T10:00:00Z")
	scratch, hits := NewScratch(), make([]Hit, 0, 4)
	run := func() { hits = set.Match(ev, testSource, scratch, hits[:0]) }
	run()
	if len(hits) != 0 {
		t.Fatal("the event must miss")
	}
	if n := testing.AllocsPerRun(200, run); n != 0 {
		t.Errorf("a miss allocates %v times", n)
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	set, _ := compileOne(t, item("a|contains", "x"), Options{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			scratch := NewScratch()
			for i := range 500 {
				want := i%2 == 0
				if got := len(set.Match(mapEvent{"a": map[bool]string{true: "AXA", false: "b"}[want]}, testSource, scratch, nil)) > 0; got != want {
					t.Errorf("event %d: fires = %v", i, got)
				}
			}
		})
	}
	wg.Wait()
}

func TestScratchFitsAnySet(t *testing.T) {
	t.Parallel()
	one, _ := compileOne(t, item("a", "x"), Options{})
	two, _ := compileOne(t, "  sel: {b: y}\n  s2: {a: x}\n  condition: sel or s2\n", Options{})
	sc := NewScratch()
	for range 3 {
		if len(one.Match(mapEvent{"a": "x"}, testSource, sc, nil)) != 1 || len(two.Match(mapEvent{"a": "q"}, testSource, sc, nil)) != 0 {
			t.Fatal("results of one set leak into another")
		}
	}
}
