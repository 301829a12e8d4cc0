package collect

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

type runner struct {
	Config
	forwarder *sls.Forwarder
	mu        sync.Mutex
	sum       Summary
	shards    map[string]bool
	lists     map[string]shardList
	desks     []*desk // that no turn uses
}

// desk is memory that one turn after the other uses.
type desk struct {
	reader *sls.Reader
	lane   sls.Lane
}

func (r *runner) desk() *desk {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.desks); n > 0 {
		d := r.desks[n-1]
		r.desks = r.desks[:n-1]
		return d
	}
	return &desk{reader: sls.NewReader(sls.ReaderConfig{})}
}

func (r *runner) clear(d *desk) {
	d.reader.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.desks = append(r.desks, d)
}

// turn is one worker's time with one leased shard.
type turn struct {
	*runner
	desk     *desk
	lease    store.Lease
	in       Reader
	at       sls.Cursor // behind what is committed
	finished bool
	note     string      // kept on a finished shard
	next     []sls.Shard // that go on for a finished one
	commits  int
}

// errLost ends a turn whose lease somebody else has: there is nothing to give back.
var errLost = errors.New("lease lost")

func (r *runner) turn(ctx context.Context, l store.Lease) {
	t := &turn{runner: r, lease: l, desk: r.desk()}
	err := t.read(ctx)
	r.clear(t.desk)
	if soc.KindOf(err) == soc.Conflict || errors.Is(err, errLost) {
		return
	}
	// The lease is given back even when the run's time is over.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err == nil && t.commits == 0 && !t.finished {
		err = t.commit(ctx, store.Range{From: int64(t.at), To: int64(t.at)}) // it was read, and empty
	}
	if err == nil && len(t.next) > 0 {
		if errNext := t.goOn(ctx); errNext != nil { // discover finds them too
			r.report(l, errNext)
		}
	}
	text, retry := t.note, time.Time{}
	if err != nil {
		r.report(l, err)
		text, retry = err.Error(), time.Now().Add(rest(err))
		if next := soc.NextOf(err); next != "" {
			text += "; " + next
		}
	}
	if err := r.Leases.ReleaseShard(ctx, t.lease, text, retry, t.finished); err != nil && soc.KindOf(err) != soc.Conflict {
		r.report(l, err)
	}
}

// rest is how long a shard is left alone after an error: short for what passes by itself, a minute for what somebody
// has to repair.
func rest(err error) time.Duration {
	switch soc.KindOf(err) {
	case soc.Throttled:
		return 10 * time.Second
	case soc.Unavailable, soc.Timeout:
		return 5 * time.Second
	default:
		return time.Minute
	}
}

func (r *runner) report(l store.Lease, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.sum.Errors) < maxErrors {
		r.sum.Errors = append(r.sum.Errors, Error{l.Account, l.Shard.String(), soc.KindOf(err), err.Error()})
	}
}

// read pulls and forwards pages until the turn is over.
func (t *turn) read(ctx context.Context) (err error) {
	if t.in, err = t.Open(ctx, t.lease.Shard); err != nil {
		return err
	}
	if err := t.begin(ctx); err != nil {
		return t.gone(ctx, err)
	}
	l := t.lease
	t.desk.reader.Reset(sls.ReaderConfig{
		From: t.shardList(), Logstore: l.Logstore, Shard: l.Shard.Shard, At: t.at,
		MaxPause: IdlePoll, ReadUpTo: l.LastLogAt,
	})
	for end := time.Now().Add(TurnTime); t.open(ctx) && time.Now().Before(end); {
		if err := t.renew(ctx); err != nil {
			return err
		}
		if done, err := t.page(ctx); done || err != nil {
			return err
		}
	}
	return nil
}

// page moves the next page, and tells whether it was the last of the shard.
func (t *turn) page(ctx context.Context) (done bool, err error) {
	page, err := t.desk.reader.Next(ctx)
	var over *sls.ShardEnd
	var malformed *sls.DecodeError
	switch {
	case errors.As(err, &over):
		t.finished, t.next = true, over.Next
		if over.Expired {
			t.note = over.Error()
		}
		return true, nil
	case errors.As(err, &malformed):
		return false, t.skip(ctx, t.desk.reader.Skip(), err)
	case err != nil:
		return false, err
	case page.Count == 0 && page.Next == t.at:
		return false, nil
	}
	return false, t.forward(ctx, page)
}

// goOn adds the shards that go on for one that is read to its end, so that they are read at once.
func (t *turn) goOn(ctx context.Context) error {
	list, err := t.shardList().ListShards(ctx, t.lease.Logstore)
	if err != nil {
		return err
	}
	var next []store.NewShard
	for _, s := range t.next {
		h := t.lease.Shard
		h.Shard = s.ID
		next = append(next, store.NewShard{Shard: h, Parents: sls.Parents(list, s)})
	}
	_, err = t.Leases.AddShards(ctx, next)
	return err
}

// shardList asks for the shards of the Logstore at hand.
func (t *turn) shardList() shared {
	return shared{t.in, t.runner, t.lease.Project + "/" + t.lease.Logstore}
}

// begin finds the first cursor of a shard that was never read, and keeps it: the ledger begins here.
func (t *turn) begin(ctx context.Context) error {
	t.at = sls.Cursor(t.lease.Cursor)
	if t.lease.HasCursor {
		return nil
	}
	c, err := t.in.Cursor(ctx, t.lease.Logstore, t.lease.Shard.Shard, t.Start)
	if err != nil {
		return err
	}
	t.at = c
	return t.commit(ctx, store.Range{From: int64(c), To: int64(c)})
}

// gone looks at why a shard that was never read has no first cursor. When the Logstore is there but lists the shard no
// more, its data has expired after a split: the shard is finished, with a note on it.
func (t *turn) gone(ctx context.Context, err error) error {
	if soc.KindOf(err) != soc.NotFound {
		return err
	}
	list, listErr := t.in.ListShards(ctx, t.lease.Logstore)
	if listErr != nil || len(list) == 0 || slices.ContainsFunc(list, func(s sls.Shard) bool { return s.ID == t.lease.Shard.Shard }) {
		return err
	}
	over := sls.ShardEnd{Shard: t.lease.Shard.Shard, Expired: true}
	t.finished, t.note = true, over.Error()
	return nil
}

func (t *turn) renew(ctx context.Context) error {
	if time.Until(t.lease.Until) > LeaseTime/2 {
		return nil
	}
	until := time.Now().Add(LeaseTime)
	if err := t.Leases.RenewLease(ctx, t.lease, until); err != nil {
		if soc.KindOf(err) == soc.Conflict {
			return errLost
		}
		return err
	}
	t.lease.Until = until
	return nil
}

// skip parks the group at a cursor, which cannot be decoded, and goes on behind it.
func (t *turn) skip(ctx context.Context, at sls.Cursor, why error) error {
	if err := t.park(ctx, at, -1, why); err != nil {
		return err
	}
	if err := t.commit(ctx, store.Range{From: int64(at), To: int64(at) + 1, Groups: 1}); err != nil {
		return err
	}
	t.at = at + 1
	return nil
}

func (t *turn) park(ctx context.Context, at sls.Cursor, index int, why error) error {
	l := t.lease
	t.mu.Lock()
	t.sum.Parked++
	t.mu.Unlock()
	return t.Ledger.Park(ctx, store.Parked{
		Project: l.Project, Logstore: l.Logstore, Shard: l.Shard.Shard, Cursor: int64(at),
		Index: index, Account: l.Account, Error: why.Error(), At: time.Now(),
	})
}

// commit moves the checkpoint and adds up.
func (t *turn) commit(ctx context.Context, g store.Range) error {
	g.Lease, g.ReadAt = t.lease, time.Now()
	if err := t.Ledger.CommitRange(ctx, g); err != nil {
		return err
	}
	t.commits++
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sum.Groups += g.Groups
	t.sum.Records += g.Records
	t.sum.Bytes += g.Bytes
	if name := t.lease.Shard.String(); !t.shards[name] {
		t.shards[name] = true
		t.sum.Shards++
	}
	return nil
}
