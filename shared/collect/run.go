package collect

import (
	"context"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// The limits of a run.
const (
	LeaseTime = 20 * time.Second // how long a claimed shard stays claimed when its worker dies
	TurnTime  = 10 * time.Second // a shard is given back after this, so that more shards than workers take turns
	IdlePoll  = time.Second      // longest pause before a shard without data is asked again
	claimPoll = time.Second      // how often free workers look for shards
	maxErrors = 20               // errors that a summary lists
	grace     = 3 * time.Second
)

// Leases hands out the right to read shards; *store.DB is one.
type Leases interface {
	ClaimShards(ctx context.Context, worker string, limit int, lease time.Duration, now time.Time) ([]store.Lease, error)
	AddShards(ctx context.Context, shards []store.NewShard) (added int, err error)
	RenewLease(ctx context.Context, l store.Lease, until time.Time) error
	ReleaseShard(ctx context.Context, l store.Lease, errText string, retryAt time.Time, finished bool) error
}

// Ledger keeps what was read; *store.DB is one.
type Ledger interface {
	CommitRange(ctx context.Context, g store.Range) error
	Park(ctx context.Context, p store.Parked) error
}

// Reader reads a member's project; *sls.Project is one.
type Reader interface{ sls.ShardSource }

// Writer writes to the central project; *sls.Project is one.
type Writer interface{ sls.GroupPutter }

// Config says what a run works with. All ports are safe for concurrent use.
type Config struct {
	Worker string // names the holder of leases: function and request
	Leases Leases
	Ledger Ledger
	Open   func(ctx context.Context, h store.Shard) (Reader, error) // the shard's project, as the member's collector role
	Stream Writer
	Store  string    // Logstore of the stream
	Start  string    // where a shard that was never read begins: "begin" or "end"
	Shards int       // shards read at once
	Until  time.Time // when to stop; the caller's own deadline is at least [Margin] later
}

// Margin is what a run needs after Until to finish the writes in flight and give its leases back.
const Margin = 2 * grace

// Summary is what a run did.
type Summary struct {
	Groups  int     `json:"groups"`
	Records int     `json:"records"`
	Bytes   int64   `json:"bytes"` // raw bytes read
	Parked  int     `json:"parked"`
	Shards  int     `json:"shards"` // distinct shards that were read
	Errors  []Error `json:"errors"` // the first of them
}

// Error is why reading a shard stopped.
type Error struct {
	Account string   `json:"account"`
	Shard   string   `json:"shard"`
	Kind    soc.Kind `json:"kind"`
	Message string   `json:"message"`
}

// Run collects until c.Until. It returns an error only when shards cannot be claimed at all; what went wrong in a shard
// is in the summary and on the shard.
func Run(ctx context.Context, c Config) (Summary, error) {
	r := newRunner(c)
	ctx, cancel := context.WithDeadline(ctx, c.Until.Add(grace))
	defer cancel()
	ended := make(chan struct{}, c.Shards)
	free, claimed := c.Shards, false
	var failed error
	for r.open(ctx) {
		if free > 0 {
			leases, err := c.Leases.ClaimShards(ctx, c.Worker, free, LeaseTime, time.Now())
			if failed, claimed = err, claimed || err == nil; err != nil {
				r.report(store.Lease{}, err)
			}
			for _, l := range leases {
				free--
				go func() {
					r.turn(ctx, l)
					ended <- struct{}{}
				}()
			}
		}
		if r.pause(ctx, claimPoll, ended) {
			free++
		}
	}
	for ; free < c.Shards; free++ {
		<-ended
	}
	if !claimed && failed != nil {
		return r.sum, failed
	}
	return r.sum, nil
}

func newRunner(c Config) *runner {
	return &runner{
		Config: c, shards: map[string]bool{}, lists: map[string]shardList{},
		forwarder: sls.NewForwarder(sls.ForwardConfig{To: c.Stream, Logstore: c.Store, InFlight: c.Shards}),
	}
}

// open tells whether there is time to begin something.
func (r *runner) open(ctx context.Context) bool {
	return ctx.Err() == nil && time.Now().Before(r.Until)
}

// pause waits for d, the end of the run, or one end of a turn, which it reports.
func (r *runner) pause(ctx context.Context, d time.Duration, ended <-chan struct{}) bool {
	t := time.NewTimer(min(d, time.Until(r.Until)))
	defer t.Stop()
	select {
	case <-ended:
		return true
	case <-t.C:
	case <-ctx.Done():
	}
	return false
}
