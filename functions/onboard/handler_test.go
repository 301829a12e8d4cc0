package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo"
	"github.com/fenghuo-soc/fenghuo/shared/catalog"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/directory"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

const (
	mgmt     = "1100000000000001"
	admin    = "1100000000000002"
	shop     = "1100000000000003"
	payments = "1100000000000004"
	nobody   = "1100000000000009"
)

// membersStub is the directory: settled members, unless status or deletion says something else.
type membersStub struct {
	uids     []string
	name     map[string]string
	status   map[string]string
	deletion map[string]string
	tags     map[string][]org.Tag

	administrators []directory.SecurityAccount // of security services; nil: who asks is none
	monitored      []string
}

func (m *membersStub) ListMembers(context.Context) ([]directory.Member, error) {
	var out []directory.Member
	for _, uid := range m.uids {
		x := directory.Member{Account: directory.Account{ID: uid, Name: cmp.Or(m.name[uid], "n"+uid), Status: cmp.Or(m.status[uid], "InviteSuccess"), Path: "rd-1/r-1/" + uid}}
		for _, t := range m.tags[uid] {
			x.Tags.Tag = append(x.Tags.Tag, directory.Tag(t))
		}
		out = append(out, x)
	}
	return out, nil
}

func (m *membersStub) GetAccount(_ context.Context, uid string) (directory.Account, error) {
	return directory.Account{ID: uid, DeletionStatus: m.deletion[uid]}, nil
}

func (m *membersStub) SecurityAccounts(context.Context) ([]directory.SecurityAccount, error) {
	if m.administrators == nil {
		return nil, &soc.Error{Kind: soc.Denied, Op: "ListAccountsInResourceDirectory"}
	}
	return m.administrators, nil
}

func (m *membersStub) Monitored(context.Context) ([]string, error) {
	return slices.Clone(m.monitored), nil
}

func (m *membersStub) SetMonitored(_ context.Context, accounts []string) error {
	m.monitored = accounts
	return nil
}

// rolesStub is create-roles: it refuses accounts that are not members and can be throttled.
type rolesStub struct {
	members   []string
	throttled map[string]bool
	dies      map[string]bool   // the next ensure is done, and its answer lost
	refused   map[string]string // why ensure is refused
	drifted   map[string]bool   // the next ensure repairs

	mu sync.Mutex
}

func (s *rolesStub) Invoke(_ context.Context, function string, payload []byte) ([]byte, error) {
	var r org.RolesRequest
	if err := json.Unmarshal(payload, &r); err != nil || function != "create-roles" {
		return nil, fmt.Errorf("%s: %w", function, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.throttled[r.Account] {
		return nil, &soc.Error{Kind: soc.Throttled, Op: "invoke function"}
	}
	if why := s.refused[r.Account]; why != "" && r.Operation == org.OpEnsure {
		return json.Marshal(org.RolesResult{Status: "failed", Account: r.Account, Kind: soc.Denied, Reason: why, Next: "look"})
	}
	if r.Operation == org.OpVerify && s.drifted[r.Account] {
		return json.Marshal(org.RolesResult{Status: "ok", Account: r.Account, Roles: []soc.RoleState{{Name: "fenghuo-collector", State: org.RoleDrifted, Differs: []string{"trust"}}}})
	}
	state := map[string]string{org.OpClaim: org.RoleCreated, org.OpEnsure: org.RoleRepaired, org.OpVerify: org.RoleUnchanged, org.OpRemove: org.RoleRemoved}[r.Operation]
	if r.Operation == org.OpEnsure && !s.drifted[r.Account] {
		state = org.RoleUnchanged
	}
	delete(s.drifted, r.Account)
	if s.dies[r.Account] { // after it was done
		delete(s.dies, r.Account)
		return nil, &soc.Error{Kind: soc.Timeout, Op: "invoke create-roles"}
	}
	return json.Marshal(org.RolesResult{Status: "ok", Account: r.Account, Roles: []soc.RoleState{{Name: "fenghuo-collector", State: state}}})
}

func newHandler(t *testing.T, members ...string) (*handler, *store.DB, *rolesStub) {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "s.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	var mu sync.Mutex
	clock := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	roles := &rolesStub{members: members, throttled: map[string]bool{}, refused: map[string]string{}, dies: map[string]bool{}, drifted: map[string]bool{}}
	templates, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	stub := &membersStub{uids: members, name: map[string]string{}, status: map[string]string{}, deletion: map[string]string{}}
	h := &handler{
		store: db, members: stub, security: stub,
		management: mgmt, site: "cn", region: "cn-hangzhou", catalog: templates, template: fenghuo.Template,
		retention: func(context.Context) ([]retained, error) {
			return []retained{{"collected logs", "stream", 7}, {"alerts", "alerts", forever}}, nil
		},
		now: func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			clock = clock.Add(time.Millisecond)
			return clock
		},
	}
	h.mover = &org.Mover{Roles: createRoles{roles}, Store: db, Now: func() time.Time { return h.now() }, Finish: h.finish}
	return h, db, roles
}

func call[O any](t *testing.T, h *handler, payload string) O {
	t.Helper()
	out, err := invoke(t, h, payload)
	if err != nil {
		t.Fatalf("%s: %v", payload, err)
	}
	var o O
	if err := json.Unmarshal(out, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func invoke(t *testing.T, h *handler, payload string) ([]byte, error) {
	return fc.Typed(h.receive).Invoke(fc.NewContext(t.Context(), &fc.Context{AccountID: admin}), []byte(payload))
}

func TestJoinAndLeave(t *testing.T) {
	t.Parallel()
	h, db, roles := newHandler(t, admin, shop, payments)
	p := call[planResult](t, h, `{"operation":"plan","action":"join","run_id":"r1","input":{"accounts":["*"],"response":true}}`)
	if p.Status != "ok" || p.Accounts != 2 || !gocmp.Equal(p.Slices, []sliceRef{{"r1", 0, "join"}}) {
		t.Fatalf("plan %+v; the administrator itself is not taken into scope", p)
	}
	roles.throttled[payments] = true
	if _, err := invoke(t, h, `{"operation":"join","run_id":"r1","slice":0}`); soc.KindOf(err) != soc.Throttled {
		t.Fatalf("throttled slice: %v, want an error for Retry", err)
	}
	if r := call[reportResult](t, h, `{"operation":"report","run_id":"r1"}`); r.Status != "partial" || len(r.Joined) != 1 || len(r.Failed) != 1 || r.Failed[0].Next == "" {
		t.Errorf("report between: %+v", r)
	}
	roles.throttled[payments] = false
	if s := call[sliceResult](t, h, `{"operation":"join","run_id":"r1","slice":0}`); s.Status != "ok" || s.Done != 2 {
		t.Errorf("slice %+v", s)
	}
	if r := call[reportResult](t, h, `{"operation":"report","run_id":"r1"}`); r.Status != "ok" || !gocmp.Equal(r.Joined, []string{shop, payments}) {
		t.Errorf("report: %+v", r)
	}
	if a, err := db.Account(t.Context(), shop); err != nil || a.State != soc.AccountJoined || !a.Response || a.Name != "n"+shop {
		t.Errorf("account %+v, %v", a, err)
	}

	p = call[planResult](t, h, `{"operation":"plan","action":"leave","run_id":"r2","input":{"accounts":["`+shop+`","`+nobody+`"]}}`)
	if p.Status != "ok" || p.Accounts != 1 || len(p.Refused) != 1 {
		t.Fatalf("plan to leave %+v", p)
	}
	call[sliceResult](t, h, `{"operation":"leave","run_id":"r2","slice":0}`)
	if r := call[reportResult](t, h, `{"operation":"report","run_id":"r2"}`); r.Status != "ok" || !gocmp.Equal(r.Left, []string{shop}) {
		t.Errorf("report: %+v", r)
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	h, db, _ := newHandler(t, admin, shop)
	for name, tt := range map[string]struct {
		payload string
		status  string
		refused int
	}{
		"one bad account":    {`{"operation":"plan","action":"join","run_id":"a","input":{"accounts":["` + shop + `","` + nobody + `"]}}`, "ok", 1},
		"only bad accounts":  {`{"operation":"plan","action":"join","run_id":"b","input":{"accounts":["` + nobody + `"]}}`, "refused", 1},
		"management account": {`{"operation":"plan","action":"join","run_id":"c","input":{"accounts":["` + mgmt + `"]}}`, "refused", 0},
		"administrator":      {`{"operation":"plan","action":"join","run_id":"c","input":{"accounts":["` + admin + `"]}}`, "refused", 0},
		"not a uid":          {`{"operation":"plan","action":"join","run_id":"d","input":{"accounts":["shop"]}}`, "refused", 0},
		"twice":              {`{"operation":"plan","action":"join","run_id":"e","input":{"accounts":["` + shop + `","` + shop + `"]}}`, "refused", 0},
		"nobody":             {`{"operation":"plan","action":"join","run_id":"f","input":{}}`, "refused", 0},
		"all may not leave":  {`{"operation":"plan","action":"leave","run_id":"g","input":{"accounts":["*"]}}`, "refused", 0},
		"unknown action":     {`{"operation":"plan","action":"move","run_id":"h","accounts":["*"]}`, "refused", 0},
		"no run":             {`{"operation":"plan","action":"join","accounts":["*"]}`, "refused", 0},
		"unknown input":      {`{"operation":"plan","action":"join","run_id":"i","input":{"account":["*"]}}`, "refused", 0},
		"same id, other way": {`{"operation":"plan","action":"leave","run_id":"z","input":{"accounts":["` + shop + `"]}}`, "refused", 0},
	} {
		if name == "same id, other way" {
			call[planResult](t, h, `{"operation":"plan","action":"join","run_id":"z","accounts":["*"]}`)
		}
		p := call[planResult](t, h, tt.payload)
		if p.Status != tt.status || len(p.Refused) != tt.refused || p.Slices == nil || p.Refused == nil || (p.Status != "ok") != (p.Reason != "") {
			t.Errorf("%s: %+v, want %s with %d refused", name, p, tt.status, tt.refused)
		}
	}
	call[sliceResult](t, h, `{"operation":"join","run_id":"a","slice":0}`)
	if r := call[reportResult](t, h, `{"operation":"report","run_id":"a"}`); r.Status != "partial" || len(r.Joined) != 1 || len(r.Failed) != 1 || r.Failed[0].Reason == "" {
		t.Errorf("the report must name the account that was refused: %+v", r)
	}
	if _, err := db.Account(t.Context(), mgmt); soc.KindOf(err) != soc.NotFound {
		t.Errorf("the management account was stored: %v", err)
	}
}

func TestSliceRefuses(t *testing.T) {
	t.Parallel()
	h, _, _ := newHandler(t, shop)
	call[planResult](t, h, `{"operation":"plan","action":"join","run_id":"r","accounts":["*"]}`)
	for _, payload := range []string{
		`{"operation":"join","run_id":"x","slice":0}`, `{"operation":"join","run_id":"r","slice":1}`,
		`{"operation":"leave","run_id":"r","slice":0}`, `{"operation":"report","run_id":"x"}`, `{"operation":"other"}`,
	} {
		if s := call[sliceResult](t, h, payload); s.Status != "refused" || s.Reason == "" {
			t.Errorf("%s: %+v, want refused", payload, s)
		}
	}
}
