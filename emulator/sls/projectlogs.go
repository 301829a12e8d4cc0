package sls

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/sls/analytics"
)

// getProjectLogs runs SQL over Logstores of a project: FROM names them, and WHERE bounds __time__ or __date__.
//
// Assumption: log:GetLogStoreLogs is asked for on each Logstore that is named. A search before a | may only be *. A
// statement that does not name __time__ or __date__ of a Logstore is ParameterInvalid.
func (c *call) getProjectLogs() error {
	statement := strings.TrimSpace(c.query.Get("query"))
	if search, rest, ok := strings.Cut(statement, "|"); ok && strings.TrimSpace(search) == "*" {
		statement = strings.TrimSpace(rest)
	}
	if !analytics.IsSQL(statement) {
		return invalidf("query must be an SQL statement: SELECT … FROM logstore WHERE __time__ > …")
	}
	done, err := c.beginAnalysis()
	if err != nil {
		return err
	}
	defer done()
	stores := map[string]*projectTable{}
	s, err := analytics.Prepare(statement, c.now, func(name string) ([]analytics.Column, bool, error) {
		t, err := c.projectTable(name, statement)
		if err != nil {
			return nil, false, err
		}
		stores[name] = t
		return columnsOf(t.fields), true, nil
	})
	if err != nil {
		return analysisError(c.ctx, err)
	}
	for name, t := range stores {
		if !s.Uses(name, "__time__") && !s.Uses(name, "__date__") {
			return invalidf("the statement must bound __time__ or __date__ of logstore %s", t.ls.name)
		}
	}
	q := &logQuery{Query: statement, search: statement, rest: statement, parsed: &node{kind: nodeAll}}
	a, err := c.runProject(s, stores)
	if err != nil {
		return err
	}
	f := &found{rows: a.table(), sql: a, looked: a.rows, lookedBytes: a.bytes}
	c.headersV1(q, f)
	return c.reply(f.rows)
}

// projectTable is a Logstore that a statement names.
type projectTable struct {
	ls     *logstore
	idx    *index
	fields []sqlField
}

func (c *call) projectTable(name, statement string) (*projectTable, error) {
	ls, err := c.s.openLogstore(c.ctx, c.who(), c.route.action, c.project, name)
	if err != nil {
		return nil, err
	}
	idx, err := ls.currentIndex()
	if err != nil {
		return nil, err
	}
	return &projectTable{ls, idx, idx.sqlFields(statement)}, nil
}

func (c *call) runProject(s *analytics.Statement, stores map[string]*projectTable) (*analysis, error) {
	ctx, cancel := context.WithTimeout(c.ctx, analysisTime)
	defer cancel()
	a := &analysis{defaultLimit: s.Default}
	start := time.Now()
	all := span{0, 1<<63 - 1}
	var err error
	a.Result, err = s.Run(ctx, func(ctx context.Context, name string, columns []int, add func([]any) error) error {
		t := stores[name]
		if t == nil {
			return errors.New("a table that was not opened")
		}
		t.ls.expire(c.now)
		everything := func(*candidate) bool { return true }
		r, err := c.s.scan(ctx, t.ls, everything, "", all, reach{bytes: c.s.opts.Quotas.AnalysisBytes})
		if err != nil {
			return err
		}
		a.rows, a.bytes, a.cut = a.rows+r.rows, a.bytes+r.bytes, a.cut || r.cut
		return c.s.feed(ctx, r, t.fields, columns, add)
	})
	if err != nil {
		return nil, analysisError(c.ctx, err)
	}
	a.cut, a.took = a.cut || a.Truncated, time.Since(start)
	return a, nil
}
