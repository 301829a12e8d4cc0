package sls

import (
	"fmt"
	"io"
	"time"
)

// Gap is a range of groups that expired before they were read. Since is when the newest group before it arrived, and
// Until when the first group after it did; each is zero when it is not known.
type Gap struct {
	From, To     Cursor // [From, To)
	Since, Until time.Time
}

// Lost returns how much time the gap spans, 0 when that is not known.
func (g *Gap) Lost() time.Duration {
	if g.Since.IsZero() || g.Until.IsZero() {
		return 0
	}
	return g.Until.Sub(g.Since)
}

// String says what was lost.
func (g *Gap) String() string {
	text := fmt.Sprintf("%d LogGroups expired before they were read, cursors [%d,%d)", g.To-g.From, g.From, g.To)
	if d := g.Lost(); d > 0 {
		text += ", " + d.String() + " of arrivals"
	}
	return text
}

// ShardEnd is how reading a shard ends that was split or merged: everything of it was read, and Next are the shards that
// go on with its keys. Who wants the records of a key in order begins with them only now. It wraps io.EOF.
type ShardEnd struct {
	Shard   int
	At      Cursor
	Next    []Shard
	Expired bool // the shard is no longer listed: what was not read of it has expired
}

// Error names the shard.
func (e *ShardEnd) Error() string {
	if e.Expired {
		return fmt.Sprintf("shard %d is no longer listed: what was not read of it has expired", e.Shard)
	}
	return fmt.Sprintf("shard %d was split or merged and is read to its end; %d shards go on", e.Shard, len(e.Next))
}

// Unwrap returns io.EOF.
func (e *ShardEnd) Unwrap() error { return io.EOF }
