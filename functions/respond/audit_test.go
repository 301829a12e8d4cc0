package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// trail returns the entries of the trail, newest first. The chain must be whole.
func (w *world) trail(t *testing.T, q store.AuditQuery) []store.AuditEntry {
	t.Helper()
	list, err := w.db.SearchAudit(t.Context(), q)
	must(t, err)
	_, _, err = w.db.VerifyAudit(t.Context())
	must(t, err)
	return list
}

// twice calls as a flow that repeats the step.
func (w *world) twice(t *testing.T, in request) {
	t.Helper()
	for range 2 {
		_, err := w.handle(fc.NewContext(t.Context(), &fc.Context{RequestID: "req-" + in.Operation}), in)
		must(t, err)
	}
}

func (w *world) each(t *testing.T, plan answer) {
	t.Helper()
	for _, k := range plan.Tasks {
		w.twice(t, request{Operation: "task", TaskID: k.TaskID, chosen: chosen{RunID: k.RunID, Mode: k.Mode}})
	}
}

func TestTasksAreAudited(t *testing.T) {
	t.Parallel()
	w := setup(t)
	plan := w.plan(t, "execute")
	w.approve(t)
	w.each(t, plan)
	w.each(t, w.plan(t, "undo"))
	all := w.trail(t, store.AuditQuery{})
	if len(all) != 4 {
		t.Fatalf("%d entries: %+v", len(all), all)
	}
	for _, uid := range []string{shop, payments} {
		list := w.trail(t, store.AuditQuery{Account: uid})
		if len(list) != 2 {
			t.Fatalf("account %s: %+v", uid, list)
		}
		rule := func(state string) string {
			return `{"task":"` + state + `","target":"198.51.100.77","rule":"` + uid + `/waf_block_ip/198.51.100.77"}`
		}
		var got [][]string
		for _, e := range list {
			did, _, _ := strings.Cut(e.Detail, " ")
			got = append(got, []string{e.Action, did, e.Actor, e.Origin, e.Before, e.After})
			if !strings.Contains(e.Detail, w.run) || !strings.Contains(e.Detail, w.incident) || !strings.Contains(e.Detail, "198.51.100.77") || e.At.IsZero() {
				t.Errorf("entry %+v", e)
			}
		}
		want := [][]string{
			{"response.undo", "Undone:", "respond, approved by alice", w.run + " request req-task", rule("succeeded"), `{"task":"undone","target":"198.51.100.77"}`},
			{"response.execute", "Done:", "respond, approved by alice", w.run + " request req-task", "", rule("succeeded")},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("account %s (-want +got):\n%s", uid, d)
		}
	}
}

// TestCrashBeforeTheEntry loses the store after the cloud has changed: neither the task nor its entry is written, and
// the repeated step writes both, once.
func TestCrashBeforeTheEntry(t *testing.T) {
	t.Parallel()
	w := setup(t)
	plan := w.plan(t, "execute")
	w.approve(t)
	k := plan.Tasks[0]
	in := request{Operation: "task", TaskID: k.TaskID, chosen: chosen{RunID: k.RunID, Mode: k.Mode}}
	w.runs = lost{w.db}
	if _, err := w.handle(t.Context(), in); err == nil || len(w.cloud.blocked) != 1 {
		t.Fatalf("%v, blocked %v", err, w.cloud.blocked)
	}
	if list := w.trail(t, store.AuditQuery{}); len(list) != 0 {
		t.Errorf("entries of a task that was not written: %+v", list)
	}
	w.runs = w.db
	w.twice(t, in)
	if list := w.trail(t, store.AuditQuery{}); len(list) != 1 || list[0].Before != "" {
		t.Errorf("after the crash: %+v", list)
	}
}

// lost is a store that is gone when a task ends.
type lost struct{ *store.DB }

func (lost) FinishTask(context.Context, soc.Task, store.AuditEntry) error {
	return errors.New("disk full")
}

func TestWhatWasNotDoneIsAudited(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.cloud.broken[payments] = true
	plan := w.plan(t, "execute")
	w.each(t, plan) // nobody approved
	list := w.trail(t, store.AuditQuery{Action: "response.refuse"})
	if len(list) != 2 || list[0].Account != payments || list[0].After != "" || !strings.Contains(list[0].Detail, "not approved") {
		t.Errorf("refused: %+v", list)
	}
	w.approve(t)
	w.each(t, plan)
	list = w.trail(t, store.AuditQuery{Action: "response.execute", Account: payments})
	if len(list) == 0 || list[0].After != `{"task":"failed","target":"198.51.100.77"}` || !strings.Contains(list[0].Detail, "NoPermission") {
		t.Errorf("failed: %+v", list)
	}
}

// TestRefusedPlanIsAudited has more targets than its playbook may have.
func TestRefusedPlanIsAudited(t *testing.T) {
	t.Parallel()
	w := setup(t)
	i, err := w.db.Incident(t.Context(), w.incident)
	must(t, err)
	for n := range 40 {
		i.Entities = append(i.Entities, soc.Entity{Type: soc.EntityIP, Value: fmt.Sprintf("203.0.113.%d", n+1), Part: "attacker"})
	}
	must(t, w.db.SaveIncident(t.Context(), i, nil))
	for range 2 {
		if got := w.plan(t, "execute"); got.Status != "refused" {
			t.Fatalf("plan %+v", got)
		}
	}
	list := w.trail(t, store.AuditQuery{})
	if len(list) != 1 || list[0].Action != "response.refuse" || !strings.Contains(list[0].Detail, "41 targets") || !strings.Contains(list[0].Detail, w.incident) {
		t.Errorf("trail %+v", list)
	}
}

func TestRejectedRunsAreAudited(t *testing.T) {
	t.Parallel()
	for by, decide := range map[string]func(w *world) error{
		"rejected by bob":            func(w *world) error { return w.db.Decide(t.Context(), w.run, "rejected", "bob", now) },
		"rejected by nobody in time": func(*world) error { return nil },
	} {
		w := setup(t)
		w.plan(t, "execute")
		must(t, w.db.SaveApproval(t.Context(), soc.Approval{ID: w.run, RunID: w.run, Token: "the-token-of-the-task"}))
		must(t, decide(w))
		w.twice(t, request{Operation: "reject", chosen: chosen{RunID: w.run, Mode: "execute"}})
		list := w.trail(t, store.AuditQuery{})
		if len(list) != 2 || list[0].Account == list[1].Account {
			t.Fatalf("%s: %+v", by, list)
		}
		for _, e := range list {
			if e.Action != "response.reject" || e.Actor != "respond, "+by || e.Origin != w.run+" request req-reject" {
				t.Errorf("%s: %+v", by, e)
			}
		}
		text, err := json.Marshal(list)
		if must(t, err); strings.Contains(string(text), "the-token-of-the-task") {
			t.Error("a token is in the trail")
		}
	}
}

// TestEffects has a key, which no cloud of this package has, and targets out of hostile logs.
func TestEffects(t *testing.T) {
	t.Parallel()
	key := soc.Task{Target: "LTAI5tLeakedKey0001", State: soc.TaskPlanned}
	off := key
	off.State, off.Inverse = soc.TaskSucceeded, map[string]string{"user_name": "ci", "status": "Active"}
	on, kept := off, off
	on.State, kept.Reason = soc.TaskUndone, "Denied"
	hostile := soc.Task{Target: "\x1b[2J\u202e\n\"}<script>" + strings.Repeat("é", 5000), State: soc.TaskFailed}
	const active, disabled = `"target":"LTAI5tLeakedKey0001","user":"ci","status":"Active"}`, `"target":"LTAI5tLeakedKey0001","user":"ci","status":"Inactive"}`
	for name, tt := range map[string]struct {
		before, after soc.Task
		want          [2]string
	}{
		"disabled":    {key, off, [2]string{`{` + active, `{"task":"succeeded",` + disabled}},
		"enabled":     {off, on, [2]string{`{"task":"succeeded",` + disabled, `{"task":"undone",` + active}},
		"undo failed": {off, kept, [2]string{`{"task":"succeeded",` + disabled, `{"task":"undo failed",` + disabled}},
	} {
		if d := cmp.Diff(tt.want, [2]string{effectBefore(tt.before, tt.after), effectAfter(tt.before, tt.after)}); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	text := effectAfter(hostile, hostile)
	var back effect
	if err := json.Unmarshal([]byte(text), &back); err != nil || len(text) > 1000 || strings.ContainsAny(back.Target, "\x1b\u202e\n") {
		t.Errorf("%q, %v", text, err)
	}
	h := setup(t).handler
	e := h.tried(t.Context(), soc.Run{ID: "run", Playbook: "p", IncidentID: "inc"}, hostile, soc.Task{ID: "task", Summary: hostile.Target, Reason: hostile.Target, State: soc.TaskFailed}, "execute", "approved by \x1b[2J")
	if all := e.Actor + e.Detail + e.Origin; strings.ContainsAny(all, "\x1b\u202e\n") || len(all) > 2000 || !strings.HasSuffix(e.Detail, "event inc, run.") {
		t.Errorf("%+v", e)
	}
}
