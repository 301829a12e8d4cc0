package sigma

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
)

// hostileFactor is what a value may cost at most, measured against an ordinary value of the same size.
const hostileFactor = 60

// TestHostileValues makes large values of what the index looks for, and checks both the answer and the cost.
func TestHostileValues(t *testing.T) {
	if raceEnabled {
		t.Skip("it measures")
	}
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
	ordinary := fill("the quick brown fox jumps over the lazy dog 0123456789 ")
	base := matchTime(set, bytesOf("cs-uri-query", string(ordinary)))
	for name, value := range map[string][]byte{
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
	} {
		t.Run(name, func(t *testing.T) {
			ev := bytesOf("cs-uri-query", string(value), "c-useragent", string(value[:1000]))
			if got, want := indexed(set, ev, NewScratch()), everyRule(set, ev); !slices.Equal(got, want) {
				t.Errorf("the index finds %d rules, evaluation %d", len(got), len(want))
			}
			took := matchTime(set, ev)
			t.Logf("%.1f times an ordinary value (%v)", float64(took)/float64(base), base)
			if len(indexed(set, ev, NewScratch())) == 0 && took > hostileFactor*base {
				t.Errorf("%v, an ordinary value takes %v", took, base)
			}
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
