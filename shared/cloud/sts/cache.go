package sts

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
)

// renewBefore is how long before their end credentials are replaced: longer than any request that signs with them.
const renewBefore = 5 * time.Minute

// Role is a role to assume and how; it is the key of a [Cache].
type Role struct {
	ARN        string
	Session    string // see [SessionName]
	ExternalID string
	Policy     string        // session policy, narrows
	Duration   time.Duration // 0 = an hour
}

// assumer is what the cache needs; *Client has it.
type assumer interface {
	AssumeRole(ctx context.Context, roleARN, session, externalID, policy string, d time.Duration) (Credentials, error)
}

// Cache keeps the credentials of assumed roles and replaces them five minutes before they end. Callers that ask for the
// same role at the same time share one AssumeRole. Failures are not kept. It is safe for concurrent use.
type Cache struct {
	sts assumer
	now func() time.Time

	mu      sync.Mutex
	entries map[Role]*entry
}

type entry struct {
	done  chan struct{} // closed when cred and err are set
	cred  Credentials
	err   error
	ended bool // the leader's own context ended: its failure is nobody else's
}

// NewCache returns an empty cache; a nil now is time.Now.
func NewCache(c *Client, now func() time.Time) *Cache { return newCache(c, now) }

func newCache(a assumer, now func() time.Time) *Cache {
	if now == nil {
		now = time.Now
	}
	return &Cache{sts: a, now: now, entries: make(map[Role]*entry)}
}

// Get returns credentials of the role that hold for at least five more minutes, or for as long as the role gives. Kinds
// as [Client.AssumeRole].
func (c *Cache) Get(ctx context.Context, role Role) (Credentials, error) {
	for {
		e, leader := c.claim(role)
		if leader {
			c.fill(ctx, role, e)
			return e.cred, e.err
		}
		select {
		case <-e.done:
			if !e.ended {
				return e.cred, e.err
			}
		case <-ctx.Done():
			return Credentials{}, context.Cause(ctx)
		}
	}
}

// Forget drops the credentials of a role, so that the next caller assumes it again: those of a role that was deleted and
// made again are dead before their time. stale is what was found dead; newer credentials stay.
func (c *Cache) Forget(role Role, stale Credentials) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[role]; ok && isDone(e) && e.cred.AccessKeyID == stale.AccessKeyID {
		delete(c.entries, role)
	}
}

// claim returns the role's entry, and whether the caller has to fill it.
func (c *Cache) claim(role Role) (*entry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[role]; ok && (!isDone(e) || c.fresh(e)) {
		return e, false
	}
	c.sweep()
	e := &entry{done: make(chan struct{})}
	c.entries[role] = e
	return e, true
}

func isDone(e *entry) bool {
	select {
	case <-e.done:
		return true
	default:
		return false
	}
}

func (c *Cache) fresh(e *entry) bool {
	return e.err == nil && c.now().Add(renewBefore).Before(e.cred.Expiration)
}

// sweep drops what is over, so that roles asked for once do not stay.
func (c *Cache) sweep() {
	for role, e := range c.entries {
		if isDone(e) && !c.fresh(e) {
			delete(c.entries, role)
		}
	}
}

func (c *Cache) fill(ctx context.Context, role Role, e *entry) {
	defer close(e.done)
	defer func() { // in the order: result, removal of a failure, close
		if e.err != nil {
			c.mu.Lock()
			delete(c.entries, role)
			c.mu.Unlock()
		}
	}()
	e.err = errors.New("assume role did not return")
	e.cred, e.err = c.sts.AssumeRole(ctx, role.ARN, role.Session, role.ExternalID, role.Policy, role.Duration)
	e.ended = e.err != nil && ctx.Err() != nil
}

// For returns the role's credentials as an OpenAPI client wants them.
func (c *Cache) For(role Role) openapi.CredentialsFunc {
	return func(ctx context.Context) (openapi.Credentials, error) {
		cred, err := c.Get(ctx, role)
		return cred.Credentials, err
	}
}

// ForSLS returns the role's credentials as an SLS client wants them.
func (c *Cache) ForSLS(role Role) sls.CredentialsFunc {
	return func(ctx context.Context) (sls.Credentials, error) {
		cred, err := c.Get(ctx, role)
		return sls.Credentials(cred.Credentials), err
	}
}
