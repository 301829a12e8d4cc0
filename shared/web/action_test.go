package web

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

func TestApproveTellsTheFlow(t *testing.T) {
	t.Parallel()
	h, db, cloud := newConsole(t, Options{})
	s := seed(t, db, same)
	if status, body := ask(t, h, "/api/approvals/"+s.Run.ID, `{"decision":"approved"}`); status != http.StatusOK || body != `{"ok":true}`+"\n" {
		t.Fatalf("%d %s", status, body)
	}
	if want := `secret/task+token {"decided_by":"console","decision":"approved"}`; len(cloud.reported) != 1 || cloud.reported[0] != want {
		t.Errorf("reported %q", cloud.reported)
	}
	a, err := db.Approval(t.Context(), s.Run.ID)
	if err != nil || a.Decision != "approved" || a.DecidedBy != "console" || !a.DecidedAt.Equal(testNow) {
		t.Errorf("approval %+v, %v", a, err)
	}
	e := read[event](t, h, "/api/events/"+s.Incident.ID)
	if last := e.Timeline[len(e.Timeline)-1]; last.Text != "Playbook block-ip was approved." || last.Kind != "approval" {
		t.Errorf("timeline ends with %+v", last)
	}
	// Another answer is refused, and says who was first; so is the same one, once the run goes on.
	status, body := ask(t, h, "/api/approvals/"+s.Run.ID, `{"decision":"rejected"}`)
	if f := refused(t, body); status != http.StatusConflict || f.Code != "AnsweredBefore" || !strings.Contains(f.Message, "approved by console") {
		t.Errorf("second answer: %d %s", status, body)
	}
	must(t, db.SetRunState(t.Context(), s.Run.ID, soc.RunRunning, testNow))
	if status, body := ask(t, h, "/api/approvals/"+s.Run.ID, `{"decision":"approved"}`); status != http.StatusConflict {
		t.Errorf("answer to a run that went on: %d %s", status, body)
	}
	if len(cloud.reported) != 1 {
		t.Errorf("reported %q", cloud.reported)
	}
}

func TestDecisionCanBeRepeatedWhenTellingFails(t *testing.T) {
	t.Parallel()
	h, db, cloud := newConsole(t, Options{})
	s := seed(t, db, same)
	cloud.report = func(token, _ string) error {
		return &soc.Error{Kind: soc.Unavailable, Op: "ReportTaskSucceeded", Code: "ServiceUnavailable", RequestID: "R1", Err: errors.New("post ?TaskToken=secret%2Ftask%2Btoken: " + token + " refused")}
	}
	status, body := ask(t, h, "/api/approvals/"+s.Run.ID, `{"decision":"rejected"}`)
	if f := refused(t, body); status != http.StatusServiceUnavailable || !strings.Contains(f.Next, "again") {
		t.Errorf("%d %s", status, body)
	}
	if strings.Contains(body, "secret/task") || strings.Contains(body, "secret%2F") {
		t.Errorf("the token is shown: %s", body)
	}
	cloud.report = nil
	if status, body := ask(t, h, "/api/approvals/"+s.Run.ID, `{"decision":"rejected"}`); status != http.StatusOK {
		t.Errorf("repeated: %d %s", status, body)
	}
	if len(cloud.reported) != 2 || cloud.reported[0] != cloud.reported[1] {
		t.Errorf("reported %q", cloud.reported)
	}
}

func TestDecideRefuses(t *testing.T) {
	t.Parallel()
	now := testNow
	h, db, cloud := newConsole(t, Options{Now: func() time.Time { return now }})
	s := seed(t, db, same)
	for _, c := range []struct {
		target, body string
		status       int
		kind         soc.Kind
	}{
		{"/api/approvals/nothing", `{"decision":"approved"}`, 404, soc.NotFound},
		{"/api/approvals/" + s.Run.ID, `{"decision":"perhaps"}`, 400, soc.Invalid},
		{"/api/approvals/" + s.Run.ID, `{"decison":"approved"}`, 400, soc.Invalid},
		{"/api/approvals/" + s.Run.ID, `{`, 400, soc.Invalid},
		{"/api/approvals/a%2Fb%00", `{"decision":"approved"}`, 404, soc.NotFound},
	} {
		if status, body := ask(t, h, c.target, c.body); status != c.status || refused(t, body).Kind != c.kind {
			t.Errorf("%s %s: %d %s", c.target, c.body, status, body)
		}
	}
	now = testNow.Add(23 * time.Hour) // the deadline
	status, body := ask(t, h, "/api/approvals/"+s.Run.ID, `{"decision":"approved"}`)
	if status != http.StatusConflict || refused(t, body).Code != "DeadlinePassed" {
		t.Errorf("late answer: %d %s", status, body)
	}
	if a, err := db.Approval(t.Context(), s.Run.ID); err != nil || a.Decision != "" || len(cloud.reported) != 0 {
		t.Errorf("approval %+v, %v; reported %q", a, err, cloud.reported)
	}
}

func TestRetryAndUndo(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"retry", "undo"} {
		h, db, cloud := newConsole(t, Options{})
		s := seed(t, db, same)
		if status, body := ask(t, h, "/api/runs/"+s.Done.ID+"/"+mode, "{}"); status != http.StatusOK {
			t.Fatalf("%s: %d %s", mode, status, body)
		}
		prefix := s.Done.Playbook + " " + s.Done.ID + "-" + mode + "-"
		if len(cloud.started) != 1 || !strings.HasPrefix(cloud.started[0], prefix) ||
			!strings.HasSuffix(cloud.started[0], ` {"incident_id":"`+s.Incident.ID+`","mode":"`+mode+`","run_id":"`+s.Done.ID+`"}`) {
			t.Errorf("%s started %q", mode, cloud.started)
		}
		if run := read[soc.Run](t, h, "/api/runs/"+s.Done.ID); run.State != soc.RunRunning || len(run.Tasks) != 2 {
			t.Errorf("%s: run %+v", mode, run)
		}
		if status, body := ask(t, h, "/api/runs/"+s.Done.ID+"/"+mode, "{}"); status != http.StatusConflict {
			t.Errorf("%s twice: %d %s", mode, status, body)
		}
		if trail, err := db.SearchAudit(t.Context(), store.AuditQuery{Limit: 1}); err != nil || len(trail) != 1 || trail[0].Action != mode || !strings.Contains(trail[0].Detail, s.Done.ID) {
			t.Errorf("%s: audit %+v, %v", mode, trail, err)
		}
	}
}

func TestRetryAtOnceStartsOnce(t *testing.T) {
	t.Parallel()
	h, db, cloud := newConsole(t, Options{})
	s := seed(t, db, same)
	var group sync.WaitGroup
	statuses := make([]int, 6)
	for i := range statuses {
		group.Go(func() { statuses[i], _ = ask(t, h, "/api/runs/"+s.Done.ID+"/retry", "{}") })
	}
	group.Wait()
	ok := 0
	for _, status := range statuses {
		if status == http.StatusOK {
			ok++
		} else if status != http.StatusConflict {
			t.Errorf("status %d", status)
		}
	}
	if ok != 1 || len(cloud.started) != 1 {
		t.Errorf("%d succeeded, started %q", ok, cloud.started)
	}
}

func TestRunThatDidNotStartKeepsItsState(t *testing.T) {
	t.Parallel()
	h, db, cloud := newConsole(t, Options{})
	s := seed(t, db, same)
	cloud.start = func(string, string, string) error {
		return &soc.Error{Kind: soc.Denied, Op: "StartExecution", Account: "1100000000000002", Code: "Forbidden", RequestID: "R2", Err: errors.New("no"), Next: "allow fnf:StartExecution"}
	}
	status, body := ask(t, h, "/api/runs/"+s.Done.ID+"/undo", "{}")
	if f := refused(t, body); status != http.StatusForbidden || f.Code != "Forbidden" || f.RequestID != "R2" || f.Account == "" || f.Next == "" {
		t.Errorf("%d %s", status, body)
	}
	if run := read[soc.Run](t, h, "/api/runs/"+s.Done.ID); run.State != soc.RunPartial {
		t.Errorf("run is %s", run.State)
	}
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	tasks := func(states ...soc.TaskState) (out []soc.Task) {
		for _, s := range states {
			out = append(out, soc.Task{State: s})
		}
		return out
	}
	for _, c := range []struct {
		state       soc.RunState
		age         time.Duration
		tasks       []soc.Task
		retry, undo bool
	}{
		{soc.RunPartial, 0, tasks(soc.TaskSucceeded, soc.TaskFailed), true, true},
		{soc.RunPartial, 0, tasks(soc.TaskFailed), true, false},
		{soc.RunDone, 0, tasks(soc.TaskSucceeded), false, true},
		{soc.RunDone, 0, nil, false, false},
		{soc.RunUndone, 0, tasks(soc.TaskUndone), false, false},
		{soc.RunWaiting, time.Hour, tasks(soc.TaskPlanned), false, false},
		{soc.RunRejected, 0, tasks(soc.TaskPlanned), false, false},
		{soc.RunRunning, staleRun - 1, tasks(soc.TaskSucceeded, soc.TaskRunning), false, false},
		{soc.RunRunning, staleRun, tasks(soc.TaskSucceeded, soc.TaskRunning), true, true},
	} {
		run := soc.Run{State: c.state, UpdatedAt: testNow.Add(-c.age), Tasks: c.tasks}
		if retry, undo := refusal(run, "retry", testNow) == "", refusal(run, "undo", testNow) == ""; retry != c.retry || undo != c.undo {
			t.Errorf("%s after %v with %v: retry %v, undo %v", c.state, c.age, c.tasks, retry, undo)
		}
	}
}

func TestSetState(t *testing.T) {
	t.Parallel()
	now := testNow
	h, db, _ := newConsole(t, Options{Now: func() time.Time { return now }})
	s := seed(t, db, same)
	target := "/events/" + s.Incident.ID + "/state"
	if status, body := ask(t, h, "/api"+target, `{"state":"in_progress"}`); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	now = now.Add(time.Second)
	rec := record(t, h, target, "state=closed&next=//evil.example")
	if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/" {
		t.Errorf("form answers %d to %q", rec.Code, rec.Header().Get("Location"))
	}
	e := read[event](t, h, "/api/events/"+s.Incident.ID)
	if e.Event.State != soc.IncidentClosed || e.Timeline[len(e.Timeline)-1].Text != "State changed from in_progress to closed." {
		t.Errorf("event %+v, timeline %+v", e.Event, e.Timeline)
	}
	if status, _ := ask(t, h, "/api"+target, `{"state":"gone"}`); status != http.StatusBadRequest {
		t.Errorf("unknown state answers %d", status)
	}
	if status, _ := ask(t, h, "/api/events/nothing/state", `{"state":"new"}`); status != http.StatusNotFound {
		t.Errorf("unknown event answers %d", status)
	}
}

func TestFormsComeBack(t *testing.T) {
	t.Parallel()
	h, db, cloud := newConsole(t, Options{})
	s := seed(t, db, same)
	rec := record(t, h, "/approvals/"+s.Run.ID, "decision=approved")
	if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/response" || len(cloud.reported) != 1 {
		t.Errorf("approval form: %d to %q, reported %q", rec.Code, rec.Header().Get("Location"), cloud.reported)
	}
	rec = record(t, h, "/runs/"+s.Done.ID+"/undo", "next=/events/"+s.Incident.ID)
	if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/events/"+s.Incident.ID || len(cloud.started) != 1 {
		t.Errorf("undo form: %d to %q, started %q", rec.Code, rec.Header().Get("Location"), cloud.started)
	}
	rec = record(t, h, "/approvals/"+s.Run.ID, "decision=rejected")
	if rec.Code != http.StatusConflict || !strings.Contains(rec.Body.String(), "answered before") {
		t.Errorf("second answer: %d %s", rec.Code, rec.Body)
	}
}

func TestChangesSayWhereTheyCameFrom(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"203.0.113.9":                  "console 203.0.113.9",
		"::ffff:203.0.113.9":           "console 203.0.113.9",
		"2001:db8::1%eth0":             "console 2001:db8::1",
		"203.0.113.9, forged by <you>": "console, address unknown",
		"":                             "console, address unknown",
	} {
		h, db, _ := newConsole(t, Options{Client: func(*http.Request) string { return address }})
		s := seed(t, db, same)
		if status, body := ask(t, h, "/api/events/"+s.Incident.ID+"/state", `{"state":"closed"}`); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
		trail, err := db.SearchAudit(t.Context(), store.AuditQuery{Limit: 1})
		if err != nil || len(trail) != 1 || trail[0].Origin != want {
			t.Errorf("asked from %q: trail %+v, %v; want origin %q", address, trail, err, want)
		}
	}
}

// TestEventShowsItsTrail: what was done about an event is shown, however much was written into the trail since.
func TestEventShowsItsTrail(t *testing.T) {
	t.Parallel()
	h, db, _ := newConsole(t, Options{})
	s := seed(t, db, same)
	must(t, db.Audit(t.Context(), store.AuditEntry{At: testNow, Actor: "respond", Action: "response.execute", Account: uidC, Detail: "Done: a thing of run " + s.Done.ID, Before: "a", After: "b"}))
	later := make([]store.AuditEntry, 3000)
	for i := range later {
		later[i] = store.AuditEntry{At: testNow, Actor: "onboard", Action: "account.join", Account: uidD}
	}
	must(t, db.EndRun(t.Context(), s.Run.ID, soc.RunRejected, testNow, later...))
	status, body := ask(t, h, "/events/"+s.Incident.ID, "")
	if status != http.StatusOK || strings.Count(body, "Done: a thing of run") != 1 {
		t.Errorf("%d, the entry is shown %d times", status, strings.Count(body, "Done: a thing of run"))
	}
	inspect(t, "event with a trail", body)
}
