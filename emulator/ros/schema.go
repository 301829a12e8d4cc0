package ros

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// kind is the shape of a property.
type kind int

const (
	text kind = iota
	number
	boolean
	list    // of elem
	mapping // with fields, or free when fields is nil
	anything
)

var kindNames = map[kind]string{text: "text", number: "a number", boolean: "a boolean", list: "a list", mapping: "a mapping"}

// prop describes one property of a resource type.
type prop struct {
	kind     kind
	required bool
	allowed  []string
	fields   map[string]prop // of a mapping
	elem     *prop           // of a list
}

// Short forms for the tables of drivers.
func required(p prop) prop           { p.required = true; return p }
func listOf(p prop) prop             { return prop{kind: list, elem: &p} }
func object(f map[string]prop) prop  { return prop{kind: mapping, fields: f} }
func oneOf(values ...string) prop    { return prop{kind: text, allowed: values} }
func of(k kind) prop                 { return prop{kind: k} }
func oneOrMany() prop                { return prop{kind: anything} }
func names(m map[string]prop) string { return strings.Join(slices.Sorted(maps.Keys(m)), ", ") }

// checkNode checks names and shapes that do not depend on functions.
func checkNode(n *yaml.Node, p prop, path string) error {
	if _, ok, err := asCall(n, path); ok || err != nil {
		return err
	}
	switch {
	case p.kind == anything:
		return nil
	case p.kind == mapping && n.Kind == yaml.MappingNode:
		return checkFields(n, p, path)
	case p.kind == list && n.Kind == yaml.SequenceNode:
		for i, item := range n.Content {
			if err := checkNode(item, *p.elem, path+"."+strconv.Itoa(i)); err != nil {
				return err
			}
		}
		return nil
	case n.Kind == yaml.ScalarNode && p.kind != mapping && p.kind != list:
		v, err := scalar(n, path)
		if err != nil {
			return err
		}
		_, err = conform(v, p, path, n.Line)
		return err
	}
	return templateError(codePropertyType, path, n.Line, "it must be %s", kindNames[p.kind])
}

func checkFields(n *yaml.Node, p prop, path string) error {
	if p.fields == nil {
		return nil
	}
	seen := map[string]bool{}
	for key, value := range pairs(n) {
		f, known := p.fields[key.Value]
		if !known {
			return templateError(codeValidation, path+"."+key.Value, key.Line, "the property is unknown, known are: %s", names(p.fields))
		}
		seen[key.Value] = true
		if err := checkNode(value, f, path+"."+key.Value); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.fields)) {
		if p.fields[name].required && !seen[name] {
			return templateError(codeValidation, path+"."+name, n.Line, "the property is required")
		}
	}
	return nil
}

// conform turns an evaluated value into the kind of its property: "30" becomes a number where one is needed. Line is
// only for the error.
func conform(v any, p prop, path string, line int) (any, error) {
	wrong := func() error { return templateError(codePropertyType, path, line, "it must be %s", kindNames[p.kind]) }
	switch p.kind {
	case anything:
		return v, nil
	case mapping:
		return conformMap(v, p, path, line)
	case list:
		items, ok := v.([]any)
		if !ok {
			return nil, wrong()
		}
		out := make([]any, len(items))
		for i, item := range items {
			var err error
			if out[i], err = conform(item, *p.elem, path+"."+strconv.Itoa(i), line); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	s, ok := scalarText(v)
	switch {
	case !ok:
		return nil, wrong()
	case p.kind == number:
		n, err := strconv.Atoi(s)
		if err != nil {
			return nil, wrong()
		}
		return n, nil
	case p.kind == boolean:
		b, err := strconv.ParseBool(strings.ToLower(s))
		if err != nil {
			return nil, wrong()
		}
		return b, nil
	case len(p.allowed) > 0 && !slices.Contains(p.allowed, s):
		return nil, templateError(codePropertyType, path, line, "it must be one of %s", strings.Join(p.allowed, ", "))
	}
	return s, nil
}

func conformMap(v any, p prop, path string, line int) (any, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, templateError(codePropertyType, path, line, "it must be a mapping")
	}
	if p.fields == nil {
		return m, nil
	}
	out := map[string]any{}
	for key, value := range m {
		f, known := p.fields[key]
		if !known {
			return nil, templateError(codeValidation, path+"."+key, line, "the property is unknown, known are: %s", names(p.fields))
		}
		var err error
		if out[key], err = conform(value, f, path+"."+key, line); err != nil {
			return nil, err
		}
	}
	for name, f := range p.fields {
		if _, given := out[name]; f.required && !given {
			return nil, templateError(codeValidation, path+"."+name, line, "the property is required")
		}
	}
	return out, nil
}

// Readers of conformed properties; a missing one is the zero value.

func str(m map[string]any, key string) string         { v, _ := m[key].(string); return v }
func flag(m map[string]any, key string) bool          { v, _ := m[key].(bool); return v }
func items(m map[string]any, key string) []any        { v, _ := m[key].([]any); return v }
func sub(m map[string]any, key string) map[string]any { v, _ := m[key].(map[string]any); return v }

func integer(m map[string]any, key string, def int) int {
	if v, ok := m[key].(int); ok {
		return v
	}
	return def
}

func texts(m map[string]any, key string) []string {
	var out []string
	for _, v := range items(m, key) {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// document is a policy as the text that RAM takes. Keys are sorted, so equal policies have equal texts.
func document(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}
