package analytics

// Type is the type of a column or an expression.
type Type uint8

// The types. Their values run through the engine as Go values: Bigint int64, Double float64, Varchar and JSON string,
// Boolean int64 0 or 1, Timestamp and Date int64 milliseconds since 1970 (a Date at its midnight in [Zone]), arrays a
// string that holds a JSON array of strings or of numbers, and nulls. nil is null in any type.
const (
	Unknown Type = iota // of null
	Boolean
	Bigint
	Double
	Varchar
	Timestamp
	Date
	JSON
	Array     // of varchar
	Bigints   // an array
	Doubles   // an array
	Varbinary // a string of bytes; no result can be one
	interval  // milliseconds; only beside a time
)

// String is the name as the service writes it in the meta of a result.
func (t Type) String() string {
	return [...]string{"unknown", "boolean", "bigint", "double", "varchar", "timestamp", "date", "json", "array(varchar)", "array(bigint)", "array(double)", "varbinary", "interval day to second"}[t]
}

// typeNames are the types that a cast may name. Whole numbers are all bigint here.
var typeNames = map[string]Type{
	"boolean": Boolean, "tinyint": Bigint, "smallint": Bigint, "int": Bigint, "integer": Bigint, "bigint": Bigint, "long": Bigint,
	"real": Double, "double": Double, "varchar": Varchar, "timestamp": Timestamp, "date": Date, "json": JSON,
}

func (t Type) numeric() bool { return t == Bigint || t == Double }

func (t Type) temporal() bool { return t == Timestamp || t == Date }

// ordered types can be compared by size.
func (t Type) ordered() bool { return t != JSON && t.element() == Unknown && t != interval }

// arrays are the types of arrays by that of their elements.
var arrays = map[Type]Type{Varchar: Array, Bigint: Bigints, Double: Doubles}

// element is the type of the elements of an array, Unknown for what is none.
func (t Type) element() Type {
	for element, array := range arrays {
		if array == t {
			return element
		}
	}
	return Unknown
}

// common is the type that both become where they meet.
func common(a, b Type) (Type, bool) {
	switch {
	case a == b, b == Unknown:
		return a, true
	case a == Unknown:
		return b, true
	case a.numeric() && b.numeric():
		return Double, true
	case a.temporal() && b.temporal():
		return Timestamp, true
	}
	return 0, false
}

// fits tells whether a value of type have may stand where want is expected, without a cast.
func fits(have, want Type) bool {
	c, ok := common(have, want)
	return ok && c == want
}
