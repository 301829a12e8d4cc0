package emulator

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ParseWorld reads a world from YAML. Fields that do not exist, values of another kind and values that mean nothing are
// errors with the line and column where they stand; file is the name that errors begin with.
func ParseWorld(file string, text []byte) (World, error) {
	var doc, second yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(text))
	err := d.Decode(&doc)
	switch {
	case errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0:
		return World{}, fmt.Errorf("world %s: the file is empty", file)
	case err == nil:
		err = d.Decode(&second)
	}
	switch {
	case err == nil:
		return World{}, fmt.Errorf("world %s:%d:%d: a second document begins here, and a world is one", file, second.Line, second.Column)
	case !errors.Is(err, io.EOF):
		return World{}, fmt.Errorf("world %s: %s", file, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	root := doc.Content[0]
	if n, what := strictly(root, reflect.TypeFor[World]()); n != nil {
		return World{}, fmt.Errorf("world %s:%d:%d: %s", file, n.Line, n.Column, what)
	}
	var w World
	if err := root.Decode(&w); err != nil { // strictly has looked at every value
		return World{}, fmt.Errorf("world %s: %w", file, err)
	}
	if err := w.check(); err != nil {
		var p problem
		if errors.As(err, &p) {
			n := place(root, strings.Split(p.path, "."))
			return World{}, fmt.Errorf("world %s:%d:%d: %s", file, n.Line, n.Column, p.text)
		}
		return World{}, fmt.Errorf("world %s: %w", file, err)
	}
	return w, nil
}

// strictly finds the first node that does not fit a type, and says why; nil when all fit.
func strictly(n *yaml.Node, t reflect.Type) (*yaml.Node, string) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case n.Tag == "!!null":
		return nil, ""
	case t.Kind() == reflect.Struct && n.Kind == yaml.MappingNode:
		return strictFields(n, t)
	case t.Kind() == reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			return n, "this is no list"
		}
		for _, item := range n.Content {
			if bad, what := strictly(item, t.Elem()); bad != nil {
				return bad, what
			}
		}
		return nil, ""
	case t.Kind() == reflect.String && (n.Kind != yaml.ScalarNode || n.Tag != "!!str"):
		if n.Tag == "!!int" && n.Kind == yaml.ScalarNode {
			return n, fmt.Sprintf("%s is a number and a text is wanted: put it in quotes", n.Value)
		}
		return n, "this is no text"
	}
	if err := n.Decode(reflect.New(t).Interface()); err != nil {
		return n, oneLine(err)
	}
	return nil, ""
}

func strictFields(n *yaml.Node, t reflect.Type) (*yaml.Node, string) {
	fields := map[string]reflect.Type{}
	var names []string
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ","); name != "" && name != "-" {
			fields[name] = t.Field(i).Type
			names = append(names, name)
		}
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		of, ok := fields[key.Value]
		switch {
		case !ok:
			slices.Sort(names)
			return key, fmt.Sprintf("there is no field %q here; there are %s", key.Value, strings.Join(names, ", "))
		case seen[key.Value]:
			return key, fmt.Sprintf("field %q stands twice", key.Value)
		}
		seen[key.Value] = true
		if bad, what := strictly(value, of); bad != nil {
			return bad, what
		}
	}
	return nil, ""
}

// place is the node that a path leads to, or the last one on the way.
func place(n *yaml.Node, path []string) *yaml.Node {
	for _, step := range path {
		var next *yaml.Node
		switch n.Kind {
		case yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				if n.Content[i].Value == step {
					next = n.Content[i+1]
				}
			}
		case yaml.SequenceNode:
			if i, err := strconv.Atoi(step); err == nil && i < len(n.Content) {
				next = n.Content[i]
			}
		}
		if next == nil {
			break
		}
		n = next
	}
	return n
}

var goType = regexp.MustCompile(` in type [\w.]+| into [\w.]+|line \d+: `)

// oneLine is what the YAML package complains of, without its own words and Go's types.
func oneLine(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.TrimPrefix(text, "unmarshal errors:\n")
	lines := strings.Split(goType.ReplaceAllString(text, ""), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSpace(l)
	}
	return strings.Join(lines, "; ")
}
