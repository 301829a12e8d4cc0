package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// ScopeDocument is the scope document in force, as JSON; NotFound when none was ever applied.
func (s *DB) ScopeDocument(ctx context.Context) (json.RawMessage, error) {
	var body string
	err := s.sql.QueryRowContext(ctx, `SELECT body FROM scope_documents ORDER BY seq DESC LIMIT 1`).Scan(&body)
	return json.RawMessage(body), rowOrNotFound("read scope document", "scope", err)
}

// SaveScopeDocument puts a scope document into force. The one that is in force already is not written again.
func (s *DB) SaveScopeDocument(ctx context.Context, body json.RawMessage, by string, now time.Time) error {
	return s.exec(ctx, "save scope document", `INSERT INTO scope_documents (applied_at, applied_by, body)
		SELECT ?, ?, ? WHERE ? IS NOT (SELECT body FROM scope_documents ORDER BY seq DESC LIMIT 1)`, nanos(now), by, string(body), string(body))
}

// SaveReceipt writes the receipt of an account that left, new or not. An open one waits for something that is removed
// asynchronously.
func (s *DB) SaveReceipt(ctx context.Context, r soc.Receipt) error {
	return s.tx(ctx, "save receipt", func(t *sql.Tx) error { return saveReceipt(ctx, t, r) })
}

func saveReceipt(ctx context.Context, t *sql.Tx, r soc.Receipt) error {
	_, err := t.ExecContext(ctx, `INSERT INTO receipts (account, left_at, open, body) VALUES (?,?,?,?)
		ON CONFLICT (account, left_at) DO UPDATE SET open = excluded.open, body = excluded.body`,
		r.Account, nanos(r.LeftAt), r.Open(), text(r))
	return err
}

// Receipts returns the receipts of an account, or of all for "", newest first.
func (s *DB) Receipts(ctx context.Context, account string) ([]soc.Receipt, error) {
	var out []soc.Receipt
	err := s.query(ctx, "list receipts", func(r *sql.Rows) error {
		var body string
		if err := r.Scan(&body); err != nil {
			return err
		}
		var x soc.Receipt
		err := json.Unmarshal([]byte(body), &x)
		out = append(out, x)
		return err
	}, `SELECT body FROM receipts WHERE ? = '' OR account = ? ORDER BY left_at DESC, account`, account, account)
	return out, err
}

// RolesChecked notes that the roles of an account were read back.
func (s *DB) RolesChecked(ctx context.Context, account string, now time.Time) error {
	return s.exec(ctx, "note role check", `INSERT INTO role_checks (account, checked_at) VALUES (?,?)
		ON CONFLICT (account) DO UPDATE SET checked_at = excluded.checked_at`, account, nanos(now))
}

// RolesToCheck returns the joined accounts whose roles were read back longest ago, at most limit.
func (s *DB) RolesToCheck(ctx context.Context, limit int) ([]string, error) {
	var out []string
	err := s.query(ctx, "list accounts to check", func(r *sql.Rows) error {
		var uid string
		err := r.Scan(&uid)
		out = append(out, uid)
		return err
	}, `SELECT a.uid FROM accounts a LEFT JOIN role_checks c ON c.account = a.uid WHERE a.state = ?
		ORDER BY coalesce(c.checked_at, 0), a.uid LIMIT ?`, soc.AccountJoined, limit)
	return out, err
}

// RaiseIncident writes an incident with one line of its timeline unless it is there, and tells whether it was new.
func (s *DB) RaiseIncident(ctx context.Context, i soc.Incident, e soc.TimelineEntry) (created bool, err error) {
	err = s.tx(ctx, "raise incident", func(t *sql.Tx) error {
		r, err := t.ExecContext(ctx, `INSERT INTO incidents (id, state, level, updated_at, last_seen, body) VALUES (?,?,?,?,?,?) ON CONFLICT (id) DO NOTHING`,
			i.ID, i.State, int(i.Level), nanos(i.UpdatedAt), nanos(i.LastSeen), text(i))
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		if err != nil || n == 0 {
			return err
		}
		created = true
		_, err = t.ExecContext(ctx, `INSERT INTO timeline (incident_id, key, at, body) VALUES (?,?,?,?) ON CONFLICT DO NOTHING`, i.ID, "raised", nanos(e.At), text(e))
		return err
	})
	return created, err
}

// UpdateAccount changes an account in one transaction, unless change returns false, and appends the entries that tell of it to
// the audit trail. NotFound when it never was in scope. Its shards are read again as after [DB.SaveAccount].
func (s *DB) UpdateAccount(ctx context.Context, uid string, change func(a *soc.Account) bool, tell ...AuditEntry) error {
	return s.tx(ctx, "update account", func(t *sql.Tx) error {
		a, err := scanAccount(t.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM accounts WHERE uid = ?`, uid).Scan)
		if err := rowOrNotFound("update account", uid, err); err != nil {
			return err
		}
		if !change(&a) {
			return nil
		}
		if err := saveAccount(ctx, t, a); err != nil {
			return err
		}
		return appendAudit(ctx, t, tell...)
	})
}
