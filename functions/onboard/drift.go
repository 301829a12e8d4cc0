package main

import (
	"context"
	"errors"
	"slices"
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

// checkAccount reads the roles of one account back. What differs is stored before it is repaired: a run that dies after
// the repair leaves that, and the next one, which finds nothing to repair, tells of it.
func (h *handler) checkAccount(ctx context.Context, run, uid string) (repaired bool, problem *refusal, err error) {
	a, err := h.store.Account(ctx, uid)
	if err != nil || a.State != soc.AccountJoined {
		return false, nil, err
	}
	seen, problem, err := h.askRoles(ctx, org.OpVerify, a)
	if err != nil || problem != nil {
		return false, problem, err
	}
	done, now := a.Roles, seen.Roles // of a run that died
	if changed(seen.Roles) {
		if err := h.storeRoles(ctx, uid, seen.Roles); err != nil {
			return false, nil, err
		}
		made, problem, err := h.askRoles(ctx, org.OpEnsure, a)
		if err != nil || problem != nil {
			return false, problem, err
		}
		done, now = withDifferences(made.Roles, seen.Roles), made.Roles
	} else if !differed(a.Roles) {
		return false, nil, h.store.RolesChecked(ctx, uid, h.now())
	}
	if err := h.repaired(ctx, run, a, done); err != nil {
		return false, nil, err
	}
	return true, nil, errors.Join(h.storeRoles(ctx, uid, now), h.store.RolesChecked(ctx, uid, h.now()))
}

// withDifferences are the repaired roles with what was found to differ of each.
func withDifferences(made, seen []soc.RoleState) []soc.RoleState {
	out := slices.Clone(made)
	for i := range out {
		if k := slices.IndexFunc(seen, func(r soc.RoleState) bool { return r.Name == out[i].Name }); k >= 0 {
			out[i].Differs = seen[k].Differs
		}
	}
	return out
}

// differed tells whether roles were stored as they were found, before a repair.
func differed(roles []soc.RoleState) bool {
	return slices.ContainsFunc(roles, func(r soc.RoleState) bool { return r.State == org.RoleDrifted || r.State == org.RoleMissing })
}

func (h *handler) storeRoles(ctx context.Context, uid string, roles []soc.RoleState) error {
	return h.store.UpdateAccount(ctx, uid, func(now *soc.Account) bool {
		now.Roles = roles
		return now.State == soc.AccountJoined
	})
}

// askRoles asks create-roles to read or repair the roles of one account. That it did not do so is a problem of the account;
// when it could reach the member, a security event too.
func (h *handler) askRoles(ctx context.Context, op string, a soc.Account) (org.RolesResult, *refusal, error) {
	res, err := h.mover.Roles.MakeRoles(ctx, org.RolesRequest{Operation: op, Account: a.UID, Response: a.Response})
	if err == nil && res.Status != org.StatusOK {
		err = &soc.Error{Kind: soc.Conflict, Op: op + " roles", Account: a.UID, Err: errors.New(res.Reason), Next: res.Next}
		if err := h.unrepaired(ctx, a.UID, res); err != nil {
			return res, nil, err
		}
	}
	if err != nil {
		return res, &refusal{a.UID, err.Error(), soc.NextOf(err)}, h.store.RolesChecked(ctx, a.UID, h.now())
	}
	return res, nil, nil
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
	return h.raise(ctx, raised{
		account: a.UID, level: soc.High, rule: org.ChangeRoles, key: "drift/" + a.UID + "/" + now.UTC().Truncate(time.Hour).Format(time.RFC3339),
		title:   "Roles of the SOC were changed in member " + a.UID + " and repaired",
		titleZH: "成员账号 " + a.UID + " 中的 SOC 角色被更改，已修复",
		text:    strings.Join(which, ", ") + "; next: find in the member's ActionTrail who changed them",
	})
}

// unrepaired opens a security event, one a day for an account, when create-roles answered that it could not read or put
// right the roles of a member: the SOC may be blind in it until a person looks. An account that is no member is not one of them.
func (h *handler) unrepaired(ctx context.Context, uid string, res org.RolesResult) error {
	if res.Kind == soc.NotFound {
		return nil
	}
	return h.raise(ctx, raised{
		account: uid, level: soc.High, rule: org.ChangeRoles, key: "unrepaired/" + uid + "/" + h.now().UTC().Format(time.DateOnly),
		title:   "Roles of the SOC in member " + uid + " could not be read back or repaired",
		titleZH: "成员账号 " + uid + " 中的 SOC 角色无法核对或修复",
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
