package sls

import (
	"strings"
	"unicode/utf8"
)

// nodeKind is what a node of a query says.
type nodeKind int

const (
	nodeAll nodeKind = iota
	nodeAnd
	nodeOr
	nodeNot
	nodeText  // the words occur, in a field or anywhere
	nodeEmpty // the field exists and is empty
	nodeExists
	nodeRange // the number in the field is within a range
)

// node is one condition or combination of a parsed query.
type node struct {
	kind   nodeKind
	kids   []*node
	key    string // "" = full text
	text   text
	lo, hi number
	// loOpen and hiOpen exclude the bound itself.
	loOpen, hiOpen bool
}

const (
	maxConditions = 30
	maxDepth      = 100
	maxGlob       = 64
)

type parser struct {
	lexer
	conditions int
	depth      int
}

// parseSearch reads the search part of a query. rest is what follows the first | outside quotes, "" when there is none.
func parseSearch(query string) (n *node, rest string, err error) {
	p := &parser{lexer: lexer{src: query}}
	p.space()
	if p.pos == len(p.src) {
		return &node{kind: nodeAll}, "", nil
	}
	if n, err = p.or(); err != nil {
		return nil, "", err
	}
	p.space()
	switch {
	case p.pos == len(p.src):
		return n, "", nil
	case p.accept("|"):
		if rest = strings.TrimSpace(p.src[p.pos:]); rest == "" {
			return nil, "", p.syntax("the query ends where SQL or SPL is expected")
		}
		return n, rest, nil
	}
	return nil, "", p.syntax("unexpected character")
}

func (p *parser) or() (*node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.syntax("parentheses are nested too deeply")
	}
	defer func() { p.depth-- }()
	return p.list(nodeOr, p.minus, func() bool { return p.take("or") })
}

// list reads one or more parts, as long as more says that another follows.
func (p *parser) list(kind nodeKind, part func() (*node, error), more func() bool) (*node, error) {
	first, err := part()
	if err != nil {
		return nil, err
	}
	n := &node{kind: kind, kids: []*node{first}}
	for more() {
		kid, err := part()
		if err != nil {
			return nil, err
		}
		n.kids = append(n.kids, kid)
	}
	if len(n.kids) == 1 {
		return first, nil
	}
	return n, nil
}

// minus reads "a not b": not binds weaker than and, so "not a and b" is not (a and b).
//
// Assumption: directly after "and" it negates the next condition only, so "a and not b and c" is a, not b, and c.
func (p *parser) minus() (*node, error) {
	var n *node
	for first := true; first || p.keyword() == "not"; first = false {
		negated := p.take("not")
		part, err := p.and()
		if err != nil {
			return nil, err
		}
		if negated {
			part = &node{kind: nodeNot, kids: []*node{part}}
		}
		if n == nil {
			n = part
		} else {
			n = &node{kind: nodeAnd, kids: []*node{n, part}}
		}
	}
	return n, nil
}

func (p *parser) and() (*node, error) {
	explicit := false
	return p.list(nodeAnd, func() (*node, error) {
		if explicit && p.take("not") {
			part, err := p.primary()
			return &node{kind: nodeNot, kids: []*node{part}}, err
		}
		return p.primary()
	}, func() bool {
		if explicit = p.take("and"); explicit {
			return true
		}
		return p.pos < len(p.src) && p.peek() != ')' && p.peek() != '|' && p.keyword() == ""
	})
}

func (p *parser) primary() (*node, error) {
	if p.keyword() != "" { // skips white space, too
		return nil, p.syntax("a keyword stands where a condition is expected; quote it to search for it")
	}
	if !p.accept("(") {
		return p.condition()
	}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.space(); !p.accept(")") {
		return nil, p.syntax("a parenthesis is not closed")
	}
	return n, nil
}

func (p *parser) condition() (*node, error) {
	if p.conditions++; p.conditions > maxConditions {
		return nil, invalidf("a query may have %d conditions", maxConditions)
	}
	word, err := p.piece(endOfWord)
	if err != nil {
		return nil, err
	}
	after := p.pos
	p.space()
	if !word.phrase {
		switch {
		case p.accept(":"):
			return p.field(word.value)
		case strings.IndexByte("<>=", p.peek()) >= 0 && p.peek() != 0:
			return p.compare(word.value)
		}
		if n, err := p.interval(word.value); n != nil || err != nil {
			return n, err
		}
	}
	p.pos = after
	if word.value == "*" && !word.quoted {
		return &node{kind: nodeAll}, nil
	}
	return textNode("", word)
}

// field reads what follows "key:".
func (p *parser) field(key string) (*node, error) {
	p.space()
	if key == "__tag__" {
		name, err := p.piece(endOfWord)
		if err != nil {
			return nil, err
		}
		if p.space(); !p.accept(":") {
			return nil, p.syntax("__tag__:name needs :value")
		}
		p.space()
		key += ":" + name.value
	}
	value, err := p.piece(endOfValue)
	switch {
	case err != nil:
		return nil, err
	case value.value == "":
		return &node{kind: nodeEmpty, key: key}, nil
	case value.value == "*" && !value.quoted:
		return &node{kind: nodeExists, key: key}, nil
	}
	return textNode(key, value)
}

func textNode(key string, t text) (*node, error) {
	if t.glob {
		switch {
		case t.value[0] == '*' || t.value[0] == '?':
			return nil, invalidf("a wildcard may not stand at the start of %s", t.value)
		case utf8.RuneCountInString(t.value) > maxGlob:
			return nil, invalidf("a word with wildcards may have %d characters", maxGlob)
		}
	}
	return &node{kind: nodeText, key: key, text: t}, nil
}

// compare reads "> 10" and the like after a key.
func (p *parser) compare(key string) (*node, error) {
	n := &node{kind: nodeRange, key: key, lo: lowest, hi: highest}
	bound := &n.lo
	switch {
	case p.accept(">="):
	case p.accept(">"):
		n.loOpen = true
	case p.accept("<="):
		bound = &n.hi
	case p.accept("<"):
		bound, n.hiOpen = &n.hi, true
	default:
		p.accept("=")
		v, err := p.number()
		n.lo, n.hi = v, v
		return n, err
	}
	v, err := p.number()
	*bound = v
	return n, err
}

func (p *parser) number() (number, error) {
	p.space()
	t, err := p.bare(endOfValue + "[]")
	if err != nil {
		return number{}, err
	}
	v, ok := parseNumber(t.value)
	if !ok {
		return v, p.syntax("a number is expected")
	}
	return v, nil
}

// interval reads "in [1 9]" and the like after a key; nil when something else follows.
func (p *parser) interval(key string) (*node, error) {
	start := p.pos
	if !p.accept("in") {
		return nil, nil
	}
	if p.space(); p.peek() != '[' && p.peek() != '(' {
		p.pos = start
		return nil, nil
	}
	n := &node{kind: nodeRange, key: key, loOpen: p.accept("(")}
	p.accept("[")
	var err error
	if n.lo, err = p.number(); err != nil {
		return nil, err
	}
	if n.hi, err = p.number(); err != nil {
		return nil, err
	}
	p.space()
	n.hiOpen = p.accept(")")
	if !n.hiOpen && !p.accept("]") {
		return nil, p.syntax("the range is not closed")
	}
	return n, nil
}
