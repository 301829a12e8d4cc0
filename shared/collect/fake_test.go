package collect

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sort"
	"sync"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

const base = 1_700_000_000_000_000_000 // cursor of the first group of every shard

// member is a Logstore of one shard in a member account.
type member struct {
	mu       sync.Mutex
	groups   [][]byte
	bad      map[int]bool // groups that cannot be decoded
	pullErr  error
	readOnly bool
	split    bool // into shards 1 and 2, when it is read-only
	gone     bool
	expired  int // groups that are no longer kept
	pulls    int
	listed   int
}

func (m *member) Cursor(_ context.Context, _ string, _ int, from string) (sls.Cursor, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone {
		return 0, &soc.Error{Kind: soc.NotFound, Op: "get cursor", Code: "ShardNotExist"}
	}
	if from == "end" {
		return sls.Cursor(base + len(m.groups)), nil
	}
	return base, nil
}

func (m *member) Pull(_ context.Context, _ string, _ int, from sls.Cursor, o sls.PullOptions) (*sls.Page, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pulls++
	if m.gone {
		return nil, &soc.Error{Kind: soc.NotFound, Op: "pull logs", Code: "ShardNotExist"}
	}
	if m.pullErr != nil {
		return nil, m.pullErr
	}
	i := max(int(from-base), m.expired)
	from = base + sls.Cursor(i)
	n := min(o.Count, len(m.groups)-i)
	if n < 0 {
		n = 0
	}
	page := &sls.Page{Next: from + sls.Cursor(n), Count: n, EndReached: i+n == len(m.groups)}
	for k := i; k < i+n; k++ {
		if m.bad[k] {
			return nil, &soc.Error{Kind: soc.Invalid, Op: "pull logs", Err: &sls.DecodeError{}}
		}
		page.Raw = append(page.Raw, 0x0a)
		page.Raw = binary.AppendUvarint(page.Raw, uint64(len(m.groups[k])))
		page.Raw = append(page.Raw, m.groups[k]...)
	}
	return page, nil
}

func (m *member) CursorTime(context.Context, string, int, sls.Cursor) (time.Time, error) {
	return time.Unix(1_700_000_100, 0), nil
}

func (m *member) ListShards(context.Context, string) ([]sls.Shard, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listed++
	if m.gone {
		return []sls.Shard{{ID: 1, Status: "readwrite"}}, nil
	}
	if m.readOnly && m.split {
		return []sls.Shard{
			{ID: 0, Status: "readonly", BeginKey: "00", EndKey: "ff"},
			{ID: 1, Status: "readwrite", BeginKey: "00", EndKey: "7f"},
			{ID: 2, Status: "readwrite", BeginKey: "7f", EndKey: "ff"},
		}, nil
	}
	if m.readOnly {
		return []sls.Shard{{ID: 0, Status: "readonly"}}, nil
	}
	return []sls.Shard{{ID: 0, Status: "readwrite"}}, nil
}

// write adds groups of two logs each.
func (m *member) write(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for range n {
		var b sls.Builder
		b.SetTopic("t")
		for k := range 2 {
			b.StartLog(1_700_000_000, 0)
			b.Field("n", fmt.Sprint(len(m.groups), "-", k))
		}
		b.AddTag(soc.TagAccount, "9999999999999999") // a tenant's own tag with our name
		m.groups = append(m.groups, b.Bytes())
	}
}

// stream is the central Logstore.
type stream struct {
	mu   sync.Mutex
	got  map[string]int // identity → writes
	acct map[string]bool
	fail func(o soc.Origin) error
	keep func(raw []byte)
}

func (s *stream) PutLogs(_ context.Context, _ string, raw []byte, _ string) error {
	g, err := sls.ParseGroup(raw)
	if err != nil {
		return err
	}
	o, g, err := OriginOf(g)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		if err := s.fail(o); err != nil {
			return err
		}
	}
	if s.keep != nil {
		s.keep(bytes.Clone(raw))
	}
	for i := range g.Logs() {
		s.got[o.Record(i).String()]++
	}
	s.acct[o.Account] = true
	return nil
}

// PutBatch is not known here: the forwarder writes group by group. The emulator's tests write batches.
func (s *stream) PutBatch(context.Context, string, *sls.Batch, string) error {
	return &soc.Error{Kind: soc.Unsupported, Op: "put logs"}
}

// book is a store in memory with the fencing of the real one. It counts shards as held for as long as a lease lasts.
type book struct {
	mu        sync.Mutex
	shards    map[string]*row
	ranges    []store.Range
	parked    map[int64]string
	commitErr func(store.Range) error
	claimErr  error
	parents   []int // of shards that were added
}

type row struct {
	lease    store.Lease
	held     time.Time
	retry    time.Time
	read     time.Time
	err      string
	finished bool
}

func newBook(n int) *book {
	b := &book{shards: map[string]*row{}, parked: map[int64]string{}}
	for i := range n {
		h := store.Shard{
			Source: "s", Account: "1100000000000003", Region: "cn-hangzhou", Template: "alibaba_cloud_waf_flow",
			Project: fmt.Sprintf("p%03d", i), Logstore: "l",
		}
		b.shards[h.String()] = &row{lease: store.Lease{Shard: h}}
	}
	return b
}

func (b *book) ClaimShards(_ context.Context, worker string, limit int, lease time.Duration, now time.Time) ([]store.Lease, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.claimErr != nil {
		return nil, b.claimErr
	}
	var free []*row
	for _, r := range b.shards {
		if !r.finished && !r.held.After(now) && !r.retry.After(now) {
			free = append(free, r)
		}
	}
	sort.Slice(free, func(i, j int) bool { return free[i].read.Before(free[j].read) })
	var out []store.Lease
	for _, r := range free[:min(limit, len(free))] {
		r.lease.Token++
		r.lease.Owner, r.lease.Until, r.held = worker, now.Add(lease), now.Add(lease)
		out = append(out, r.lease)
	}
	return out, nil
}

func (b *book) AddShards(_ context.Context, shards []store.NewShard) (added int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, h := range shards {
		if b.shards[h.String()] == nil {
			b.shards[h.String()] = &row{lease: store.Lease{Shard: h.Shard}}
			b.parents = append(b.parents, h.Parents...)
			added++
		}
	}
	return added, nil
}

// ended tells whether all three groups of a shard are committed.
func (b *book) ended(shard string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.shards[shard].lease.Cursor == base+3
}

func (b *book) row(l store.Lease) (*row, error) {
	r := b.shards[l.Shard.String()]
	if r.lease.Token != l.Token {
		return nil, &soc.Error{Kind: soc.Conflict, Op: "commit", Err: errors.New("stale token")}
	}
	return r, nil
}

func (b *book) RenewLease(_ context.Context, l store.Lease, until time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, err := b.row(l)
	if err == nil {
		r.held = until
	}
	return err
}

func (b *book) ReleaseShard(_ context.Context, l store.Lease, text string, retry time.Time, finished bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, err := b.row(l)
	if err == nil {
		r.held, r.retry, r.err, r.finished = time.Time{}, retry, text, finished
	}
	return err
}

func (b *book) CommitRange(_ context.Context, g store.Range) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.commitErr != nil {
		if err := b.commitErr(g); err != nil {
			return err
		}
	}
	r, err := b.row(g.Lease)
	if err != nil {
		return err
	}
	if r.lease.HasCursor && r.lease.Cursor != g.From {
		return &soc.Error{Kind: soc.Conflict, Op: "commit", Err: errors.New("checkpoint moved")}
	}
	r.lease.Cursor, r.lease.HasCursor, r.read = g.To, true, g.ReadAt
	b.ranges = append(b.ranges, g)
	return nil
}

func (b *book) Park(_ context.Context, p store.Parked) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.parked[p.Cursor] = p.Error
	return nil
}

// world is one setup of a run: the same member behind every shard unless a test says otherwise.
type world struct {
	book   *book
	stream *stream
	open   func(h store.Shard) (Reader, error)
	shards int
}

func newWorld(m *member, n int) *world {
	return &world{
		book: newBook(n), stream: &stream{got: map[string]int{}, acct: map[string]bool{}}, shards: 4,
		open: func(store.Shard) (Reader, error) { return m, nil },
	}
}

func (w *world) run(t *testing.T, d time.Duration) Summary {
	t.Helper()
	sum, err := Run(t.Context(), w.config(d))
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func (w *world) config(d time.Duration) Config {
	return Config{
		Worker: "w", Leases: w.book, Ledger: w.book, Stream: w.stream, Store: "stream", Start: "begin", Shards: w.shards,
		Until: time.Now().Add(d), Open: func(_ context.Context, h store.Shard) (Reader, error) { return w.open(h) },
	}
}

// discard is a stream that takes everything and keeps nothing.
type discard struct{}

func (discard) PutLogs(context.Context, string, []byte, string) error { return nil }

func (discard) PutBatch(context.Context, string, *sls.Batch, string) error { return nil }
