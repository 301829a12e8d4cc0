package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// TestReportNamesEveryAccount: the state of a flow holds 60 failures and says so; whoever asks for all gets all, each with
// why and what to do.
func TestReportNamesEveryAccount(t *testing.T) {
	t.Parallel()
	h, db, _ := newHandler(t)
	run := soc.ScopeRun{ID: "r", Operation: joinAction}
	for i := range 75 {
		uid := fmt.Sprintf("12%014d", i)
		run.Accounts = append(run.Accounts, uid)
		if err := db.SaveAccount(t.Context(), soc.Account{UID: uid, State: soc.AccountFailed, Reason: "because " + uid, Next: "do"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.SaveScopeRun(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	if r := call[reportResult](t, h, `{"operation":"report","run_id":"r"}`); len(r.Failed) != 60 || r.FailedCount != 75 || !strings.Contains(r.Reason, "60 are named here") || !strings.Contains(r.Reason, "members report r") {
		t.Errorf("%d named of %d: %s", len(r.Failed), r.FailedCount, r.Reason)
	}
	r := call[reportResult](t, h, `{"operation":"report","run_id":"r","all":true}`)
	if len(r.Failed) != 75 || r.Failed[74].Reason != "because "+run.Accounts[74] || r.Failed[74].Next != "do" {
		t.Errorf("all: %+v", r.Failed)
	}
}
