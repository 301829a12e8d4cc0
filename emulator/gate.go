package emulator

import (
	"context"
	"sync"
)

// gate lets calls in, and closes when none is inside, so that nothing changes while a snapshot is taken. Calls that a
// running call waits for, as those of a function, are let in as long as the gate is open: closing waits, never they.
type gate struct {
	mu     sync.Mutex
	inside int
	empty  chan struct{} // closed when the last one leaves; nil when nobody waits for that
	open   chan struct{} // closed when the gate opens again; nil when it is open
}

// enter waits until the gate is open. It returns false when ctx ended before.
func (g *gate) enter(ctx context.Context) bool {
	for {
		g.mu.Lock()
		open := g.open
		if open == nil {
			g.inside++
			g.mu.Unlock()
			return true
		}
		g.mu.Unlock()
		select {
		case <-open:
		case <-ctx.Done():
			return false
		}
	}
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside--; g.inside == 0 && g.empty != nil {
		close(g.empty)
		g.empty = nil
	}
}

// shut closes the gate at a moment at which nobody is inside. It returns false when ctx ended before, or another one
// has closed it.
func (g *gate) shut(ctx context.Context) bool {
	for {
		g.mu.Lock()
		if g.open != nil {
			g.mu.Unlock()
			return false
		}
		if g.inside == 0 {
			g.open = make(chan struct{})
			g.mu.Unlock()
			return true
		}
		if g.empty == nil {
			g.empty = make(chan struct{})
		}
		empty := g.empty
		g.mu.Unlock()
		select {
		case <-empty:
		case <-ctx.Done():
			return false
		}
	}
}

// reopen lets calls in again.
func (g *gate) reopen() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.open)
	g.open = nil
}
