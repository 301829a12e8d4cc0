package sigma

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// packedSample is a set with every kind of predicate.
func packedSample(t testing.TB) *Set {
	t.Helper()
	docs, _ := Parse("r.yaml", []byte(testHead+`  a: {f: [x, 'y*', '*z', '*w*', 'a?b*c', 17, true, null], g|re: 'a+b', h|cidr: 10.0.0.0/8, i|gt: 3, j|hour: 4}
  b: {k|fieldref: l, m|exists: true, n|cased: Q, o.p|contains: deep, q|windash: '-x', r|base64offset|contains: foobar}
  k: [word, 'if=', other]
  condition: a or b or 2 of them or not k
---
title: more
id: 5d8f0c52-0000-4000-8000-000000000002
logsource: {product: p}
fields: [f, g]
custom: mine
detection: {s: {f|contains: needle}, condition: s}
---
title: c
id: 5d8f0c52-0000-4000-8000-000000000003
correlation: {type: value_count, rules: [5d8f0c52-0000-4000-8000-000000000002], timespan: 5m, group-by: [f], condition: {gte: 3, field: g}, aliases: {x: {5d8f0c52-0000-4000-8000-000000000002: f}}}
`))
	set, problems := Compile(docs, Options{Sources: []Source{{LogSource: LogSource{Product: "p"}}}})
	if len(set.Rules()) != 2 || len(set.Correlations()) != 1 {
		t.Fatal(problems)
	}
	return set
}

func TestPackKeepsEverything(t *testing.T) {
	t.Parallel()
	set := packedSample(t)
	loaded, err := Load(set.Pack())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(set.Rules(), loaded.Rules()); diff != "" || set.Hash() != loaded.Hash() {
		t.Error(diff)
	}
	if diff := cmp.Diff(set.Correlations(), loaded.Correlations()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(set.Witnesses(testSource), loaded.Witnesses(testSource)); diff != "" {
		t.Error(diff)
	}
	for _, ev := range []mapEvent{{"f": "x"}, {"f": "a needle"}, {"x": "WORD"}, {"x": "word other if="}, {}} {
		for _, src := range []LogSource{testSource, {Product: "p", Service: "s"}} {
			if diff := cmp.Diff(set.Match(ev, src, NewScratch(), nil), loaded.Match(ev, src, NewScratch(), nil)); diff != "" {
				t.Errorf("%v: %s", ev, diff)
			}
		}
	}
}

func TestPackOfTheCorpus(t *testing.T) {
	t.Parallel()
	set, _ := compileFiles(t, ruleFiles(t, corpus))
	loaded, err := Load(set.Pack())
	if err != nil {
		t.Fatal(err)
	}
	sc, a, b := NewScratch(), []Hit(nil), []Hit(nil)
	for i, e := range tenThousand()[:1000] {
		a, b = set.Match(e, LogSource{}, sc, a[:0]), loaded.Match(e, LogSource{}, sc, b[:0])
		if !slices.EqualFunc(a, b, func(x, y Hit) bool { return x.Rule.ID == y.Rule.ID }) {
			t.Fatalf("event %d: %v and %v", i, a, b)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	data := packedSample(t).Pack()
	if _, err := Load(nil); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
	other := slices.Clone(data)
	other[len(packMark)] = packVersion + 1
	if _, err := Load(other); !errors.Is(err, ErrOtherEngine) {
		t.Error(err)
	}
	for _, at := range []int{packHead + 1, len(data) - 1} {
		bad := slices.Clone(data)
		bad[at] ^= 1
		if _, err := Load(bad); !errors.Is(err, ErrDamaged) {
			t.Error(err)
		}
	}
	if _, err := Load(sealed(data[:len(data)-4])); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
}

// sealed gives a changed form the checksum that it needs to be read.
func sealed(data []byte) []byte {
	data = slices.Clone(data)
	if len(data) >= packHead {
		binary.LittleEndian.PutUint32(data[packHead-4:], crc32.Checksum(data[packHead:], castagnoli))
	}
	return data
}

// FuzzLoad changes the compiled form: what is accepted must evaluate without a fault.
func FuzzLoad(f *testing.F) {
	data := packedSample(f).Pack()
	f.Add(uint32(0), uint32(0), uint16(0))
	f.Add(uint32(200), uint32(5), uint16(3))
	f.Add(uint32(len(data)-40), uint32(1<<31), uint16(0))
	f.Fuzz(func(t *testing.T, at, value uint32, cut uint16) {
		bad := slices.Clone(data[:len(data)-int(cut)%len(data)])
		if n := len(bad) - packHead - 4; n > 0 {
			binary.LittleEndian.PutUint32(bad[packHead+int(at)%n:], value)
		}
		set, err := Load(sealed(bad))
		if err != nil {
			return
		}
		sc := NewScratch()
		for _, ev := range []mapEvent{{"f": "x needle z", "g": "aab", "k": "1", "l": "1"}, {"x": "word if= other"}, {"f": []any{"a", nil}}} {
			set.Match(ev, testSource, sc, nil)
			set.Match(ev, LogSource{Product: "p", Service: "s"}, sc, nil)
		}
	})
}

// TestLoadingTenThousandRules: ten thousand rules out of their compiled form find what they should and stay within the
// memory that docs/sigma.md promises. How long loading takes is BenchmarkLoadRules' to say.
func TestLoadingTenThousandRules(t *testing.T) {
	if raceEnabled {
		t.Skip("memory under the race detector is not that of a set: the run without it measures")
	}
	files := replicated(t, webRules(ruleFiles(t, corpus)), 10_000)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	docs := make([][]Document, len(files))
	parallel(len(files), func(i int) { docs[i], _ = Parse(files[i].path, files[i].data) })
	set, _ := Compile(slices.Concat(docs...), Options{AnySource: true})
	docs = nil
	data := set.Pack()
	set = nil
	before := heap()
	loaded, err := Load(data)
	if err != nil {
		t.Fatal(err)
	}
	used := heap() - before
	sc, hits, n := NewScratch(), []Hit(nil), 0
	for _, e := range tenThousand()[:2000] {
		if hits = loaded.Match(e, LogSource{}, sc, hits[:0]); len(hits) > 0 {
			n++
		}
	}
	if n != 12 {
		t.Errorf("%d events with a hit, want 12", n)
	}
	t.Logf("10,000 rules: %d kB of compiled form, %d kB loaded", len(data)>>10, used>>10)
	if used+uint64(len(data)) > 64<<20 {
		t.Errorf("%d bytes in memory", used+uint64(len(data)))
	}
}
