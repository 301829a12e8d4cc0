package sigma

import (
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/sigma/jsontext"
)

// State says what an event holds at a path.
type State = jsontext.State

// The states of a field.
const (
	Absent = jsontext.Absent // there is no such field
	Null   = jsontext.Null   // the field is there and is null
	Value  = jsontext.Value  // the field has a value, which may be empty
	List   = jsontext.List   // the field has any number of elements; a positive test holds if it holds for one of them
)

// Path says where a field stands in an event: the flat field Key itself, or, when Sub is not empty, the place Sub in the
// JSON text of that field. The parts of Sub are joined by dots.
type Path struct {
	Key string
	Sub string
}

// String writes the path as key.sub.
func (p Path) String() string {
	if p.Sub == "" {
		return p.Key
	}
	return p.Key + "." + p.Sub
}

// Dotted returns where a name with dots may stand in an event without a mapping: the flat field of that name first, then
// every place inside a shorter flat field, the longest first.
func Dotted(field string) []Path {
	out := []Path{{Key: field}}
	for i := strings.LastIndexByte(field, '.'); i > 0; i = strings.LastIndexByte(field[:i], '.') {
		if i+1 < len(field) {
			out = append(out, Path{Key: field[:i], Sub: field[i+1:]})
		}
	}
	return out
}

// Pair is a flat field of an event. The slices are read where they lie and never kept longer than [Set.Match] runs.
type Pair struct {
	Key, Value []byte
	// State is Value, or its zero, for a text. A JSON null is Null, with any Value. A JSON array is List: Value is then the
	// text of the array and [Event.Inside] yields its elements for the sub path "".
	State State
}

// Event is one record to be judged. What it yields must stay unchanged until [Set.Match] returns.
type Event interface {
	// Fields returns the flat fields in the order of the record. Of several with the same key the first counts, except for
	// keywords, which search all of them.
	Fields() []Pair
	// Inside yields what stands at sub in the JSON text of field i: the value, or for [List] its elements, each [Null] or
	// [Value]. Every value must be a stretch of the field's text as it is or with its JSON escapes resolved: the index searches
	// these two and asks for the inside only when something was found.
	Inside(i int, sub string, yield func(value []byte, state State) bool) State
	// Texts yields what keywords search in field i, or returns false if that is the value itself. The same holds for what it
	// yields as for Inside. It never yields names of fields.
	Texts(i int, yield func(text []byte) bool) bool
}

// LogSource names a kind of logs. An empty attribute of a rule's source is not restricted.
type LogSource struct {
	Category string
	Product  string
	Service  string
}

// Covers tells whether a rule with source l applies to events of src: every attribute that l names is the same in
// src. An attribute that src lacks is not the same.
func (l LogSource) Covers(src LogSource) bool {
	return (l.Category == "" || l.Category == src.Category) &&
		(l.Product == "" || l.Product == src.Product) &&
		(l.Service == "" || l.Service == src.Service)
}
