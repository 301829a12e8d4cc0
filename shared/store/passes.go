package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

const passColumns = `id, account, given_for, given_at, given_by, ends_at, revoked_at, revoked_by`

func scanPass(scan func(...any) error) (soc.Pass, error) {
	var p soc.Pass
	var given, ends, revoked int64
	err := scan(&p.ID, &p.Account, &p.For, &given, &p.GivenBy, &ends, &revoked, &p.RevokedBy)
	p.GivenAt, p.Ends, p.RevokedAt = fromNanos(given), fromNanos(ends), fromNanos(revoked)
	return p, err
}

// SavePass writes a new pass and its entry of the audit trail, together.
func (s *DB) SavePass(ctx context.Context, p soc.Pass, e AuditEntry) error {
	return s.tx(ctx, "save pass", func(t *sql.Tx) error {
		if _, err := t.ExecContext(ctx, `INSERT INTO passes (`+passColumns+`) VALUES (?,?,?,?,?,?,?,?)`,
			p.ID, p.Account, p.For, nanos(p.GivenAt), p.GivenBy, nanos(p.Ends), nanos(p.RevokedAt), p.RevokedBy); err != nil {
			return err
		}
		return appendAudit(ctx, t, e)
	})
}

// Pass returns one pass; NotFound when none has the id.
func (s *DB) Pass(ctx context.Context, id string) (soc.Pass, error) {
	p, err := scanPass(s.sql.QueryRowContext(ctx, `SELECT `+passColumns+` FROM passes WHERE id = ?`, id).Scan)
	return p, rowOrNotFound("read pass", id, err)
}

// Passes returns the passes of an account, or of all for "": newest first, those that ended or were revoked too.
func (s *DB) Passes(ctx context.Context, account string) ([]soc.Pass, error) {
	var out []soc.Pass
	err := s.query(ctx, "list passes", func(r *sql.Rows) error {
		p, err := scanPass(r.Scan)
		out = append(out, p)
		return err
	}, `SELECT `+passColumns+` FROM passes WHERE ? = '' OR account = ? ORDER BY given_at DESC, id`, account, account)
	return out, err
}

// RevokePass ends a pass and writes the entry of the audit trail, together. A pass that was revoked before stays as it is
// and gets no entry; NotFound when the account has none of the id.
func (s *DB) RevokePass(ctx context.Context, account, id, by string, now time.Time, e AuditEntry) error {
	return s.tx(ctx, "revoke pass", func(t *sql.Tx) error {
		var revoked int64
		err := t.QueryRowContext(ctx, `SELECT revoked_at FROM passes WHERE id = ? AND account = ?`, id, account).Scan(&revoked)
		if err := rowOrNotFound("revoke pass", id, err); err != nil || revoked != 0 {
			return err
		}
		if _, err := t.ExecContext(ctx, `UPDATE passes SET revoked_at = ?, revoked_by = ? WHERE id = ?`, nanos(now), by, id); err != nil {
			return err
		}
		return appendAudit(ctx, t, e)
	})
}
