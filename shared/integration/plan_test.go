package integration

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/catalog"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

const (
	shop, payments = "1100000000000003", "1100000000000004"
	trail, waf     = "alibaba_cloud_actiontrail_event", "alibaba_cloud_waf_flow"
	region         = "cn-hangzhou"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func facts(t *testing.T, current ...soc.Policy) Facts {
	t.Helper()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	return Facts{Catalog: c, Current: current, Rules: map[string][]string{"actiontrail": {"b", "a"}, "waf": {"w"}}}
}

func on(template, account string) soc.Policy {
	return soc.Policy{Template: template, Account: account, Enabled: true}
}

func TestNew(t *testing.T) {
	t.Parallel()
	current := []soc.Policy{on(trail, shop), on(waf, shop), on(trail, payments)}
	for name, tt := range map[string]struct {
		mode          soc.PolicyMode
		starts, stops []Change
		blind         []Blind
		policies      int
	}{
		"increment": {soc.Increment, []Change{{shop, "alibaba_cloud_sas_log"}}, []Change{}, []Blind{}, 1},
		"full": {
			soc.FullAccess,
			[]Change{{shop, "alibaba_cloud_sas_log"}},
			[]Change{{shop, trail}, {shop, waf}},
			[]Blind{{shop, "actiontrail", []string{"a", "b"}}, {shop, "waf", []string{"w"}}},
			5,
		},
	} {
		p, err := New(facts(t, current...), Request{Templates: []string{"alibaba_cloud_sas_log"}, Mode: tt.mode, Accounts: []string{shop, shop}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.starts, p.Starts); diff != "" {
			t.Errorf("%s starts (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(tt.stops, p.Stops); diff != "" {
			t.Errorf("%s stops (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(tt.blind, p.Blind); diff != "" {
			t.Errorf("%s blind (-want +got):\n%s", name, diff)
		}
		if len(p.Policies()) != tt.policies {
			t.Errorf("%s writes %d policies, want %d", name, len(p.Policies()), tt.policies)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		r    Request
		kind soc.Kind
	}{
		"mode":     {Request{Templates: []string{trail}, Mode: "replace", Accounts: []string{shop}}, soc.Invalid},
		"accounts": {Request{Templates: []string{trail}, Mode: soc.Increment}, soc.Invalid},
		"nothing":  {Request{Mode: soc.FullAccess, Accounts: []string{shop}}, soc.Invalid},
		"template": {Request{Templates: []string{"x"}, Mode: soc.Increment, Accounts: []string{shop}}, soc.NotFound},
	} {
		if _, err := New(facts(t), tt.r); soc.KindOf(err) != tt.kind || soc.NextOf(err) == "" {
			t.Errorf("%s: %v, want %s with advice", name, err, tt.kind)
		}
	}
}

// TestHash checks that the hash is the same for the same question and differs as soon as the answer would.
func TestHash(t *testing.T) {
	t.Parallel()
	ask := Request{Templates: []string{trail, waf}, Mode: soc.FullAccess, Accounts: []string{shop, payments}}
	hash := func(f Facts, r Request) string {
		p, err := New(f, r)
		if err != nil {
			t.Fatal(err)
		}
		return p.Hash
	}
	base := hash(facts(t, on(waf, shop)), ask)
	later := on(waf, shop)
	later.UpdatedAt = now
	same := ask
	same.Templates, same.Accounts = []string{waf, trail, waf}, []string{payments, shop}
	if got := hash(facts(t, later), same); got != base {
		t.Error("order and times change the hash")
	}
	fewer := facts(t, on(waf, shop))
	fewer.Rules = nil
	more := ask
	more.AutoAdd = true
	inc := ask
	inc.Mode = soc.Increment
	for name, got := range map[string]string{
		"another state": hash(facts(t), ask), "auto add": hash(facts(t, on(waf, shop)), more), "mode": hash(facts(t, on(waf, shop)), inc),
	} {
		if got == base {
			t.Errorf("%s does not change the hash", name)
		}
	}
	p, _ := New(facts(t), ask)
	if p.CheckHash(p.Hash) != nil || soc.KindOf(p.CheckHash(base)) != soc.Conflict || p.CheckHash("") == nil {
		t.Error("only the plan's own hash may pass")
	}
}

type memory struct {
	policies  map[[2]string]soc.Policy
	snapshots map[string][]soc.Policy
	sources   map[string]soc.DataSource
	refuse    string
}

func newMemory() *memory {
	return &memory{map[[2]string]soc.Policy{}, map[string][]soc.Policy{}, map[string]soc.DataSource{}, ""}
}

func (m *memory) current() []soc.Policy {
	var out []soc.Policy
	for _, p := range m.policies {
		out = append(out, p)
	}
	return out
}

func (m *memory) SavePolicies(_ context.Context, id string, set []soc.Policy, _ soc.AuditEntry) error {
	if _, ok := m.snapshots[id]; !ok {
		m.snapshots[id] = m.current()
	}
	for _, p := range set {
		m.policies[[2]string{p.Template, p.Account}] = p
	}
	return nil
}

func (m *memory) DataSources(context.Context) ([]soc.DataSource, error) {
	var out []soc.DataSource
	for _, d := range m.sources {
		out = append(out, d)
	}
	return out, nil
}

func (m *memory) SaveDataSource(_ context.Context, d soc.DataSource) error {
	if d.Name == m.refuse {
		return errors.New("disk full")
	}
	m.sources[d.Name] = d
	return nil
}

func TestApplyDisableRollback(t *testing.T) {
	t.Parallel()
	m := newMemory()
	apply := func(p Plan, id string) []Failure {
		t.Helper()
		f, err := Apply(t.Context(), m, p, id, region, soc.AuditEntry{At: now})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	health := func() map[string]soc.Health {
		out := map[string]soc.Health{}
		for n, d := range m.sources {
			if d.Enabled != (d.Health != soc.Off) {
				t.Errorf("%s: enabled %v but %s", n, d.Enabled, d.Health)
			}
			out[n] = d.Health
		}
		return out
	}
	p, err := New(facts(t), Request{Templates: []string{trail}, Mode: soc.FullAccess, Accounts: []string{shop}})
	if err != nil {
		t.Fatal(err)
	}
	m.refuse = soc.DataSourceName(waf, region, shop)
	if f := apply(p, "one"); len(f) != 1 || f[0].Source != m.refuse || len(m.sources) != 4 {
		t.Errorf("failures %v, %d sources; one source that cannot be written must not stop the others", f, len(m.sources))
	}
	m.refuse = ""
	if f := apply(p, "one"); len(f) != 0 {
		t.Errorf("again: %v", f)
	}
	// A data source exists for each policy, even when it is off.
	name := soc.DataSourceName(trail, region, shop)
	if h := health(); len(h) != 5 || h[name] != soc.Initialising || h[soc.DataSourceName(waf, region, shop)] != soc.Off {
		t.Errorf("after apply: %v", h)
	}
	d := m.sources[name]
	d.Health, d.Stores = soc.Healthy, []soc.LogStore{{Project: "p", Logstore: "l", Shards: 2}}
	m.sources[name] = d

	f := facts(t, m.current()...)
	off := Disable(f, []string{shop})
	if !slices.Equal(off.Stops, []Change{{shop, trail}}) {
		t.Errorf("disable stops %v", off.Stops)
	}
	apply(off, "two")
	if h := health(); h[name] != soc.Off || len(m.sources[name].Stores) != 1 {
		t.Errorf("after disable: %v; the source is kept with its Logstores", m.sources[name])
	}
	back := Rollback(facts(t, m.current()...), m.snapshots["two"], []string{shop})
	if !slices.Equal(back.Starts, []Change{{shop, trail}}) || len(back.Stops) != 0 {
		t.Errorf("rollback: %+v", back)
	}
	apply(back, "three")
	if h := health(); h[name] != soc.Initialising {
		t.Errorf("after rollback: %v", h)
	}
	empty := Rollback(facts(t, m.current()...), m.snapshots["one"], []string{shop})
	if !slices.Equal(empty.Stops, []Change{{shop, trail}}) {
		t.Errorf("rollback to before everything: %+v, want the later policy switched off", empty)
	}
	left := Rollback(facts(t, m.current()...), m.snapshots["two"], nil)
	if len(left.Starts) != 0 {
		t.Errorf("rollback starts %v in an account that has left", left.Starts)
	}
}

func TestAssess(t *testing.T) {
	t.Parallel()
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	shard := func(waiting bool, read, log time.Duration) Progress {
		return Progress{Shard: "p/l/0", Waiting: waiting, LastRead: ago(read), LastLog: ago(log)}
	}
	for name, tt := range map[string]struct {
		o    Observation
		want soc.Health
	}{
		"off":                     {Observation{}, soc.Off},
		"cannot enter":            {Observation{Enabled: true, Since: now, Problem: "denied", Stores: 1}, soc.Failed},
		"just on":                 {Observation{Enabled: true, Since: ago(time.Minute)}, soc.Initialising},
		"no Logstore":             {Observation{Enabled: true, Since: ago(time.Hour)}, soc.Failed},
		"no record yet":           {Observation{Enabled: true, Since: ago(time.Minute), Stores: 1, Shards: []Progress{{}}}, soc.Initialising},
		"waits for its first run": {Observation{Enabled: true, Since: ago(time.Minute), Stores: 1, Shards: []Progress{{Waiting: true}}}, soc.Initialising},
		"never a record":          {Observation{Enabled: true, Since: ago(time.Hour), Stores: 1, Shards: []Progress{{LastRead: now}}}, soc.Silent},
		"never read":              {Observation{Enabled: true, Since: ago(time.Hour), Stores: 1, Shards: []Progress{{Waiting: true}}}, soc.Delayed},
		"read refused":            {Observation{Enabled: true, Since: ago(time.Hour), Stores: 1, Shards: []Progress{shard(false, 0, 0), {Error: "denied"}}}, soc.Failed},
		"old shard is finished":   {Observation{Enabled: true, Since: ago(time.Hour), Stores: 1, Shards: []Progress{shard(false, 0, 0), {Error: "gone", Finished: true, Waiting: true}}}, soc.Healthy},
		"healthy":                 {Observation{Enabled: true, Since: ago(time.Hour), Stores: 1, Shards: []Progress{shard(true, 0, time.Minute)}}, soc.Healthy},
		"collector stands still":  {Observation{Enabled: true, Since: ago(time.Hour), Stores: 1, Shards: []Progress{shard(true, 6*time.Minute, 6*time.Minute)}}, soc.Delayed},
		"collector is behind":     {Observation{Enabled: true, Since: ago(time.Hour), Stores: 1, Shards: []Progress{shard(true, 0, 20*time.Minute)}}, soc.Delayed},
		"quiet":                   {Observation{Enabled: true, Since: ago(time.Hour), Stores: 1, Shards: []Progress{shard(false, 0, 20*time.Minute)}}, soc.Healthy},
		"silent":                  {Observation{Enabled: true, Since: ago(9 * time.Hour), Stores: 1, Shards: []Progress{shard(false, 0, 3*time.Hour)}}, soc.Silent},
	} {
		tt.o.SilentAfter = 2 * time.Hour
		got, detail := Assess(tt.o, now)
		if got != tt.want || (detail == "") != (got == soc.Healthy) {
			t.Errorf("%s: %s (%s), want %s", name, got, detail, tt.want)
		}
	}
}
