package cloudflow

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Expression is a parsed expression: what stands behind a key that ends in .$, a Condition, or an ItemsPath.
type Expression struct {
	Source string
	node   node
	pos    Pos // in its definition; zero when it stands alone
}

// The nodes of an expression.
type (
	node    interface{ isNode() }
	literal struct{ value any }
	path    struct {
		root  string // $Input, $Output, $Global, $Context, $Item
		steps []step
	}
	step struct {
		key   string
		index int
		isKey bool
	}
	call struct {
		name string
		args []node
	}
	list   struct{ items []node }
	object struct {
		keys   []string
		values []node
	}
	unary struct {
		op string
		x  node
	}
	binary struct {
		op   string
		x, y node
	}
)

func (literal) isNode() {}
func (path) isNode()    {}
func (call) isNode()    {}
func (list) isNode()    {}
func (object) isNode()  {}
func (unary) isNode()   {}
func (binary) isNode()  {}

// maxNesting is how deep function calls may nest (documented limit).
const maxNesting = 10

// ParseExpression parses the value of a key that ends in .$ or an ItemsPath: paths, literals, built-in functions,
// array and map literals.
func ParseExpression(source string) (*Expression, error) { return parseExpression(source, false) }

// ParseCondition parses a Condition: comparisons, membership and boolean operators over paths and the literals that are
// documented for conditions. Calls, arrays, maps and text in single quotes are refused, because whether conditions take
// them is not documented.
//
// Assumption: ! and - bind strongest, then comparisons and in, then &&, then ||; parentheses group; what is not documented
// for conditions is refused.
func ParseCondition(source string) (*Expression, error) { return parseExpression(source, true) }

func parseExpression(source string, condition bool) (*Expression, error) {
	p := &parser{src: source, condition: condition}
	p.next()
	var n node
	if condition {
		n = p.or()
	} else {
		n = p.value(0)
	}
	if p.err == nil && p.tok.kind != eof {
		p.fail("unexpected %s", p.tok)
	}
	if p.err != nil {
		return nil, p.err
	}
	return &Expression{Source: source, node: n}, nil
}

type kind int

const (
	eof kind = iota
	name
	number
	str
	punct
)

type token struct {
	kind kind
	text string
	at   int
}

func (t token) String() string {
	if t.kind == eof {
		return "end of expression"
	}
	return strconv.Quote(t.text)
}

type parser struct {
	src       string
	pos       int
	tok       token
	err       error
	condition bool
	depth     int
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("%s at character %d of %q", fmt.Sprintf(format, args...), utf8.RuneCountInString(p.src[:p.tok.at])+1, p.src)
	}
	p.tok = token{kind: eof, at: p.tok.at}
	p.pos = len(p.src)
}

func nameRune(r rune) bool { return r == '_' || r == '$' || unicode.IsLetter(r) || unicode.IsDigit(r) }

func (p *parser) next() {
	if p.err != nil {
		return
	}
	for p.pos < len(p.src) && strings.IndexByte(" \t\r\n", p.src[p.pos]) >= 0 {
		p.pos++
	}
	start := p.pos
	if start == len(p.src) {
		p.tok = token{kind: eof, at: start}
		return
	}
	p.tok = token{at: start}
	r, size := utf8.DecodeRuneInString(p.src[start:])
	switch {
	case unicode.IsDigit(r):
		p.scanNumber(start)
	case nameRune(r):
		p.scanName(start)
	case r == '\'' && p.condition:
		p.fail("conditions take text in double quotes or backquotes")
	case r == '"' || r == '\'' || r == '`':
		p.scanString(byte(r))
	default:
		for _, op := range []string{">=", "<=", "==", "!=", "&&", "||"} {
			if strings.HasPrefix(p.src[start:], op) {
				p.pos += 2
				p.tok.kind, p.tok.text = punct, op
				return
			}
		}
		if !strings.ContainsRune(".[](){},:<>!-", r) {
			p.fail("unexpected character %q", r)
			return
		}
		p.pos += size
		p.tok.kind, p.tok.text = punct, string(r)
	}
}

func (p *parser) scanNumber(start int) {
	for p.pos < len(p.src) && (p.src[p.pos] >= '0' && p.src[p.pos] <= '9' || p.src[p.pos] == '.') {
		p.pos++
	}
	p.tok.kind, p.tok.text = number, p.src[start:p.pos]
}

// scanName reads a name. A dash joins letters inside a name, so that keys such as x-request-id can be followed.
func (p *parser) scanName(start int) {
	for p.pos < len(p.src) {
		r, size := utf8.DecodeRuneInString(p.src[p.pos:])
		if !nameRune(r) && (r != '-' || p.pos == start) {
			break
		}
		p.pos += size
	}
	p.tok.kind, p.tok.text = name, p.src[start:p.pos]
}

// What may follow a backslash in text, and what each stands for.
const escapes, meant = "\"'`\\nrt", "\"'`\\\n\r\t"

// scanString reads text in quotes.
//
// Assumption: a backslash goes before a quote, a backslash, n, r or t, and before nothing else; between backquotes it is
// a character like others.
func (p *parser) scanString(quote byte) {
	var b strings.Builder
	for i := p.pos + 1; i < len(p.src); i++ {
		switch c := p.src[i]; {
		case c == quote:
			p.pos = i + 1
			p.tok.kind, p.tok.text = str, b.String()
			return
		case c == '\\' && quote != '`' && i+1 < len(p.src):
			i++
			e := strings.IndexByte(escapes, p.src[i])
			if e < 0 {
				p.tok.at = i - 1
				p.fail("unknown escape \\%s", p.src[i:i+1])
				return
			}
			b.WriteByte(meant[e])
		default:
			b.WriteByte(c)
		}
	}
	p.fail("text is not closed")
}

func (p *parser) punct(text string) bool {
	if p.tok.kind == punct && p.tok.text == text {
		p.next()
		return true
	}
	return false
}

func (p *parser) expect(text string) {
	if !p.punct(text) {
		p.fail("want %q, found %s", text, p.tok)
	}
}

func (p *parser) or() node {
	x := p.and()
	for p.punct("||") {
		x = binary{"||", x, p.and()}
	}
	return x
}

func (p *parser) and() node {
	x := p.compare()
	for p.punct("&&") {
		x = binary{"&&", x, p.compare()}
	}
	return x
}

func (p *parser) compare() node {
	x := p.unary()
	for _, op := range []string{"==", "!=", ">=", "<=", ">", "<"} {
		if p.punct(op) {
			return binary{op, x, p.unary()}
		}
	}
	if p.tok.kind == name && p.tok.text == "in" {
		p.next()
		return binary{"in", x, p.unary()}
	}
	return x
}

func (p *parser) unary() node {
	if p.depth++; p.depth > 100 {
		p.fail("nested too deeply")
	}
	defer func() { p.depth-- }()
	switch {
	case p.punct("!"):
		return unary{"!", p.unary()}
	case p.punct("-"):
		return unary{"-", p.unary()}
	case p.punct("("):
		x := p.or()
		p.expect(")")
		return x
	}
	return p.value(0)
}

// value parses a literal, a path, a call, an array or a map.
func (p *parser) value(depth int) node {
	if depth > maxNesting {
		p.fail("functions are nested deeper than %d", maxNesting)
	}
	t := p.tok
	switch t.kind {
	case number:
		f, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			p.fail("%q is not a number", t.text)
		}
		p.next()
		return literal{f}
	case str:
		p.next()
		return literal{t.text}
	case name:
		p.next()
		return p.named(t, depth)
	case punct:
		switch {
		case p.punct("-"):
			return unary{"-", p.value(depth)}
		case p.condition && (t.text == "[" || t.text == "{"):
			p.fail("conditions take no literals of arrays and maps")
			return nil
		case p.punct("["):
			return list{p.items("]", depth)}
		case p.punct("{"):
			return p.mapLiteral(depth)
		}
	}
	p.fail("want a value, found %s", p.tok)
	return nil
}

func (p *parser) named(t token, depth int) node {
	switch {
	case t.text == "true" || t.text == "false":
		return literal{t.text == "true"}
	case strings.HasPrefix(t.text, "$"):
		return p.path(t)
	case p.punct("("):
		if p.condition {
			p.fail("conditions take no functions (%s)", t.text)
		}
		return call{t.text, p.items(")", depth+1)}
	}
	p.tok = t
	p.fail("unknown name %q: text needs quotes, a path begins with $Input, $Output, $Global or $Context", t.text)
	return nil
}

func (p *parser) items(end string, depth int) []node {
	var out []node
	for p.err == nil && !p.punct(end) {
		if len(out) > 0 {
			p.expect(",")
		}
		out = append(out, p.value(depth))
	}
	return out
}

func (p *parser) mapLiteral(depth int) node {
	var o object
	for p.err == nil && !p.punct("}") {
		if len(o.keys) > 0 {
			p.expect(",")
		}
		if p.tok.kind != name && p.tok.kind != str {
			p.fail("want a key, found %s", p.tok)
			break
		}
		o.keys = append(o.keys, p.tok.text)
		p.next()
		p.expect(":")
		o.values = append(o.values, p.value(depth))
	}
	return o
}

func (p *parser) path(t token) node {
	switch t.text {
	case "$Input", "$Output", "$Global", "$Context", "$Item":
	default:
		p.tok = t
		p.fail("unknown root %q: it is $Input, $Output, $Global or $Context", t.text)
		return nil
	}
	out := path{root: t.text}
	for p.err == nil {
		switch {
		case p.punct("."):
			if p.tok.kind != name {
				p.fail("want a key after the dot, found %s", p.tok)
				return nil
			}
			out.steps = append(out.steps, step{key: p.tok.text, isKey: true})
			p.next()
		case p.punct("["):
			i, err := strconv.Atoi(p.tok.text)
			if p.tok.kind != number || err != nil {
				p.fail("want a whole number as index, found %s", p.tok)
				return nil
			}
			p.next()
			p.expect("]")
			out.steps = append(out.steps, step{index: i})
		default:
			return out
		}
	}
	return out
}
