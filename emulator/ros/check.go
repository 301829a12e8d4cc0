package ros

import (
	"slices"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// pseudo are the names that Ref knows in every template.
var pseudo = []string{"ALIYUN::AccountId", "ALIYUN::Region", "ALIYUN::StackName", "ALIYUN::StackId", "ALIYUN::NoValue"}

// check finds everything wrong with a template that can be seen without values.
func (t *Template) check() error {
	for name, n := range t.conditions {
		if err := t.checkCondition(n, "Conditions."+name); err != nil {
			return err
		}
	}
	for _, r := range t.resources {
		if err := t.checkResource(r); err != nil {
			return err
		}
	}
	for _, o := range t.outputs {
		path := "Outputs." + o.key
		if err := t.checkConditionName(o.condition, path, o.value.Line); err != nil {
			return err
		}
		if err := t.walk(o.value, path+".Value", func(string) {}); err != nil {
			return err
		}
	}
	_, err := t.order()
	return err
}

func (t *Template) checkResource(r *resource) error {
	path := "Resources." + r.id
	d := drivers[r.kind]
	if d == nil {
		return templateError(codeValidation, path+".Type", r.line, "the resource type %q is unknown or not supported by the emulator", r.kind)
	}
	if err := t.checkConditionName(r.condition, path, r.line); err != nil {
		return err
	}
	for _, name := range r.dependsOn {
		if t.resource(name) == nil {
			return templateError(codeReference, path+".DependsOn", r.line, "there is no resource %q", name)
		}
	}
	properties := r.properties
	if properties == nil {
		properties = &yaml.Node{Kind: yaml.MappingNode, Line: r.line}
	}
	if err := checkNode(properties, prop{kind: mapping, fields: d.props}, path+".Properties"); err != nil {
		return err
	}
	return t.walk(properties, path+".Properties", func(name string) {
		if !slices.Contains(r.dependsOn, name) {
			r.dependsOn = append(r.dependsOn, name)
		}
	})
}

func (t *Template) resource(id string) *resource {
	for _, r := range t.resources {
		if r.id == id {
			return r
		}
	}
	return nil
}

func (t *Template) checkConditionName(name, path string, line int) error {
	if name != "" && t.conditions[name] == nil {
		return templateError(codeReference, path, line, "there is no condition %q", name)
	}
	return nil
}

func (t *Template) checkCondition(n *yaml.Node, path string) error {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" {
		return t.checkConditionName(n.Value, path, n.Line)
	}
	c, ok, err := asCall(n, path)
	if err != nil {
		return err
	}
	switch {
	case ok && c.name == "Fn::Not":
		return t.checkCondition(first(c.arg), path+".Fn::Not")
	case ok && (c.name == "Fn::And" || c.name == "Fn::Or"):
		for i, part := range c.arg.Content {
			if err := t.checkCondition(part, path+"."+c.name+"."+strconv.Itoa(i)); err != nil {
				return err
			}
		}
		return nil
	case ok && c.name == "Fn::Equals":
		return t.walk(c.arg, path+"."+c.name, func(string) {})
	}
	return templateError(codeSchema, path, n.Line, "a condition is Fn::Equals, Fn::And, Fn::Or, Fn::Not or the name of a condition")
}

// first unpacks a list of one, which Fn::Not accepts beside a plain value.
func first(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.SequenceNode && len(n.Content) == 1 {
		return n.Content[0]
	}
	return n
}

// walk checks every function below a node and reports every resource that is referred to.
func (t *Template) walk(n *yaml.Node, path string, resource func(id string)) error {
	c, ok, err := asCall(n, path)
	if err != nil {
		return err
	}
	if ok {
		return t.walkCall(c, path+"."+c.name, resource)
	}
	for key, value := range pairs(n) {
		if err := t.walk(value, path+"."+key.Value, resource); err != nil {
			return err
		}
	}
	if n.Kind == yaml.SequenceNode {
		for i, item := range n.Content {
			if err := t.walk(item, path+"."+strconv.Itoa(i), resource); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *Template) walkCall(c call, path string, resource func(id string)) error {
	switch c.name {
	case "Ref":
		return t.checkReference(c.arg.Value, "", path, c.line, resource)
	case "Fn::GetAtt":
		name, attribute := c.arg.Content[0], c.arg.Content[1]
		if name.Kind != yaml.ScalarNode || attribute.Kind != yaml.ScalarNode || attribute.Value == "" {
			return templateError(codeSchema, path, c.line, "Fn::GetAtt needs two names")
		}
		return t.checkReference(name.Value, attribute.Value, path, c.line, resource)
	case "Fn::Sub":
		return t.walkSub(c, path, resource)
	case "Fn::If":
		if err := t.checkCondition(c.arg.Content[0], path+".0"); err != nil {
			return err
		}
		for i, branch := range c.arg.Content[1:] {
			if err := t.walk(branch, path+"."+strconv.Itoa(i+1), resource); err != nil {
				return err
			}
		}
		return nil
	case "Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not":
		return templateError(codeSchema, path, c.line, "%s is only allowed in Conditions and Fn::If", c.name)
	}
	return t.walk(c.arg, path, resource)
}

func (t *Template) walkSub(c call, path string, resource func(id string)) error {
	text, vars, err := c.subArguments(path)
	if err != nil {
		return err
	}
	pieces, ok := splitSub(text)
	if !ok {
		return templateError(codeSchema, path, c.line, "a ${ is not closed")
	}
	own := map[string]bool{}
	for key := range pairs(vars) {
		own[key.Value] = true
	}
	for _, p := range pieces {
		if p.name == "" && p.text != "" || own[p.name] {
			continue
		}
		if err := t.checkReference(p.name, p.attribute, path, c.line, resource); err != nil {
			return err
		}
	}
	if vars != nil {
		return t.walk(vars, path+".1", resource)
	}
	return nil
}

func (t *Template) checkReference(name, attribute, path string, line int, resource func(id string)) error {
	if r := t.resource(name); r != nil {
		if d := drivers[r.kind]; attribute != "" && d != nil && !slices.Contains(d.attrs, attribute) {
			return templateError(codeAttribute, path, line, "%s has no attribute %s, it has %s", r.kind, attribute, strings.Join(d.attrs, ", "))
		}
		resource(name)
		return nil
	}
	isParameter := slices.ContainsFunc(t.parameters, func(p parameter) bool { return p.name == name })
	if attribute == "" && (isParameter || slices.Contains(pseudo, name)) {
		return nil
	}
	return templateError(codeReference, path, line, "there is no parameter or resource %q", name)
}

// order is the order in which resources are created: after what they depend on, else as in the template.
func (t *Template) order() ([]*resource, error) {
	const (
		untouched = iota
		open
		done
	)
	state := map[string]int{}
	var out []*resource
	var trail []string
	var visit func(r *resource) error
	visit = func(r *resource) error {
		if state[r.id] == done {
			return nil
		}
		trail = append(trail, r.id)
		if state[r.id] == open {
			return templateError(codeCircular, "Resources."+r.id, r.line, "it depends on itself: %s", strings.Join(trail[slices.Index(trail, r.id):], " → "))
		}
		state[r.id] = open
		for _, name := range r.dependsOn {
			if err := visit(t.resource(name)); err != nil {
				return err
			}
		}
		state[r.id] = done
		trail = trail[:len(trail)-1]
		out = append(out, r)
		return nil
	}
	for _, r := range t.resources {
		if err := visit(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}
