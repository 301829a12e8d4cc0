package sls

import (
	"encoding/json"
	"slices"
	"strings"
)

// field is where a key of a query is found in a log.
type field struct {
	kind   string // text, json, long, double
	tokens *tokenizer
	values func(c *candidate, yield func([]byte) bool)
}

func (f field) any(fits func([]byte) bool) matcher {
	return func(c *candidate) bool {
		return anyValue(func(yield func([]byte) bool) { f.values(c, yield) }, fits)
	}
}

// usualTokens is the token list that the console offers.
var usualTokens = strings.Split(", ' \" ; = ( ) [ ] { } ? @ & < > / :", " ")

// field finds a key: a meta field, an indexed field, an alias, or a field inside an indexed JSON value.
//
// Assumption: a key without an index is ParameterInvalid; meta fields need no index of their own; index_all of a JSON key
// makes every field inside it searchable as text.
func (idx *index) field(key string) (field, error) {
	if f, ok := idx.metaField(key); ok {
		return f, nil
	}
	if k := idx.keys[key]; k != nil {
		return contentField(k, key), nil
	}
	for name, k := range idx.keys {
		if k.Alias != "" && k.Alias == key {
			return contentField(k, name), nil
		}
	}
	for i := range len(key) {
		if key[i] != '.' {
			continue
		}
		parent := idx.keys[key[:i]]
		if parent == nil || parent.Type != "json" {
			continue
		}
		if sub := parent.JSONKeys[key[i+1:]]; sub != nil {
			return jsonField(sub.Type, parent.tokens, key[:i], key[i+1:]), nil
		}
		if parent.All {
			return jsonField("text", parent.tokens, key[:i], key[i+1:]), nil
		}
	}
	return field{}, invalidf("key (%s) is not configured in the index of the logstore", key)
}

// metaField finds topic, source and tags, which are searchable with any index.
func (idx *index) metaField(key string) (field, bool) {
	f := field{kind: "text"}
	if idx.line != nil {
		f.tokens = idx.line.tokens
	} else {
		f.tokens = newTokenizer(slices.Concat(usualTokens, []string{" \t\r\n"}), false, false)
	}
	switch tag, isTag := strings.CutPrefix(key, "__tag__:"); {
	case key == "__topic__":
		f.values = func(c *candidate, yield func([]byte) bool) { yield(c.group.topic) }
	case key == "__source__":
		f.values = func(c *candidate, yield func([]byte) bool) { yield(c.group.source) }
	case isTag:
		f.values = func(c *candidate, yield func([]byte) bool) {
			for _, t := range c.group.tags {
				if string(t.key) == tag && !yield(t.value) {
					return
				}
			}
		}
	default:
		return f, false
	}
	return f, true
}

func contentField(k *keyIndex, name string) field {
	return field{kind: k.Type, tokens: k.tokens, values: func(c *candidate, yield func([]byte) bool) {
		for _, p := range c.log.contents {
			if string(p.key) == name && !yield(p.value) {
				return
			}
		}
	}}
}

func jsonField(kind string, tokens *tokenizer, name, path string) field {
	steps := strings.Split(path, ".")
	return field{kind: kind, tokens: tokens, values: func(c *candidate, yield func([]byte) bool) {
		for i, p := range c.log.contents {
			if string(p.key) != name {
				continue
			}
			if v, ok := inside(c.document(i), steps); ok && !yield(v) {
				return
			}
		}
	}}
}

// inside is the text of the value that a path names in a JSON document.
func inside(doc any, steps []string) ([]byte, bool) {
	for _, step := range steps {
		object, ok := doc.(map[string]any)
		if !ok {
			return nil, false
		}
		if doc, ok = object[step]; !ok {
			return nil, false
		}
	}
	if s, ok := doc.(string); ok {
		return []byte(s), true
	}
	encoded, err := json.Marshal(doc)
	return encoded, err == nil
}
