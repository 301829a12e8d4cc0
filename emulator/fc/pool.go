package fc

import (
	"context"
	"slices"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// acquire reserves one slot of an instance of a revision: of one that has room, else of a new one. It waits until the
// instance has started. Beyond the limits it refuses with ResourceExhausted.
func (s *Service) acquire(ctx context.Context, f *function, rev *revision, keys auth.Keys, c *call) (*instance, *outcome) {
	s.mu.Lock()
	in, fresh, refused := s.reserve(f, rev, c.qualifier)
	s.mu.Unlock()
	if refused != nil {
		return nil, &outcome{refused: refused}
	}
	if fresh {
		s.start(in, keys, c.requestID)
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

// reserve needs s.mu. fresh tells that the caller must start the instance. A revision that was replaced meanwhile makes
// way for the one that the qualifier names now.
func (s *Service) reserve(f *function, rev *revision, qualifier string) (in *instance, fresh bool, refused *Error) {
	if s.closed {
		return nil, false, closing()
	}
	if rev.retired {
		if rev, refused = s.resolve(f, qualifier); refused != nil {
			return nil, false, refused
		}
	}
	if f.blocked != nil {
		return nil, false, disabled(f)
	}
	for _, in := range slices.Clone(rev.instances) {
		if in.ended() {
			s.retireLocked(in) // it died while nobody asked it anything: no request meets it
			continue
		}
		if !in.dead && in.busy < rev.spec.InstanceConcurrency {
			in.busy++
			in.thaw()
			return in, false, nil
		}
	}
	in, refused = s.newInstance(f, rev, qualifier)
	return in, refused == nil, refused
}

// newInstance needs s.mu. It puts an instance on the books that has one slot taken and is not yet started.
func (s *Service) newInstance(f *function, rev *revision, qualifier string) (*instance, *Error) {
	if err := s.room(f, rev); err != nil {
		return nil, err
	}
	in := &instance{
		id: "c-" + hexID(4) + "-" + hexID(4) + "-" + hexID(6), fn: f, rev: rev, qualifier: orDefault(qualifier, latest),
		created: s.o.Clock(), ready: make(chan struct{}), busy: 1,
	}
	in.lines = &instanceLog{in: in, log: f.log, now: s.o.Clock}
	rev.instances = append(rev.instances, in)
	s.instances[in] = struct{}{}
	s.accountOf(f.account).instances++
	return in, nil
}

// replaceInstance makes up for an instance that a client has abandoned: a new one is started, and then the old one is stopped,
// so that nobody meets the abandoned request (fc.md §1.7). Beyond the limits it is only stopped.
func (s *Service) replaceInstance(old *instance, keys auth.Keys) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old.dead = true
	var next *instance
	if f := old.fn; !s.closed && !old.rev.retired && f.blocked == nil {
		next, _ = s.newInstance(f, old.rev, old.qualifier) // no room: the next request may find some
	}
	s.backgroundLocked(func() {
		if next != nil {
			s.start(next, keys, newRequestID())
			s.release(next)
		}
		s.shutdown(s.hard, old)
	})
}

// release gives a slot back and stops the instance when nobody will use it any more.
func (s *Service) release(in *instance) {
	s.mu.Lock()
	in.busy--
	in.lastUsed = s.o.Clock()
	over := in.busy == 0 && (in.rev.retired || in.fn.blocked != nil || in.unstarted())
	if in.unstarted() {
		in.dead = true
	}
	if _, cpu := s.kept(in.fn, in.rev); in.busy == 0 && !over && !in.dead && !s.o.NoFreeze && !cpu {
		in.freeze()
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

// ended tells whether the process has started and is gone.
func (in *instance) ended() bool {
	select {
	case <-in.ready:
		return in.cmd != nil && in.gone()
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
	s.background(func() { s.shutdown(s.hard, in) })
}

// stopIdle needs s.mu. It stops instances that had nothing to do for Limits.Idle.
func (s *Service) stopIdle(f *function, now time.Time) {
	for _, in := range f.allInstances() {
		if target, _ := s.kept(f, in.rev); target > 0 && in.rev.live() <= target {
			continue
		}
		if in.busy == 0 && !in.dead && now.Sub(in.lastUsed) >= s.o.Limits.Idle {
			in.dead = true
			s.backgroundLocked(func() { s.shutdown(s.hard, in) })
		}
	}
}

// retireNow needs s.mu. A revision takes no more requests; its instances finish what they do and stop.
func (s *Service) retireNow(f *function, old *revision) {
	old.retired = true
	f.old = append(f.old, old)
	for _, in := range old.instances {
		if in.busy == 0 && !in.dead {
			in.dead = true
			s.backgroundLocked(func() { s.shutdown(s.hard, in) })
		}
	}
	s.dropRevision(f, old)
}

func canceled(ctx context.Context) *Error {
	return errorf(499, "ClientClosedRequest", "the client closed the request: %v", context.Cause(ctx))
}
