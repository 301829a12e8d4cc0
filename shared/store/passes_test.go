package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// TestPasses: each is revoked alone, once, by an id of its own account, and the trail has what was done and no more.
func TestPasses(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx := t.Context()
	entry := func(action, account string) store.AuditEntry {
		return store.AuditEntry{At: now, Actor: "a", Action: action, Account: account}
	}
	one := soc.Pass{ID: "P1", Account: "3", For: "Alice", GivenAt: now, GivenBy: "console", Ends: now.Add(time.Hour)}
	two := soc.Pass{ID: "P2", Account: "3", GivenAt: now.Add(time.Second), GivenBy: "console", Ends: now.Add(time.Hour)}
	must(t, s.SavePass(ctx, one, entry("give", "3")))
	must(t, s.SavePass(ctx, two, entry("give", "3")))
	must(t, s.SavePass(ctx, soc.Pass{ID: "P3", Account: "4", GivenAt: now, Ends: now}, entry("give", "4")))
	if err := s.SavePass(ctx, one, entry("the id is taken", "3")); err == nil {
		t.Error("an id was taken twice")
	}
	wantKind(t, s.RevokePass(ctx, "3", "P9", "b", now, entry("revoke", "3")), soc.NotFound)
	wantKind(t, s.RevokePass(ctx, "4", "P1", "b", now, entry("revoke", "4")), soc.NotFound)
	must(t, s.RevokePass(ctx, "3", "P1", "b", now, entry("revoke", "3")))
	must(t, s.RevokePass(ctx, "3", "P1", "another", now.Add(time.Hour), entry("again", "3")))
	one.RevokedAt, one.RevokedBy = now, "b"
	got, err := s.Passes(ctx, "3")
	must(t, err)
	if d := cmp.Diff([]soc.Pass{two, one}, got); d != "" {
		t.Errorf("passes (-want +got):\n%s", d)
	}
	if all, err := s.Passes(ctx, ""); err != nil || len(all) != 3 {
		t.Errorf("%+v, %v", all, err)
	}
	if p, err := s.Pass(ctx, "P1"); err != nil || p.Opens(now) {
		t.Errorf("a revoked pass opens: %+v, %v", p, err)
	}
	if !two.Opens(now) || two.Opens(two.Ends) {
		t.Error("a pass opens until its end and no longer")
	}
	_, err = s.Pass(ctx, "P9")
	wantKind(t, err, soc.NotFound)
	want := []store.AuditEntry{{Actor: "a", Action: "give", Account: "3"}, {Actor: "a", Action: "give", Account: "3"}, {Actor: "a", Action: "give", Account: "4"}, {Actor: "a", Action: "revoke", Account: "3"}}
	if d := cmp.Diff(want, trailOf(t, s)); d != "" {
		t.Errorf("trail (-want +got):\n%s", d)
	}
}
