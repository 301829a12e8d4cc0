package analytics

import (
	"database/sql/driver"
	"encoding/json"
	"strings"
)

func texts(list []string) []*string {
	out := make([]*string, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}

// array is how an Array runs through the engine.
func array(list []*string) (driver.Value, error) {
	if list == nil {
		list = []*string{}
	}
	v, err := encodeJSON(list)
	if err != nil {
		return nil, err
	}
	return bounded(v.(string))
}

func elements(v driver.Value) []*string {
	var list []*string
	_ = json.Unmarshal([]byte(v.(string)), &list) // written by array
	return list
}

func castArray(s string) (any, bool) {
	doc, _ := parseJSON(s)
	items, ok := doc.([]any)
	if !ok {
		return nil, false
	}
	list := []*string{}
	for _, item := range items {
		if item == nil {
			list = append(list, nil)
			continue
		}
		text := scalarText(item)
		list = append(list, &text)
	}
	v, err := array(list)
	return v, err == nil
}

func arrayFunctions() map[string][]function {
	at := func(strict bool) func(values) (driver.Value, error) {
		return func(v values) (driver.Value, error) {
			list, n := elements(v[0]), v[1].(int64)
			if n < 0 && !strict {
				n += int64(len(list)) + 1
			}
			switch {
			case n >= 1 && n <= int64(len(list)):
				if list[n-1] == nil {
					return nil, nil
				}
				return *list[n-1], nil
			case n == 0:
				return nil, dataf("SQL array indices start at 1")
			case strict:
				return nil, dataf("Array subscript out of bounds")
			}
			return nil, nil
		}
	}
	return map[string][]function{
		"split":       forms(two(Varchar, Varchar, Array, func(s, sep string) driver.Value { v, _ := array(texts(strings.Split(s, sep))); return v })),
		"subscript":   forms(function{args: []Type{Array, Bigint}, result: Varchar, run: at(true)}),
		"element_at":  forms(function{args: []Type{Array, Bigint}, result: Varchar, run: at(false)}),
		"cardinality": forms(function{args: []Type{Array}, result: Bigint, run: func(v values) (driver.Value, error) { return int64(len(elements(v[0]))), nil }}),
		"contains": forms(function{args: []Type{Array, Varchar}, result: Boolean, run: func(v values) (driver.Value, error) {
			for _, item := range elements(v[0]) {
				if item != nil && *item == v[1].(string) {
					return truth(true), nil
				}
			}
			return truth(false), nil
		}}),
		"array_join": forms(function{args: []Type{Array, Varchar}, result: Varchar, run: func(v values) (driver.Value, error) {
			var list []string
			for _, item := range elements(v[0]) {
				if item != nil {
					list = append(list, *item)
				}
			}
			return bounded(strings.Join(list, v[1].(string)))
		}}),
	}
}
