package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

var errNothing = &soc.Error{
	Kind: soc.Invalid, Op: "plan", Err: errors.New("no account of the input can be worked on"),
	Next: "see the list of refused accounts",
}

type planResult struct {
	Status   string     `json:"status"`
	Reason   string     `json:"reason"`
	RunID    string     `json:"run_id"`
	Slices   []sliceRef `json:"slices"`
	Accounts int        `json:"accounts"`
	Refused  []refusal  `json:"refused"`
}

// sliceRef is one item of the flow's Map.
type sliceRef struct {
	RunID  string `json:"run_id"`
	Slice  int    `json:"slice"`
	Action string `json:"action"`
}

// plan checks every account of the input and stores the run. Input that cannot be meant is refused as a whole; an
// account that cannot be worked on is listed, stored as failed, and does not stop the others.
func (h *handler) plan(ctx context.Context, r request) (any, error) {
	out := planResult{Status: org.StatusOK, RunID: r.RunID, Slices: []sliceRef{}, Refused: []refusal{}}
	err := h.makePlan(ctx, r, &out)
	if err == nil {
		return out, nil
	}
	var retry error
	if out.Status, out.Reason, retry = org.Answer(err); retry != nil {
		return nil, retry
	}
	return out, nil
}

func (h *handler) makePlan(ctx context.Context, r request, out *planResult) error {
	c := r.choice
	if err := org.DecodeInput(r.Input, &c); err != nil {
		return err
	}
	if err := check(r, c); err != nil {
		return err
	}
	run := soc.ScopeRun{ID: r.RunID, Operation: r.Action, CreatedAt: h.now(), By: org.Stated(c.By)}
	var err error
	if r.Action == joinAction {
		run.Accounts, err = h.planJoin(ctx, c, out)
	} else {
		run.Accounts, err = h.planLeave(ctx, c, out)
	}
	if err != nil {
		return err
	}
	if run.Operation == leaveAction {
		h.lookAround(ctx, r.RunID, run.Accounts...)
	} else {
		h.lookAround(ctx, r.RunID)
	}
	if err := h.store.SaveScopeRun(ctx, run); err != nil {
		return err
	}
	// A step that is tried again works on the run as it was first stored.
	if run, err = h.store.ScopeRun(ctx, r.RunID); err != nil {
		return err
	}
	if run.Operation != r.Action {
		return &soc.Error{Kind: soc.Conflict, Op: "plan " + r.Action, Resource: r.RunID, Err: errors.New("a run with this id does something else"), Next: "start the flow with another name"}
	}
	out.Accounts = len(run.Accounts)
	for n := range org.Slices(run) {
		out.Slices = append(out.Slices, sliceRef{r.RunID, n, r.Action})
	}
	return nil
}

func check(r request, c choice) error {
	bad := func(next, what string, args ...any) error {
		return &soc.Error{Kind: soc.Invalid, Op: "plan", Err: fmt.Errorf(what, args...), Next: next}
	}
	switch {
	case r.RunID == "":
		return bad("give the name of the execution as run_id", "run_id is missing")
	case r.Action != joinAction && r.Action != leaveAction:
		return bad("use join or leave", "unknown action %q", r.Action)
	case len(c.Accounts) == 0:
		return bad(`give uids, or ["*"] for every member`, "no account is named")
	case slices.Contains(c.Accounts, "*") && len(c.Accounts) > 1:
		return bad(`give uids or "*", not both`, `"*" stands beside uids`)
	case slices.Contains(c.Accounts, "*") && r.Action == leaveAction:
		return bad("name the accounts that shall leave", `"*" is not offered for leaving`)
	}
	seen := map[string]bool{}
	for _, uid := range c.Accounts {
		if uid != "*" && !org.ValidUID(uid) {
			return bad("give uids as 16 digits in quotes", "%q is not an account id", uid)
		}
		if seen[uid] {
			return bad("name each account once", "account %s is named twice", uid)
		}
		seen[uid] = true
	}
	return nil
}

// planJoin returns the accounts of the run, refused ones included so that the report names them, and marks them in the
// store. "*" means the members that can join.
func (h *handler) planJoin(ctx context.Context, c choice, out *planResult) ([]string, error) {
	list, err := h.members.ListMembers(ctx)
	if err != nil {
		return nil, err
	}
	self := self(ctx)
	names, wanted := map[string]string{}, slices.Clone(c.Accounts)
	if wanted[0] == "*" {
		wanted = nil
	}
	for _, m := range list {
		if !org.Settled(m.Status) {
			continue
		}
		names[m.ID] = m.Name
		if c.Accounts[0] == "*" && m.ID != self && m.ID != h.management {
			wanted = append(wanted, m.ID)
		}
	}
	slices.Sort(wanted)
	for _, uid := range wanted {
		if uid == h.management || uid == self {
			return nil, &soc.Error{
				Kind: soc.Invalid, Op: "plan join", Account: uid,
				Err: errors.New("the management account and the administrator account are not taken into scope"), Next: "name other members",
			}
		}
	}
	for _, uid := range wanted {
		if _, member := names[uid]; !member {
			out.Refused = append(out.Refused, refusal{
				uid, "the account is not a settled member of the resource directory",
				"invite it into the directory, or wait until it has joined",
			})
		}
	}
	if len(wanted) == len(out.Refused) {
		return nil, errNothing
	}
	for _, uid := range wanted {
		if err := h.mark(ctx, uid, names, c.Response, out.Refused); err != nil {
			return nil, err
		}
	}
	return wanted, nil
}

// mark stores what an account waits for, or why it is refused. A joined account whose roles need no change keeps its
// state, so that collecting goes on while they are verified.
func (h *handler) mark(ctx context.Context, uid string, names map[string]string, response bool, refused []refusal) error {
	a, err := h.store.Account(ctx, uid)
	if err != nil && soc.KindOf(err) != soc.NotFound {
		return err
	}
	was := a.State
	a.UID, a.Reason, a.Next, a.UpdatedAt = uid, "", "", h.now()
	if name := names[uid]; name != "" {
		a.Name = name
	}
	no := slices.IndexFunc(refused, func(r refusal) bool { return r.Account == uid })
	switch {
	case no >= 0:
		a.State, a.Reason, a.Next = soc.AccountFailed, refused[no].Reason, refused[no].Next
	case was == soc.AccountJoined && a.Response == response:
		return nil
	case was == soc.AccountJoined:
		a.State, a.Response = soc.AccountJoining, response
	default:
		a.State, a.Response = soc.AccountPending, response
	}
	return h.store.SaveAccount(ctx, a)
}

// planLeave returns the accounts of the run: those that are in scope in any state but left.
func (h *handler) planLeave(ctx context.Context, c choice, out *planResult) ([]string, error) {
	var in []string
	for _, uid := range c.Accounts {
		a, err := h.store.Account(ctx, uid)
		switch {
		case soc.KindOf(err) == soc.NotFound || err == nil && a.State == soc.AccountLeft:
			out.Refused = append(out.Refused, refusal{uid, "the account is not in scope", "nothing is to be done"})
		case err != nil:
			return nil, err
		default:
			in = append(in, uid)
		}
	}
	if len(in) == 0 {
		return nil, errNothing
	}
	return in, nil
}
