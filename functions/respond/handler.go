package main

import (
	"bytes"
	"context"
	"encoding/json"
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
	Operation string          `json:"operation"`          // plan, task, finish, reject
	Playbook  string          `json:"playbook,omitempty"` // plan
	TaskID    string          `json:"task_id,omitempty"`  // task
	Input     json.RawMessage `json:"input,omitempty"`    // plan: what the flow was started with
	chosen
}

// chosen is what the flow was started with.
type chosen struct {
	RunID      string `json:"run_id"`
	IncidentID string `json:"incident_id,omitempty"`
	Mode       string `json:"mode"` // execute, undo, retry
}

// answer is the output of every operation. Failures are data: the flow branches on Status. Every field is always there,
// because a flow that reads an absent one stops.
type answer struct {
	// plan: approval (ask first), ok, nothing, refused; task: succeeded, failed; finish: done, partial, undone; reject: rejected
	Status        string    `json:"status"`
	RunID         string    `json:"run_id"`
	Mode          string    `json:"mode"`
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
	RunsOf(ctx context.Context, incidentID string) ([]soc.Run, error)
	SetRunState(ctx context.Context, id string, state soc.RunState, now time.Time) error
	SaveTasks(ctx context.Context, tasks []soc.Task) error
	EndRun(ctx context.Context, id string, state soc.RunState, now time.Time, entries ...store.AuditEntry) error
	SaveTask(ctx context.Context, t soc.Task) error
	FinishTask(ctx context.Context, t soc.Task, e store.AuditEntry) error
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
	executor  response.Executor // its Save is set for each task
	now       func() time.Time
}

func (h *handler) handle(ctx context.Context, in request) (answer, error) {
	if in.Operation == "plan" {
		return h.refusable(ctx, in)
	}
	if err := in.check(); err != nil {
		return answer{}, err
	}
	switch in.Operation {
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

// refusable plans. What a person wrote wrong comes back as a refusal with its reason; only what may pass by itself, or
// is a defect, is an error of the function.
func (h *handler) refusable(ctx context.Context, in request) (answer, error) {
	err := in.takeInput()
	if err == nil {
		err = in.check()
	}
	var out answer
	if err == nil {
		out, err = h.plan(ctx, in)
	}
	switch soc.KindOf(err) {
	case soc.Invalid, soc.NotFound, soc.Conflict, soc.Denied, soc.Unsupported:
		reason := err.Error()
		if next := soc.NextOf(err); next != "" {
			reason += "; " + next
		}
		out, err = answer{Status: "refused", RunID: in.RunID, Reason: reason}, nil
	}
	out.Mode = in.Mode
	return settled(out, err)
}

func (in *request) takeInput() error {
	if in.Input == nil {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(in.Input))
	d.DisallowUnknownFields()
	if err := d.Decode(&in.chosen); err != nil {
		return invalid("the flow's input: " + err.Error())
	}
	return nil
}

func (in *request) check() error {
	if in.RunID == "" {
		return invalid("run_id is missing")
	}
	if !slices.Contains([]string{"execute", "undo", "retry"}, in.Mode) {
		return invalid(fmt.Sprintf("mode %q is none of execute, undo, retry", in.Mode))
	}
	return nil
}

func invalid(why string) error {
	return &soc.Error{Kind: soc.Invalid, Op: "respond", Err: errors.New(why), Next: `start the flow with {"run_id", "incident_id", "mode"}`}
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
