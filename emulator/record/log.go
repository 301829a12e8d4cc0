package record

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// The bounds of a log.
const (
	maxCalls     = 16384
	maxQuestions = 64     // of one call: a stack of many resources asks more, and the rest counts in the uses only
	maxUses      = 100000 // different caller, action and resource
)

// Log keeps calls and uses. It is safe for concurrent use.
type Log struct {
	clock func() time.Time

	mu    sync.Mutex
	last  int64
	calls []*Call // a ring once it is full
	next  int
	uses  map[use]*Use
}

type use struct{ caller, action, resource string }

// Use counts the questions of one caller for one action on one resource.
type Use struct {
	Caller   string `json:"caller"` // as in [Question]
	Action   string `json:"action"`
	Resource string `json:"resource"`
	Account  string `json:"account"` // of the caller
	Allowed  int    `json:"allowed"`
	Denied   int    `json:"denied"`
}

// New returns an empty log. A nil clock is the wall clock.
func New(clock func() time.Time) *Log {
	if clock == nil {
		clock = time.Now
	}
	return &Log{clock: clock, uses: map[use]*Use{}}
}

type callKey struct{}

// Begin opens a call. Questions that are asked under the returned context belong to it.
func (l *Log) Begin(ctx context.Context, c Call) (context.Context, *Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	c.Number, c.Time = l.last, l.clock()
	return context.WithValue(ctx, callKey{}, &c), &c
}

// End closes a call with what was answered; status 0 means that no complete answer was sent.
func (l *Log) End(c *Call, status int, code, requestID, fault string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.Status, c.Code, c.RequestID, c.Fault, c.Took = status, code, requestID, fault, l.clock().Sub(c.Time)
	c.Verdict = c.judge()
	if len(l.calls) < maxCalls {
		l.calls = append(l.calls, c)
		return
	}
	l.calls[l.next] = c
	l.next = (l.next + 1) % maxCalls
}

// Calls returns the calls that ended and match, oldest first.
func (l *Log) Calls(f Filter) []Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := []Call{}
	for _, c := range slices.Concat(l.calls[l.next:], l.calls[:l.next]) {
		if f.matches(c) {
			one := *c
			one.Questions = slices.Clone(c.Questions)
			out = append(out, one)
		}
	}
	if f.Limit > 0 && len(out) > f.Limit {
		out = out[len(out)-f.Limit:]
	}
	return out
}

// Uses returns what was asked since the start, sorted by caller, action and resource.
func (l *Log) Uses() []Use {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Use, 0, len(l.uses))
	for _, u := range l.uses {
		out = append(out, *u)
	}
	slices.SortFunc(out, func(a, b Use) int {
		return cmp.Or(cmp.Compare(a.Caller, b.Caller), cmp.Compare(a.Action, b.Action), cmp.Compare(a.Resource, b.Resource))
	})
	return out
}

// Ask records a question and its answer. Services that decide without an authorizer, as STS does, are recorded by the
// server.
func (l *Log) Ask(ctx context.Context, caller auth.Caller, action, resource string, allowed bool) {
	q := Question{Caller: Subject(caller), Action: action, Resource: resource, Allowed: allowed}
	l.mu.Lock()
	defer l.mu.Unlock()
	if c, ok := ctx.Value(callKey{}).(*Call); ok && len(c.Questions) < maxQuestions {
		c.Questions = append(c.Questions, q)
	}
	k := use{q.Caller, strings.ToLower(action), resource}
	u := l.uses[k]
	if u == nil {
		if len(l.uses) >= maxUses {
			return
		}
		u = &Use{Caller: q.Caller, Action: action, Resource: resource, Account: caller.AccountID}
		l.uses[k] = u
	}
	if allowed {
		u.Allowed++
	} else {
		u.Denied++
	}
}

// Subject is the ARN of a caller without the name of its session: what policies are attached to.
func Subject(c auth.Caller) string {
	if c.Type == auth.Role {
		return "acs:ram::" + c.AccountID + ":role/" + c.Name
	}
	return c.ARN
}

// Authorizer returns inner with every question recorded.
func (l *Log) Authorizer(inner auth.Authorizer) auth.Authorizer { return authorizer{l, inner} }

type authorizer struct {
	log   *Log
	inner auth.Authorizer
}

func (a authorizer) Authorize(ctx context.Context, req auth.Request) auth.Decision {
	d := a.inner.Authorize(ctx, req)
	a.log.Ask(ctx, req.Caller, req.Action, req.Resource, d.Allowed)
	return d
}
