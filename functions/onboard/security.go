package main

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/directory"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// securityCenter is the product's own view of the directory, which its delegated administrators may ask for.
type securityCenter interface {
	// SecurityAccounts is Denied for who does not administer Security Center.
	SecurityAccounts(ctx context.Context) ([]directory.SecurityAccount, error)
	Monitored(ctx context.Context) ([]string, error)
	// SetMonitored replaces the whole list.
	SetMonitored(ctx context.Context, accounts []string) error
}

// delegations is who administers what, as the audit trail keeps it. Denied: this account does not administer Security
// Center, so that it may not ask.
type delegations struct {
	Security []string `json:"security_center"`
	Analysis []string `json:"threat_analysis"`
	Denied   bool     `json:"denied,omitempty"`
}

// observeDelegations writes a change of delegated administrators into the trail. The flows that change them run in the
// management account, which has no store and must not reach this one: so what the product shows is compared with what the
// trail last says, at the first run after the change. Who did it is what those flows noted in the directory; for a change
// that was made without them it stands in the management account's ActionTrail.
func (h *handler) observeDelegations(ctx context.Context, run string) error {
	list, err := h.security.SecurityAccounts(ctx)
	now := delegations{Security: []string{}, Analysis: []string{}, Denied: soc.KindOf(err) == soc.Denied}
	if err != nil && !now.Denied {
		return err
	}
	for _, a := range list {
		if a.AdministersSecurity {
			now.Security = append(now.Security, a.ID)
		}
		if a.AdministersAnalysis {
			now.Analysis = append(now.Analysis, a.ID)
		}
	}
	slices.Sort(now.Security)
	slices.Sort(now.Analysis)
	after, err := json.Marshal(now)
	if err != nil {
		return err
	}
	return h.store.WithLock(ctx, "onboard-delegations", followLock, func(ctx context.Context) error {
		last, err := h.store.SearchAudit(ctx, store.AuditQuery{Action: org.ChangeDelegates, Limit: 1})
		if err != nil || len(last) > 0 && last[0].After == string(after) {
			return err
		}
		before, seen := "", time.Time{}
		if len(last) > 0 {
			before, seen = last[0].After, last[0].At
		}
		if before != "" { // first, under a name of its own: a crash before the entry tells it again, once
			if err := h.raiseDelegation(ctx, now, before, string(after), seen); err != nil {
				return err
			}
		}
		actor, detail := h.whoDelegated(ctx, before, now, seen)
		return h.store.Audit(ctx, store.AuditEntry{
			At: h.now(), Actor: actor, Origin: "seen by " + fc.Origin(ctx, run), Action: org.ChangeDelegates, Account: self(ctx),
			Detail: detail, Before: before, After: string(after),
		})
	})
}

// raiseDelegation opens the security event of a change that was seen after the look at seen.
func (h *handler) raiseDelegation(ctx context.Context, now delegations, before, after string, seen time.Time) error {
	level := soc.Medium
	if !slices.Contains(now.Security, self(ctx)) || !slices.Contains(now.Analysis, self(ctx)) {
		level = soc.High // this account lost a part of its own
	}
	return h.raise(ctx, raised{
		account: self(ctx), level: level, rule: org.ChangeDelegates, key: "delegation/" + seen.UTC().Format(time.RFC3339Nano),
		title: "Delegated administrators of Security Center or of threat analysis changed", titleZH: "云安全中心或威胁分析的委派管理员发生变更",
		text: "before " + before + ", now " + after + "; next: find in ActionTrail of account " + h.management + " who changed them; the flow setup-delegation completes half a delegation",
	})
}

// monitor makes the list of accounts that Security Center monitors hold every joined account, and none that left or that
// is leaving: while an account is in it, the cloud refuses to delete its service-linked roles. Accounts that somebody put
// there by hand stay. The product replaces the whole list at once, so one at a time does this; what is changed by hand
// between the two calls is lost.
func (h *handler) monitor(ctx context.Context, leaving ...string) error {
	return h.store.WithLock(ctx, "onboard-monitored", followLock, func(ctx context.Context) error {
		accounts, err := h.store.Accounts(ctx)
		if err != nil {
			return err
		}
		have, err := h.security.Monitored(ctx)
		if err != nil {
			return err
		}
		want := slices.Clone(have)
		for _, a := range accounts {
			switch {
			case slices.Contains(leaving, a.UID) || a.State == soc.AccountLeft || a.State == soc.AccountLeaving:
				want = slices.DeleteFunc(want, func(uid string) bool { return uid == a.UID })
			case a.State == soc.AccountJoined:
				want = append(want, a.UID)
			}
		}
		slices.Sort(want)
		want = slices.Compact(want)
		slices.Sort(have)
		if slices.Equal(want, have) {
			return nil
		}
		return h.security.SetMonitored(ctx, want)
	})
}

// lookAround does what a run can go on without. What stands against it is told by the regular runs, which do it again.
func (h *handler) lookAround(ctx context.Context, run string, leaving ...string) {
	_ = h.observeDelegations(ctx, run)
	_ = h.monitor(ctx, leaving...)
}
