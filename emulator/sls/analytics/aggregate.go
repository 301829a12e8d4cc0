package analytics

import (
	"fmt"
	"strings"
)

// aggregate says how to write one aggregation. write gets the arguments in the types that it is given; ok false means
// that they do not fit. sql is all behind the name but the arguments, as "count(%s)".
type aggregate func(args []Type) (sql string, types []Type, result Type, ok bool)

// aggregates are the aggregations that are offered.
//
// Assumption: approx_distinct counts exactly, approx_percentile picks an element of the group exactly, and arbitrary
// takes the smallest value. The service promises less of each.
var aggregates = map[string]aggregate{
	"count": func(a []Type) (string, []Type, Type, bool) { return "count(%s)", a, Bigint, len(a) < 2 },
	"sum": func(a []Type) (string, []Type, Type, bool) {
		return "sum(%s)", a, number0(a), len(a) == 1 && (a[0].numeric() || a[0] == Unknown)
	},
	"avg":               floats("avg(%s)", 1),
	"min":               several(same("min(%s)"), "g_min_n(%s)"),
	"max":               several(same("max(%s)"), "g_max_n(%s)"),
	"arbitrary":         same("min(%s)"),
	"any_value":         same("min(%s)"),
	"approx_distinct":   approxDistinct,
	"count_if":          flags("count(CASE WHEN %s THEN 1 END)", Bigint),
	"bool_and":          flags("min(%s)", Boolean),
	"every":             flags("min(%s)", Boolean),
	"bool_or":           flags("max(%s)", Boolean),
	"max_by":            several(by("g_max_by(%s)"), "g_max_n(%s)"),
	"min_by":            several(by("g_min_by(%s)"), "g_min_n(%s)"),
	"approx_percentile": percentile,
	"stddev":            floats("g_stddev_samp(%s)", 1),
	"stddev_samp":       floats("g_stddev_samp(%s)", 1),
	"stddev_pop":        floats("g_stddev_pop(%s)", 1),
	"variance":          floats("g_var_samp(%s)", 1),
	"var_samp":          floats("g_var_samp(%s)", 1),
	"var_pop":           floats("g_var_pop(%s)", 1),
	"geometric_mean":    floats("exp(avg(ln(%s)))", 1),
	"array_agg": func(a []Type) (string, []Type, Type, bool) {
		if len(a) != 1 || arrays[a[0]] == Unknown {
			return "", nil, 0, false
		}
		return "g_array_agg(%s)", a, arrays[a[0]], true
	},
}

func number0(a []Type) Type {
	if len(a) == 1 && a[0] == Double {
		return Double
	}
	return Bigint
}

func floats(sql string, n int) aggregate {
	return func(a []Type) (string, []Type, Type, bool) {
		if len(a) != n || !fits(a[0], Double) {
			return "", nil, 0, false
		}
		return sql, []Type{Double}, Double, true
	}
}

func same(sql string) aggregate {
	return func(a []Type) (string, []Type, Type, bool) {
		if len(a) != 1 || !a[0].ordered() {
			return "", nil, 0, false
		}
		return sql, a, a[0], true
	}
}

func flags(sql string, result Type) aggregate {
	return func(a []Type) (string, []Type, Type, bool) {
		return sql, []Type{Boolean}, result, len(a) == 1 && fits(a[0], Boolean)
	}
}

func by(sql string) aggregate {
	return func(a []Type) (string, []Type, Type, bool) {
		if len(a) != 2 || !a[1].ordered() {
			return "", nil, 0, false
		}
		return sql, a, a[0], true
	}
}

// several adds the form with a number of rows behind the other arguments, which gives an array.
func several(one aggregate, sql string) aggregate {
	return func(a []Type) (string, []Type, Type, bool) {
		if n := len(a) - 1; n > 0 && a[n] == Bigint && arrays[a[0]] != Unknown {
			if _, _, _, ok := one(a[:n]); ok {
				return sql, a, arrays[a[0]], true
			}
		}
		return one(a)
	}
}

func approxDistinct(a []Type) (string, []Type, Type, bool) {
	if len(a) == 2 && fits(a[1], Double) { // the second is the error that is allowed
		return "g_distinct(%s)", []Type{a[0], Double}, Bigint, a[0].ordered()
	}
	return "count(DISTINCT %s)", a, Bigint, len(a) == 1 && a[0].ordered()
}

func percentile(a []Type) (string, []Type, Type, bool) {
	if len(a) == 2 && a[0].numeric() && a[1] == Doubles {
		return "g_percentiles(%s)", a, arrays[a[0]], true
	}
	if len(a) != 2 || !a[0].numeric() || !fits(a[1], Double) {
		return "", nil, 0, false
	}
	return "g_percentile(%s)", []Type{a[0], Double}, a[0], true
}

// aggregate writes an aggregation.
func (c *compiler) aggregate(a aggregate, e *expr, s *scope, v env) (compiled, error) {
	if e.op == "count" && len(e.kids) == 1 && e.kids[0].kind == exprStar {
		x := compiled{sql: "count(*)", typ: Bigint, agg: e.over == nil}
		return c.filtered(e, x, s, v)
	}
	kids, x, err := c.kids(e.kids, s, v)
	if err != nil {
		return x, err
	}
	types := make([]Type, len(kids))
	for i, kid := range kids {
		types[i] = kid.typ
		switch {
		case kid.agg && e.over == nil:
			return x, e.at.failf("Cannot nest aggregations inside aggregation '%s': [%s]", e.op, e.kids[i].text)
		case kid.window && e.over == nil:
			return x, e.at.failf("Cannot nest window functions inside aggregation '%s': [%s]", e.op, e.kids[i].text)
		case kid.outer:
			return x, e.at.notOffered("an aggregation over a column of a query around")
		}
	}
	sql, want, result, ok := a(types)
	if !ok {
		return x, arity(e, kids)
	}
	args := make([]string, len(kids))
	for i, kid := range kids {
		args[i] = convert(kid.sql, kid.typ, want[i])
	}
	list := strings.Join(args, ", ")
	switch {
	case e.op == "count" && len(kids) == 0:
		list = "*"
	case e.distinct && (len(kids) != 1 || strings.Contains(sql, "CASE") || strings.Contains(sql, "exp(")):
		return x, e.at.notOffered("DISTINCT in " + e.op)
	case e.distinct && !strings.Contains(sql, "DISTINCT"):
		list = "DISTINCT " + list
	}
	if x.typ = result; e.over == nil {
		x.agg = true
	} else if sql, ok = inWindow(sql, e.over); !ok || e.distinct {
		return x, e.at.notOffered(e.op + " over such a window")
	}
	x.sql = fmt.Sprintf(sql, list)
	return c.filtered(e, x, s, v)
}

// filtered adds FILTER (WHERE …).
func (c *compiler) filtered(e *expr, x compiled, s *scope, v env) (compiled, error) {
	if e.filter == nil {
		return x, nil
	}
	if e.op == "geometric_mean" {
		return x, e.at.notOffered("FILTER of " + e.op)
	}
	where, err := c.boolean(e.filter, s, v, "FILTER", false)
	x.sql += " FILTER (WHERE " + where + ")"
	return x, err
}
