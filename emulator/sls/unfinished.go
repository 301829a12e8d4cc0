package sls

import (
	"fmt"
	"sync"
)

// unfinished remembers how many logs a search looked at that is not complete yet. It is safe for concurrent use.
type unfinished struct {
	mu     sync.Mutex
	looked map[string]int
}

// mostUnfinished bounds what is kept of searches that nobody repeats.
const mostUnfinished = 10_000

func (u *unfinished) get(key string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.looked[key]
}

// set keeps what a search looked at; 0 forgets it.
func (u *unfinished) set(key string, logs int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.looked == nil || len(u.looked) >= mostUnfinished {
		u.looked = map[string]int{}
	}
	if u.looked[key] = logs; logs == 0 {
		delete(u.looked, key)
	}
}

// searchKey names a search: that it is repeated shows by the same call with the same query on the same logs.
func (c *call) searchKey(q *logQuery, ls *logstore) string {
	return fmt.Sprintf("%s\n%s\n%s\n%s\n%d.%d-%d.%d\n%s", c.route.name, c.project, ls.name, q.Topic, *q.From, q.FromNs, *q.To, q.ToNs, q.Query)
}

// look runs a search as far as it reaches in this try.
//
// Assumption: the service goes on with an incomplete search when the same request comes again; here it looks at as many
// logs more. When and where the real one stops is not documented.
func (c *call) look(q *logQuery, ls *logstore, m matcher, within span) (*result, error) {
	limit := reach{}
	if q.rest != "" {
		limit.bytes = c.s.opts.Quotas.AnalysisBytes
	}
	if c.s.opts.SearchLogs == 0 {
		return c.s.scan(c.ctx, ls, m, q.Topic, within, limit)
	}
	key := c.searchKey(q, ls)
	limit.logs = c.s.searched.get(key) + c.s.opts.SearchLogs
	r, err := c.s.scan(c.ctx, ls, m, q.Topic, within, limit)
	if err != nil {
		return nil, err
	}
	looked := 0
	if r.partial {
		looked = r.rows
	}
	c.s.searched.set(key, looked)
	return r, nil
}
