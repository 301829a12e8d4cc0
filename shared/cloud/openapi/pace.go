package openapi

import (
	"context"
	"sync"

	"golang.org/x/time/rate"
)

// Pace is a token bucket for every pair of an account and an operation, so that a client stays below the flow control of
// each. Its zero value lets everything through. It is safe for concurrent use and bounds one process: several
// instances of a function have a bucket each, so who sets the rates must know how many instances there can be.
type Pace struct {
	PerSecond float64            // calls of one operation in one account; 0 is no limit
	Burst     int                // calls that need not wait; at least 1
	Of        map[string]float64 // operations with a limit of their own, which all accounts share

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

// maxBuckets bounds the buckets that are kept; a full bucket that is dropped and made again is the same bucket.
const maxBuckets = 20_000

// Wait returns when the call may be sent, or with the error of ctx.
func (p *Pace) Wait(ctx context.Context, account, action string) error {
	if p == nil || p.PerSecond <= 0 && p.Of[action] <= 0 {
		return nil
	}
	return p.bucket(account, action).Wait(ctx)
}

func (p *Pace) bucket(account, action string) *rate.Limiter {
	key, limit := account+" "+action, p.PerSecond
	if own := p.Of[action]; own > 0 {
		key, limit = action, own
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.buckets[key]
	if b == nil {
		if p.buckets == nil || len(p.buckets) >= maxBuckets {
			p.buckets = map[string]*rate.Limiter{}
		}
		b = rate.NewLimiter(rate.Limit(limit), max(p.Burst, 1))
		p.buckets[key] = b
	}
	return b
}
