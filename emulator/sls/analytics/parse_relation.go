package analytics

import "strings"

// joined reads a relation and the joins that follow it.
func (p *parser) joined() (*relation, error) {
	left, err := p.relation()
	for err == nil {
		at := p.peek().at
		kind := p.joinKind()
		if kind == "" {
			return left, nil
		}
		if err = p.expect("join"); err != nil {
			return nil, err
		}
		r := &relation{at: at, join: kind, left: left}
		if r.right, err = p.relation(); err != nil {
			return nil, err
		}
		if kind != "CROSS" {
			err = p.condition(r)
		}
		left = r
	}
	return nil, err
}

// joinKind takes the words before JOIN; "" means that no join follows.
func (p *parser) joinKind() string {
	switch {
	case p.is("join"):
		return "INNER"
	case p.accept("cross"):
		return "CROSS"
	case p.accept("inner"):
		return "INNER"
	}
	for _, kind := range []string{"left", "right", "full"} {
		if p.accept(kind) {
			p.accept("outer")
			return strings.ToUpper(kind)
		}
	}
	return ""
}

func (p *parser) condition(r *relation) (err error) {
	if p.accept("using") {
		if !p.symbol("(") {
			return p.mismatched("'('")
		}
		r.using, err = p.names()
		return err
	}
	if err = p.expect("on"); err != nil {
		return err
	}
	r.on, err = p.expr()
	return err
}

func (p *parser) relation() (r *relation, err error) {
	r = &relation{at: p.peek().at}
	switch {
	case p.symbol("(") && p.startsQuery(1):
		r.query, err = p.inParentheses()
	case p.acceptSymbol("("):
		if err = p.nest(); err != nil {
			return nil, err
		}
		defer func() { p.depth-- }()
		if r, err = p.joined(); err == nil {
			err = p.expectSymbol(")")
		}
		return r, err
	case p.is("unnest"):
		err = p.unnest(r)
	default:
		r.name, err = p.identifier("the name of a table")
	}
	if err != nil {
		return nil, err
	}
	if p.symbol(".") {
		return nil, r.at.notOffered("a table with a schema")
	}
	if r.alias, err = p.alias("the name of a relation"); err != nil {
		return nil, err
	}
	if r.alias != "" {
		r.columns, err = p.names()
	}
	return r, err
}

// unnest reads UNNEST(array) [WITH ORDINALITY].
func (p *parser) unnest(r *relation) (err error) {
	p.pos++
	if err = p.expectSymbol("("); err != nil {
		return err
	}
	if r.unnest, err = p.expr(); err != nil {
		return err
	}
	if p.symbol(",") {
		return r.at.notOffered("UNNEST of several arrays")
	}
	if err = p.expectSymbol(")"); err != nil {
		return err
	}
	r.ordinality = p.accept("with", "ordinality")
	return nil
}

// startsQuery tells whether a query begins n tokens on, perhaps in more parentheses.
func (p *parser) startsQuery(n int) bool {
	for p.ahead(n).symbol("(") {
		n++
	}
	return p.ahead(n).is("select") || p.ahead(n).is("with")
}
