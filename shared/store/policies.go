package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Policies returns every integration policy, by template and account.
func (s *DB) Policies(ctx context.Context) ([]soc.Policy, error) {
	return policies(ctx, s.sql)
}

type querier interface {
	QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error)
}

func policies(ctx context.Context, q querier) ([]soc.Policy, error) {
	rows, err := q.QueryContext(ctx, `SELECT template, account, enabled, auto_add, updated_at FROM policies ORDER BY template, account`)
	if err != nil {
		return nil, unavailable("list policies", err)
	}
	defer rows.Close()
	var out []soc.Policy
	for rows.Next() {
		var p soc.Policy
		var updated int64
		if err := rows.Scan(&p.Template, &p.Account, &p.Enabled, &p.AutoAdd, &updated); err != nil {
			return nil, unavailable("list policies", err)
		}
		p.UpdatedAt = fromNanos(updated)
		out = append(out, p)
	}
	if err := rows.Err(); err != nil {
		return nil, unavailable("list policies", err)
	}
	return out, nil
}

// SavePolicies writes the given policies and keeps the whole set that was there before as a snapshot, in one
// transaction. Policies that are not named stay as they are. A snapshot id that exists keeps its first content, so a
// retried step can still be rolled back to what was there before its first try.
//
// The same transaction appends an entry like by to the audit trail for each account in which a policy changes, with the
// states of its changed policies before and after. What is written again changes nothing, and gets no entry.
func (s *DB) SavePolicies(ctx context.Context, snapshotID string, set []soc.Policy, by AuditEntry) error {
	return s.tx(ctx, "save policies", func(t *sql.Tx) error {
		before, err := policies(ctx, t)
		if err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx, `INSERT INTO policy_snapshots (id, created_at, policies) VALUES (?,?,?) ON CONFLICT (id) DO NOTHING`,
			snapshotID, nanos(latest(set)), text(before)); err != nil {
			return err
		}
		for _, p := range set {
			if _, err := t.ExecContext(ctx, `INSERT INTO policies (template, account, enabled, auto_add, updated_at) VALUES (?,?,?,?,?)
				ON CONFLICT (template, account) DO UPDATE SET enabled = excluded.enabled, auto_add = excluded.auto_add, updated_at = excluded.updated_at`,
				p.Template, p.Account, p.Enabled, p.AutoAdd, nanos(p.UpdatedAt)); err != nil {
				return err
			}
		}
		return appendAudit(ctx, t, policyEntries(before, set, by)...)
	})
}

// switches are the states of policies of an account, by template, as the audit trail keeps them.
type switches map[string]policySwitch

type policySwitch struct {
	Enabled bool `json:"enabled"`
	AutoAdd bool `json:"auto_add"`
}

// policyEntries returns an entry for each account whose policies set changes, by account. A policy that is not there
// is one that is off.
func policyEntries(before, set []soc.Policy, by AuditEntry) []AuditEntry {
	type key struct{ template, account string }
	was := map[key]policySwitch{}
	for _, p := range before {
		was[key{p.Template, p.Account}] = policySwitch{p.Enabled, p.AutoAdd}
	}
	from, to := map[string]switches{}, map[string]switches{}
	for _, p := range set {
		old, now := was[key{p.Template, p.Account}], policySwitch{p.Enabled, p.AutoAdd}
		if old == now {
			continue
		}
		if to[p.Account] == nil {
			from[p.Account], to[p.Account] = switches{}, switches{}
		}
		from[p.Account][p.Template], to[p.Account][p.Template] = old, now
	}
	var out []AuditEntry
	for _, account := range slices.Sorted(maps.Keys(to)) {
		e := by
		e.Account, e.Before, e.After = account, text(from[account]), text(to[account])
		out = append(out, e)
	}
	return out
}

func latest(set []soc.Policy) (t time.Time) {
	for _, p := range set {
		if p.UpdatedAt.After(t) {
			t = p.UpdatedAt
		}
	}
	return t
}

// PolicySnapshot returns the policies as they were before the change that made the snapshot.
func (s *DB) PolicySnapshot(ctx context.Context, id string) ([]soc.Policy, error) {
	var body string
	var out []soc.Policy
	err := s.sql.QueryRowContext(ctx, `SELECT policies FROM policy_snapshots WHERE id = ?`, id).Scan(&body)
	if err == nil {
		err = json.Unmarshal([]byte(body), &out)
	}
	return out, rowOrNotFound("read policy snapshot", id, err)
}
