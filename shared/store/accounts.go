package store

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

const accountColumns = `uid, name, state, reason, next, response, joined_at, updated_at, roles`

func scanAccount(scan func(...any) error) (soc.Account, error) {
	var a soc.Account
	var joined, updated int64
	var roles string
	if err := scan(&a.UID, &a.Name, &a.State, &a.Reason, &a.Next, &a.Response, &joined, &updated, &roles); err != nil {
		return a, err
	}
	a.JoinedAt, a.UpdatedAt = fromNanos(joined), fromNanos(updated)
	return a, json.Unmarshal([]byte(roles), &a.Roles)
}

// Accounts returns every account that is or was in scope, by uid.
func (s *DB) Accounts(ctx context.Context) ([]soc.Account, error) {
	var out []soc.Account
	err := s.query(ctx, "list accounts", func(r *sql.Rows) error {
		a, err := scanAccount(r.Scan)
		out = append(out, a)
		return err
	}, `SELECT `+accountColumns+` FROM accounts ORDER BY uid`)
	return out, err
}

// Account returns one account; NotFound when it never was in scope.
func (s *DB) Account(ctx context.Context, uid string) (soc.Account, error) {
	a, err := scanAccount(s.sql.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM accounts WHERE uid = ?`, uid).Scan)
	return a, rowOrNotFound("read account", uid, err)
}

// SaveAccount writes an account, new or not. Shards of an account that is joined are no longer left alone after earlier
// errors: joining repairs the roles, so the next read may succeed.
func (s *DB) SaveAccount(ctx context.Context, a soc.Account) error {
	return s.tx(ctx, "save account", func(t *sql.Tx) error { return saveAccount(ctx, t, a) })
}

func saveAccount(ctx context.Context, t *sql.Tx, a soc.Account) error {
	if _, err := t.ExecContext(ctx, `INSERT INTO accounts (`+accountColumns+`) VALUES (?,?,?,?,?,?,?,?,?)
		ON CONFLICT (uid) DO UPDATE SET name = excluded.name, state = excluded.state, reason = excluded.reason,
		next = excluded.next, response = excluded.response, joined_at = excluded.joined_at,
		updated_at = excluded.updated_at, roles = excluded.roles`,
		a.UID, a.Name, a.State, a.Reason, a.Next, a.Response, nanos(a.JoinedAt), nanos(a.UpdatedAt), text(a.Roles)); err != nil {
		return err
	}
	return readAgain(ctx, t, a)
}

// FinishMove stores where an account arrived and what tells of it: the entry of the audit trail and, when it left, the receipt;
// nil is none. They stand or fall together. Nothing is written when another run has brought the account from before to that
// state meanwhile: it has told of it.
func (s *DB) FinishMove(ctx context.Context, before, after soc.Account, e *AuditEntry, r *soc.Receipt) error {
	return s.tx(ctx, "finish move", func(t *sql.Tx) error {
		var now soc.AccountState
		err := t.QueryRowContext(ctx, `SELECT state FROM accounts WHERE uid = ?`, after.UID).Scan(&now)
		if err = rowOrNotFound("finish move", after.UID, err); err != nil {
			return err
		}
		if now == after.State && before.State != after.State {
			return nil
		}
		if r != nil {
			if err := saveReceipt(ctx, t, *r); err != nil {
				return err
			}
		}
		if e != nil {
			if err := appendAudit(ctx, t, *e); err != nil {
				return err
			}
		}
		return saveAccount(ctx, t, after)
	})
}

// repairedSince in a shard's retry_at says that its account's roles were put right while somebody held the shard: an error
// that ends the reading may come from before, and is not waited for.
const repairedSince = -1

// readAgain ends the waiting of a joined account's shards, and that of those which are being read now.
func readAgain(ctx context.Context, t *sql.Tx, a soc.Account) error {
	if a.State != soc.AccountJoined {
		return nil
	}
	_, err := t.ExecContext(ctx, `UPDATE shards SET retry_at = CASE WHEN owner = '' THEN 0 ELSE ? END
		WHERE account = ? AND (owner <> '' OR retry_at > 0)`, repairedSince, a.UID)
	return err
}

// SaveScopeRun writes the accounts of a run. A run that is there already is left as it is, so that a step that is
// retried does not change what its later steps work on.
func (s *DB) SaveScopeRun(ctx context.Context, r soc.ScopeRun) error {
	return s.exec(ctx, "save run", `INSERT INTO scope_runs (id, operation, created_at, stated_by, accounts) VALUES (?,?,?,?,?)
		ON CONFLICT (id) DO NOTHING`, r.ID, r.Operation, nanos(r.CreatedAt), r.By, text(r.Accounts))
}

// ScopeRun returns a run of onboard-accounts or remove-accounts.
func (s *DB) ScopeRun(ctx context.Context, id string) (soc.ScopeRun, error) {
	var r soc.ScopeRun
	var created int64
	var accounts string
	err := s.sql.QueryRowContext(ctx, `SELECT id, operation, created_at, stated_by, accounts FROM scope_runs WHERE id = ?`, id).
		Scan(&r.ID, &r.Operation, &created, &r.By, &accounts)
	if err == nil {
		r.CreatedAt = fromNanos(created)
		err = json.Unmarshal([]byte(accounts), &r.Accounts)
	}
	return r, rowOrNotFound("read run", id, err)
}
