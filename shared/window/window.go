package window

import (
	"context"
	"fmt"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/catalog"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// Window is what the owner of a member may see.
type Window struct {
	At       time.Time         `json:"at"`
	Account  string            `json:"account"`
	Name     string            `json:"name"`
	State    soc.AccountState  `json:"state"`
	Since    time.Time         `json:"since,omitzero"` // in scope since
	Response bool              `json:"response"`       // playbooks may act
	Roles    []org.RoleSummary `json:"roles"`          // as they should be
	Found    []soc.RoleState   `json:"roles_found"`    // as they were when last read back
	Sources  []Source          `json:"sources"`
	Changes  []Change          `json:"changes"` // newest first
	Receipts []soc.Receipt     `json:"receipts"`
}

// Source is what is read of one product.
type Source struct {
	Name      string         `json:"name"`
	Product   string         `json:"product"`
	ProductZH string         `json:"product_zh"`
	Enabled   bool           `json:"enabled"`
	Health    soc.Health     `json:"health"`
	Role      string         `json:"role"`           // ARN of the role that reads
	Since     time.Time      `json:"since,omitzero"` // the policy was switched on or off
	LastRead  time.Time      `json:"last_read,omitzero"`
	LastLog   time.Time      `json:"last_log,omitzero"`
	Records   int64          `json:"records"`
	Bytes     int64          `json:"bytes"`
	Stores    []soc.LogStore `json:"stores"`
}

// Change is something that was done to the account.
type Change struct {
	At      time.Time `json:"at"`
	Actor   string    `json:"actor"`
	Action  string    `json:"action"`
	Title   string    `json:"title"` // names the action; "" for one that this version does not know
	TitleZH string    `json:"title_zh"`
	Detail  string    `json:"detail"`
	Before  string    `json:"before"` // state before the change, "" when there was none
	After   string    `json:"after"`
}

// changes is how many changes a window shows.
const changes = 200

// Store is the state that windows are made of; *store.DB is one.
type Store interface {
	sourceStore
	Account(ctx context.Context, uid string) (soc.Account, error)
	SearchAudit(ctx context.Context, q store.AuditQuery) ([]store.AuditEntry, error)
	Receipts(ctx context.Context, account string) ([]soc.Receipt, error)
}

type sourceStore interface {
	DataSources(ctx context.Context) ([]soc.DataSource, error)
	Policies(ctx context.Context) ([]soc.Policy, error)
}

// Viewer makes windows. It is safe for concurrent use when its store is.
type Viewer struct {
	Store         Store
	Catalog       *catalog.Catalog
	Template      []byte // of the roles
	Administrator string // uid of the account whose functions read
	Management    string // uid
	Now           func() time.Time
}

// Look makes the window of one account. Kinds: Invalid for what is no uid, NotFound for an account that never was in scope.
func (v Viewer) Look(ctx context.Context, uid string) (Window, error) {
	out := Window{
		At: v.Now(), Account: uid, Roles: []org.RoleSummary{}, Found: []soc.RoleState{}, Sources: []Source{}, Changes: []Change{}, Receipts: []soc.Receipt{},
	}
	if !org.ValidUID(uid) {
		return out, &soc.Error{Kind: soc.Invalid, Op: "show window", Err: fmt.Errorf("%q is not an account id", uid), Next: "give the uid as 16 digits in quotes"}
	}
	a, err := v.Store.Account(ctx, uid)
	if err != nil {
		return out, err
	}
	out.Name, out.State, out.Since, out.Response = a.Name, a.State, a.JoinedAt, a.Response
	out.Found = append(out.Found, a.Roles...)
	if out.Roles, err = org.SummariseRoles(v.Template, org.Member{Account: a.UID, Administrator: v.Administrator, Management: v.Management, Response: a.Response}); err != nil {
		return out, err
	}
	if out.Sources, err = v.sources(ctx, uid); err != nil {
		return out, err
	}
	trail, err := v.Store.SearchAudit(ctx, store.AuditQuery{Account: uid, Limit: changes})
	if err != nil {
		return out, err
	}
	for _, e := range trail {
		out.Changes = append(out.Changes, Change{
			At: e.At, Actor: e.Actor, Action: e.Action, Title: org.ChangeTitle(e.Action, false), TitleZH: org.ChangeTitle(e.Action, true),
			Detail: e.Detail, Before: e.Before, After: e.After,
		})
	}
	receipts, err := v.Store.Receipts(ctx, uid)
	out.Receipts = append(out.Receipts, receipts...)
	return out, err
}

func (v Viewer) sources(ctx context.Context, uid string) ([]Source, error) {
	list, err := v.Store.DataSources(ctx)
	if err != nil {
		return nil, err
	}
	policies, err := v.Store.Policies(ctx)
	if err != nil {
		return nil, err
	}
	out := []Source{}
	for _, d := range list {
		if d.Account != uid {
			continue
		}
		s := Source{
			Name: d.Name, Product: d.Template, ProductZH: d.Template, Enabled: d.Enabled, Health: d.Health, Role: "acs:ram::" + d.Account + ":role/fenghuo-collector",
			LastRead: d.LastRead, LastLog: d.LastLog, Records: d.Records, Bytes: d.Bytes, Stores: append([]soc.LogStore{}, d.Stores...),
		}
		if t, err := v.Catalog.Template(d.Template); err == nil {
			s.Product, s.ProductZH = t.Title, t.TitleZH
		}
		for _, p := range policies {
			if p.Template == d.Template && p.Account == d.Account {
				s.Since = p.UpdatedAt
			}
		}
		out = append(out, s)
	}
	return out, nil
}
