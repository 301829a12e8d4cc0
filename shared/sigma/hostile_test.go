package sigma

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// hostileValues are large values of what the index looks for, and the set that they are meant to hurt.
func hostileValues(t testing.TB) (*Set, map[string][]byte) {
	set, _ := compileFiles(t, replicated(t, webRules(ruleFiles(t, corpus)), 300))
	x := set.fallback.index
	const size = 1 << 20
	fill := func(s string) []byte { return bytes.Repeat([]byte(s), size/len(s)) }
	var near, hits strings.Builder
	for i := range x.lits {
		if x.lits[i].kind == atomSub {
			lit := string(x.text(&x.lits[i]))
			near.WriteString(lit[:len(lit)-1] + "\x01")
			hits.WriteString(lit)
		}
	}
	return set, map[string][]byte{
		"ordinary":        fill("the quick brown fox jumps over the lazy dog 0123456789 "),
		"one letter":      fill("a"),
		"one near hit":    fill("union%20selec"),
		"all near hits":   fill(near.String()),
		"all hits":        fill(hits.String()),
		"NUL":             fill("\x00"),
		"invalid UTF-8":   fill("\xff\xc0\x80"),
		"long s":          fill("ſelect"),
		"JSON escapes":    fill(`{"\u0075nion":`),
		"brackets":        fill("{["),
		"regex backtrack": fill("aaaaaaaaaaaaaaaaaaaaaa!"),
	}
}

// hostileEvent holds a value whole and, in a second field, its beginning.
func hostileEvent(value []byte) Event {
	return bytesOf("cs-uri-query", string(value), "c-useragent", string(value[:1000]))
}

// TestHostileValues: the index answers as the evaluation of every rule does, whatever a value was made for.
func TestHostileValues(t *testing.T) {
	t.Parallel()
	set, values := hostileValues(t)
	for name, value := range values {
		t.Run(name, func(t *testing.T) {
			ev := hostileEvent(value)
			if got, want := indexed(set, ev, NewScratch()), everyRule(set, ev); !slices.Equal(got, want) {
				t.Errorf("the index finds %d rules, evaluation %d", len(got), len(want))
			}
		})
	}
}

// BenchmarkHostile measures a megabyte of each hostile value against one of ordinary text.
func BenchmarkHostile(b *testing.B) {
	set, values := hostileValues(b)
	ordinary := matchTime(set, hostileEvent(values["ordinary"]))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		b.Run(name, func(b *testing.B) {
			ev, sc := hostileEvent(values[name]), NewScratch()
			b.ReportAllocs()
			for b.Loop() {
				set.Match(ev, LogSource{}, sc, nil)
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(ordinary), "x-ordinary")
		})
	}
}

func matchTime(set *Set, ev Event) time.Duration {
	sc, best := NewScratch(), time.Hour
	for range 3 {
		from := time.Now()
		set.Match(ev, LogSource{}, sc, nil)
		best = min(best, time.Since(from))
	}
	return best
}
