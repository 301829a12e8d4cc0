package main

import (
	"context"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/response"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

const (
	shop     = "1100000000000003"
	payments = "1100000000000004"
)

var now = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// cloud blocks addresses in memory; accounts in broken refuse.
type cloud struct {
	blocked map[string]bool // account/action/ip
	broken  map[string]bool
}

type product struct {
	*cloud
	prefix string
	err    error
}

func (c *cloud) Blocker(_ context.Context, account, action string) (response.Blocker, error) {
	p := product{cloud: c, prefix: account + "/" + action + "/"}
	if c.broken[account] {
		p.err = &soc.Error{Kind: soc.Denied, Op: "create rule", Account: account, Code: "NoPermission"}
	}
	return p, nil
}

func (c *cloud) Keys(context.Context, string) (response.Keys, error) {
	return nil, &soc.Error{Kind: soc.Unsupported, Op: "keys"}
}

func (p product) Block(_ context.Context, ip netip.Addr, _ string) (string, error) {
	if p.err == nil {
		p.blocked[p.prefix+ip.String()] = true
	}
	return p.prefix + ip.String(), p.err
}

func (p product) Unblock(_ context.Context, handle string) error {
	delete(p.blocked, handle)
	return p.err
}

type world struct {
	*handler
	db       *store.DB
	cloud    *cloud
	incident string
	run      string
}

func setup(t *testing.T) *world {
	t.Helper()
	ctx := t.Context()
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "soc.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	book, err := response.Load()
	if err != nil {
		t.Fatal(err)
	}
	c := &cloud{blocked: map[string]bool{}, broken: map[string]bool{}}
	clock := now
	tick := func() time.Time { clock = clock.Add(time.Second); return clock }
	w := &world{
		db: db, cloud: c, incident: "inc-1", run: soc.RunID("block-ip", "inc-1"),
		handler: &handler{
			runs: db, approvals: db, incidents: db, scope: db, lock: db.WithLock, book: book, now: tick,
			executor: response.Executor{Ports: c, Now: tick},
		},
	}
	for _, uid := range []string{shop, payments} {
		must(t, db.SaveAccount(ctx, soc.Account{UID: uid, State: soc.AccountJoined, Response: true}))
		must(t, db.SaveDataSource(ctx, soc.DataSource{Name: "waf" + uid, Template: "alibaba_cloud_waf_flow", Account: uid, Enabled: true, Stores: []soc.LogStore{{Project: "p", Logstore: "l"}}}))
	}
	must(t, db.SaveIncident(ctx, soc.Incident{
		ID: w.incident, State: soc.IncidentNew, Level: soc.Critical, Accounts: []string{shop, payments},
		Entities: []soc.Entity{{Type: soc.EntityIP, Value: "198.51.100.77", Part: "attacker"}},
	}, nil))
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) call(t *testing.T, in request) answer {
	t.Helper()
	out, err := w.handle(t.Context(), in)
	must(t, err)
	return out
}

func (w *world) plan(t *testing.T, mode string) answer {
	t.Helper()
	raw, err := os.ReadFile("testdata/plan.json")
	must(t, err)
	var in request
	must(t, json.Unmarshal(raw, &in))
	in.RunID, in.IncidentID, in.Mode = w.run, w.incident, mode
	return w.call(t, in)
}

func (w *world) approve(t *testing.T) {
	t.Helper()
	must(t, w.db.SaveApproval(t.Context(), soc.Approval{ID: w.run, RunID: w.run, Playbook: "block-ip", AskedAt: now, Deadline: now.Add(time.Hour), Token: "t"}))
	must(t, w.db.Decide(t.Context(), w.run, "approved", "alice", now))
}

// act does what the flow's Map and Finish do.
func (w *world) act(t *testing.T, plan answer, mode string) (statuses []string, end answer) {
	t.Helper()
	for _, k := range plan.Tasks {
		statuses = append(statuses, w.call(t, request{Operation: "task", TaskID: k.TaskID, chosen: chosen{RunID: k.RunID, Mode: k.Mode}}).Status)
	}
	return statuses, w.call(t, request{Operation: "finish", chosen: chosen{RunID: w.run, Mode: mode}})
}

func (w *world) state(t *testing.T) soc.IncidentState {
	t.Helper()
	i, err := w.db.Incident(t.Context(), w.incident)
	must(t, err)
	return i.State
}

func TestExecuteThenUndo(t *testing.T) {
	t.Parallel()
	w := setup(t)
	plan := w.plan(t, "execute")
	if plan.Status != "approval" || !plan.NeedsApproval || len(plan.Tasks) != 2 || !strings.Contains(plan.Summary, "2 tasks") {
		t.Fatalf("plan %+v", plan)
	}
	if again := w.plan(t, "execute"); cmp.Diff(plan.Tasks, again.Tasks) != "" || again.Status != "approval" {
		t.Errorf("planned again: %+v", again)
	}
	w.approve(t)
	statuses, end := w.act(t, plan, "execute")
	if cmp.Diff([]string{"succeeded", "succeeded"}, statuses) != "" || end.Status != "done" || end.Succeeded != 2 {
		t.Fatalf("statuses %v, end %+v", statuses, end)
	}
	if len(w.cloud.blocked) != 2 || w.state(t) != soc.IncidentContained {
		t.Errorf("blocked %v, incident %s", w.cloud.blocked, w.state(t))
	}
	undo := w.plan(t, "undo")
	if undo.Status != "ok" || undo.NeedsApproval || len(undo.Tasks) != 2 || undo.Tasks[0].Mode != "undo" {
		t.Fatalf("undo plan %+v", undo)
	}
	_, end = w.act(t, undo, "undo")
	if end.Status != "undone" || end.Succeeded != 2 || end.Failed != 0 || len(w.cloud.blocked) != 0 || w.state(t) != soc.IncidentHandling {
		t.Errorf("end %+v, blocked %v, incident %s", end, w.cloud.blocked, w.state(t))
	}
	if again := w.plan(t, "execute"); again.Status != "refused" {
		t.Errorf("an undone run was planned again: %+v", again)
	}
	timeline, err := w.db.Timeline(t.Context(), w.incident)
	must(t, err)
	kinds := map[string]int{}
	for _, e := range timeline {
		kinds[e.Kind]++
	}
	if d := cmp.Diff(map[string]int{"response": 4, "task": 4, "state": 2}, kinds); d != "" {
		t.Errorf("timeline (-want +got):\n%s\n%+v", d, timeline)
	}
}

func TestPartialThenRetry(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.cloud.broken[payments] = true
	plan := w.plan(t, "execute")
	w.approve(t)
	statuses, end := w.act(t, plan, "execute")
	if cmp.Diff([]string{"succeeded", "failed"}, statuses) != "" || end.Status != "partial" || end.Failed != 1 {
		t.Fatalf("statuses %v, end %+v", statuses, end)
	}
	run, err := w.db.Run(t.Context(), w.run)
	must(t, err)
	if run.State != soc.RunPartial || !strings.Contains(run.Tasks[1].Reason, "NoPermission") {
		t.Errorf("run %+v", run)
	}
	w.cloud.broken[payments] = false
	retry := w.plan(t, "retry")
	if len(retry.Tasks) != 1 || retry.Tasks[0].TaskID != plan.Tasks[1].TaskID || retry.Status != "ok" {
		t.Fatalf("retry plan %+v", retry)
	}
	if _, end = w.act(t, retry, "retry"); end.Status != "done" || w.state(t) != soc.IncidentContained {
		t.Errorf("end %+v, incident %s", end, w.state(t))
	}
	if none := w.plan(t, "retry"); none.Status != "nothing" || none.Tasks == nil {
		t.Errorf("nothing is left to retry: %+v", none)
	}
}

// TestFollowUpPlansOnlyWhatJoined has a run for an address that joined the incident after the first run.
func TestFollowUpPlansOnlyWhatJoined(t *testing.T) {
	t.Parallel()
	w := setup(t)
	first := w.plan(t, "execute")
	w.approve(t)
	w.act(t, first, "execute")
	i, err := w.db.Incident(t.Context(), w.incident)
	must(t, err)
	i.Entities = append(i.Entities, soc.Entity{Type: soc.EntityIP, Value: "198.51.100.99", Part: "attacker"})
	must(t, w.db.SaveIncident(t.Context(), i, nil))
	w.run = soc.FollowUpID("block-ip", w.incident, 1)
	second := w.plan(t, "execute")
	run, err := w.db.Run(t.Context(), w.run)
	must(t, err)
	if len(second.Tasks) != len(first.Tasks) || !second.NeedsApproval || strings.Count(second.Summary, "198.51.100.77 is in an earlier run") != 1 {
		t.Errorf("follow-up %+v", second)
	}
	for _, k := range run.Tasks {
		if k.Target != "198.51.100.99" {
			t.Errorf("planned again: %+v", k)
		}
	}
	w.run = "run-by-hand" // a person means all of it
	if byHand := w.plan(t, "execute"); len(byHand.Tasks) != 2*len(first.Tasks) {
		t.Errorf("by hand %+v", byHand)
	}
}

func TestNothingHappensWithoutApproval(t *testing.T) {
	t.Parallel()
	w := setup(t)
	plan := w.plan(t, "execute")
	statuses, end := w.act(t, plan, "execute")
	if cmp.Diff([]string{"failed", "failed"}, statuses) != "" || end.Status != "partial" || len(w.cloud.blocked) != 0 {
		t.Errorf("statuses %v, end %+v, blocked %v", statuses, end, w.cloud.blocked)
	}
	if retry := w.plan(t, "retry"); retry.Status != "refused" {
		t.Errorf("retry of a run that was never approved: %+v", retry)
	}
}

func TestReject(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.plan(t, "execute")
	must(t, w.db.SaveApproval(t.Context(), soc.Approval{ID: w.run, RunID: w.run, Token: "t"}))
	got := w.call(t, request{Operation: "reject", chosen: chosen{RunID: w.run, Mode: "execute"}})
	if got.Status != "rejected" {
		t.Errorf("answer %+v", got)
	}
	if err := w.db.Decide(t.Context(), w.run, "approved", "late", now); soc.KindOf(err) != soc.Conflict {
		t.Errorf("a late answer was taken: %v", err)
	}
	if again := w.plan(t, "execute"); again.Status != "refused" {
		t.Errorf("a rejected run was planned again: %+v", again)
	}
}

func TestAccountThatLeftIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := setup(t)
	plan := w.plan(t, "execute")
	w.approve(t)
	must(t, w.db.SaveAccount(t.Context(), soc.Account{UID: payments, State: soc.AccountLeft, Response: true}))
	statuses, _ := w.act(t, plan, "execute")
	if cmp.Diff([]string{"succeeded", "failed"}, statuses) != "" || len(w.cloud.blocked) != 1 {
		t.Errorf("statuses %v, blocked %v", statuses, w.cloud.blocked)
	}
}

func TestNothingToDo(t *testing.T) {
	t.Parallel()
	w := setup(t)
	must(t, w.db.SaveIncident(t.Context(), soc.Incident{ID: w.incident, Accounts: []string{shop}, Entities: []soc.Entity{{Type: soc.EntityIP, Value: "10.0.0.1", Part: "attacker"}}}, nil))
	if got := w.plan(t, "execute"); got.Status != "nothing" || got.Tasks == nil || !strings.Contains(got.Reason, "private") {
		t.Errorf("plan %+v", got)
	}
}

func TestBadInputIsInvalid(t *testing.T) {
	t.Parallel()
	w := setup(t)
	tests := []struct {
		in   request
		want soc.Kind
	}{
		{request{Operation: "dance", chosen: chosen{RunID: "r", Mode: "execute"}}, soc.Invalid},
		{request{Operation: "task", chosen: chosen{Mode: "execute"}}, soc.Invalid},
		{request{Operation: "task", chosen: chosen{RunID: "no-such", Mode: "execute"}}, soc.NotFound},
		{request{Operation: "finish", chosen: chosen{RunID: "no-such", Mode: "execute"}}, soc.NotFound},
	}
	for _, tt := range tests {
		if _, err := w.handle(t.Context(), tt.in); soc.KindOf(err) != tt.want {
			t.Errorf("%+v: got %v, want %s", tt.in, err, tt.want)
		}
	}
}

func TestPlanRefusesBadInputWithItsReason(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.plan(t, "execute")
	tests := []struct{ playbook, input, reason string }{
		{"block-ip", `{"incident_id":"i","mode":"execute"}`, "run_id is missing"},
		{"block-ip", `{"run_id":"r","mode":"execute"}`, "plan needs incident_id"},
		{"block-ip", `{"run_id":"r","incident_id":"i","mode":"now"}`, `mode "now" is none of`},
		{"block-ip", `{"run_id":"r","incident":"i","mode":"execute"}`, `unknown field "incident"`},
		{"block-ip", `{"run_id":"r","incident_id":"no-such","mode":"execute"}`, "no-such"},
		{"no-such", `{"run_id":"r","incident_id":"` + w.incident + `","mode":"execute"}`, "no-such"},
		{"disable-access-key", `{"run_id":"` + w.run + `","incident_id":"` + w.incident + `","mode":"execute"}`, "the run is block-ip"},
	}
	for _, tt := range tests {
		got := w.call(t, request{Operation: "plan", Playbook: tt.playbook, Input: json.RawMessage(tt.input)})
		if got.Status != "refused" || !strings.Contains(got.Reason, tt.reason) || got.Tasks == nil {
			t.Errorf("%s %s: %+v, want refused with %q", tt.playbook, tt.input, got, tt.reason)
		}
	}
}
