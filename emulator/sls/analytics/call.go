package analytics

import (
	"database/sql/driver"
	"fmt"
	"strings"
)

// function is one form of a function: the arguments that it takes and what it gives.
type function struct {
	args     []Type
	more     bool // the last argument may repeat
	result   Type
	sql      string // how the engine says it, with %s for the arguments; "" = run is registered under name
	name     string
	run      func(args []driver.Value) (driver.Value, error)
	volatile bool // two calls may differ
	sure     bool // it has a value for all arguments, so TRY needs no twin of it
}

// call writes a function, an aggregate or one of the forms that look like functions.
func (c *compiler) call(e *expr, s *scope, v env) (compiled, error) {
	switch a := aggregates[e.op]; {
	case e.over != nil:
		return c.window(e, s, v)
	case a != nil:
		return c.aggregate(a, e, s, v)
	case e.op == "try":
		return c.try(e, s, v)
	case windowFunctions[e.op] != nil:
		return compiled{}, e.at.failf("Window function %s requires an OVER clause", e.op)
	}
	if e.distinct || e.filter != nil {
		return compiled{}, e.at.failf("DISTINCT and FILTER are for aggregations, %s is none", e.op)
	}
	kids, x, err := c.kids(e.kids, s, v)
	if err != nil {
		return x, err
	}
	switch e.op {
	case "coalesce", "greatest", "least":
		return c.oneOf(e, kids, x)
	case arrayLiteral:
		return c.arrayLiteral(e, kids, x)
	case "if", "nullif":
		return c.condition(e, kids, x)
	case "typeof":
		if len(kids) != 1 {
			return x, arity(e, kids)
		}
		return compiled{sql: c.param(kids[0].typ.String()), typ: Varchar, agg: x.agg, window: x.window, outer: x.outer}, nil
	case "current_timestamp", "now", "localtimestamp", "current_date":
		if len(kids) != 0 {
			return x, arity(e, kids)
		}
		now := compiled{sql: c.param(c.now.UnixMilli()), typ: Timestamp}
		if e.op == "current_date" {
			now.sql, now.typ = c.param(midnight(c.now.UnixMilli())), Date
		}
		return now, nil
	}
	return c.function(e, e.op, kids, x)
}

// arity refuses a number or types of arguments.
func arity(e *expr, kids []compiled) error {
	types := make([]string, len(kids))
	for i, k := range kids {
		types[i] = k.typ.String()
	}
	return e.at.failf("Unexpected parameters (%s) for function %s", strings.Join(types, ", "), e.op)
}

// function writes a call of a registered function, of the first form that its arguments fit.
func (c *compiler) function(e *expr, name string, kids []compiled, x compiled) (compiled, error) {
	forms := functions[name]
	switch {
	case notOffered[name]:
		return x, e.at.notOffered("the function " + name)
	case forms == nil:
		return x, e.at.failf("Function %s not registered", name)
	}
	for i := range forms {
		f := &forms[i]
		if args, ok := f.take(kids); ok {
			call := f.sql
			if call == "" {
				call = f.name + "(%s)"
			}
			if !f.sure {
				call = c.named(call)
			}
			x.sql, x.typ = strings.Replace(call, "%s", strings.Join(args, ", "), 1), f.result
			return x, nil
		}
	}
	return x, arity(e, kids)
}

// take fits arguments to a form.
func (f *function) take(kids []compiled) ([]string, bool) {
	if len(kids) < len(f.args) || len(kids) > len(f.args) && !f.more {
		return nil, false
	}
	args := make([]string, len(kids))
	for i, kid := range kids {
		want := f.args[min(i, len(f.args)-1)]
		if !fits(kid.typ, want) {
			return nil, false
		}
		args[i] = convert(kid.sql, kid.typ, want)
	}
	return args, true
}

// oneOf writes functions of any number of values of one type.
func (c *compiler) oneOf(e *expr, kids []compiled, x compiled) (compiled, error) {
	if len(kids) == 0 || len(kids) == 1 && e.op == "coalesce" {
		return x, arity(e, kids)
	}
	typ, err := unify(e, kids)
	if err != nil {
		return x, err
	}
	if !typ.ordered() && e.op != "coalesce" {
		return x, arity(e, kids)
	}
	args := make([]string, len(kids))
	for i, kid := range kids {
		args[i] = convert(kid.sql, kid.typ, typ)
	}
	if x.typ, x.sql = typ, args[0]; len(args) > 1 {
		x.sql = map[string]string{"coalesce": "coalesce", "greatest": "max", "least": "min"}[e.op] + "(" + strings.Join(args, ", ") + ")"
	}
	return x, nil
}

// arrayLiteral is the name of the function that ARRAY[…] stands for.
const arrayLiteral = "array[]"

func (c *compiler) arrayLiteral(e *expr, kids []compiled, x compiled) (compiled, error) {
	element, err := unify(e, kids)
	if err != nil {
		return x, err
	}
	if x.typ = arrays[element]; x.typ == Unknown {
		return x, e.at.notOffered("an array of " + element.String())
	}
	args := make([]string, len(kids))
	for i, kid := range kids {
		args[i] = convert(kid.sql, kid.typ, element)
	}
	x.sql = "json_array(" + strings.Join(args, ", ") + ")"
	return x, nil
}

// condition writes if and nullif.
func (c *compiler) condition(e *expr, kids []compiled, x compiled) (compiled, error) {
	if e.op == "nullif" {
		if len(kids) != 2 {
			return x, arity(e, kids)
		}
		if t, ok := common(kids[0].typ, kids[1].typ); !ok || !t.ordered() {
			return x, e.at.failf("Types are not comparable with NULLIF: %s vs %s", kids[0].typ, kids[1].typ)
		}
		x.sql, x.typ = "nullif("+sqlOf(kids)+")", kids[0].typ
		return x, nil
	}
	if len(kids) < 2 || len(kids) > 3 {
		return x, arity(e, kids)
	}
	if !fits(kids[0].typ, Boolean) {
		return x, e.at.failf("IF condition must evaluate to a boolean (actual: %s)", kids[0].typ)
	}
	typ, err := unify(e, kids[1:])
	if err != nil {
		return x, err
	}
	x.sql, x.typ = "(CASE WHEN "+kids[0].sql+" THEN "+convert(kids[1].sql, kids[1].typ, typ), typ
	if len(kids) == 3 {
		x.sql += " ELSE " + convert(kids[2].sql, kids[2].typ, typ)
	}
	x.sql += " END)"
	return x, nil
}

// cast writes CAST and TRY_CAST.
func (c *compiler) cast(e *expr, kid, x compiled) (compiled, error) {
	x.typ = e.typ
	switch {
	case kid.typ == e.typ || kid.typ == Unknown:
		x.sql = kid.sql
		return x, nil
	case !castable(kid.typ, e.typ):
		return x, e.at.failf("Cannot cast %s to %s", kid.typ, e.typ)
	}
	try := 0
	if e.try {
		try = 1
	}
	x.sql = fmt.Sprintf("%s(%s, %d, %d, %d)", c.named("f_cast_"), kid.sql, kid.typ, e.typ, try)
	if kid.typ == Bigint && e.typ == Double {
		x.sql = convert(kid.sql, Bigint, Double)
	}
	return x, nil
}
