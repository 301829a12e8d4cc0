package gateway

import (
	"sync"
	"time"
)

const (
	// window is how far a timestamp may be from the server's time, and how long a nonce must not come again.
	window = 15 * time.Minute
	// maxNonces bounds the memory of nonces; beyond it the older half is forgotten early.
	maxNonces = 1 << 18
)

// nonces remembers the nonces of each key for the window, in two generations so that forgetting is one assignment.
type nonces struct {
	mu        sync.Mutex
	half      int // entries a generation may hold
	born      time.Time
	now, past map[nonceKey]time.Time
}

type nonceKey struct{ accessKeyID, nonce string }

func newNonces(limit int) *nonces {
	return &nonces{half: max(limit/2, 1), now: map[nonceKey]time.Time{}}
}

// use stores the nonce and reports whether it was fresh for this key.
func (n *nonces) use(accessKeyID, nonce string, at time.Time) bool {
	k := nonceKey{accessKeyID, nonce}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, generation := range []map[nonceKey]time.Time{n.now, n.past} {
		if seen, ok := generation[k]; ok && at.Sub(seen) < window {
			return false
		}
	}
	if len(n.now) >= n.half || at.Sub(n.born) >= window {
		n.past, n.now, n.born = n.now, map[nonceKey]time.Time{}, at
	}
	n.now[k] = at
	return true
}
