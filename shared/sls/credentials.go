package sls

import (
	"context"
	"sync"
	"time"
)

// renewBefore is how long before their end credentials are replaced: longer than any request that signs with them.
const renewBefore = 5 * time.Minute

// Refreshing returns credentials that are asked for once and again five minutes before they expire, so that no request is
// under way with credentials that end. fetch returns them with their end, zero for none; requests that come meanwhile
// wait for one fetch together. While a fetch fails, credentials that still hold are used; failures are not kept. now nil
// is time.Now.
func Refreshing(fetch func(ctx context.Context) (Credentials, time.Time, error), now func() time.Time) CredentialsFunc {
	if now == nil {
		now = time.Now
	}
	r := &refreshing{fetch: fetch, now: now, turn: make(chan struct{}, 1)}
	return r.get
}

type refreshing struct {
	fetch func(ctx context.Context) (Credentials, time.Time, error)
	now   func() time.Time
	turn  chan struct{} // held by who fetches

	mu   sync.Mutex
	cred Credentials
	end  time.Time
	has  bool
}

func (r *refreshing) get(ctx context.Context) (Credentials, error) {
	if c, ok := r.holds(renewBefore); ok {
		return c, nil
	}
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return Credentials{}, context.Cause(ctx)
	}
	defer func() { <-r.turn }()
	if c, ok := r.holds(renewBefore); ok { // somebody else was first
		return c, nil
	}
	c, end, err := r.fetch(ctx)
	if err != nil {
		if c, ok := r.holds(attemptTimeout); ok {
			return c, nil
		}
		return Credentials{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cred, r.end, r.has = c, end, true
	return c, nil
}

// holds returns the credentials when they hold for that much longer.
func (r *refreshing) holds(d time.Duration) (Credentials, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cred, r.has && (r.end.IsZero() || r.now().Add(d).Before(r.end))
}
