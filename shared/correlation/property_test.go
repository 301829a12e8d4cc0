package correlation

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// genAlerts draws alerts over few entities, rules and accounts, so that groups form, grow and merge.
func genAlerts(t *rapid.T) []soc.Alert {
	n := rapid.IntRange(0, 25).Draw(t, "n")
	out := make([]soc.Alert, n)
	for i := range out {
		var es []soc.Entity
		for range rapid.IntRange(0, 3).Draw(t, "entities") {
			v := rapid.IntRange(0, 9).Draw(t, "value")
			es = append(es, rapid.SampledFrom([]soc.Entity{
				ip(fmt.Sprint("203.0.113.", v), "attacker"), ip(fmt.Sprint("10.0.0.", v), ""),
				key(fmt.Sprint("LTAI5tKeyNumber", v)), host(shop, fmt.Sprint("h", v)),
				{Type: soc.EntityUser, Value: fmt.Sprint("u", v)},
			}).Draw(t, "entity"))
		}
		out[i] = alert(fmt.Sprintf("id%02d", i), fmt.Sprint("r", rapid.IntRange(0, 5).Draw(t, "rule")),
			soc.Level(rapid.IntRange(1, 5).Draw(t, "level")), rapid.SampledFrom([]string{shop, payments, data}).Draw(t, "account"),
			rapid.IntRange(0, 300).Draw(t, "minute"), es...)
	}
	return out
}

// book keeps what a store would keep between runs.
type book struct {
	open  map[string]Existing
	loose []soc.Alert
	clock time.Time
}

func (b *book) deliver(batch []soc.Alert) {
	b.clock = b.clock.Add(time.Second)
	in := Input{Loose: append(slices.Clone(b.loose), batch...), Now: b.clock}
	for _, x := range b.open {
		in.Open = append(in.Open, x)
	}
	out := Correlate(in)
	taken := map[string]bool{}
	for _, c := range out.Changes {
		b.open[c.Incident.ID] = Existing{c.Incident, c.Alerts}
		for _, a := range c.Alerts {
			taken[a.ID] = true
		}
	}
	for _, m := range out.Merges {
		delete(b.open, m.Closed.ID)
	}
	for _, x := range b.open {
		for _, a := range x.Alerts {
			taken[a.ID] = true
		}
	}
	b.loose = b.loose[:0]
	for _, a := range in.Loose {
		if !taken[a.ID] {
			b.loose = append(b.loose, a)
		}
	}
}

// groups writes the groups of alert ids, each sorted, as sorted text.
func (b *book) groups() []string {
	out := []string{}
	for _, x := range b.open {
		g := ids(x.Alerts)
		slices.Sort(g)
		out = append(out, strings.Join(g, " "))
	}
	slices.Sort(out)
	return out
}

func TestGroupingDependsOnAlertsOnly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		alerts := genAlerts(t)
		whole := &book{open: map[string]Existing{}}
		whole.deliver(alerts)

		split := &book{open: map[string]Existing{}}
		rest := rapid.Permutation(alerts).Draw(t, "order")
		var sent []soc.Alert
		for len(rest) > 0 {
			k := rapid.IntRange(1, len(rest)).Draw(t, "cut")
			batch := slices.Clone(rest[:k])
			if len(sent) > 0 && rapid.Bool().Draw(t, "again") {
				batch = append(batch, rapid.SampledFrom(sent).Draw(t, "duplicate"))
			}
			split.deliver(batch)
			sent, rest = append(sent, rest[:k]...), rest[k:]
		}
		if d := cmp.Diff(whole.groups(), split.groups()); d != "" {
			t.Fatalf("groups differ (-whole +split):\n%s", d)
		}
	})
}

func TestResultDoesNotDependOnInputOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		alerts := genAlerts(t)
		a := Correlate(Input{Loose: alerts, Now: start})
		b := Correlate(Input{Loose: rapid.Permutation(alerts).Draw(t, "order"), Now: start})
		if d := cmp.Diff(a, b); d != "" {
			t.Fatalf("(-one +other):\n%s", d)
		}
		for _, c := range a.Changes {
			if score, rules := Score(c.Alerts); score < Threshold || rules < MinRules {
				t.Fatalf("incident with score %d and %d rules", score, rules)
			}
		}
	})
}
