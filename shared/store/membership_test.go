package store_test

import (
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// openRaw opens a store, and its file behind its back.
func openRaw(t *testing.T) (*store.DB, *sql.DB) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s.db")
	s := openAt(t, path)
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	return s, raw
}

// TestAuditChain: the trail is append-only, and what is changed behind its back shows.
func TestAuditChain(t *testing.T) {
	t.Parallel()
	s, raw := openRaw(t)
	ctx, at := t.Context(), time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	for i, action := range []string{"account.join", "account.join", "account.leave", "scope.apply"} {
		must(t, s.Audit(ctx, store.AuditEntry{
			At: at.Add(time.Duration(i) * time.Minute), Actor: "onboard", Origin: "run-1 request r", Action: action, Account: []string{"3", "4", "3", ""}[i],
			Detail: "fenghuo-collector created", Before: `{"state":"pending"}`, After: `{"state":"joined"}`,
		}))
	}
	if n, last, err := s.VerifyAudit(ctx); err != nil || n != 4 || len(last) != 64 {
		t.Fatalf("%d entries, last %q, %v", n, last, err)
	}
	_, last, err := s.VerifyAudit(ctx)
	must(t, err)
	for hash, want := range map[string]bool{last: true, strings.Repeat("0", 64): false, "": false} {
		if has, err := s.AuditHolds(ctx, hash); err != nil || has != want {
			t.Errorf("hash %q is in the trail: %v, %v", hash, has, err)
		}
	}
	for name, tt := range map[string]struct {
		q    store.AuditQuery
		want int
	}{
		"all": {store.AuditQuery{}, 4}, "account": {store.AuditQuery{Account: "3"}, 2}, "action": {store.AuditQuery{Action: "account.join"}, 2}, "text": {store.AuditQuery{Text: "COLLECTOR created"}, 4},
		"text of another field": {store.AuditQuery{Text: "run-1"}, 4}, "no text": {store.AuditQuery{Text: "100%"}, 0},
		"since": {store.AuditQuery{Since: at.Add(2 * time.Minute)}, 2}, "until": {store.AuditQuery{Until: at.Add(2 * time.Minute)}, 2}, "limit": {store.AuditQuery{Limit: 1}, 1},
		"who": {store.AuditQuery{Actor: "ONBOARD"}, 4}, "who by another field": {store.AuditQuery{Actor: "collector"}, 0},
	} {
		got, err := s.SearchAudit(ctx, tt.q)
		if err != nil || len(got) != tt.want || !slices.IsSortedFunc(got, func(a, b store.AuditEntry) int { return b.At.Compare(a.At) }) {
			t.Errorf("%s: %d entries, %v, want %d newest first", name, len(got), err, tt.want)
		}
	}
	for _, q := range []string{`UPDATE audit SET actor = 'nobody' WHERE seq = 2`, `DELETE FROM audit WHERE seq = 2`} {
		if _, err := raw.ExecContext(ctx, q); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", q, err)
		}
	}
	for name, tt := range map[string]struct {
		query, first string
		whole        int // entries before the first broken one
	}{
		"an entry changed":       {`UPDATE audit SET detail = 'nothing' WHERE seq = 2`, "entry 2", 1},
		"an entry moved in time": {`UPDATE audit SET at = at + 1 WHERE seq = 3`, "entry 3", 2},
		"an entry taken out":     {`DELETE FROM audit WHERE seq = 2`, "entry 3", 1},
		"two entries changed":    {`UPDATE audit SET detail = 'nothing' WHERE seq > 2`, "entry 3", 2},
		"a hash taken away":      {`UPDATE audit SET hash = '' WHERE seq = 3`, "entry 3", 2},
		"the first hashes taken": {`UPDATE audit SET hash = '' WHERE seq < 3`, "entry 3", 0},
	} {
		o, raw := openRaw(t)
		for range 4 {
			must(t, o.Audit(ctx, store.AuditEntry{At: at, Actor: "a", Action: "b"}))
		}
		for _, trigger := range []string{"audit_is_not_changed", "audit_is_not_deleted"} {
			if _, err := raw.ExecContext(ctx, "DROP TRIGGER "+trigger); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := raw.ExecContext(ctx, tt.query); err != nil {
			t.Fatal(err)
		}
		n, _, err := o.VerifyAudit(ctx)
		if soc.KindOf(err) != soc.Conflict || soc.NextOf(err) == "" || !strings.Contains(err.Error(), tt.first) || n != tt.whole {
			t.Errorf("%s: %d entries, %v, want %d and a Conflict at %s with advice", name, n, err, tt.whole, tt.first)
		}
		if list, err := o.SearchAudit(ctx, store.AuditQuery{}); err != nil || len(list) < 3 {
			t.Errorf("%s: the trail cannot be read any more: %d, %v", name, len(list), err)
		}
	}
}

func TestScopeDocumentsAndReceipts(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx, at := t.Context(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if _, err := s.ScopeDocument(ctx); soc.KindOf(err) != soc.NotFound {
		t.Errorf("no document: %v", err)
	}
	for _, body := range []string{`{"a":1}`, `{"a":1}`, `{"a":2}`} {
		must(t, s.SaveScopeDocument(ctx, []byte(body), "somebody", at))
	}
	if body, err := s.ScopeDocument(ctx); err != nil || string(body) != `{"a":2}` {
		t.Errorf("%s, %v", body, err)
	}
	r := soc.Receipt{Account: "3", LeftAt: at, Roles: []soc.RoleState{{Name: "r", State: soc.RoleRemoving}}, Kept: []soc.KeptData{{What: "w", Until: at}}}
	must(t, s.SaveReceipt(ctx, r))
	r.Roles[0].State = "removed"
	must(t, s.SaveReceipt(ctx, r))
	must(t, s.SaveReceipt(ctx, soc.Receipt{Account: "4", LeftAt: at.Add(time.Hour)}))
	got, err := s.Receipts(ctx, "3")
	if all, errAll := s.Receipts(ctx, ""); err != nil || errAll != nil || len(got) != 1 || got[0].Open() || !got[0].Kept[0].Until.Equal(at) || len(all) != 2 || all[0].Account != "4" {
		t.Errorf("%+v %v, all %+v %v", got, err, all, errAll)
	}
}

// TestRolesToCheck: every joined account has its turn, the one that waited longest first.
func TestRolesToCheck(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx, at := t.Context(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, a := range []soc.Account{{UID: "1", State: soc.AccountJoined}, {UID: "2", State: soc.AccountJoined}, {UID: "3", State: soc.AccountLeft}, {UID: "4", State: soc.AccountJoined}} {
		must(t, s.SaveAccount(ctx, a))
	}
	var turns []string
	for i := range 4 {
		next, err := s.RolesToCheck(ctx, 1)
		if err != nil || len(next) != 1 {
			t.Fatal(next, err)
		}
		turns = append(turns, next[0])
		must(t, s.RolesChecked(ctx, next[0], at.Add(time.Duration(i)*time.Minute)))
	}
	if want := []string{"1", "2", "4", "1"}; !slices.Equal(turns, want) {
		t.Errorf("turns %v, want %v", turns, want)
	}
	if err := s.UpdateAccount(ctx, "9", func(*soc.Account) bool { return true }); soc.KindOf(err) != soc.NotFound {
		t.Errorf("an unknown account: %v", err)
	}
	must(t, s.UpdateAccount(ctx, "1", func(a *soc.Account) bool { a.Name = "lost"; return false }, store.AuditEntry{Action: "lost"}))
	must(t, s.UpdateAccount(ctx, "2", func(a *soc.Account) bool { a.Name = "kept"; return true }, store.AuditEntry{Action: "kept"}))
	if a, b := account(t, s, "1"), account(t, s, "2"); a.Name != "" || b.Name != "kept" {
		t.Errorf("%+v %+v", a, b)
	}
	if trail, err := s.SearchAudit(ctx, store.AuditQuery{}); err != nil || len(trail) != 1 || trail[0].Action != "kept" {
		t.Errorf("the trail tells %+v, %v", trail, err)
	}
}

func account(t *testing.T, s *store.DB, uid string) soc.Account {
	t.Helper()
	a, err := s.Account(t.Context(), uid)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestTwoRunsFinishOnce: of two runs that work on one account, the one that comes second finds it where it should be and
// tells nothing.
func TestTwoRunsFinishOnce(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), open(t)
	joined := soc.Account{UID: "3", State: soc.AccountJoined, JoinedAt: now}
	leaving, left := joined, joined
	leaving.State, left.State = soc.AccountLeaving, soc.AccountLeft
	finish := func(before, after soc.Account, at time.Time) {
		t.Helper()
		after.UpdatedAt = at
		must(t, s.FinishMove(ctx, before, after, &store.AuditEntry{At: at, Action: "account." + string(after.State), Account: "3"},
			&soc.Receipt{Account: "3", LeftAt: at}))
	}
	wantKind(t, s.FinishMove(ctx, leaving, left, nil, nil), soc.NotFound)
	must(t, s.SaveAccount(ctx, leaving))
	finish(leaving, left, now)
	finish(leaving, left, now.Add(time.Second))
	tells := func(want int) {
		t.Helper()
		trail, err := s.SearchAudit(ctx, store.AuditQuery{})
		must(t, err)
		receipts, err := s.Receipts(ctx, "3")
		must(t, err)
		if len(trail) != want || len(receipts) != want {
			t.Fatalf("%d entries and %d receipts, want %d of each", len(trail), len(receipts), want)
		}
	}
	tells(1)
	if a := account(t, s, "3"); a.State != soc.AccountLeft || !a.UpdatedAt.Equal(now) {
		t.Errorf("account %+v, want it as the first run left it", a)
	}
	must(t, s.SaveAccount(ctx, joined)) // it comes back, and changes without a change of state are told
	finish(joined, joined, now.Add(time.Minute))
	tells(2)
	must(t, s.FinishMove(ctx, joined, joined, nil, nil))
	tells(2)
}
