package normalize

import (
	"bytes"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/sigma"
)

// find goes down from node i along sub, whose parts are joined by dots. A key may hold dots itself, as flattened parameters
// do: the longest key that fits is tried first. At an array it stops and returns what is left to go inside.
func (d *document) find(i int32, sub string) (at int32, rest string, ok bool) {
	if sub == "" || d.nodes[i].kind == jsonArray {
		return i, sub, true
	}
	if d.nodes[i].kind != jsonObject {
		return 0, "", false
	}
	for head := len(sub); head > 0; head = strings.LastIndexByte(sub[:head], '.') {
		child, found := d.child(i, sub[:head])
		if !found {
			continue
		}
		if at, rest, ok = d.find(child, strings.TrimPrefix(sub[head:], ".")); ok {
			return at, rest, true
		}
	}
	return 0, "", false
}

// child returns the first member of object i that has the key.
func (d *document) child(i int32, key string) (int32, bool) {
	for c := i + 1; c < d.nodes[i].next; c = d.nodes[c].next {
		n := &d.nodes[c]
		if n.keyEscaped {
			if bytes.Equal(appendUnescaped(nil, d.src[n.key.from:n.key.to]), []byte(key)) {
				return c, true
			}
		} else if string(d.src[n.key.from:n.key.to]) == key {
			return c, true
		}
	}
	return 0, false
}

// lookup returns what stands at sub.
func (d *document) lookup(sub string) ([]byte, sigma.State) {
	if len(d.nodes) == 0 {
		return nil, sigma.Absent
	}
	at, _, ok := d.find(0, sub)
	if !ok {
		return nil, sigma.Absent
	}
	switch d.nodes[at].kind {
	case jsonArray:
		return nil, sigma.List
	case jsonNull:
		return nil, sigma.Null
	default:
		return d.scalar(at), sigma.Value
	}
}

// elements yields what stands at sub in every element of the arrays on the way.
func (d *document) elements(i int32, sub string, yield func([]byte, sigma.State) bool) bool {
	at, rest, ok := d.find(i, sub)
	if !ok {
		return true
	}
	switch d.nodes[at].kind {
	case jsonArray:
		for c := at + 1; c < d.nodes[at].next; c = d.nodes[c].next {
			if !d.elements(c, rest, yield) {
				return false
			}
		}
		return true
	case jsonNull:
		return yield(nil, sigma.Null)
	default:
		return yield(d.scalar(at), sigma.Value)
	}
}

// leaves yields every text, number and boolean.
func (d *document) leaves(yield func([]byte) bool) bool {
	for i := range d.nodes {
		if k := d.nodes[i].kind; (k == jsonText || k == jsonLiteral) && !yield(d.scalar(int32(i))) {
			return false
		}
	}
	return true
}
