package org

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

const roleType = "ALIYUN::RAM::Role"

// template is the part of a ROS template that is evaluated here: parameters, conditions and resources, with Ref,
// Fn::Sub, Fn::If, Fn::Equals, Fn::And, Fn::Or and Fn::Not. Any other function is an error, so that a template which
// ROS would read differently is never rendered.
type template struct {
	Parameters map[string]parameter `yaml:"Parameters"`
	Conditions map[string]any       `yaml:"Conditions"`
	Resources  map[string]resource  `yaml:"Resources"`

	values map[string]string // parameters and pseudo parameters, as Ref and Fn::Sub see them
}

type parameter struct {
	Type           string   `yaml:"Type"`
	Default        any      `yaml:"Default"`
	AllowedValues  []string `yaml:"AllowedValues"`
	AllowedPattern string   `yaml:"AllowedPattern"`
	MinLength      int      `yaml:"MinLength"`
	MaxLength      int      `yaml:"MaxLength"`
}

type resource struct {
	Type       string         `yaml:"Type"`
	Condition  string         `yaml:"Condition"`
	Properties map[string]any `yaml:"Properties"`
}

func invalidTemplate(what string, args ...any) error {
	return &soc.Error{Kind: soc.Invalid, Op: "render role template", Err: fmt.Errorf(what, args...)}
}

// parseTemplate reads a template and fixes its parameters. pseudo holds values such as ALIYUN::AccountId.
func parseTemplate(body []byte, params, pseudo map[string]string) (*template, error) {
	t := &template{values: maps.Clone(pseudo)}
	if t.values == nil {
		t.values = map[string]string{}
	}
	if err := yaml.Unmarshal(body, t); err != nil {
		return nil, invalidTemplate("read YAML: %w", err)
	}
	for name := range params {
		if _, ok := t.Parameters[name]; !ok {
			return nil, invalidTemplate("parameter %s is not in the template", name)
		}
	}
	for name, p := range t.Parameters {
		v, ok := params[name]
		if !ok {
			if p.Default == nil {
				return nil, invalidTemplate("parameter %s has no value", name)
			}
			v = fmt.Sprint(p.Default)
		}
		if err := p.check(v); err != nil {
			// The value itself may be a secret: it is not shown.
			return nil, invalidTemplate("parameter %s: %w", name, err)
		}
		t.values[name] = v
	}
	return t, nil
}

func (p parameter) check(v string) error {
	if len(p.AllowedValues) > 0 && !slices.Contains(p.AllowedValues, v) {
		return fmt.Errorf("value is not one of %s", strings.Join(p.AllowedValues, ", "))
	}
	if p.AllowedPattern != "" {
		re, err := regexp.Compile(p.AllowedPattern)
		if err != nil {
			return err
		}
		if !re.MatchString(v) {
			return fmt.Errorf("value does not match %s", p.AllowedPattern)
		}
	}
	if len(v) < p.MinLength || p.MaxLength > 0 && len(v) > p.MaxLength {
		return fmt.Errorf("value must have %d to %d characters", p.MinLength, p.MaxLength)
	}
	return nil
}

// active returns the resources whose condition holds, by logical name.
func (t *template) active() ([]string, error) {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(t.Resources)) {
		on := true
		if c := t.Resources[name].Condition; c != "" {
			var err error
			if on, err = t.condition(c); err != nil {
				return nil, err
			}
		}
		if on {
			out = append(out, name)
		}
	}
	return out, nil
}

func (t *template) condition(name string) (bool, error) {
	c, ok := t.Conditions[name]
	if !ok {
		return false, invalidTemplate("condition %s is not in the template", name)
	}
	v, err := t.eval(c)
	if err != nil {
		return false, err
	}
	b, ok := v.(bool)
	if !ok {
		return false, invalidTemplate("condition %s is not true or false", name)
	}
	return b, nil
}

// eval replaces functions in v by their values.
func (t *template) eval(v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 1 {
			for k, arg := range v {
				if k == "Ref" || strings.HasPrefix(k, "Fn::") {
					return t.call(k, arg)
				}
			}
		}
		out := make(map[string]any, len(v))
		for k, e := range v {
			r, err := t.eval(e)
			if err != nil {
				return nil, err
			}
			out[k] = r
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			r, err := t.eval(e)
			if err != nil {
				return nil, err
			}
			out[i] = r
		}
		return out, nil
	default:
		return v, nil
	}
}

func (t *template) call(fn string, arg any) (any, error) {
	switch fn {
	case "Ref":
		name, _ := arg.(string)
		v, ok := t.values[name]
		if !ok {
			return nil, invalidTemplate("Ref %v is not a parameter", arg)
		}
		return v, nil
	case "Fn::Sub":
		s, ok := arg.(string)
		if !ok {
			return nil, invalidTemplate("Fn::Sub takes a text here")
		}
		return t.substitute(s)
	case "Fn::If":
		return t.choose(arg)
	}
	args, ok := arg.([]any)
	if !ok {
		return nil, invalidTemplate("%s takes a list", fn)
	}
	vals, err := t.eval(args)
	if err != nil {
		return nil, err
	}
	return logic(fn, vals.([]any))
}

func (t *template) choose(arg any) (any, error) {
	args, ok := arg.([]any)
	if !ok || len(args) != 3 {
		return nil, invalidTemplate("Fn::If takes a condition and two values")
	}
	name, _ := args[0].(string)
	on, err := t.condition(name)
	if err != nil {
		return nil, err
	}
	if on {
		return t.eval(args[1])
	}
	return t.eval(args[2])
}

func logic(fn string, args []any) (any, error) {
	if fn == "Fn::Equals" {
		if len(args) != 2 {
			return nil, invalidTemplate("Fn::Equals takes two values")
		}
		return fmt.Sprint(args[0]) == fmt.Sprint(args[1]), nil
	}
	var bools []bool
	for _, a := range args {
		b, ok := a.(bool)
		if !ok {
			return nil, invalidTemplate("%s takes conditions", fn)
		}
		bools = append(bools, b)
	}
	switch {
	case fn == "Fn::And" && len(bools) > 0:
		return !slices.Contains(bools, false), nil
	case fn == "Fn::Or" && len(bools) > 0:
		return slices.Contains(bools, true), nil
	case fn == "Fn::Not" && len(bools) == 1:
		return !bools[0], nil
	}
	return nil, invalidTemplate("function %s with %d values is not offered here", fn, len(bools))
}

var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

func (t *template) substitute(s string) (string, error) {
	var missing string
	out := placeholder.ReplaceAllStringFunc(s, func(m string) string {
		v, ok := t.values[m[2:len(m)-1]]
		if !ok {
			missing = m
		}
		return v
	})
	if missing != "" {
		return "", invalidTemplate("%s in Fn::Sub is not a parameter", missing)
	}
	return out, nil
}

// role renders one resource as a role. Properties that this package would not make are errors.
func (t *template) role(name string) (Role, error) {
	v, err := t.eval(t.Resources[name].Properties)
	if err != nil {
		return Role{}, err
	}
	body, err := json.Marshal(v)
	if err != nil {
		return Role{}, invalidTemplate("resource %s: %w", name, err)
	}
	var p struct {
		RoleName, Description    string
		DeletionForce            bool
		AssumeRolePolicyDocument json.RawMessage
		Policies                 []struct {
			PolicyName     string
			PolicyDocument json.RawMessage
		}
	}
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return Role{}, invalidTemplate("resource %s: %w", name, err)
	}
	r := Role{Name: p.RoleName, Description: p.Description, Trust: string(p.AssumeRolePolicyDocument)}
	docs := []string{r.Trust}
	for _, pol := range p.Policies {
		r.Policies = append(r.Policies, Policy{Name: pol.PolicyName, Document: string(pol.PolicyDocument)})
		docs = append(docs, string(pol.PolicyDocument))
	}
	for _, d := range docs {
		if _, err := canonical(d); err != nil {
			return Role{}, invalidTemplate("resource %s: %w", name, err)
		}
	}
	if r.Name == "" {
		return Role{}, invalidTemplate("resource %s has no RoleName", name)
	}
	return r, nil
}
