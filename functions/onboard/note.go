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

// note writes what a run did to an account into the audit trail, and the receipt of an account that left. A step that is
// done again after a crash writes neither twice.
func (h *handler) note(ctx context.Context, c org.Change) error {
	action, detail := org.ChangeJoin, "roles made and read back"
	switch {
	case c.After.State == soc.AccountLeft:
		action, detail = org.ChangeLeave, "roles removed"
		if err := h.receipt(ctx, c); err != nil {
			return err
		}
	case c.Before.State == soc.AccountJoined && !changed(c.Roles) && c.Before.Response == c.After.Response:
		return nil // it was looked at and nothing was done
	case c.Before.State == soc.AccountJoined:
		action, detail = org.ChangeRoles, "roles differed from the template and were put right"
	}
	return h.auditOnce(ctx, c.RunID, store.AuditEntry{
		At: h.now(), Actor: org.Actor("onboard", c.By), Action: action, Account: c.After.UID,
		Detail: detail + ": " + roleText(c.Roles), Before: accountText(c.Before), After: accountText(c.After),
	})
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

// receipt writes what was removed and what stays, once for each leaving.
func (h *handler) receipt(ctx context.Context, c org.Change) error {
	have, err := h.store.Receipts(ctx, c.After.UID)
	if err != nil {
		return err
	}
	at := h.now()
	for _, r := range have {
		if r.RunID == c.RunID { // of the try before a crash: it saw the roles that went
			at = r.LeftAt
			if len(r.Roles) > 0 {
				return nil
			}
		}
	}
	r := soc.Receipt{Account: c.After.UID, Name: c.After.Name, RunID: c.RunID, LeftAt: at, Roles: c.Roles, Note: c.After.Next}
	if r.Kept, err = h.kept(ctx, c.After.UID, at); err != nil {
		return err
	}
	return h.store.SaveReceipt(ctx, r)
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
