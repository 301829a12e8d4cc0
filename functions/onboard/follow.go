package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/integration"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// followResult is what a regular run found and did.
type followResult struct {
	Status    string    `json:"status"`
	Reason    string    `json:"reason"`
	Renamed   []string  `json:"renamed"`
	Departed  []string  `json:"departed"`
	Suspended []string  `json:"suspended"`
	Resumed   []string  `json:"resumed"`
	Joined    []string  `json:"joined"`
	Checked   int       `json:"checked"`  // accounts whose roles were read back
	Repaired  []string  `json:"repaired"` // those whose roles differed
	Differs   []string  `json:"differs"`  // in scope, or with response, other than the scope document chooses
	Problems  []refusal `json:"problems"`
}

// One regular run takes in at most newPerRun accounts and reads the roles of checksPerRun, or of a twelfth of the
// accounts when that is more: with a run each five minutes every role is read back within the hour.
const (
	newPerRun    = org.SliceSize
	checksPerRun = 40
	checkRounds  = 12
)

// followLock keeps two regular runs apart; it is free again this long after its holder died.
const followLock = time.Minute

// follow makes the scope follow the directory, and the roles their template. What goes wrong with one account is a
// problem in the answer.
func (h *handler) follow(ctx context.Context, run string) (any, error) {
	out := followResult{
		Status: org.StatusOK, Renamed: []string{}, Departed: []string{}, Suspended: []string{}, Resumed: []string{},
		Joined: []string{}, Repaired: []string{}, Differs: []string{}, Problems: []refusal{},
	}
	err := h.store.WithLock(ctx, "onboard-follow", followLock, func(ctx context.Context) error { return h.followOnce(ctx, run, &out) })
	if err == nil {
		err = h.anchorTrail(ctx)
	}
	if err != nil {
		return answer(err)
	}
	if n := len(out.Problems); n > 0 {
		out.Status, out.Reason = org.StatusPartial, fmt.Sprintf("%d problems", n)
	}
	return out, nil
}

func (h *handler) followOnce(ctx context.Context, run string, out *followResult) error {
	if err := h.observeDelegations(ctx, run); err != nil { // first: what follows is refused when the delegation is gone
		out.Problems = append(out.Problems, refusal{self(ctx), "Security Center: " + err.Error(), soc.NextOf(err)})
	}
	accounts, err := h.store.Accounts(ctx)
	if err != nil {
		return err
	}
	look, err := h.store.RolesToCheck(ctx, max(checksPerRun, len(accounts)/checkRounds))
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if a.State == soc.AccountSuspended {
			look = append(look, a.UID)
		}
	}
	members, err := h.directoryMembers(ctx, look...)
	if err != nil {
		return err
	}
	doc, err := h.document(ctx)
	if err != nil {
		return err
	}
	f := org.Follow(doc, members, accounts, h.management, self(ctx))
	if doubt := doubtful(f.Departed, accounts); doubt != nil {
		out.Problems = append(out.Problems, refusal{self(ctx), doubt.Error(), soc.NextOf(doubt)})
		if err := h.raiseDoubt(ctx, f.Departed, doubt); err != nil {
			return err
		}
	} else if err := h.depart(ctx, run, f.Departed, out); err != nil {
		return err
	}
	if err := h.shift(ctx, run, f, out); err != nil {
		return err
	}
	if err := h.tellDifference(ctx, doc, members, accounts, out); err != nil {
		return err
	}
	if err := h.takeIn(ctx, run, f.New, out); err != nil {
		return err
	}
	if err := h.monitor(ctx); err != nil {
		out.Problems = append(out.Problems, refusal{self(ctx), "Security Center: " + err.Error(), soc.NextOf(err)})
	}
	if err := h.checkRoles(ctx, run, look, out); err != nil {
		return err
	}
	return h.finishReceipts(ctx)
}

// anchorTrail logs the last hash of the audit trail: who can write the store's file can write a whole chain anew, and cannot
// change the log.
func (h *handler) anchorTrail(ctx context.Context) error {
	last, err := h.store.SearchAudit(ctx, store.AuditQuery{Limit: 1})
	if err == nil && len(last) > 0 {
		fc.Logger(ctx).Info(org.TrailStands, "last", last[0].Hash)
	}
	return err
}

func (h *handler) document(ctx context.Context) (*org.Scope, error) {
	body, err := h.store.ScopeDocument(ctx)
	if soc.KindOf(err) == soc.NotFound {
		return nil, nil //nolint:nilnil // no document is in force: that is an answer
	}
	if err != nil {
		return nil, err
	}
	doc, err := org.ParseScope(body)
	return &doc, err
}

// doubtful is why it is not believed that accounts left: that more than half of the accounts in scope, and more than a few,
// left at once is held to be a fault of the directory's answer.
func doubtful(gone, all []soc.Account) error {
	joined := 0
	for _, a := range all {
		if a.State == soc.AccountJoined {
			joined++
		}
	}
	if len(gone) > 3 && 2*len(gone) > joined {
		return &soc.Error{
			Kind: soc.Conflict, Op: "follow directory", Err: fmt.Errorf("%d of %d accounts are not in the directory at once", len(gone), joined),
			Next: "look at the directory; when it is true, run the flow remove-accounts with them",
		}
	}
	return nil
}

// raiseDoubt opens a security event, one a day: until somebody looks, accounts that may have left count as monitored.
func (h *handler) raiseDoubt(ctx context.Context, gone []soc.Account, doubt error) error {
	r := raised{
		account: self(ctx), level: soc.High, rule: org.ChangeDepart, key: "doubt/" + h.now().UTC().Format(time.DateOnly),
		title:   "Many members are missing in the directory at once: none is taken out of scope",
		titleZH: "多个成员账号同时从资源目录中消失：未将其移出管理范围", text: doubt.Error() + "; next: " + soc.NextOf(doubt) + ":",
	}
	for _, a := range gone[:min(len(gone), listedFailures)] {
		r.text += " " + a.UID
	}
	return h.raise(ctx, r)
}

// depart takes accounts that are no members any more out of scope: nobody here can enter them. Their data is kept.
func (h *handler) depart(ctx context.Context, run string, gone []soc.Account, out *followResult) error {
	for _, a := range gone {
		if err := h.disable(ctx, run, a.UID); err != nil {
			return err
		}
		before := a
		a.State, a.Response = soc.AccountLeft, false
		a.Reason, a.Next = "the account left the directory", "delete the roles fenghuo-collector and fenghuo-responder in the account by hand"
		receipt, err := h.newReceipt(ctx, run, a, nil)
		if err != nil {
			return err
		}
		if err := h.raise(ctx, raised{
			account: a.UID, rule: org.ChangeDepart, text: a.Reason + "; next: " + a.Next,
			level: soc.High, key: "departed/" + a.UID + "/" + before.JoinedAt.UTC().Format(time.RFC3339Nano),
			title:   "Member " + a.UID + " left the directory: it is not monitored any more",
			titleZH: "成员账号 " + a.UID + " 已离开资源目录，不再受监控",
		}); err != nil {
			return err
		}
		a.UpdatedAt, a.JoinedAt, a.Roles = h.now(), time.Time{}, nil
		e := h.entry(ctx, run, org.ChangeDepart, before, a)
		if err := h.store.FinishMove(ctx, before, a, &e, &receipt); err != nil {
			return err
		}
		out.Departed = append(out.Departed, a.UID)
	}
	return nil
}

// disable switches the integration policies of an account off.
func (h *handler) disable(ctx context.Context, run, uid string) error {
	facts := integration.Facts{Catalog: h.catalog}
	var err error
	if facts.Current, err = h.store.Policies(ctx); err != nil {
		return err
	}
	failed, err := integration.Apply(ctx, h.store, integration.Disable(facts, []string{uid}), run+"-"+uid, h.region, store.AuditEntry{
		At: h.now(), Actor: "onboard", Origin: fc.Origin(ctx, run), Action: org.ChangeDisable, Detail: "policies switched off: the account left the directory",
	})
	if err == nil && len(failed) > 0 {
		err = &soc.Error{Kind: soc.Unavailable, Op: "switch policies off", Account: uid, Resource: failed[0].Source, Err: errors.New(failed[0].Reason)}
	}
	return err
}

// shift stores names, suspensions and returns.
func (h *handler) shift(ctx context.Context, run string, f org.Followed, out *followResult) error {
	move := func(list []soc.Account, action string, change func(a *soc.Account), r func(a soc.Account) raised, done *[]string) error {
		for _, a := range list {
			before, err := h.store.Account(ctx, a.UID)
			if err != nil {
				return err
			}
			after := before
			after.Name = a.Name
			change(&after)
			if e := r(after); e.key != "" {
				e.account, e.rule, e.text = after.UID, action, after.Reason+"; next: "+after.Next
				if err := h.raise(ctx, e); err != nil {
					return err
				}
			}
			if err := h.store.UpdateAccount(ctx, a.UID, func(now *soc.Account) bool {
				if now.State != before.State { // a flow moved it meanwhile
					return false
				}
				if now.State != after.State {
					now.UpdatedAt = h.now()
				}
				now.Name, now.State, now.Reason, now.Next = after.Name, after.State, after.Reason, after.Next
				return true
			}, h.entry(ctx, run, action, before, after)); err != nil {
				return err
			}
			*done = append(*done, a.UID)
		}
		return nil
	}
	silent := func(soc.Account) raised { return raised{} }
	return errors.Join(
		move(f.Renamed, org.ChangeRename, func(*soc.Account) {}, silent, &out.Renamed),
		move(f.Suspended, org.ChangeSuspend, func(a *soc.Account) {
			a.State, a.Reason, a.Next = soc.AccountSuspended, "the directory is closing or changing the account", "nothing: it comes back by itself when that ends"
		}, func(a soc.Account) raised {
			return raised{
				level: soc.Medium, key: "suspended/" + a.UID + "/" + h.now().UTC().Format(time.DateOnly),
				title: "Member " + a.UID + " is suspended: it is not monitored until it is back", titleZH: "成员账号 " + a.UID + " 已暂停，恢复前不受监控",
			}
		}, &out.Suspended),
		move(f.Resumed, org.ChangeResume, func(a *soc.Account) { a.State, a.Reason, a.Next = soc.AccountJoined, "", "" }, silent, &out.Resumed),
	)
}

// takeIn joins accounts that the document's rule for new accounts chooses.
func (h *handler) takeIn(ctx context.Context, run string, fresh []org.Planned, out *followResult) error {
	if len(fresh) == 0 {
		return nil
	}
	r := soc.ScopeRun{ID: run, Operation: joinAction, CreatedAt: h.now()}
	for _, p := range fresh[:min(len(fresh), newPerRun)] {
		if err := h.mark(ctx, p.Account, map[string]string{p.Account: p.Name}, p.Response, nil); err != nil {
			return err
		}
		r.Accounts = append(r.Accounts, p.Account)
	}
	if err := h.store.SaveScopeRun(ctx, r); err != nil {
		return err
	}
	// Accounts that a further try may help stay pending and are seen by the report of this run.
	if _, err := h.mover.Join(ctx, r, r.Accounts); err != nil && !soc.Retryable(err) {
		return err
	}
	for _, uid := range r.Accounts {
		a, err := h.store.Account(ctx, uid)
		switch {
		case err != nil:
			return err
		case a.State == soc.AccountJoined:
			out.Joined = append(out.Joined, uid)
		default:
			out.Problems = append(out.Problems, unfinished(a))
		}
	}
	return nil
}

// entry is the audit entry of a change that a regular run saw.
func (h *handler) entry(ctx context.Context, run, action string, before, after soc.Account) store.AuditEntry {
	return store.AuditEntry{
		At: h.now(), Actor: "onboard", Origin: fc.Origin(ctx, run), Action: action, Account: after.UID,
		Detail: after.Reason, Before: accountText(before), After: accountText(after),
	}
}
