package collect

import (
	"context"
	"fmt"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// forward writes every group of the page to the stream, then commits the page's range. When a write fails nothing is
// committed, and the whole page is read again: its groups keep their identity.
func (t *turn) forward(ctx context.Context, page *sls.Page) error {
	if page.Gap != nil {
		if err := t.lost(ctx, page.Gap); err != nil {
			return err
		}
	}
	read := time.Now()
	refused, err := t.forwarder.Forward(ctx, &t.desk.lane, page, t.identity(read))
	if err != nil {
		return fmt.Errorf("write to the central stream: %w", err)
	}
	for _, r := range refused {
		index, why := -1, r.Err
		if r.Logs > 0 {
			index = r.First
		}
		if r.Logs > 1 {
			why = fmt.Errorf("this and the %d logs after it: %w", r.Logs-1, r.Err)
		}
		if err := t.park(ctx, r.Cursor, index, why); err != nil {
			return err
		}
	}
	g := store.Range{From: int64(t.at), To: int64(page.Next), Bytes: int64(len(page.Raw)), LastLogAt: arrival(page, read)}
	for _, group := range page.Groups() {
		g.Groups++
		g.Records += group.NumLogs()
	}
	if err := t.commit(ctx, g); err != nil {
		return err
	}
	t.at = page.Next
	return nil
}

// identity returns the tags of every group that was read at a time.
func (t *turn) identity(read time.Time) sls.Identity {
	l := t.lease
	o := soc.Origin{
		Account: l.Account, Region: l.Region, Template: l.Template, Source: l.Source,
		Project: l.Project, Logstore: l.Logstore, Shard: l.Shard.Shard, ReadAt: read,
	}
	return func(at sls.Cursor, first int) []soc.Tag {
		o.Cursor, o.First = int64(at), first
		return o.Tags()
	}
}

// lost puts on record that retention has overtaken the reader, and goes on behind the gap.
func (t *turn) lost(ctx context.Context, gap *sls.Gap) error {
	why := expired(gap)
	t.report(t.lease, why)
	if err := t.park(ctx, gap.From, -1, why); err != nil {
		return err
	}
	if err := t.commit(ctx, store.Range{From: int64(t.at), To: int64(gap.To)}); err != nil {
		return err
	}
	t.at = gap.To
	return nil
}

// arrival returns when the newest group of the page arrived, as the service says. When it does not, it is the latest time
// of the last group's logs, but nothing later than now: a writer's clock may be wrong.
func arrival(page *sls.Page, now time.Time) time.Time {
	if page.Count == 0 {
		return time.Time{}
	}
	if !page.Time.IsZero() {
		return page.Time
	}
	var last uint32
	for i, g := range page.Groups() {
		if i < page.Count-1 {
			continue
		}
		for _, l := range g.Logs() {
			sec, _ := l.Time()
			last = max(last, sec)
		}
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

// shardList is the shards of a Logstore as they were read last.
type shardList struct {
	read time.Time
	list []sls.Shard
	err  error
}

// shared asks for the list of a Logstore's shards once for all readers of a run.
type shared struct {
	Reader
	runner *runner
	name   string // project/Logstore
}

// ListShards returns the list, at most stateAge old. Readers learn from it that their shard was split, which never
// changes back.
func (s shared) ListShards(ctx context.Context, logstore string) ([]sls.Shard, error) {
	r := s.runner
	r.mu.Lock()
	known, ok := r.lists[s.name]
	r.mu.Unlock()
	if ok && time.Since(known.read) < stateAge {
		return known.list, known.err
	}
	list, err := s.Reader.ListShards(ctx, logstore)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lists[s.name] = shardList{time.Now(), list, err}
	return list, err
}
