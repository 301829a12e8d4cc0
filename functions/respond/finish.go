package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// finish adds a run up and moves its incident: contained when everything was done, in progress again when it was undone.
func (h *handler) finish(ctx context.Context, in request) (answer, error) {
	run, err := h.runs.Run(ctx, in.RunID)
	if err != nil {
		return answer{}, err
	}
	out := answer{RunID: run.ID}
	undone := 0
	for _, t := range run.Tasks {
		switch t.State {
		case soc.TaskSucceeded:
			out.Succeeded++
		case soc.TaskUndone:
			undone++
		default:
			out.Failed++
		}
	}
	state := soc.RunPartial
	switch {
	case in.Mode == "undo":
		if out.Succeeded == 0 {
			state = soc.RunUndone
		}
		out.Succeeded, out.Failed = undone, out.Succeeded // of the undoing
	case out.Failed == 0 && undone == 0:
		state = soc.RunDone
	}
	out.Status = string(state)
	if err := h.runs.SetRunState(ctx, run.ID, state, h.now()); err != nil {
		return answer{}, err
	}
	if err := h.move(ctx, run, state, out.Succeeded); err != nil {
		return answer{}, err
	}
	text := fmt.Sprintf("Playbook %s is %s: %d succeeded, %d failed.", run.Playbook, state, out.Succeeded, out.Failed)
	return out, h.note(ctx, run, fmt.Sprintf("finished:%s:%s:%s:%d:%d", run.ID, in.Mode, state, out.Succeeded, out.Failed), "response", text, run.ID)
}

// move sets the incident's state. It waits for correlate, which rewrites incidents that grow.
func (h *handler) move(ctx context.Context, run soc.Run, state soc.RunState, succeeded int) error {
	next := map[soc.RunState]soc.IncidentState{soc.RunDone: soc.IncidentContained, soc.RunUndone: soc.IncidentHandling, soc.RunPartial: soc.IncidentHandling}[state]
	if next == "" || state == soc.RunDone && succeeded == 0 {
		return nil
	}
	return h.lock(ctx, "correlation", 10*time.Second, func(ctx context.Context) error {
		inc, err := h.incidents.Incident(ctx, run.IncidentID)
		if err != nil || inc.State == next || inc.State == soc.IncidentClosed {
			return err
		}
		if err := h.incidents.SetIncidentState(ctx, inc.ID, next, h.now()); err != nil {
			return err
		}
		now := h.now()
		return h.incidents.AddTimeline(ctx, inc.ID, fmt.Sprintf("state:%s:%d", next, now.UnixNano()), soc.TimelineEntry{
			At: now, Kind: "state",
			Actor: "playbook " + run.Playbook, Text: "State changed from " + string(inc.State) + " to " + string(next) + ".", Ref: run.ID,
		})
	})
}

// reject ends a run that nobody approved in time, or that somebody rejected. A question that is still open is closed, so
// that a late answer starts nothing.
func (h *handler) reject(ctx context.Context, in request) (answer, error) {
	run, err := h.runs.Run(ctx, in.RunID)
	if err != nil {
		return answer{}, err
	}
	for _, t := range run.Tasks {
		if t.State != soc.TaskPlanned {
			return answer{}, &soc.Error{Kind: soc.Conflict, Op: "reject run", Resource: run.ID, Err: errors.New("it has begun"), Next: "undo the run"}
		}
	}
	err = h.approvals.Decide(ctx, run.ID, "rejected", "nobody in time", h.now())
	if kind := soc.KindOf(err); err != nil && kind != soc.Conflict && kind != soc.NotFound {
		return answer{}, err
	}
	entries, err := h.rejected(ctx, run)
	if err != nil {
		return answer{}, err
	}
	if err := h.runs.EndRun(ctx, run.ID, soc.RunRejected, h.now(), entries...); err != nil {
		return answer{}, err
	}
	return answer{Status: string(soc.RunRejected), RunID: run.ID, Reason: "the run was not approved"},
		h.note(ctx, run, "rejected:"+run.ID, "response", "Playbook "+run.Playbook+" was not approved; nothing was done.", run.ID)
}
