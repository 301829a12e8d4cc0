package traffic

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/correlation"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// TestCorrelationFindsExactlyTheTwoIncidents puts dense noise and both attacks through the shipped rules and the correlation.
func TestCorrelationFindsExactlyTheTwoIncidents(t *testing.T) {
	t.Parallel()
	d := detector(t)
	for seed := range uint64(3) {
		g := New(seed, Seed())
		noise := slices.Collect(g.Noise(5000, evening.Add(-30*time.Minute), evening))
		start := evening.Add(-10 * time.Minute)
		at := start
		attack := []Batch{}
		for _, step := range g.Attack(func() time.Time { return at }) {
			at = start.Add(step.Offset)
			attack = append(attack, step.Batches()...)
		}
		alerts, _ := detect(t, d, slices.Values(append(noise, attack...)))
		out := correlation.Correlate(correlation.Input{Loose: alerts, Now: evening})
		if len(out.Changes) != 2 {
			t.Errorf("seed %d: %d incidents, want 2", seed, len(out.Changes))
		}
		for _, want := range g.Expect() {
			i := slices.IndexFunc(out.Changes, func(c correlation.Change) bool { return covers(c.Incident, want) })
			if i < 0 {
				t.Errorf("seed %d: %s is not among the incidents", seed, want.Name)
				continue
			}
			if diff := cmp.Diff(want.Accounts, out.Changes[i].Incident.Accounts); diff != "" {
				t.Errorf("seed %d: %s: accounts (-want +got): %s", seed, want.Name, diff)
			}
		}
	}
}

func covers(i soc.Incident, want Incident) bool {
	for _, w := range want.Entities {
		if !slices.ContainsFunc(i.Entities, func(e soc.Entity) bool { return string(e.Type) == w.Type && e.Value == w.Value }) {
			return false
		}
	}
	return true
}
