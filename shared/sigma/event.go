package sigma

// State says what an event holds at a path.
type State uint8

// The states of a field.
const (
	Absent State = iota // there is no such field
	Null                // the field is there and is null
	Value               // the field has a value, which may be empty
	List                // the field has any number of elements; a positive test holds if it holds for one of them
)

// Path says where a field stands in an event: the field Key itself, or, when Sub is not empty, the place Sub in the
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

// Event is one record to be judged. What it yields must stay unchanged until [Set.Match] returns.
type Event interface {
	// Field looks a field up. The value counts only with the state [Value].
	Field(p Path) (value []byte, state State)
	// Elements yields the elements of a field whose state is [List], each [Null] or [Value].
	Elements(p Path, yield func(value []byte, state State) bool)
	// Values yields the value of every field, for keywords. It never yields names of fields.
	Values(yield func(value []byte) bool)
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
