package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/directory"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// accountStore is what this function needs of the store.
type accountStore interface {
	org.AccountStore
	Accounts(ctx context.Context) ([]soc.Account, error)
	SaveScopeRun(ctx context.Context, r soc.ScopeRun) error
	ScopeRun(ctx context.Context, id string) (soc.ScopeRun, error)
}

// memberList lists the members of the directory.
type memberList interface {
	ListAccounts(ctx context.Context) ([]directory.Account, error)
}

type handler struct {
	store      accountStore
	members    memberList
	mover      *org.Mover
	management string
	now        func() time.Time
}

// request is what the flows send. What a person chose stands in Input, or beside it.
type request struct {
	Operation string          `json:"operation"` // plan, join, leave, report
	RunID     string          `json:"run_id"`
	Action    string          `json:"action"` // of plan: join, leave
	Slice     int             `json:"slice"`  // of join and leave
	Input     json.RawMessage `json:"input"`
	choice
}

type choice struct {
	Accounts []string `json:"accounts"` // uids; ["*"] is every member
	Response bool     `json:"response"` // the responder role too
}

// refusal is an account that was not worked on, or not with success.
type refusal struct {
	Account string `json:"account"`
	Reason  string `json:"reason"`
	Next    string `json:"next"`
}

type sliceResult struct {
	Status string `json:"status"`
	Reason string `json:"reason"`
	org.Counts
}

func (h *handler) handle(ctx context.Context, r request) (any, error) {
	switch r.Operation {
	case "plan":
		return h.plan(ctx, r)
	case joinAction, leaveAction:
		return h.slice(ctx, r)
	case "report":
		return h.report(ctx, r)
	}
	return answer(&soc.Error{
		Kind: soc.Invalid, Op: "onboard", Err: fmt.Errorf("unknown operation %q", r.Operation),
		Next: "use plan, join, leave or report",
	})
}

const (
	joinAction  = "join"
	leaveAction = "leave"
)

func answer(err error) (any, error) {
	status, reason, retry := org.Answer(err)
	if retry != nil {
		return nil, retry
	}
	return sliceResult{Status: status, Reason: reason}, nil
}

// slice works on one slice of a run. Accounts that failed are data; accounts that a further try may help are an error.
func (h *handler) slice(ctx context.Context, r request) (any, error) {
	run, err := h.store.ScopeRun(ctx, r.RunID)
	if err != nil {
		return answer(err)
	}
	if run.Operation != r.Operation {
		return answer(&soc.Error{Kind: soc.Conflict, Op: r.Operation + " accounts", Resource: r.RunID, Err: fmt.Errorf("the run was planned to %s", run.Operation)})
	}
	accounts, err := org.Slice(run, r.Slice)
	if err != nil {
		return answer(err)
	}
	move := h.mover.Join
	if run.Operation == leaveAction {
		move = h.mover.Leave
	}
	counts, err := move(ctx, run, accounts)
	if err != nil {
		return nil, err
	}
	out := sliceResult{Status: org.StatusOK, Counts: counts}
	if counts.Failed > 0 {
		out.Status, out.Reason = org.StatusPartial, fmt.Sprintf("%d of %d accounts failed", counts.Failed, len(accounts))
	}
	return out, nil
}
