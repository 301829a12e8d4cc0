package org

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// errCrash is what every call answers after the process died.
var errCrash = errors.New("the process is gone")

// setKey names a rendered role set.
type setKey struct {
	account  string
	response bool
}

// sets keeps rendered role sets: reading the template for each call would be all that these tests do.
var sets sync.Map

func setOf(t testing.TB, account string, response bool) RoleSet {
	t.Helper()
	key := setKey{account, response}
	if s, ok := sets.Load(key); ok {
		return s.(RoleSet)
	}
	set, err := MemberRoles(templateBytes(t), Member{Account: account, Administrator: admin, Management: mgmt, ExternalID: secret, Response: response})
	if err != nil {
		t.Fatal(err)
	}
	sets.Store(key, set)
	return set
}

// site is a small directory with its store and the RAM of each member. It dies at a chosen write, before or after that
// write took effect, and lives again with what was written.
type site struct {
	t        testing.TB
	accounts map[string]soc.Account
	rams     map[string]*fakeRAM
	told     map[string][]string // by account: where it came to, as it was told with what was stored
	left     int                 // writes until the crash; negative never
	after    bool                // the write that dies takes effect
	dead     bool
	writes   int
	clock    time.Time
}

func newSite(t testing.TB, uids ...string) *site {
	s := &site{t: t, accounts: map[string]soc.Account{}, rams: map[string]*fakeRAM{}, told: map[string][]string{}, left: -1, clock: start}
	for _, u := range uids {
		s.rams[u] = newFakeRAM()
	}
	return s
}

// write counts a write and does it unless the process dies first.
func (s *site) write(do func() error) error {
	if s.dead {
		return errCrash
	}
	s.writes++
	if s.left == 0 {
		s.dead = true
		if s.after {
			if err := do(); err != nil {
				return err
			}
		}
		return errCrash
	}
	s.left--
	return do()
}

func (s *site) Account(_ context.Context, uid string) (soc.Account, error) {
	if s.dead {
		return soc.Account{}, errCrash
	}
	if a, ok := s.accounts[uid]; ok {
		return a, nil
	}
	return soc.Account{}, gone(uid)
}

func (s *site) SaveAccount(_ context.Context, a soc.Account) error {
	return s.write(func() error { s.accounts[a.UID] = a; return nil })
}

func (s *site) finish(_ context.Context, c Change) error {
	return s.write(func() error {
		if a := c.After; c.Before.State != soc.AccountJoined || a.State != soc.AccountJoined {
			s.told[a.UID] = append(s.told[a.UID], string(a.State))
		}
		s.accounts[c.After.UID] = c.After
		return nil
	})
}

// MakeRoles is create-roles without the wire.
func (s *site) MakeRoles(ctx context.Context, r RolesRequest) (RolesResult, error) {
	if s.dead {
		return RolesResult{}, errCrash
	}
	set := setOf(s.t, r.Account, r.Response)
	step := map[string]func(context.Context, RAM, RoleSet) ([]soc.RoleState, error){OpClaim: Claim, OpEnsure: Ensure, OpVerify: Verify, OpRemove: Remove}[r.Operation]
	states, err := step(ctx, dyingRAM{s.rams[r.Account], s}, set)
	if err != nil {
		return RolesResult{}, err
	}
	return RolesResult{Status: StatusOK, Account: r.Account, Roles: states}, nil
}

// dyingRAM dies at a write.
type dyingRAM struct {
	*fakeRAM
	s *site
}

func (d dyingRAM) CreateRole(ctx context.Context, role, desc, trust string) error {
	return d.s.write(func() error { return d.fakeRAM.CreateRole(ctx, role, desc, trust) })
}

func (d dyingRAM) SetTrust(ctx context.Context, role, doc string) error {
	return d.s.write(func() error { return d.fakeRAM.SetTrust(ctx, role, doc) })
}

func (d dyingRAM) DeleteRole(ctx context.Context, role string) error {
	return d.s.write(func() error { return d.fakeRAM.DeleteRole(ctx, role) })
}

func (d dyingRAM) CreateServiceRole(ctx context.Context, service string) error {
	return d.s.write(func() error { return d.fakeRAM.CreateServiceRole(ctx, service) })
}

func (d dyingRAM) DeleteServiceRole(ctx context.Context, role string) (state string, err error) {
	err = d.s.write(func() (err error) { state, err = d.fakeRAM.DeleteServiceRole(ctx, role); return err })
	return state, err
}

func (d dyingRAM) CreatePolicy(ctx context.Context, p, doc string) error {
	return d.s.write(func() error { return d.fakeRAM.CreatePolicy(ctx, p, doc) })
}

func (d dyingRAM) SetPolicy(ctx context.Context, p, doc string) error {
	return d.s.write(func() error { return d.fakeRAM.SetPolicy(ctx, p, doc) })
}

func (d dyingRAM) DeletePolicy(ctx context.Context, p string) error {
	return d.s.write(func() error { return d.fakeRAM.DeletePolicy(ctx, p) })
}

func (d dyingRAM) Attach(ctx context.Context, role string, a Attachment) error {
	return d.s.write(func() error { return d.fakeRAM.Attach(ctx, role, a) })
}

func (d dyingRAM) Detach(ctx context.Context, role string, a Attachment) error {
	return d.s.write(func() error { return d.fakeRAM.Detach(ctx, role, a) })
}

// run plans as onboard does and runs one slice, to the end or to a crash.
func (s *site) run(ctx context.Context, op string, response bool, uids ...string) error {
	s.clock = s.clock.Add(time.Minute)
	r := soc.ScopeRun{ID: fmt.Sprintf("%s-%d", op, s.clock.Unix()), Operation: op, CreatedAt: s.clock, Accounts: uids}
	for _, u := range uids {
		a := s.accounts[u]
		if op == "join" && (a.State != soc.AccountJoined || a.Response != response) {
			if a.State = soc.AccountPending; !a.JoinedAt.IsZero() {
				a.State = soc.AccountJoining
			}
			a.UID, a.Response = u, response
			s.accounts[u] = a
		}
	}
	return s.slice(ctx, r)
}

func (s *site) slice(ctx context.Context, r soc.ScopeRun) error {
	m := &Mover{Roles: s, Store: s, Now: func() time.Time { s.clock = s.clock.Add(time.Millisecond); return s.clock }, Finish: s.finish}
	for _, u := range r.Accounts { // one after the other: the crash is at a known place
		step := m.Join
		if r.Operation == "leave" {
			step = m.Leave
		}
		if c, err := step(ctx, r, []string{u}); s.dead {
			return errCrash
		} else if err != nil || c.Failed > 0 {
			return fmt.Errorf("%s %s: %+v, %w", r.Operation, u, c, errors.Join(err, errors.New(s.accounts[u].Reason)))
		}
	}
	return nil
}

// picture is what counts in the end: where the accounts stand and what is in their RAM.
func (s *site) picture() map[string]string {
	out := map[string]string{}
	for u, ram := range s.rams {
		a := s.accounts[u]
		out[u] = fmt.Sprintf("%s response=%v roles=%v policies=%v", a.State, a.Response, slices.Sorted(maps.Keys(ram.roles)), slices.Sorted(maps.Keys(ram.policies)))
	}
	return out
}

// TestCrashAtEveryStep kills the process at every single write of joining, of switching response off and of leaving,
// before and after the write took effect. A rerun ends in the same state, and what happened is told once.
func TestCrashAtEveryStep(t *testing.T) {
	t.Parallel()
	prepare := map[string]func(s *site){
		"join":   func(*site) {},
		"narrow": func(s *site) { mustRun(t, s, "join", true) },
		"leave":  func(s *site) { mustRun(t, s, "join", true) },
	}
	for name, before := range prepare {
		op, response := "join", name == "join"
		if name == "leave" {
			op = "leave"
		}
		whole := newSite(t, shop)
		before(whole)
		from := whole.writes
		mustRun(t, whole, op, response)
		steps := whole.writes - from
		if steps < 4 {
			t.Fatalf("%s takes %d writes: the test sees nothing", name, steps)
		}
		for n := range steps {
			for _, after := range []bool{false, true} {
				s := newSite(t, shop)
				before(s)
				s.left, s.after = n, after
				if err := s.run(t.Context(), op, response, shop); !errors.Is(err, errCrash) && !s.dead {
					t.Fatalf("%s: no crash at write %d: %v", name, n, err)
				}
				s.left, s.dead = -1, false
				mustRun(t, s, op, response)
				if diff := cmp.Diff(whole.picture(), s.picture()); diff != "" {
					t.Errorf("%s: crash at write %d (took effect: %v), then a rerun (-whole +rerun):\n%s", name, n, after, diff)
				}
				if want := slices.Compact(slices.Clone(s.told[shop])); name != "narrow" && len(want) != len(s.told[shop]) {
					t.Errorf("%s: crash at write %d (took effect: %v): told %v", name, n, after, s.told[shop])
				}
				if a := s.accounts[shop]; a.Reason != "" {
					t.Errorf("%s: crash at write %d left the reason %q", name, n, a.Reason)
				}
			}
		}
		t.Logf("%s: %d places to crash at", name, 2*steps)
	}
}

func mustRun(t *testing.T, s *site, op string, response bool) {
	t.Helper()
	if err := s.run(t.Context(), op, response, shop); err != nil {
		t.Fatal(err)
	}
}

// spoil is what somebody in the member may do to our roles.
var spoil = map[string]func(f *fakeRAM){
	"role deleted": func(f *fakeRAM) { delete(f.roles, collector); delete(f.attached, collector) },
	"trust opened": func(f *fakeRAM) {
		f.roles[collector] = strings.Replace(f.roles[collector], "role/fenghuo-collect\"", "root\"", 1)
	},
	"policy widened": func(f *fakeRAM) {
		f.policies[collector] = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	},
	"policy attached": func(f *fakeRAM) {
		f.attached[collector] = append(f.attached[collector], Attachment{"AdministratorAccess", "System"})
	},
	"policy detached": func(f *fakeRAM) { f.attached[collector] = nil },
	"linked deleted":  func(f *fakeRAM) { delete(f.roles, slrRD) },
}

// TestRandomInterleavings joins, leaves, switches response, spoils roles and crashes in any order. After a last run of
// each account's wish, its RAM holds exactly what the wish says.
func TestRandomInterleavings(t *testing.T) {
	t.Parallel()
	uids := []string{uid(1), uid(2), uid(3)}
	rapid.Check(t, func(rt *rapid.T) {
		s := newSite(t, uids...)
		type wish struct{ in, response bool }
		wishes := map[string]wish{}
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			u := rapid.SampledFrom(uids).Draw(rt, "account")
			switch rapid.SampledFrom([]string{"join", "leave", "drift"}).Draw(rt, "what") {
			case "join":
				w := wish{true, rapid.Bool().Draw(rt, "response")}
				wishes[u] = w
				s.crash(rt, "join", w.response, u)
			case "leave":
				if _, known := s.accounts[u]; known {
					wishes[u] = wish{}
					s.crash(rt, "leave", false, u)
				}
			case "drift":
				if s.accounts[u].State == soc.AccountJoined {
					spoil[rapid.SampledFrom(slices.Sorted(maps.Keys(spoil))).Draw(rt, "how")](s.rams[u])
				}
			}
		}
		for u, w := range wishes {
			op := "leave"
			if w.in {
				op = "join"
			}
			if err := s.run(t.Context(), op, w.response, u); err != nil {
				rt.Fatalf("the last run: %v", err)
			}
			set := setOf(t, u, w.response)
			found, err := Verify(t.Context(), s.rams[u], set)
			for _, r := range found {
				if want := map[bool]string{true: RoleUnchanged, false: RoleMissing}[w.in]; err != nil || r.State != want {
					rt.Fatalf("account %s, wish %+v: role %s is %s, %v; want %s", u, w, r.Name, r.State, err, want)
				}
			}
			if n := len(s.rams[u].policies); !w.in && n > 0 {
				rt.Fatalf("account %s left %d policies behind", u, n)
			}
		}
	})
}

// crash runs, perhaps to a crash.
func (s *site) crash(rt *rapid.T, op string, response bool, u string) {
	s.left, s.after = rapid.IntRange(-1, 14).Draw(rt, "crash at"), rapid.Bool().Draw(rt, "after")
	err := s.run(context.Background(), op, response, u)
	if !s.dead && err != nil {
		rt.Fatalf("%s of %s: %v", op, u, err)
	}
	s.left, s.dead = -1, false
}

// TestBackOff: an account that is throttled waits without holding up the others, and is tried a bounded number of times.
func TestBackOff(t *testing.T) {
	t.Parallel()
	throttled := &soc.Error{Kind: soc.Throttled, Op: "CreateRole"}
	var accounts []soc.Account
	var uids []string
	for i := range 12 {
		accounts, uids = append(accounts, soc.Account{UID: uid(i)}), append(uids, uid(i))
	}
	m := newMemory(accounts...)
	m.answer = func(req RolesRequest, nth int) (RolesResult, error) {
		if req.Operation == OpClaim && (req.Account == uid(0) || req.Account == uid(1) && nth < 3) {
			return RolesResult{}, throttled
		}
		return RolesResult{}, nil
	}
	release := make(chan struct{}) // the throttled accounts wait until all others are done
	mover := m.mover()
	joined := 0
	mover.Finish = func(ctx context.Context, c Change) error {
		if err := m.SaveAccount(ctx, c.After); err != nil {
			return err
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		if joined++; joined == len(uids)-2 {
			close(release)
		}
		return nil
	}
	mover.Pause = func(_ context.Context, d time.Duration) error {
		if d < firstPause/2 || d > longestPause {
			t.Errorf("a pause of %v", d)
		}
		<-release
		return nil
	}
	c, err := mover.Join(t.Context(), soc.ScopeRun{ID: "r", CreatedAt: start, Accounts: uids}, uids)
	if want := (Counts{Done: 11, Again: 1}); c != want || !errors.Is(err, throttled) {
		t.Errorf("%+v, %v; want %+v", c, err, want)
	}
	if n := m.calls[OpClaim+" "+uid(0)]; n != accountTries {
		t.Errorf("%d tries, want %d", n, accountTries)
	}
}
