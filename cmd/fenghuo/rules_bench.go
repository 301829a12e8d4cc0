package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/sigma"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

type rulesBench struct {
	ruleSet     `embed:""`
	eventSource `embed:""`
	Events      string        `required:"" placeholder:"FILE" help:"Events, one flat JSON object a line; - reads them from standard input. They are decoded before the measurement."`
	Duration    time.Duration `default:"2s" help:"How long a round lasts; the fastest of three counts."`
}

// Run measures the rules on the events, on one processor.
func (c *rulesBench) Run(ctx context.Context) error {
	from := time.Now()
	set, problems, err := c.load(c.any())
	if err != nil {
		return err
	}
	loaded := time.Since(from)
	refused := complain(os.Stderr, problems, false)
	var events []sigma.Event
	var values int
	err = eachEvent(ctx, c.Events, func(line int, text []byte) error {
		ev := &sigma.JSONEvent{}
		if err := ev.Parse(bytes.Clone(text)); err != nil {
			return lineError(c.Events, line, err)
		}
		events = append(events, ev)
		return nil
	})
	if err != nil {
		return err
	}
	if len(events) == 0 {
		return &soc.Error{Kind: soc.Invalid, Op: "measure rules", Err: fmt.Errorf("%s has no events", c.Events)}
	}
	unit := scalar(events, &values)
	scratch, hits := sigma.NewScratch(), make([]sigma.Hit, 0, 256)
	hitEvents, total := 0, 0
	for _, ev := range events {
		hits = set.Match(ev, c.source(), scratch, hits[:0])
		if total += len(hits); len(hits) > 0 {
			hitEvents++
		}
	}
	best, allocs := 0.0, 0.0
	for range 3 {
		if err := ctx.Err(); err != nil {
			return err
		}
		ns, a := round(set, c.source(), events, scratch, hits, c.Duration)
		if best == 0 || ns < best {
			best, allocs = ns, a
		}
	}
	fmt.Printf("rules        %d in use, %d refused, loaded in %v\n", len(set.Rules()), refused, loaded.Round(time.Millisecond))
	fmt.Printf("events       %d, %d bytes of values each, %d with a hit, %d hits\n", len(events), values/len(events), hitEvents, total)
	fmt.Printf("per event    %.0f ns, R %.2f, %.3f allocations\n", best, best/unit, allocs)
	fmt.Printf("per second   %.0f events on one processor\n", 1e9/best)
	return refusedCode(refused)
}

func round(set *sigma.Set, src sigma.LogSource, events []sigma.Event, scratch *sigma.Scratch, hits []sigma.Hit, d time.Duration) (ns, allocs float64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	from, n := time.Now(), 0
	for time.Since(from) < d {
		for _, ev := range events {
			hits = set.Match(ev, src, scratch, hits[:0])
		}
		n += len(events)
	}
	took := time.Since(from)
	runtime.ReadMemStats(&after)
	return float64(took.Nanoseconds()) / float64(n), float64(after.Mallocs-before.Mallocs) / float64(n)
}

// scalar returns the ns that a plain loop over the bytes of an event's values takes: the unit of R.
func scalar(events []sigma.Event, values *int) float64 {
	best, sum := 0.0, uint64(0)
	for range 5 {
		from := time.Now()
		*values = 0
		for _, ev := range events {
			for _, p := range ev.Fields() {
				*values += len(p.Value)
				for _, b := range p.Value {
					sum += uint64(b)
				}
			}
		}
		if ns := float64(time.Since(from).Nanoseconds()) / float64(len(events)); best == 0 || ns < best {
			best = ns
		}
	}
	runtime.KeepAlive(sum)
	return best
}
