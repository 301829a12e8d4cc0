package store

import (
	"context"
	"database/sql"
	"encoding/json"
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
func (s *DB) SavePolicies(ctx context.Context, snapshotID string, set []soc.Policy) error {
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
		return nil
	})
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
