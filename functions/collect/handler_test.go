package main

import (
	"context"
	"encoding/json"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/collect"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// idle has no shards.
type idle struct{ workers map[string]bool }

func (i idle) ClaimShards(_ context.Context, worker string, _ int, _ time.Duration, _ time.Time) ([]store.Lease, error) {
	i.workers[worker] = true
	return nil, nil
}
func (idle) AddShards(context.Context, []store.NewShard) (int, error) { return 0, nil }
func (idle) RenewLease(context.Context, store.Lease, time.Time) error { return nil }
func (idle) ReleaseShard(context.Context, store.Lease, string, time.Time, bool) error {
	return nil
}

func TestTimerRunEndsBeforeItsDeadline(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/timer.json")
	if err != nil {
		t.Fatal(err)
	}
	var in event
	if err := json.Unmarshal(raw, &in); err != nil || in.Worker != 0 {
		t.Fatalf("event %+v, error %v", in, err)
	}
	synctest.Test(t, func(t *testing.T) {
		leases := idle{map[string]bool{}}
		var spawned []int
		h := &handler{
			workers: 3, runTime: 55 * time.Second, now: time.Now, collect: collect.Config{Leases: leases, Shards: 2},
			spawn: func(_ context.Context, n int) error {
				spawned = append(spawned, n)
				return nil
			},
		}
		begun := time.Now()
		ctx := fc.NewContext(t.Context(), &fc.Context{RequestID: "req-1", Deadline: begun.Add(30 * time.Second)})
		out, err := h.handle(ctx, in)
		if err != nil || out.Status != "ok" {
			t.Fatalf("result %+v, error %v", out, err)
		}
		if took := time.Since(begun); took < 20*time.Second || took > 30*time.Second-collect.Margin+time.Second {
			t.Errorf("ran for %v before a deadline of 30 s", took)
		}
		if d := cmp.Diff([]int{1, 2}, spawned); d != "" {
			t.Errorf("workers started (-want +got):\n%s", d)
		}
		if !leases.workers["collect/0/req-1"] {
			t.Errorf("workers that claimed: %v", leases.workers)
		}
		body, err := json.Marshal(out)
		if want := `{"status":"ok","groups":0,"records":0,"bytes":0,"parked":0,"shards":0,"errors":[]}`; err != nil || string(body) != want {
			t.Errorf("output %s, want %s (%v)", body, want, err)
		}
	})
}

func TestWorkersThatCannotStartAreReported(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &handler{
			workers: 3, runTime: time.Second, now: time.Now, collect: collect.Config{Leases: idle{map[string]bool{}}, Shards: 1},
			spawn: func(context.Context, int) error { return &soc.Error{Kind: soc.Denied, Op: "invoke function"} },
		}
		out, err := h.handle(t.Context(), event{})
		if err != nil || out.Status != "degraded" || len(out.Errors) != 1 || out.Errors[0].Kind != soc.Denied {
			t.Errorf("result %+v, error %v", out, err)
		}
		if out, err = h.handle(t.Context(), event{Worker: 2}); err != nil || out.Status != "ok" {
			t.Errorf("a worker started workers: %+v, %v", out, err)
		}
	})
}

func TestConfig(t *testing.T) {
	t.Parallel()
	good := config{Start: "begin", Shards: 32, Workers: 1, RunTime: time.Minute}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*config){
		"start":   func(c *config) { c.Start = "middle" },
		"shards":  func(c *config) { c.Shards = 0 },
		"workers": func(c *config) { c.Workers = 51 },
		"time":    func(c *config) { c.RunTime = 0 },
	} {
		c := good
		change(&c)
		if c.Validate() == nil {
			t.Errorf("%s: bad value accepted", name)
		}
	}
}
