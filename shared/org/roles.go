package org

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// The states of a role that [Ensure], [Verify] and [Remove] report.
const (
	RoleCreated   = "created"
	RoleUnchanged = "unchanged"
	RoleRepaired  = "repaired" // it was there and differed
	RoleRemoved   = "removed"
	RoleMissing   = "missing"
	RoleDrifted   = "drifted" // it is there and differs; only Verify says so
	RoleKept      = "kept"    // it is not ours to remove
	RoleFailed    = "failed"  // the error says why
)

// RAM is RAM in one member account. A role or policy that does not exist is an error of kind NotFound.
type RAM interface {
	roleAPI
	policyAPI
	attachmentAPI
}

type roleAPI interface {
	// Trust returns the trust policy of a role; ordinary and service-linked roles alike.
	Trust(ctx context.Context, role string) (document string, err error)
	CreateRole(ctx context.Context, role, description, trust string) error
	SetTrust(ctx context.Context, role, document string) error
	DeleteRole(ctx context.Context, role string) error
	CreateServiceRole(ctx context.Context, service string) error
	// DeleteServiceRole asks for the deletion of a service-linked role, which goes on by itself. It returns RoleRemoved,
	// soc.RoleRemoving, or RoleKept when the service still uses the role.
	DeleteServiceRole(ctx context.Context, role string) (state string, err error)
}

type policyAPI interface {
	// PolicyDocument returns the default version of a custom policy.
	PolicyDocument(ctx context.Context, policy string) (document string, err error)
	CreatePolicy(ctx context.Context, policy, document string) error
	// SetPolicy makes document the default version of an existing policy, and makes room for it where needed.
	SetPolicy(ctx context.Context, policy, document string) error
	DeletePolicy(ctx context.Context, policy string) error
}

type attachmentAPI interface {
	Attachments(ctx context.Context, role string) ([]Attachment, error)
	Attach(ctx context.Context, role string, a Attachment) error
	Detach(ctx context.Context, role string, a Attachment) error
}

// Attachment is a policy on a role. Type is System or Custom.
type Attachment struct{ Name, Type string }

const customPolicy = "Custom"

// Ensure makes the account carry exactly the set: it creates what is missing, repairs what differs (trust, documents,
// foreign policies on our roles) and removes what must be absent. It goes on after an error, so that the states tell
// about every role; the errors are joined. Doing it again changes nothing.
func Ensure(ctx context.Context, ram RAM, set RoleSet) ([]soc.RoleState, error) {
	var w walk
	for _, s := range set.Service {
		w.add(s.Name, func() (string, error) { return ensureServiceRole(ctx, ram, s) })
	}
	for _, r := range set.Roles {
		w.add(r.Name, func() (string, error) { return ensureRole(ctx, ram, r) })
	}
	for _, r := range set.Absent {
		if state, err := removeRole(ctx, ram, r); err != nil || state == RoleRemoved {
			w.add(r.Name, func() (string, error) { return state, err })
		}
	}
	return w.states, errors.Join(w.errs...)
}

// Verify reads the roles back and changes nothing: unchanged, missing or drifted.
func Verify(ctx context.Context, ram RAM, set RoleSet) ([]soc.RoleState, error) {
	var w walk
	for _, s := range set.Service {
		w.add(s.Name, func() (string, error) {
			_, err := ram.Trust(ctx, s.Name)
			return missingOr(RoleUnchanged, err)
		})
	}
	for _, r := range set.Roles {
		var differs []string
		w.add(r.Name, func() (string, error) {
			return compare(ctx, ram, r, &differs)
		})
		w.states[len(w.states)-1].Differs = differs
	}
	for _, r := range set.Absent {
		if _, err := ram.Trust(ctx, r.Name); soc.KindOf(err) != soc.NotFound {
			w.add(r.Name, func() (string, error) { return RoleDrifted, err })
			w.states[len(w.states)-1].Differs = []string{"unwanted"}
		}
	}
	return w.states, errors.Join(w.errs...)
}

// Claim is [Ensure] for an account that has not joined: it changes nothing, with an error of kind Conflict, while the
// collector role there is made for another administrator. A member belongs to one administrator at a time (soc.md A5).
func Claim(ctx context.Context, ram RAM, set RoleSet) ([]soc.RoleState, error) {
	for _, r := range set.Roles {
		trust, err := ram.Trust(ctx, r.Name)
		if soc.KindOf(err) == soc.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		if owner := otherOwner(trust, r.Trust); owner != "" {
			return nil, &soc.Error{
				Kind: soc.Conflict, Op: "claim member", Resource: r.Name,
				Err:  errors.New("the member belongs to administrator " + owner),
				Next: "let account " + owner + " remove the member from its scope first",
			}
		}
	}
	return Ensure(ctx, ram, set)
}

var trustedRole = regexp.MustCompile(`acs:ram::([0-9]{16}):role/fenghuo-`)

// otherOwner returns the account whose functions a role trusts when that is not the one that it should be.
func otherOwner(trust, want string) string {
	for _, m := range trustedRole.FindAllStringSubmatch(trust, -1) {
		if !strings.Contains(want, "acs:ram::"+m[1]+":role/") {
			return m[1]
		}
	}
	return ""
}

// Remove takes our roles and their policies away, and asks for the deletion of the service-linked roles. That goes on by
// itself; the cloud refuses it while Security Center uses them in the member, and then they are kept.
func Remove(ctx context.Context, ram RAM, set RoleSet) ([]soc.RoleState, error) {
	var w walk
	for _, r := range slices.Concat(set.Roles, set.Absent) {
		w.add(r.Name, func() (string, error) { return removeRole(ctx, ram, r) })
	}
	for _, s := range set.Service {
		w.add(s.Name, func() (string, error) {
			if _, err := ram.Trust(ctx, s.Name); err != nil {
				return missingOr("", err)
			}
			state, err := ram.DeleteServiceRole(ctx, s.Name)
			if soc.KindOf(err) == soc.NotFound {
				return RoleRemoved, nil
			}
			return state, err
		})
	}
	return w.states, errors.Join(w.errs...)
}

type walk struct {
	states []soc.RoleState
	errs   []error
}

func (w *walk) add(name string, f func() (string, error)) {
	state, err := f()
	if err != nil {
		state = RoleFailed
		w.errs = append(w.errs, err)
	}
	w.states = append(w.states, soc.RoleState{Name: name, State: state})
}

func missingOr(state string, err error) (string, error) {
	if soc.KindOf(err) == soc.NotFound {
		return RoleMissing, nil
	}
	return state, err
}

func ensureServiceRole(ctx context.Context, ram RAM, s ServiceRole) (string, error) {
	_, err := ram.Trust(ctx, s.Name)
	if soc.KindOf(err) != soc.NotFound {
		return RoleUnchanged, err
	}
	if err := ram.CreateServiceRole(ctx, s.Service); err != nil {
		// A conflict may mean that somebody made it between the two calls: reading it decides.
		if _, errRead := ram.Trust(ctx, s.Name); errRead != nil {
			return "", err
		}
	}
	return RoleCreated, nil
}

func ensureRole(ctx context.Context, ram RAM, r Role) (string, error) {
	state := RoleUnchanged
	d, err := inspect(ctx, ram, r)
	if soc.KindOf(err) == soc.NotFound {
		state = RoleCreated
		errCreate := ram.CreateRole(ctx, r.Name, r.Description, r.Trust)
		if errCreate != nil && soc.KindOf(errCreate) != soc.Conflict {
			return "", errCreate
		}
		// A conflict is a lost race, or a full account: reading the role decides.
		if d, err = inspect(ctx, ram, r); soc.KindOf(err) == soc.NotFound && errCreate != nil {
			err = errCreate
		}
	}
	if err != nil {
		return "", err
	}
	if !d.any() {
		return state, nil
	}
	if state == RoleUnchanged {
		state = RoleRepaired
	}
	return state, repair(ctx, ram, r, d)
}

// repair takes away before it gives, so that a role never holds more than it did and should.
func repair(ctx context.Context, ram RAM, r Role, d drift) error {
	for _, a := range d.foreign {
		if err := ram.Detach(ctx, r.Name, a); err != nil && soc.KindOf(err) != soc.NotFound {
			return err
		}
	}
	if d.trust {
		if err := ram.SetTrust(ctx, r.Name, r.Trust); err != nil {
			return err
		}
	}
	for _, p := range d.changed {
		if err := ram.SetPolicy(ctx, p.Name, p.Document); err != nil {
			return err
		}
	}
	for _, p := range d.missing {
		if err := ram.CreatePolicy(ctx, p.Name, p.Document); err != nil {
			return err
		}
	}
	for _, p := range d.detached {
		if err := ram.Attach(ctx, r.Name, Attachment{p.Name, customPolicy}); err != nil && soc.KindOf(err) != soc.Conflict {
			return err
		}
	}
	return nil
}

func removeRole(ctx context.Context, ram RAM, r Role) (string, error) {
	on, err := ram.Attachments(ctx, r.Name)
	state := RoleRemoved
	if soc.KindOf(err) == soc.NotFound {
		state, err = RoleMissing, nil
	}
	if err != nil {
		return "", err
	}
	for _, a := range on {
		if err := ram.Detach(ctx, r.Name, a); err != nil && soc.KindOf(err) != soc.NotFound {
			return "", err
		}
	}
	if state == RoleRemoved {
		if err := ram.DeleteRole(ctx, r.Name); err != nil && soc.KindOf(err) != soc.NotFound {
			return "", err
		}
	}
	for _, p := range r.Policies {
		if err := ram.DeletePolicy(ctx, p.Name); err != nil && soc.KindOf(err) != soc.NotFound {
			return "", err
		}
	}
	return state, nil
}
