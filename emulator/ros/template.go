package ros

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// Limits of a template; accounts sheet, section 4.3, and the documented size of TemplateBody.
const (
	maxTemplate  = 524_288
	maxResources = 300
	maxDepth     = 64 // nesting of values: a guard of the emulator
)

// Template is a parsed template. Values stay nodes until they are evaluated, so that errors can name lines.
type Template struct {
	Description string
	parameters  []parameter
	mappings    map[string]map[string]map[string]any
	conditions  map[string]*yaml.Node
	resources   []*resource
	outputs     []outputNode
}

type resource struct {
	id, kind, condition string
	line                int
	retain              bool
	properties          *yaml.Node // a mapping, or nil
	dependsOn           []string
}

type outputNode struct {
	key, description, condition string
	value                       *yaml.Node
}

// ParseTemplate reads a template in YAML or JSON and checks everything that does not need values: sections, resource
// types, property names, functions, references and cycles. The error is a [*TemplateError].
func ParseTemplate(body string) (*Template, error) {
	if len(body) > maxTemplate {
		return nil, templateError(codeSchema, "Template", 0, "it has %d bytes, the limit is %d", len(body), maxTemplate)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(body), &doc); err != nil {
		return nil, templateError(codeSchema, "Template", 0, "%s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, templateError(codeSchema, "Template", 0, "it is not a mapping")
	}
	root := doc.Content[0]
	if err := checkShape(root, "Template", 0); err != nil {
		return nil, err
	}
	t := &Template{mappings: map[string]map[string]map[string]any{}, conditions: map[string]*yaml.Node{}}
	for key, value := range pairs(root) {
		if err := t.section(key.Value, value); err != nil {
			return nil, err
		}
	}
	if !slices.ContainsFunc(root.Content, func(n *yaml.Node) bool { return n.Value == "ROSTemplateFormatVersion" }) {
		return nil, templateError(codeVersion, "ROSTemplateFormatVersion", 1, "it is required")
	}
	return t, t.check()
}

// checkShape refuses what templates must not contain: aliases, merge keys, duplicate and non-text keys, deep nesting.
func checkShape(n *yaml.Node, path string, depth int) error {
	switch {
	case depth > maxDepth:
		return templateError(codeSchema, path, n.Line, "values are nested more than %d deep", maxDepth)
	case n.Kind == yaml.AliasNode:
		return templateError(codeSchema, path, n.Line, "YAML aliases are not allowed")
	case n.Kind == yaml.SequenceNode:
		for i, item := range n.Content {
			if err := checkShape(item, fmt.Sprintf("%s.%d", path, i), depth+1); err != nil {
				return err
			}
		}
	case n.Kind == yaml.MappingNode:
		seen := map[string]bool{}
		for key, value := range pairs(n) {
			if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
				return templateError(codeSchema, path, key.Line, "a key is not text")
			}
			if seen[key.Value] {
				return templateError(codeSchema, path, key.Line, "the key %q occurs twice", key.Value)
			}
			seen[key.Value] = true
			if err := checkShape(value, path+"."+key.Value, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// pairs ranges over a mapping in the order of the text; it yields nothing for other nodes.
func pairs(n *yaml.Node) func(yield func(key, value *yaml.Node) bool) {
	return func(yield func(key, value *yaml.Node) bool) {
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i], n.Content[i+1]) {
				return
			}
		}
	}
}

func (t *Template) section(name string, n *yaml.Node) error {
	each := func(read func(key string, value *yaml.Node) error) error {
		if n.Kind != yaml.MappingNode {
			return templateError(codeSection, name, n.Line, "it is not a mapping")
		}
		for key, value := range pairs(n) {
			if err := read(key.Value, value); err != nil {
				return err
			}
		}
		return nil
	}
	switch name {
	case "ROSTemplateFormatVersion":
		if n.Value != "2015-09-01" {
			return templateError(codeVersion, name, n.Line, "the version %q is not 2015-09-01", n.Value)
		}
		return nil
	case "Description":
		t.Description = n.Value
		return nil
	case "Metadata":
		return nil
	case "Parameters":
		return each(t.readParameter)
	case "Mappings":
		return each(t.readMapping)
	case "Conditions":
		return each(func(key string, value *yaml.Node) error { t.conditions[key] = value; return nil })
	case "Resources":
		return each(t.readResource)
	case "Outputs":
		return each(t.readOutput)
	}
	return templateError(codeSection, name, n.Line, "the section is unknown or not supported by the emulator")
}

func (t *Template) readMapping(key string, n *yaml.Node) error {
	out := map[string]map[string]any{}
	for k1, inner := range pairs(n) {
		out[k1.Value] = map[string]any{}
		for k2, value := range pairs(inner) {
			v, err := literal(value)
			if err != nil {
				return templateError(codeSection, "Mappings."+key+"."+k1.Value+"."+k2.Value, value.Line, "%v", err)
			}
			out[k1.Value][k2.Value] = v
		}
	}
	t.mappings[key] = out
	return nil
}

func (t *Template) readResource(id string, n *yaml.Node) error {
	path := "Resources." + id
	r := &resource{id: id, line: n.Line}
	for key, value := range pairs(n) {
		at := path + "." + key.Value
		switch key.Value {
		case "Type":
			r.kind = value.Value
		case "Properties":
			if value.Kind != yaml.MappingNode {
				return templateError(codePropertyType, at, value.Line, "it is not a mapping")
			}
			r.properties = value
		case "DependsOn":
			names, err := stringList(value)
			if err != nil {
				return templateError(codePropertyType, at, value.Line, "it is neither a name nor a list of names")
			}
			r.dependsOn = names
		case "Condition":
			r.condition = value.Value
		case "DeletionPolicy":
			if value.Value != "Retain" && value.Value != "Delete" {
				return templateError(codeSchema, at, value.Line, "the policy %q is neither Delete nor Retain", value.Value)
			}
			r.retain = value.Value == "Retain"
		case "Metadata", "Description":
		default:
			return templateError(codeSchema, at, key.Line, "the attribute is unknown or not supported by the emulator")
		}
	}
	if len(t.resources) == maxResources {
		return templateError(codeSchema, path, n.Line, "a stack has at most %d resources", maxResources)
	}
	t.resources = append(t.resources, r)
	return nil
}

func stringList(n *yaml.Node) ([]string, error) {
	if n.Kind == yaml.ScalarNode {
		return []string{n.Value}, nil
	}
	var out []string
	for _, item := range n.Content {
		if n.Kind != yaml.SequenceNode || item.Kind != yaml.ScalarNode {
			return nil, errors.New("not a list of names")
		}
		out = append(out, item.Value)
	}
	return out, nil
}

func (t *Template) readOutput(key string, n *yaml.Node) error {
	o := outputNode{key: key}
	for k, value := range pairs(n) {
		switch k.Value {
		case "Value":
			o.value = value
		case "Description":
			o.description = value.Value
		case "Condition":
			o.condition = value.Value
		case "Label":
		default:
			return templateError(codeSchema, "Outputs."+key+"."+k.Value, k.Line, "the attribute is unknown")
		}
	}
	if o.value == nil {
		return templateError(codeSchema, "Outputs."+key, n.Line, "Value is missing")
	}
	t.outputs = append(t.outputs, o)
	return nil
}

// literal decodes a node without functions.
func literal(n *yaml.Node) (any, error) {
	var v any
	err := n.Decode(&v)
	return v, err
}
