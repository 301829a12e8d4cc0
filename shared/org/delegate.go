package org

import (
	"context"
	"errors"
	"slices"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Delegation is where one service principal stands after a change.
type Delegation struct {
	Service string `json:"service"`
	State   string `json:"state"` // registered, repaired, unchanged, removed
}

// The states of a delegation.
const (
	Registered        = "registered"
	DelegationRepairs = "repaired" // the other half was there already
	DelegationSame    = "unchanged"
	DelegationRemoved = "removed"
)

// Delegator changes delegations, as the management account. Registering what is registered, and the reverse, are
// errors of kind Conflict.
type Delegator interface {
	Delegations
	// EnableTrustedAccess switches trusted access of a service principal on.
	EnableTrustedAccess(ctx context.Context, principal string) error
	Register(ctx context.Context, uid, principal string) error
	Deregister(ctx context.Context, uid, principal string) error
}

// Designate makes an account delegated administrator of both services: trusted access first, then the registrations
// that are missing, and then it reads them back. Half a delegation is completed; a whole one is left as it is.
func Designate(ctx context.Context, d Delegator, uid string) ([]Delegation, error) {
	on, err := d.TrustedServices(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range without(Principals(), on) {
		if err := d.EnableTrustedAccess(ctx, p); err != nil && soc.KindOf(err) != soc.Conflict {
			return nil, err
		}
	}
	have, err := d.ServicesOf(ctx, uid)
	if err != nil {
		return nil, err
	}
	fresh := Registered
	if len(without(Principals(), have)) < len(Principals()) {
		fresh = DelegationRepairs
	}
	out := make([]Delegation, 0, len(Principals()))
	for _, p := range Principals() {
		if slices.Contains(have, p) {
			out = append(out, Delegation{p, DelegationSame})
			continue
		}
		// A conflict may mean that somebody else has just registered it; reading back decides.
		if err := d.Register(ctx, uid, p); err != nil && soc.KindOf(err) != soc.Conflict {
			return nil, err
		} else if err := readBack(ctx, d, uid, p, err); err != nil {
			return nil, err
		}
		out = append(out, Delegation{p, fresh})
	}
	return out, nil
}

func readBack(ctx context.Context, d Delegations, uid, principal string, cause error) error {
	have, err := d.ServicesOf(ctx, uid)
	if err != nil {
		return err
	}
	if slices.Contains(have, principal) {
		return nil
	}
	if cause == nil {
		cause = errors.New("the registration was accepted but is not there")
	}
	return &soc.Error{
		Kind: soc.Conflict, Op: "register delegated administrator", Account: uid, Resource: principal,
		Err: cause, Next: "look at Resource Management > Trusted Services, then run the flow again",
	}
}

// Undesignate takes both delegations away. What is not there is left as it is.
func Undesignate(ctx context.Context, d Delegator, uid string) ([]Delegation, error) {
	have, err := d.ServicesOf(ctx, uid)
	if err != nil {
		return nil, err
	}
	out := make([]Delegation, 0, len(Principals()))
	for _, p := range slices.Backward(Principals()) { // threat analysis rests on Security Center: it goes first
		if !slices.Contains(have, p) {
			out = append(out, Delegation{p, DelegationSame})
			continue
		}
		if err := d.Deregister(ctx, uid, p); err != nil && soc.KindOf(err) != soc.Conflict {
			return nil, err
		}
		out = append(out, Delegation{p, DelegationRemoved})
	}
	return out, nil
}
