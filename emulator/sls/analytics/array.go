package analytics

import (
	"database/sql/driver"
	"encoding/json"
	"strings"
)

func texts(list []string) values {
	out := make(values, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// array is how an array runs through the engine. Its elements are strings, int64 or float64, and nil.
func array(list values) (driver.Value, error) {
	var b strings.Builder
	for i, v := range list {
		b.WriteString([]string{"[", ","}[min(i, 1)])
		switch v := v.(type) {
		case nil:
			b.WriteString("null")
		case string:
			text, err := encodeJSON(v)
			if err != nil {
				return nil, err
			}
			b.WriteString(text.(string))
		case int64:
			b.WriteString(format(v, Bigint))
		case float64:
			text := format(v, Double)
			if strings.HasSuffix(text, "y") { // Infinity
				return nil, dataf("an array cannot hold %s here", text)
			}
			b.WriteString(text)
		}
	}
	if len(list) == 0 {
		b.WriteByte('[')
	}
	b.WriteByte(']')
	return bounded(b.String())
}

// elements reads what array writes.
func elements(v driver.Value, element Type) values {
	doc, _ := parseJSON(v.(string))
	items, _ := doc.([]any)
	list := make(values, len(items))
	for i, item := range items {
		switch item := item.(type) {
		case string:
			list[i] = item
		case json.Number:
			list[i], _ = castText(item.String(), element)
		}
	}
	return list
}

func castArray(s string, element Type) (any, bool) {
	doc, _ := parseJSON(s)
	items, ok := doc.([]any)
	if !ok {
		return nil, false
	}
	list := make(values, len(items))
	for i, item := range items {
		if element == Varchar {
			if item != nil {
				list[i] = scalarText(item)
			}
			continue
		}
		if list[i], ok = castValueOf(item, element); !ok {
			return nil, false
		}
	}
	v, err := array(list)
	return v, err == nil
}
