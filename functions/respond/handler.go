package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/response"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// request is the input, from a playbook's flow.
type request struct {
	Operation  string `json:"operation"` // plan, task, finish, reject
	RunID      string `json:"run_id"`
	IncidentID string `json:"incident_id,omitempty"` // plan
	Playbook   string `json:"playbook,omitempty"`    // plan
	TaskID     string `json:"task_id,omitempty"`     // task
	Mode       string `json:"mode"`                  // execute, undo, retry
}

// answer is the output of every operation. Failures are data: the flow branches on Status. Every field is always there,
// because a flow that reads an absent one stops.
type answer struct {
	// plan: approval (ask first), ok, nothing, refused; task: succeeded, failed; finish: done, partial, undone; reject: rejected
	Status        string    `json:"status"`
	RunID         string    `json:"run_id"`
	TaskID        string    `json:"task_id"`
	NeedsApproval bool      `json:"needs_approval"`
	Tasks         []taskRef `json:"tasks"`
	Succeeded     int       `json:"succeeded"`
	Failed        int       `json:"failed"`
	Summary       string    `json:"summary"`
	SummaryZH     string    `json:"summary_zh"`
	Reason        string    `json:"reason"`
}

// settled gives the answer of a plan its status and an empty list in place of none.
func settled(out answer, err error) (answer, error) {
	if out.Tasks == nil {
		out.Tasks = []taskRef{}
	}
	if out.Status == "ok" && out.NeedsApproval {
		out.Status = "approval"
	}
	return out, err
}

// taskRef is one item of the flow's Map.
type taskRef struct {
	RunID  string `json:"run_id"`
	TaskID string `json:"task_id"`
	Mode   string `json:"mode"` // execute, undo
}

// runStore keeps runs and their tasks; *store.DB is one.
type runStore interface {
	SaveRun(ctx context.Context, r soc.Run) (created bool, err error)
	Run(ctx context.Context, id string) (soc.Run, error)
	SetRunState(ctx context.Context, id string, state soc.RunState, now time.Time) error
	SaveTasks(ctx context.Context, tasks []soc.Task) error
	SaveTask(ctx context.Context, t soc.Task) error
}

// approvals keeps what people answered; *store.DB is one.
type approvals interface {
	Approval(ctx context.Context, id string) (soc.Approval, error)
	Decide(ctx context.Context, id, decision, by string, now time.Time) error
}

// incidentStore keeps incidents; *store.DB is one.
type incidentStore interface {
	Incident(ctx context.Context, id string) (soc.Incident, error)
	Alerts(ctx context.Context, f store.AlertFilter) ([]soc.Alert, error)
	SetIncidentState(ctx context.Context, id string, s soc.IncidentState, now time.Time) error
	AddTimeline(ctx context.Context, incidentID, key string, e soc.TimelineEntry) error
}

// scope knows the accounts and what they have; *store.DB is one.
type scope interface {
	Accounts(ctx context.Context) ([]soc.Account, error)
	DataSources(ctx context.Context) ([]soc.DataSource, error)
}

type handler struct {
	runs      runStore
	approvals approvals
	incidents incidentStore
	scope     scope
	lock      func(ctx context.Context, name string, ttl time.Duration, f func(context.Context) error) error
	book      *response.Book
	executor  response.Executor
	now       func() time.Time
}

func (h *handler) handle(ctx context.Context, in request) (answer, error) {
	if in.RunID == "" {
		return answer{}, invalid("run_id is missing")
	}
	if !slices.Contains([]string{"execute", "undo", "retry"}, in.Mode) {
		return answer{}, invalid(fmt.Sprintf("mode %q is none of execute, undo, retry", in.Mode))
	}
	switch in.Operation {
	case "plan":
		return settled(h.plan(ctx, in))
	case "task":
		return settled(h.task(ctx, in))
	case "finish":
		return settled(h.finish(ctx, in))
	case "reject":
		return settled(h.reject(ctx, in))
	default:
		return answer{}, invalid(fmt.Sprintf("operation %q is none of plan, task, finish, reject", in.Operation))
	}
}

func invalid(why string) error {
	return &soc.Error{Kind: soc.Invalid, Op: "respond", Err: errors.New(why), Next: "compare the input with docs of the playbook's flow"}
}

// approved tells whether a person allowed the run to act, or its playbook needs nobody. The answer is read from the
// store, not from the flow: who can start a flow must not be able to skip the question.
func (h *handler) approved(ctx context.Context, run soc.Run) (bool, error) {
	p, err := h.book.Playbook(run.Playbook)
	if err != nil {
		return false, err
	}
	if !p.Approval {
		return true, nil
	}
	a, err := h.approvals.Approval(ctx, run.ID)
	if soc.KindOf(err) == soc.NotFound {
		return false, nil
	}
	return a.Decision == "approved", err
}
