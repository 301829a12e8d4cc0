package main

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// finish stores what a run did to an account, its entry in the audit trail, and the receipt of an account that left.
func (h *handler) finish(ctx context.Context, c org.Change) error {
	action, detail := org.ChangeJoin, "roles made and read back"
	var receipt *soc.Receipt
	switch {
	case c.After.State == soc.AccountLeft:
		action, detail = org.ChangeLeave, "roles removed"
		r, err := h.newReceipt(ctx, c.RunID, c.After, c.Roles)
		if err != nil {
			return err
		}
		receipt = &r
	case c.Before.State == soc.AccountJoined && !changed(c.Roles) && c.Before.Response == c.After.Response:
		return h.store.FinishMove(ctx, c.Before, c.After, nil, nil) // it was looked at and nothing was done
	case c.Before.State == soc.AccountJoined:
		action, detail = org.ChangeRoles, "roles differed from the template and were put right"
	}
	return h.store.FinishMove(ctx, c.Before, c.After, &store.AuditEntry{
		At: h.now(), Actor: org.Actor("onboard", c.By), Origin: fc.Origin(ctx, c.RunID), Action: action, Account: c.After.UID,
		Detail: detail + ": " + roleText(c.Roles), Before: accountText(c.Before), After: accountText(c.After),
	}, receipt)
}

// auditOnce appends an entry unless the run has it already.
func (h *handler) auditOnce(ctx context.Context, run string, e store.AuditEntry) error {
	e.Origin = fc.Origin(ctx, run)
	if run != "" {
		have, err := h.store.SearchAudit(ctx, store.AuditQuery{Account: e.Account, Action: e.Action, Text: run, Limit: 10})
		if err != nil {
			return err
		}
		for _, x := range have {
			if x.Origin == run || strings.HasPrefix(x.Origin, run+" ") {
				return nil
			}
		}
	}
	return h.store.Audit(ctx, e)
}

// changed tells whether anything was done to the roles.
func changed(roles []soc.RoleState) bool {
	for _, r := range roles {
		if r.State != org.RoleUnchanged {
			return true
		}
	}
	return false
}

func roleText(roles []soc.RoleState) string {
	parts := make([]string, 0, len(roles))
	for _, r := range roles {
		part := r.Name + " " + r.State
		if len(r.Differs) > 0 {
			part += " (" + strings.Join(r.Differs, " ") + ")"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

// accountText is what the trail keeps of an account's state.
func accountText(a soc.Account) string {
	if a.UID == "" {
		return ""
	}
	b, err := json.Marshal(map[string]any{"name": a.Name, "state": a.State, "response": a.Response})
	if err != nil {
		panic("onboard: " + err.Error()) // texts and a flag
	}
	return string(b)
}

// newReceipt says what was removed from an account that leaves and what stays.
func (h *handler) newReceipt(ctx context.Context, run string, a soc.Account, roles []soc.RoleState) (soc.Receipt, error) {
	r := soc.Receipt{Account: a.UID, Name: a.Name, RunID: run, LeftAt: h.now(), Roles: roles, Note: a.Next}
	var err error
	r.Kept, err = h.kept(ctx, a.UID, r.LeftAt)
	return r, err
}

// kept lists the data of an account that stays, and until when.
func (h *handler) kept(ctx context.Context, uid string, now time.Time) ([]soc.KeptData, error) {
	sources, err := h.store.DataSources(ctx)
	if err != nil {
		return nil, err
	}
	var out []soc.KeptData
	for _, d := range sources {
		if d.Account == uid {
			out = append(out, soc.KeptData{What: "data source, switched off", Where: d.Name})
		}
	}
	logs, err := h.retention(ctx)
	if err != nil {
		return nil, err
	}
	for _, l := range logs {
		k := soc.KeptData{What: l.What, Where: l.Where}
		if l.Days < forever {
			k.Until = now.AddDate(0, 0, l.Days)
		}
		out = append(out, k)
	}
	return append(out, soc.KeptData{What: "alerts, security events, delivery ledger and audit trail", Where: "the administrator's store"}), nil
}

// forever is the retention of a Logstore that keeps its logs (sls.md §2.3).
const forever = 3650

// retained is a central Logstore and how long it keeps logs.
type retained struct {
	What, Where string
	Days        int
}
