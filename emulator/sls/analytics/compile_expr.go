package analytics

import (
	"fmt"
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
		var err error
		x, err = c.write(e, s, v)
		c.depth--
		if err != nil {
			return x, err
		}
		c.memo[e] = x
	}
	if x.agg && !aggregates {
		return x, e.at.failf("an aggregation is not allowed here: [%s]", e.text)
	}
	return x, nil
}

func (c *compiler) write(e *expr, s *scope, v env) (compiled, error) {
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
		x.sql, x.typ = negated(e.not, "f_like_("+sqlOf(kids)+")"), Boolean
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
		all.agg, all.outer = all.agg || x.agg, all.outer || x.outer
	}
	return kids, all, nil
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

func (c *compiler) unary(e *expr, kid, x compiled) (compiled, error) {
	switch {
	case e.op == "not" && fits(kid.typ, Boolean):
		x.sql, x.typ = "(NOT "+kid.sql+")", Boolean
	case e.op == "-" && (kid.typ.numeric() || kid.typ == interval || kid.typ == Unknown):
		x.sql, x.typ = "(-"+kid.sql+")", kid.typ
	default:
		return x, e.at.failf("'%s' cannot be applied to %s", e.op, kid.typ)
	}
	return x, nil
}

func (c *compiler) binary(e *expr, kids []compiled, x compiled) (compiled, error) {
	if strings.Contains("= <> < > <= >=", e.op) {
		if err := c.timeLiterals(e.kids, kids); err != nil {
			return x, err
		}
	}
	l, r := kids[0], kids[1]
	refuse := e.at.failf("'%s' cannot be applied to %s, %s", e.op, l.typ, r.typ)
	typ, ok := common(l.typ, r.typ)
	x.typ = Boolean
	switch e.op {
	case "and", "or":
		if !fits(l.typ, Boolean) || !fits(r.typ, Boolean) {
			return x, e.at.failf("Logical expression must be a boolean (actual: %s, %s)", l.typ, r.typ)
		}
	case "||":
		if !ok || !fits(typ, Varchar) {
			return x, refuse
		}
		x.typ = Varchar
	case "+", "-", "*", "/", "%":
		return c.arithmetic(e, l, r, x)
	default:
		if !ok || !typ.ordered() {
			return x, refuse
		}
	}
	x.sql = "(" + l.sql + " " + strings.ToUpper(e.op) + " " + r.sql + ")"
	return x, nil
}

// timeLiterals reads texts that are compared with a time as times, as the documentation does with __date__.
func (c *compiler) timeLiterals(list []*expr, kids []compiled) error {
	temporal := false
	for _, kid := range kids {
		temporal = temporal || kid.typ.temporal()
	}
	for i, e := range list {
		if !temporal || e.kind != exprLiteral || e.typ != Varchar {
			continue
		}
		ms, ok := parseTime(e.value.(string))
		if !ok {
			return e.at.failf("Value cannot be cast to timestamp: %.200s", e.value)
		}
		kids[i].sql, kids[i].typ = c.param(ms), Timestamp
	}
	return nil
}

// arithmetic writes numbers, and times with intervals. Whole numbers divide to whole numbers, and not by zero.
func (c *compiler) arithmetic(e *expr, l, r, x compiled) (compiled, error) {
	typ, ok := common(l.typ, r.typ)
	x.sql, x.typ = "("+l.sql+" "+e.op+" "+r.sql+")", typ
	switch {
	case l.typ.temporal() && r.typ == interval && (e.op == "+" || e.op == "-"):
		x.typ = l.typ
		return x, nil
	case l.typ == interval && r.typ.temporal() && e.op == "+":
		x.typ = r.typ
		return x, nil
	case l.typ.temporal() && r.typ.temporal() && e.op == "-":
		return x, e.at.notOffered("the difference of two times (use date_diff)")
	case ok && typ == Unknown:
		x.typ = Bigint
	case !ok || !typ.numeric():
		return x, e.at.failf("'%s' cannot be applied to %s, %s", e.op, l.typ, r.typ)
	}
	if e.op != "/" && e.op != "%" {
		return x, nil
	}
	if v := e.kids[1].value; x.typ == Bigint && e.kids[1].kind == exprLiteral && v != int64(0) && v != int64(-1) && v != nil {
		return x, nil
	}
	name := map[string]string{"/": "f_divide_", "%": "f_remainder_"}[e.op]
	x.sql = fmt.Sprintf("%s(%s, %s)", name, convert(l.sql, l.typ, x.typ), convert(r.sql, r.typ, x.typ))
	return x, nil
}

// choice writes BETWEEN and IN.
func (c *compiler) choice(e *expr, kids []compiled, x compiled, s *scope, v env) (compiled, error) {
	x.typ = Boolean
	typ := kids[0].typ
	if e.query != nil {
		sql, cols, correlated, err := c.inner(e.query, s, v)
		if err != nil {
			return x, err
		}
		if len(cols) != 1 {
			return x, e.at.failf("Multiple columns returned by subquery are not yet supported. Found %d", len(cols))
		}
		if t, ok := common(typ, cols[0].typ); !ok || !t.ordered() {
			return x, e.at.failf("value and result of subquery must be of the same type for IN expression: %s vs %s", typ, cols[0].typ)
		}
		x.sql, x.query, x.correlated = negated(e.not, "("+kids[0].sql+" IN ("+sql+"))"), true, correlated
		return x, nil
	}
	if err := c.timeLiterals(e.kids, kids); err != nil {
		return x, err
	}
	typ = kids[0].typ
	for _, kid := range kids[1:] {
		var ok bool
		if typ, ok = common(typ, kid.typ); !ok || !typ.ordered() {
			return x, e.at.failf("the values of %s must be of one type: %s, %s", map[exprKind]string{exprBetween: "BETWEEN", exprIn: "IN"}[e.kind], kids[0].typ, kid.typ)
		}
	}
	if e.kind == exprBetween {
		x.sql = negated(e.not, "("+kids[0].sql+" BETWEEN "+kids[1].sql+" AND "+kids[2].sql+")")
		return x, nil
	}
	x.sql = negated(e.not, "("+kids[0].sql+" IN ("+sqlOf(kids[1:])+"))")
	return x, nil
}

// caseOf writes both forms of CASE.
func (c *compiler) caseOf(e *expr, kids []compiled, x compiled, s *scope, v env) (compiled, error) {
	ends, more, err := c.kids(present(e.operand, e.other), s, v)
	if err != nil {
		return x, err
	}
	x.agg, x.outer = x.agg || more.agg, x.outer || more.outer
	var operand *compiled
	if e.operand != nil {
		operand, ends = &ends[0], ends[1:]
	}
	results := make([]compiled, 0, len(kids)/2+1)
	for i := 1; i < len(kids); i += 2 {
		results = append(results, kids[i])
	}
	results = append(results, ends...)
	typ, err := unify(e, results)
	if err != nil {
		return x, err
	}
	var b strings.Builder
	b.WriteString("(CASE")
	for i := 0; i < len(kids); i += 2 {
		when := kids[i].sql
		if operand != nil {
			if t, ok := common(operand.typ, kids[i].typ); !ok || !t.ordered() {
				return x, e.at.failf("CASE operand type does not match WHEN clause operand type: %s vs %s", operand.typ, kids[i].typ)
			}
			when = operand.sql + " = " + when
		} else if !fits(kids[i].typ, Boolean) {
			return x, e.at.failf("CASE WHEN clause must evaluate to a boolean (actual: %s)", kids[i].typ)
		}
		b.WriteString(" WHEN " + when + " THEN " + convert(kids[i+1].sql, kids[i+1].typ, typ))
	}
	if len(ends) > 0 {
		b.WriteString(" ELSE " + convert(ends[0].sql, ends[0].typ, typ))
	}
	x.sql, x.typ = b.String()+" END)", typ
	return x, nil
}

func present(list ...*expr) []*expr {
	var some []*expr
	for _, e := range list {
		if e != nil {
			some = append(some, e)
		}
	}
	return some
}

// unify finds the type of what is one of several results.
func unify(e *expr, list []compiled) (Type, error) {
	typ := list[0].typ
	for _, x := range list[1:] {
		t, ok := common(typ, x.typ)
		if !ok {
			return 0, e.at.failf("All results must be the same type: %s, %s", typ, x.typ)
		}
		typ = t
	}
	return typ, nil
}
