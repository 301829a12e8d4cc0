package cloudflow

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Parse reads a definition, YAML or JSON. Unknown fields, wrong types and expressions outside the grammar are problems
// at their line; a definition in the old language is refused with one. What [Definition.Check] finds is not looked for.
// A definition that comes with problems is good for further checks only; nil when there is nothing to check.
func Parse(text string) (*Definition, []Problem) {
	doc, broken := readYAML(text)
	if broken != nil {
		return nil, []Problem{*broken}
	}
	if doc.Kind == 0 || len(doc.Content) == 0 {
		return nil, []Problem{{Pos{1, 1}, "the definition is empty"}}
	}
	root := doc.Content[0]
	p := &reader{}
	if root.Kind != yaml.MappingNode {
		p.problem(root, "want an object with Type: StateMachine")
		return nil, p.problems
	}
	if n := aliasBelow(root); n != nil {
		p.problem(n, "whether definitions may use YAML aliases is not documented; write the text out")
		return nil, p.problems
	}
	if old(root) {
		p.problem(root, "this is the old flow definition language (steps, type: flow); write Type: StateMachine, SpecVersion: v1 and States")
		return nil, p.problems
	}
	return p.definition(root), p.problems
}

// aliasBelow finds the first alias below a node.
//
// Assumption: definitions have no YAML aliases; whether the service takes them is not documented.
func aliasBelow(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n
	}
	for _, c := range n.Content {
		if a := aliasBelow(c); a != nil {
			return a
		}
	}
	return nil
}

func old(root *yaml.Node) bool {
	for k, v := range pairs(root) {
		if k.Value == "steps" || (k.Value == "type" && v.Value == "flow") || (k.Value == "version" && strings.HasPrefix(v.Value, "v1")) {
			return true
		}
	}
	return false
}

// reader turns YAML nodes into a definition and gathers problems.
type reader struct{ problems []Problem }

// places are where the values of a mapping stand, by key.
func places(n *yaml.Node) map[string]Pos {
	out := map[string]Pos{}
	for k, v := range pairs(n) {
		out[k.Value] = at(v)
	}
	return out
}

func at(n *yaml.Node) Pos { return Pos{n.Line, n.Column} }

func (p *reader) problem(n *yaml.Node, format string, args ...any) {
	p.problems = append(p.problems, Problem{at(n), fmt.Sprintf(format, args...)})
}

// pairs yields the keys and values of a mapping.
func pairs(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(k, v *yaml.Node) bool) {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i], n.Content[i+1]) {
				return
			}
		}
	}
}

// fields calls set for every key of a mapping; a key that set does not take is a problem.
//
// Assumption: unknown keys and keys that stand twice make a definition invalid; whether CreateFlow refuses them is
// unknown.
func (p *reader) fields(n *yaml.Node, what string, set func(key string, v *yaml.Node) bool) {
	if n.Kind != yaml.MappingNode {
		p.problem(n, "want an object: %s", what)
		return
	}
	var seen []string
	for k, v := range pairs(n) {
		if slices.Contains(seen, k.Value) {
			p.problem(k, "%s stands twice", k.Value)
			continue
		}
		seen = append(seen, k.Value)
		if !set(k.Value, v) {
			p.problem(k, "unknown field %s on %s", k.Value, what)
		}
	}
}

func (p *reader) definition(n *yaml.Node) *Definition {
	d := &Definition{Scope: Scope{Pos: at(n)}}
	var typ, spec string
	p.fields(n, "a flow", func(key string, v *yaml.Node) bool {
		switch key {
		case "Type":
			typ = p.text(v)
		case "SpecVersion":
			spec = p.text(v)
		case "Name":
			d.Name, d.namePos = p.text(v), at(v)
		case "Description":
			d.Description = p.text(v)
		case "Timeout":
			d.Timeout = p.integer(v, 1, 365*24*3600)
		default:
			return p.scopeField(&d.Scope, key, v)
		}
		return true
	})
	if typ != "StateMachine" {
		p.problem(n, "Type must be StateMachine, not %q", typ)
	}
	if spec != "v1" {
		p.problem(n, "SpecVersion must be v1, not %q", spec)
	}
	return d
}

func (p *reader) scopeField(s *Scope, key string, v *yaml.Node) bool {
	switch key {
	case "StartAt":
		s.StartAt, s.startPos = p.text(v), at(v)
	case "States":
		if v.Kind != yaml.SequenceNode {
			p.problem(v, "States is a list of states, each with its Name")
			return true
		}
		for _, c := range v.Content {
			s.States = append(s.States, p.state(c))
		}
	default:
		return false
	}
	return true
}

func (p *reader) scope(n *yaml.Node, what string) *Scope {
	s := &Scope{Pos: at(n)}
	p.fields(n, what, func(key string, v *yaml.Node) bool { return p.scopeField(s, key, v) })
	return s
}

func (p *reader) text(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		p.problem(n, "want text")
	}
	return n.Value
}

func (p *reader) boolean(n *yaml.Node) bool {
	var b bool
	if n.Kind != yaml.ScalarNode || n.Decode(&b) != nil {
		p.problem(n, "want true or false")
	}
	return b
}

func (p *reader) integer(n *yaml.Node, least, most int) int {
	var v float64 // into an int a fraction would be cut off
	i := 0
	if n.Kind != yaml.ScalarNode || n.Decode(&v) != nil || v != math.Trunc(v) || math.Abs(v) > 1<<53 {
		p.problem(n, "want a whole number")
	} else if i = int(v); i < least || i > most {
		p.problem(n, "%d is not between %d and %d", i, least, most)
	}
	return i
}

func (p *reader) texts(n *yaml.Node) []string {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		p.problem(n, "want a list of names")
		return nil
	}
	var out []string
	for _, c := range n.Content {
		out = append(out, p.text(c))
	}
	return out
}

// sequence reads a list of objects.
func (p *reader) sequence(n *yaml.Node, each func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		p.problem(n, "want a list")
		return
	}
	for _, c := range n.Content {
		each(c)
	}
}
