package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// trailOf returns the entries of the trail, oldest first, without times and hashes. The chain must be whole.
func trailOf(t *testing.T, s *store.DB) []store.AuditEntry {
	t.Helper()
	list, err := s.SearchAudit(t.Context(), store.AuditQuery{})
	must(t, err)
	if n, _, err := s.VerifyAudit(t.Context()); err != nil || n != len(list) {
		t.Fatalf("the chain has %d entries, the trail %d: %v", n, len(list), err)
	}
	var out []store.AuditEntry
	for _, e := range list {
		out = append([]store.AuditEntry{{Actor: e.Actor, Action: e.Action, Account: e.Account, Before: e.Before, After: e.After}}, out...)
	}
	return out
}

func TestPoliciesAreAudited(t *testing.T) {
	t.Parallel()
	s := open(t)
	save := func(id, actor string, set ...soc.Policy) {
		t.Helper()
		must(t, s.SavePolicies(t.Context(), id, set, store.AuditEntry{At: now, Actor: actor, Action: "policies.apply", Before: "not this", Account: "nor this"}))
	}
	on := []soc.Policy{{Template: "waf", Account: "4", Enabled: true, AutoAdd: true}, {Template: "oss", Account: "3", Enabled: true}, {Template: "waf", Account: "3", Enabled: true}, {Template: "cfw", Account: "3"}}
	save("one", "first", on...)
	save("one", "again", on...) // a retried step
	save("two", "rule", soc.Policy{Template: "waf", Account: "3", Enabled: true, AutoAdd: true}, soc.Policy{Template: "oss", Account: "3", Enabled: true})
	save("two", "off", soc.Policy{Template: "waf", Account: "4", AutoAdd: true}) // another change under a name that is taken
	want := []store.AuditEntry{
		{
			Actor: "first", Action: "policies.apply", Account: "3",
			Before: `{"oss":{"enabled":false,"auto_add":false},"waf":{"enabled":false,"auto_add":false}}`,
			After:  `{"oss":{"enabled":true,"auto_add":false},"waf":{"enabled":true,"auto_add":false}}`,
		},
		{Actor: "first", Action: "policies.apply", Account: "4", Before: `{"waf":{"enabled":false,"auto_add":false}}`, After: `{"waf":{"enabled":true,"auto_add":true}}`},
		{Actor: "rule", Action: "policies.apply", Account: "3", Before: `{"waf":{"enabled":true,"auto_add":false}}`, After: `{"waf":{"enabled":true,"auto_add":true}}`},
		{Actor: "off", Action: "policies.apply", Account: "4", Before: `{"waf":{"enabled":true,"auto_add":true}}`, After: `{"waf":{"enabled":false,"auto_add":true}}`},
	}
	if d := cmp.Diff(want, trailOf(t, s)); d != "" {
		t.Errorf("trail (-want +got):\n%s", d)
	}
}

// TestEntriesStandOrFallWithTheChange ends a run and a task.
func TestEntriesStandOrFallWithTheChange(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx := t.Context()
	must(t, s.SaveIncident(ctx, soc.Incident{ID: "inc", State: soc.IncidentNew}, nil))
	_, err := s.SaveRun(ctx, soc.Run{ID: "run", IncidentID: "inc", State: soc.RunPlanned})
	must(t, err)
	entry := func(actor string) store.AuditEntry { return store.AuditEntry{At: now, Actor: actor, Action: "b"} }
	task := soc.Task{ID: "task", RunID: "run", State: soc.TaskSucceeded}
	wantKind(t, s.FinishTask(ctx, task, entry("never planned")), soc.NotFound)
	wantKind(t, s.EndRun(ctx, "no such", soc.RunRejected, now, entry("no such run")), soc.NotFound)
	must(t, s.SaveTasks(ctx, []soc.Task{{ID: "task", RunID: "run", State: soc.TaskPlanned}}))
	must(t, s.FinishTask(ctx, task, entry("task")))
	must(t, s.EndRun(ctx, "run", soc.RunRejected, now, entry("run 1"), entry("run 2")))
	must(t, s.EndRun(ctx, "run", soc.RunRejected, now, entry("a retried step")))
	want := []store.AuditEntry{{Actor: "task", Action: "b"}, {Actor: "run 1", Action: "b"}, {Actor: "run 2", Action: "b"}}
	if d := cmp.Diff(want, trailOf(t, s)); d != "" {
		t.Errorf("trail (-want +got):\n%s", d)
	}
	run, err := s.Run(ctx, "run")
	must(t, err)
	if run.State != soc.RunRejected || len(run.Tasks) != 1 || run.Tasks[0].State != soc.TaskSucceeded {
		t.Errorf("run %+v", run)
	}
}
