package collect

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

type runner struct {
	Config
	mu     sync.Mutex
	sum    Summary
	shards map[string]bool
	states map[string]shardList
}

// turn is one worker's time with one leased shard.
type turn struct {
	*runner
	pages
	lease    store.Lease
	in       Reader
	finished bool
	note     string // kept on a finished shard
	commits  int
}

// errLost ends a turn whose lease somebody else has: there is nothing to give back.
var errLost = errors.New("lease lost")

func (r *runner) turn(ctx context.Context, l store.Lease) {
	t := &turn{runner: r, lease: l}
	err := t.read(ctx)
	if soc.KindOf(err) == soc.Conflict || errors.Is(err, errLost) {
		return
	}
	// The lease is given back even when the run's time is over.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err == nil && t.commits == 0 && !t.finished {
		err = t.commit(ctx, store.Range{From: int64(t.at), To: int64(t.at)}) // it was read, and empty
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
	t.pages = pages{in: t.in, logstore: t.lease.Logstore, shard: t.lease.Shard.Shard}
	if err := t.begin(ctx); err != nil {
		return t.gone(ctx, err)
	}
	end := time.Now().Add(TurnTime)
	idle := firstPause
	for t.open(ctx) && time.Now().Before(end) {
		if err := t.renew(ctx); err != nil {
			return err
		}
		readOnly := t.knownReadOnly()
		page, bad, err := t.next(ctx)
		if err != nil {
			return t.gone(ctx, err)
		}
		if bad != nil {
			if err := t.skip(ctx, bad); err != nil {
				return err
			}
			continue
		}
		if page.Count > 0 || page.Next != t.at {
			if err := t.forward(ctx, page); err != nil {
				return err
			}
			idle = firstPause
		}
		if !page.EndReached {
			continue
		}
		if t.finished = readOnly && page.Count == 0; t.finished {
			return nil
		}
		t.learnState(ctx)
		t.pause(ctx, idle, nil)
		idle = min(2*idle, IdlePoll)
	}
	return nil
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

// skip parks the group at the cursor, which cannot be decoded, and goes on behind it.
func (t *turn) skip(ctx context.Context, why error) error {
	if err := t.park(ctx, t.at, why); err != nil {
		return err
	}
	if err := t.commit(ctx, store.Range{From: int64(t.at), To: int64(t.at) + 1, Groups: 1}); err != nil {
		return err
	}
	t.at++
	return nil
}

func (t *turn) park(ctx context.Context, at sls.Cursor, why error) error {
	l := t.lease
	t.mu.Lock()
	t.sum.Parked++
	t.mu.Unlock()
	return t.Ledger.Park(ctx, store.Parked{
		Project: l.Project, Logstore: l.Logstore, Shard: l.Shard.Shard, Cursor: int64(at),
		Index: -1, Account: l.Account, Error: why.Error(), At: time.Now(),
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
