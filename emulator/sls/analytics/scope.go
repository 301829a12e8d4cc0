package analytics

import (
	"fmt"
	"strings"
)

// column is one column that an expression may name.
type column struct {
	relation string // alias of its relation, "" = none
	name     string
	sql      string
	typ      Type
	from     *table // nil = of a query
	number   int    // in from
	hidden   bool   // * leaves it out
	weight   int    // of the expression that it stands for
}

// scope is what the expressions of one SELECT may name.
type scope struct {
	columns []column
	outer   *scope           // of the query around, for sub-queries in expressions
	aliases map[string]*expr // of the select list, by lower case; used when no column has the name
}

// named is a query of a WITH; later ones hide earlier ones.
type named struct {
	name, sql string
	columns   []column
	weight    int
	before    *named
}

// env is where a query stands.
type env struct {
	outer *scope
	withs *named
	top   bool // the statement itself: FROM may be missing
}

func (w *named) find(name string) *named {
	for ; w != nil; w = w.before {
		if strings.EqualFold(w.name, name) {
			return w
		}
	}
	return nil
}

// find looks a name up among the columns of this SELECT. Case does not count, unless it decides between two.
func (s *scope) find(at place, name []string) (*column, error) {
	relation, last := "", name[len(name)-1]
	if len(name) == 2 {
		relation = name[0]
	}
	if len(name) > 2 {
		return nil, nil
	}
	var exact, folded []*column
	for i := range s.columns {
		c := &s.columns[i]
		if relation != "" && !strings.EqualFold(c.relation, relation) {
			continue
		}
		if c.name == last {
			exact = append(exact, c)
		} else if strings.EqualFold(c.name, last) {
			folded = append(folded, c)
		}
	}
	if len(exact) == 0 {
		exact = folded
	}
	switch {
	case len(exact) == 0:
		return nil, nil
	case len(exact) > 1:
		return nil, at.failf("Column '%s' is ambiguous", strings.Join(name, "."))
	}
	return exact[0], nil
}

// relation makes the FROM of a SELECT and says what it offers.
func (c *compiler) relation(r *relation, e env) (string, []column, error) {
	switch {
	case r.join != "":
		return c.join(r, e)
	case r.unnest != nil:
		return c.unnest(r, e, nil)
	case r.query != nil:
		sql, cols, err := c.query(r.query, env{withs: e.withs, outer: e.outer})
		if err != nil {
			return "", nil, err
		}
		return c.aliased("("+sql+")", cols, r, r.alias)
	}
	alias := r.alias
	if alias == "" {
		alias = r.name
	}
	if w := e.withs.find(r.name); w != nil {
		if err := c.spend(r.at, w.weight); err != nil {
			return "", nil, err
		}
		return c.aliased(w.sql, w.columns, r, alias)
	}
	t, err := c.table(r.name)
	if err != nil {
		return "", nil, err
	}
	if t == nil {
		return "", nil, r.at.failf("Table %s does not exist", r.name)
	}
	cols := make([]column, len(t.columns))
	for i, col := range t.columns {
		cols[i] = column{name: col.Name, sql: fmt.Sprintf("c%d", i), typ: col.Type, from: t, number: i, hidden: col.Hidden}
	}
	return c.aliased(t.sql, cols, r, alias)
}

// aliased gives a relation a name in the SQL that is written and its columns the names that were asked for.
func (c *compiler) aliased(sql string, from []column, r *relation, alias string) (string, []column, error) {
	if len(r.columns) > 0 && len(r.columns) != len(from) {
		return "", nil, r.at.failf("Column alias list has %d entries but '%s' has %d columns available", len(r.columns), alias, len(from))
	}
	c.relations++
	name := fmt.Sprintf("s%d", c.relations)
	cols := make([]column, len(from))
	for i, col := range from {
		cols[i] = col
		cols[i].relation, cols[i].sql = alias, name+"."+col.sql
		if len(r.columns) > 0 {
			cols[i].name = r.columns[i]
		}
	}
	return sql + " AS " + name, cols, nil
}

func (c *compiler) join(r *relation, e env) (string, []column, error) {
	left, lc, err := c.relation(r.left, e)
	if err != nil {
		return "", nil, err
	}
	right, rc, err := c.joined(r, e, lc)
	if err != nil {
		return "", nil, err
	}
	if r.right.join != "" {
		right = "(" + right + ")"
	}
	both := append(lc[:len(lc):len(lc)], rc...)
	sql := left + " " + r.join + " JOIN " + right
	switch {
	case len(r.using) > 0:
		on, cols, err := c.using(r, lc, rc)
		return sql + " ON " + on, cols, err
	case r.on != nil:
		on, err := c.boolean(r.on, &scope{columns: both, outer: e.outer}, e, "JOIN ON clause", false)
		return sql + " ON " + on, both, err
	}
	return sql, both, nil
}

// joined makes the right side of a join. The array of an UNNEST may name columns of the left side.
func (c *compiler) joined(r *relation, e env, left []column) (string, []column, error) {
	switch {
	case r.right.unnest == nil:
		return c.relation(r.right, e)
	case r.join != "CROSS":
		return "", nil, r.at.notOffered("UNNEST in a join other than CROSS JOIN")
	}
	return c.unnest(r.right, e, left)
}

// unnest makes rows of the elements of an array. Of a null there are none.
func (c *compiler) unnest(r *relation, e env, left []column) (string, []column, error) {
	x, err := c.expr(r.unnest, &scope{columns: left, outer: e.outer}, e, false)
	if err != nil {
		return "", nil, err
	}
	element := x.typ.element()
	if element == Unknown {
		return "", nil, r.at.failf("Cannot unnest type: %s", x.typ)
	}
	cols := []column{{name: "_col0", sql: "value", typ: element}}
	if r.ordinality {
		cols = append(cols, column{name: "_col1", sql: "key", typ: Bigint})
	}
	sql, cols, err := c.aliased("json_each("+x.sql+")", cols, r, r.alias)
	if r.ordinality && err == nil { // the engine counts from 0
		cols[1].sql = "(" + cols[1].sql + " + 1)"
	}
	return sql, cols, err
}

// using joins on columns of one name, which appear once in the result, before all others.
func (c *compiler) using(r *relation, left, right []column) (string, []column, error) {
	var conditions []string
	var merged []column
	gone := map[string]bool{}
	for _, name := range r.using {
		l, err := (&scope{columns: left}).find(r.at, []string{name})
		if err != nil {
			return "", nil, err
		}
		o, err := (&scope{columns: right}).find(r.at, []string{name})
		if err != nil {
			return "", nil, err
		}
		if l == nil || o == nil {
			return "", nil, r.at.failf("Column '%s' is missing from a side of join", name)
		}
		typ, ok := common(l.typ, o.typ)
		if !ok || !typ.ordered() {
			return "", nil, r.at.failf("'=' cannot be applied to %s, %s", l.typ, o.typ)
		}
		conditions = append(conditions, l.sql+" = "+o.sql)
		c.use(l)
		c.use(o)
		merged = append(merged, column{name: l.name, sql: "coalesce(" + l.sql + ", " + o.sql + ")", typ: typ, weight: l.weight + o.weight})
		gone[l.sql], gone[o.sql] = true, true
	}
	for _, col := range append(left[:len(left):len(left)], right...) {
		if !gone[col.sql] {
			merged = append(merged, col)
		}
	}
	return strings.Join(conditions, " AND "), merged, nil
}
