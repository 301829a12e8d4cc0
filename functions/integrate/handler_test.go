package main

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/rules"
	"github.com/fenghuo-soc/fenghuo/shared/catalog"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/integration"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

const (
	shop, payments = "1100000000000003", "1100000000000004"
	trail          = "alibaba_cloud_actiontrail_event"
)

func newHandler(t *testing.T) (*handler, *store.DB) {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "s.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for uid, state := range map[string]soc.AccountState{shop: soc.AccountJoined, payments: soc.AccountFailed} {
		if err := db.SaveAccount(t.Context(), soc.Account{UID: uid, State: state}); err != nil {
			t.Fatal(err)
		}
	}
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	facts := integration.Facts{Catalog: c, Rules: map[string][]string{"waf": {"SQL injection"}}}
	return &handler{store: db, facts: facts, now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }}, db
}

func call(t *testing.T, h *handler, payload string) result {
	t.Helper()
	out, err := fc.Typed(h.handle).Invoke(fc.NewContext(t.Context(), &fc.Context{Region: "cn-hangzhou"}), []byte(payload))
	if err != nil {
		t.Fatalf("%s: %v", payload, err)
	}
	var r result
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func enabled(t *testing.T, db *store.DB) []string {
	t.Helper()
	all, err := db.Policies(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, p := range all {
		if p.Enabled {
			out = append(out, p.Template)
		}
	}
	return out
}

func TestIncrementApplyRollback(t *testing.T) {
	t.Parallel()
	h, db := newHandler(t)
	const input = `{"policies":["recommended"],"mode":"increment","accounts":["` + shop + `","` + payments + `"],"auto_add":true,"hash":""}`
	p := call(t, h, `{"operation":"plan","input":`+input+`}`)
	if p.Status != "ok" || len(p.Starts) != 4 || len(p.Refused) != 1 || p.Refused[0].Account != payments || len(enabled(t, db)) != 0 {
		t.Fatalf("plan: %+v", p)
	}
	apply := `{"operation":"apply","run_id":"one","hash":"` + p.Hash + `","input":` + input + `}`
	for range 2 { // a step that is tried again does the same
		a := call(t, h, apply)
		if a.Status != "ok" || a.Applied != 4 || a.Hash != p.Hash {
			t.Fatalf("apply: %+v", a)
		}
	}
	if got := enabled(t, db); len(got) != 4 {
		t.Errorf("enabled %v", got)
	}
	if d, err := db.DataSources(t.Context()); err != nil || len(d) != 4 || d[0].Region != "cn-hangzhou" || !d[0].Enabled {
		t.Errorf("data sources %+v, %v", d, err)
	}
	// The same plan from another run is stale: nothing is left to start.
	if s := call(t, h, `{"operation":"apply","run_id":"two","hash":"`+p.Hash+`","input":`+input+`}`); s.Status != "refused" {
		t.Errorf("stale hash: %+v, want refused", s)
	}
	b := call(t, h, `{"operation":"rollback","snapshot":"one","run_id":"three"}`)
	if b.Status != "ok" || len(b.Stops) != 4 || len(enabled(t, db)) != 0 {
		t.Errorf("rollback: %+v, enabled %v", b, enabled(t, db))
	}
	if b := call(t, h, `{"operation":"rollback","snapshot":"three","run_id":"four"}`); len(b.Starts) != 4 || len(enabled(t, db)) != 4 {
		t.Errorf("rollback of the rollback: %+v", b)
	}
}

func TestFullNeedsItsHash(t *testing.T) {
	t.Parallel()
	h, db := newHandler(t)
	first := call(t, h, `{"operation":"plan","policies":["alibaba_cloud_waf_flow"],"accounts":["*"]}`)
	call(t, h, `{"operation":"apply","run_id":"one","hash":"`+first.Hash+`","policies":["alibaba_cloud_waf_flow"],"accounts":["*"]}`)

	input := func(hash string) string {
		return `{"policies":["` + trail + `"],"mode":"full","accounts":["*"],"hash":"` + hash + `"}`
	}
	p := call(t, h, `{"operation":"plan","input":`+input("")+`}`)
	if p.Status != "refused" || p.Hash == "" || len(p.Stops) != 1 || len(p.Blind) != 1 || p.Summary == "" {
		t.Fatalf("unseen plan: %+v; want it refused, and shown", p)
	}
	if s := call(t, h, `{"operation":"plan","input":`+input(first.Hash)+`}`); s.Status != "refused" {
		t.Errorf("another plan's hash: %+v", s)
	}
	if s := call(t, h, `{"operation":"apply","run_id":"two","hash":"`+p.Hash+`","input":`+input("")+`}`); s.Status != "refused" {
		t.Errorf("apply of a plan that nobody was shown: %+v", s)
	}
	if got := enabled(t, db); !slices.Equal(got, []string{"alibaba_cloud_waf_flow"}) {
		t.Fatalf("a refused plan changed something: %v", got)
	}
	if s := call(t, h, `{"operation":"plan","input":`+input(p.Hash)+`}`); s.Status != "ok" {
		t.Errorf("plan with its hash: %+v", s)
	}
	if s := call(t, h, `{"operation":"apply","run_id":"two","hash":"`+p.Hash+`","input":`+input(p.Hash)+`}`); s.Status != "ok" {
		t.Errorf("apply with the hash: %+v", s)
	}
	if got := enabled(t, db); !slices.Equal(got, []string{trail}) {
		t.Errorf("enabled %v", got)
	}
}

func TestDisableOfARun(t *testing.T) {
	t.Parallel()
	h, db := newHandler(t)
	p := call(t, h, `{"operation":"plan","policies":["recommended"],"accounts":["*"]}`)
	call(t, h, `{"operation":"apply","run_id":"one","hash":"`+p.Hash+`","policies":["recommended"],"accounts":["*"]}`)
	if err := db.SaveScopeRun(t.Context(), soc.ScopeRun{ID: "leave", Operation: "leave", Accounts: []string{shop}}); err != nil {
		t.Fatal(err)
	}
	if d := call(t, h, `{"operation":"disable","run_id":"leave"}`); d.Status != "ok" || len(d.Stops) != 4 || len(enabled(t, db)) != 0 {
		t.Errorf("disable: %+v", d)
	}
	all, err := db.DataSources(t.Context())
	if err != nil || len(all) != 4 {
		t.Fatalf("data sources are kept: %v, %v", all, err)
	}
	for _, d := range all {
		if d.Enabled || d.Health != soc.Off {
			t.Errorf("%s is %s, enabled %v", d.Name, d.Health, d.Enabled)
		}
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	h, _ := newHandler(t)
	for _, payload := range []string{
		`{"operation":"drop"}`,
		`{"operation":"plan","input":{"policies":["recommended"],"accounts":["` + payments + `"]}}`,
		`{"operation":"plan","input":{"policies":["nope"],"accounts":["*"]}}`,
		`{"operation":"plan","input":{"policies":["recommended"],"accounts":["*"],"mode":"replace"}}`,
		`{"operation":"plan","input":{"policy":["recommended"]}}`,
		`{"operation":"apply","run_id":"x","input":{"policies":["recommended"],"accounts":["*"]}}`,
		`{"operation":"disable"}`, `{"operation":"disable","run_id":"unknown"}`,
		`{"operation":"rollback","run_id":"x","snapshot":"unknown"}`, `{"operation":"rollback","run_id":"x"}`,
	} {
		r := call(t, h, payload)
		if r.Status != "refused" || r.Reason == "" || r.Starts == nil || r.Refused == nil {
			t.Errorf("%s: %+v, want refused with a reason", payload, r)
		}
	}
}

func TestRulesByService(t *testing.T) {
	t.Parallel()
	got, err := rulesByService(fstest.MapFS{
		"waf/a/rule.yaml":  {Data: []byte("title: A\nlogsource: {product: alibabacloud, service: waf}\n")},
		"waf/a/tests.yaml": {Data: []byte("title: not a rule\nlogsource: {service: waf}\n")},
	})
	if diff := cmp.Diff(map[string][]string{"waf": {"A"}}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := rulesByService(fstest.MapFS{"rule.yaml": {Data: []byte("\t")}}); soc.KindOf(err) != soc.Internal {
		t.Errorf("broken rule: %v", err)
	}
	if _, err := rulesByService(rules.FS); err != nil {
		t.Errorf("the project's own rules: %v", err)
	}
}
