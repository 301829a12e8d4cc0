package main

import (
	"context"
	"fmt"

	"github.com/fenghuo-soc/fenghuo/shared/response"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// plan derives the tasks of a run, or chooses those of an earlier plan that are to be retried or undone. A run is
// planned once: planning it again returns what was planned, and may have been shown to a person, before.
func (h *handler) plan(ctx context.Context, in request) (answer, error) {
	if in.Mode != "execute" {
		return h.replan(ctx, in)
	}
	run, err := h.openRun(ctx, in)
	if err != nil {
		return answer{}, err
	}
	if run.State == soc.RunRejected || run.State == soc.RunUndone {
		return answer{Status: "refused", RunID: run.ID, Reason: fmt.Sprintf("the run is %s", run.State)}, nil
	}
	if len(run.Tasks) > 0 {
		return h.planned(run)
	}
	plan, err := h.derive(ctx, run)
	if err != nil {
		return answer{}, err
	}
	out := answer{Status: "ok", RunID: run.ID, NeedsApproval: plan.NeedsApproval, Summary: plan.Summary, SummaryZH: plan.SummaryZH, Reason: plan.Reason}
	state := soc.RunPlanned
	switch {
	case plan.Refused:
		out.Status, state = "refused", soc.RunRejected
	case len(plan.Tasks) == 0:
		out.Status, state = "nothing", soc.RunDone
	}
	if err := h.runs.SaveTasks(ctx, plan.Tasks); err != nil {
		return answer{}, err
	}
	if state == soc.RunRejected {
		err = h.runs.EndRun(ctx, run.ID, state, h.now(), h.refused(ctx, run, plan.Reason))
	} else {
		err = h.runs.SetRunState(ctx, run.ID, state, h.now())
	}
	if err != nil {
		return answer{}, err
	}
	text := "Planned " + plan.Summary
	if out.Status != "ok" {
		text = "Playbook " + run.Playbook + " does nothing: " + plan.Reason + "."
	}
	for _, t := range plan.Tasks {
		out.Tasks = append(out.Tasks, taskRef{run.ID, t.ID, "execute"})
	}
	return out, h.note(ctx, run, "planned:"+run.ID, "response", text, run.ID)
}

// openRun returns the run, new when a person started the flow by hand.
func (h *handler) openRun(ctx context.Context, in request) (soc.Run, error) {
	if in.IncidentID == "" || in.Playbook == "" {
		return soc.Run{}, invalid("plan needs incident_id and playbook")
	}
	if _, err := h.book.Playbook(in.Playbook); err != nil {
		return soc.Run{}, err
	}
	if _, err := h.incidents.Incident(ctx, in.IncidentID); err != nil {
		return soc.Run{}, err
	}
	now := h.now()
	if _, err := h.runs.SaveRun(ctx, soc.Run{
		ID: in.RunID, Playbook: in.Playbook, IncidentID: in.IncidentID, State: soc.RunPlanned,
		StartedBy: "flow", CreatedAt: now, UpdatedAt: now,
	}); err != nil {
		return soc.Run{}, err
	}
	run, err := h.runs.Run(ctx, in.RunID)
	if err == nil && (run.Playbook != in.Playbook || run.IncidentID != in.IncidentID) {
		err = &soc.Error{
			Kind: soc.Conflict, Op: "plan", Resource: in.RunID, Err: fmt.Errorf("the run is %s on incident %s", run.Playbook, run.IncidentID),
			Next: "use another run_id",
		}
	}
	return run, err
}

func (h *handler) derive(ctx context.Context, run soc.Run) (response.Plan, error) {
	s := response.Situation{RunID: run.ID, Own: h.executor.Own, Now: h.now()}
	var err error
	if s.Incident, err = h.incidents.Incident(ctx, run.IncidentID); err != nil {
		return response.Plan{}, err
	}
	if s.Alerts, err = h.incidents.Alerts(ctx, store.AlertFilter{IncidentID: run.IncidentID}); err != nil {
		return response.Plan{}, err
	}
	if s.Accounts, err = h.scope.Accounts(ctx); err != nil {
		return response.Plan{}, err
	}
	if s.Sources, err = h.scope.DataSources(ctx); err != nil {
		return response.Plan{}, err
	}
	if !response.IsFollowUp(run) {
		return h.book.Plan(run.Playbook, s) // a person who starts a playbook again means all of it
	}
	runs, err := h.runs.RunsOf(ctx, run.IncidentID)
	if err != nil {
		return response.Plan{}, err
	}
	for _, r := range runs {
		if r.Playbook == run.Playbook && r.ID != run.ID {
			s.Earlier = append(s.Earlier, r.Tasks...)
		}
	}
	return h.book.Plan(run.Playbook, s)
}

// planned answers for a run that has its tasks already.
func (h *handler) planned(run soc.Run) (answer, error) {
	p, err := h.book.Playbook(run.Playbook)
	if err != nil {
		return answer{}, err
	}
	out := answer{Status: "ok", RunID: run.ID, NeedsApproval: p.Approval}
	for _, t := range run.Tasks {
		out.Tasks = append(out.Tasks, taskRef{run.ID, t.ID, "execute"})
		out.Summary += "- " + t.Summary + "\n"
		out.SummaryZH += "- " + t.SummaryZH + "\n"
	}
	return out, nil
}

// replan chooses the tasks to retry (what did not succeed) or to undo (what did). Nobody is asked again: retrying does
// only what was approved, undoing makes it as it was.
func (h *handler) replan(ctx context.Context, in request) (answer, error) {
	run, err := h.runs.Run(ctx, in.RunID)
	if err != nil {
		return answer{}, err
	}
	ok, err := h.approved(ctx, run)
	if err != nil {
		return answer{}, err
	}
	out := answer{Status: "ok", RunID: run.ID}
	if !ok {
		out.Status, out.Reason = "refused", "the run was never approved"
		return out, nil
	}
	for _, t := range run.Tasks {
		switch {
		case in.Mode == "undo" && t.State == soc.TaskSucceeded:
			out.Tasks = append(out.Tasks, taskRef{run.ID, t.ID, "undo"})
		case in.Mode == "retry" && t.State != soc.TaskSucceeded && t.State != soc.TaskUndone:
			out.Tasks = append(out.Tasks, taskRef{run.ID, t.ID, "execute"})
		default:
			continue
		}
		out.Summary += "- " + in.Mode + ": " + t.Summary + "\n"
		out.SummaryZH += "- " + map[string]string{"undo": "撤销", "retry": "重试"}[in.Mode] + "：" + t.SummaryZH + "\n"
	}
	if len(out.Tasks) == 0 {
		out.Status, out.Reason = "nothing", "the run has no task to "+in.Mode
		return out, nil
	}
	key := fmt.Sprintf("%s:%s:%d", in.Mode, run.ID, run.UpdatedAt.UnixNano())
	return out, h.note(ctx, run, key, "response", fmt.Sprintf("Began to %s %d of %d tasks of playbook %s.", in.Mode, len(out.Tasks), len(run.Tasks), run.Playbook), run.ID)
}

// note adds a line to the incident's timeline.
func (h *handler) note(ctx context.Context, run soc.Run, key, kind, text, ref string) error {
	return h.incidents.AddTimeline(ctx, run.IncidentID, key,
		soc.TimelineEntry{At: h.now(), Kind: kind, Actor: "playbook " + run.Playbook, Text: text, Ref: ref})
}
