package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Shard names one shard of a member's Logstore and the data source that it is read for.
type Shard struct {
	Source   string // name of the data source
	Account  string
	Region   string
	Template string
	Project  string
	Logstore string
	Shard    int
}

// String writes the shard as project/logstore/shard.
func (h Shard) String() string { return fmt.Sprintf("%s/%s/%d", h.Project, h.Logstore, h.Shard) }

// ShardState is how far a shard was read.
type ShardState struct {
	Shard
	Cursor     int64 // next cursor to read; meaningless unless HasCursor
	HasCursor  bool
	Finished   bool // a read-only shard that was read to its end
	Error      string
	RetryAt    time.Time
	LastReadAt time.Time
	LastLogAt  time.Time
	Records    int64
	Bytes      int64
}

// Lease is the right to read a shard until Until. Token fences off everybody who held it before.
type Lease struct {
	Shard
	Token     int64
	Owner     string
	Until     time.Time
	Cursor    int64
	HasCursor bool
	LastLogAt time.Time // arrival time of the newest record that was read, zero when there was none
}

// Range says that the half-open cursor range [From, To) of a leased shard is durable downstream.
type Range struct {
	Lease
	From, To        int64
	Groups, Records int
	Bytes           int64     // raw bytes
	LastLogAt       time.Time // arrival time of the newest record, zero when there was none
	ReadAt          time.Time
}

// Parked is a LogGroup or log that could not be handled and was put aside so that the shard could go on.
// Index is -1 when the whole group is parked.
type Parked struct {
	Project  string
	Logstore string
	Shard    int
	Cursor   int64
	Index    int
	Account  string
	Error    string
	At       time.Time
}

// LedgerRange is one row of the delivery ledger.
type LedgerRange struct {
	Project, Logstore string
	Shard             int
	From, To          int64
	Groups, Records   int
	Bytes             int64
	ReadAt            time.Time
}

// NewShard is a shard and the numbers of those in its Logstore that were split or merged into it: their logs are older.
type NewShard struct {
	Shard
	Parents []int
}

// AddShards adds the shards that are not known yet and returns how many were.
func (s *DB) AddShards(ctx context.Context, shards []NewShard) (added int, err error) {
	err = s.tx(ctx, "add shards", func(t *sql.Tx) error {
		for _, h := range shards {
			r, err := t.ExecContext(ctx, `INSERT INTO shards (project, logstore, shard, source, account, region, template, parents)
				VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (project, logstore, shard) DO NOTHING`,
				h.Project, h.Logstore, h.Shard.Shard, h.Source, h.Account, h.Region, h.Template, text(append([]int{}, h.Parents...)))
			if err != nil {
				return err
			}
			n, err := r.RowsAffected()
			if err != nil {
				return err
			}
			added += int(n)
		}
		return nil
	})
	return added, err
}

// Shards returns every shard with how far it was read.
func (s *DB) Shards(ctx context.Context) ([]ShardState, error) {
	var out []ShardState
	err := s.query(ctx, "list shards", func(r *sql.Rows) error {
		var h ShardState
		var cursor sql.NullInt64
		var retry, read, log int64
		if err := r.Scan(&h.Source, &h.Account, &h.Region, &h.Template, &h.Project, &h.Logstore, &h.Shard.Shard, &cursor,
			&h.Finished, &h.Error, &retry, &read, &log, &h.Records, &h.Bytes); err != nil {
			return err
		}
		h.Cursor, h.HasCursor = cursor.Int64, cursor.Valid
		h.RetryAt, h.LastReadAt, h.LastLogAt = fromNanos(max(retry, 0)), fromNanos(read), fromNanos(log)
		out = append(out, h)
		return nil
	}, `SELECT source, account, region, template, project, logstore, shard, cursor, finished, error, retry_at,
		last_read_at, last_log_at, records, bytes FROM shards ORDER BY project, logstore, shard`)
	return out, err
}

// ClaimShards leases up to limit shards whose source is switched on, whose account is joined, which nobody holds and
// which are not waiting after an error. A shard is held back until its parents, as far as they are known, are read to their ends, so
// that logs keep their order. Those that were read longest ago come first.
func (s *DB) ClaimShards(ctx context.Context, worker string, limit int, lease time.Duration, now time.Time) ([]Lease, error) {
	var out []Lease
	until := now.Add(lease)
	err := s.tx(ctx, "claim shards", func(t *sql.Tx) error {
		rows, err := t.QueryContext(ctx, `UPDATE shards SET owner = ?, token = token + 1, lease_until = ?, retry_at = 0
			WHERE (project, logstore, shard) IN (
				SELECT h.project, h.logstore, h.shard FROM shards h
				JOIN sources s ON s.name = h.source AND s.enabled = 1
				JOIN accounts a ON a.uid = h.account AND a.state = 'joined'
				WHERE h.finished = 0 AND h.lease_until <= ? AND h.retry_at <= ?
				AND NOT EXISTS (SELECT 1 FROM json_each(h.parents) j
					JOIN shards p ON p.project = h.project AND p.logstore = h.logstore AND p.shard = j.value WHERE p.finished = 0)
				ORDER BY h.last_read_at, h.project, h.logstore, h.shard LIMIT ?)
			RETURNING source, account, region, template, project, logstore, shard, token, cursor, last_log_at`,
			worker, nanos(until), nanos(now), nanos(now), limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			l := Lease{Owner: worker, Until: until}
			var cursor sql.NullInt64
			var last int64
			if err := rows.Scan(&l.Source, &l.Account, &l.Region, &l.Template, &l.Project, &l.Logstore, &l.Shard.Shard, &l.Token, &cursor, &last); err != nil {
				return err
			}
			l.Cursor, l.HasCursor, l.LastLogAt = cursor.Int64, cursor.Valid, fromNanos(last)
			out = append(out, l)
		}
		return rows.Err()
	})
	return out, err
}

// RenewLease extends a lease; Conflict when somebody else has claimed the shard since.
func (s *DB) RenewLease(ctx context.Context, l Lease, until time.Time) error {
	r, err := s.sql.ExecContext(ctx, `UPDATE shards SET lease_until = ? WHERE project = ? AND logstore = ? AND shard = ? AND token = ?`,
		nanos(until), l.Project, l.Logstore, l.Shard.Shard, l.Token)
	return fenced("renew lease", l.Shard, r, err)
}

// CommitRange moves the checkpoint of a leased shard over a range and writes the range into the ledger, together. Records
// that arrive make a source that was initialising, silent or failed healthy; discover looks closer every few minutes.
// Conflict when the lease was lost, or when the range does not begin where the last one ended.
func (s *DB) CommitRange(ctx context.Context, g Range) error {
	if g.To < g.From {
		return &soc.Error{Kind: soc.Invalid, Op: "commit range", Account: g.Account, Resource: g.Shard.String(), Err: fmt.Errorf("range ends at %d before it begins at %d", g.To, g.From)}
	}
	return s.tx(ctx, "commit range", func(t *sql.Tx) error {
		r, err := t.ExecContext(ctx, `UPDATE shards SET cursor = ?, error = '', last_read_at = ?, last_log_at = max(last_log_at, ?),
			records = records + ?, bytes = bytes + ?
			WHERE project = ? AND logstore = ? AND shard = ? AND token = ? AND coalesce(cursor, ?) = ?`,
			g.To, nanos(g.ReadAt), nanos(g.LastLogAt), g.Records, g.Bytes,
			g.Project, g.Logstore, g.Shard.Shard, g.Token, g.From, g.From)
		if err := fenced("commit range", g.Shard, r, err); err != nil {
			return err
		}
		if g.To == g.From {
			return nil
		}
		if g.Records > 0 {
			if _, err := t.ExecContext(ctx, `UPDATE sources SET health = ?, detail = '' WHERE name = ? AND health IN (?, ?, ?)`,
				soc.Healthy, g.Source, soc.Initialising, soc.Silent, soc.Failed); err != nil {
				return err
			}
		}
		_, err = t.ExecContext(ctx, `INSERT INTO ledger (project, logstore, shard, from_cursor, to_cursor, groups, records, bytes, read_at)
			VALUES (?,?,?,?,?,?,?,?,?)`, g.Project, g.Logstore, g.Shard.Shard, g.From, g.To, g.Groups, g.Records, g.Bytes, nanos(g.ReadAt))
		return err
	})
}

// ReleaseShard gives a lease back, with the error that stopped the reading, if any, and when to try again: at once when
// the account's roles were put right since the claim.
func (s *DB) ReleaseShard(ctx context.Context, l Lease, errText string, retryAt time.Time, finished bool) error {
	r, err := s.sql.ExecContext(ctx, `UPDATE shards SET owner = '', lease_until = 0, error = ?,
		retry_at = CASE retry_at WHEN ? THEN 0 ELSE ? END, finished = ?
		WHERE project = ? AND logstore = ? AND shard = ? AND token = ?`,
		errText, repairedSince, nanos(retryAt), finished, l.Project, l.Logstore, l.Shard.Shard, l.Token)
	return fenced("release shard", l.Shard, r, err)
}

func fenced(op string, h Shard, r sql.Result, err error) error {
	if err != nil {
		return unavailable(op, err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return &soc.Error{
		Kind: soc.Conflict, Op: op, Account: h.Account, Resource: h.String(),
		Err: errors.New("another worker holds the shard, or the checkpoint moved"),
	}
}

// Park puts a group or log aside; parking the same one again changes nothing.
func (s *DB) Park(ctx context.Context, p Parked) error {
	return s.exec(ctx, "park", `INSERT INTO parked (project, logstore, shard, cursor, idx, account, error, at) VALUES (?,?,?,?,?,?,?,?)
		ON CONFLICT DO NOTHING`, p.Project, p.Logstore, p.Shard, p.Cursor, p.Index, p.Account, p.Error, nanos(p.At))
}

// ParkedItems returns what was put aside, oldest first.
func (s *DB) ParkedItems(ctx context.Context) ([]Parked, error) {
	var out []Parked
	err := s.query(ctx, "list parked", func(r *sql.Rows) error {
		var p Parked
		var at int64
		err := r.Scan(&p.Project, &p.Logstore, &p.Shard, &p.Cursor, &p.Index, &p.Account, &p.Error, &at)
		p.At = fromNanos(at)
		out = append(out, p)
		return err
	}, `SELECT project, logstore, shard, cursor, idx, account, error, at FROM parked ORDER BY at, project, logstore, shard, cursor, idx`)
	return out, err
}

// Ledger returns every range of the delivery ledger, by shard and cursor.
func (s *DB) Ledger(ctx context.Context) ([]LedgerRange, error) {
	var out []LedgerRange
	err := s.query(ctx, "read ledger", func(r *sql.Rows) error {
		var g LedgerRange
		var at int64
		err := r.Scan(&g.Project, &g.Logstore, &g.Shard, &g.From, &g.To, &g.Groups, &g.Records, &g.Bytes, &at)
		g.ReadAt = fromNanos(at)
		out = append(out, g)
		return err
	}, `SELECT project, logstore, shard, from_cursor, to_cursor, groups, records, bytes, read_at FROM ledger ORDER BY project, logstore, shard, from_cursor`)
	return out, err
}
