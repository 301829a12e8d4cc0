package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// request is the input, from a playbook's flow.
type request struct {
	Operation string `json:"operation"` // request_approval, send
	RunID     string `json:"run_id"`
	Playbook  string `json:"playbook,omitempty"` // request_approval
	Token     string `json:"token,omitempty"`    // request_approval: the flow's task token, a secret
	Message   string `json:"message,omitempty"`  // send
}

// answer says that the question is asked or the message is written.
type answer struct {
	Status string `json:"status"` // ok
	RunID  string `json:"run_id"`
}

// approvals keeps questions; *store.DB is one.
type approvals interface {
	Approval(ctx context.Context, id string) (soc.Approval, error)
	SaveApproval(ctx context.Context, a soc.Approval) error
}

// runs keeps runs and the timelines of their incidents; *store.DB is one.
type runs interface {
	Run(ctx context.Context, id string) (soc.Run, error)
	SetRunState(ctx context.Context, id string, state soc.RunState, now time.Time) error
	AddTimeline(ctx context.Context, incidentID, key string, e soc.TimelineEntry) error
}

type handler struct {
	approvals approvals
	runs      runs
	wait      time.Duration
	now       func() time.Time
}

func (h *handler) handle(ctx context.Context, in request) (answer, error) {
	run, err := h.runs.Run(ctx, in.RunID)
	if err != nil {
		return answer{}, err
	}
	switch in.Operation {
	case "request_approval":
		err = h.ask(ctx, run, in)
	case "send":
		err = h.send(ctx, run, in.Message)
	default:
		err = invalid(fmt.Sprintf("operation %q is none of request_approval, send", in.Operation))
	}
	if err != nil {
		return answer{}, err
	}
	return answer{Status: "ok", RunID: run.ID}, nil
}

func invalid(why string) error {
	return &soc.Error{Kind: soc.Invalid, Op: "notify", Err: errors.New(why), Next: "compare the input with the playbook's flow"}
}

// ask keeps the question with the token that answers it. Asked again, as a retried step does, it keeps the new token;
// a question that was answered stays answered, and asking again is a Conflict, because nobody would answer that token.
func (h *handler) ask(ctx context.Context, run soc.Run, in request) error {
	if in.Token == "" || in.Playbook != run.Playbook {
		return invalid("request_approval needs the token and the run's playbook")
	}
	old, err := h.approvals.Approval(ctx, run.ID)
	if err != nil && soc.KindOf(err) != soc.NotFound {
		return err
	}
	if old.Decision != "" {
		return &soc.Error{
			Kind: soc.Conflict, Op: "ask for approval", Resource: run.ID, Err: fmt.Errorf("the run was %s before", old.Decision),
			Next: "start the playbook with a new run",
		}
	}
	now := h.now()
	if err := h.approvals.SaveApproval(ctx, soc.Approval{
		ID: run.ID, RunID: run.ID, Playbook: run.Playbook, AskedAt: now,
		Deadline: now.Add(h.wait), Token: in.Token,
	}); err != nil {
		return err
	}
	if err := h.runs.SetRunState(ctx, run.ID, soc.RunWaiting, now); err != nil {
		return err
	}
	text := fmt.Sprintf("Playbook %s waits for approval of %d tasks.", run.Playbook, len(run.Tasks))
	return h.runs.AddTimeline(ctx, run.IncidentID, "asked:"+run.ID, soc.TimelineEntry{At: now, Kind: "approval", Actor: "playbook " + run.Playbook, Text: text, Ref: run.ID})
}

// maxMessage bounds a message, in characters.
const maxMessage = 1000

// send writes a message to the incident's timeline; the same message of a run once.
func (h *handler) send(ctx context.Context, run soc.Run, message string) error {
	message = clean(message)
	if message == "" {
		return invalid("send needs a message")
	}
	key := "message:" + uuid.NewSHA1(uuid.Nil, []byte(run.ID+"\x00"+message)).String()
	return h.runs.AddTimeline(ctx, run.IncidentID, key, soc.TimelineEntry{At: h.now(), Kind: "note", Actor: "playbook " + run.Playbook, Text: message, Ref: run.ID})
}

// clean drops control characters and cuts to the bound.
func clean(s string) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "?")))
	if r := []rune(s); len(r) > maxMessage {
		return string(r[:maxMessage]) + "…"
	}
	return s
}
