package analytics

import (
	"strconv"
	"strings"
)

// jsonPath reads $.a.b[0]["c"].
func jsonPath(path string) ([]any, error) {
	bad := dataf("Invalid JSON path: '%.200s'", path)
	rest, ok := strings.CutPrefix(path, "$")
	if !ok {
		if path == "" {
			return nil, bad
		}
		rest = "." + path // the service reads a plain name as a path too
	}
	var steps []any
	for rest != "" {
		var step string
		switch {
		case rest[0] == '.':
			end := strings.IndexAny(rest[1:], ".[")
			if end < 0 {
				end = len(rest) - 1
			}
			step, rest = rest[1:1+end], rest[1+end:]
			if step == "" || step == "*" {
				return nil, bad
			}
			steps = append(steps, step)
		case strings.HasPrefix(rest, `["`), strings.HasPrefix(rest, `['`):
			end := strings.Index(rest[2:], rest[1:2]+"]")
			if end < 0 {
				return nil, bad
			}
			steps, rest = append(steps, rest[2:2+end]), rest[4+end:]
		case rest[0] == '[':
			n := digits(rest[1:])
			i, err := strconv.Atoi(rest[1 : 1+n])
			if err != nil || !strings.HasPrefix(rest[1+n:], "]") {
				return nil, bad
			}
			steps, rest = append(steps, i), rest[2+n:]
		default:
			return nil, bad
		}
	}
	return steps, nil
}

func follow(doc any, steps []any) (any, bool) {
	for _, step := range steps {
		switch at := step.(type) {
		case string:
			object, ok := doc.(map[string]any)
			if !ok {
				return nil, false
			}
			if doc, ok = object[at]; !ok {
				return nil, false
			}
		case int:
			list, ok := doc.([]any)
			if !ok || at >= len(list) {
				return nil, false
			}
			doc = list[at]
		}
	}
	return doc, true
}
