package analytics

import (
	"bytes"
	"database/sql/driver"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
)

func jsonFunctions() map[string][]function {
	path := func(result Type, f func(doc any) (driver.Value, error)) []function {
		run := func(v values) (driver.Value, error) {
			steps, err := jsonPath(v[1].(string))
			if err != nil {
				return nil, err
			}
			doc, ok := parseJSON(v[0].(string))
			if !ok {
				return nil, nil
			}
			if doc, ok = follow(doc, steps); !ok {
				return nil, nil
			}
			return f(doc)
		}
		return forms(function{args: []Type{JSON, Varchar}, result: result, run: run}, function{args: []Type{Varchar, Varchar}, result: result, run: run})
	}
	parsed := func(result Type, f func(doc any) (driver.Value, error)) []function {
		run := func(v values) (driver.Value, error) {
			doc, ok := parseJSON(v[0].(string))
			if !ok {
				return nil, nil
			}
			return f(doc)
		}
		return forms(function{args: []Type{JSON}, result: result, run: run}, function{args: []Type{Varchar}, result: result, run: run})
	}
	return map[string][]function{
		"json_extract_scalar": path(Varchar, func(doc any) (driver.Value, error) {
			switch doc.(type) {
			case map[string]any, []any, nil:
				return nil, nil
			}
			return scalarText(doc), nil
		}),
		"json_extract": path(JSON, encodeJSON),
		"json_size": path(Bigint, func(doc any) (driver.Value, error) {
			switch doc := doc.(type) {
			case map[string]any:
				return int64(len(doc)), nil
			case []any:
				return int64(len(doc)), nil
			}
			return int64(0), nil
		}),
		"json_array_contains": jsonContains(),
		"json_array_get":      jsonGet(),
		"json_array_length": parsed(Bigint, func(doc any) (driver.Value, error) {
			if list, ok := doc.([]any); ok {
				return int64(len(list)), nil
			}
			return nil, nil
		}),
		"json_parse": forms(function{args: []Type{Varchar}, result: JSON, run: func(v values) (driver.Value, error) {
			doc, ok := parseJSON(v[0].(string))
			if !ok {
				return nil, dataf("Cannot convert '%.200s' to JSON", v[0])
			}
			return encodeJSON(doc)
		}}),
		"json_format": forms(function{args: []Type{JSON}, result: Varchar, run: func(v values) (driver.Value, error) { return v[0], nil }}),
	}
}

// jsonContains looks for a value of one type in a JSON array; null when it is no array.
func jsonContains() (list []function) {
	for _, source := range []Type{JSON, Varchar} {
		for _, want := range []Type{Varchar, Bigint, Double, Boolean} {
			list = append(list, function{args: []Type{source, want}, result: Boolean, run: func(v values) (driver.Value, error) {
				doc, _ := parseJSON(v[0].(string))
				items, ok := doc.([]any)
				if !ok {
					return nil, nil
				}
				return truth(slices.ContainsFunc(items, func(item any) bool { return isJSON(item, v[1], want) })), nil
			}})
		}
	}
	return list
}

// isJSON compares a JSON value with one of type typ.
func isJSON(item any, v driver.Value, typ Type) bool {
	switch item := item.(type) {
	case string:
		return typ == Varchar && item == v
	case bool:
		return typ == Boolean && truth(item) == v
	case json.Number:
		if typ != Bigint && typ != Double {
			return false
		}
		n, ok := castText(item.String(), typ)
		return ok && n == v
	}
	return false
}

// jsonGet is an element of a JSON array by its place from 0, or from the end when that is negative.
func jsonGet() (list []function) {
	for _, source := range []Type{JSON, Varchar} {
		list = append(list, function{args: []Type{source, Bigint}, result: JSON, run: func(v values) (driver.Value, error) {
			doc, _ := parseJSON(v[0].(string))
			items, _ := doc.([]any)
			n := v[1].(int64)
			if n < 0 {
				n += int64(len(items))
			}
			if n < 0 || n >= int64(len(items)) {
				return nil, nil
			}
			return encodeJSON(items[n])
		}})
	}
	return list
}

// parseJSON reads one JSON value and nothing behind it. Numbers keep their digits.
func parseJSON(s string) (doc any, ok bool) {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	if d.Decode(&doc) != nil {
		return nil, false
	}
	_, err := d.Token()
	return doc, err == io.EOF
}

func encodeJSON(doc any) (driver.Value, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(doc); err != nil {
		return nil, err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// scalarText is the text of a JSON value; objects and arrays keep their JSON.
func scalarText(doc any) string {
	switch v := doc.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	v, err := encodeJSON(doc)
	if err != nil { // it came from JSON
		return ""
	}
	return v.(string)
}

// jsonScalar is the text of a JSON value that is no object and no array; nil for null.
func jsonScalar(s string) (any, bool) {
	doc, ok := parseJSON(s)
	switch doc.(type) {
	case map[string]any, []any:
		return nil, false
	case nil:
		return nil, ok
	}
	return scalarText(doc), ok
}

// castValueOf makes a number or a boolean of a JSON value that is no object and no array; null stays null.
func castValueOf(doc any, to Type) (any, bool) {
	switch v := doc.(type) {
	case nil:
		return nil, true
	case string:
		return castText(v, to)
	case bool:
		return castNumber(boolean(v), Bigint, to)
	case json.Number:
		if n, ok := castText(v.String(), Bigint); ok {
			return castNumber(n, Bigint, to)
		}
		f, ok := castText(v.String(), Double)
		if !ok {
			return nil, false
		}
		return castNumber(f, Double, to)
	}
	return nil, false
}

func castJSON(v any, from Type) (any, bool) {
	if from.element() != Unknown {
		return v, true
	}
	text := format(v, from)
	if from == Varchar {
		encoded, err := encodeJSON(text)
		return encoded, err == nil
	}
	_, ok := parseJSON(text) // infinity is none
	return text, ok
}
