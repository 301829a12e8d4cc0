package store

import (
	"context"
	"database/sql"
	"time"
)

// AuditEntry says who did what to which account. It is only ever appended.
type AuditEntry struct {
	At      time.Time
	Actor   string // function and request, or a person
	Action  string
	Account string
	Detail  string // plain words; no secrets
}

// Audit appends an entry.
func (s *DB) Audit(ctx context.Context, e AuditEntry) error {
	return s.exec(ctx, "audit", `INSERT INTO audit (at, actor, action, account, detail) VALUES (?,?,?,?,?)`,
		nanos(e.At), e.Actor, e.Action, e.Account, e.Detail)
}

// AuditTrail returns the newest entries first, at most limit.
func (s *DB) AuditTrail(ctx context.Context, limit int) ([]AuditEntry, error) {
	var out []AuditEntry
	err := s.query(ctx, "read audit trail", func(r *sql.Rows) error {
		var e AuditEntry
		var at int64
		err := r.Scan(&at, &e.Actor, &e.Action, &e.Account, &e.Detail)
		e.At = fromNanos(at)
		out = append(out, e)
		return err
	}, `SELECT at, actor, action, account, detail FROM audit ORDER BY seq DESC LIMIT ?`, limit)
	return out, err
}
