package analytics

import (
	"strings"
)

// group writes the GROUP BY: columns, names of the select list, numbers of columns, or expressions.
func (w *selecting) group(cols []column) (string, error) {
	var list []string
	for _, g := range w.s.group {
		if _, ok, err := ordinal(g, cols); err != nil {
			return "", err
		} else if ok {
			if it := w.items[g.value.(int64)-1]; it.x.agg || it.x.window {
				return "", g.at.failf("GROUP BY clause cannot contain aggregations and window functions: [%s]", it.e.text)
			} else if it.e != nil {
				g = it.e
			} else {
				list = append(list, it.x.sql)
				w.groups[it.x.sql] = true
				continue
			}
		}
		x, err := w.c.expr(g, w.scope, w.e, true)
		if err != nil {
			return "", err
		}
		if x.agg || x.window {
			return "", g.at.failf("GROUP BY clause cannot contain aggregations and window functions: [%s]", g.text)
		}
		if !x.typ.ordered() {
			return "", g.at.failf("%s is not comparable, and therefore cannot be used in GROUP BY", x.typ)
		}
		w.groups[x.sql] = true
		list = append(list, x.sql)
	}
	if len(list) == 0 {
		return "", nil
	}
	return " GROUP BY " + strings.Join(list, ", "), nil
}

func (w *selecting) having() (string, error) {
	if w.s.having == nil {
		return "", nil
	}
	w.grouped = true
	sql, err := w.c.boolean(w.s.having, w.scope, w.e, "HAVING clause", true)
	if w.c.memo[w.s.having].window {
		return "", w.s.having.at.failf("HAVING clause cannot contain window functions: [%s]", w.s.having.text)
	}
	if len(w.s.group) == 0 {
		return " GROUP BY NULL HAVING " + sql, err // the engine wants to be told that there is a group
	}
	return " HAVING " + sql, err
}

// covered checks that a SELECT with groups or aggregates says nothing of single rows.
func (w *selecting) covered() error {
	w.grouped = w.grouped || w.s.grouped
	for _, it := range w.items {
		w.grouped = w.grouped || it.x.agg
	}
	if !w.grouped {
		return nil
	}
	for _, it := range w.items {
		if it.e == nil {
			if !w.groups[it.x.sql] {
				return w.s.at.failf("'%s' must be an aggregate expression or appear in GROUP BY clause", it.name)
			}
			continue
		}
		if bad := w.loose(it.e); bad != nil {
			return bad.at.failf("'%s' must be an aggregate expression or appear in GROUP BY clause", bad.text)
		}
	}
	if w.s.having == nil {
		return nil
	}
	if bad := w.loose(w.s.having); bad != nil {
		return bad.at.failf("'%s' must be an aggregate expression or appear in GROUP BY clause", bad.text)
	}
	return nil
}

// loose finds a column that is neither grouped by nor inside an aggregate.
func (w *selecting) loose(e *expr) *expr {
	if e == nil {
		return nil
	}
	x, seen := w.c.memo[e]
	switch {
	case seen && w.groups[x.sql]:
		return nil
	case x.alias != nil:
		return w.loose(x.alias)
	case e.kind == exprColumn:
		if x.outer {
			return nil
		}
		return e
	case e.kind == exprCall && aggregates[e.op] != nil && e.over == nil:
		return nil
	case x.query && e.query != nil && x.correlated:
		return e
	}
	for _, kid := range append(e.kids[:len(e.kids):len(e.kids)], e.parts()...) {
		if bad := w.loose(kid); bad != nil {
			return bad
		}
	}
	return nil
}
