package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// tampered is a store whose chain is broken.
type tampered struct{ *store.DB }

func (tampered) VerifyAudit(context.Context) (int, string, error) {
	return 7, "abc", &soc.Error{Kind: soc.Conflict, Op: "verify audit trail", Resource: "entry 8", Err: errors.New("changed"), Next: "look"}
}

// TestAuditSearches by who, account, action, time and text; a chain that is broken is told of, and what was searched for
// is shown all the same.
func TestAuditSearches(t *testing.T) {
	t.Parallel()
	h, db, _ := newHandler(t, shop)
	at := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	for i := range 5 {
		if err := db.Audit(t.Context(), store.AuditEntry{
			At: at.Add(time.Duration(i) * time.Hour), Actor: []string{"onboard", "Alice"}[i%2], Action: "account.join", Account: shop, Detail: fmt.Sprint("n", i),
		}); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(query string) auditResult {
		t.Helper()
		return call[auditResult](t, h, `{"operation":"audit"`+query+`}`)
	}
	whole := ask("")
	for name, tt := range map[string]struct {
		query, want string
		more        bool
	}{
		"all":            {"", "n4 n3 n2 n1 n0", false},
		"who":            {`,"actor":"alice"`, "n3 n1", false},
		"time":           {`,"since":"2026-01-02T04:00:00Z","until":"2026-01-02T06:00:00Z"`, "n2 n1", false},
		"who and time":   {`,"actor":"ALICE","since":"2026-01-02T05:00:00Z"`, "n3", false},
		"text":           {`,"text":"n2"`, "n2", false},
		"the newest two": {`,"limit":2`, "n4 n3", true},
		"exactly all":    {`,"limit":5`, "n4 n3 n2 n1 n0", false},
		"verify only":    {`,"verify":true`, "", false},
		"kept hash":      {`,"verify":true,"hash":"` + whole.Entries[2].Hash + `"`, "", false},
	} {
		got := ask(tt.query)
		var details []string
		for _, e := range got.Entries {
			details = append(details, e.Detail)
		}
		if got.Status != "ok" || got.Chain != 5 || got.Last != whole.Entries[0].Hash || strings.Join(details, " ") != tt.want || got.More != tt.more {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := ask(`,"verify":true,"hash":"0123"`); got.Status != "failed" || !strings.Contains(got.Reason, "cut off") || got.Next == "" {
		t.Errorf("a hash that is not there: %+v", got)
	}
	if got := ask(`,"limit":1001`); got.Status != "refused" || got.Reason == "" {
		t.Errorf("a limit beyond the answer's size: %+v", got)
	}
	h.store = tampered{db}
	if got := ask(`,"actor":"alice"`); got.Status != "failed" || got.Chain != 7 || !strings.Contains(got.Reason, "entry 8") || got.Next == "" || len(got.Entries) != 2 {
		t.Errorf("a broken chain: %+v", got)
	}
}

// TestAuditAnswerFits: entries with large documents do not make an answer that the platform refuses.
func TestAuditAnswerFits(t *testing.T) {
	t.Parallel()
	h, db, _ := newHandler(t, shop)
	for range 12 {
		if err := db.Audit(t.Context(), store.AuditEntry{At: h.now(), Actor: "a", Action: "scope.apply", After: strings.Repeat("x", 500_000)}); err != nil {
			t.Fatal(err)
		}
	}
	if got := call[auditResult](t, h, `{"operation":"audit"}`); got.Status != "ok" || !got.More || len(got.Entries) != 8 {
		t.Errorf("%s, %d entries, more %v", got.Status, len(got.Entries), got.More)
	}
}

// TestTrailNamesWhoAsked: what a run does is written down with whom its input names, the scope document and joining and
// leaving alike; what the rule for new accounts does names nobody.
func TestTrailNamesWhoAsked(t *testing.T) {
	t.Parallel()
	h, db, _ := newHandler(t, admin, shop, payments)
	call[planResult](t, h, `{"operation":"plan","action":"join","run_id":"r1","input":{"accounts":["`+shop+`"],"by":"alice\nroot"}}`)
	call[sliceResult](t, h, `{"operation":"join","run_id":"r1","slice":0}`)
	call[planResult](t, h, `{"operation":"plan","action":"leave","run_id":"r2","input":{"accounts":["`+shop+`"],"by":"bob"}}`)
	call[sliceResult](t, h, `{"operation":"leave","run_id":"r2","slice":0}`)
	doc := `{"version":1,"site":"cn","include":{"all":true},"new_accounts":"join"}`
	call[scopeResult](t, h, `{"operation":"apply-scope","run_id":"r3","input":{"scope":`+doc+`,"by":"carol"}}`)
	call[sliceResult](t, h, `{"operation":"join","run_id":"r3-join","slice":0}`)
	h.members.(*membersStub).uids = append(h.members.(*membersStub).uids, nobody)
	call[followResult](t, h, `{"operation":"follow"}`)
	list, err := db.SearchAudit(t.Context(), store.AuditQuery{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range list {
		got[e.Action+" "+e.Account+" "+strings.Fields(e.Origin + " none")[0]] = e.Actor
	}
	for key, want := range map[string]string{
		"account.join " + shop + " r1": "alice root, as stated to onboard", "account.leave " + shop + " r2": "bob, as stated to onboard",
		"scope.apply  r3": "carol, as stated to onboard", "account.join " + payments + " r3-join": "carol, as stated to onboard",
	} {
		if got[key] != want {
			t.Errorf("%s by %q, want %q", key, got[key], want)
		}
	}
	if byRule, err := db.SearchAudit(t.Context(), store.AuditQuery{Account: nobody, Action: "account.join"}); err != nil || len(byRule) != 1 || byRule[0].Actor != "onboard" {
		t.Errorf("by the rule: %+v, %v", byRule, err)
	}
}

// dying is a store that dies once, after the entry about a scope document and before the document.
type dying struct {
	*store.DB
	died bool
}

func (d *dying) SaveScopeDocument(ctx context.Context, body json.RawMessage, by string, now time.Time) error {
	if !d.died {
		d.died = true
		return &soc.Error{Kind: soc.Unavailable, Op: "save scope document"}
	}
	return d.DB.SaveScopeDocument(ctx, body, by, now)
}

// TestScopeDocumentIsNotedOnce: a step that is done again after a crash leaves one entry.
func TestScopeDocumentIsNotedOnce(t *testing.T) {
	t.Parallel()
	h, db, _ := newHandler(t, admin, shop)
	h.store = &dying{DB: db}
	payload := `{"operation":"apply-scope","run_id":"r1","input":{"scope":` + document(`{"all":true}`, "") + `,"by":"alice"}}`
	if _, err := invoke(t, h, payload); soc.KindOf(err) != soc.Unavailable {
		t.Fatalf("%v, want an error for Retry", err)
	}
	if r := call[scopeResult](t, h, payload); r.Status != "ok" || r.Joins != 1 {
		t.Errorf("%+v", r)
	}
	if list, err := db.SearchAudit(t.Context(), store.AuditQuery{Action: "scope.apply"}); err != nil || len(list) != 1 {
		t.Errorf("%d entries, %v", len(list), err)
	}
}
