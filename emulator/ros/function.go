package ros

import (
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// functions are the supported ones with the number of arguments in their list; 0 means that the argument is no such list.
var functions = map[string]struct{ min, max int }{
	"Ref": {}, "Fn::GetAtt": {2, 2}, "Fn::Sub": {}, "Fn::Join": {2, 2}, "Fn::Select": {2, 2}, "Fn::If": {3, 3},
	"Fn::FindInMap": {3, 3}, "Fn::Equals": {2, 2}, "Fn::And": {2, 10}, "Fn::Or": {2, 10}, "Fn::Not": {},
}

// call is a function with its argument.
type call struct {
	name string
	arg  *yaml.Node
	line int
}

// asCall recognises {Fn::X: …}, {Ref: …} and the short YAML form !X. A node that only looks like a function is an error.
func asCall(n *yaml.Node, path string) (c call, ok bool, err error) {
	if tag, found := strings.CutPrefix(n.Tag, "!"); found && !strings.HasPrefix(tag, "!") && tag != "" {
		arg := *n
		arg.Tag = ""
		if arg.Kind == yaml.ScalarNode {
			arg.Tag = "!!str"
		}
		name := "Fn::" + tag
		if tag == "Ref" {
			name = tag
		}
		c, ok = call{name, &arg, n.Line}, true
		if name == "Fn::GetAtt" && arg.Kind == yaml.ScalarNode {
			c.arg = splitAttribute(&arg)
		}
	} else if n.Kind == yaml.MappingNode {
		for key, value := range pairs(n) {
			if key.Value == "Ref" && len(n.Content) == 2 || strings.HasPrefix(key.Value, "Fn::") {
				c, ok = call{key.Value, value, key.Line}, true
			}
		}
		if ok && len(n.Content) != 2 {
			return c, false, templateError(codeSchema, path, n.Line, "%s stands beside other keys", c.name)
		}
	}
	if !ok {
		return c, false, nil
	}
	return c, true, c.check(path)
}

// splitAttribute turns Resource.Attribute into a list of two.
func splitAttribute(n *yaml.Node) *yaml.Node {
	name, attribute, _ := strings.Cut(n.Value, ".")
	item := func(text string) *yaml.Node {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text, Line: n.Line}
	}
	return &yaml.Node{Kind: yaml.SequenceNode, Line: n.Line, Content: []*yaml.Node{item(name), item(attribute)}}
}

func (c call) check(path string) error {
	f, known := functions[c.name]
	if !known {
		return templateError(codeSchema, path, c.line, "the function %s is unknown or not supported by the emulator", c.name)
	}
	if f.max == 0 {
		if c.name == "Ref" && c.arg.Kind != yaml.ScalarNode {
			return templateError(codeSchema, path, c.line, "Ref needs a name")
		}
		return nil
	}
	if n := len(c.arg.Content); c.arg.Kind != yaml.SequenceNode || n < f.min || n > f.max {
		return templateError(codeSchema, path, c.line, "%s needs a list of %d to %d arguments", c.name, f.min, f.max)
	}
	return nil
}

// piece is a part of the text of Fn::Sub: plain text, or a name with an optional attribute.
type piece struct{ text, name, attribute string }

// splitSub cuts ${Name}, ${Name.Attribute} and ${!literal} out of a text.
func splitSub(text string) (out []piece, ok bool) {
	for {
		before, rest, found := strings.Cut(text, "${")
		if before != "" {
			out = append(out, piece{text: before})
		}
		if !found {
			return out, true
		}
		inside, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, false
		}
		if literal, escaped := strings.CutPrefix(inside, "!"); escaped {
			out = append(out, piece{text: "${" + literal + "}"})
		} else {
			name, attribute, _ := strings.Cut(strings.TrimSpace(inside), ".")
			out = append(out, piece{name: name, attribute: attribute})
		}
		text = after
	}
}

// subArguments are the text and the variables of Fn::Sub, whose argument is a text or a list of both.
func (c call) subArguments(path string) (text string, vars *yaml.Node, err error) {
	n := c.arg
	if n.Kind == yaml.SequenceNode && len(n.Content) == 2 && n.Content[1].Kind == yaml.MappingNode {
		n, vars = n.Content[0], n.Content[1]
	}
	if n.Kind != yaml.ScalarNode {
		return "", nil, templateError(codeSchema, path, c.line, "Fn::Sub needs a text, or a list of a text and a mapping")
	}
	return n.Value, vars, nil
}
