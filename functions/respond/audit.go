package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/response"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// audited returns an executor that writes what became of a task together with its entry of the audit trail. A step of
// the flow that is repeated finds the task as it was written, does nothing, and writes no second entry; a crash between
// the cloud's answer and the write leaves neither, and the repeated step, which does nothing new in the cloud, writes both.
func (h *handler) audited(ctx context.Context, run soc.Run, before soc.Task, mode string) (response.Executor, error) {
	by, err := h.decidedBy(ctx, run)
	x := h.executor
	x.Save = func(ctx context.Context, t soc.Task) error {
		if t.State == soc.TaskRunning { // what was found before anything was changed
			return h.runs.SaveTask(ctx, t)
		}
		return h.runs.FinishTask(ctx, t, h.tried(ctx, run, before, t, mode, by))
	}
	return x, err
}

// decidedBy says who let a run act, or kept it from acting, as the store has it; "" when nobody was asked.
func (h *handler) decidedBy(ctx context.Context, run soc.Run) (string, error) {
	a, err := h.approvals.Approval(ctx, run.ID)
	if soc.KindOf(err) == soc.NotFound || err == nil && a.Decision == "" {
		return "", nil
	}
	return a.Decision + " by " + a.DecidedBy, err
}

// tried tells of a task that was tried, or of its inverse.
func (h *handler) tried(ctx context.Context, run soc.Run, before, after soc.Task, mode, by string) store.AuditEntry {
	action, done, result := org.ChangeRespond, soc.TaskSucceeded, "Done: "
	if mode == "undo" {
		action, done, result = org.ChangeUndo, soc.TaskUndone, "Undone: "
	}
	if after.State != done {
		result = "Failed: "
	}
	text := result + after.Summary
	if after.Reason != "" {
		text += " (" + after.Reason + ")"
	}
	e := h.entry(ctx, run, action, by, text+", "+after.ID+".")
	e.Account = after.Account
	e.Before, e.After = effectBefore(before, after), effectAfter(before, after)
	return e
}

// refused tells of a run, or a task of it, that may not act.
func (h *handler) refused(ctx context.Context, run soc.Run, why string) store.AuditEntry {
	return h.entry(ctx, run, org.ChangeRefuse, "", "Nothing was done: "+why)
}

// rejected tells each account of a run what was planned in it and not approved.
func (h *handler) rejected(ctx context.Context, run soc.Run) ([]store.AuditEntry, error) {
	by, err := h.decidedBy(ctx, run)
	if err != nil {
		return nil, err
	}
	planned := map[string]int{}
	var accounts []string
	for _, t := range run.Tasks {
		if planned[t.Account]++; planned[t.Account] == 1 {
			accounts = append(accounts, t.Account)
		}
	}
	slices.Sort(accounts)
	var out []store.AuditEntry
	for _, account := range accounts {
		e := h.entry(ctx, run, org.ChangeReject, by, fmt.Sprintf("Nothing was done: the run was not approved; it had %d tasks in the account.", planned[account]))
		e.Account = account
		out = append(out, e)
	}
	return out, nil
}

// entry begins an entry: the function and who decided, the request, and the run that it belongs to.
func (h *handler) entry(ctx context.Context, run soc.Run, action, by, text string) store.AuditEntry {
	actor := "respond"
	if by != "" {
		actor += ", " + by
	}
	return store.AuditEntry{
		At: h.now(), Actor: plain(actor), Origin: plain(fc.Origin(ctx, run.ID)), Action: action,
		Detail: plain(text) + " " + plain(fmt.Sprintf("Playbook %s, event %s, %s.", run.Playbook, run.IncidentID, run.ID)),
	}
}

// effect is what is there of a task in the account. An access key's id is no secret.
type effect struct {
	Task   soc.TaskState `json:"task,omitempty"`
	Target string        `json:"target"`
	Rule   string        `json:"rule,omitempty"` // the product's ids of the rules that block
	User   string        `json:"user,omitempty"` // of the access key
	Status string        `json:"status,omitempty"`
}

// effectBefore is "" when nothing was there, or nothing is known to have been.
func effectBefore(before, after soc.Task) string {
	switch found := response.FoundKey(after); {
	case before.State == soc.TaskSucceeded:
		return effectOf(before, soc.TaskSucceeded).text()
	case found.Status != "":
		return effect{Target: after.Target, User: found.User, Status: found.Status}.text()
	}
	return ""
}

// effectAfter tells what is there now. What a try that failed left is not known: only that it failed is told.
func effectAfter(before, after soc.Task) string {
	e := effect{Task: after.State, Target: after.Target}
	switch {
	case after.State == soc.TaskSucceeded && before.State == soc.TaskSucceeded: // an undo that failed
		return effectOf(before, "undo failed").text()
	case after.State == soc.TaskSucceeded:
		e = effectOf(after, after.State)
	case after.State == soc.TaskUndone:
		if found := response.FoundKey(after); found.Status != "" {
			e.User, e.Status = found.User, found.Status
		}
	}
	return e.text()
}

// effectOf is what a task that succeeded leaves there.
func effectOf(t soc.Task, state soc.TaskState) effect {
	e := effect{Task: state, Target: t.Target, Rule: response.RuleOf(t)}
	if found := response.FoundKey(t); found.Status != "" {
		e.User, e.Status = found.User, response.KeyOff
	}
	return e
}

func (e effect) text() string {
	e.Target, e.Rule, e.User, e.Status = plain(e.Target), plain(e.Rule), plain(e.User), plain(e.Status)
	b, err := json.Marshal(e)
	if err != nil {
		panic("respond: " + err.Error()) // texts
	}
	return string(b)
}

// plain makes a text that may hold parts of a log fit for the trail: one bounded line that shows what it says.
func plain(s string) string {
	const most = 600
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
