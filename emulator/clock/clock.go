// Package clock is the time of an emulated cloud: it can start at any moment, run faster or slower than the wall clock,
// stand still, and jump forward. It never goes back, but for a cloud that begins anew.
//
// Start with [New]. A nil *Clock is the wall clock. Everything that waits for the time of the cloud waits with
// [Clock.Sleep], which jumps and changes of the rate wake.
package clock

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// MaxRate bounds the rate: a year in about five minutes.
const MaxRate = 100_000

// Clock is safe for concurrent use.
type Clock struct {
	wall func() time.Time

	mu      sync.Mutex
	at      time.Time // time of the cloud when the wall clock showed since
	since   time.Time
	rate    float64
	changed chan struct{} // closed and replaced by each change
}

// New returns a clock that shows start now, and then runs rate times as fast as the wall clock; 0 stands still. A zero
// start is the time of the wall clock. It fails when the rate is not between 0 and [MaxRate].
func New(start time.Time, rate float64) (*Clock, error) { return newClock(start, rate, time.Now) }

// Standing returns a clock that stands still at a time until it is moved, as tests want.
func Standing(at time.Time) *Clock {
	c, _ := newClock(at, 0, time.Now) // 0 is a rate
	return c
}

func newClock(start time.Time, rate float64, wall func() time.Time) (*Clock, error) {
	if err := checkRate(rate); err != nil {
		return nil, err
	}
	now := wall()
	if start.IsZero() {
		start = now
	}
	return &Clock{wall: wall, at: start, since: now, rate: rate, changed: make(chan struct{})}, nil
}

func checkRate(rate float64) error {
	if !(rate >= 0 && rate <= MaxRate) { // also not a number
		return fmt.Errorf("rate %v is not between 0 and %d", rate, MaxRate)
	}
	return nil
}

// Now is the time of the cloud.
func (c *Clock) Now() time.Time {
	if c == nil {
		return time.Now()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time {
	passed := c.wall().Sub(c.since)
	if c.rate != 1 {
		passed = time.Duration(float64(passed) * c.rate)
	}
	return c.at.Add(passed)
}

// Rate tells how many seconds of the cloud pass in one second.
func (c *Clock) Rate() float64 {
	if c == nil {
		return 1
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rate
}

// Advance jumps forward. It fails when d is negative.
func (c *Clock) Advance(d time.Duration) error {
	if d < 0 {
		return errors.New("a clock does not go back")
	}
	c.change(func() { c.at = c.at.Add(d) })
	return nil
}

// SetRate changes how fast time passes from now on. It fails as [New] does.
func (c *Clock) SetRate(rate float64) error {
	if err := checkRate(rate); err != nil {
		return err
	}
	c.change(func() { c.rate = rate })
	return nil
}

// Set shows a time from now on, also an earlier one, and runs at a rate: it is for a cloud that begins from a snapshot. It
// fails as [New] does.
func (c *Clock) Set(at time.Time, rate float64) error {
	if err := checkRate(rate); err != nil {
		return err
	}
	c.change(func() { c.at, c.rate = at, rate })
	return nil
}

func (c *Clock) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.since = c.now(), c.wall()
	f()
	close(c.changed)
	c.changed = make(chan struct{})
}

// Sleep waits until d of the cloud's time has passed. It returns false when ctx ended before.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) bool {
	if c == nil {
		return sleep(ctx, d, nil) == elapsed
	}
	for until := c.Now().Add(d); ; {
		left, changed := c.left(until)
		if left <= 0 {
			return ctx.Err() == nil
		}
		if sleep(ctx, left, changed) == ended {
			return false
		}
	}
}

// left is how long the wall clock runs until the cloud's clock shows a time, at most an hour.
func (c *Clock) left(until time.Time) (time.Duration, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := until.Sub(c.now())
	switch {
	case d <= 0:
	case c.rate*float64(time.Hour) < float64(d): // also when it stands still
		d = time.Hour
	default:
		d = max(time.Duration(float64(d)/c.rate), 1)
	}
	return d, c.changed
}

const (
	elapsed = iota
	woken
	ended
)

func sleep(ctx context.Context, d time.Duration, changed <-chan struct{}) int {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ended
	case <-changed:
		return woken
	case <-timer.C:
		return elapsed
	}
}
