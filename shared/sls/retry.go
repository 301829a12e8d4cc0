package sls

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// How often and how long a call is tried. Pauses are drawn evenly from the upper half of a doubling span.
const (
	maxAttempts    = 5
	firstWait      = 200 * time.Millisecond // after an error of the service or the network
	quotaWait      = time.Second            // after a quota: they count by the second or the minute
	longestWait    = 5 * time.Second
	attemptTimeout = 60 * time.Second
	// propagation is how long what this client created may be unknown to other calls (sls.md §1.9).
	propagation = 60 * time.Second
)

// do sends a request, again when that can help, until the context ends. What is sent again:
//   - a refusal for the clock, once and at once, signed with the service's clock;
//   - a quota, and an error of the service or the network, five attempts in all; a call that must not run twice only
//     when the service says that it did not run it;
//   - "does not exist" about what this client created in the last minute, until the minute is over.
//
// Everything else goes to the caller at once.
func (c *Client) do(ctx context.Context, r *request) (*response, error) {
	wait, begun := time.Duration(0), time.Now()
	corrected := false
	for attempt := 1; ; attempt++ {
		resp, err := c.attempt(ctx, r)
		if err == nil {
			c.own.note(r, c.now())
			return resp, nil
		}
		if skewed(err.Code) && !corrected {
			corrected = true
			continue // attempt has learned the service's clock
		}
		if ctx.Err() != nil {
			return nil, c.failure(r, soc.Timeout, context.Cause(ctx))
		}
		first, again := c.again(r, err, attempt, time.Since(begun))
		if !again {
			return nil, err
		}
		wait = min(max(2*wait, first), longestWait)
		pause := wait/2 + rand.N(wait/2)
		if end, ok := ctx.Deadline(); ok && time.Until(end) < pause {
			return nil, err
		}
		if !sleep(ctx, pause) {
			return nil, c.failure(r, soc.Timeout, context.Cause(ctx))
		}
	}
}

// again tells whether a failed request is worth another attempt, and the span of the first pause. took is how long the
// attempts so far took.
func (c *Client) again(r *request, err *soc.Error, attempt int, took time.Duration) (time.Duration, bool) {
	switch {
	case took < propagation && c.own.fresh(r, err.Code, c.now()):
		return quotaWait, true
	case attempt >= maxAttempts || !soc.Retryable(err):
		return 0, false
	case err.Kind == soc.Throttled:
		return quotaWait, true
	case r.once && err.Code != "ServerBusy":
		return 0, false // it may have run
	default:
		return firstWait, true
	}
}

// sleep waits and tells whether the context let it.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// creations is what a client created lately. The zero value is ready; it is safe for concurrent use.
type creations struct {
	mu sync.Mutex
	at map[string]time.Time
}

// note remembers what a request that succeeded created, and forgets what it removed.
func (o *creations) note(r *request, now time.Time) {
	if r.creates == "" && r.removes == "" {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.at == nil {
		o.at = map[string]time.Time{}
	}
	for name, at := range o.at {
		if now.Sub(at) >= propagation || r.removes != "" && strings.HasPrefix(name, r.removes) {
			delete(o.at, name)
		}
	}
	if r.creates != "" {
		o.at[r.creates] = now
	}
}

// fresh tells whether an error code says that something does not exist which was created less than a minute ago.
func (o *creations) fresh(r *request, code string, now time.Time) bool {
	store := storeName(r.project, r.logstore)
	switch code {
	case "ProjectNotExist", "ProjectNotExists":
		return o.young(projectName(r.project), now)
	case "LogStoreNotExist":
		return o.young(store, now)
	case "ShardNotExist":
		return o.young(store, now) || o.young(store+"shards", now)
	case "IndexConfigNotExist":
		return o.young(store+"index", now)
	}
	return false
}

func (o *creations) young(name string, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	at, ok := o.at[name]
	return ok && now.Sub(at) < propagation
}

// The names of creations: what is inside begins with the name of what holds it.
func projectName(project string) string      { return project + "/" }
func storeName(project, store string) string { return project + "/" + store + "/" }

// skewed tells whether the service refused a request for its clock (sls.md §1.8).
func skewed(code string) bool { return code == "RequestTimeTooSkewed" || code == "RequestTimeExpired" }
