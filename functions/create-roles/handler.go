package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/directory"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// members tells who is a member; NotFound for everybody else.
type members interface {
	GetAccount(ctx context.Context, uid string) (directory.Account, error)
}

type handler struct {
	template []byte
	cfg      config
	members  members
	enter    func(ctx context.Context, uid, session string) org.RAM // the RAM of a member
}

func (h *handler) handle(ctx context.Context, r org.RolesRequest) (org.RolesResult, error) {
	roles, err := h.run(ctx, r)
	out := org.RolesResult{Account: r.Account, Roles: roles, Kind: soc.KindOf(err), Next: soc.NextOf(err)}
	if out.Roles == nil {
		out.Roles = []soc.RoleState{}
	}
	var retry error
	if out.Status, _, retry = org.Answer(err); retry != nil {
		return org.RolesResult{}, retry
	}
	if err != nil {
		out.Reason = err.Error()
		if len(roles) > 0 { // some of it was done
			out.Status = org.StatusFailed
		}
	}
	return out, nil
}

func (h *handler) run(ctx context.Context, r org.RolesRequest) ([]soc.RoleState, error) {
	var step func(context.Context, org.RAM, org.RoleSet) ([]soc.RoleState, error)
	switch r.Operation {
	case org.OpClaim:
		step = org.Claim
	case org.OpEnsure:
		step = org.Ensure
	case org.OpVerify:
		step = org.Verify
	case org.OpRemove:
		step = org.Remove
	default:
		return nil, invalid(r.Account, fmt.Errorf("unknown operation %q", r.Operation), "use claim, ensure, verify or remove")
	}
	c, ok := fc.FromContext(ctx)
	if !ok {
		return nil, &soc.Error{Kind: soc.Internal, Op: "make roles", Err: errors.New("the request names no account")}
	}
	set, err := org.MemberRoles(h.template, org.Member{
		Account: r.Account, Administrator: h.cfg.Administrator,
		Management: c.AccountID, ExternalID: h.cfg.ExternalID, Response: r.Response,
	})
	if err != nil {
		return nil, err
	}
	if r.Account == c.AccountID {
		return nil, invalid(r.Account, errors.New("the management account gets no member roles"), "name a member")
	}
	if err := h.mustBeMember(ctx, r.Account); err != nil {
		return nil, err
	}
	return step(ctx, h.enter(ctx, r.Account, c.RequestID), set)
}

func (h *handler) mustBeMember(ctx context.Context, uid string) error {
	_, err := h.members.GetAccount(ctx, uid)
	if soc.KindOf(err) != soc.NotFound {
		return err
	}
	return &soc.Error{
		Kind: soc.NotFound, Op: "make roles", Account: uid, Err: fmt.Errorf("the account is not a member of the directory: %w", err),
		Next: "invite the account into the resource directory",
	}
}

func invalid(uid string, err error, next string) error {
	return &soc.Error{Kind: soc.Invalid, Op: "make roles", Account: uid, Err: err, Next: next}
}
