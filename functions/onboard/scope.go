package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// scopeInput is what a person hands to the flow apply-scope.
type scopeInput struct {
	Scope json.RawMessage `json:"scope"` // the scope document, as JSON
	Hash  string          `json:"hash"`  // of the plan that was shown
	By    string          `json:"by"`    // who applies it, as the caller says
}

// scopeResult is a plan and, when it was applied, the slices of its runs. Plan is left out for the flow, whose state is
// small: the counts stand beside it.
type scopeResult struct {
	Status  string         `json:"status"`
	Reason  string         `json:"reason"`
	RunID   string         `json:"run_id"`
	Hash    string         `json:"hash"`
	Joins   int            `json:"joins"`
	Leaves  int            `json:"leaves"`
	Changes int            `json:"changes"`
	Keeps   int            `json:"keeps"`
	LeftOut int            `json:"left_out"`
	Slices  []sliceRef     `json:"slices"`
	Leavers string         `json:"leavers"` // run whose policies go off first
	Plan    *org.ScopePlan `json:"plan,omitempty"`
}

// The runs of one scope document are two: leaving and joining are different work.
func joinRun(id string) string  { return id + "-join" }
func leaveRun(id string) string { return id + "-leave" }

// scope plans a scope document, and stores its runs when it is to be applied.
func (h *handler) scope(ctx context.Context, r request, apply bool) (any, error) {
	out := scopeResult{Status: org.StatusOK, RunID: r.RunID, Slices: []sliceRef{}}
	err := h.planScope(ctx, r, apply, &out)
	if err == nil {
		return out, nil
	}
	var retry error
	if out.Status, out.Reason, retry = org.Answer(err); retry != nil {
		return nil, retry
	}
	return out, nil
}

func (h *handler) planScope(ctx context.Context, r request, apply bool, out *scopeResult) error {
	var in scopeInput
	if err := org.DecodeInput(r.Input, &in); err != nil {
		return err
	}
	doc, err := org.ParseScope(in.Scope)
	if err != nil {
		return err
	}
	if doc.Site != h.site {
		return &soc.Error{
			Kind: soc.Invalid, Op: "plan scope", Err: fmt.Errorf("the document is for site %s, this deployment serves %s", doc.Site, h.site),
			Next: "apply it in the deployment of its site: the sites share nothing",
		}
	}
	if apply && r.RunID == "" {
		return &soc.Error{Kind: soc.Invalid, Op: "apply scope", Err: errRun, Next: "give the name of the execution as run_id"}
	}
	if apply && h.resume(ctx, r.RunID, out) { // the step is tried again: its runs are stored already
		return nil
	}
	plan, err := h.comparePlan(ctx, doc)
	if err != nil {
		return err
	}
	out.Hash, out.Joins, out.Leaves, out.Changes, out.Keeps, out.LeftOut = plan.Hash, len(plan.Join), len(plan.Leave), len(plan.Change), plan.Keep, len(plan.Left)
	if !apply {
		out.Plan = &plan
		return nil
	}
	if err := plan.CheckHash(in.Hash); err != nil {
		return err
	}
	if err := h.storeScope(ctx, r.RunID, doc, in.By); err != nil {
		return err
	}
	return h.storeRuns(ctx, r.RunID, org.Stated(in.By), plan, out)
}

func (h *handler) comparePlan(ctx context.Context, doc org.Scope) (org.ScopePlan, error) {
	members, err := h.directoryMembers(ctx)
	if err != nil {
		return org.ScopePlan{}, err
	}
	accounts, err := h.store.Accounts(ctx)
	if err != nil {
		return org.ScopePlan{}, err
	}
	return org.PlanScope(doc, members, accounts, h.management, self(ctx)), nil
}

// storeScope puts the document into force and says so in the audit trail.
func (h *handler) storeScope(ctx context.Context, run string, doc org.Scope, by string) error {
	before, err := h.store.ScopeDocument(ctx)
	if err != nil && soc.KindOf(err) != soc.NotFound {
		return err
	}
	body := doc.JSON()
	if string(before) == string(body) {
		return nil
	}
	by = org.Actor("onboard", by)
	if err := h.auditOnce(ctx, run, store.AuditEntry{
		At: h.now(), Actor: by, Action: org.ChangeScope,
		Detail: "scope document applied", Before: string(before), After: string(body),
	}); err != nil {
		return err
	}
	return h.store.SaveScopeDocument(ctx, body, by, h.now())
}

// storeRuns marks the accounts and stores the two runs, the leaving one last: it is what [handler.resume] looks for.
func (h *handler) storeRuns(ctx context.Context, id, by string, p org.ScopePlan, out *scopeResult) error {
	join := soc.ScopeRun{ID: joinRun(id), Operation: joinAction, CreatedAt: h.now(), By: by}
	leave := soc.ScopeRun{ID: leaveRun(id), Operation: leaveAction, CreatedAt: h.now(), By: by}
	for _, list := range [][]org.Planned{p.Join, p.Change} {
		for _, a := range list {
			if err := h.mark(ctx, a.Account, map[string]string{a.Account: a.Name}, a.Response, nil); err != nil {
				return err
			}
			join.Accounts = append(join.Accounts, a.Account)
		}
	}
	for _, a := range p.Leave {
		leave.Accounts = append(leave.Accounts, a.Account)
	}
	h.lookAround(ctx, id, leave.Accounts...)
	for _, run := range []soc.ScopeRun{join, leave} {
		if err := h.store.SaveScopeRun(ctx, run); err != nil {
			return err
		}
	}
	out.add(join, leave)
	return nil
}

func (out *scopeResult) add(join, leave soc.ScopeRun) {
	for _, run := range []soc.ScopeRun{leave, join} {
		for n := range org.Slices(run) {
			out.Slices = append(out.Slices, sliceRef{run.ID, n, run.Operation})
		}
	}
	if len(leave.Accounts) > 0 {
		out.Leavers = leave.ID
	}
}

func (h *handler) resume(ctx context.Context, id string, out *scopeResult) bool {
	leave, err := h.store.ScopeRun(ctx, leaveRun(id))
	if err != nil {
		return false
	}
	join, err := h.store.ScopeRun(ctx, joinRun(id))
	if err != nil {
		return false
	}
	out.Joins, out.Leaves = len(join.Accounts), len(leave.Accounts)
	out.add(join, leave)
	return true
}

// self is the account that the function runs in.
func self(ctx context.Context) string {
	if c, ok := fc.FromContext(ctx); ok {
		return c.AccountID
	}
	return ""
}
