package sls

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/sls/analytics"
)

// analysisTime is how long a statement may run. The service allows 55 s and more; here it also bounds the memory that a
// hostile join can take.
const analysisTime = 20 * time.Second

// running counts what is under way by project.
type running struct {
	mu   sync.Mutex
	list map[string]int
}

// begin counts one more, unless there are limit already; 0 is no limit.
func (r *running) begin(project string, limit int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if limit > 0 && r.list[project] >= limit {
		return false
	}
	if r.list == nil {
		r.list = map[string]int{}
	}
	r.list[project]++
	return true
}

func (r *running) end(project string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.list[project]--; r.list[project] <= 0 {
		delete(r.list, project)
	}
}

// beginAnalysis takes a place among the statements of the project.
//
// Assumption: one too many is 403 ReadQuotaExceed. The number is documented, the code is not.
func (c *call) beginAnalysis() (done func(), err error) {
	if !c.s.analyses.begin(c.project, c.s.opts.Quotas.Analyses) {
		return nil, failf(http.StatusForbidden, "ReadQuotaExceed", "project %s has %d SQL statements under way", c.project, c.s.opts.Quotas.Analyses)
	}
	return func() { c.s.analyses.end(c.project) }, nil
}

// analysisError is an error of analytics as the service answers it.
//
// Assumption: whatever is wrong with SQL or SPL is ParameterInvalid, also what shows only on the data, and the end of
// the time.
func analysisError(parent context.Context, err error) error {
	var refused *analytics.Error
	switch {
	case errors.As(err, &refused):
		return invalidf("%v", refused)
	case errors.Is(err, context.DeadlineExceeded) && parent.Err() == nil:
		return invalidf("Query exceeded maximum time limit of %v", analysisTime)
	}
	return err
}

// analysis is what a statement found, with what the meta says of it.
type analysis struct {
	*analytics.Result
	defaultLimit bool
	cut          bool // not all logs were read
	partial      bool // because the search was not complete
	rows, bytes  int
	took         time.Duration
}

// analyse runs SQL on the logs that the search found.
func (c *call) analyse(q *logQuery, ls *logstore, idx *index) (*analysis, error) {
	done, err := c.beginAnalysis()
	if err != nil {
		return nil, err
	}
	defer done()
	fields := idx.sqlFields(q.rest)
	s, err := analytics.Prepare(q.rest, c.now, func(name string) ([]analytics.Column, bool, error) {
		return columnsOf(fields), strings.EqualFold(name, "log"), nil
	})
	if err != nil {
		return nil, analysisError(c.ctx, err)
	}
	ctx, cancel := context.WithTimeout(c.ctx, analysisTime)
	defer cancel()
	r, err := c.run(q, ls, idx)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	out, err := s.Run(ctx, func(ctx context.Context, _ string, columns []int, add func([]any) error) error {
		return c.s.feed(ctx, r, fields, columns, add)
	})
	if err != nil {
		return nil, analysisError(c.ctx, err)
	}
	return &analysis{
		Result: out, defaultLimit: s.Default, cut: r.cut || out.Truncated, partial: r.partial,
		rows: r.rows, bytes: r.bytes, took: time.Since(start),
	}, nil
}

// feed hands the columns of the logs that were found on, in the order in which they are stored.
func (s *Service) feed(ctx context.Context, r *result, fields []sqlField, columns []int, add func([]any) error) error {
	values := make([]any, len(columns))
	return s.stored(ctx, r, func(_ hit, c *candidate) error {
		for i, n := range columns {
			values[i] = fields[n].read(c)
		}
		return add(values)
	})
}

// stored visits the logs that were found in the order in which they are stored, so that each group is decoded once.
func (s *Service) stored(ctx context.Context, r *result, visit func(hit, *candidate) error) error {
	hits := slices.Clone(r.hits)
	slices.SortFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.shard, b.shard), cmp.Compare(a.group, b.group), cmp.Compare(a.log, b.log))
	})
	sc := scratches.Get().(*scratch)
	defer sc.release()
	c := candidate{group: &sc.group, log: &sc.record}
	for i, h := range hits {
		if i == 0 || h.shard != hits[i-1].shard || h.group != hits[i-1].group {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := s.load(&r.shards[h.shard][h.group], sc); err != nil {
				return err
			}
		}
		if err := sc.record.decode(sc.group.logs[h.log]); err != nil {
			return err
		}
		clear(c.docs)
		if err := visit(h, &c); err != nil {
			return err
		}
	}
	return nil
}

// table is the rows as the answer holds them.
//
// Assumption: of two columns with one name the row shows the last; meta.keys names both.
func (a *analysis) table() []map[string]string {
	rows := make([]map[string]string, len(a.Rows))
	for i, row := range a.Rows {
		rows[i] = make(map[string]string, len(row))
		for j, key := range a.Keys {
			rows[i][key] = row[j]
		}
	}
	return rows
}

// limited is what the meta says of the rows.
//
// Assumption: the usual 100 when the statement has no LIMIT, else 0.
func (a *analysis) limited() int {
	if a.defaultLimit {
		return 100
	}
	return 0
}
