package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/cmd/fenghuo/demo"
	"github.com/fenghuo-soc/fenghuo/emulator"
	"github.com/fenghuo-soc/fenghuo/emulator/faults"
)

// storm are faults of the kinds that calls and triggers meet while logs flow. None may lose a record, raise an alert twice,
// or leave a response undone. Faults of credentials and clocks are not among them: a collector that meets one goes on a
// minute later, with its next timer, and a test is not to wait for that.
var storm = faults.Plan{Seed: 3, Faults: []faults.Fault{
	{Kind: faults.Throttle, Operation: "PutLogs", Caller: "role/fenghuo-collect/", Skip: 3, Count: 3},
	{Kind: faults.Unavailable, Operation: "PullLogs", Caller: "role/fenghuo-collector/", Probability: 0.05, Count: 20},
	{Kind: faults.TimeoutBefore, Operation: "PullLogs", Caller: "role/fenghuo-detect/", Skip: 2, Wait: 200 * time.Millisecond},
	{Kind: faults.TimeoutAfter, Operation: "PutLogs", Caller: "role/fenghuo-detect/", Wait: 200 * time.Millisecond},
	{Kind: faults.CutAnswer, Operation: "PullLogs", Caller: "role/fenghuo-collector/", Skip: 5, Count: 2},
	{Kind: faults.Slow, Operation: "PullLogs", Probability: 0.02, Count: 10, Wait: 300 * time.Millisecond},
	{Kind: faults.SplitShard, Operation: "PullLogs", Caller: "role/fenghuo-detect/", Skip: 3},
	{Kind: faults.Kill, Function: accountB + "/detect", Operation: "PutLogs", Caller: "role/fenghuo-detect/", At: faults.After, Skip: 2},
	{Kind: faults.Duplicate, Function: accountB + "/detect", Skip: 1, Count: 3},
	{Kind: faults.Duplicate, Function: accountB + "/correlate", Count: 2},
}}

// TestStoryInAStorm tells the story while the cloud misbehaves.
func TestStoryInAStorm(t *testing.T) {
	needFunctions(t)
	var hits []int
	score, err := demo.Run(t.Context(), demo.Options{
		Root: root, Binaries: binaries, Seed: 5, Records: 4000, Faults: storm,
		Patience: patience,
		Tell:     func(l demo.Line) { t.Log(l.At.Round(100*time.Millisecond), l.Who, l.EN) },
		At: func(_ context.Context, stage demo.Stage, s *emulator.Server) error {
			if stage == demo.StageScore {
				hits = s.Faults().Hits()
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !score.Pass {
		t.Errorf("score %+v", score)
	}
	for i, n := range hits[:len(storm.Faults)] {
		if n == 0 {
			t.Errorf("fault %d (%s) never struck", i+1, storm.Faults[i].Kind)
		}
	}
}
