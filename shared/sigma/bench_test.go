package sigma

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// workload is a named set of rules for the events of the generator.
type workload struct {
	name  string
	files func(t testing.TB) []ruleFile
	hits  int // events with a hit among the first 2,000; -1 is not known
}

func workloads() []workload {
	all := func(t testing.TB) []ruleFile { return ruleFiles(t, corpus) }
	web := func(t testing.TB) []ruleFile { return webRules(all(t)) }
	out := []workload{{"W1s", web, 12}, {"W2s", all, 55}}
	for _, n := range []int{10, 100, 1000, 10_000} {
		hits := 12
		if n == 10 {
			hits = -1
		}
		out = append(out, workload{fmt.Sprintf("W3s-%d", n), func(t testing.TB) []ruleFile { return replicated(t, web(t), n) }, hits})
	}
	if dir := os.Getenv("FENGHUO_SIGMA_RULES"); dir != "" {
		out = append(out, customWorkloads(dir, 10_000)...)
	}
	return out
}

func TestWorkloadHits(t *testing.T) {
	t.Parallel()
	for _, w := range workloads() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			if w.name == "W3s-10000" || w.name == "W3s-1000" && raceEnabled {
				return // TestLoadingTenThousandRules has the most
			}
			set, _ := compileFiles(t, w.files(t))
			scratch, hits, n := NewScratch(), []Hit(nil), 0
			for _, e := range tenThousand()[:2000] {
				if hits = set.Match(e, LogSource{}, scratch, hits[:0]); len(hits) > 0 {
					n++
				}
			}
			if w.hits >= 0 && n != w.hits {
				t.Errorf("%d events with a hit, want %d", n, w.hits)
			}
		})
	}
}

// BenchmarkMatch measures the workloads. R is ns/event divided by the time of a scalar loop over the bytes of the values,
// which makes figures of different machines comparable; R(hot) takes a loop over one event that stays in the cache.
func BenchmarkMatch(b *testing.B) {
	for _, w := range workloads() {
		b.Run(w.name, func(b *testing.B) {
			set, problems := compileFiles(b, w.files(b))
			refused := len(slices.DeleteFunc(problems, func(p Problem) bool { return p.Warning }))
			events := boxed(tenThousand())
			scratch, hits, i := NewScratch(), make([]Hit, 0, 64), 0
			b.ReportAllocs()
			for b.Loop() {
				hits = set.Match(events[i], LogSource{}, scratch, hits[:0])
				if i++; i == len(events) {
					i = 0
				}
			}
			b.StopTimer()
			if strings.HasPrefix(w.name, "custom") {
				b.ReportMetric(float64(len(set.Rules())), "rules")
				b.ReportMetric(float64(refused), "refused")
			}
			ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
			b.ReportMetric(ns/scalarPass(tenThousand()), "R")
			b.ReportMetric(ns/scalarHot(tenThousand()), "R(hot)")
		})
	}
}

// flatEvent is an event as a client of a log service keeps it: its bytes in one stretch, and where keys and values end. Fields
// makes the pairs, in memory that all events share.
type flatEvent struct {
	raw   []byte
	ends  []uint16
	pairs *[]Pair
}

func (e *flatEvent) Fields() []Pair {
	pairs := (*e.pairs)[:len(e.ends)/2]
	raw, from := e.raw, 0
	for i := range pairs {
		key, value := int(e.ends[2*i]), int(e.ends[2*i+1])
		p := &pairs[i]
		p.Key, p.Value = raw[from:key], raw[key:value]
		from = value
	}
	return pairs
}

func (e *flatEvent) Inside(int, string, func([]byte, State) bool) State { return Absent }
func (e *flatEvent) Texts(int, func([]byte) bool) bool                  { return false }

func boxed(events []bytesEvent) []Event {
	out, pairs := make([]Event, len(events)), make([]Pair, 64)
	for i, e := range events {
		flat := &flatEvent{pairs: &pairs}
		for _, p := range e {
			flat.raw = append(flat.raw, p.Key...)
			flat.ends = append(flat.ends, uint16(len(flat.raw)))
			flat.raw = append(flat.raw, p.Value...)
			flat.ends = append(flat.ends, uint16(len(flat.raw)))
		}
		flat.raw = slices.Clip(flat.raw)
		out[i] = flat
	}
	return out
}

var scalarSum uint64

// scalarPass returns the ns that summing the bytes of the values of one event takes: the least of some rounds.
func scalarPass(events []bytesEvent) float64 {
	best := 1e18
	for range 5 {
		from, sum := time.Now(), uint64(0)
		for _, e := range events {
			for i := range e {
				for _, c := range e[i].Value {
					sum += uint64(c)
				}
			}
		}
		scalarSum += sum
		best = min(best, float64(time.Since(from).Nanoseconds())/float64(len(events)))
	}
	return best
}

// scalarHot is scalarPass over one event at a time, which is then in the cache, scaled to the mean size.
func scalarHot(events []bytesEvent) float64 {
	size := func(list []bytesEvent) (n float64) {
		for _, e := range list {
			for i := range e {
				n += float64(len(e[i].Value))
			}
		}
		return n / float64(len(list))
	}
	best := 1e18
	for i := range 20 {
		one := events[i : i+1]
		best = min(best, scalarPass(slices.Repeat(one, 200))/size(one))
	}
	return best * size(events)
}

// BenchmarkScalar is the unit of R.
func BenchmarkScalar(b *testing.B) {
	b.ReportMetric(scalarPass(tenThousand()), "ns/event")
	for b.Loop() {
	}
}
