package jsontext

import (
	"strings"
)

// find goes down from node i along sub, whose parts are joined by dots. A key may hold dots itself, as flattened parameters
// do: the longest key that fits is tried first. At an array it stops and returns what is left to go inside.
func (d *Doc) find(i int32, sub string) (at int32, rest string, ok bool) {
	if sub == "" || d.nodes[i].kind == kindArray {
		return i, sub, true
	}
	if d.nodes[i].kind != kindObject {
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
func (d *Doc) child(i int32, key string) (int32, bool) {
	for c := i + 1; c < d.nodes[i].next; c = d.nodes[c].next {
		n := &d.nodes[c]
		if n.keyEscaped {
			if d.spare = AppendUnescaped(d.spare[:0], d.src[n.key.from:n.key.to]); string(d.spare) == key {
				return c, true
			}
		} else if string(d.src[n.key.from:n.key.to]) == key {
			return c, true
		}
	}
	return 0, false
}

// Lookup returns what stands at sub, with escapes resolved. The value counts only with the state [Value]; that of an object is
// its text.
func (d *Doc) Lookup(sub string) ([]byte, State) { return d.LookupIn(0, sub) }

// LookupIn is [Doc.Lookup] below a place that [Doc.Members] yielded.
func (d *Doc) LookupIn(place int32, sub string) ([]byte, State) {
	if len(d.nodes) == 0 {
		return nil, Absent
	}
	at, _, ok := d.find(place, sub)
	if !ok {
		return nil, Absent
	}
	switch d.nodes[at].kind {
	case kindArray:
		return nil, List
	case kindNull:
		return nil, Null
	default:
		return d.scalar(at), Value
	}
}

// Members yields the members of the object that the text is: the place, the key, the value as Lookup returns it, or the text
// of an array. It returns false if the text is no object.
func (d *Doc) Members(yield func(place int32, key, value []byte, state State) bool) bool {
	if len(d.nodes) == 0 || d.nodes[0].kind != kindObject {
		return false
	}
	for c := int32(1); c < d.nodes[0].next; c = d.nodes[c].next {
		n := &d.nodes[c]
		value, state := d.LookupIn(c, "")
		if state == List {
			value = d.src[n.val.from:n.val.to]
		}
		if !yield(c, d.plain(n.key, n.keyEscaped), value, state) {
			break
		}
	}
	return true
}

// elements yields what stands at sub in every element of the arrays on the way.
func (d *Doc) elements(i int32, sub string, yield func([]byte, State) bool) bool {
	at, rest, ok := d.find(i, sub)
	if !ok {
		return true
	}
	switch d.nodes[at].kind {
	case kindArray:
		for c := at + 1; c < d.nodes[at].next; c = d.nodes[c].next {
			if !d.elements(c, rest, yield) {
				return false
			}
		}
		return true
	case kindNull:
		return yield(nil, Null)
	default:
		return yield(d.scalar(at), Value)
	}
}

// Leaves yields every text, number and boolean.
func (d *Doc) Leaves(yield func(value []byte) bool) { d.LeavesIn(0, yield) }

// Elements yields what stands at sub, going into the elements of every array on the way, each [Null] or [Value].
func (d *Doc) Elements(sub string, yield func(value []byte, state State) bool) {
	d.ElementsIn(0, sub, yield)
}

// ElementsIn is [Doc.Elements] below a place that [Doc.Members] yielded.
func (d *Doc) ElementsIn(place int32, sub string, yield func(value []byte, state State) bool) {
	if len(d.nodes) > 0 {
		d.elements(place, sub, yield)
	}
}

// LeavesIn yields every text, number and boolean at a place and below.
func (d *Doc) LeavesIn(place int32, yield func(value []byte) bool) {
	if len(d.nodes) == 0 {
		return
	}
	for i := place; i < d.nodes[place].next; i++ {
		if k := d.nodes[i].kind; (k == kindText || k == kindLiteral) && !yield(d.scalar(i)) {
			return
		}
	}
}

// IsObject tells whether an object stands at a place.
func (d *Doc) IsObject(place int32) bool { return d.nodes[place].kind == kindObject }
