package analytics

import (
	"database/sql/driver"
	"slices"
	"strings"
	"unicode/utf8"
)

// arrayFunctions have a form for each type of elements.
func arrayFunctions() map[string][]function {
	all := map[string][]function{
		"split": forms(
			function{args: []Type{Varchar, Varchar}, result: Array, run: split},
			function{args: []Type{Varchar, Varchar, Bigint}, result: Array, run: split}),
	}
	for _, element := range []Type{Varchar, Bigint, Double} {
		list := arrays[element]
		form := func(name string, result Type, run func(list, rest values) (driver.Value, error), more ...Type) {
			all[name] = append(all[name], function{args: append([]Type{list}, more...), result: result, run: func(v values) (driver.Value, error) {
				for i, typ := range more {
					if typ == list {
						v[i+1] = elements(v[i+1], element)
					}
				}
				return run(elements(v[0], element), v[1:])
			}})
		}
		form("subscript", element, at(true), Bigint)
		form("element_at", element, at(false), Bigint)
		form("cardinality", Bigint, func(list, _ values) (driver.Value, error) { return int64(len(list)), nil })
		form("contains", Boolean, contains, element)
		form("array_position", Bigint, func(list, rest values) (driver.Value, error) { return int64(slices.Index(list, rest[0]) + 1), nil }, element)
		form("array_remove", list, func(list, rest values) (driver.Value, error) {
			return array(slices.DeleteFunc(list, func(v driver.Value) bool { return v == rest[0] }))
		}, element)
		form("array_distinct", list, func(list, _ values) (driver.Value, error) { return array(unique(list)) })
		form("array_sort", list, func(list, _ values) (driver.Value, error) { return array(sorted(list)) })
		form("array_min", element, func(list, _ values) (driver.Value, error) { return end(sorted(list), false), nil })
		form("array_max", element, func(list, _ values) (driver.Value, error) { return end(sorted(list), true), nil })
		form("array_union", list, func(list, rest values) (driver.Value, error) {
			return array(unique(slices.Concat(list, rest[0].(values))))
		}, list)
		form("array_intersect", list, func(list, rest values) (driver.Value, error) {
			return array(unique(both(list, rest[0].(values), true)))
		}, list)
		form("array_except", list, func(list, rest values) (driver.Value, error) {
			return array(unique(both(list, rest[0].(values), false)))
		}, list)
		form("slice", list, slice, Bigint, Bigint)
		form("reverse", list, func(list, _ values) (driver.Value, error) {
			slices.Reverse(list)
			return array(list)
		})
		join := func(list, rest values) (driver.Value, error) { return joined(list, rest, element) }
		form("array_join", Varchar, join, Varchar)
		form("array_join", Varchar, join, Varchar, Varchar)
	}
	return all
}

// split cuts a text; the last of at most limit parts is all that is left.
func split(v values) (driver.Value, error) {
	limit := int64(-1)
	if len(v) == 3 {
		if limit = v[2].(int64); limit <= 0 {
			return nil, dataf("The limit of split must be positive")
		}
	}
	if v[1] == "" {
		return nil, dataf("The delimiter may not be the empty string")
	}
	return array(texts(strings.SplitN(v[0].(string), v[1].(string), int(min(limit, maxText)))))
}

func at(strict bool) func(list, rest values) (driver.Value, error) {
	return func(list, rest values) (driver.Value, error) {
		n := rest[0].(int64)
		if n < 0 && !strict {
			n += int64(len(list)) + 1
		}
		switch {
		case rest[0] == int64(0):
			return nil, dataf("SQL array indices start at 1")
		case n >= 1 && n <= int64(len(list)):
			return list[n-1], nil
		case strict:
			return nil, dataf("Array subscript out of bounds")
		}
		return nil, nil
	}
}

// contains is null when the element may be one of those that are null.
func contains(list, rest values) (driver.Value, error) {
	switch {
	case slices.Contains(list, rest[0]):
		return truth(true), nil
	case slices.Contains(list, nil):
		return nil, nil
	}
	return truth(false), nil
}

func unique(list values) values {
	var out values
	seen := map[driver.Value]bool{}
	for _, v := range list {
		if !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}

// both are the elements of a that are in b, or with in false those that are not.
func both(a, b values, in bool) values {
	known := map[driver.Value]bool{}
	for _, v := range b {
		known[v] = true
	}
	return slices.DeleteFunc(slices.Clone(a), func(v driver.Value) bool { return known[v] != in })
}

// sorted puts nulls last.
func sorted(list values) values {
	slices.SortStableFunc(list, func(a, b driver.Value) int {
		if a == nil || b == nil {
			return int(boolean(a == nil) - boolean(b == nil))
		}
		return compare(a, b)
	})
	return list
}

// end is the first or last of a sorted list; null when the list is empty or holds a null.
func end(list values, last bool) driver.Value {
	if len(list) == 0 || list[len(list)-1] == nil {
		return nil
	}
	if last {
		return list[len(list)-1]
	}
	return list[0]
}

// slice counts from 1, or from the end when the start is negative.
func slice(list, rest values) (driver.Value, error) {
	start, n := rest[0].(int64), rest[1].(int64)
	size := int64(len(list))
	switch {
	case start == 0:
		return nil, dataf("SQL array indices start at 1")
	case n < 0:
		return nil, dataf("length must be greater than or equal to 0")
	case start < 0:
		start += size + 1
	}
	if start < 1 || start > size {
		return array(nil)
	}
	return array(list[start-1 : start-1+min(n, size-start+1)])
}

// longestJoin is how much array_join gives, as documented, in bytes.
const longestJoin = 1024

// joined leaves nulls out, unless the second of rest says what to write for them.
func joined(list, rest values, element Type) (driver.Value, error) {
	var parts []string
	for _, v := range list {
		switch {
		case v != nil:
			parts = append(parts, format(v, element))
		case len(rest) > 1:
			parts = append(parts, rest[1].(string))
		}
	}
	s := strings.Join(parts, rest[0].(string))
	if len(s) > longestJoin {
		n := longestJoin
		for !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n]
	}
	return s, nil
}
