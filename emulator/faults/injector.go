package faults

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// Hooks are what some kinds of faults need of the cloud behind them. A nil hook makes those faults do nothing.
type Hooks struct {
	Split func(r *http.Request) error        // splits the shard that a request to the Log Service names
	Kill  func(account, function string) int // kills a function's processes and tells how many there were
	Clock func() time.Time                   // nil = wall clock
	// Check refuses a fault whose service and operation no call can have, "" = any; nil takes all.
	Check func(service, operation string) error
}

// Injector strikes calls. It is safe for concurrent use.
type Injector struct {
	hooks Hooks

	mu      sync.Mutex
	seed    uint64
	faults  []*state
	expired map[string]bool // access key id
	revoked map[string]bool
}

type state struct {
	Fault
	seen, hits int
}

// Target is what is known of a call before it is served.
type Target struct {
	Service, Operation string
	Caller             auth.Caller // of the key that the call names; the signature was not checked yet
}

// New returns an injector with a plan that was parsed or whose faults are checked here. It fails as [Parse] does.
func New(p Plan, h Hooks) (*Injector, error) {
	if h.Clock == nil {
		h.Clock = time.Now
	}
	i := &Injector{hooks: h, seed: p.Seed, expired: map[string]bool{}, revoked: map[string]bool{}}
	return i, i.AddAll(p.Faults)
}

// AddAll appends faults, or none when one of them cannot be.
func (i *Injector) AddAll(list []Fault) error {
	states := make([]*state, len(list))
	for n, f := range list {
		if err := i.check(&f); err != nil {
			return fmt.Errorf("fault %d: %w", n+1, err)
		}
		states[n] = &state{Fault: f}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.faults = append(i.faults, states...)
	return nil
}

func (i *Injector) check(f *Fault) error {
	if err := f.check(); err != nil || i.hooks.Check == nil {
		return err
	}
	return i.hooks.Check(f.Service, f.Operation)
}

// Add appends a fault. It takes part from the next call on.
func (i *Injector) Add(f Fault) error {
	if err := i.check(&f); err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.faults = append(i.faults, &state{Fault: f})
	return nil
}

// Hits returns how often each fault has struck, in the order of the plan.
func (i *Injector) Hits() []int {
	i.mu.Lock()
	defer i.mu.Unlock()
	out := make([]int, len(i.faults))
	for n, f := range i.faults {
		out[n] = f.hits
	}
	return out
}

// Pick returns the fault that strikes a call, nil when none does. The first fault that matches and strikes wins; each
// that matches counts the call.
func (i *Injector) Pick(t Target) *Fault { return i.pick(t, func(Kind) bool { return true }) }

func (i *Injector) pick(t Target, want func(Kind) bool) *Fault {
	return i.first(func(f *state) bool { return f.Run == "" && f.Kind != Duplicate && want(f.Kind) && f.matches(t) })
}

// Run is a fault that strikes a run of a function, from whoever it was asked for.
type Run struct {
	Fault
	Refusal Answer // throttle and unavailable
}

// Run returns the fault that strikes the next run of a function, nil when none does.
func (i *Injector) Run(account, function string) *Run {
	f := i.first(func(f *state) bool { return f.Run == account+"/"+function })
	if f == nil {
		return nil
	}
	r := &Run{Fault: *f}
	if f.Kind == Throttle || f.Kind == Unavailable {
		r.Refusal = words(f, "FC", http.MethodPost)
	}
	return r
}

// Duplicate tells whether the trigger event of a function is to be delivered once more.
func (i *Injector) Duplicate(account, function string) bool {
	return i.first(func(f *state) bool { return f.Kind == Duplicate && f.Function == account+"/"+function }) != nil
}

// first is the first of the faults that match and strike. Each that matches counts.
func (i *Injector) first(matches func(*state) bool) *Fault {
	i.mu.Lock()
	defer i.mu.Unlock()
	var hit *Fault
	for n, f := range i.faults {
		if matches(f) && i.strikes(n, f, hit == nil) && hit == nil {
			hit = &f.Fault
		}
	}
	return hit
}

func (f *state) matches(t Target) bool {
	return (f.Service == "" || strings.EqualFold(f.Service, t.Service)) && (f.Operation == "" || strings.EqualFold(f.Operation, t.Operation)) &&
		(f.Account == "" || f.Account == t.Caller.AccountID) && strings.Contains(t.Caller.ARN, f.Caller)
}

// strikes counts a matching call and decides. The decision on the n-th matching call follows from the seed, the place of
// the fault in the plan and n, not from other calls.
func (i *Injector) strikes(index int, f *state, free bool) bool {
	f.seen++
	if !free || f.seen <= f.Skip || f.Count > 0 && f.hits >= f.Count {
		return false
	}
	if f.Probability > 0 && chance(i.seed, index, f.seen) >= f.Probability {
		return false
	}
	f.hits++
	return true
}

// chance is a number in [0, 1) that is the same for the same arguments.
func chance(seed uint64, index, n int) float64 {
	h := fnv.New64a()
	for _, v := range []uint64{seed, uint64(index), uint64(n)} {
		_ = binary.Write(h, binary.LittleEndian, v) // a hash never fails
	}
	x := h.Sum64()
	x ^= x >> 33 // FNV mixes its last bytes badly into the high bits
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	x ^= x >> 33
	return float64(x>>11) / math.Exp2(53)
}

// Credentials returns inner as the services shall see it: with the keys that faults made expire or revoked.
func (i *Injector) Credentials(inner auth.Credentials) auth.Credentials { return credentials{i, inner} }

type credentials struct {
	i     *Injector
	inner auth.Credentials
}

func (c credentials) Credential(id string) (auth.Credential, bool) {
	cred, ok := c.inner.Credential(id)
	if !ok {
		return cred, false
	}
	c.i.mu.Lock()
	defer c.i.mu.Unlock()
	switch {
	case c.i.revoked[id] && cred.Token != "":
		return auth.Credential{}, false
	case c.i.revoked[id]:
		cred.Active = false
	case c.i.expired[id] && cred.Token != "":
		cred.Expires = time.Unix(0, 0)
	}
	return cred, true
}

// KnowsToken passes the question on; see [auth.Credentials].
func (c credentials) KnowsToken(token string) bool {
	k, ok := c.inner.(interface{ KnowsToken(string) bool })
	return ok && k.KnowsToken(token)
}
