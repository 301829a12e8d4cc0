package traffic

import (
	"bytes"
	"iter"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/fenghuo-soc/fenghuo/shared/detection"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

var (
	morning = time.Date(2026, 1, 5, 1, 0, 0, 0, time.UTC)
	evening = morning.Add(8 * time.Hour)
)

// group shows a batch to the detector.
type group struct{ Batch }

type logView struct{ Log }

func (g group) Topic() []byte { return []byte(g.Batch.Topic) }

func (g group) Logs() iter.Seq2[int, logView] {
	return func(yield func(int, logView) bool) {
		for i, l := range g.Batch.Logs {
			if !yield(i, logView{l}) {
				return
			}
		}
	}
}

func (l logView) Time() (sec, ns uint32) { return l.Log.Time, l.Nano }

func (l logView) Fields() iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		for _, f := range l.Log.Fields {
			if !yield([]byte(f.Key), []byte(f.Value)) {
				return
			}
		}
	}
}

// template tells which template of the catalog a Logstore of the seed world belongs to.
var template = map[string]string{
	"actiontrail_audit": "alibaba_cloud_actiontrail_event", "wafnew-logstore": "alibaba_cloud_waf_flow",
	"cloudfirewall-logstore": "alibaba_cloud_cfw_flow", "sas-log": "alibaba_cloud_sas_log", "oss-log-store": "alibaba_cloud_oss_access",
}

func detector(t *testing.T) *detection.Detector {
	t.Helper()
	d, problems, err := detection.Load(os.DirFS("../../rules"))
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return d
}

// detect runs the shipped rules on batches.
func detect(t *testing.T, d *detection.Detector, batches iter.Seq[Batch]) (alerts []soc.Alert, records int) {
	t.Helper()
	cursor := int64(0)
	for b := range batches {
		cursor++
		origin := soc.Origin{
			Account: b.AccountUID, Region: "cn-hangzhou", Template: template[b.Logstore], Project: b.Project, Logstore: b.Logstore,
			Cursor: cursor, ReadAt: time.Unix(int64(b.Logs[0].Time), 0),
		}
		more, stats, err := detection.Evaluate(d, group{b}, origin, evening)
		if err != nil || len(stats.Poison) > 0 {
			t.Fatal(err, stats.Poison)
		}
		alerts, records = append(alerts, more...), records+stats.Records
	}
	return alerts, records
}

func TestNoiseRaisesOnlyIsolatedMediumAlerts(t *testing.T) {
	t.Parallel()
	const n = 20_000
	alerts, records := detect(t, detector(t), New(1, Seed()).Noise(n, morning, evening))
	if records != n {
		t.Errorf("%d records, want %d", records, n)
	}
	counts := map[string]int{}
	rulesOf := map[string]map[string]bool{}
	for _, a := range alerts {
		counts[a.RuleTitle]++
		if a.Level != soc.Medium {
			t.Errorf("%s fires with level %v on %v", a.RuleTitle, a.Level, a.Evidence)
		}
		for _, e := range a.Entities {
			if e.Part == "victim" {
				continue // everybody knocks at the same sites; correlation does not link by them below high
			}
			if rulesOf[e.Key()] == nil {
				rulesOf[e.Key()] = map[string]bool{}
			}
			rulesOf[e.Key()][a.RuleID] = true
		}
	}
	t.Logf("alerts on %d ordinary records: %v", n, counts)
	if len(alerts) == 0 || len(alerts) > n/200 {
		t.Errorf("%d alerts: ordinary traffic should raise a few", len(alerts))
	}
	for key, rules := range rulesOf {
		if len(rules) > 1 {
			t.Errorf("%s is shared by alerts of %d rules", key, len(rules))
		}
	}
}

func TestNoiseCoversEveryLogstoreAndRepeats(t *testing.T) {
	t.Parallel()
	noise := New(7, Seed()).Noise(3000, morning, evening)
	first, second := slices.Collect(noise), slices.Collect(noise)
	same := func(a, b Batch) bool {
		return a.AccountUID == b.AccountUID && a.Project == b.Project && a.Logstore == b.Logstore && bytes.Equal(a.Encode(), b.Encode())
	}
	if !slices.EqualFunc(first, second, same) {
		t.Error("the same noise differs")
	}
	stores := map[string]bool{}
	for _, b := range first {
		stores[b.Project+"/"+b.Logstore] = true
		for _, l := range b.Logs {
			if at := time.Unix(int64(l.Time), 0); at.Before(morning) || at.After(evening) {
				t.Fatalf("a record at %v", at)
			}
		}
	}
	if len(stores) != 9 {
		t.Errorf("%d Logstores: %v", len(stores), slices.Sorted(maps.Keys(stores)))
	}
	if other := slices.Collect(New(8, Seed()).Noise(3000, morning, evening)); slices.EqualFunc(first, other, same) {
		t.Error("another seed makes the same noise")
	}
}

func TestAttacksAreTwoLinkedIncidents(t *testing.T) {
	t.Parallel()
	g, d := New(1, Seed()), detector(t)
	byStory := map[int][]soc.Alert{}
	last := time.Duration(-1)
	for _, step := range g.Attack(func() time.Time { return evening }) {
		if step.Offset < last || step.Text == "" || step.TextZH == "" {
			t.Errorf("step %q at %v after %v", step.Text, step.Offset, last)
		}
		last = step.Offset
		alerts, _ := detect(t, d, slices.Values(step.Batches()))
		if len(alerts) == 0 {
			t.Errorf("step %q raises no alert", step.Text)
		}
		byStory[step.Story] = append(byStory[step.Story], alerts...)
	}
	keys := map[int]map[string]bool{}
	for _, want := range g.Expect() {
		alerts := byStory[want.Story]
		if n := islands(alerts); n != 1 {
			t.Errorf("%s: the alerts are %d islands", want.Name, n)
		}
		accounts, entities, rules := map[string]bool{}, map[Entity]bool{}, map[string]bool{}
		keys[want.Story] = map[string]bool{}
		for _, a := range alerts {
			accounts[a.Account], rules[a.RuleTitle] = true, true
			for _, e := range a.Entities {
				entities[Entity{string(e.Type), e.Value}] = true
				keys[want.Story][e.Key()] = true
			}
		}
		if diff := cmp.Diff(want.Accounts, slices.Sorted(maps.Keys(accounts))); diff != "" {
			t.Errorf("%s: accounts (-want +got): %s", want.Name, diff)
		}
		for _, e := range want.Entities {
			if !entities[e] {
				t.Errorf("%s: no entity %v", want.Name, e)
			}
		}
		t.Logf("%s: %d alerts of %v", want.Name, len(alerts), slices.Sorted(maps.Keys(rules)))
	}
	for key := range keys[1] {
		if keys[2][key] {
			t.Errorf("%s links the two attacks", key)
		}
	}
}

// islands counts the groups of alerts that share entities. Entities of a victim link only alerts from high on, as in correlation.
func islands(alerts []soc.Alert) int {
	group := make([]int, len(alerts))
	for i := range group {
		group[i] = i
	}
	owner := map[string]int{}
	find := func(i int) int {
		for group[i] != i {
			i = group[i]
		}
		return i
	}
	for i, a := range alerts {
		for _, e := range a.Entities {
			if e.Part == "victim" && a.Level < soc.High {
				continue
			}
			if first, ok := owner[e.Key()]; ok {
				group[find(i)] = find(first)
			} else {
				owner[e.Key()] = i
			}
		}
	}
	n := 0
	for i := range group {
		if group[i] == i {
			n++
		}
	}
	return n
}

func TestNoiseAndAttackShareNoAttacker(t *testing.T) {
	t.Parallel()
	g, d := New(1, Seed()), detector(t)
	noise, _ := detect(t, d, g.Noise(20_000, morning, evening))
	linking := map[string]bool{}
	for _, a := range noise {
		for _, e := range a.Entities {
			if e.Part != "victim" {
				linking[e.Key()] = true
			}
		}
	}
	for _, step := range g.Attack(func() time.Time { return evening }) {
		alerts, _ := detect(t, d, slices.Values(step.Batches()))
		for _, a := range alerts {
			for _, e := range a.Entities {
				if linking[e.Key()] {
					t.Errorf("%s of %q occurs in an alert on noise", e.Key(), step.Text)
				}
			}
		}
	}
}

func TestEncode(t *testing.T) {
	t.Parallel()
	b := Batch{Topic: "waf", Source: "10.0.0.1", Logs: []Log{{Time: 1672628645, Nano: 123456789, Fields: []KV{{"status", "200"}, {"uri", "/a?b=c d"}}}}}
	raw := b.Encode()
	type fields = map[protowire.Number][]string
	read := func(raw []byte) fields {
		out := fields{}
		for len(raw) > 0 {
			num, kind, n := protowire.ConsumeTag(raw)
			if n < 0 {
				t.Fatal(protowire.ParseError(n))
			}
			raw = raw[n:]
			size := protowire.ConsumeFieldValue(num, kind, raw)
			if size < 0 {
				t.Fatal(protowire.ParseError(size))
			}
			value := raw[:size]
			if kind == protowire.BytesType {
				value, _ = protowire.ConsumeBytes(value)
			}
			out[num] = append(out[num], string(value))
			raw = raw[size:]
		}
		return out
	}
	g := read(raw)
	if diff := cmp.Diff([]string{"waf", "10.0.0.1"}, []string{g[3][0], g[4][0]}); diff != "" || len(g[1]) != 1 {
		t.Fatal(diff, g)
	}
	log := read([]byte(g[1][0]))
	seconds, _ := protowire.ConsumeVarint([]byte(log[1][0]))
	nanos, _ := protowire.ConsumeFixed32([]byte(log[4][0]))
	pair := read([]byte(log[2][1]))
	if seconds != 1672628645 || nanos != 123456789 || len(log[2]) != 2 || pair[1][0] != "uri" || pair[2][0] != "/a?b=c d" {
		t.Errorf("log %v, pair %v", log, pair)
	}
}

func BenchmarkNoise(b *testing.B) {
	b.ReportAllocs()
	g := New(1, Seed())
	for b.Loop() {
		for batch := range g.Noise(1000, morning, evening) {
			batch.Encode()
		}
	}
}
