package cloudflow

import (
	"crypto/md5"  //nolint:gosec // the language offers it
	"crypto/sha1" //nolint:gosec // the language offers it
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
)

// builtin is one function of the language.
type builtin struct {
	least, most int // number of arguments; most < 0: any
	f           func(args []any) (any, error)
	open        func(as *Assumptions, args []any) (any, error) // instead of f, where something is not documented
}

func (b builtin) call(as *Assumptions, name string, args []any) (any, error) {
	if err := b.arity(name, len(args)); err != nil {
		return nil, err
	}
	f := b.f
	if b.open != nil {
		f = func(args []any) (any, error) { return b.open(as, args) }
	}
	v, err := f(args)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return v, nil
}

func (b builtin) arity(name string, n int) error {
	if n < b.least || (b.most >= 0 && n > b.most) {
		return fmt.Errorf("%s does not take %d arguments", name, n)
	}
	return nil
}

// builtins are the functions whose name and arguments are documented.
var builtins = map[string]builtin{
	"arrayContains": {least: 2, most: 2, f: arrayContains},
	"arrayUnique":   {least: 1, most: 1, f: arrayUnique},
	"toArray":       {least: 0, most: -1, f: func(a []any) (any, error) { return slices.Clone(a), nil }},
	"length":        {least: 1, most: 1, f: length},
	"mapKeys":       {least: 1, most: 1, open: mapKeys},
	"mapValues":     {least: 1, most: 1, open: mapValues},
	"jsonMerge":     {least: 2, most: 2, open: jsonMerge},
	"stringToJson":  {least: 1, most: 1, f: stringToJSON},
	"format":        {least: 1, most: -1, f: format},
	"split":         {least: 2, most: 2, f: split},
	"fromBase64":    {least: 1, most: 1, f: fromBase64},
	"hash":          {least: 2, most: 2, f: hashText},
	"uuid":          {least: 0, most: 0, f: func([]any) (any, error) { return uuid.NewString(), nil }},
	"intAdd":        {least: 2, most: 2, f: intAdd},
}

// builtin finds a function: a documented one, or what is assumed of another one.
func (a *Assumptions) builtin(name string) (builtin, bool) {
	if b, ok := builtins[name]; ok {
		return b, true
	}
	f := a.Function(name)
	return builtin{most: -1, f: f}, f != nil
}

func arrayContains(a []any) (any, error) {
	l, err := asArray(a[0])
	if err != nil {
		return nil, err
	}
	return slices.ContainsFunc(l, func(v any) bool { return reflect.DeepEqual(v, a[1]) }), nil
}

func arrayUnique(a []any) (any, error) {
	l, err := asArray(a[0])
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, v := range l {
		if !slices.ContainsFunc(out, func(o any) bool { return reflect.DeepEqual(v, o) }) {
			out = append(out, v)
		}
	}
	return out, nil
}

func length(a []any) (any, error) {
	switch v := a[0].(type) {
	case []any:
		return float64(len(v)), nil
	case map[string]any:
		return float64(len(v)), nil
	case string:
		return float64(utf8.RuneCountInString(v)), nil
	}
	return nil, fmt.Errorf("needs an array, an object or text, found %s", typeName(a[0]))
}

func mapKeys(as *Assumptions, a []any) (any, error) {
	m, err := asObject(a[0])
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, k := range as.MapOrder(m) {
		out = append(out, k)
	}
	return out, nil
}

func mapValues(as *Assumptions, a []any) (any, error) {
	m, err := asObject(a[0])
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, k := range as.MapOrder(m) {
		out = append(out, m[k])
	}
	return out, nil
}

func jsonMerge(as *Assumptions, a []any) (any, error) {
	x, err := asObject(a[0])
	if err != nil {
		return nil, err
	}
	y, err := asObject(a[1])
	if err != nil {
		return nil, err
	}
	out := maps.Clone(x)
	for k, v := range y {
		if old, ok := out[k]; ok && !reflect.DeepEqual(old, v) {
			winner, err := as.MergeConflict(k, old, v)
			if err != nil {
				return nil, err
			}
			v = winner
		}
		out[k] = v
	}
	return out, nil
}

func stringToJSON(a []any) (any, error) {
	s, err := asText(a[0])
	if err != nil {
		return nil, err
	}
	var v any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		return nil, err
	}
	return v, nil
}

func format(a []any) (any, error) {
	f, err := asText(a[0])
	if err != nil {
		return nil, err
	}
	parts := strings.Split(f, "{}")
	if len(parts)-1 != len(a)-1 {
		return nil, fmt.Errorf("%d places for %d values", len(parts)-1, len(a)-1)
	}
	var b strings.Builder
	b.WriteString(parts[0])
	for i, v := range a[1:] {
		if s, ok := v.(string); ok {
			b.WriteString(s)
		} else {
			j, err := encode(v)
			if err != nil {
				return nil, err
			}
			b.Write(j)
		}
		b.WriteString(parts[i+1])
	}
	return b.String(), nil
}

func split(a []any) (any, error) {
	s, err := asText(a[0])
	if err != nil {
		return nil, err
	}
	sep, err := asText(a[1])
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, p := range strings.Split(s, sep) {
		out = append(out, p)
	}
	return out, nil
}

func fromBase64(a []any) (any, error) {
	s, err := asText(a[0])
	if err != nil {
		return nil, err
	}
	b, err := base64.StdEncoding.DecodeString(s)
	return string(b), err
}

func hashText(a []any) (any, error) {
	s, err := asText(a[0])
	if err != nil {
		return nil, err
	}
	alg, err := asText(a[1])
	if err != nil {
		return nil, err
	}
	make, ok := map[string]func() hash.Hash{"MD5": md5.New, "SHA-1": sha1.New, "SHA-256": sha256.New, "SHA-512": sha512.New}[alg]
	if !ok {
		return nil, fmt.Errorf("algorithm %q is not MD5, SHA-1, SHA-256 or SHA-512", alg)
	}
	h := make()
	h.Write([]byte(s))
	return hex.EncodeToString(h.Sum(nil)), nil
}

func intAdd(a []any) (any, error) {
	x, ok1 := asInt(a[0])
	y, ok2 := asInt(a[1])
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("needs two whole numbers")
	}
	return float64(x + y), nil
}

func asArray(v any) ([]any, error) {
	if l, ok := v.([]any); ok {
		return l, nil
	}
	return nil, fmt.Errorf("needs an array, found %s", typeName(v))
}

func asObject(v any) (map[string]any, error) {
	if m, ok := v.(map[string]any); ok {
		return m, nil
	}
	return nil, fmt.Errorf("needs an object, found %s", typeName(v))
}

func asText(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	return "", fmt.Errorf("needs text, found %s", typeName(v))
}
