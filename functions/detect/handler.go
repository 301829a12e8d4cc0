package main

import (
	"context"
	"errors"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/collect"
	"github.com/fenghuo-soc/fenghuo/shared/detection"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// result counts what one call did.
type result struct {
	Groups  int    `json:"groups"`
	Records int    `json:"records"`
	Alerts  int    `json:"alerts"`
	Late    int    `json:"late"`   // alerts on records that arrived late
	Parked  int    `json:"parked"` // groups and logs that could not be judged
	RuleSet string `json:"rule_set"`
}

// writer writes to the central project; *sls.Project is one.
type writer interface {
	PutLogs(ctx context.Context, logstore string, raw []byte, hashKey string) error
}

// parker puts aside what cannot be judged; *store.DB is one.
type parker interface {
	Park(ctx context.Context, p store.Parked) error
}

type handler struct {
	rules    *detection.Detector
	in       collect.Puller // central project
	out      writer
	parked   parker
	project  string
	logstore string
	alerts   string // Logstore
	now      func() time.Time
}

// handle evaluates the rules on the range and writes the alerts. When the same range comes again, the alerts have the
// same ids. An error means that nothing of the range may count as done: the trigger sends it again.
func (h *handler) handle(ctx context.Context, in fc.LogTriggerEvent) (result, error) {
	r := in.Source
	if r.ProjectName != h.project || r.LogstoreName != h.logstore {
		return result{}, &soc.Error{
			Kind: soc.Invalid, Op: "detect", Resource: r.ProjectName + "/" + r.LogstoreName,
			Err: errors.New("the trigger belongs on " + h.project + "/" + h.logstore),
		}
	}
	run := &run{handler: h, out: result{RuleSet: h.rules.Hash()}, shard: r.ShardID}
	span := collect.Span{Logstore: r.LogstoreName, Shard: r.ShardID, Begin: r.BeginCursor, End: r.EndCursor}
	err := collect.Each(ctx, h.in, span,
		func(c sls.Cursor, g sls.Group) error { return run.group(ctx, c, g) },
		func(c sls.Cursor, why error) error { return run.park(ctx, run.central(c), why.Error()) })
	if err == nil {
		err = run.flush(ctx)
	}
	return run.out, err
}

// run is the work on one range.
type run struct {
	*handler
	out   result
	shard int
	batch batch
}

// central names a group of the stream, for one that does not tell where it came from.
func (r *run) central(c sls.Cursor) store.Parked {
	return store.Parked{Project: r.project, Logstore: r.logstore, Shard: r.shard, Cursor: int64(c), Index: -1}
}

func (r *run) park(ctx context.Context, p store.Parked, why string) error {
	r.out.Parked++
	p.Error, p.At = why, r.now()
	return r.parked.Park(ctx, p)
}

func (r *run) group(ctx context.Context, c sls.Cursor, g sls.Group) error {
	r.out.Groups++
	origin, g, err := collect.OriginOf(g)
	if err != nil {
		return r.park(ctx, r.central(c), err.Error())
	}
	where := store.Parked{Project: origin.Project, Logstore: origin.Logstore, Shard: origin.Shard, Cursor: origin.Cursor, Index: -1, Account: origin.Account}
	now := r.now()
	alerts, stats, err := detection.Evaluate[sls.Log](r.rules, g, origin, now)
	if err != nil {
		return r.park(ctx, where, err.Error())
	}
	r.out.Records += stats.Records
	r.out.Late += stats.Late
	for _, p := range stats.Poison {
		where.Index = p.Index
		if err := r.park(ctx, where, p.Reason); err != nil {
			return err
		}
	}
	for _, a := range alerts {
		if err := r.batch.add(a, now); err != nil {
			return err
		}
		r.out.Alerts++
		if r.batch.full() {
			if err := r.flush(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush writes the alerts that are waiting.
func (r *run) flush(ctx context.Context) error {
	raw := r.batch.take()
	if raw == nil {
		return nil
	}
	return r.handler.out.PutLogs(ctx, r.alerts, raw, "")
}
