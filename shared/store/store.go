// Package store keeps the state of the administrator's functions in SQL: accounts in scope, policies, data sources,
// shard leases and the delivery ledger, alerts, incidents, playbook runs and approvals.
//
// Start at [Open]. Every function of the package is safe for concurrent use by goroutines and by processes that open
// the same database. Raw logs do not belong here; they stay in SLS. Errors are [soc.Error] of kind NotFound for what
// does not exist, Conflict for a lost race, Unavailable for a database that cannot be reached.
package store

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the database/sql driver named "sqlite"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

//go:embed migrations/*.sql
var migrations embed.FS

// DB is an open store.
type DB struct{ sql *sql.DB }

// busyTimeout is how long a statement waits for another process's transaction. Transactions here are a few
// statements long; a wait that takes this long means that the other process hangs.
const busyTimeout = 10 * time.Second

// OpOpen is the operation of every error of [Open], so that who starts a function can tell that it was the store.
const OpOpen = "open store"

// Open opens the store that the address names and brings its schema up to date. The only scheme now is
// sqlite:<path>; any other is an error of kind Unsupported. Processes may open the same store at once.
func Open(ctx context.Context, address string) (*DB, error) {
	scheme, path, ok := strings.Cut(address, ":")
	if !ok || path == "" {
		return nil, &soc.Error{
			Kind: soc.Invalid, Op: OpOpen, Resource: address,
			Err: errors.New("want sqlite:<path>"), Next: "set SOC_STORE to sqlite: and the path of a file",
		}
	}
	if scheme != "sqlite" {
		return nil, &soc.Error{
			Kind: soc.Unsupported, Op: OpOpen, Resource: scheme,
			Err: errors.New("unknown scheme"), Next: "set SOC_STORE to sqlite: and the path of a file",
		}
	}
	q := url.Values{"_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)",
	}, "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, unavailable(OpOpen, err)
	}
	db.SetMaxOpenConns(4)
	s := &DB{sql: db}
	if err := s.migrate(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return s, nil
}

func (s *DB) migrate(ctx context.Context) error {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return unavailable(OpOpen, err)
	}
	// Processes that start together would migrate together: SQLite's own write lock makes the first one do it
	// and the others wait, then find nothing to do; a lost race shows as an error once, so it is tried again.
	for attempt := 0; ; attempt++ {
		p, err := goose.NewProvider(goose.DialectSQLite3, s.sql, sub)
		if err == nil {
			_, err = p.Up(ctx)
		}
		if err == nil {
			return nil
		}
		if attempt == 20 || ctx.Err() != nil {
			return unavailable(OpOpen, fmt.Errorf("migrate: %w", err))
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Close closes the store.
func (s *DB) Close() error { return s.sql.Close() }

// tx runs f in a transaction that takes the write lock at once.
func (s *DB) tx(ctx context.Context, op string, f func(*sql.Tx) error) error {
	t, err := s.sql.BeginTx(ctx, nil)
	if err != nil {
		return unavailable(op, err)
	}
	defer t.Rollback() //nolint:errcheck // after Commit it does nothing
	if err := f(t); err != nil {
		var e *soc.Error
		if errors.As(err, &e) {
			return err
		}
		return unavailable(op, err)
	}
	if err := t.Commit(); err != nil {
		return unavailable(op, err)
	}
	return nil
}

// query runs a query and hands each row to scan.
func (s *DB) query(ctx context.Context, op string, scan func(*sql.Rows) error, q string, args ...any) error {
	rows, err := s.sql.QueryContext(ctx, q, args...)
	if err != nil {
		return unavailable(op, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return unavailable(op, err)
		}
	}
	if err := rows.Err(); err != nil {
		return unavailable(op, err)
	}
	return nil
}

func (s *DB) exec(ctx context.Context, op, q string, args ...any) error {
	if _, err := s.sql.ExecContext(ctx, q, args...); err != nil {
		return unavailable(op, err)
	}
	return nil
}

func unavailable(op string, err error) error {
	kind := soc.Unavailable
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		kind = soc.Timeout
	}
	return &soc.Error{Kind: kind, Op: op, Err: err, Next: "check that the database of SOC_STORE is there and writable"}
}

func notFound(op, what string) error {
	return &soc.Error{Kind: soc.NotFound, Op: op, Resource: what, Err: errors.New("there is none in the store")}
}

// nanos and fromNanos carry a time through an INTEGER column; the zero time is 0.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func fromNanos(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// text writes v as JSON for a TEXT column; only types of this project come here, and they all have a JSON form.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("store: " + err.Error())
	}
	return string(b)
}

// rowOrNotFound turns an empty result into NotFound.
func rowOrNotFound(op, what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return notFound(op, what)
	default:
		return unavailable(op, err)
	}
}
