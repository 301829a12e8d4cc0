package analytics

import (
	"fmt"
	"strings"
	"time"
)

// Column is a field of the logs that a statement may name.
type Column struct {
	Name   string
	Type   Type
	Hidden bool // SELECT * leaves it out
}

// Tables answers the columns of a table that a FROM names; ok false means that there is no such table.
type Tables func(name string) (columns []Column, ok bool, err error)

// table is a source of rows that a statement uses.
type table struct {
	name    string // as it was named
	sql     string
	columns []Column
	used    []bool // columns that are named
}

// compiler writes one statement anew for the engine.
type compiler struct {
	tables    Tables
	now       time.Time
	sources   []*table
	relations int
	withs     int
	params    []any
	numbers   map[any]string // of params
	memo      map[*expr]compiled
	depth     int
	crossed   bool // a column of a query around was named
	quiet     bool // inside TRY
	weight    int  // of all that was written
}

// compiled is an expression as the engine reads it.
type compiled struct {
	sql    string
	typ    Type
	agg    bool // holds an aggregate
	window bool // holds a window function
	outer  bool // names a column of a query around
	weight int  // of it and of what the names in it stand for
	// query: it is a query or IN with one; correlated: that query names columns of this SELECT.
	query, correlated bool
	alias             *expr // what a name of the select list stands for
}

const (
	// mostRows is the largest LIMIT, usualRows the one that holds when there is none, as the service documents them.
	mostRows  = 1_000_000
	usualRows = 100
)

// maxWeight bounds what the engine makes of a statement before it runs: it copies a query of WITH to every place that
// names it, and the expression of a column to every place that uses it, so sub-queries in each other double and double.
const maxWeight = 100_000

// spend counts n more.
func (c *compiler) spend(at place, n int) error {
	if c.weight += n; c.weight > maxWeight {
		return at.failf("the statement is too complex")
	}
	return nil
}

func newCompiler(tables Tables, now time.Time) *compiler {
	return &compiler{tables: tables, now: now, numbers: map[any]string{}, memo: map[*expr]compiled{}}
}

// table finds a table by its name; nil = none.
func (c *compiler) table(name string) (*table, error) {
	for _, t := range c.sources {
		if strings.EqualFold(t.name, name) {
			return t, nil
		}
	}
	columns, ok, err := c.tables(name)
	if err != nil || !ok {
		return nil, err
	}
	t := &table{name: name, sql: fmt.Sprintf("t%d", len(c.sources)), columns: columns, used: make([]bool, len(columns))}
	c.sources = append(c.sources, t)
	return t, nil
}

// param makes a parameter of a value, so that no text of the statement becomes SQL.
func (c *compiler) param(v any) string {
	if b, ok := v.(bool); ok {
		v = int64(0)
		if b {
			v = int64(1)
		}
	}
	if v == nil {
		return "NULL"
	}
	if name, ok := c.numbers[v]; ok {
		return name
	}
	c.params = append(c.params, v)
	name := fmt.Sprintf("?%d", len(c.params))
	c.numbers[v] = name
	return name
}

// query writes a query. Its columns are called a0, a1, … in what is written.
func (c *compiler) query(q *query, e env) (string, []column, error) {
	prefix, e, err := c.with(q, e)
	if err != nil {
		return "", nil, err
	}
	if q.limit > mostRows {
		return "", nil, q.at.failf("LIMIT must be at most %d", mostRows)
	}
	tail := ""
	if q.limit >= 0 || q.offset > 0 {
		tail = fmt.Sprintf(" LIMIT %d OFFSET %d", q.limit, q.offset)
	}
	if q.one != nil {
		sql, cols, err := c.selection(q.one, q.order, e)
		return prefix + sql + tail, cols, err
	}
	sql, cols, err := c.combined(q, e)
	if err != nil {
		return "", nil, err
	}
	order, err := c.orderOutput(q.order, cols, e)
	return prefix + "SELECT " + outputs(cols) + " FROM (" + sql + ") AS o" + order + tail, cols, err
}

func outputs(cols []column) string {
	list := make([]string, len(cols))
	for i := range cols {
		list[i] = fmt.Sprintf("a%d", i)
	}
	return strings.Join(list, ", ")
}

func (c *compiler) with(q *query, e env) (string, env, error) {
	var list []string
	for _, w := range q.withs {
		before := c.weight
		sql, cols, err := c.query(w.query, env{withs: e.withs})
		if err != nil {
			return "", e, err
		}
		if len(w.columns) > 0 && len(w.columns) != len(cols) {
			return "", e, w.at.failf("WITH query '%s' has %d column aliases and %d columns", w.name, len(w.columns), len(cols))
		}
		for i, name := range w.columns {
			cols[i].name = name
		}
		c.withs++
		name := fmt.Sprintf("w%d", c.withs)
		list = append(list, name+" AS ("+sql+")")
		e.withs = &named{w.name, name, cols, c.weight - before, e.withs}
	}
	if len(list) == 0 {
		return "", e, nil
	}
	return "WITH " + strings.Join(list, ", ") + " ", e, nil
}

// combined writes UNION, INTERSECT and EXCEPT, or a query in parentheses.
func (c *compiler) combined(q *query, e env) (string, []column, error) {
	left, lc, err := c.query(q.left, e)
	if err != nil || q.op == "" {
		return left, lc, err
	}
	right, rc, err := c.query(q.right, e)
	if err != nil {
		return "", nil, err
	}
	if len(lc) != len(rc) {
		return "", nil, q.at.failf("%s query has different number of fields: %d, %d", q.op, len(lc), len(rc))
	}
	cols := make([]column, len(lc))
	l, r := make([]string, len(lc)), make([]string, len(lc))
	for i := range lc {
		typ, ok := common(lc[i].typ, rc[i].typ)
		if !ok {
			return "", nil, q.at.failf("column %d in %s query has incompatible types: %s, %s", i+1, q.op, lc[i].typ, rc[i].typ)
		}
		cols[i] = column{name: lc[i].name, sql: lc[i].sql, typ: typ, weight: lc[i].weight + rc[i].weight}
		l[i] = convert(fmt.Sprintf("a%d", i), lc[i].typ, typ) + fmt.Sprintf(" AS a%d", i)
		r[i] = convert(fmt.Sprintf("a%d", i), rc[i].typ, typ) + fmt.Sprintf(" AS a%d", i)
	}
	return "SELECT " + strings.Join(l, ", ") + " FROM (" + left + ") AS l " + q.op + " SELECT " + strings.Join(r, ", ") + " FROM (" + right + ") AS r", cols, nil
}

// orderOutput orders by columns of the result alone.
func (c *compiler) orderOutput(keys []order, cols []column, e env) (string, error) {
	var list []string
	s := &scope{outer: e.outer}
	for i, col := range cols {
		s.columns = append(s.columns, column{name: col.name, sql: fmt.Sprintf("a%d", i), typ: col.typ, weight: col.weight})
	}
	for _, k := range keys {
		sql, ok, err := ordinal(k.e, cols)
		if err != nil {
			return "", err
		}
		if !ok {
			x, err := c.expr(k.e, s, e, false)
			if err != nil {
				return "", err
			}
			if !x.typ.ordered() {
				return "", k.e.at.failf("Type %s is not orderable, and therefore cannot be used in ORDER BY", x.typ)
			}
			sql = x.sql
		}
		list = append(list, k.suffix(sql))
	}
	return orderBy(list), nil
}

func orderBy(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return " ORDER BY " + strings.Join(list, ", ")
}

// suffix adds the direction; nulls come last in either, unless it says otherwise.
func (o order) suffix(sql string) string {
	if o.desc {
		sql += " DESC"
	}
	if o.nullsFirst {
		return sql + " NULLS FIRST"
	}
	return sql + " NULLS LAST"
}

// ordinal reads the number of a column in GROUP BY and ORDER BY.
func ordinal(e *expr, cols []column) (string, bool, error) {
	n, ok := e.value.(int64)
	if e.kind != exprLiteral || !ok {
		return "", false, nil
	}
	if n < 1 || n > int64(len(cols)) {
		return "", false, e.at.failf("position %d is not in select list", n)
	}
	if !cols[n-1].typ.ordered() {
		return "", false, e.at.failf("Type %s is not orderable, and therefore cannot be used in ORDER BY", cols[n-1].typ)
	}
	return fmt.Sprintf("a%d", n-1), true, nil
}

// convert writes the change of type that needs no cast.
func convert(sql string, from, to Type) string {
	if from == Bigint && to == Double {
		return "CAST(" + sql + " AS REAL)"
	}
	return sql
}
