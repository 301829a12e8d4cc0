package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/directory"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// TestDelegationsAreInTheTrail: what Security Center shows is written down when it differs from what was last written, once.
func TestDelegationsAreInTheTrail(t *testing.T) {
	t.Parallel()
	h, db, _ := newHandler(t, shop)
	see := func(list ...directory.SecurityAccount) {
		t.Helper()
		h.members.(*membersStub).administrators = list
		for range 2 { // the second look finds nothing new
			if f := call[followResult](t, h, `{"operation":"follow"}`); f.Status != org.StatusOK {
				t.Fatalf("%+v", f)
			}
		}
	}
	both := directory.SecurityAccount{ID: admin, AdministersSecurity: true, AdministersAnalysis: true}
	see(both)
	see(both, directory.SecurityAccount{ID: payments, AdministersSecurity: true})
	see() // this account may not ask any more
	trail, err := db.SearchAudit(t.Context(), store.AuditQuery{Action: org.ChangeDelegates})
	if err != nil || len(trail) != 3 {
		t.Fatalf("%d entries, %v; want one for each change: %+v", len(trail), err, trail)
	}
	if trail[2].Before != "" || trail[1].Before != trail[2].After || trail[0].Before != trail[1].After || !strings.Contains(trail[0].After, `"denied":true`) || !strings.Contains(trail[1].After, payments) {
		t.Errorf("before and after: %+v", trail)
	}
	if !strings.Contains(trail[0].Actor, mgmt) || !strings.HasPrefix(trail[0].Origin, "seen by ") {
		t.Errorf("who and from where: %+v", trail[0])
	}
	incidents, err := db.Incidents(t.Context(), store.IncidentFilter{})
	if err != nil || len(incidents) != 2 {
		t.Fatalf("%d security events, %v; want one for each change after the first sight", len(incidents), err)
	}
	levels := map[soc.Level]int{}
	for _, i := range incidents {
		levels[i.Level]++
	}
	if levels[soc.High] == 0 {
		t.Errorf("the loss of its own delegation is not told as high: %v", levels)
	}
	if _, _, err := db.VerifyAudit(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestMonitoredAccountsFollowTheScope: joined accounts are in Security Center's list, those that leave are not, and what
// somebody put there by hand stays.
func TestMonitoredAccountsFollowTheScope(t *testing.T) {
	t.Parallel()
	h, db, _ := newHandler(t, shop, payments)
	stub := h.members.(*membersStub)
	const byHand = "1100000000000077"
	stub.monitored = []string{byHand}
	for uid, state := range map[string]soc.AccountState{shop: soc.AccountJoined, payments: soc.AccountJoined, nobody: soc.AccountFailed} {
		if err := db.SaveAccount(t.Context(), soc.Account{UID: uid, State: state}); err != nil {
			t.Fatal(err)
		}
	}
	call[followResult](t, h, `{"operation":"follow"}`)
	if d := cmp.Diff([]string{shop, payments, byHand}, stub.monitored); d != "" {
		t.Errorf("after a regular run (-want +got):\n%s", d)
	}
	call[planResult](t, h, `{"operation":"plan","run_id":"r","action":"leave","input":{"accounts":["`+payments+`"]}}`)
	if d := cmp.Diff([]string{shop, byHand}, stub.monitored); d != "" {
		t.Errorf("before the roles of an account are removed (-want +got):\n%s", d)
	}
}

// TestTrailNamesWhoDelegated: a change that a flow of the management account made is written down with who asked it to,
// as the flow noted it in the directory; one that was made by hand is not laid at the door of an older note.
func TestTrailNamesWhoDelegated(t *testing.T) {
	t.Parallel()
	h, db, _ := newHandler(t, admin, shop)
	stub := h.members.(*membersStub)
	see := func(shopToo bool) store.AuditEntry {
		t.Helper()
		stub.administrators = []directory.SecurityAccount{
			{ID: admin, AdministersSecurity: true, AdministersAnalysis: true},
			{ID: shop, AdministersSecurity: shopToo, AdministersAnalysis: shopToo},
		}
		call[followResult](t, h, `{"operation":"follow"}`)
		trail, err := db.SearchAudit(t.Context(), store.AuditQuery{Action: org.ChangeDelegates, Limit: 1})
		if err != nil || len(trail) != 1 {
			t.Fatal(trail, err)
		}
		return trail[0]
	}
	note := func(uid, change, by string, age time.Duration) {
		stub.tags = map[string][]org.Tag{uid: org.DelegationNote{Change: change, At: h.now().Add(-age), Run: "run-" + by, By: by}.Tags()}
	}
	byHand := "management account " + mgmt
	note(admin, org.Designated, "alice", time.Hour)
	if e := see(false); e.Actor != "alice, as stated to delegate in account "+mgmt || !strings.Contains(e.Detail, "run-alice") {
		t.Errorf("the first look: %+v", e)
	}
	note(shop, org.Designated, "bob", time.Second)
	if e := see(true); e.Actor != "bob, as stated to delegate in account "+mgmt || !strings.Contains(e.Detail, shop+" was designated") {
		t.Errorf("designated by a flow: %+v", e)
	}
	if e := see(false); e.Actor != byHand || !strings.Contains(e.Detail, shop+" was removed") {
		t.Errorf("removed by hand, with a note of the designation: %+v", e)
	}
	note(shop, org.Designated, "bob", 2*time.Hour)
	if e := see(true); e.Actor != byHand {
		t.Errorf("designated by hand, with a note from before: %+v", e)
	}
	note(shop, org.Undesignated, "", 0)
	if e := see(false); e.Actor != "delegate in account "+mgmt {
		t.Errorf("removed by a flow that names nobody: %+v", e)
	}
	stub.administrators = nil // denied
	call[followResult](t, h, `{"operation":"follow"}`)
	trail, err := db.SearchAudit(t.Context(), store.AuditQuery{Action: org.ChangeDelegates, Limit: 1})
	if err != nil || trail[0].Actor != byHand || !strings.Contains(trail[0].Detail, "ActionTrail") {
		t.Errorf("its own delegation is gone: %+v, %v", trail, err)
	}
}

// mute is a store that fails to take an entry, once.
type mute struct {
	*store.DB
	failed bool
}

func (m *mute) Audit(ctx context.Context, e store.AuditEntry) error {
	if !m.failed && e.Before != "" {
		m.failed = true
		return &soc.Error{Kind: soc.Unavailable, Op: "audit"}
	}
	return m.DB.Audit(ctx, e)
}

// TestDelegationIsToldAfterACrash: the security event and the entry are both there, once, when the run dies between them.
func TestDelegationIsToldAfterACrash(t *testing.T) {
	t.Parallel()
	h, db, _ := newHandler(t, shop)
	m := &mute{DB: db}
	h.store = m
	stub := h.members.(*membersStub)
	stub.administrators = []directory.SecurityAccount{{ID: admin, AdministersSecurity: true, AdministersAnalysis: true}}
	call[followResult](t, h, `{"operation":"follow"}`)
	stub.administrators = []directory.SecurityAccount{{ID: admin, AdministersSecurity: true}}
	for range 3 {
		call[followResult](t, h, `{"operation":"follow"}`)
	}
	trail, err := db.SearchAudit(t.Context(), store.AuditQuery{Action: org.ChangeDelegates})
	if err != nil || len(trail) != 2 || !m.failed {
		t.Errorf("%+v, %v, died %v", trail, err, m.failed)
	}
	if list, err := db.Incidents(t.Context(), store.IncidentFilter{}); err != nil || len(list) != 1 || list[0].Level != soc.High {
		t.Errorf("security events: %+v, %v", list, err)
	}
}
