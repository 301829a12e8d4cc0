package org

import (
	"bytes"
	"encoding/json"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// RolesRequest is what onboard asks create-roles for. There is no way to say what a role may do.
type RolesRequest struct {
	Operation string `json:"operation"` // claim, ensure, verify, remove
	Account   string `json:"account"`
	Response  bool   `json:"response"`
}

// The operations of a [RolesRequest].
const (
	OpClaim  = "claim" // ensure, in an account that has not joined: refused while another administrator has it
	OpEnsure = "ensure"
	OpVerify = "verify"
	OpRemove = "remove"
)

// RolesResult is what create-roles answers. Status is ok, refused or failed.
type RolesResult struct {
	Status  string          `json:"status"`
	Account string          `json:"account"`
	Roles   []soc.RoleState `json:"roles"`
	Kind    soc.Kind        `json:"kind"` // kind of the error unless ok, "" otherwise
	Reason  string          `json:"reason"`
	Next    string          `json:"next"`
}

// The statuses that functions answer to flows.
const (
	StatusOK      = "ok"
	StatusRefused = "refused" // nothing was done: the input or the state does not allow it
	StatusFailed  = "failed"
	StatusPartial = "partial"
)

// Answer turns an error into what a flow sees. Business failures are data, so that a Choice can test them: refused when
// the input or the state does not allow it, failed otherwise. What may succeed later by itself stays an error, for
// Retry to catch.
func Answer(err error) (status, reason string, retry error) {
	switch kind := soc.KindOf(err); {
	case err == nil:
		return StatusOK, "", nil
	case soc.Retryable(err):
		return "", "", err
	case kind == soc.Invalid || kind == soc.NotFound || kind == soc.Conflict || kind == soc.Unsupported:
		status = StatusRefused
	default:
		status = StatusFailed
	}
	reason = err.Error()
	if next := soc.NextOf(err); next != "" {
		reason += "; next: " + next
	}
	return status, reason, nil
}

// DecodeInput reads the JSON object that a person gave to a flow into what a function understands. No input is an empty
// one; unknown fields are refused, as Invalid.
func DecodeInput(input json.RawMessage, into any) error {
	if len(bytes.TrimSpace(input)) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(input))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return &soc.Error{
			Kind: soc.Invalid, Op: "read input of the flow", Err: err,
			Next: "compare the input with the description of the flow",
		}
	}
	return nil
}
