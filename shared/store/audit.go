package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// AuditEntry is an entry of the audit trail.
type AuditEntry = soc.AuditEntry

// Audit appends an entry to the chain.
func (s *DB) Audit(ctx context.Context, e AuditEntry) error {
	return s.tx(ctx, "audit", func(t *sql.Tx) error { return appendAudit(ctx, t, e) })
}

// appendAudit appends entries within a transaction, so that they stand or fall with the change that they tell of.
func appendAudit(ctx context.Context, t *sql.Tx, entries ...AuditEntry) error {
	var last string
	err := t.QueryRowContext(ctx, `SELECT hash FROM audit ORDER BY seq DESC LIMIT 1`).Scan(&last)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	for _, e := range entries {
		e.Hash = link(e, last)
		if _, err := t.ExecContext(ctx, `INSERT INTO audit (at, actor, action, account, detail, origin, before, after, hash) VALUES (?,?,?,?,?,?,?,?,?)`,
			nanos(e.At), e.Actor, e.Action, e.Account, e.Detail, e.Origin, e.Before, e.After, e.Hash); err != nil {
			return err
		}
		last = e.Hash
	}
	return nil
}

// link is the hash of an entry behind the entry with hash last.
func link(e AuditEntry, last string) string {
	b, err := json.Marshal([]any{last, nanos(e.At), e.Actor, e.Origin, e.Action, e.Account, e.Detail, e.Before, e.After})
	if err != nil {
		panic("store: " + err.Error()) // texts and a number
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

const auditColumns = `at, actor, action, account, detail, origin, before, after, hash`

func scanAudit(r *sql.Rows, more ...any) (AuditEntry, error) {
	var e AuditEntry
	var at int64
	err := r.Scan(append([]any{&at, &e.Actor, &e.Action, &e.Account, &e.Detail, &e.Origin, &e.Before, &e.After, &e.Hash}, more...)...)
	e.At = fromNanos(at)
	return e, err
}

// AuditQuery chooses entries of the trail. Its zero value chooses the newest 1,000.
type AuditQuery struct {
	Account, Action string    // exact; "" is any
	Actor           string    // part of who did it, as Text
	Text            string    // part of any text of the entry, without regard to the case of ASCII letters
	Since, Until    time.Time // [Since, Until); zero is open
	Limit, Offset   int       // Offset newest ones are passed over
}

// SearchAudit returns the entries that fit, newest first.
func (s *DB) SearchAudit(ctx context.Context, q AuditQuery) ([]AuditEntry, error) {
	if q.Limit <= 0 {
		q.Limit = 1000
	}
	var out []AuditEntry
	err := s.query(ctx, "search audit trail", func(r *sql.Rows) error {
		e, err := scanAudit(r)
		out = append(out, e)
		return err
	}, `SELECT `+auditColumns+` FROM audit
		WHERE (? = '' OR account = ?) AND (? = '' OR action = ?) AND at >= ? AND (? = 0 OR at < ?) AND (? = '' OR instr(lower(actor), lower(?)) > 0)
		AND (? = '' OR instr(lower(actor || char(10) || action || char(10) || account || char(10) || detail || char(10) || origin || char(10) || before || char(10) || after), lower(?)) > 0)
		ORDER BY seq DESC LIMIT ? OFFSET ?`,
		q.Account, q.Account, q.Action, q.Action, nanos(q.Since), nanos(q.Until), nanos(q.Until), q.Actor, q.Actor, q.Text, q.Text, q.Limit, q.Offset)
	return out, err
}

// VerifyAudit walks the chain and returns how many entries it has and the hash of the last one, which a copy kept
// elsewhere can be compared with ([DB.AuditHolds]). An entry that was changed, or taken out of the middle, is an error of
// kind Conflict that names the first such entry; entries and last are then those before it. Entries from before the chain
// have no hash, are protected by nothing, and are not counted.
func (s *DB) VerifyAudit(ctx context.Context) (entries int, last string, err error) {
	var seq int64
	var broken error
	err = s.query(ctx, "verify audit trail", func(r *sql.Rows) error {
		e, err := scanAudit(r, &seq)
		switch {
		case err != nil || broken != nil:
			return err
		case e.Hash == "" && last == "":
			return nil
		case e.Hash != link(e, last):
			broken = brokenAt(seq, e)
			return nil
		}
		entries, last = entries+1, e.Hash
		return nil
	}, `SELECT `+auditColumns+`, seq FROM audit ORDER BY seq`)
	if err == nil {
		err = broken
	}
	return entries, last, err
}

func brokenAt(seq int64, e AuditEntry) error {
	return &soc.Error{
		Kind: soc.Conflict, Op: "verify audit trail", Resource: fmt.Sprintf("entry %d", seq),
		Err: fmt.Errorf("the entry (%s, %s of account %q by %q) does not follow from the one before it: it was changed, or what stood before it",
			e.At.UTC().Format(time.RFC3339), e.Action, e.Account, e.Actor),
		Next: "compare the store with its last backup, and find out who can write its file",
	}
}

// AuditHolds tells whether an entry has a hash that was kept elsewhere. When the chain is whole and none has it, the end
// of the trail was cut off or all of it was written anew: the hashes need no key.
func (s *DB) AuditHolds(ctx context.Context, hash string) (bool, error) {
	n := 0
	err := s.query(ctx, "look up audit entry", func(r *sql.Rows) error { return r.Scan(&n) }, `SELECT count(*) FROM audit WHERE hash = ? AND hash <> ''`, hash)
	return n > 0, err
}
