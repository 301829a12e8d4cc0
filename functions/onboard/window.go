package main

import (
	"context"
	"fmt"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// windowResult is what the owner of a member may see: what is read from the account, by which role, since when, and what
// was done to it. It holds nothing of any other account and no secret.
type windowResult struct {
	Status   string            `json:"status"`
	Reason   string            `json:"reason"`
	At       time.Time         `json:"at"`
	Account  string            `json:"account"`
	Name     string            `json:"name"`
	State    soc.AccountState  `json:"state"`
	Since    time.Time         `json:"since,omitzero"` // in scope since
	Response bool              `json:"response"`       // playbooks may act
	Roles    []org.RoleSummary `json:"roles"`
	Sources  []windowSource    `json:"sources"`
	Changes  []windowChange    `json:"changes"` // newest first
	Receipts []soc.Receipt     `json:"receipts"`
	Found    []soc.RoleState   `json:"roles_found"` // when they were last read back
}

type windowSource struct {
	Name     string         `json:"name"`
	Product  string         `json:"product"`
	Enabled  bool           `json:"enabled"`
	Health   soc.Health     `json:"health"`
	Role     string         `json:"role"`
	Since    time.Time      `json:"since,omitzero"` // the policy was switched on or off
	LastRead time.Time      `json:"last_read,omitzero"`
	LastLog  time.Time      `json:"last_log,omitzero"`
	Records  int64          `json:"records"`
	Bytes    int64          `json:"bytes"`
	Stores   []soc.LogStore `json:"stores"`
}

type windowChange struct {
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	Action string    `json:"action"`
	Detail string    `json:"detail"`
}

// windowChanges is how many changes the window shows.
const windowChanges = 200

func (h *handler) window(ctx context.Context, r request) (any, error) {
	out := windowResult{
		Status: org.StatusOK, At: h.now(), Account: r.Account, Roles: []org.RoleSummary{}, Sources: []windowSource{},
		Changes: []windowChange{}, Receipts: []soc.Receipt{}, Found: []soc.RoleState{},
	}
	if err := h.look(ctx, &out); err != nil {
		return answer(err)
	}
	return out, nil
}

func (h *handler) look(ctx context.Context, out *windowResult) error {
	if !org.ValidUID(out.Account) {
		return &soc.Error{Kind: soc.Invalid, Op: "show window", Err: fmt.Errorf("%q is not an account id", out.Account), Next: "give the uid as 16 digits in quotes"}
	}
	a, err := h.store.Account(ctx, out.Account)
	if err != nil {
		return err
	}
	out.Name, out.State, out.Since, out.Response = a.Name, a.State, a.JoinedAt, a.Response
	out.Found = append(out.Found, a.Roles...)
	if out.Roles, err = org.SummariseRoles(h.template, org.Member{Account: a.UID, Administrator: self(ctx), Management: h.management, Response: a.Response}); err != nil {
		return err
	}
	if err := h.lookSources(ctx, out); err != nil {
		return err
	}
	trail, err := h.store.SearchAudit(ctx, store.AuditQuery{Account: out.Account, Limit: windowChanges})
	if err != nil {
		return err
	}
	for _, e := range trail {
		out.Changes = append(out.Changes, windowChange{e.At, e.Actor, e.Action, e.Detail})
	}
	receipts, err := h.store.Receipts(ctx, out.Account)
	out.Receipts = append(out.Receipts, receipts...)
	return err
}

func (h *handler) lookSources(ctx context.Context, out *windowResult) error {
	sources, err := h.store.DataSources(ctx)
	if err != nil {
		return err
	}
	policies, err := h.store.Policies(ctx)
	if err != nil {
		return err
	}
	for _, d := range sources {
		if d.Account != out.Account {
			continue
		}
		w := windowSource{
			Name: d.Name, Product: d.Template, Enabled: d.Enabled, Health: d.Health, Role: "acs:ram::" + d.Account + ":role/fenghuo-collector",
			LastRead: d.LastRead, LastLog: d.LastLog, Records: d.Records, Bytes: d.Bytes, Stores: append([]soc.LogStore{}, d.Stores...),
		}
		if t, err := h.catalog.Template(d.Template); err == nil {
			w.Product = t.Title
		}
		for _, p := range policies {
			if p.Template == d.Template && p.Account == d.Account {
				w.Since = p.UpdatedAt
			}
		}
		out.Sources = append(out.Sources, w)
	}
	return nil
}
