package integration

import (
	"fmt"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// InitialFor is how long a source may take from being switched on to its first record: discovery runs every few
// minutes and a product delivers within minutes (soc.md A5).
const InitialFor = 10 * time.Minute

// DelayedAfter is how old the read position of a shard may grow while data waits behind it.
const DelayedAfter = 5 * time.Minute

// Progress is how far one shard was read, and whether data waits behind that position.
type Progress struct {
	Shard    string // project/logstore/shard
	Waiting  bool
	Finished bool // read-only, and read to its end
	Error    string
	LastRead time.Time // zero when it was never read
	LastLog  time.Time // arrival of the newest record read
}

// Observation is what is known of a data source when its health is computed.
type Observation struct {
	Enabled     bool
	Since       time.Time // when the policy was switched on or last changed
	Problem     string    // why the account or its Logstores could not be read, "" when they could
	Stores      int       // Logstores found
	Shards      []Progress
	SilentAfter time.Duration
}

// Assess tells the health of a data source and, unless it is healthy, why and what to do. It looks at what arrived
// and at reads that were refused, never at configuration alone.
func Assess(o Observation, now time.Time) (soc.Health, string) {
	fresh := now.Sub(o.Since) < InitialFor
	switch {
	case !o.Enabled:
		return initial(false)
	case o.Problem != "":
		return soc.Failed, o.Problem
	case o.Stores == 0 && fresh:
		return soc.Initialising, "no Logstore was found yet"
	case o.Stores == 0:
		return soc.Failed, "no Logstore of this kind was found; switch the product's log service on in the account"
	}
	var newest time.Time
	for _, h := range o.Shards {
		if h.Error != "" && !h.Finished {
			return soc.Failed, "shard " + h.Shard + ": " + h.Error
		}
		if h.LastLog.After(newest) {
			newest = h.LastLog
		}
	}
	for _, h := range o.Shards {
		if !h.Waiting || h.Finished || fresh && newest.IsZero() {
			continue
		}
		if now.Sub(h.LastRead) > DelayedAfter || now.Sub(h.LastLog) > DelayedAfter {
			return soc.Delayed, fmt.Sprintf("data waits in shard %s since before %s; see whether collect runs and keeps up", h.Shard, now.Add(-DelayedAfter).UTC().Format(time.RFC3339))
		}
	}
	switch {
	case newest.IsZero() && fresh:
		return soc.Initialising, "no record arrived yet"
	case newest.IsZero():
		return soc.Silent, "no record ever arrived; see whether the product writes to the Logstore"
	case now.Sub(newest) > o.SilentAfter:
		return soc.Silent, "the newest record is of " + newest.UTC().Format(time.RFC3339) + "; see whether the product still writes to the Logstore"
	}
	return soc.Healthy, ""
}
