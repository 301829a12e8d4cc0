package clock

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func must(t *testing.T, at time.Time, rate float64) *Clock {
	t.Helper()
	c, err := New(at, rate)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestDayInSeconds: at a rate of 8640 a day passes in ten seconds.
func TestDayInSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := must(t, start, 8640)
		time.Sleep(10 * time.Second)
		if got := c.Now(); !got.Equal(start.Add(24 * time.Hour)) {
			t.Errorf("after ten seconds it is %v", got)
		}
		if err := c.SetRate(0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if got := c.Now(); !got.Equal(start.Add(24*time.Hour)) || c.Rate() != 0 {
			t.Errorf("a clock that stands still shows %v", got)
		}
		if err := c.Advance(time.Minute); err != nil {
			t.Fatal(err)
		}
		if got := c.Now(); !got.Equal(start.Add(24*time.Hour + time.Minute)) {
			t.Errorf("after a jump it is %v", got)
		}
	})
}

// TestSleep: who sleeps wakes when the cloud's time has come, whether time passed, jumped or began to run.
func TestSleep(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rate float64
		do   func(c *Clock) error
		want time.Duration // of the wall clock
	}{
		"wall clock":   {1, func(*Clock) error { return nil }, time.Hour},
		"fast":         {3600, func(*Clock) error { return nil }, time.Second},
		"jump":         {1, func(c *Clock) error { return c.Advance(time.Hour) }, time.Second},
		"part":         {1, func(c *Clock) error { return c.Advance(30 * time.Minute) }, 30 * time.Minute},
		"set going":    {0, func(c *Clock) error { return c.SetRate(3600) }, 2 * time.Second},
		"slower":       {60, func(c *Clock) error { return c.SetRate(59) }, time.Second + time.Duration(float64(time.Hour-time.Minute)/59)},
		"for ever off": {0, func(c *Clock) error { return c.Advance(time.Hour - 1) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, began := must(t, start, tt.rate), time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 48*time.Hour)
				defer cancel()
				go func() {
					time.Sleep(time.Second)
					if err := tt.do(c); err != nil {
						t.Error(err)
					}
				}()
				ok := c.Sleep(ctx, time.Hour)
				if took := time.Since(began); ok != (tt.want > 0) || ok && took != tt.want {
					t.Errorf("woke %v after %v, want %v", ok, took, tt.want)
				}
			})
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{-1, MaxRate + 1, math.NaN(), math.Inf(1)} {
		if _, err := New(start, rate); err == nil {
			t.Errorf("rate %v was taken", rate)
		}
	}
	c := must(t, time.Time{}, 1)
	if c.Advance(-1) == nil || c.SetRate(-1) == nil {
		t.Error("a clock went back")
	}
	if d := time.Since(c.Now()).Abs(); d > time.Minute {
		t.Errorf("without a start it is %v off", d)
	}
	var wall *Clock
	if d := time.Since(wall.Now()).Abs(); d > time.Minute || wall.Rate() != 1 || !wall.Sleep(t.Context(), 0) {
		t.Error("a nil clock is not the wall clock")
	}
}
