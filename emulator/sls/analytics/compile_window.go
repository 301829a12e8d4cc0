package analytics

import (
	"strings"
)

// windowFunction says how to write a function that only a window gives a meaning to. kids are its arguments; ok false
// means that they do not fit.
type windowFunction func(e *expr, kids []compiled) (args []string, result Type, ok bool)

// windowFunctions are the functions of windows beside the aggregations. All look at the whole partition or at the frame
// as those of the engine with their names do.
var windowFunctions = map[string]windowFunction{
	"row_number": ranks(Bigint), "rank": ranks(Bigint), "dense_rank": ranks(Bigint),
	"percent_rank": ranks(Double), "cume_dist": ranks(Double),
	"ntile":       counted(0, 1),
	"first_value": anyOne, "last_value": anyOne,
	"nth_value": counted(1, 1),
	"lag":       offset, "lead": offset,
}

// framed are the window functions that a frame means something to; the others refuse one.
var framed = map[string]bool{"first_value": true, "last_value": true, "nth_value": true}

func ranks(result Type) windowFunction {
	return func(_ *expr, kids []compiled) ([]string, Type, bool) { return nil, result, len(kids) == 0 }
}

func anyOne(_ *expr, kids []compiled) ([]string, Type, bool) {
	if len(kids) != 1 {
		return nil, 0, false
	}
	return []string{kids[0].sql}, kids[0].typ, true
}

// counted takes a number of at least least in place at, and what it is about before it.
func counted(at int, least int64) windowFunction {
	return func(e *expr, kids []compiled) ([]string, Type, bool) {
		if len(kids) != at+1 || !whole(e.kids[at], least) {
			return nil, 0, false
		}
		typ := Bigint
		if at > 0 {
			typ = kids[0].typ
		}
		return parts(kids), typ, true
	}
}

// offset writes lag and lead: a value, how many rows off it stands, and what is said where there is none.
func offset(e *expr, kids []compiled) ([]string, Type, bool) {
	if len(kids) < 1 || len(kids) > 3 || len(kids) > 1 && !whole(e.kids[1], 0) {
		return nil, 0, false
	}
	args, typ := parts(kids), kids[0].typ
	if len(kids) == 3 {
		var ok bool
		if typ, ok = common(typ, kids[2].typ); !ok {
			return nil, 0, false
		}
		args[0], args[2] = convert(args[0], kids[0].typ, typ), convert(args[2], kids[2].typ, typ)
	}
	return args, typ, true
}

// whole tells whether e is a whole number, written out, of at least least: the engine takes no other.
func whole(e *expr, least int64) bool {
	n, ok := e.value.(int64)
	return e.kind == exprLiteral && ok && n >= least && n <= 1<<31
}

func parts(list []compiled) []string {
	args := make([]string, len(list))
	for i, x := range list {
		args[i] = x.sql
	}
	return args
}

// window writes a call with OVER.
func (c *compiler) window(e *expr, s *scope, v env) (compiled, error) {
	x, err := c.windowCall(e, s, v)
	if err != nil {
		return x, err
	}
	if x.window {
		return x, e.at.failf("Cannot nest window functions inside window function '%s'", e.op)
	}
	var clauses []string
	part := func(k *expr) (string, error) {
		kid, err := c.expr(k, s, v, true)
		switch {
		case err != nil:
			return "", err
		case kid.window:
			return "", k.at.failf("Cannot nest window functions inside window function '%s'", e.op)
		case kid.outer:
			return "", k.at.notOffered("a window over a column of a query around")
		case !kid.typ.ordered():
			return "", k.at.failf("Type %s is not orderable, and therefore cannot be used in a window", kid.typ)
		}
		x.join(kid)
		return kid.sql, nil
	}
	var list []string
	for _, k := range e.over.partition {
		sql, err := part(k)
		if err != nil {
			return x, err
		}
		list = append(list, sql)
	}
	if len(list) > 0 {
		clauses = append(clauses, "PARTITION BY "+strings.Join(list, ", "))
	}
	list = nil
	for _, k := range e.over.order {
		sql, err := part(k.e)
		if err != nil {
			return x, err
		}
		list = append(list, k.suffix(sql))
	}
	if len(list) > 0 {
		clauses = append(clauses, "ORDER BY "+strings.Join(list, ", "))
	}
	if e.over.frame != "" {
		clauses = append(clauses, e.over.frame)
	}
	x.sql, x.window = "("+x.sql+" OVER ("+strings.Join(clauses, " ")+"))", true
	return x, nil
}

// windowCall writes the part before OVER.
func (c *compiler) windowCall(e *expr, s *scope, v env) (compiled, error) {
	if a := aggregates[e.op]; a != nil {
		return c.aggregate(a, e, s, v)
	}
	f := windowFunctions[e.op]
	switch {
	case notOffered[e.op]:
		return compiled{}, e.at.notOffered("the function " + e.op)
	case f == nil && functions[e.op] == nil:
		return compiled{}, e.at.failf("Function %s not registered", e.op)
	case f == nil:
		return compiled{}, e.at.failf("%s is no window function and no aggregation", e.op)
	case e.distinct || e.filter != nil:
		return compiled{}, e.at.failf("DISTINCT and FILTER are for aggregations, %s is none", e.op)
	case e.over.frame != "" && !framed[e.op]:
		return compiled{}, e.at.failf("Cannot specify window frame for %s function", e.op)
	}
	kids, x, err := c.kids(e.kids, s, v)
	if err != nil {
		return x, err
	}
	if x.outer {
		return x, e.at.notOffered("a window over a column of a query around")
	}
	args, typ, ok := f(e, kids)
	if !ok {
		return x, arity(e, kids)
	}
	x.sql, x.typ = e.op+"("+strings.Join(args, ", ")+")", typ
	return x, nil
}

// inWindow is how an aggregation is written before OVER. Those that are collected here never forget a row, so they
// need a frame that only grows.
func inWindow(sql string, w *window) (string, bool) {
	if strings.HasPrefix(sql, "count(DISTINCT") {
		sql = "g_distinct(%s)"
	}
	collected := strings.HasPrefix(sql, "g_")
	return sql, !strings.HasPrefix(sql, "exp(") && (!collected || w.begins == unboundedPreceding)
}

// parts are the expressions inside e beside its kids.
func (e *expr) parts() []*expr {
	list := []*expr{e.operand, e.other}
	if e.over == nil {
		return list
	}
	list = append(list, e.filter)
	list = append(list, e.over.partition...)
	for _, k := range e.over.order {
		list = append(list, k.e)
	}
	return list
}
