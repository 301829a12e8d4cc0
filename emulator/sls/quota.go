package sls

import (
	"cmp"
	"net/http"
	"sync"
	"time"
)

// Quotas are limits that can be switched on; a zero field is no limit. What the service refuses without a quota being
// raised or lowered is not here: the form of a request, the retention of 1 to 3650 days, 100 shards of a new Logstore,
// 1000 LogGroups a pull, 10 MB a PutLogs, 30 conditions and 100 logs a query, 15 minutes of clock skew.
type Quotas struct {
	Projects       int `yaml:"projects"`        // of an account; beyond: 400 ProjectQuotaExceed
	Logstores      int `yaml:"logstores"`       // of a project; beyond: 400 ProjectQuotaExceed
	Shards         int `yaml:"shards"`          // of a project; beyond: 400 ProjectQuotaExceed
	LogstoreShards int `yaml:"logstore_shards"` // writable ones of a Logstore; beyond: 400 ProjectQuotaExceed
	SavedSearches  int `yaml:"saved_searches"`  // of a project; beyond: 400 ExceedQuota
	Alerts         int `yaml:"alerts"`          // of a project; beyond: 400 ExceedQuota
	ConsumerGroups int `yaml:"consumer_groups"` // of a Logstore; beyond: 400 ExceedQuota

	ProjectWriteBytes int `yaml:"project_write_bytes"` // a minute; beyond: 403 WriteQuotaExceed
	ProjectWriteCalls int `yaml:"project_write_calls"` // a minute; beyond: 403 WriteQuotaExceed
	ProjectReadCalls  int `yaml:"project_read_calls"`  // a minute; beyond: 403 ReadQuotaExceed

	WriteBytes          int `yaml:"shard_write_bytes"`           // a second, of a Logstore with index; beyond: 403 ShardWriteQuotaExceed
	WriteBytesUnindexed int `yaml:"shard_write_bytes_unindexed"` // the same without index
	WriteCalls          int `yaml:"shard_write_calls"`           // a second; beyond: 403 ShardWriteQuotaExceed
	ReadBytes           int `yaml:"shard_read_bytes"`            // a second; beyond: 403 ShardReadQuotaExceed
	ReadCalls           int `yaml:"shard_read_calls"`            // a second; beyond: 403 ShardReadQuotaExceed

	Searches   int `yaml:"searches"`    // of a project at a time; beyond: 403 ReadQuotaExceed
	ValueBytes int `yaml:"value_bytes"` // of a value that can be searched; the rest of it is not found
}

const (
	documentedLogstores = 200
	mb                  = 1_000_000
)

// DocumentedQuotas are the limits of an account for which none was raised. Where the documentation has two values, this
// is the newer: 20 MB/s read from a shard, 30 consumer groups.
func DocumentedQuotas() Quotas {
	return Quotas{
		Projects: 150, Logstores: documentedLogstores, Shards: 400, SavedSearches: 100, Alerts: 100, ConsumerGroups: 30,
		ProjectWriteBytes: 100_000 * mb, ProjectWriteCalls: 600_000, ProjectReadCalls: 600_000,
		WriteBytes: 5 * mb, WriteBytesUnindexed: 10 * mb, WriteCalls: 500, ReadBytes: 20 * mb, ReadCalls: 100,
		Searches: 100, ValueBytes: 512 << 10,
	}
}

// Or fills the fields that are zero from other.
func (q Quotas) Or(other Quotas) Quotas {
	for _, f := range []struct {
		to   *int
		from int
	}{
		{&q.Projects, other.Projects},
		{&q.Logstores, other.Logstores},
		{&q.Shards, other.Shards},
		{&q.LogstoreShards, other.LogstoreShards},
		{&q.SavedSearches, other.SavedSearches},
		{&q.Alerts, other.Alerts},
		{&q.ConsumerGroups, other.ConsumerGroups},
		{&q.ProjectWriteBytes, other.ProjectWriteBytes},
		{&q.ProjectWriteCalls, other.ProjectWriteCalls},
		{&q.ProjectReadCalls, other.ProjectReadCalls},
		{&q.WriteBytes, other.WriteBytes},
		{&q.WriteBytesUnindexed, other.WriteBytesUnindexed},
		{&q.WriteCalls, other.WriteCalls},
		{&q.ReadBytes, other.ReadBytes},
		{&q.ReadCalls, other.ReadCalls},
		{&q.Searches, other.Searches},
		{&q.ValueBytes, other.ValueBytes},
	} {
		*f.to = cmp.Or(*f.to, f.from)
	}
	return q
}

// shardWriteBytes is the volume that one shard of a Logstore takes in a second.
func (q Quotas) shardWriteBytes(ls *logstore) int {
	if q.WriteBytes == q.WriteBytesUnindexed {
		return q.WriteBytes
	}
	if _, err := ls.currentIndex(); err != nil {
		return q.WriteBytesUnindexed
	}
	return q.WriteBytes
}

// meter counts the calls and bytes of the current period.
type meter struct {
	mu     sync.Mutex
	period int64 // unix time divided by its length
	calls  int
	bytes  int
}

// take counts one call of n bytes and reports whether it is within the limits of a second. A call is let through while
// the second still has room, so one large call can pass the limit but not the next.
func (m *meter) take(now time.Time, n, maxCalls, maxBytes int) bool {
	return m.takeIn(now.Unix(), n, maxCalls, maxBytes)
}

// takeMinute is take with limits of a minute.
func (m *meter) takeMinute(now time.Time, n, maxCalls, maxBytes int) bool {
	return m.takeIn(now.Unix()/60, n, maxCalls, maxBytes)
}

func (m *meter) takeIn(period int64, n, maxCalls, maxBytes int) bool {
	if maxCalls == 0 && maxBytes == 0 {
		return true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if period != m.period {
		m.period, m.calls, m.bytes = period, 0, 0
	}
	if maxCalls > 0 && m.calls >= maxCalls || maxBytes > 0 && m.bytes >= maxBytes {
		return false
	}
	m.calls++
	m.bytes += n
	return true
}

func quotaExceed(code string, shard int) error {
	return failf(http.StatusForbidden, code, "shard %d exceeds its quota of this second", shard)
}

// takeWrite counts one write of n bytes to a project.
func (s *Service) takeWrite(p *project, n int, now time.Time) error {
	q := s.opts.Quotas
	if p.writes.takeMinute(now, n, q.ProjectWriteCalls, q.ProjectWriteBytes) {
		return nil
	}
	return failf(http.StatusForbidden, "WriteQuotaExceed", "Project write quota exceed: project %s", p.name)
}

// takeRead counts one read of a project.
//
// Assumption: the calls that count are those that read logs: cursors, PullLogs, GetLogs, GetHistograms and
// GetContextLogs. The limit is documented, which calls it is about is not.
func (s *Service) takeRead(p *project, action string, now time.Time) error {
	switch action {
	case "log:GetCursorOrData", "log:GetLogStoreLogs", "log:GetLogStoreHistogram", "log:GetLogStoreContextLogs":
	default:
		return nil
	}
	if p.reads.takeMinute(now, 0, s.opts.Quotas.ProjectReadCalls, 0) {
		return nil
	}
	return failf(http.StatusForbidden, "ReadQuotaExceed", "Project read quota exceed: project %s", p.name)
}

// searching runs a search unless the project runs as many as it may.
//
// Assumption: one search too many is 403 ReadQuotaExceed; the limit is documented, the code is not.
func searching(handle func(*call) error) func(*call) error {
	return func(c *call) error {
		limit := c.s.opts.Quotas.Searches
		p, err := c.s.lookup(c.project)
		if limit == 0 || err != nil {
			return handle(c)
		}
		defer p.searching.Add(-1)
		if p.searching.Add(1) > int64(limit) {
			return failf(http.StatusForbidden, "ReadQuotaExceed", "project %s runs %d searches, which is all that it may", p.name, limit)
		}
		return handle(c)
	}
}

// tooMany is the answer to a project, Logstore or shard beyond the quota.
//
// Assumption: projects and shards have the code and status of Logstores, which are documented.
func tooMany(what string, limit int) error {
	return failf(http.StatusBadRequest, "ProjectQuotaExceed", "the quota of %d %s is used up", limit, what)
}

// countExceeds is the answer to a saved search, alert or consumer group beyond the quota.
//
// Assumption: the status is 400, and alerts and consumer groups have the code of saved searches.
func countExceeds(what string) error {
	return failf(http.StatusBadRequest, "ExceedQuota", "%s quota exceed", what)
}

// checkShards fails when a Logstore may not get more shards; ls is nil for one that is made now. p.mu is held.
//
// Assumption: only shards that can be written count.
func (s *Service) checkShards(p *project, ls *logstore, more int) error {
	q := s.opts.Quotas
	if q.Shards == 0 && q.LogstoreShards == 0 {
		return nil
	}
	own, all := 0, 0
	for _, other := range p.stores {
		n := other.writable()
		if all += n; other == ls {
			own = n
		}
	}
	switch {
	case q.LogstoreShards > 0 && own+more > q.LogstoreShards:
		return tooMany("shards of a logstore", q.LogstoreShards)
	case q.Shards > 0 && all+more > q.Shards:
		return tooMany("shards of a project", q.Shards)
	}
	return nil
}

// writable is how many shards can be written.
func (ls *logstore) writable() int {
	n := 0
	for _, sh := range ls.allShards() {
		if sh.status() == "readwrite" {
			n++
		}
	}
	return n
}
