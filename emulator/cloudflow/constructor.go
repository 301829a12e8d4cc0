package cloudflow

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Constructor builds an object from constants, and from expressions under keys that end in .$, at any depth.
type Constructor struct {
	Pos
	root   *template
	places map[string]Pos // of the values of its fields
}

// place is where the value of a field stands, or the constructor when it has no such field.
func (c *Constructor) place(field string) Pos { return placeIn(c.places, field, c.Pos) }

// template is one node of a constructor.
type template struct {
	constant any
	expr     *Expression
	keys     []string
	fields   []*template
	items    []*template
	isMap    bool
	isList   bool
}

func (c *Constructor) build(r roots) (map[string]any, error) {
	v, err := c.root.build(r)
	if err != nil {
		return nil, err
	}
	return v.(map[string]any), nil
}

func (t *template) build(r roots) (any, error) {
	switch {
	case t.expr != nil:
		return t.expr.eval(r)
	case t.isMap:
		out := make(map[string]any, len(t.keys))
		for i, k := range t.keys {
			v, err := t.fields[i].build(r)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", k, err)
			}
			out[k] = v
		}
		return out, nil
	case t.isList:
		out := make([]any, len(t.items))
		for i, f := range t.items {
			v, err := f.build(r)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return out, nil
	}
	return t.constant, nil
}

// expressions yields every expression of the constructor with its place.
func (t *template) expressions(yield func(*Expression)) {
	if t.expr != nil {
		yield(t.expr)
	}
	for _, f := range slices.Concat(t.fields, t.items) {
		f.expressions(yield)
	}
}

func (p *reader) constructor(n *yaml.Node) *Constructor {
	if n.Kind != yaml.MappingNode {
		p.problem(n, "want an object of fields")
		return nil
	}
	return &Constructor{Pos: at(n), root: p.template(n), places: places(n)}
}

func (p *reader) template(n *yaml.Node) *template {
	switch n.Kind {
	case yaml.MappingNode:
		t := &template{isMap: true}
		for k, v := range pairs(n) {
			key := k.Value
			field := (*template)(nil)
			if base, ok := strings.CutSuffix(key, ".$"); ok {
				key = base
				field = &template{expr: p.expression(v, ParseExpression)}
			} else {
				field = p.template(v)
			}
			if slices.Contains(t.keys, key) {
				p.problem(k, "key %s stands twice", key)
			}
			t.keys, t.fields = append(t.keys, key), append(t.fields, field)
		}
		return t
	case yaml.SequenceNode:
		t := &template{isList: true}
		for _, v := range n.Content {
			t.items = append(t.items, p.template(v))
		}
		return t
	}
	var v any
	if err := n.Decode(&v); err != nil {
		p.problem(n, "%v", err)
	}
	switch x := v.(type) {
	case int:
		v = float64(x)
	case int64:
		v = float64(x)
	case uint64:
		v = float64(x)
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			p.problem(n, "%s is no number of JSON", n.Value)
		}
	case nil, bool, string:
	default:
		v = n.Value // a timestamp and the like: its text
	}
	return &template{constant: v}
}

func (p *reader) expression(n *yaml.Node, parse func(string) (*Expression, error)) *Expression {
	if n.Kind != yaml.ScalarNode {
		p.problem(n, "want an expression")
		return nil
	}
	e, err := parse(n.Value)
	if err != nil {
		p.problem(n, "%v", err)
		return nil
	}
	e.pos = at(n)
	return e
}
