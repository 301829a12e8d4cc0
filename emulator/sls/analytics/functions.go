package analytics

import (
	"database/sql/driver"
	"errors"
	"fmt"
)

type values = []driver.Value

// functions are the scalar functions that are offered, by name: each with the forms of its arguments, the most special
// first. All of them give null when an argument is null.
var functions = register(textFunctions(), regexpFunctions(), urlFunctions(), addressFunctions(), timeFunctions(), jsonFunctions(), arrayFunctions(), mathFunctions())

// register joins lists of functions and gives those that run here a name for the engine.
func register(lists ...map[string][]function) map[string][]function {
	all := map[string][]function{}
	for _, list := range lists {
		for name, forms := range list {
			all[name] = append(all[name], forms...)
		}
	}
	for name, forms := range all {
		for i := range forms {
			forms[i].name = fmt.Sprintf("f_%s_%d", name, i)
		}
	}
	return all
}

// errData is a value that a function cannot work on.
var errData = errors.New("invalid data")

func dataf(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errData}, args...)...)
}

// maxText bounds the result of a function, in bytes.
const maxText = 1 << 20

func bounded(s string) (driver.Value, error) {
	if len(s) > maxText {
		return nil, dataf("a text of more than %d bytes", maxText)
	}
	return s, nil
}

// one and two make forms from plain functions.
func one[A, R any](arg, result Type, f func(A) R) function {
	return function{args: []Type{arg}, result: result, run: func(a values) (driver.Value, error) { return f(a[0].(A)), nil }}
}

func two[A, B, R any](a, b, result Type, f func(A, B) R) function {
	return function{args: []Type{a, b}, result: result, run: func(v values) (driver.Value, error) {
		return f(v[0].(A), v[1].(B)), nil
	}}
}

func forms(list ...function) []function { return list }

func truth(b bool) driver.Value { return boolean(b) }
