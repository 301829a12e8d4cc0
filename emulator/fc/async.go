package fc

import (
	"context"
	"net/http"
	"time"
)

// enqueue accepts an asynchronous call; it runs in the background. In task mode a task id that was used before is
// accepted and not run again.
func (s *Service) enqueue(f *function, c *call) *Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return closing()
	}
	a := s.accountOf(f.account)
	if a.async >= s.o.Limits.AsyncQueue {
		return errorf(http.StatusTooManyRequests, "ResourceExhausted", "%d asynchronous invocations wait already", a.async)
	}
	accepted := s.o.Clock()
	t, err := f.tasks.accept(f.asyncOf(c.qualifier), c, accepted)
	if err != nil || c.repeated {
		return err
	}
	ctx, cancel := context.WithCancelCause(s.ctx)
	if t != nil {
		t.cancel = cancel
	}
	a.async++
	s.work.Go(func() {
		defer cancel(nil)
		s.runAsync(ctx, f, c, t, accepted)
		s.mu.Lock()
		a.async--
		s.mu.Unlock()
	})
	return nil
}

// throttledFor is how long calls that met the concurrency limit are tried again (fc.md §4.3).
const throttledFor = 5 * time.Hour

// runAsync runs a call to its end and then calls the destination. t is nil without task mode.
func (s *Service) runAsync(ctx context.Context, f *function, c *call, t *task, accepted time.Time) {
	out, tries, state := s.tryAsync(ctx, f, c, t, accepted)
	if c.ended != nil && out != nil {
		c.ended(out)
	}
	if state == "" {
		return // the service closes
	}
	s.endTask(t, state, out)
	if state != taskStopped {
		s.finishAsync(f, c, out, tries)
	}
}

// tryAsync tries a call until it succeeds, is given up, is stopped or is too old. It returns the outcome of the last try,
// how many there were without those that met the concurrency limit, and the state that a task has then, "" when the service closes.
func (s *Service) tryAsync(ctx context.Context, f *function, c *call, t *task, accepted time.Time) (out *outcome, tries int, state string) {
	wait := s.o.Limits.RetryBase
	for {
		s.mu.Lock()
		config := f.asyncOf(c.qualifier)
		s.mu.Unlock()
		age := s.o.Clock().Sub(accepted)
		if age > config.maxAge() {
			if out == nil {
				out = &outcome{refused: expired(config.maxAge())}
			}
			return out, tries, taskExpired
		}
		c.retries = tries
		s.noteTask(t, taskRunning, tries)
		out = s.execute(ctx, f, c)
		if context.Cause(ctx) == errTaskStopped {
			return out, tries + 1, taskStopped
		}
		throttled := out.refused != nil && out.refused.Status == http.StatusTooManyRequests
		if throttled && age >= throttledFor || !throttled && (!retryAsync(out) || tries >= config.retries()) {
			return out, tries + 1, finalState(out)
		}
		if !throttled {
			tries++
		}
		s.noteTask(t, taskRetrying, tries)
		if !s.o.Sleep(ctx, wait) {
			if context.Cause(ctx) == errTaskStopped {
				return out, tries, taskStopped
			}
			return nil, tries, ""
		}
		wait = min(2*wait, 5*time.Minute)
	}
}

// expired is how an event ends that was too old before its first try.
//
// Assumption: the code and status that a destination sees; fc.md §4.3 names only the task state Expired.
func expired(age time.Duration) *Error {
	return errorf(http.StatusBadRequest, "AsyncInvocationExpired", "the event is older than %v", age)
}

// retryAsync tells whether another try follows a function error.
//
// Assumption: function errors wait like throttled calls do (0.5 s, then doubled), none longer than 5 minutes, and a start
// failure counts as a function error; other refusals, such as a role that cannot be assumed, are not tried again.
func retryAsync(out *outcome) bool {
	return out.errorType != "" || out.refused != nil && out.refused.Code == codeNotStarted
}

// sleep waits in real time; false when ctx ends first.
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
