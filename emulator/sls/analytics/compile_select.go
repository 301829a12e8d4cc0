package analytics

import (
	"fmt"
	"strings"
)

// picked is one column of the result of a SELECT.
type picked struct {
	e    *expr // nil for a column of *
	name string
	x    compiled
}

// selecting is one SELECT while it is written.
type selecting struct {
	c       *compiler
	s       *selection
	e       env
	scope   *scope
	items   []picked
	groups  map[string]bool // what is grouped by, as written
	grouped bool            // there are groups or aggregates
}

// selection writes one SELECT with its ORDER BY.
func (c *compiler) selection(s *selection, keys []order, e env) (string, []column, error) {
	w := &selecting{c: c, s: s, e: e, scope: &scope{outer: e.outer}, groups: map[string]bool{}}
	from, err := w.from()
	if err != nil {
		return "", nil, err
	}
	where := ""
	if s.where != nil {
		if where, err = c.boolean(s.where, w.scope, e, "WHERE clause", false); err != nil {
			return "", nil, err
		}
		where = " WHERE " + where
	}
	cols, list, err := w.list()
	if err != nil {
		return "", nil, err
	}
	group, err := w.group(cols)
	if err != nil {
		return "", nil, err
	}
	having, err := w.having()
	if err != nil {
		return "", nil, err
	}
	order, err := w.order(keys, cols)
	if err != nil {
		return "", nil, err
	}
	if err := w.covered(); err != nil {
		return "", nil, err
	}
	distinct := ""
	if s.distinct {
		distinct = "DISTINCT "
	}
	return "SELECT " + distinct + strings.Join(list, ", ") + from + where + group + having + order, cols, nil
}

// from writes the FROM. The statement itself reads the logs when it names nothing; a sub-query without FROM has one row.
func (w *selecting) from() (string, error) {
	r := w.s.from
	if r == nil && !w.e.top {
		return "", nil
	}
	if r == nil {
		r = &relation{at: w.s.at, name: "log"}
	}
	sql, cols, err := w.c.relation(r, w.e)
	if err != nil {
		return "", err
	}
	w.scope.columns = cols
	return " FROM " + sql, nil
}

// list writes the select list.
//
// Assumption: a column without a name is called _col and its number from 0, and a name keeps its case.
func (w *selecting) list() ([]column, []string, error) {
	w.scope.aliases = map[string]*expr{}
	for _, it := range w.s.items {
		if it.e.kind == exprStar {
			if err := w.star(it.e); err != nil {
				return nil, nil, err
			}
			continue
		}
		aliases := w.scope.aliases
		w.scope.aliases = nil // the select list does not see its own names
		x, err := w.c.expr(it.e, w.scope, w.e, true)
		w.scope.aliases = aliases
		if err != nil {
			return nil, nil, err
		}
		if x.typ == interval {
			return nil, nil, it.e.at.notOffered("an interval as a result")
		}
		name := it.alias
		if name == "" && it.e.kind == exprColumn {
			name = it.e.name[len(it.e.name)-1]
		}
		if name == "" {
			name = fmt.Sprintf("_col%d", len(w.items))
		}
		if it.alias != "" {
			aliases[strings.ToLower(name)] = it.e
		}
		w.items = append(w.items, picked{it.e, name, x})
	}
	cols, list := make([]column, len(w.items)), make([]string, len(w.items))
	for i, it := range w.items {
		cols[i] = column{name: it.name, sql: fmt.Sprintf("a%d", i), typ: it.x.typ, weight: it.x.weight}
		list[i] = it.x.sql + " AS " + cols[i].sql
	}
	return cols, list, nil
}

func (w *selecting) star(e *expr) error {
	found := false
	for i := range w.scope.columns {
		col := &w.scope.columns[i]
		if len(e.name) > 0 && !strings.EqualFold(col.relation, e.name[0]) {
			continue
		}
		found = true
		if col.hidden {
			continue
		}
		w.c.use(col)
		if err := w.c.spend(e.at, 1+col.weight); err != nil {
			return err
		}
		w.items = append(w.items, picked{nil, col.name, compiled{sql: col.sql, typ: col.typ, weight: col.weight}})
	}
	switch {
	case found:
		return nil
	case len(e.name) > 0:
		return e.at.failf("Table '%s' not found", e.name[0])
	}
	return e.at.failf("SELECT * not allowed in queries without FROM clause")
}

// order writes the ORDER BY: names of the result first, then whatever the SELECT itself may name.
func (w *selecting) order(keys []order, cols []column) (string, error) {
	var list []string
	for _, k := range keys {
		sql, ok, err := w.output(k.e, cols)
		if err != nil {
			return "", err
		}
		if !ok {
			x, err := w.c.expr(k.e, w.scope, w.e, true)
			if err != nil {
				return "", err
			}
			if !x.typ.ordered() {
				return "", k.e.at.failf("Type %s is not orderable, and therefore cannot be used in ORDER BY", x.typ)
			}
			if w.s.distinct && !w.picks(x.sql) {
				return "", k.e.at.failf("For SELECT DISTINCT, ORDER BY expressions must appear in select list")
			}
			w.items = append(w.items, picked{e: k.e, x: x}) // to be checked with the others
			sql = x.sql
		}
		list = append(list, k.suffix(sql))
	}
	return orderBy(list), nil
}

// output finds a key of ORDER BY in the result: by number or by name.
func (w *selecting) output(e *expr, cols []column) (string, bool, error) {
	sql, ok, err := ordinal(e, cols)
	if ok || err != nil || e.kind != exprColumn || len(e.name) != 1 {
		return sql, ok, err
	}
	for i, col := range cols {
		if strings.EqualFold(col.name, e.name[0]) {
			if !col.typ.ordered() {
				return "", false, e.at.failf("Type %s is not orderable, and therefore cannot be used in ORDER BY", col.typ)
			}
			return fmt.Sprintf("a%d", i), true, nil
		}
	}
	return "", false, nil
}

func (w *selecting) picks(sql string) bool {
	for _, it := range w.items {
		if it.x.sql == sql {
			return true
		}
	}
	return false
}
