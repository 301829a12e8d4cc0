package org

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// sameDocument tells whether two policy documents mean the same: the order of statements and of values, one value or
// a list of one, the case of actions and condition keys, and "acs:ram::" against "acs:ram:*:" make no difference
// (accounts.md §5.4, §5.5). A document that cannot be read is never the same.
func sameDocument(a, b string) bool {
	ca, err1 := canonical(a)
	cb, err2 := canonical(b)
	return err1 == nil && err2 == nil && ca == cb
}

// canonical writes a policy document in one form for all documents that mean the same.
func canonical(document string) (string, error) {
	var d struct {
		Version   string
		Statement json.RawMessage
	}
	if err := json.Unmarshal([]byte(document), &d); err != nil {
		return "", fmt.Errorf("read policy document: %w", err)
	}
	if d.Version != "1" {
		return "", fmt.Errorf("policy document has version %q, want \"1\"", d.Version)
	}
	var list []map[string]any
	if err := json.Unmarshal(d.Statement, &list); err != nil {
		var one map[string]any
		if json.Unmarshal(d.Statement, &one) != nil {
			return "", fmt.Errorf("read statements: %w", err)
		}
		list = []map[string]any{one}
	}
	if len(list) == 0 {
		return "", errors.New("policy document has no statement")
	}
	lines := make([]string, 0, len(list))
	for _, s := range list {
		line, err := canonicalStatement(s)
		if err != nil {
			return "", err
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "\n"), nil
}

func canonicalStatement(s map[string]any) (string, error) {
	out := map[string]any{}
	for _, k := range slices.Sorted(maps.Keys(s)) {
		v := s[k]
		switch k {
		case "Effect":
			out[k] = v
		case "Action", "NotAction":
			out[k] = values(v, strings.ToLower)
		case "Resource":
			out[k] = values(v, foldARN)
		case "Principal":
			p, ok := v.(map[string]any)
			if !ok {
				return "", errors.New("principal of a statement is not an object")
			}
			kinds := map[string][]string{}
			for kind, who := range p {
				kinds[kind] = values(who, foldARN)
			}
			out[k] = kinds
		case "Condition":
			c, err := canonicalCondition(v)
			if err != nil {
				return "", err
			}
			if len(c) > 0 {
				out[k] = c
			}
		default:
			return "", fmt.Errorf("statement has unknown key %q", k)
		}
	}
	b, err := json.Marshal(out)
	return string(b), err
}

func canonicalCondition(v any) (map[string]map[string][]string, error) {
	out := map[string]map[string][]string{}
	ops, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("condition of a statement is not an object")
	}
	for op, keys := range ops {
		m, ok := keys.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("condition %s is not an object", op)
		}
		out[op] = map[string][]string{}
		for key, val := range m {
			out[op][strings.ToLower(key)] = values(val, func(s string) string { return s })
		}
	}
	return out, nil
}

// values returns one value or a list of values as a sorted list without repeats.
func values(v any, fold func(string) string) []string {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	out := make([]string, 0, len(list))
	for _, e := range list {
		out = append(out, fold(fmt.Sprint(e)))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// foldARN makes RAM's ARNs comparable: their region is empty or "*", and role names ignore case.
func foldARN(s string) string {
	rest, ok := strings.CutPrefix(s, "acs:ram::")
	if !ok {
		rest, ok = strings.CutPrefix(s, "acs:ram:*:")
	}
	if !ok {
		return s
	}
	account, path, _ := strings.Cut(rest, ":")
	if strings.HasPrefix(path, "role/") {
		path = strings.ToLower(path)
	}
	return "acs:ram::" + account + ":" + path
}
