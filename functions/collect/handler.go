package main

import (
	"context"
	"fmt"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/collect"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// event is what a timer sends, or this function to itself.
type event struct {
	Worker int `json:"worker"` // 0 for the timer's run, which starts the others
}

// LenientJSON accepts what a timer sends besides.
func (event) LenientJSON() {}

// result is what a run did.
type result struct {
	Status string `json:"status"` // ok; degraded when some shard could not be read
	collect.Summary
}

type handler struct {
	collect collect.Config // without Worker and Until
	workers int
	runTime time.Duration
	spawn   func(ctx context.Context, worker int) error // starts another run and does not wait for it
	now     func() time.Time
}

func (h *handler) handle(ctx context.Context, in event) (result, error) {
	c := h.collect
	c.Worker = fmt.Sprintf("collect/%d", in.Worker)
	c.Until = h.now().Add(h.runTime)
	if rc, ok := fc.FromContext(ctx); ok {
		c.Worker += "/" + rc.RequestID
		if end := rc.Deadline.Add(-collect.Margin); !rc.Deadline.IsZero() && end.Before(c.Until) {
			c.Until = end
		}
	}
	var failed []collect.Error
	if in.Worker == 0 {
		for n := 1; n < h.workers; n++ {
			if err := h.spawn(ctx, n); err != nil { // this run works alone, then
				failed = append(failed, collect.Error{Shard: "-", Kind: soc.KindOf(err), Message: fmt.Sprintf("start worker %d: %v", n, err)})
				break
			}
		}
	}
	sum, err := collect.Run(ctx, c)
	if err != nil {
		return result{}, err
	}
	sum.Errors = append(failed, sum.Errors...)
	if sum.Errors == nil {
		sum.Errors = []collect.Error{}
	}
	// A timer's result goes nowhere else.
	fc.Logger(ctx).Info("run ended", "shards", sum.Shards, "groups", sum.Groups, "records", sum.Records, "parked", sum.Parked, "errors", sum.Errors)
	out := result{Status: "ok", Summary: sum}
	if len(sum.Errors) > 0 {
		out.Status = "degraded"
	}
	return out, nil
}
