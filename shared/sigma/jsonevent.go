package sigma

import (
	"bytes"
	"errors"

	"github.com/fenghuo-soc/fenghuo/shared/sigma/jsontext"
)

// JSONEvent is an [Event] read from a JSON object: its members are the fields, objects and arrays among them can be looked
// into. Numbers and booleans count as the text that stands there. Reuse it; it is not safe for concurrent use.
type JSONEvent struct {
	doc    jsontext.Doc
	pairs  []Pair
	places []int32
	inner  []jsontext.Doc // of members that may hold an object as text, walked so far
	owners []int          // their members
	broken []bool         // they hold none
}

// eventLimits bound the text of an event, and of JSON inside it.
var eventLimits = jsontext.Limits{Bytes: 64 << 20, Depth: 1000, Nodes: 1 << 20}

// Parse reads the object, which must stay unchanged while e is used.
func (e *JSONEvent) Parse(text []byte) error {
	e.doc.Limits = eventLimits
	e.pairs, e.places, e.owners, e.broken = e.pairs[:0], e.places[:0], e.owners[:0], e.broken[:0]
	if err := e.doc.Parse(text); err != nil {
		return err
	}
	if !e.doc.Members(func(place int32, key, value []byte, state State) bool {
		e.pairs, e.places = append(e.pairs, Pair{Key: key, Value: value, State: state}), append(e.places, place)
		return true
	}) {
		return errors.New("the event is not a JSON object")
	}
	return nil
}

// Fields implements [Event].
func (e *JSONEvent) Fields() []Pair { return e.pairs }

// Inside implements [Event].
func (e *JSONEvent) Inside(i int, sub string, yield func([]byte, State) bool) State {
	doc, place := &e.doc, e.places[i]
	if sub != "" && e.pairs[i].State == Value && !doc.IsObject(place) {
		if doc, place = e.text(i), 0; doc == nil {
			return Absent
		}
	}
	v, state := doc.LookupIn(place, sub)
	switch state {
	case Value:
		yield(v, state)
	case List:
		doc.ElementsIn(place, sub, yield)
	}
	return state
}

// text walks a member that may hold JSON as text, once an event; nil if it does not.
func (e *JSONEvent) text(i int) *jsontext.Doc {
	for k, owner := range e.owners {
		if owner == i {
			if e.broken[k] {
				return nil
			}
			return &e.inner[k]
		}
	}
	v := bytes.TrimLeft(e.pairs[i].Value, " \t\r\n")
	if len(v) == 0 || v[0] != '{' {
		return nil
	}
	k := len(e.owners)
	if k == len(e.inner) {
		e.inner = append(e.inner, jsontext.Doc{})
	}
	e.inner[k].Limits = eventLimits
	err := e.inner[k].Parse(v)
	e.owners, e.broken = append(e.owners, i), append(e.broken, err != nil)
	if err != nil {
		return nil
	}
	return &e.inner[k]
}

// Texts implements [Event]: keywords search every value in objects and arrays.
func (e *JSONEvent) Texts(i int, yield func([]byte) bool) bool {
	if e.pairs[i].State == Value && !e.doc.IsObject(e.places[i]) {
		return false
	}
	e.doc.LeavesIn(e.places[i], yield)
	return true
}
