package ros

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// scope holds what functions of one template can see during an operation. It is not safe for concurrent use.
type scope struct {
	t                                   *Template
	account, region, stackName, stackID string
	params                              map[string]any
	resources                           map[string]*deployed
	conditions                          map[string]bool
	open                                map[string]bool // conditions being evaluated
}

func newScope(t *Template, params map[string]any, st *stack) *scope {
	return &scope{
		t: t, account: st.account, region: st.region, stackName: st.name, stackID: st.id, params: params,
		resources: map[string]*deployed{}, conditions: map[string]bool{}, open: map[string]bool{},
	}
}

// noValue is what Ref ALIYUN::NoValue yields; it removes the key or item that holds it.
type noValue struct{}

// eval turns a node into text, numbers, booleans, nil, lists ([]any) and maps (map[string]any).
func (s *scope) eval(n *yaml.Node, path string) (any, error) {
	c, ok, err := asCall(n, path)
	if err != nil {
		return nil, err
	}
	if ok {
		return s.evalCall(c, path+"."+c.name)
	}
	switch n.Kind {
	case yaml.MappingNode:
		out := map[string]any{}
		for key, value := range pairs(n) {
			v, err := s.eval(value, path+"."+key.Value)
			if err != nil {
				return nil, err
			}
			if v != any(noValue{}) {
				out[key.Value] = v
			}
		}
		return out, nil
	case yaml.SequenceNode:
		out := []any{}
		for i, item := range n.Content {
			v, err := s.eval(item, path+"."+strconv.Itoa(i))
			if err != nil {
				return nil, err
			}
			if v != any(noValue{}) {
				out = append(out, v)
			}
		}
		return out, nil
	}
	return scalar(n, path)
}

// scalar decodes a scalar. Dates stay text: the Version of a policy or template is one.
func scalar(n *yaml.Node, path string) (any, error) {
	switch n.ShortTag() {
	case "!!int", "!!float", "!!bool", "!!null":
		v, err := literal(n)
		if err != nil {
			return nil, templateError(codeSchema, path, n.Line, "%v", err)
		}
		return v, nil
	}
	return n.Value, nil
}

func (s *scope) evalCall(c call, path string) (any, error) {
	switch c.name {
	case "Ref":
		return s.ref(c.arg.Value, "", path, c.line)
	case "Fn::GetAtt":
		return s.ref(c.arg.Content[0].Value, c.arg.Content[1].Value, path, c.line)
	case "Fn::Sub":
		return s.sub(c, path)
	case "Fn::If":
		yes, err := s.condition(c.arg.Content[0], path)
		if err != nil {
			return nil, err
		}
		if yes {
			return s.eval(c.arg.Content[1], path)
		}
		return s.eval(c.arg.Content[2], path)
	}
	v, err := s.eval(c.arg, path)
	if err != nil {
		return nil, err
	}
	args, _ := v.([]any)
	if len(args) != len(c.arg.Content) {
		return nil, templateError(codeSchema, path, c.line, "an argument of %s has no value", c.name)
	}
	switch c.name {
	case "Fn::Join":
		return join(args, path, c.line)
	case "Fn::Select":
		return pick(args, path, c.line)
	case "Fn::FindInMap":
		return s.find(args, path, c.line)
	}
	return nil, templateError(codeSchema, path, c.line, "%s is only allowed in Conditions and Fn::If", c.name)
}

// ref is the value of a parameter, a pseudo parameter, the id of a resource or, with attribute, an attribute of it.
func (s *scope) ref(name, attribute, path string, line int) (any, error) {
	switch name {
	case "ALIYUN::AccountId":
		return s.account, nil
	case "ALIYUN::Region":
		return s.region, nil
	case "ALIYUN::StackName":
		return s.stackName, nil
	case "ALIYUN::StackId":
		return s.stackID, nil
	case "ALIYUN::NoValue":
		return noValue{}, nil
	}
	if d := s.resources[name]; d != nil {
		if attribute == "" {
			return d.physicalID, nil
		}
		if v, ok := d.attrs[attribute]; ok {
			return v, nil
		}
		return nil, templateError(codeAttribute, path, line, "the resource %s has no attribute %s", name, attribute)
	}
	if v, ok := s.params[name]; ok && attribute == "" {
		return v, nil
	}
	return nil, templateError(codeReference, path, line, "%q has no value: the resource was not created", name)
}

func (s *scope) sub(c call, path string) (any, error) {
	text, vars, err := c.subArguments(path)
	if err != nil {
		return nil, err
	}
	own := map[string]any{}
	if vars != nil {
		v, err := s.eval(vars, path+".1")
		if err != nil {
			return nil, err
		}
		own, _ = v.(map[string]any)
	}
	pieces, _ := splitSub(text)
	var b strings.Builder
	for _, p := range pieces {
		if p.name == "" {
			b.WriteString(p.text)
			continue
		}
		v, mine := own[p.name]
		if !mine {
			if v, err = s.ref(p.name, p.attribute, path, c.line); err != nil {
				return nil, err
			}
		}
		part, ok := scalarText(v)
		if !ok {
			return nil, templateError(codePropertyType, path, c.line, "%q is no text", p.name)
		}
		b.WriteString(part)
	}
	return b.String(), nil
}

func join(args []any, path string, line int) (any, error) {
	separator, ok := args[0].(string)
	list, isList := args[1].([]any)
	if !ok || !isList {
		return nil, templateError(codeSchema, path, line, "Fn::Join needs a separator and a list")
	}
	parts := make([]string, len(list))
	for i, v := range list {
		if parts[i], ok = scalarText(v); !ok {
			return nil, templateError(codePropertyType, path, line, "item %d is no text", i)
		}
	}
	return strings.Join(parts, separator), nil
}

func pick(args []any, path string, line int) (any, error) {
	index, _ := scalarText(args[0])
	i, err := strconv.Atoi(index)
	list, ok := args[1].([]any)
	if err != nil || !ok {
		return nil, templateError(codeSchema, path, line, "Fn::Select needs an index and a list")
	}
	if i < 0 || i >= len(list) {
		return nil, templateError(codeSchema, path, line, "the index %d is outside of the list", i)
	}
	return list[i], nil
}

func (s *scope) find(args []any, path string, line int) (any, error) {
	var keys [3]string
	for i := range keys {
		keys[i], _ = scalarText(args[i])
	}
	v, ok := s.t.mappings[keys[0]][keys[1]][keys[2]]
	if !ok {
		return nil, templateError(codeReference, path, line, "there is no %s in Mappings", strings.Join(keys[:], "."))
	}
	return v, nil
}

// condition evaluates a condition or the name of one.
func (s *scope) condition(n *yaml.Node, path string) (bool, error) {
	if n.Kind == yaml.ScalarNode {
		return s.named(n.Value, n.Line)
	}
	c, ok, err := asCall(n, path)
	if err != nil || !ok {
		return false, err
	}
	switch c.name {
	case "Fn::Not":
		v, err := s.condition(first(c.arg), path)
		return !v, err
	case "Fn::Equals":
		a, err := s.eval(c.arg.Content[0], path)
		if err != nil {
			return false, err
		}
		b, err := s.eval(c.arg.Content[1], path)
		return equal(a, b), err
	}
	all := c.name == "Fn::And"
	for _, part := range c.arg.Content {
		if v, err := s.condition(part, path); err != nil || v != all {
			return v, err
		}
	}
	return all, nil
}

func (s *scope) named(name string, line int) (bool, error) {
	if name == "" {
		return true, nil
	}
	if v, ok := s.conditions[name]; ok {
		return v, nil
	}
	n := s.t.conditions[name]
	if n == nil || s.open[name] {
		return false, templateError(codeCircular, "Conditions."+name, line, "it is missing or depends on itself")
	}
	s.open[name] = true
	v, err := s.condition(n, "Conditions."+name)
	delete(s.open, name)
	s.conditions[name] = v
	return v, err
}

// equal compares as ROS does: scalars by their text.
func equal(a, b any) bool {
	x, okX := scalarText(a)
	y, okY := scalarText(b)
	if okX && okY {
		return x == y
	}
	return reflect.DeepEqual(a, b)
}

// scalarText is the text of a scalar; ok is false for lists, maps and nil.
func scalarText(v any) (text string, ok bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool, int, int64, uint64:
		return fmt.Sprint(v), true
	case json.Number:
		return v.String(), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return "", false
}
