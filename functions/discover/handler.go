package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fenghuo-soc/fenghuo/shared/catalog"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// workers is how many accounts are scanned at once: each is throttled by its own limits.
const workers = 4

// sourceStore is what this function needs of the store.
type sourceStore interface {
	Accounts(ctx context.Context) ([]soc.Account, error)
	Policies(ctx context.Context) ([]soc.Policy, error)
	DataSources(ctx context.Context) ([]soc.DataSource, error)
	Shards(ctx context.Context) ([]store.ShardState, error)
	SaveDataSource(ctx context.Context, d soc.DataSource) error
	AddShards(ctx context.Context, shards []store.NewShard) (added int, err error)
}

// member reads the names and positions of one account in this region.
type member interface {
	Projects(ctx context.Context) ([]string, error)
	Logstores(ctx context.Context, project string) ([]string, error)
	Shards(ctx context.Context, project, logstore string) ([]sls.Shard, error)
	// Position returns the cursor at "begin" or "end".
	Position(ctx context.Context, project, logstore string, shard int, from string) (int64, error)
}

type handler struct {
	store   sourceStore
	catalog *catalog.Catalog
	enter   func(uid, session string) member
	region  string
	now     func() time.Time
}

// request is what the flow sends.
type request struct {
	Operation string   `json:"operation"` // scan
	RunID     string   `json:"run_id"`
	Accounts  []string `json:"accounts"` // uids; none is every account that has joined
}

// problem is what kept an account or a source from being scanned.
type problem struct {
	Account string `json:"account"`
	Source  string `json:"source"`
	Reason  string `json:"reason"`
	Next    string `json:"next"`
}

type result struct {
	Status   string    `json:"status"`
	Reason   string    `json:"reason"`
	Sources  int       `json:"sources"`  // enabled data sources that were scanned
	Shards   int       `json:"shards"`   // their shards
	Added    int       `json:"added"`    // shards that are new
	Problems []problem `json:"problems"` // sorted by account and source
}

// handle takes the flow's request or a timer's event.
func (h *handler) handle(ctx context.Context, raw json.RawMessage) (result, error) {
	var timer fc.TimerEvent
	r := request{Operation: "scan"}
	if json.Unmarshal(raw, &timer) != nil || timer.TriggerName == "" {
		r.Operation = ""
		if err := org.DecodeInput(raw, &r); err != nil {
			return refused(err)
		}
	}
	if r.Operation != "scan" {
		return refused(&soc.Error{Kind: soc.Invalid, Op: "discover", Err: fmt.Errorf("unknown operation %q", r.Operation), Next: "use scan"})
	}
	return h.scan(ctx, r.Accounts)
}

func refused(err error) (result, error) {
	status, reason, retry := org.Answer(err)
	return result{Status: status, Reason: reason, Problems: []problem{}}, retry
}

// scan works on every account that has joined, a few at a time. What goes wrong in one is a problem in the answer and
// does not stop the others; an error means that the store could not be used.
func (h *handler) scan(ctx context.Context, only []string) (result, error) {
	known, err := h.read(ctx)
	if err != nil {
		return refused(err)
	}
	session := ""
	if c, ok := fc.FromContext(ctx); ok {
		session = c.RequestID
	}
	out := result{Status: org.StatusOK, Problems: []problem{}}
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(workers)
	for _, a := range known.accounts {
		if a.State != soc.AccountJoined || len(only) > 0 && !slices.Contains(only, a.UID) {
			continue
		}
		g.Go(func() error {
			s := &scan{handler: h, known: known, uid: a.UID, member: h.enter(a.UID, session)}
			err := s.run(ctx)
			mu.Lock()
			defer mu.Unlock()
			out.add(s)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return refused(err)
	}
	slices.SortFunc(out.Problems, func(a, b problem) int { return compare(a, b) })
	if n := len(out.Problems); n > 0 {
		out.Status, out.Reason = org.StatusPartial, fmt.Sprintf("%d problems", n)
	}
	return out, nil
}

func (r *result) add(s *scan) {
	r.Sources += s.sources
	r.Shards += s.shards
	r.Added += s.added
	r.Problems = append(r.Problems, s.problems...)
}
