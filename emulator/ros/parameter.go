package ros

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v3"
)

// parameter is a declared parameter.
type parameter struct {
	name, kind           string
	line                 int
	def                  *string
	allowed              []string
	pattern              *regexp.Regexp
	minLength, maxLength *int
	minValue, maxValue   *float64
	noEcho               bool
}

// parameterValue is the text of a parameter as the user gave it.
type parameterValue struct{ key, value string }

var parameterKinds = []string{"String", "Number", "CommaDelimitedList", "Json", "Boolean"}

func (t *Template) readParameter(name string, n *yaml.Node) error {
	p := parameter{name: name, kind: "String", line: n.Line}
	path := "Parameters." + name
	for key, value := range pairs(n) {
		if err := p.set(key.Value, value); err != nil {
			return templateError(codeSchema, path+"."+key.Value, value.Line, "%v", err)
		}
	}
	t.parameters = append(t.parameters, p)
	return nil
}

func (p *parameter) set(key string, n *yaml.Node) (err error) {
	switch key {
	case "Type":
		p.kind = n.Value
		if !slices.Contains(parameterKinds, p.kind) {
			err = fmt.Errorf("the type %q is unknown", p.kind)
		}
	case "Default":
		var text string
		text, err = asText(n)
		p.def = &text
	case "AllowedValues":
		p.allowed, err = stringList(n)
	case "AllowedPattern":
		p.pattern, err = regexp.Compile("^(?:" + n.Value + ")$")
	case "MinLength":
		err = n.Decode(&p.minLength)
	case "MaxLength":
		err = n.Decode(&p.maxLength)
	case "MinValue":
		err = n.Decode(&p.minValue)
	case "MaxValue":
		err = n.Decode(&p.maxValue)
	case "NoEcho":
		err = n.Decode(&p.noEcho)
	case "Description", "Label", "ConstraintDescription", "AssociationProperty", "AssociationPropertyMetadata", "Placeholder", "Required", "Confirm", "TextArea":
	default:
		err = errors.New("the attribute is unknown")
	}
	return err
}

// asText writes a default as a user would give it: scalars as they are, the rest as JSON.
func asText(n *yaml.Node) (string, error) {
	if n.Kind == yaml.ScalarNode {
		return n.Value, nil
	}
	v, err := literal(n)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(v)
	return string(text), err
}

// values checks what the user gave and turns it into the values that Ref yields. echo is what GetStack shows.
func (t *Template) values(given []parameterValue) (values map[string]any, echo []parameterValue, err error) {
	texts := map[string]string{}
	for _, g := range given {
		if !slices.ContainsFunc(t.parameters, func(p parameter) bool { return p.name == g.key }) {
			return nil, nil, templateError(codeUnknownParam, "Parameters."+g.key, 0, "the parameter is not defined in the template")
		}
		texts[g.key] = g.value
	}
	values = map[string]any{}
	for _, p := range t.parameters {
		text, ok := texts[p.name]
		if !ok && p.def == nil {
			return nil, nil, templateError(codeMissingParam, "Parameters."+p.name, p.line, "the parameter was not provided")
		}
		if !ok {
			text = *p.def
		}
		v, err := p.parse(text)
		if err != nil {
			// The value itself may be a secret and is not repeated.
			return nil, nil, templateError(codeValidation, "Parameters."+p.name, p.line, "%v", err)
		}
		values[p.name] = v
		if p.noEcho {
			text = "******"
		}
		echo = append(echo, parameterValue{p.name, text})
	}
	return values, echo, nil
}

func (p *parameter) parse(text string) (any, error) {
	if len(p.allowed) > 0 && !slices.Contains(p.allowed, text) {
		return nil, fmt.Errorf("the value is none of %s", strings.Join(p.allowed, ", "))
	}
	if p.pattern != nil && !p.pattern.MatchString(text) {
		return nil, errors.New("the value does not match the allowed pattern")
	}
	n := utf8.RuneCountInString(text)
	if p.minLength != nil && n < *p.minLength || p.maxLength != nil && n > *p.maxLength {
		return nil, errors.New("the length is out of range")
	}
	switch p.kind {
	case "Number":
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || !json.Valid([]byte(text)) { // ParseFloat also knows Inf and 0x1p
			return nil, errors.New("the value is not a number")
		}
		if p.minValue != nil && f < *p.minValue || p.maxValue != nil && f > *p.maxValue {
			return nil, errors.New("the value is out of range")
		}
		return json.Number(text), nil
	case "Boolean":
		b, err := strconv.ParseBool(strings.ToLower(text))
		if err != nil {
			return nil, errors.New("the value is not a boolean")
		}
		return b, nil
	case "CommaDelimitedList":
		list := []any{}
		for item := range strings.SplitSeq(text, ",") {
			if item = strings.TrimSpace(item); item != "" {
				list = append(list, item)
			}
		}
		return list, nil
	case "Json":
		var v any
		if json.Unmarshal([]byte(text), &v) != nil {
			return nil, errors.New("the value is not JSON")
		}
		return v, nil
	}
	return text, nil
}
