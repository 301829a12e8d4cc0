package cloudflow

import (
	"fmt"
	"math"
	"reflect"
)

// roots are the values that expressions see. A root that is not offered at a place is nil.
type roots struct {
	input, output, global, context, item any
	assume                               *Assumptions // nil = documented
}

func (r roots) assumptions() *Assumptions {
	if r.assume == nil {
		return documented
	}
	return r.assume
}

func (r roots) of(root string) (any, error) {
	v := map[string]any{"$Input": r.input, "$Output": r.output, "$Global": r.global, "$Context": r.context, "$Item": r.item}[root]
	if v == nil {
		return nil, fmt.Errorf("%s is not offered here", root)
	}
	return v, nil
}

// Eval evaluates the expression. Values are those of encoding/json.
func (e *Expression) eval(r roots) (any, error) {
	v, err := eval(e.node, r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.Source, err)
	}
	return v, nil
}

func eval(n node, r roots) (any, error) {
	switch n := n.(type) {
	case literal:
		return n.value, nil
	case path:
		return follow(n, r)
	case list:
		return evalAll(n.items, r)
	case object:
		values, err := evalAll(n.values, r)
		if err != nil {
			return nil, err
		}
		out := map[string]any{}
		for i, k := range n.keys {
			out[k] = values[i]
		}
		return out, nil
	case call:
		f, ok := r.assumptions().builtin(n.name)
		if !ok {
			return nil, fmt.Errorf("unknown function %s", n.name)
		}
		args, err := evalAll(n.args, r)
		if err != nil {
			return nil, err
		}
		return f.call(r.assumptions(), n.name, args)
	case unary:
		x, err := eval(n.x, r)
		if err != nil {
			return nil, err
		}
		return evalUnary(n.op, x)
	case binary:
		return evalBinary(n, r)
	}
	return nil, fmt.Errorf("cannot evaluate %T", n)
}

func evalAll(nodes []node, r roots) ([]any, error) {
	out := make([]any, len(nodes))
	for i, n := range nodes {
		v, err := eval(n, r)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

func follow(p path, r roots) (any, error) {
	v, err := r.of(p.root)
	if err != nil {
		return nil, err
	}
	at := p.root
	for _, s := range p.steps {
		if s.isKey {
			m, ok := v.(map[string]any)
			if !ok {
				return nil, fmt.Errorf("%s is not an object, so it has no key %s", at, s.key)
			}
			if v, ok = m[s.key]; !ok {
				return r.assumptions().MissingPath(at, s.key)
			}
			at += "." + s.key
			continue
		}
		l, ok := v.([]any)
		if !ok || s.index >= len(l) {
			return r.assumptions().MissingPath(at, fmt.Sprintf("[%d]", s.index))
		}
		v = l[s.index]
		at += fmt.Sprintf("[%d]", s.index)
	}
	return v, nil
}

func evalUnary(op string, x any) (any, error) {
	if op == "!" {
		b, ok := x.(bool)
		if !ok {
			return nil, fmt.Errorf("! needs true or false, found %s", typeName(x))
		}
		return !b, nil
	}
	f, ok := x.(float64)
	if !ok {
		return nil, fmt.Errorf("- needs a number, found %s", typeName(x))
	}
	return -f, nil
}

func evalBinary(n binary, r roots) (any, error) {
	x, err := eval(n.x, r)
	if err != nil {
		return nil, err
	}
	if n.op == "&&" || n.op == "||" {
		b, ok := x.(bool)
		if !ok {
			return nil, fmt.Errorf("%s needs true or false, found %s", n.op, typeName(x))
		}
		if b == (n.op == "||") {
			return b, nil
		}
	}
	y, err := eval(n.y, r)
	if err != nil {
		return nil, err
	}
	switch n.op {
	case "&&", "||":
		b, ok := y.(bool)
		if !ok {
			return nil, fmt.Errorf("%s needs true or false, found %s", n.op, typeName(y))
		}
		return b, nil
	case "in":
		return contains(x, y)
	}
	return compareValues(r.assumptions(), n.op, x, y)
}

func contains(x, y any) (any, error) {
	switch y := y.(type) {
	case []any:
		for _, v := range y {
			if reflect.DeepEqual(v, x) {
				return true, nil
			}
		}
		return false, nil
	case map[string]any:
		k, ok := x.(string)
		if !ok {
			return nil, fmt.Errorf("in asks an object for a key, which is text, found %s", typeName(x))
		}
		_, ok = y[k]
		return ok, nil
	}
	return nil, fmt.Errorf("in needs an array or an object on its right, found %s", typeName(y))
}

func compareValues(as *Assumptions, op string, x, y any) (any, error) {
	if a, ok := x.(float64); ok {
		if b, ok := y.(float64); ok {
			return ordered(op, a, b), nil
		}
	}
	if a, ok := x.(string); ok {
		if b, ok := y.(string); ok {
			return ordered(op, a, b), nil
		}
	}
	if a, ok := x.(bool); ok && (op == "==" || op == "!=") {
		if b, ok := y.(bool); ok {
			return (a == b) == (op == "=="), nil
		}
	}
	return as.CompareDifferentTypes(op, x, y)
}

func ordered[T float64 | string](op string, a, b T) bool {
	switch op {
	case "==":
		return a == b
	case "!=":
		return a != b
	case ">":
		return a > b
	case ">=":
		return a >= b
	case "<":
		return a < b
	default:
		return a <= b
	}
}

func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case float64:
		return "a number"
	case string:
		return "text"
	case []any:
		return "an array"
	case map[string]any:
		return "an object"
	}
	return fmt.Sprintf("%T", v)
}

func asInt(v any) (int, bool) {
	f, ok := v.(float64)
	if !ok || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int(f), true
}
