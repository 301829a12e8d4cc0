package emulator

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/traffic"
)

// trafficWorld names the accounts that logs are made of.
func (w World) trafficWorld() traffic.World {
	t := traffic.Seed()
	t.Region = cmp.Or(w.Region, t.Region)
	t.Shop, t.Payments, t.Data = cmp.Or(w.Logs.Shop, t.Shop), cmp.Or(w.Logs.Payments, t.Payments), cmp.Or(w.Logs.Data, t.Data)
	return t
}

// traffic makes logs for the members of the world: a shop, payments and data.
func (s *cloud) traffic(seed uint64) *traffic.Generator {
	w := s.world.trafficWorld()
	w.LeakedKey = cmp.Or(s.user(w.Shop, "ci-deploy").AccessKeyID, w.LeakedKey)
	w.BackdoorKey = cmp.Or(s.user(w.Shop, "backup-svc").AccessKeyID, w.BackdoorKey)
	return traffic.New(seed, w)
}

// seedLogs writes the ordinary records that the world asks for.
func (s *cloud) seedLogs(now time.Time) error {
	l := s.world.Logs
	return s.write(s.traffic(l.Seed).Noise(l.Records, now.Add(-time.Duration(l.Minutes)*time.Minute), now), now)
}

func (s *cloud) write(batches iter.Seq[traffic.Batch], now time.Time) error {
	for b := range batches {
		if err := s.sls.Append(b.AccountUID, b.Project, b.Logstore, b.Encode(), now); err != nil {
			return fmt.Errorf("write logs to %s/%s of account %s: %w", b.Project, b.Logstore, b.AccountUID, err)
		}
	}
	return nil
}

// generators write logs in the background, by the clock of the cloud.
type generators struct {
	cancel context.CancelFunc
	work   sync.WaitGroup
}

// maxBurst bounds what one look at the clock writes, so that a jump of a year does not fill the memory.
const maxBurst = 20_000

// start begins what the world asks for. A Logstore that was deleted stops its generator: products stop too.
func (g *generators) start(s *cloud) {
	ctx, cancel := context.WithCancel(context.Background())
	g.cancel = cancel
	if l := s.world.Logs; l.PerMinute > 0 {
		began := s.clock.Now()
		g.work.Go(func() { s.keepWriting(ctx, began, l.PerMinute) })
	}
	if l := s.world.Logs; l.Attack > 0 {
		begin := s.clock.Now().Add(l.Attack)
		g.work.Go(func() { s.attack(ctx, begin) })
	}
}

func (g *generators) stop() {
	if g.cancel != nil {
		g.cancel()
	}
	g.work.Wait()
}

// keepWriting writes ordinary records, about perMinute of them in a minute of the cloud.
func (s *cloud) keepWriting(ctx context.Context, last time.Time, perMinute int) {
	for round := uint64(1); ; round++ {
		// For one record at least, and ten times a second at most.
		pause := max(time.Second, time.Minute/time.Duration(perMinute)+time.Millisecond, time.Duration(float64(100*time.Millisecond)*s.clock.Rate()))
		if !s.clock.Sleep(ctx, last.Add(pause).Sub(s.clock.Now())) {
			return
		}
		now := s.clock.Now()
		n := int(now.Sub(last).Minutes() * float64(perMinute))
		if s.write(s.traffic(s.world.Logs.Seed+round).Noise(min(n, maxBurst), last, now), now) != nil {
			return
		}
		last = now
	}
}

// attack plays the story.
func (s *cloud) attack(ctx context.Context, begin time.Time) {
	for _, step := range s.traffic(s.world.Logs.Seed).Attack(s.clock.Now) {
		if !s.clock.Sleep(ctx, begin.Add(step.Offset).Sub(s.clock.Now())) {
			return
		}
		for _, b := range step.Batches() {
			if s.sls.Append(b.AccountUID, b.Project, b.Logstore, b.Encode(), s.clock.Now()) != nil {
				return
			}
		}
	}
}
