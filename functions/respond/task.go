package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/fenghuo-soc/fenghuo/shared/response"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// task does or undoes one task. What goes wrong in the account comes back as data; an error means that the store could
// not be used, and the flow tries again.
func (h *handler) task(ctx context.Context, in request) (answer, error) {
	run, err := h.runs.Run(ctx, in.RunID)
	if err != nil {
		return answer{}, err
	}
	i := slices.IndexFunc(run.Tasks, func(t soc.Task) bool { return t.ID == in.TaskID })
	if i < 0 {
		return answer{}, &soc.Error{Kind: soc.NotFound, Op: "find task", Resource: in.TaskID, Err: errors.New("the run has no such task"), Next: "plan the run first"}
	}
	t := run.Tasks[i]
	if err := h.mayAct(ctx, run, t); err != nil {
		if soc.KindOf(err) != soc.Denied {
			return answer{}, err
		}
		return answer{Status: "failed", RunID: run.ID, TaskID: t.ID, Reason: err.Error()}, h.refuse(ctx, run, t, in.Mode, err)
	}
	before := t
	x, err := h.audited(ctx, run, before, in.Mode)
	if err != nil {
		return answer{}, err
	}
	if in.Mode == "undo" {
		t, err = x.Undo(ctx, t)
	} else {
		t, err = h.execute(ctx, x, run, t)
	}
	if err != nil {
		return answer{}, err
	}
	out := answer{Status: "succeeded", RunID: run.ID, TaskID: t.ID, Reason: t.Reason}
	verb := map[soc.TaskState]string{soc.TaskSucceeded: "Done: ", soc.TaskUndone: "Undone: ", soc.TaskFailed: "Failed: "}[t.State]
	if t.State == soc.TaskFailed || in.Mode == "undo" && t.State != soc.TaskUndone {
		out.Status, verb = "failed", "Failed: "
	}
	if t.Attempts == before.Attempts {
		return out, nil // nothing was done: it had its state before
	}
	text := verb + t.Summary
	if t.Reason != "" {
		text += " (" + t.Reason + ")"
	}
	key := fmt.Sprintf("task:%s:%d", t.ID, t.Attempts)
	return out, h.incidents.AddTimeline(ctx, run.IncidentID, key, soc.TimelineEntry{
		At: h.now(), Account: t.Account, Kind: "task",
		Actor: "playbook " + run.Playbook, Text: text, Ref: t.ID,
	})
}

func (h *handler) execute(ctx context.Context, x response.Executor, run soc.Run, t soc.Task) (soc.Task, error) {
	if t.State == soc.TaskSucceeded {
		return t, nil
	}
	if t.State == soc.TaskUndone {
		return t, &soc.Error{
			Kind: soc.Conflict, Op: "execute task", Account: t.Account, Resource: t.ID, Err: errors.New("the task was undone"),
			Next: "start the playbook with a new run",
		}
	}
	if run.State != soc.RunRunning {
		if err := h.runs.SetRunState(ctx, run.ID, soc.RunRunning, h.now()); err != nil {
			return t, err
		}
	}
	t.State, t.UpdatedAt = soc.TaskRunning, h.now()
	if err := h.runs.SaveTask(ctx, t); err != nil {
		return t, err
	}
	return x.Execute(ctx, t)
}

// mayAct is Denied when the run was not approved, or the account has left or switched response off since it was planned.
func (h *handler) mayAct(ctx context.Context, run soc.Run, t soc.Task) error {
	denied := func(why, next string) error {
		return &soc.Error{Kind: soc.Denied, Op: "run task", Account: t.Account, Err: errors.New(why), Next: next}
	}
	ok, err := h.approved(ctx, run)
	if err != nil {
		return err
	}
	if !ok {
		return denied("the run was not approved", "approve it on the incident's page")
	}
	accounts, err := h.scope.Accounts(ctx)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if a.UID == t.Account && a.State == soc.AccountJoined && a.Response {
			return nil
		}
	}
	return denied("the account is not joined or response is switched off", "join the account with response switched on")
}

// refuse keeps why a task was not done. An undo that is refused leaves the task as it is: its effect is there.
func (h *handler) refuse(ctx context.Context, run soc.Run, t soc.Task, mode string, why error) error {
	if mode == "undo" || t.State == soc.TaskSucceeded || t.State == soc.TaskUndone {
		return nil
	}
	if t.State == soc.TaskFailed && t.Reason == why.Error() {
		return nil // said before
	}
	t.State, t.Reason, t.UpdatedAt = soc.TaskFailed, why.Error(), h.now()
	e := h.refused(ctx, run, t.Reason+" "+t.Summary+", "+t.ID+".")
	e.Account = t.Account
	return h.runs.FinishTask(ctx, t, e)
}
