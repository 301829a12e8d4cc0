package org

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

type memory struct {
	mu       sync.Mutex
	accounts map[string]soc.Account
	calls    map[string]int // by operation and account
	answer   func(req RolesRequest, nth int) (RolesResult, error)
}

func newMemory(accounts ...soc.Account) *memory {
	m := &memory{accounts: map[string]soc.Account{}, calls: map[string]int{}}
	for _, a := range accounts {
		m.accounts[a.UID] = a
	}
	return m
}

func (m *memory) Account(_ context.Context, uid string) (soc.Account, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if a, ok := m.accounts[uid]; ok {
		return a, nil
	}
	return soc.Account{}, gone(uid)
}

func (m *memory) SaveAccount(_ context.Context, a soc.Account) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.accounts[a.UID] = a
	return nil
}

func (m *memory) MakeRoles(_ context.Context, req RolesRequest) (RolesResult, error) {
	m.mu.Lock()
	key := req.Operation + " " + req.Account
	m.calls[key]++
	n := m.calls[key]
	m.mu.Unlock()
	if m.answer != nil {
		if res, err := m.answer(req, n); err != nil || res.Status != "" {
			return res, err
		}
	}
	state := map[string]string{OpEnsure: RoleCreated, OpClaim: RoleCreated, OpVerify: RoleUnchanged, OpRemove: RoleRemoved}[req.Operation]
	return RolesResult{Status: StatusOK, Account: req.Account, Roles: []soc.RoleState{{Name: collector, State: state}}}, nil
}

func (m *memory) mover() *Mover {
	return &Mover{Roles: m, Store: m, Now: func() time.Time { return start.Add(time.Second) }}
}

func uid(n int) string { return fmt.Sprintf("13%014d", n) }

func TestJoin(t *testing.T) {
	t.Parallel()
	throttled := &soc.Error{Kind: soc.Throttled, Op: "invoke", Next: "wait"}
	m := newMemory(soc.Account{UID: uid(1)}, soc.Account{UID: uid(2)}, soc.Account{UID: uid(3)}, soc.Account{UID: uid(4)})
	m.answer = func(req RolesRequest, nth int) (RolesResult, error) {
		switch {
		case req.Account == uid(2):
			return RolesResult{Status: StatusRefused, Kind: soc.NotFound, Reason: "not a member", Next: "invite it"}, nil
		case req.Account == uid(3) && nth == 1 && req.Operation == OpClaim:
			return RolesResult{}, throttled
		case req.Account == uid(4) && req.Operation == OpVerify:
			return RolesResult{Status: StatusOK, Roles: []soc.RoleState{{Name: collector, State: RoleDrifted}}}, nil
		}
		return RolesResult{}, nil
	}
	r := soc.ScopeRun{ID: "r", CreatedAt: start, Accounts: []string{uid(1), uid(2), uid(3), uid(4)}}
	c, err := m.mover().Join(t.Context(), r, r.Accounts)
	if want := (Counts{Done: 1, Failed: 2, Again: 1}); c != want || !errors.Is(err, throttled) {
		t.Errorf("first try: %+v, %v; want %+v and the throttling", c, err, want)
	}
	if a := m.accounts[uid(3)]; a.State != soc.AccountJoining || a.Next != "wait" {
		t.Errorf("throttled account: %+v, want joining with its reason", a)
	}
	calls := m.calls[OpClaim+" "+uid(1)]
	c, err = m.mover().Join(t.Context(), r, r.Accounts)
	if want := (Counts{Done: 2, Failed: 2}); c != want || err != nil {
		t.Errorf("second try: %+v, %v; want %+v", c, err, want)
	}
	if got := m.calls[OpClaim+" "+uid(1)]; got != calls {
		t.Error("an account that had joined was worked on again in the same run")
	}
	got := map[string]soc.AccountState{}
	for id, a := range m.accounts {
		got[id] = a.State
	}
	want := map[string]soc.AccountState{uid(1): soc.AccountJoined, uid(2): soc.AccountFailed, uid(3): soc.AccountJoined, uid(4): soc.AccountFailed}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	if a := m.accounts[uid(2)]; a.Next != "invite it" || a.Reason == "" {
		t.Errorf("failed account: %+v, want reason and next step", a)
	}
	if a := m.accounts[uid(3)]; a.Reason != "" || a.JoinedAt.IsZero() || len(a.Roles) != 1 {
		t.Errorf("joined account: %+v, want no reason, a time and its roles", a)
	}
}

func TestLeave(t *testing.T) {
	t.Parallel()
	m := newMemory()
	for i := range 3 {
		m.accounts[uid(i)] = soc.Account{UID: uid(i), State: soc.AccountJoined, Response: true, JoinedAt: start, UpdatedAt: start.Add(-time.Hour)}
	}
	m.answer = func(req RolesRequest, _ int) (RolesResult, error) {
		switch req.Account {
		case uid(1):
			return RolesResult{Status: StatusRefused, Kind: soc.NotFound, Reason: "not a member"}, nil
		case uid(2): // the broker is not there: that says nothing about the member
			return RolesResult{}, gone("fenghuo-broker")
		}
		return RolesResult{}, nil
	}
	r := soc.ScopeRun{ID: "r", CreatedAt: start, Accounts: []string{uid(0), uid(1), uid(2)}}
	c, err := m.mover().Leave(t.Context(), r, r.Accounts)
	if want := (Counts{Done: 2, Failed: 1}); c != want || err != nil {
		t.Errorf("%+v, %v; want %+v", c, err, want)
	}
	if a := m.accounts[uid(0)]; a.State != soc.AccountLeft || a.Response || a.Reason != "" {
		t.Errorf("left: %+v", a)
	}
	if a := m.accounts[uid(1)]; a.State != soc.AccountLeft || a.Next == "" {
		t.Errorf("an account that left the directory: %+v, want left with advice", a)
	}
	if a := m.accounts[uid(2)]; a.State != soc.AccountFailed {
		t.Errorf("broken broker: %+v, want failed", a)
	}
}

func TestSlices(t *testing.T) {
	t.Parallel()
	var r soc.ScopeRun
	for i := range 2*SliceSize + 1 {
		r.Accounts = append(r.Accounts, uid(i))
	}
	var all []string
	for n := range Slices(r) {
		s, err := Slice(r, n)
		if err != nil || len(s) > SliceSize {
			t.Fatalf("slice %d: %d accounts, %v", n, len(s), err)
		}
		all = append(all, s...)
	}
	if Slices(r) != 3 || !cmp.Equal(all, r.Accounts) {
		t.Errorf("%d slices hold %d accounts, want 3 with every account once", Slices(r), len(all))
	}
	for _, n := range []int{-1, 3} {
		if _, err := Slice(r, n); soc.KindOf(err) != soc.Invalid {
			t.Errorf("slice %d: %v, want Invalid", n, err)
		}
	}
}
