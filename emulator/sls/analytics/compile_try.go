package analytics

import (
	"database/sql/driver"
	"errors"
	"slices"
	"strings"
)

// TRY gives null where the expression in it fails on the data. The engine cannot catch an error, so the functions inside
// have twins that give null instead of one, and whatever is around them there makes null of null.

// quietly begins the name of such a twin.
const quietly = "q_"

// hushed makes null of an error of the data.
func hushed(run func(values) (driver.Value, error)) func(values) (driver.Value, error) {
	return func(args values) (driver.Value, error) {
		v, err := run(args)
		if errors.Is(err, errData) {
			return nil, nil
		}
		return v, err
	}
}

// named is the name of a function, or of its twin inside TRY.
func (c *compiler) named(function string) string {
	if c.quiet && strings.HasPrefix(function, "f_") {
		return quietly + function
	}
	return function
}

func (c *compiler) try(e *expr, s *scope, v env) (compiled, error) {
	if len(e.kids) != 1 {
		kids, x, err := c.kids(e.kids, s, v)
		if err == nil {
			err = arity(e, kids)
		}
		return x, err
	}
	before := c.quiet
	c.quiet = true
	x, err := c.expr(e.kids[0], s, v, true)
	c.quiet = before
	return x, err
}

// strict tells whether an expression is null as soon as a part of it is. Inside any other a failure of a part must not
// become null, because the whole would then be something else.
func (e *expr) strict() bool {
	switch e.kind {
	case exprLiteral, exprInterval, exprUnary, exprLike, exprCast, exprExtract, exprSubscript:
		return true
	case exprBinary:
		return e.op != "and" && e.op != "or"
	case exprCall:
		return aggregates[e.op] == nil && e.over == nil && !slices.Contains([]string{"coalesce", "if", "nullif", "typeof", arrayLiteral}, e.op)
	}
	return false
}
