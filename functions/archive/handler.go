package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/collect"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/normalize"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// result counts what one call did.
type result struct {
	Status  string `json:"status"` // ok; off when log storage is switched off
	Groups  int    `json:"groups"`
	Records int    `json:"records"` // written
	Parked  int    `json:"parked"`
}

// writer writes to the central project; *sls.Project is one.
type writer interface {
	PutLogs(ctx context.Context, logstore string, raw []byte, hashKey string) error
}

// parker puts aside what cannot be normalised; *store.DB is one.
type parker interface {
	Park(ctx context.Context, p store.Parked) error
}

type handler struct {
	on            bool
	in            collect.Puller // central project
	out           writer
	parked        parker
	project       string
	logstore      string
	archive       string // Logstore
	administrator string
	now           func() time.Time
}

// handle writes the records of the range into the archive. When the same range comes again it writes them again, with the
// same field record_id.
func (h *handler) handle(ctx context.Context, in fc.LogTriggerEvent) (result, error) {
	if !h.on {
		return result{Status: "off"}, nil
	}
	r := in.Source
	if r.ProjectName != h.project || r.LogstoreName != h.logstore {
		return result{}, &soc.Error{
			Kind: soc.Invalid, Op: "archive", Resource: r.ProjectName + "/" + r.LogstoreName,
			Err: errors.New("the trigger belongs on " + h.project + "/" + h.logstore),
		}
	}
	run := &run{handler: h, out: result{Status: "ok"}, record: normalize.NewRecord()}
	central := store.Parked{Project: r.ProjectName, Logstore: r.LogstoreName, Shard: r.ShardID, Index: -1}
	span := collect.Span{Logstore: r.LogstoreName, Shard: r.ShardID, Begin: r.BeginCursor, End: r.EndCursor}
	err := collect.Each(ctx, h.in, span,
		func(c sls.Cursor, g sls.Group) error {
			central.Cursor = int64(c)
			return run.group(ctx, central, g)
		},
		func(c sls.Cursor, why error) error {
			central.Cursor = int64(c)
			return run.park(ctx, central, why)
		})
	if err == nil {
		err = run.flush(ctx)
	}
	return run.out, err
}

// The bounds of one write, far below what SLS takes.
const (
	maxBatchLogs  = 2000
	maxBatchBytes = 3 << 20
)

// run is the work on one range.
type run struct {
	*handler
	out    result
	record *normalize.Record
	batch  sls.Builder
}

func (r *run) park(ctx context.Context, p store.Parked, why error) error {
	r.out.Parked++
	p.Error, p.At = why.Error(), r.now()
	return r.parked.Park(ctx, p)
}

func (r *run) group(ctx context.Context, central store.Parked, g sls.Group) error {
	r.out.Groups++
	origin, g, err := collect.OriginOf(g)
	if err != nil {
		return r.park(ctx, central, err)
	}
	where := store.Parked{Project: origin.Project, Logstore: origin.Logstore, Shard: origin.Shard, Cursor: origin.Cursor, Index: -1, Account: origin.Account}
	template, ok := normalize.Lookup(origin.Template)
	if !ok {
		return r.park(ctx, where, fmt.Errorf("template %q has no log format", origin.Template))
	}
	for i, l := range g.Logs() {
		r.record.Reset(template, g.Topic(), l)
		if err := r.record.Err(); err != nil {
			where.Index = i
			if err := r.park(ctx, where, err); err != nil {
				return err
			}
			continue
		}
		r.add(origin, i, l)
		if r.batch.Len() >= maxBatchLogs || r.batch.Size() >= maxBatchBytes {
			if err := r.flush(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// add writes one record: the common envelope, its identity, and the product's own fields. A field of the log with a name
// of the envelope is left out, because the envelope tells who owns the record.
func (r *run) add(origin soc.Origin, index int, l sls.Log) {
	sec, ns := l.Time()
	envelope := r.record.Envelope(origin, r.administrator, index, time.Unix(int64(sec), int64(ns)).UTC())
	taken := make(map[string]bool, len(envelope)+1)
	taken["record_id"] = true
	if now := r.now(); !storable(int64(sec), now) {
		sec, ns = uint32(now.Unix()), 0
	}
	r.batch.StartLog(sec, ns)
	for _, f := range envelope {
		taken[f.Key] = true
		r.batch.Field(f.Key, f.Value)
	}
	r.batch.Field("record_id", origin.Record(index).String())
	for k, v := range l.Fields() {
		if !taken[string(k)] {
			r.batch.Field(string(k), string(v))
		}
	}
	r.out.Records++
}

// storable tells whether SLS takes a log of that time; field start_time keeps the true one.
//
// Assumption: SLS refuses logs outside of seven days before and 15 minutes after now (sls.md §3.4: "in some texts").
func storable(sec int64, now time.Time) bool {
	return sec > now.Add(-7*24*time.Hour).Unix() && sec < now.Add(15*time.Minute).Unix()
}

func (r *run) flush(ctx context.Context) error {
	if r.batch.Len() == 0 {
		return nil
	}
	raw := r.batch.Bytes()
	r.batch.Reset()
	return r.handler.out.PutLogs(ctx, r.archive, raw, "")
}
