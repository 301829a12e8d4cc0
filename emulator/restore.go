package emulator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/snapshot"
)

const (
	maxSnapshot  = 1 << 30          // of a snapshot that is sent
	snapshotWait = 10 * time.Second // for a moment at which no call runs
)

// kept is what a snapshot has beside the services.
type kept struct {
	World                 World
	Operator, Root, Users map[string]Keys
	Now                   time.Time
	Rate                  float64
}

// state is what a snapshot has of a cloud. What was recorded and the faults are not in it.
func (s *cloud) state(k *kept) map[string]any {
	return map[string]any{
		"accounts": s.iam, "directory": s.rd, "logs": s.sls, "functions": s.fc, "flows": s.flow,
		"products": s.products, "stacks": s.stacks, "buckets": s.oss, "world": k,
	}
}

// Snapshot returns the whole state of the cloud, for [Server.Restore] or Options.Snapshot of the same version. It waits
// for a moment at which no call runs, and fails when none comes in ten seconds. Flows that run are stopped in the cloud that
// begins with it, and runs of functions are lost there, as when their machines die. It holds the secrets of all keys.
func (s *Server) Snapshot(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, snapshotWait)
	defer cancel()
	if !s.gate.shut(ctx) {
		return nil, fmt.Errorf("%w: calls run, or another snapshot is taken; try again", errBusy)
	}
	defer s.gate.reopen()
	c := s.cloud()
	k := &kept{World: c.world, Operator: c.operator, Root: c.root, Users: c.users, Now: c.clock.Now(), Rate: c.clock.Rate()}
	return snapshot.Save(c.state(k), known())
}

// Restore throws the cloud away and begins again with the state of a snapshot, the clock included. Processes of functions
// start anew. It fails when b is no snapshot of this version; then the cloud stays as it is.
func (s *Server) Restore(ctx context.Context, b []byte) error {
	if len(b) > maxSnapshot {
		return errors.New("the snapshot is too long")
	}
	o, fill, err := restored(s.options, b)
	if err != nil {
		return err
	}
	return s.replace(ctx, o, fill)
}

// restored are the options of a cloud that begins from a snapshot, and what fills it. Its world is that of the snapshot, with
// the region, the limits and the delays.
func restored(o Options, b []byte) (Options, func(*cloud) error, error) {
	f, err := snapshot.Read(b)
	if err != nil {
		return o, nil, err
	}
	var k kept
	if err := f.Load(map[string]any{"world": &k}, nil); err != nil {
		return o, nil, err
	}
	o.World = k.World
	return o, func(c *cloud) error {
		if err := c.clock.Set(k.Now, k.Rate); err != nil { // first: what is repaired below is stamped with it
			return err
		}
		c.operator, c.root, c.users = k.Operator, k.Root, k.Users
		return f.Load(c.state(&k), known())
	}, nil
}

// known are types that interfaces in the state of services hold.
func known() snapshot.Types { return nil }
