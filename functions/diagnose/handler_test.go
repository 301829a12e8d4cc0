package main

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/catalog"
	"github.com/fenghuo-soc/fenghuo/shared/diagnosis"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

const (
	shop, payments, data = "1100000000000003", "1100000000000004", "1100000000000005"
	waf                  = "alibaba_cloud_waf_flow"
	region               = "cn-hangzhou"
)

type reader struct{}

func (reader) Project(context.Context, string) error          { return nil }
func (reader) Logstore(context.Context, string, string) error { return nil }
func (reader) Span(context.Context, string, string, int) (int64, int64, error) {
	return 0, 3, nil
}

func (reader) ArrivedAt(context.Context, string, string, int, int64) (time.Time, error) {
	return time.Time{}, nil
}

func TestHandle(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	h := newHandler(t, now)
	for name, tt := range map[string]struct {
		payload  string
		status   string
		accounts int
	}{
		"all":               {`{"operation":"run","input":{"accounts":["*"]}}`, "partial", 2},
		"none named":        {`{"operation":"run"}`, "partial", 2},
		"the good one":      {`{"operation":"run","accounts":["` + shop + `"]}`, "ok", 1},
		"a stranger":        {`{"operation":"run","accounts":["1100000000000009"]}`, "partial", 1},
		"not a uid":         {`{"operation":"run","accounts":["shop"]}`, "refused", 0},
		"unknown operation": {`{"operation":"fix"}`, "refused", 0},
		"unknown input":     {`{"operation":"run","input":{"account":"x"}}`, "refused", 0},
	} {
		out, err := fc.Typed(h.handle).Invoke(fc.NewContext(t.Context(), &fc.Context{RequestID: "req"}), []byte(tt.payload))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got result
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, f := range got.Findings {
			seen[f.Account] = true
		}
		if got.Status != tt.status || len(seen) != tt.accounts || got.Findings == nil || (got.Status != "ok") != (got.Reason != "") {
			t.Errorf("%s: %s (%s) about %v, want %s about %d accounts", name, got.Status, got.Reason, seen, tt.status, tt.accounts)
		}
	}
}

func newHandler(t *testing.T, now time.Time) *handler {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "s.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for uid, state := range map[string]soc.AccountState{shop: soc.AccountJoined, payments: soc.AccountFailed, data: soc.AccountLeft} {
		if err := db.SaveAccount(t.Context(), soc.Account{UID: uid, State: state}); err != nil {
			t.Fatal(err)
		}
	}
	name, project := soc.DataSourceName(waf, region, shop), "wafnew-project-"+shop+"-"+region
	_, errShards := db.AddShards(t.Context(), []store.NewShard{{Shard: store.Shard{Source: name, Account: shop, Region: region, Template: waf, Project: project, Logstore: "wafnew-logstore"}}})
	for _, err := range []error{
		db.SavePolicies(t.Context(), "s", []soc.Policy{{Template: waf, Account: shop, Enabled: true, UpdatedAt: now.Add(-time.Hour)}}, store.AuditEntry{}),
		db.SaveDataSource(t.Context(), soc.DataSource{
			Name: name, Template: waf, Account: shop, Region: region, Enabled: true,
			Stores: []soc.LogStore{{Project: project, Logstore: "wafnew-logstore", Shards: 1}},
		}),
		errShards,
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	leases, err := db.ClaimShards(t.Context(), "w", 1, time.Minute, now)
	if err != nil || len(leases) != 1 {
		t.Fatal(leases, err)
	}
	if err := db.CommitRange(t.Context(), store.Range{Lease: leases[0], To: 3, Groups: 3, Records: 3, LastLogAt: now, ReadAt: now}); err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	return &handler{
		store: db, catalog: c, region: region, now: func() time.Time { return now },
		enter: func(_ context.Context, uid, session string) (diagnosis.Reader, error) {
			if session != "req" {
				t.Errorf("entered %s without the request's id", uid)
			}
			return reader{}, nil
		},
	}
}

// TestFindingsFitAFlow: the state of a flow holds 64 KiB. What passed makes room for what did not, and what is left out is
// said; everybody else gets all.
func TestFindingsFitAFlow(t *testing.T) {
	t.Parallel()
	many := result{Reason: "5 of 1000 checks did not pass"}
	for i := range 1000 {
		f := diagnosis.Finding{Account: shop, Source: "s", Finding: org.Finding{ID: "arrival", Result: org.Pass, Evidence: strings.Repeat("e", 100), EvidenceZH: strings.Repeat("证", 100)}}
		if i%100 == 0 {
			f.ID = diagnosis.ScopeCheck
		}
		if i%200 == 199 {
			f.Result = org.Fail
		}
		many.Findings = append(many.Findings, f)
	}
	many.fit()
	b, err := json.Marshal(many)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > 64<<10 || len(b) < 32<<10 || notPassed(many.Findings) != 5 || many.LeftOut != 1000-len(many.Findings) || many.LeftOut == 0 || !strings.Contains(many.Reason, "had no room") {
		t.Errorf("%d bytes, %d findings, %d did not pass, %d left out: %s", len(b), len(many.Findings), notPassed(many.Findings), many.LeftOut, many.Reason)
	}
	scopes := 0
	for _, f := range many.Findings {
		if f.ID == diagnosis.ScopeCheck {
			scopes++
		}
	}
	if scopes != 10 {
		t.Errorf("%d of 10 accounts are said to be in scope", scopes)
	}
	few := result{Findings: many.Findings[:5]}
	few.fit()
	if len(few.Findings) != 5 || few.LeftOut != 0 || few.Reason != "" {
		t.Errorf("what fits was cut: %+v", few)
	}
	large := result{Findings: []diagnosis.Finding{{Finding: org.Finding{Result: org.Fail, Evidence: strings.Repeat("e", 100_000)}}}}
	large.fit()
	if large.Findings == nil || len(large.Findings) != 0 || large.LeftOut != 1 {
		t.Errorf("one that is too large: %d, %d", len(large.Findings), large.LeftOut)
	}
}
