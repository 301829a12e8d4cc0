package fc

import (
	"context"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// acquire reserves one slot of an instance of the current revision: of one that has room, else of a new one. It waits
// until the instance has started. Beyond the limits it refuses with ResourceExhausted.
func (s *Service) acquire(ctx context.Context, f *function, keys auth.Keys, requestID string) (*instance, *outcome) {
	s.mu.Lock()
	in, fresh, refused := s.reserve(f)
	s.mu.Unlock()
	if refused != nil {
		return nil, &outcome{refused: refused}
	}
	if fresh {
		s.start(in, keys, requestID)
	}
	select {
	case <-in.ready:
	case <-ctx.Done():
		s.release(in)
		return nil, &outcome{refused: canceled(ctx)}
	}
	if in.failure != nil {
		s.release(in)
		return nil, in.failure
	}
	return in, nil
}

// reserve needs s.mu. fresh tells that the caller must start the instance.
func (s *Service) reserve(f *function) (in *instance, fresh bool, refused *Error) {
	if s.closed {
		return nil, false, closing()
	}
	rev := f.current
	if rev.retired {
		return nil, false, notFound("Function", f.name)
	}
	for _, in := range rev.instances {
		if !in.dead && in.busy < rev.spec.InstanceConcurrency {
			in.busy++
			return in, false, nil
		}
	}
	a, l := s.accountOf(f.account), s.o.Limits
	if len(rev.instances) >= l.InstancesPerFunction || a.instances >= l.InstancesPerAccount {
		return nil, false, errorf(429, "ResourceExhausted",
			"function '%s' has %d instances and the account %d: no more are allowed", f.name, len(rev.instances), a.instances)
	}
	in = &instance{id: "c-" + hexID(4) + "-" + hexID(4) + "-" + hexID(6), fn: f, rev: rev, ready: make(chan struct{}), busy: 1}
	in.lines = &instanceLog{in: in, log: f.log, now: s.o.Clock}
	rev.instances = append(rev.instances, in)
	s.instances[in] = struct{}{}
	a.instances++
	return in, true, nil
}

// release gives a slot back and stops the instance when nobody will use it any more.
func (s *Service) release(in *instance) {
	s.mu.Lock()
	in.busy--
	in.lastUsed = s.o.Clock()
	over := in.busy == 0 && (in.rev.retired || in.unstarted())
	if in.unstarted() {
		in.dead = true
	}
	s.mu.Unlock()
	if over {
		s.stopLater(in)
	}
}

// unstarted tells whether the start is known to have failed.
func (in *instance) unstarted() bool {
	select {
	case <-in.ready:
		return in.failure != nil
	default:
		return false
	}
}

// discard takes an instance out of service at once, such as after a timeout.
func (s *Service) discard(in *instance) {
	s.mu.Lock()
	in.dead = true
	s.mu.Unlock()
	in.kill()
}

func (s *Service) stopLater(in *instance) {
	s.background(func() { s.shutdown(s.ctx, in) })
}

// stopIdle needs s.mu. It stops instances that had nothing to do for Limits.Idle.
func (s *Service) stopIdle(f *function, now time.Time) {
	for _, in := range f.allInstances() {
		if in.busy == 0 && !in.dead && now.Sub(in.lastUsed) >= s.o.Limits.Idle {
			in.dead = true
			s.backgroundLocked(func() { s.shutdown(s.ctx, in) })
		}
	}
}

// retireRevision needs s.mu. It replaces the current revision; instances finish what they do and stop.
func (s *Service) retireRevision(f *function, next *revision) {
	old := f.current
	old.retired = true
	f.old = append(f.old, old)
	f.current = next
	for _, in := range old.instances {
		if in.busy == 0 && !in.dead {
			in.dead = true
			s.backgroundLocked(func() { s.shutdown(s.ctx, in) })
		}
	}
	s.dropRevision(f, old)
}

func canceled(ctx context.Context) *Error {
	return errorf(499, "ClientClosedRequest", "the client closed the request: %v", context.Cause(ctx))
}
