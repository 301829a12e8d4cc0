package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// delegator is what this function needs of the resource directory.
type delegator interface {
	org.Directory
	org.Delegator
}

type handler struct{ org delegator }

// request is what the flow sends. The administrator stands in it, or in the input of the flow.
type request struct {
	Operation     string          `json:"operation"` // check, designate, remove
	Administrator string          `json:"administrator"`
	Input         json.RawMessage `json:"input"`
}

type result struct {
	Status        string           `json:"status"`
	Reason        string           `json:"reason"`
	ReasonZH      string           `json:"reason_zh"`
	Administrator string           `json:"administrator"`
	Checks        []org.Finding    `json:"checks"`
	Services      []org.Delegation `json:"services"`
}

func (h *handler) handle(ctx context.Context, r request) (result, error) {
	out := result{Status: org.StatusOK, Checks: []org.Finding{}, Services: []org.Delegation{}}
	err := h.run(ctx, &r, &out)
	out.Administrator = r.Administrator
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
	}
	if err := org.DecodeInput(r.Input, &in); err != nil {
		return err
	}
	if in.Administrator != nil {
		r.Administrator = *in.Administrator
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
		return h.change(ctx, out, r.Administrator, org.Designate)
	case "remove":
		return h.remove(ctx, self, r.Administrator, out)
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
func (h *handler) remove(ctx context.Context, self, administrator string, out *result) error {
	checks, err := org.Check(ctx, h.org, self, administrator)
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
	return h.change(ctx, out, administrator, org.Undesignate)
}

func (h *handler) change(ctx context.Context, out *result, uid string,
	f func(context.Context, org.Delegator, string) ([]org.Delegation, error),
) error {
	services, err := f(ctx, h.org, uid)
	if err != nil {
		return err
	}
	out.Services = services
	return nil
}
