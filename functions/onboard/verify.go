package main

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// verifyResult is what was found in members when their roles were read back. Nothing was changed.
type verifyResult struct {
	Status   string     `json:"status"`
	Reason   string     `json:"reason"`
	Accounts []verified `json:"accounts"`
}

// verified is one member. Reached is false when create-roles in the management account did not answer: Kind, Reason and
// Next then tell of the way there and not of the member.
type verified struct {
	Account string          `json:"account"`
	Reached bool            `json:"reached"`
	Kind    soc.Kind        `json:"kind"` // of the failure, "" when the roles were read
	Reason  string          `json:"reason"`
	Next    string          `json:"next"`
	Roles   []soc.RoleState `json:"roles"`
}

// verify reads back the roles of the joined accounts that are named, or of all of them. A failure is data, whatever its
// kind is: who asks wants to see it now.
func (h *handler) verify(ctx context.Context, r request) (any, error) {
	accounts, err := h.store.Accounts(ctx)
	if err != nil {
		return answer(err)
	}
	out := verifyResult{Status: org.StatusOK, Accounts: []verified{}}
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(checkers)
	for _, a := range accounts {
		if a.State != soc.AccountJoined || r.Account != "" && r.Account != a.UID {
			continue
		}
		g.Go(func() error {
			v := h.readBack(ctx, a)
			mu.Lock()
			defer mu.Unlock()
			out.Accounts = append(out.Accounts, v)
			return nil
		})
	}
	return out, g.Wait()
}

func (h *handler) readBack(ctx context.Context, a soc.Account) verified {
	v := verified{Account: a.UID, Roles: []soc.RoleState{}}
	res, err := h.mover.Roles.MakeRoles(ctx, org.RolesRequest{Operation: org.OpVerify, Account: a.UID, Response: a.Response})
	if err != nil {
		v.Kind, v.Reason, v.Next = soc.KindOf(err), err.Error(), soc.NextOf(err)
		return v
	}
	v.Reached, v.Kind, v.Reason, v.Next = true, res.Kind, res.Reason, res.Next
	v.Roles = append(v.Roles, res.Roles...)
	return v
}
