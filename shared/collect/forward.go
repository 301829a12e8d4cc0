package collect

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// forward writes every group of the page to the stream, then commits the page's range. When a write fails nothing is
// committed, and the whole page is read again: its groups keep their identity.
func (t *turn) forward(ctx context.Context, page *sls.Page) error {
	read := time.Now()
	origin := soc.Origin{
		Account: t.lease.Account, Region: t.lease.Region, Template: t.lease.Template, Source: t.lease.Source,
		Project: t.lease.Project, Logstore: t.lease.Logstore, Shard: t.lease.Shard.Shard, ReadAt: read,
	}
	g := store.Range{From: int64(t.at), To: int64(page.Next), Bytes: int64(len(page.Raw))}
	writes, wctx := errgroup.WithContext(ctx)
	writes.SetLimit(parallelPut)
	for i, group := range page.Groups() {
		g.Groups++
		g.Records += group.NumLogs()
		if i == page.Count-1 {
			g.LastLogAt = newest(group, read)
		}
		o := origin
		o.Cursor = int64(page.CursorOf(i))
		writes.Go(func() error { return t.put(wctx, o, group.Raw()) })
	}
	if err := writes.Wait(); err != nil {
		return err
	}
	if err := t.commit(ctx, g); err != nil {
		return err
	}
	t.at = page.Next
	return nil
}

// put stamps and writes one group. A group that the stream can never take is parked.
func (t *turn) put(ctx context.Context, o soc.Origin, raw []byte) error {
	tags := o.Tags()
	size := len(raw) + sls.TagsSize(tags)
	if size > sls.MaxGroupBytes {
		return t.park(ctx, sls.Cursor(o.Cursor), fmt.Errorf("%d bytes with identity tags are more than a LogGroup may have", size))
	}
	err := t.Stream.PutLogs(ctx, t.Store, sls.AppendTags(make([]byte, 0, size), raw, tags), "")
	if soc.KindOf(err) == soc.Invalid {
		return t.park(ctx, sls.Cursor(o.Cursor), err)
	}
	if err != nil {
		return fmt.Errorf("write to the central stream: %w", err)
	}
	return nil
}

// newest returns the latest time in the group, but nothing later than now: a writer's clock may be wrong.
func newest(g sls.Group, now time.Time) time.Time {
	var last uint32
	for _, l := range g.Logs() {
		sec, _ := l.Time()
		last = max(last, sec)
	}
	if last == 0 {
		return time.Time{}
	}
	if t := time.Unix(int64(last), 0).UTC(); t.Before(now) {
		return t
	}
	return now
}

// stateAge is how long the list of a Logstore's shards is believed; it only decides when a split shard is finished.
const stateAge = time.Minute

// shardList is which shards of a Logstore get no more data.
type shardList struct {
	read     time.Time
	readOnly map[int]bool
}

func (t *turn) storeName() string { return t.lease.Project + "/" + t.lease.Logstore }

// knownReadOnly tells whether the shard is known to get no more data. It has to be asked before the pull that finds
// the shard empty: the other way round, data written in between would be lost.
func (t *turn) knownReadOnly() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.states[t.storeName()].readOnly[t.lease.Shard.Shard]
}

// learnState reads which shards are read-only, at most once in stateAge for a Logstore. That it fails stops nothing.
func (t *turn) learnState(ctx context.Context) {
	name := t.storeName()
	t.mu.Lock()
	known := t.states[name]
	due := time.Since(known.read) >= stateAge
	if due {
		t.states[name] = shardList{read: time.Now(), readOnly: known.readOnly}
	}
	t.mu.Unlock()
	if !due {
		return
	}
	shards, err := t.in.ListShards(ctx, t.lease.Logstore)
	if err != nil {
		return
	}
	list := shardList{read: time.Now(), readOnly: map[int]bool{}}
	for _, s := range shards {
		list.readOnly[s.ID] = s.ReadOnly()
	}
	t.mu.Lock()
	t.states[name] = list
	t.mu.Unlock()
}

// gone looks at an error of reading. When the Logstore is there but lists the shard no more, its data has expired after
// a split: the shard is finished, with a note on it.
func (t *turn) gone(ctx context.Context, err error) error {
	if soc.KindOf(err) != soc.NotFound {
		return err
	}
	shards, listErr := t.in.ListShards(ctx, t.lease.Logstore)
	if listErr != nil || len(shards) == 0 {
		return err
	}
	for _, s := range shards {
		if s.ID == t.lease.Shard.Shard {
			return err
		}
	}
	t.finished, t.note = true, "the shard is no longer listed: what was not read of it has expired"
	return nil
}
