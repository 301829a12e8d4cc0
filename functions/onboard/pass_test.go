package main

import (
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// TestPassesAreListedAndRevoked by the function, as the command does without the console.
func TestPassesAreListedAndRevoked(t *testing.T) {
	t.Parallel()
	h, db, _ := newHandler(t, shop, payments)
	for id, uid := range map[string]string{"P1": shop, "P2": shop, "P3": payments} {
		if err := db.SavePass(t.Context(), soc.Pass{ID: id, Account: uid, For: "alice", GivenAt: h.now(), Ends: h.now().Add(time.Hour)}, store.AuditEntry{At: h.now(), Action: org.ChangePass, Account: uid}); err != nil {
			t.Fatal(err)
		}
	}
	if got := call[passesResult](t, h, `{"operation":"passes"}`); got.Status != "ok" || len(got.Passes) != 3 {
		t.Errorf("%+v", got)
	}
	for _, wrong := range []string{`"account":"` + payments + `","pass":"P1"`, `"account":"` + shop + `","pass":""`, `"pass":"P1"`} {
		if got := call[passesResult](t, h, `{"operation":"revoke-pass",`+wrong+`}`); got.Status != "refused" || got.Reason == "" {
			t.Errorf("%s: %+v", wrong, got)
		}
	}
	var got passesResult
	for range 2 {
		got = call[passesResult](t, h, `{"operation":"revoke-pass","account":"`+shop+`","pass":"P1","by":"bob"}`)
	}
	open := map[string]bool{}
	for _, p := range got.Passes {
		open[p.ID] = p.Opens(h.now())
	}
	if got.Status != "ok" || len(open) != 2 || open["P1"] || !open["P2"] {
		t.Errorf("%+v", got)
	}
	trail, err := db.SearchAudit(t.Context(), store.AuditQuery{Action: org.ChangeRevoke})
	if err != nil || len(trail) != 1 || trail[0].Actor != "bob, as stated to onboard" || trail[0].Account != shop || !strings.HasPrefix(trail[0].Origin, "command") || !strings.Contains(trail[0].Detail, "P1") {
		t.Errorf("%+v, %v", trail, err)
	}
}
