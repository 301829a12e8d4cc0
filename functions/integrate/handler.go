package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/integration"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// policyStore is what this function needs of the store.
type policyStore interface {
	integration.Store
	Accounts(ctx context.Context) ([]soc.Account, error)
	Policies(ctx context.Context) ([]soc.Policy, error)
	PolicySnapshot(ctx context.Context, id string) ([]soc.Policy, error)
	ScopeRun(ctx context.Context, id string) (soc.ScopeRun, error)
}

type handler struct {
	store policyStore
	facts integration.Facts // Current is read for each request
	now   func() time.Time
}

// request is what the flows send. What a person chose stands in Input, or beside it.
type request struct {
	Operation string          `json:"operation"` // plan, apply, disable, rollback
	RunID     string          `json:"run_id"`    // names the snapshot that is kept
	Snapshot  string          `json:"snapshot"`  // of rollback: run id of the change to take back
	Hash      string          `json:"hash"`      // of apply: hash of the plan that was shown
	Input     json.RawMessage `json:"input"`
	choice
}

type choice struct {
	Policies []string       `json:"policies"` // template ids, or "recommended"
	Mode     soc.PolicyMode `json:"mode"`     // "" is increment
	Accounts []string       `json:"accounts"` // uids; ["*"] is every account that has joined
	AutoAdd  bool           `json:"auto_add"`
	By       string         `json:"by"` // who asks, as the caller says
}

// refusal is an account that a plan leaves out.
type refusal struct {
	Account string `json:"account"`
	Reason  string `json:"reason"`
	Next    string `json:"next"`
}

type result struct {
	Status string `json:"status"`
	Reason string `json:"reason"`
	integration.Plan
	Refused  []refusal             `json:"refused"`
	Applied  int                   `json:"applied"` // policies written
	Failed   []integration.Failure `json:"failed"`  // data sources that could not be written
	Snapshot string                `json:"snapshot"`
}

func (h *handler) handle(ctx context.Context, r request) (result, error) {
	out := result{
		Status: org.StatusOK, Refused: []refusal{}, Failed: []integration.Failure{},
		Plan: integration.Plan{Starts: []integration.Change{}, Stops: []integration.Change{}, Blind: []integration.Blind{}},
	}
	err := h.run(ctx, r, &out)
	if err == nil {
		return out, nil
	}
	var retry error
	if out.Status, out.Reason, retry = org.Answer(err); retry != nil {
		return result{}, retry
	}
	return out, nil
}

func (h *handler) run(ctx context.Context, r request, out *result) error {
	switch r.Operation {
	case "plan":
		return h.plan(ctx, r, out)
	case "apply":
		return h.apply(ctx, r, out)
	case "disable":
		return h.disable(ctx, r, out)
	case "rollback":
		return h.rollback(ctx, r, out)
	}
	return refuse("integrate", fmt.Errorf("unknown operation %q", r.Operation), "use plan, apply, disable or rollback")
}

func refuse(op string, err error, next string) error {
	return &soc.Error{Kind: soc.Invalid, Op: op, Err: err, Next: next}
}

// plan shows what a request would do. Full Access is refused with its plan until it comes with that plan's hash, so that
// nobody applies it unseen.
func (h *handler) plan(ctx context.Context, r request, out *result) error {
	c, shown, err := r.chosen()
	if err != nil {
		return err
	}
	facts, err := h.current(ctx, "")
	if err != nil {
		return err
	}
	if err := h.make(ctx, facts, c, out); err != nil {
		return err
	}
	if c.Mode == soc.FullAccess && shown == "" {
		return refuse("plan integration", errors.New("mode full is applied only with the hash of its plan"),
			"look at what stops, then run the flow again with this hash in its input")
	}
	if shown != "" {
		return out.CheckHash(shown)
	}
	return nil
}

// chosen returns what a person chose, and the hash that they were shown.
func (r request) chosen() (choice, string, error) {
	in := struct {
		choice
		Hash string `json:"hash"`
	}{r.choice, ""}
	if len(r.Input) == 0 {
		in.Hash = r.Hash
	}
	err := org.DecodeInput(r.Input, &in)
	if in.Mode == "" {
		in.Mode = soc.Increment
	}
	return in.choice, in.Hash, err
}
