package analytics

import (
	"strings"
)

// maxExprDepth keeps what is written below the limits of the engine.
const maxExprDepth = 300

// boolean writes a condition; where names the clause in errors.
func (c *compiler) boolean(e *expr, s *scope, v env, where string, aggregates bool) (string, error) {
	x, err := c.expr(e, s, v, aggregates)
	if err != nil {
		return "", err
	}
	if x.typ != Boolean && x.typ != Unknown {
		return "", e.at.failf("%s must evaluate to a boolean: actual type %s", where, x.typ)
	}
	return x.sql, nil
}

// expr writes an expression. Where aggregates are not allowed it refuses them.
func (c *compiler) expr(e *expr, s *scope, v env, aggregates bool) (compiled, error) {
	x, ok := c.memo[e]
	if !ok {
		if c.depth++; c.depth > maxExprDepth {
			return x, e.at.failf("the expression is nested too deeply")
		}
		before := c.weight
		err := c.spend(e.at, 1)
		if err == nil {
			x, err = c.write(e, s, v)
		}
		c.depth--
		if err != nil {
			return x, err
		}
		x.weight = c.weight - before
		c.memo[e] = x
	} else if err := c.spend(e.at, x.weight); err != nil {
		return x, err
	}
	if x.agg && !aggregates {
		return x, e.at.failf("an aggregation is not allowed here: [%s]", e.text)
	}
	if x.window && !aggregates {
		return x, e.at.failf("a window function is not allowed here: [%s]", e.text)
	}
	return x, nil
}

func (c *compiler) write(e *expr, s *scope, v env) (compiled, error) {
	if quiet := c.quiet; quiet && !e.strict() {
		c.quiet = false
		defer func() { c.quiet = quiet }()
	}
	switch e.kind {
	case exprLiteral:
		return compiled{sql: c.param(e.value), typ: e.typ}, nil
	case exprInterval:
		return compiled{sql: c.param(e.value), typ: interval}, nil
	case exprColumn:
		return c.column(e, s, v)
	case exprStar:
		return compiled{}, e.at.failf("mismatched input '*'. Expecting: an expression")
	case exprExists, exprScalar:
		return c.sub(e, s, v)
	case exprCall:
		return c.call(e, s, v)
	}
	kids, x, err := c.kids(e.kids, s, v)
	if err != nil {
		return x, err
	}
	switch e.kind {
	case exprUnary:
		return c.unary(e, kids[0], x)
	case exprBinary:
		return c.binary(e, kids, x)
	case exprBetween, exprIn:
		return c.choice(e, kids, x, s, v)
	case exprLike:
		for _, kid := range kids {
			if !fits(kid.typ, Varchar) {
				return x, e.at.failf("Left and right side of LIKE must be varchar: %s", kid.typ)
			}
		}
		x.sql, x.typ = negated(e.not, c.named("f_like_")+"("+sqlOf(kids)+")"), Boolean
		return x, nil
	case exprIsNull:
		x.sql, x.typ = negated(e.not, "("+kids[0].sql+" IS NULL)"), Boolean
		return x, nil
	case exprCase:
		return c.caseOf(e, kids, x, s, v)
	case exprCast:
		return c.cast(e, kids[0], x)
	case exprExtract:
		return c.function(e, e.op, kids, x)
	case exprSubscript:
		return c.function(e, "subscript", kids, x)
	}
	return x, e.at.failf("an unknown kind of expression")
}

// kids writes several expressions and begins what they are part of.
func (c *compiler) kids(list []*expr, s *scope, v env) ([]compiled, compiled, error) {
	var all compiled
	kids := make([]compiled, len(list))
	for i, kid := range list {
		x, err := c.expr(kid, s, v, true)
		if err != nil {
			return nil, all, err
		}
		kids[i] = x
		all.join(x)
	}
	return kids, all, nil
}

// join notes what a part of an expression makes of the whole.
func (x *compiled) join(part compiled) {
	x.agg, x.window, x.outer = x.agg || part.agg, x.window || part.window, x.outer || part.outer
}

func sqlOf(list []compiled) string {
	parts := make([]string, len(list))
	for i, x := range list {
		parts[i] = x.sql
	}
	return strings.Join(parts, ", ")
}

func negated(not bool, sql string) string {
	if not {
		return "(NOT " + sql + ")"
	}
	return sql
}

// column finds a name: among the columns, then the names of the select list where those count, then in the query around.
//
// Assumption: GROUP BY, HAVING and ORDER BY may use a name of the select list. When a column has the same name, GROUP BY
// and HAVING mean the column, and ORDER BY means the result.
func (c *compiler) column(e *expr, s *scope, v env) (compiled, error) {
	for level, at := 0, s; at != nil; level, at = level+1, at.outer {
		col, err := at.find(e.at, e.name)
		if err != nil {
			return compiled{}, err
		}
		if col != nil {
			c.use(col)
			if err := c.spend(e.at, col.weight); err != nil {
				return compiled{}, err
			}
			c.crossed = c.crossed || level > 0
			return compiled{sql: col.sql, typ: col.typ, outer: level > 0}, nil
		}
		if level > 0 || len(e.name) > 1 {
			continue
		}
		if named := at.aliases[strings.ToLower(e.name[0])]; named != nil {
			x, err := c.expr(named, s, v, true)
			x.alias = named
			return x, err
		}
	}
	name := strings.Join(e.name, ".")
	if len(e.name) > 1 {
		return compiled{}, e.at.failf(`Column '%s' cannot be resolved; a field inside JSON is written "%s"`, name, name)
	}
	return compiled{}, e.at.failf("Column '%s' cannot be resolved; please add the column in the index attribute", name)
}

// use notes that a column of a table is needed.
func (c *compiler) use(col *column) {
	if col.from != nil {
		col.from.used[col.number] = true
	}
}

// sub writes EXISTS and a query that stands for a value.
func (c *compiler) sub(e *expr, s *scope, v env) (compiled, error) {
	sql, cols, correlated, err := c.inner(e.query, s, v)
	if err != nil {
		return compiled{}, err
	}
	if e.kind == exprExists {
		return compiled{sql: negated(e.not, "EXISTS ("+sql+")"), typ: Boolean, query: true, correlated: correlated}, nil
	}
	if len(cols) != 1 {
		return compiled{}, e.at.failf("Multiple columns returned by subquery are not yet supported. Found %d", len(cols))
	}
	// The engine takes the first of several rows, the service refuses them.
	sql = "(SELECT CASE WHEN count(*) > 1 THEN f_many_rows_() ELSE min(a0) END FROM (SELECT a0 FROM (" + sql + ") LIMIT 2))"
	return compiled{sql: sql, typ: cols[0].typ, query: true, correlated: correlated}, nil
}

// inner writes a query inside an expression and tells whether it names columns around it.
func (c *compiler) inner(q *query, s *scope, v env) (sql string, cols []column, correlated bool, err error) {
	before := c.crossed
	c.crossed = false
	sql, cols, err = c.query(q, env{outer: s, withs: v.withs})
	correlated = c.crossed
	c.crossed = c.crossed || before
	return sql, cols, correlated, err
}
