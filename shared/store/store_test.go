package store_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)

func open(t *testing.T) *store.DB {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "state with space?.db"))
}

func openAt(t *testing.T, path string) *store.DB {
	t.Helper()
	s, err := store.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantKind(t *testing.T, err error, kind soc.Kind) {
	t.Helper()
	if soc.KindOf(err) != kind {
		t.Fatalf("error = %v (%s), want kind %s", err, soc.KindOf(err), kind)
	}
}

func TestOpenRefusesOtherSchemes(t *testing.T) {
	t.Parallel()
	_, err := store.Open(t.Context(), "postgres://x")
	wantKind(t, err, soc.Unsupported)
	_, err = store.Open(t.Context(), "/tmp/x.db")
	wantKind(t, err, soc.Invalid)
	_, err = store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "missing", "x.db"))
	wantKind(t, err, soc.Unavailable)
}

func TestOpenTogether(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			s, err := store.Open(context.WithoutCancel(t.Context()), "sqlite:"+path)
			if err != nil {
				t.Error(err)
				return
			}
			s.Close()
		})
	}
	wg.Wait()
}

func TestAccountRoundTrip(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, err := s.Account(t.Context(), "1100000000000003")
	wantKind(t, err, soc.NotFound)
	a := soc.Account{
		UID: "1100000000000003", Name: "shop", State: soc.AccountJoined, Response: true, JoinedAt: now,
		UpdatedAt: now, Roles: []soc.RoleState{{Name: "fenghuo-collector", State: "created"}},
	}
	must(t, s.SaveAccount(t.Context(), a))
	a.State, a.Reason, a.Next = soc.AccountFailed, "role missing", "run again"
	must(t, s.SaveAccount(t.Context(), a))
	got, err := s.Accounts(t.Context())
	must(t, err)
	if d := cmp.Diff([]soc.Account{a}, got); d != "" {
		t.Errorf("accounts (-want +got):\n%s", d)
	}
}

func TestPolicySnapshotKeepsFirst(t *testing.T) {
	t.Parallel()
	s := open(t)
	one := []soc.Policy{{Template: "waf", Account: "1", Enabled: true, UpdatedAt: now}}
	two := []soc.Policy{{Template: "waf", Account: "1", UpdatedAt: now}}
	must(t, s.SavePolicies(t.Context(), "first", one, store.AuditEntry{Action: "policies.apply"}))
	must(t, s.SavePolicies(t.Context(), "second", two, store.AuditEntry{Action: "policies.apply"}))
	must(t, s.SavePolicies(t.Context(), "second", two, store.AuditEntry{Action: "policies.apply"})) // a retried step
	before, err := s.PolicySnapshot(t.Context(), "second")
	must(t, err)
	if d := cmp.Diff(one, before); d != "" {
		t.Errorf("snapshot (-want +got):\n%s", d)
	}
	got, err := s.Policies(t.Context())
	must(t, err)
	if d := cmp.Diff(two, got); d != "" {
		t.Errorf("policies (-want +got):\n%s", d)
	}
}

// collecting returns a store with one joined account, one source and n shards to read.
func collecting(t *testing.T, n int) *store.DB {
	t.Helper()
	s := open(t)
	must(t, s.SaveAccount(t.Context(), soc.Account{UID: "3", State: soc.AccountJoined}))
	must(t, s.SaveDataSource(t.Context(), soc.DataSource{Name: "waf_r_3", Template: "waf", Account: "3", Region: "r", Enabled: true, Health: soc.Initialising}))
	var shards []store.NewShard
	for i := range n {
		shards = append(shards, store.NewShard{Shard: store.Shard{Source: "waf_r_3", Account: "3", Region: "r", Template: "waf", Project: "p", Logstore: "l", Shard: i}})
	}
	added, err := s.AddShards(t.Context(), shards)
	must(t, err)
	if again, err := s.AddShards(t.Context(), shards); err != nil || again != 0 || added != n {
		t.Fatalf("added %d then %d (%v), want %d then 0", added, again, err, n)
	}
	return s
}

func TestLeases(t *testing.T) {
	t.Parallel()
	s := collecting(t, 3)
	ctx := t.Context()
	a, err := s.ClaimShards(ctx, "a", 2, time.Minute, now)
	must(t, err)
	b, err := s.ClaimShards(ctx, "b", 5, time.Minute, now)
	must(t, err)
	if len(a) != 2 || len(b) != 1 {
		t.Fatalf("claimed %d and %d shards, want 2 and 1", len(a), len(b))
	}
	must(t, s.CommitRange(ctx, store.Range{Lease: a[0], From: 100, To: 103, Groups: 3, Records: 30, Bytes: 900, ReadAt: now, LastLogAt: now}))
	if d, err := s.DataSources(ctx); err != nil || d[0].Health != soc.Healthy || d[0].Records != 30 || !d[0].LastLog.Equal(now) {
		t.Errorf("source after records arrived: %+v (%v)", d, err)
	}
	wantKind(t, s.CommitRange(ctx, store.Range{Lease: a[0], From: 100, To: 103}), soc.Conflict) // twice
	wantKind(t, s.CommitRange(ctx, store.Range{Lease: a[0], From: 104, To: 105}), soc.Conflict) // a hole
	wantKind(t, s.CommitRange(ctx, store.Range{Lease: a[0], From: 103, To: 99}), soc.Invalid)

	later := now.Add(2 * time.Minute)
	c, err := s.ClaimShards(ctx, "c", 9, time.Minute, later)
	must(t, err)
	if len(c) != 3 {
		t.Fatalf("claimed %d expired leases, want 3", len(c))
	}
	wantKind(t, s.CommitRange(ctx, store.Range{Lease: a[0], From: 103, To: 104}), soc.Conflict)
	wantKind(t, s.RenewLease(ctx, a[0], later), soc.Conflict)
	wantKind(t, s.ReleaseShard(ctx, a[0], "", time.Time{}, false), soc.Conflict)

	var mine store.Lease
	for _, l := range c {
		if l.Shard == a[0].Shard {
			mine = l
		}
	}
	if !mine.HasCursor || mine.Cursor != 103 || !mine.LastLogAt.Equal(now) {
		t.Fatalf("cursor = %d (%v), last log %v; want 103 and %v", mine.Cursor, mine.HasCursor, mine.LastLogAt, now)
	}
	must(t, s.RenewLease(ctx, mine, later.Add(time.Minute)))
	must(t, s.ReleaseShard(ctx, mine, "denied", later.Add(time.Hour), false))
	if d, err := s.ClaimShards(ctx, "d", 9, time.Minute, later); err != nil || len(d) != 0 {
		t.Fatalf("claimed %d shards while one waits and two are held (%v)", len(d), err)
	}
	must(t, s.SaveAccount(ctx, soc.Account{UID: "3", State: soc.AccountJoined}))
	if d, err := s.ClaimShards(ctx, "d", 9, time.Minute, later); err != nil || len(d) != 1 || d[0].Shard != mine.Shard {
		t.Fatalf("claimed %+v after the account's roles were repaired (%v), want the shard that waited", d, err)
	}
	ledger, err := s.Ledger(ctx)
	must(t, err)
	if len(ledger) != 1 || ledger[0].From != 100 || ledger[0].To != 103 || ledger[0].Records != 30 {
		t.Errorf("ledger = %+v", ledger)
	}
}

// A read that began before a repair may still be refused after it.
func TestRepairDuringARead(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), collecting(t, 1)
	claim := func(want int) store.Lease {
		t.Helper()
		l, err := s.ClaimShards(ctx, "a", 9, time.Minute, now)
		must(t, err)
		if len(l) != want {
			t.Fatalf("claimed %d shards, want %d", len(l), want)
		}
		return append(l, store.Lease{})[0]
	}
	held := claim(1)
	must(t, s.SaveAccount(ctx, soc.Account{UID: "3", State: soc.AccountJoined}))
	if all, err := s.Shards(ctx); err != nil || !all[0].RetryAt.IsZero() {
		t.Errorf("a shard that is read waits until %v (%v)", all[0].RetryAt, err)
	}
	must(t, s.ReleaseShard(ctx, held, "denied before the repair", now.Add(time.Minute), false))
	held = claim(1)
	must(t, s.ReleaseShard(ctx, held, "denied after the repair", now.Add(time.Minute), false))
	claim(0)
}

func TestClaimSkipsWhatIsOff(t *testing.T) {
	t.Parallel()
	s := collecting(t, 1)
	must(t, s.SaveAccount(t.Context(), soc.Account{UID: "3", State: soc.AccountLeaving}))
	if l, err := s.ClaimShards(t.Context(), "a", 9, time.Minute, now); err != nil || len(l) != 0 {
		t.Errorf("claimed %d shards of an account that leaves (%v)", len(l), err)
	}
	must(t, s.SaveAccount(t.Context(), soc.Account{UID: "3", State: soc.AccountJoined}))
	must(t, s.SaveDataSource(t.Context(), soc.DataSource{Name: "waf_r_3", Template: "waf", Account: "3", Region: "r"}))
	if l, err := s.ClaimShards(t.Context(), "a", 9, time.Minute, now); err != nil || len(l) != 0 {
		t.Errorf("claimed %d shards of a source that is off (%v)", len(l), err)
	}
}

func TestAlertsAreWrittenOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx := t.Context()
	rec := soc.RecordID{Project: "p", Logstore: "l", Cursor: 7}
	a := soc.Alert{ID: soc.AlertID("r", rec), RuleID: "r", Account: "3", Level: soc.High, Record: rec, EventTime: now, WrittenAt: now, CreatedAt: now.Add(time.Second)}
	fresh, err := s.InsertAlerts(ctx, []soc.Alert{a, a})
	must(t, err)
	if len(fresh) != 1 {
		t.Fatalf("fresh = %d, want 1", len(fresh))
	}
	i := soc.Incident{ID: soc.IncidentID(a.ID), State: soc.IncidentNew, Level: soc.High, Accounts: []string{"3"}, LastSeen: now}
	must(t, s.SaveIncident(ctx, i, []string{a.ID}))
	free, err := s.Alerts(ctx, store.AlertFilter{Unassigned: true})
	must(t, err)
	in, err := s.Alerts(ctx, store.AlertFilter{IncidentID: i.ID})
	must(t, err)
	if len(free) != 0 || len(in) != 1 {
		t.Errorf("free %d, in incident %d; want 0 and 1", len(free), len(in))
	}
	if d := cmp.Diff(a, in[0]); d != "" {
		t.Errorf("alert (-want +got):\n%s", d)
	}
	must(t, s.SetIncidentState(ctx, i.ID, soc.IncidentClosed, now))
	openOnes, err := s.Incidents(ctx, store.IncidentFilter{Open: true})
	must(t, err)
	if len(openOnes) != 0 {
		t.Errorf("open incidents = %+v", openOnes)
	}
	wantKind(t, s.SetIncidentState(ctx, "none", soc.IncidentClosed, now), soc.NotFound)
	delays, err := s.AlertDelays(ctx)
	must(t, err)
	if d := cmp.Diff([]time.Duration{time.Second}, delays); d != "" {
		t.Error(d)
	}
}

func TestRunsAndApprovals(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx := t.Context()
	run := soc.Run{ID: soc.RunID("block-ip", "i"), Playbook: "block-ip", IncidentID: "i", State: soc.RunPlanned, StartedBy: "rule", Targets: []string{"a", "b"}, CreatedAt: now, UpdatedAt: now}
	for i, want := range []bool{true, false} {
		created, err := s.SaveRun(ctx, run)
		must(t, err)
		if created != want {
			t.Errorf("save %d: created = %v", i, created)
		}
	}
	task := soc.Task{ID: "t1", RunID: run.ID, Account: "3", State: soc.TaskPlanned}
	wantKind(t, s.SaveTask(ctx, task), soc.NotFound)
	must(t, s.SaveTasks(ctx, []soc.Task{task}))
	done := task
	done.State = soc.TaskSucceeded
	must(t, s.SaveTask(ctx, done))
	must(t, s.SaveTasks(ctx, []soc.Task{task})) // planning again changes nothing
	got, err := s.Run(ctx, run.ID)
	must(t, err)
	run.Tasks = []soc.Task{done}
	if d := cmp.Diff(run, got); d != "" {
		t.Errorf("run (-want +got):\n%s", d)
	}

	q := soc.Approval{ID: run.ID, RunID: run.ID, Playbook: "block-ip", AskedAt: now, Deadline: now.Add(time.Hour), Token: "one"}
	must(t, s.SaveApproval(ctx, q))
	q.Token = "two"
	must(t, s.SaveApproval(ctx, q))
	if a, err := s.Approval(ctx, q.ID); err != nil || a.Token != "two" {
		t.Errorf("approval = %+v (%v), want the newest token", a, err)
	}
	must(t, s.Decide(ctx, q.ID, "approved", "demo", now))
	wantKind(t, s.Decide(ctx, q.ID, "rejected", "demo", now), soc.Conflict)
	wantKind(t, s.Decide(ctx, "none", "rejected", "demo", now), soc.NotFound)
}

func TestWithLockExcludes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	a, b := openAt(t, path), openAt(t, path)
	var mu sync.Mutex
	inside, most := 0, 0
	var wg sync.WaitGroup
	for i := range 8 {
		s := []*store.DB{a, b}[i%2]
		wg.Go(func() {
			err := s.WithLock(t.Context(), "correlate", time.Minute, func(context.Context) error {
				mu.Lock()
				inside++
				most = max(most, inside)
				mu.Unlock()
				mu.Lock()
				inside--
				mu.Unlock()
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most != 1 {
		t.Errorf("%d ran at once", most)
	}
	boom := errors.New("boom")
	if err := a.WithLock(t.Context(), "correlate", time.Minute, func(context.Context) error { return boom }); !errors.Is(err, boom) {
		t.Errorf("error = %v, want boom", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	err := a.WithLock(t.Context(), "held", time.Minute, func(context.Context) error {
		return b.WithLock(ctx, "held", time.Minute, func(context.Context) error { return nil })
	})
	wantKind(t, err, soc.Timeout)
}

func TestTimelineAndAudit(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx := t.Context()
	e := soc.TimelineEntry{At: now, Kind: "note", Text: "hello"}
	must(t, s.AddTimeline(ctx, "i", "k", e))
	must(t, s.AddTimeline(ctx, "order", "z", e))
	must(t, s.AddTimeline(ctx, "order", "a", soc.TimelineEntry{At: e.At, Kind: "note", Text: "second"}))
	if l, err := s.Timeline(ctx, "order"); err != nil || len(l) != 2 || l[1].Text != "second" {
		t.Errorf("two entries of one time come as %+v, %v", l, err)
	}
	must(t, s.AddTimeline(ctx, "i", "k", soc.TimelineEntry{At: now, Kind: "note", Text: "again"}))
	got, err := s.Timeline(ctx, "i")
	must(t, err)
	if d := cmp.Diff([]soc.TimelineEntry{e}, got); d != "" {
		t.Error(d)
	}
	must(t, s.Audit(ctx, store.AuditEntry{At: now, Actor: "onboard", Action: "join", Account: "3"}))
	trail, err := s.SearchAudit(ctx, store.AuditQuery{Limit: 5})
	must(t, err)
	if len(trail) != 1 || trail[0].Action != "join" || !trail[0].At.Equal(now) {
		t.Errorf("audit trail = %+v", trail)
	}
	must(t, s.Park(ctx, store.Parked{Project: "p", Logstore: "l", Cursor: 1, Index: -1, Error: "too large", At: now}))
	must(t, s.Park(ctx, store.Parked{Project: "p", Logstore: "l", Cursor: 1, Index: -1, Error: "too large", At: now}))
	if parked, err := s.ParkedItems(ctx); err != nil || len(parked) != 1 {
		t.Errorf("parked = %+v (%v)", parked, err)
	}
}

// TestChildrenWaitForTheirParents holds a merged shard back until both it goes on for are read to their ends.
func TestChildrenWaitForTheirParents(t *testing.T) {
	t.Parallel()
	s, ctx := collecting(t, 2), t.Context()
	child := store.NewShard{Shard: store.Shard{Source: "waf_r_3", Account: "3", Region: "r", Template: "waf", Project: "p", Logstore: "l", Shard: 2}, Parents: []int{0, 1, 77}}
	_, err := s.AddShards(ctx, []store.NewShard{child})
	must(t, err)
	for i, want := range []int{2, 1, 1} { // both parents; the one that is not finished; the child
		at := now.Add(time.Duration(i) * time.Hour)
		leases, err := s.ClaimShards(ctx, "w", 9, time.Minute, at)
		must(t, err)
		if len(leases) != want || i == 2 && leases[0].Shard != child.Shard {
			t.Fatalf("claim %d: %+v", i, leases)
		}
		must(t, s.ReleaseShard(ctx, leases[0], "", time.Time{}, true))
	}
}
