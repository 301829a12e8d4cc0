package emulator

import (
	"context"
	"errors"
	"time"
)

// errBusy is why a snapshot cannot be taken now.
var errBusy = errors.New("the cloud is busy")

// Advance lets the clock of the cloud jump forward, and fires at once what became due: timers and schedules. It fails
// when by is negative.
func (s *Server) Advance(by time.Duration) error {
	c := s.cloud()
	if err := c.clock.Advance(by); err != nil {
		return err
	}
	c.flow.Tick()
	c.fc.Tick()
	return nil
}

// Reset throws the cloud away and begins again with the world: functions and flows end, keys of the world stay the same,
// faults begin anew, the clock shows its start. Calls that run meanwhile meet either.
func (s *Server) Reset(ctx context.Context) error { return s.replace(ctx, s.options, (*cloud).seed) }

// replace serves another cloud from now on, and ends the old one. When the new one cannot be made, the old one stays.
func (s *Server) replace(ctx context.Context, o Options, fill func(*cloud) error) error {
	next, err := newCloud(o, s.host, fill)
	if err != nil {
		return err
	}
	s.mu.Lock()
	old := s.current
	s.current = next
	s.mu.Unlock()
	return old.close(ctx)
}
