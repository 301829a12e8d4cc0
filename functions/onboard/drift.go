package main

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// checkers is how many accounts' roles are read back at once.
const checkers = 4

// checkRoles reads the roles of accounts back and repairs what differs, in place: the accounts stay joined and
// collecting goes on.
func (h *handler) checkRoles(ctx context.Context, run string, accounts []string, out *followResult) error {
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(checkers)
	for _, uid := range accounts {
		g.Go(func() error {
			repaired, problem, err := h.checkAccount(ctx, run, uid)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				return err
			}
			out.Checked++
			if repaired {
				out.Repaired = append(out.Repaired, uid)
			}
			if problem != nil {
				out.Problems = append(out.Problems, *problem)
			}
			return nil
		})
	}
	return g.Wait()
}

func (h *handler) checkAccount(ctx context.Context, run, uid string) (repaired bool, problem *refusal, err error) {
	a, err := h.store.Account(ctx, uid)
	if err != nil || a.State != soc.AccountJoined {
		return false, nil, err
	}
	res, err := h.mover.Roles.MakeRoles(ctx, org.RolesRequest{Operation: org.OpEnsure, Account: uid, Response: a.Response})
	if err == nil && res.Status != org.StatusOK {
		err = &soc.Error{Kind: soc.Conflict, Op: "repair roles", Account: uid, Err: errors.New(res.Reason), Next: res.Next}
		if err := h.unrepaired(ctx, uid, res); err != nil {
			return false, nil, err
		}
	}
	if err != nil {
		return false, &refusal{uid, err.Error(), soc.NextOf(err)}, h.store.RolesChecked(ctx, uid, h.now())
	}
	if changed(res.Roles) {
		if err := h.repaired(ctx, run, a, res.Roles); err != nil {
			return false, nil, err
		}
	}
	return changed(res.Roles), nil, h.store.RolesChecked(ctx, uid, h.now())
}

// repaired notes a drift that was put right. Whoever changes the SOC's roles in a member may be about to blind it, so it
// is a security event; one an hour for an account is enough.
func (h *handler) repaired(ctx context.Context, run string, a soc.Account, roles []soc.RoleState) error {
	now := h.now()
	if err := h.auditOnce(ctx, run, store.AuditEntry{
		At: now, Actor: "onboard", Action: org.ChangeRoles, Account: a.UID,
		Detail: "roles differed from the template and were put right: " + roleText(roles), Before: accountText(a), After: accountText(a),
	}); err != nil {
		return err
	}
	var which []string
	for _, r := range roles {
		if r.State != org.RoleUnchanged {
			which = append(which, r.Name+" ("+r.State+")")
		}
	}
	if err := h.raise(ctx, raised{
		account: a.UID, level: soc.High, rule: org.ChangeRoles, key: "drift/" + a.UID + "/" + now.UTC().Truncate(time.Hour).Format(time.RFC3339),
		title:   "Roles of the SOC were changed in member " + a.UID + " and repaired",
		titleZH: "成员账号 " + a.UID + " 中的 SOC 角色被更改，已修复",
		text:    strings.Join(which, ", ") + "; next: find in the member's ActionTrail who changed them",
	}); err != nil {
		return err
	}
	return h.store.UpdateAccount(ctx, a.UID, func(now *soc.Account) bool {
		now.Roles = roles
		return now.State == soc.AccountJoined
	})
}

// unrepaired opens a security event, one a day for an account, when create-roles reached the member and its roles could not
// be put right: the SOC may be blind in it until a person looks. An account that is no member is not one of them.
func (h *handler) unrepaired(ctx context.Context, uid string, res org.RolesResult) error {
	if res.Kind == soc.NotFound {
		return nil
	}
	return h.raise(ctx, raised{
		account: uid, level: soc.High, rule: org.ChangeRoles, key: "unrepaired/" + uid + "/" + h.now().UTC().Format(time.DateOnly),
		title:   "Roles of the SOC in member " + uid + " differ and could not be repaired",
		titleZH: "成员账号 " + uid + " 中的 SOC 角色不符合要求且无法修复",
		text:    res.Reason + "; next: " + res.Next,
	})
}

// raised is a security event that this function opens.
type raised struct {
	key, account, rule   string
	title, titleZH, text string
	level                soc.Level
}

func (h *handler) raise(ctx context.Context, r raised) error {
	now, id := h.now(), soc.IncidentID("onboard/"+r.key)
	_, err := h.store.RaiseIncident(ctx, soc.Incident{
		ID: id, Title: r.title, TitleZH: r.titleZH, Level: r.level, State: soc.IncidentNew,
		Accounts: []string{r.account}, Entities: []soc.Entity{}, Rules: []string{r.rule}, FirstSeen: now, LastSeen: now, OpenedAt: now, UpdatedAt: now,
	},
		soc.TimelineEntry{At: now, Account: r.account, Kind: "opened", Actor: "onboard", Text: r.text, Level: r.level})
	return err
}

// slowest is how long the deletion of a service-linked role is waited for. After that the role is held to be in use.
const slowest = time.Hour

// finishReceipts looks again at service-linked roles whose deletion goes on.
func (h *handler) finishReceipts(ctx context.Context) error {
	all, err := h.store.Receipts(ctx, "")
	if err != nil {
		return err
	}
	for _, r := range all {
		if !r.Open() {
			continue
		}
		a, err := h.store.Account(ctx, r.Account)
		if err != nil {
			return err
		}
		end := ""
		switch {
		case a.State != soc.AccountLeft: // it is back, or on its way
			end = org.RoleKept
		case h.now().Sub(r.LeftAt) > slowest:
			end = org.RoleKept
		default:
			if end, err = h.removal(ctx, r); err != nil {
				return err
			}
		}
		for i := range r.Roles {
			if r.Roles[i].State == soc.RoleRemoving && end != "" {
				r.Roles[i].State = end
			}
		}
		if err := h.store.SaveReceipt(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// removal asks again for what is being removed: "" while it goes on.
func (h *handler) removal(ctx context.Context, r soc.Receipt) (string, error) {
	res, err := h.mover.Roles.MakeRoles(ctx, org.RolesRequest{Operation: org.OpRemove, Account: r.Account})
	if err != nil || res.Status != org.StatusOK {
		return "", nil //nolint:nilerr // the next run asks again, and the wait has an end
	}
	for _, now := range res.Roles {
		if now.State == soc.RoleRemoving {
			return "", nil
		}
	}
	return org.RoleRemoved, nil
}
