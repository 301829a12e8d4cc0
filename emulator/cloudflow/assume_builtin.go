package cloudflow

import (
	"fmt"
	"math/rand/v2"
	"regexp"
)

// undocumented gives the built-in functions whose arguments no page tells. Assumption: get(container, key) takes an array
// with an index or an object with a key, and what is not there is a missing path; regexMatchString(pattern, text) searches
// with RE2; randomInt(from, to) is in [from, to). Functions of which not even the name is known, such as those that encode
// Base64 and JSON, are refused.
func undocumented(name string) func(args []any) (any, error) {
	switch name {
	case "get":
		return get
	case "regexMatchString":
		return regexMatchString
	case "randomInt":
		return randomInt
	}
	return nil
}

func get(a []any) (any, error) {
	if len(a) != 2 {
		return nil, fmt.Errorf("takes a container and a key, found %d arguments", len(a))
	}
	switch c := a[0].(type) {
	case map[string]any:
		key, err := asText(a[1])
		if err != nil {
			return nil, err
		}
		if v, ok := c[key]; ok {
			return v, nil
		}
		return missingPath("the object", key)
	case []any:
		i, ok := asInt(a[1])
		if !ok {
			return nil, fmt.Errorf("the key of an array is a whole number, found %s", typeName(a[1]))
		}
		if i < 0 || i >= len(c) {
			return missingPath("the array", fmt.Sprintf("[%d]", i))
		}
		return c[i], nil
	}
	return nil, fmt.Errorf("needs an array or an object, found %s", typeName(a[0]))
}

func regexMatchString(a []any) (any, error) {
	if len(a) != 2 {
		return nil, fmt.Errorf("takes a pattern and a text, found %d arguments", len(a))
	}
	pattern, err := asText(a[0])
	if err != nil {
		return nil, err
	}
	text, err := asText(a[1])
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	return re.MatchString(text), nil
}

func randomInt(a []any) (any, error) {
	if len(a) != 2 {
		return nil, fmt.Errorf("takes two numbers, found %d arguments", len(a))
	}
	from, ok1 := asInt(a[0])
	to, ok2 := asInt(a[1])
	if !ok1 || !ok2 || from >= to {
		return nil, fmt.Errorf("needs two whole numbers, the smaller one first")
	}
	return float64(from + rand.IntN(to-from)), nil //nolint:gosec // the language offers it, not a secret
}
