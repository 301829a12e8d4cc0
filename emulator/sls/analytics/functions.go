package analytics

import (
	"database/sql/driver"
	"errors"
	"fmt"
)

type values = []driver.Value

// functions are the scalar functions that are offered, by name: each with the forms of its arguments, the most special
// first. All of them give null when an argument is null.
var functions = register(textFunctions(), regexpFunctions(), urlFunctions(), addressFunctions(), timeFunctions(), jsonFunctions(), arrayFunctions(), binaryFunctions(), mathFunctions())

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

// notOffered are functions of the service that are missing here, so that nobody takes their names for wrong.
var notOffered = words(`ip_to_city ip_to_city_geo ip_to_country ip_to_country_code ip_to_geo ip_to_provider ip_to_province
	time_series compare ts_compare series_padding json_extract_bool json_extract_long json_extract_double
	map map_agg map_keys map_values histogram numeric_histogram multimap_agg split_to_map regexp_extract_map
	filter transform reduce zip zip_with sequence flatten shuffle`)

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
	return function{args: []Type{arg}, result: result, sure: true, run: func(a values) (driver.Value, error) { return f(a[0].(A)), nil }}
}

func two[A, B, R any](a, b, result Type, f func(A, B) R) function {
	return function{args: []Type{a, b}, result: result, sure: true, run: func(v values) (driver.Value, error) {
		return f(v[0].(A), v[1].(B)), nil
	}}
}

func forms(list ...function) []function { return list }

func truth(b bool) driver.Value { return boolean(b) }
