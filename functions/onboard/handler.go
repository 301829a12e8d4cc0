package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/catalog"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/integration"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// accountStore is what this function needs of the store.
type accountStore interface {
	org.AccountStore
	runStore
	scopeStore
	trailStore
	passStore
	integration.Store
	Policies(ctx context.Context) ([]soc.Policy, error)
	WithLock(ctx context.Context, name string, ttl time.Duration, f func(context.Context) error) error
}

type runStore interface {
	SaveScopeRun(ctx context.Context, r soc.ScopeRun) error
	ScopeRun(ctx context.Context, id string) (soc.ScopeRun, error)
}

type scopeStore interface {
	Accounts(ctx context.Context) ([]soc.Account, error)
	UpdateAccount(ctx context.Context, uid string, change func(a *soc.Account) bool, tell ...store.AuditEntry) error
	FinishMove(ctx context.Context, before, after soc.Account, e *store.AuditEntry, r *soc.Receipt) error
	ScopeDocument(ctx context.Context) (json.RawMessage, error)
	SaveScopeDocument(ctx context.Context, body json.RawMessage, by string, now time.Time) error
	RolesToCheck(ctx context.Context, limit int) ([]string, error)
	RolesChecked(ctx context.Context, account string, now time.Time) error
}

type trailStore interface {
	Audit(ctx context.Context, e store.AuditEntry) error
	SearchAudit(ctx context.Context, q store.AuditQuery) ([]store.AuditEntry, error)
	VerifyAudit(ctx context.Context) (entries int, last string, err error)
	AuditHolds(ctx context.Context, hash string) (bool, error)
	SaveReceipt(ctx context.Context, r soc.Receipt) error
	Receipts(ctx context.Context, account string) ([]soc.Receipt, error)
	RaiseIncident(ctx context.Context, i soc.Incident, e soc.TimelineEntry) (created bool, err error)
}

type handler struct {
	store      accountStore
	members    memberList
	security   securityCenter
	mover      *org.Mover
	catalog    *catalog.Catalog
	template   []byte                                        // of the roles
	retention  func(ctx context.Context) ([]retained, error) // of the central Logstores
	management string
	site       string
	region     string
	now        func() time.Time
}

// request is what the flows and the command send. What a person chose stands in Input, or beside it.
type request struct {
	Operation string          `json:"operation"` // see handle
	RunID     string          `json:"run_id"`
	Action    string          `json:"action"`  // of plan: join, leave
	Slice     int             `json:"slice"`   // of join and leave
	Account   string          `json:"account"` // of window, verify, audit and passes
	Pass      string          `json:"pass"`    // of revoke-pass: its id
	All       bool            `json:"all"`     // of report: every account, more than the state of a flow may hold
	Input     json.RawMessage `json:"input"`
	choice
	trailQuery
}

type choice struct {
	Accounts []string `json:"accounts"` // uids; ["*"] is every member
	Response bool     `json:"response"` // the responder role too
	By       string   `json:"by"`       // who asks, as the caller says
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

// receive takes a request, or the event of the timer that starts the regular run.
func (h *handler) receive(ctx context.Context, raw json.RawMessage) (any, error) {
	var timer fc.TimerEvent
	if json.Unmarshal(raw, &timer) == nil && timer.TriggerName != "" {
		return h.handle(ctx, request{Operation: "follow"})
	}
	var r request
	if err := org.DecodeInput(raw, &r); err != nil {
		return answer(err)
	}
	return h.handle(ctx, r)
}

func (h *handler) handle(ctx context.Context, r request) (any, error) {
	switch r.Operation {
	case "plan-scope":
		return h.scope(ctx, r, false)
	case "apply-scope":
		return h.scope(ctx, r, true)
	case "follow":
		return h.follow(ctx, h.runID(ctx, r))
	case "verify":
		return h.verify(ctx, r)
	case "window":
		return h.window(ctx, r)
	case "audit":
		return h.audit(ctx, r)
	case "passes":
		return h.passes(ctx, r)
	case "revoke-pass":
		return h.revokePass(ctx, r)
	case "plan":
		return h.plan(ctx, r)
	case joinAction, leaveAction:
		return h.slice(ctx, r)
	case "report":
		return h.report(ctx, r)
	}
	return answer(&soc.Error{
		Kind: soc.Invalid, Op: "onboard", Err: fmt.Errorf("unknown operation %q", r.Operation),
		Next: "use plan, join, leave, report, plan-scope, apply-scope, follow, verify, window, passes, revoke-pass or audit",
	})
}

var (
	errRun        = errors.New("run_id is missing")
	errRunUnknown = errors.New("there is no such run")
)

// runID names a regular run after its request.
func (h *handler) runID(ctx context.Context, r request) string {
	if r.RunID != "" {
		return r.RunID
	}
	if c, ok := fc.FromContext(ctx); ok && c.RequestID != "" {
		return "follow-" + c.RequestID
	}
	return "follow-" + h.now().UTC().Format(time.RFC3339Nano)
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
