package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// routeActions adds everything that changes something: each as JSON below /api/ and as an HTML form without it. A form
// answers with the page that it came from, which shows what became of it.
func (c *console) routeActions(m *http.ServeMux) {
	action := func(path string, f func(ctx context.Context, id string, in actionInput) error, back func(id string) string) {
		m.HandleFunc("POST /api"+path, func(w http.ResponseWriter, r *http.Request) {
			var in actionInput
			err := readBody(r, &in)
			if err == nil {
				err = f(r.Context(), r.PathValue("id"), in)
			}
			if err != nil {
				c.fail(w, r, err)
				return
			}
			c.writeJSON(w, r, http.StatusOK, map[string]bool{"ok": true})
		})
		m.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			in := actionInput{Decision: r.PostFormValue("decision"), State: soc.IncidentState(r.PostFormValue("state"))}
			if err := f(r.Context(), r.PathValue("id"), in); err != nil {
				c.fail(w, r, err)
				return
			}
			to := back(r.PathValue("id"))
			if next := r.PostFormValue("next"); next != "" {
				to = ownPath(next)
			}
			http.Redirect(w, r, to, http.StatusSeeOther)
		})
	}
	response := func(string) string { return "/response" }
	action("/approvals/{id}", func(ctx context.Context, id string, in actionInput) error { return c.decide(ctx, id, in.Decision) }, response)
	action("/runs/{id}/retry", func(ctx context.Context, id string, _ actionInput) error { return c.rerun(ctx, id, "retry") }, response)
	action("/runs/{id}/undo", func(ctx context.Context, id string, _ actionInput) error { return c.rerun(ctx, id, "undo") }, response)
	action("/events/{id}/state", func(ctx context.Context, id string, in actionInput) error { return c.setState(ctx, id, in.State) },
		func(id string) string { return "/events/" + id })
}

// actionInput is the body of a POST; each action reads its own field.
type actionInput struct {
	Decision string            `json:"decision"` // approved, rejected
	State    soc.IncidentState `json:"state"`
}

// actor names who asks: whoever holds the token, by the request that the platform logged.
func (c *console) actor(ctx context.Context) string {
	return strings.TrimSpace("console " + c.RequestID(ctx))
}

// record writes what was done into the incident's timeline and the audit trail.
func (c *console) record(ctx context.Context, incident, key, action string, e soc.TimelineEntry) error {
	return errors.Join(c.Store.AddTimeline(ctx, incident, key, e),
		c.Store.Audit(ctx, store.AuditEntry{
			At: e.At, Actor: e.Actor, Origin: origin(ctx), Action: action, Account: e.Account,
			Detail: e.Text + " Event " + incident + ", " + e.Ref + ".",
		}))
}

// decide writes a person's answer, then tells the flow that waits. When the telling fails, the same answer can be given
// again: it is told again as long as the run still waits. Another answer is a Conflict, since the first one counts.
func (c *console) decide(ctx context.Context, id, decision string) error {
	if decision != "approved" && decision != "rejected" {
		return badInput("decision is neither approved nor rejected", "send approved or rejected")
	}
	a, err := c.Store.Approval(ctx, id)
	if err != nil {
		return err
	}
	now, by := c.Now(), c.actor(ctx)
	if a.Decision == "" && !now.Before(a.Deadline) {
		return &soc.Error{
			Kind: soc.Conflict, Op: "decide", Resource: id, Code: "DeadlinePassed", Err: errors.New("the question was open until " + a.Deadline.UTC().Format(time.RFC3339)),
			Next: "start the playbook again: the run ends by itself without doing anything",
		}
	}
	err = c.Store.Decide(ctx, id, decision, by, now)
	if err != nil && soc.KindOf(err) != soc.Conflict {
		return err
	}
	again := err != nil
	if a, err = c.Store.Approval(ctx, id); err != nil { // for the newest token, and for who was first
		return err
	}
	run, err := c.Store.Run(ctx, a.RunID)
	if err != nil {
		return err
	}
	if again && (a.Decision != decision || run.State != soc.RunWaiting) {
		return &soc.Error{
			Kind: soc.Conflict, Op: "decide", Resource: id, Code: "AnsweredBefore",
			Err:  fmt.Errorf("%s was answered before: %s by %s at %s", id, a.Decision, a.DecidedBy, a.DecidedAt.UTC().Format(time.RFC3339)),
			Next: "look at the run: the first answer counts",
		}
	}
	return c.tell(ctx, a, run)
}

// tell gives a decision to the waiting flow and records it.
func (c *console) tell(ctx context.Context, a soc.Approval, run soc.Run) error {
	output, err := json.Marshal(map[string]string{"decision": a.Decision, "decided_by": a.DecidedBy})
	if err != nil {
		return err
	}
	if err := c.Flows.Report(ctx, a.Token, string(output)); err != nil {
		return &soc.Error{
			Kind: soc.KindOf(err), Op: "tell the playbook the decision", Resource: a.ID, Err: withoutSecret(err, a.Token),
			Next: "the decision is kept; give the same answer again to tell the playbook",
		}
	}
	return c.record(ctx, run.IncidentID, "decided:"+a.ID, a.Decision, soc.TimelineEntry{
		At: a.DecidedAt, Kind: "approval", Actor: a.DecidedBy,
		Text: "Playbook " + run.Playbook + " was " + a.Decision + ".", Ref: a.RunID,
	})
}

// staleRun is after which time without a change a running run may be retried: its flow is dead.
const staleRun = 15 * time.Minute

// rerun retries what failed of a run, or undoes what was done. The run is marked as running before its flow starts, so
// that asking twice starts once.
func (c *console) rerun(ctx context.Context, id, mode string) error {
	return c.Store.WithLock(ctx, "run:"+id, 20*time.Second, func(ctx context.Context) error {
		run, err := c.Store.Run(ctx, id)
		if err != nil {
			return err
		}
		now := c.Now()
		if why := refusal(run, mode, now); why != "" {
			return &soc.Error{Kind: soc.Conflict, Op: mode + " run", Resource: id, Code: "RunState", Err: errors.New(why), Next: "look at the run's tasks"}
		}
		input, err := json.Marshal(map[string]string{"run_id": run.ID, "incident_id": run.IncidentID, "mode": mode})
		if err != nil {
			return err
		}
		if err := c.Store.SetRunState(ctx, id, soc.RunRunning, now); err != nil {
			return err
		}
		name := fmt.Sprintf("%s-%s-%d", run.ID, mode, run.UpdatedAt.UnixMilli())
		if err := c.Flows.Start(ctx, run.Playbook, name, string(input)); err != nil {
			if soc.KindOf(err) != soc.Timeout { // after a time-out it may have started
				if back := c.Store.SetRunState(context.WithoutCancel(ctx), id, run.State, now); back != nil {
					err = errors.Join(err, back)
				}
			}
			return fmt.Errorf("start %s of %s: %w", mode, run.Playbook, err)
		}
		return c.record(ctx, run.IncidentID, name, mode, soc.TimelineEntry{
			At: now, Kind: "response", Actor: c.actor(ctx),
			Text: "Asked to " + mode + " playbook " + run.Playbook + ".", Ref: run.ID,
		})
	})
}

// refusal tells why a run cannot be retried or undone now, "" when it can.
func refusal(run soc.Run, mode string, now time.Time) string {
	stale := run.State == soc.RunRunning && now.Sub(run.UpdatedAt) >= staleRun
	if run.State != soc.RunDone && run.State != soc.RunPartial && !stale {
		return "the run is " + string(run.State)
	}
	if !slices.ContainsFunc(run.Tasks, func(t soc.Task) bool {
		if mode == "undo" {
			return t.State == soc.TaskSucceeded
		}
		return t.State != soc.TaskSucceeded && t.State != soc.TaskUndone
	}) {
		return "the run has no task to " + mode
	}
	return ""
}

// states are those an event may be set to.
var states = []soc.IncidentState{soc.IncidentNew, soc.IncidentHandling, soc.IncidentContained, soc.IncidentClosed}

// setState moves an event. It waits for correlate, which rewrites events that grow.
func (c *console) setState(ctx context.Context, id string, state soc.IncidentState) error {
	if !slices.Contains(states, state) {
		return badInput("state is none of new, in_progress, contained, closed", "send one of them")
	}
	return c.Store.WithLock(ctx, "correlation", 10*time.Second, func(ctx context.Context) error {
		old, err := c.Store.Incident(ctx, id)
		if err != nil || old.State == state {
			return err
		}
		now := c.Now()
		if err := c.Store.SetIncidentState(ctx, id, state, now); err != nil {
			return err
		}
		return c.record(ctx, id, fmt.Sprintf("state:%s:%d", state, now.UnixNano()), "set state", soc.TimelineEntry{
			At: now, Kind: "state",
			Actor: c.actor(ctx), Text: "State changed from " + string(old.State) + " to " + string(state) + ".", Ref: id,
		})
	})
}

// withoutSecret keeps a secret out of an error's text.
func withoutSecret(err error, secret string) error {
	text := err.Error()
	for _, s := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
		if s != "" {
			text = strings.ReplaceAll(text, s, "[token]")
		}
	}
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}
