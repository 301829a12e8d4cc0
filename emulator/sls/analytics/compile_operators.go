package analytics

import (
	"fmt"
	"strings"
)

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
	x.sql = fmt.Sprintf("%s(%s, %s)", c.named(name), convert(l.sql, l.typ, x.typ), convert(r.sql, r.typ, x.typ))
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
	x.join(more)
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
	if operand != nil { // once: written again beside every WHEN, nested ones would grow without bound
		b.WriteString(" " + operand.sql)
	}
	for i := 0; i < len(kids); i += 2 {
		when := kids[i].sql
		if operand != nil {
			if t, ok := common(operand.typ, kids[i].typ); !ok || !t.ordered() {
				return x, e.at.failf("CASE operand type does not match WHEN clause operand type: %s vs %s", operand.typ, kids[i].typ)
			}
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
