// Package jsontext reads places in JSON text without making maps or copies: a [Doc] walks the text once and keeps where its values
// stand.
//
// Start at [Doc.Parse] and [Doc.Lookup]. It is for reading hostile text within bounds; it does not write JSON and does not judge
// numbers.
package jsontext

// State says what stands at a place.
type State uint8

// The states of a place.
const (
	Absent State = iota // nothing stands there
	Null                // null
	Value               // a text, number, boolean or object
	List                // any number of elements
)
