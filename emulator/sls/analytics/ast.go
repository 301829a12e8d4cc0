package analytics

// exprKind is what an expression is.
type exprKind uint8

const (
	exprLiteral   exprKind = iota // value, typ
	exprColumn                    // name: one or more parts
	exprStar                      // * of count(*) and of a select list, perhaps name.*
	exprCall                      // op: function; kids: arguments
	exprUnary                     // op: -, not
	exprBinary                    // op
	exprBetween                   // kids: value, low, high
	exprIn                        // kids: value, choices; or value and query
	exprExists                    // query
	exprScalar                    // query
	exprLike                      // kids: value, pattern, perhaps escape
	exprIsNull                    // kids: value
	exprCase                      // kids: pairs of condition and result; operand and other apart
	exprCast                      // kids: value; typ; try
	exprExtract                   // op: unit; kids: value
	exprSubscript                 // kids: array, position
	exprInterval                  // value: milliseconds
)

// expr is one expression. It is made by the parser and never changes.
type expr struct {
	kind   exprKind
	at     place
	text   string // as it was written
	op     string
	name   []string
	kids   []*expr
	not    bool // of between, in, exists, like, is null
	typ    Type
	value  any
	query  *query
	filter *expr   // of an aggregate
	over   *window // of an aggregate or a window function
	// distinct of an aggregate; try of a cast.
	distinct, try  bool
	operand, other *expr // of case
}

// item is one entry of a select list.
type item struct {
	e     *expr
	alias string
}

// relation is what a FROM names: a table, a query, the elements of an array, or a join of two.
type relation struct {
	at          place
	name        string
	query       *query
	unnest      *expr // an array whose elements are the rows
	ordinality  bool  // of unnest: number them, too
	alias       string
	columns     []string // new names of the columns
	join        string   // "", CROSS, INNER, LEFT, RIGHT, FULL
	left, right *relation
	on          *expr
	using       []string
}

// selection is one SELECT.
type selection struct {
	at       place
	distinct bool
	items    []item
	from     *relation // nil = none is named
	where    *expr
	group    []*expr
	grouped  bool
	having   *expr
}

// order is one key of an ORDER BY.
type order struct {
	e          *expr
	desc       bool
	nullsFirst bool
}

// window is what OVER says: the rows that a function sees from each row.
type window struct {
	partition []*expr
	order     []order
	frame     string // as the engine reads it, "" = the usual one
	begins    bound  // of the frame
}

// with is one named query.
type with struct {
	at      place
	name    string
	columns []string
	query   *query
}

// query is a SELECT, or two queries and what combines them, with what may follow.
type query struct {
	at            place
	withs         []with
	one           *selection
	op            string // UNION, UNION ALL, INTERSECT, EXCEPT
	left, right   *query
	order         []order
	limit, offset int64 // limit −1 = none
}
