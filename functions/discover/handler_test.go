package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/catalog"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

const (
	shop, payments = "1100000000000003", "1100000000000004"
	trail, waf     = "alibaba_cloud_actiontrail_event", "alibaba_cloud_waf_flow"
	region         = "cn-hangzhou"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// memberStub is an account's log service: project → Logstore → end position of each shard.
type memberStub struct {
	stores map[string]map[string][]int64
	err    error
	denied string // Logstore whose shards may not be read
}

func (m *memberStub) Projects(context.Context) ([]string, error) {
	var out []string
	for p := range m.stores {
		out = append(out, p)
	}
	return out, m.err
}

func (m *memberStub) Logstores(_ context.Context, project string) ([]string, error) {
	var out []string
	for l := range m.stores[project] {
		out = append(out, l)
	}
	return out, nil
}

func (m *memberStub) Shards(_ context.Context, project, logstore string) ([]sls.Shard, error) {
	if logstore == m.denied {
		return nil, &soc.Error{Kind: soc.Denied, Op: "list shards", Next: "repair the role"}
	}
	var out []sls.Shard
	for i := range m.stores[project][logstore] {
		out = append(out, sls.Shard{ID: i, Status: "readwrite"})
	}
	return out, nil
}

func (m *memberStub) Position(_ context.Context, project, logstore string, shard int, from string) (int64, error) {
	if from == "begin" {
		return 0, nil
	}
	return m.stores[project][logstore][shard], nil
}

type world struct {
	h       *handler
	db      *store.DB
	members map[string]*memberStub
	now     time.Time
}

func newWorld(t *testing.T, policies ...soc.Policy) *world {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "s.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for uid, state := range map[string]soc.AccountState{shop: soc.AccountJoined, payments: soc.AccountJoined, "1100000000000005": soc.AccountLeft} {
		if err := db.SaveAccount(t.Context(), soc.Account{UID: uid, State: state}); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.SavePolicies(t.Context(), "s", policies, store.AuditEntry{}); err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{db: db, members: map[string]*memberStub{}, now: start}
	for _, uid := range []string{shop, payments} {
		w.members[uid] = &memberStub{stores: map[string]map[string][]int64{
			"actiontrail-" + uid + "-" + region:    {"actiontrail_audit": {5, 0}, "internal-operation_log": {1}},
			"wafnew-project-" + uid + "-" + region: {"wafnew-logstore": {7}},
			"private":                              {"app": {9}},
		}}
	}
	w.h = &handler{
		store: db, catalog: c, region: region, now: func() time.Time { return w.now },
		enter: func(uid, _ string) member { return w.members[uid] },
	}
	return w
}

func (w *world) call(t *testing.T, payload string) result {
	t.Helper()
	r, err := w.h.handle(t.Context(), json.RawMessage(payload))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w *world) source(t *testing.T, template, uid string) soc.DataSource {
	t.Helper()
	all, err := w.db.DataSources(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if d.Name == soc.DataSourceName(template, region, uid) {
			return d
		}
	}
	return soc.DataSource{}
}

func on(template, uid string, autoAdd bool) soc.Policy {
	return soc.Policy{Template: template, Account: uid, Enabled: true, AutoAdd: autoAdd, UpdatedAt: start}
}

func TestScan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, on(trail, shop, true), on(waf, payments, true), soc.Policy{Template: trail, Account: payments})
	got := w.call(t, `{"operation":"scan","run_id":"r"}`)
	if want := (result{Status: "ok", Sources: 2, Shards: 3, Added: 3, Problems: []problem{}}); !cmp.Equal(got, want) {
		t.Errorf("first scan %+v, want %+v", got, want)
	}
	d := w.source(t, trail, shop)
	if want := []soc.LogStore{{Project: "actiontrail-" + shop + "-" + region, Logstore: "actiontrail_audit", Shards: 2}}; !cmp.Equal(d.Stores, want) || d.Health != soc.Initialising || !d.Enabled {
		t.Errorf("source %+v", d)
	}
	shards, err := w.db.Shards(t.Context())
	if err != nil || len(shards) != 3 || shards[0].Source != d.Name || shards[0].Template != trail || shards[0].Region != region {
		t.Errorf("shards %+v, %v", shards, err)
	}
	event, err := os.ReadFile("testdata/timer.json")
	if err != nil {
		t.Fatal(err)
	}
	if got := w.call(t, string(event)); got.Status != "ok" || got.Added != 0 || got.Shards != 3 {
		t.Errorf("second scan, by the timer: %+v", got)
	}
	w.now = start.Add(time.Hour)
	w.call(t, string(event))
	if d := w.source(t, trail, shop); d.Health != soc.Delayed || d.Detail == "" {
		t.Errorf("data waits for an hour, and the source is %s (%s)", d.Health, d.Detail)
	}
}

func TestHealthAfterReading(t *testing.T) {
	t.Parallel()
	w := newWorld(t, on(waf, shop, true))
	w.call(t, `{"operation":"scan"}`)
	leases, err := w.db.ClaimShards(t.Context(), "w", 9, time.Minute, start)
	if err == nil && len(leases) == 0 { // collect takes shards of enabled sources of joined accounts
		t.Fatal("nothing to collect after the scan")
	}
	w.now = start.Add(time.Hour)
	err2 := w.db.CommitRange(t.Context(), store.Range{Lease: leases[0], From: 0, To: 7, Groups: 7, Records: 7, LastLogAt: w.now, ReadAt: w.now})
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	w.call(t, `{"operation":"scan"}`)
	if d := w.source(t, waf, shop); d.Health != soc.Healthy || d.Records != 7 {
		t.Errorf("%+v, want healthy", d)
	}
	w.now = start.Add(9 * time.Hour)
	w.call(t, `{"operation":"scan"}`)
	if d := w.source(t, waf, shop); d.Health != soc.Silent {
		t.Errorf("%s, want silent", d.Health)
	}
}

func TestAutoAdd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, on(waf, shop, true), on(waf, payments, false))
	w.call(t, `{"operation":"scan"}`)
	for uid, m := range w.members {
		m.stores["wafng-project-"+uid+"-"+region] = map[string][]int64{"wafng-logstore": {1}}
	}
	if got := w.call(t, `{"operation":"scan"}`); got.Added != 1 {
		t.Errorf("added %d shards, want the one of the account with auto add", got.Added)
	}
	if a, b := len(w.source(t, waf, shop).Stores), len(w.source(t, waf, payments).Stores); a != 2 || b != 1 {
		t.Errorf("%d and %d Logstores, want 2 and 1", a, b)
	}
}

func TestOneBadAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, on(trail, shop, true), on(waf, shop, true), on(waf, payments, true))
	w.members[payments].err = &soc.Error{Kind: soc.Denied, Op: "assume role", Next: "repair"}
	w.members[shop].denied = "wafnew-logstore"
	got := w.call(t, `{"operation":"scan"}`)
	if got.Status != "partial" || got.Shards != 2 || len(got.Problems) != 2 || got.Problems[0].Account != shop || got.Problems[1].Next != "repair" {
		t.Errorf("%+v", got)
	}
	for _, d := range []soc.DataSource{w.source(t, waf, shop), w.source(t, waf, payments)} {
		if d.Health != soc.Failed || d.Detail == "" {
			t.Errorf("%s is %s (%s), want failed", d.Name, d.Health, d.Detail)
		}
	}
	if d := w.source(t, trail, shop); d.Health == soc.Failed {
		t.Errorf("%s fails with its neighbour", d.Name)
	}
	w.members[payments].err = &soc.Error{Kind: soc.Throttled, Op: "list projects"}
	before := w.source(t, waf, payments)
	got = w.call(t, `{"operation":"scan","accounts":["`+payments+`"]}`)
	if len(got.Problems) != 1 || !cmp.Equal(before, w.source(t, waf, payments)) {
		t.Errorf("throttling changed the health: %+v, %+v", got, w.source(t, waf, payments))
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, payload := range []string{`{}`, `{"operation":"delete"}`, `{"operation":"scan","account":"x"}`, `[]`} {
		if got := w.call(t, payload); got.Status != "refused" || got.Reason == "" || got.Problems == nil {
			t.Errorf("%s: %+v, want refused", payload, got)
		}
	}
}
