package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// delegator is what this function needs of the resource directory.
type delegator interface {
	org.Directory
	org.Delegator
	// Note leaves a note about a change of a delegation where the member can read it.
	Note(ctx context.Context, uid string, n org.DelegationNote) error
}

type handler struct {
	org delegator
	now func() time.Time
}

// request is what the flow sends. The administrator stands in it, or in the input of the flow.
type request struct {
	Operation     string          `json:"operation"` // check, designate, remove
	Administrator string          `json:"administrator"`
	RunID         string          `json:"run_id"` // execution of the flow
	By            string          `json:"by"`     // who asks, as the caller says
	Input         json.RawMessage `json:"input"`
}

type result struct {
	Status        string           `json:"status"`
	Reason        string           `json:"reason"`
	ReasonZH      string           `json:"reason_zh"`
	Administrator string           `json:"administrator"`
	By            string           `json:"by"` // of the request, for the next step
	Checks        []org.Finding    `json:"checks"`
	Services      []org.Delegation `json:"services"`
	Note          string           `json:"note"` // why who did it could not be noted in the directory; "" when it was, or when nothing changed
}

func (h *handler) handle(ctx context.Context, r request) (result, error) {
	out := result{Status: org.StatusOK, Checks: []org.Finding{}, Services: []org.Delegation{}}
	err := h.run(ctx, &r, &out)
	out.Administrator, out.By = r.Administrator, org.Stated(r.By)
	if err != nil {
		var retry error
		if out.Status, out.Reason, retry = org.Answer(err); retry != nil {
			return result{}, retry
		}
		out.ReasonZH = out.Reason
	}
	return out, nil
}

func (h *handler) run(ctx context.Context, r *request, out *result) error {
	var in struct {
		Administrator *string `json:"administrator"`
		By            *string `json:"by"`
	}
	if err := org.DecodeInput(r.Input, &in); err != nil {
		return err
	}
	if in.Administrator != nil {
		r.Administrator = *in.Administrator
	}
	if in.By != nil {
		r.By = *in.By
	}
	var self string
	if c, ok := fc.FromContext(ctx); ok {
		self = c.AccountID
	}
	switch r.Operation {
	case "check":
		_, err := h.check(ctx, self, r.Administrator, out)
		return err
	case "designate":
		ok, err := h.check(ctx, self, r.Administrator, out)
		if err != nil || !ok {
			return err
		}
		return h.change(ctx, *r, out, org.Designated, org.Designate)
	case "remove":
		return h.remove(ctx, self, *r, out)
	}
	return &soc.Error{
		Kind: soc.Invalid, Op: "delegate", Err: fmt.Errorf("unknown operation %q", r.Operation),
		Next: "use check, designate or remove",
	}
}

// check runs the prerequisites and refuses with all that fail.
func (h *handler) check(ctx context.Context, self, candidate string, out *result) (bool, error) {
	checks, err := org.Check(ctx, h.org, self, candidate)
	if err != nil {
		return false, err
	}
	out.Checks = checks
	return !refuse(checks, out), nil
}

// refuse refuses when a check failed, with every one that did.
func refuse(checks []org.Finding, out *result) bool {
	var en, zh []string
	for _, f := range checks {
		if f.Result == org.Fail {
			en, zh = append(en, f.Evidence+" "+f.Fix), append(zh, f.EvidenceZH+f.FixZH)
		}
	}
	if len(en) == 0 {
		return false
	}
	out.Status, out.Reason, out.ReasonZH = org.StatusRefused, strings.Join(en, " "), strings.Join(zh, "")
	return true
}

// remove takes the delegation back. It asks only what removal needs: the account need not be a member any more.
func (h *handler) remove(ctx context.Context, self string, r request, out *result) error {
	checks, err := org.Check(ctx, h.org, self, r.Administrator)
	if err != nil {
		return err
	}
	for _, c := range checks {
		switch c.ID {
		case "directory", "management_account", "candidate":
			out.Checks = append(out.Checks, c)
		}
	}
	if refuse(out.Checks, out) {
		return nil
	}
	return h.change(ctx, r, out, org.Undesignated, org.Undesignate)
}

func (h *handler) change(ctx context.Context, r request, out *result, what string,
	f func(context.Context, org.Delegator, string) ([]org.Delegation, error),
) error {
	if err := h.note(ctx, r, what, out); err != nil {
		return err
	}
	services, err := f(ctx, h.org, r.Administrator)
	if err != nil {
		return err
	}
	out.Services = services
	return nil
}

// note says in the directory who asks for a change, before it is made: a step that dies in between leaves the note, and
// its next try, which finds nothing to change, leaves none. A note that cannot be left is told of and stops nothing.
func (h *handler) note(ctx context.Context, r request, what string, out *result) error {
	have, err := h.org.ServicesOf(ctx, r.Administrator)
	if err != nil {
		return err
	}
	held := 0
	for _, p := range org.Principals() {
		if slices.Contains(have, p) {
			held++
		}
	}
	if what == org.Designated && held == len(org.Principals()) || what == org.Undesignated && held == 0 {
		return nil
	}
	if err := h.org.Note(ctx, r.Administrator, org.DelegationNote{Change: what, At: h.now(), Run: r.RunID, By: r.By}); err != nil {
		out.Note = err.Error()
	}
	return nil
}
