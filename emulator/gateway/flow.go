package gateway

import (
	"net/http"
	"sync"
)

// flow counts the calls of the current second, by account and operation.
type flow struct {
	mu     sync.Mutex
	second int64
	calls  map[flowKey]int
}

type flowKey struct {
	account string
	route   route
}

// throttle refuses a call beyond the limit of its operation.
//
// Assumption: seconds are those of the clock that signatures are judged by, and the status is 400; the exact one of
// Throttling.User is unknown.
func (g *Gateway) throttle(c *Call, limit int) *Error {
	if limit <= 0 {
		return nil
	}
	k, now := flowKey{c.Caller.AccountID, route{c.Version, c.Action}}, g.signedBy().Unix()
	g.flow.mu.Lock()
	defer g.flow.mu.Unlock()
	if g.flow.second != now || g.flow.calls == nil {
		g.flow.second, g.flow.calls = now, map[flowKey]int{}
	}
	if g.flow.calls[k]++; g.flow.calls[k] > limit {
		return Errorf(http.StatusBadRequest, "Throttling.User", "Request was denied due to user flow control.")
	}
	return nil
}
