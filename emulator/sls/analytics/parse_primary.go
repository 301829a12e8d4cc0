package analytics

import (
	"math"
	"strconv"
	"strings"
)

// primary reads what has no operators of its own.
func (p *parser) primary() (*expr, error) {
	t := p.peek()
	switch t.kind {
	case tokText:
		p.pos++
		return &expr{kind: exprLiteral, at: t.at, typ: Varchar, value: t.text}, nil
	case tokInt, tokFloat:
		p.pos++
		return number(t)
	case tokQuoted:
		return p.column()
	case tokSymbol:
		return p.parenthesis()
	case tokWord:
		return p.word()
	}
	return nil, p.mismatched("an expression")
}

func number(t token) (*expr, error) {
	e := &expr{kind: exprLiteral, at: t.at, typ: Bigint}
	var err error
	if t.kind == tokInt {
		if e.value, err = strconv.ParseInt(t.text, 10, 64); err != nil {
			return nil, t.at.failf("Invalid numeric literal: %s", t.text)
		}
		return e, nil
	}
	e.typ = Double
	if e.value, err = strconv.ParseFloat(t.text, 64); err != nil || math.IsInf(e.value.(float64), 0) {
		return nil, t.at.failf("Invalid numeric literal: %s", t.text)
	}
	return e, nil
}

func (p *parser) column() (*expr, error) {
	e := &expr{kind: exprColumn, at: p.peek().at}
	for {
		name, err := p.identifier("a name")
		if err != nil {
			return nil, err
		}
		e.name = append(e.name, name)
		if !p.symbol(".") || len(e.name) > 8 {
			return e, nil
		}
		p.pos++
	}
}

func (p *parser) parenthesis() (*expr, error) {
	t := p.peek()
	switch {
	case t.symbol("*"):
		p.pos++
		return &expr{kind: exprStar, at: t.at}, nil
	case !t.symbol("("):
		return nil, p.mismatched("an expression")
	case p.startsQuery(1):
		q, err := p.inParentheses()
		return &expr{kind: exprScalar, at: t.at, query: q}, err
	}
	p.pos++
	e, err := p.expr()
	if err != nil {
		return nil, err
	}
	if p.symbol(",") {
		return nil, t.at.notOffered("a row value")
	}
	return e, p.expectSymbol(")")
}

// word reads what begins with a keyword, a call or a name.
func (p *parser) word() (*expr, error) {
	t, following := p.peek(), p.ahead(1)
	switch w := strings.ToLower(t.text); {
	case w == "null", w == "true", w == "false":
		p.pos++
		e := &expr{kind: exprLiteral, at: t.at, typ: Boolean}
		if w == "null" {
			e.typ = Unknown
		} else {
			e.value = w == "true"
		}
		return e, nil
	case w == "case":
		return p.caseOf()
	case w == "cast" || w == "try_cast" && following.symbol("("):
		return p.cast()
	case w == "exists" && following.symbol("("):
		p.pos++
		q, err := p.inParentheses()
		return &expr{kind: exprExists, at: t.at, query: q}, err
	case w == "extract" && following.symbol("("):
		return p.extract()
	case w == "current_date" || w == "current_timestamp" || w == "localtimestamp":
		p.pos++
		return &expr{kind: exprCall, at: t.at, op: w}, nil
	case w == "interval" && (following.kind == tokText || following.symbol("-")):
		return p.interval()
	case (w == "timestamp" || w == "date") && following.kind == tokText:
		p.pos += 2
		typ := Timestamp
		if w == "date" {
			typ = Date
		}
		return &expr{kind: exprCast, at: t.at, typ: typ, kids: []*expr{{kind: exprLiteral, at: following.at, typ: Varchar, value: following.text}}}, nil
	case w == "array" && following.symbol("["):
		return p.arrayLiteral()
	case following.symbol("(") && !reserved[w]:
		return p.call()
	}
	return p.column()
}

// arrayLiteral reads ARRAY[a, b].
func (p *parser) arrayLiteral() (*expr, error) {
	e := &expr{kind: exprCall, at: p.next().at, op: arrayLiteral}
	p.pos++ // the bracket was seen
	err := p.commas(func() error {
		kid, err := p.expr()
		e.kids = append(e.kids, kid)
		return err
	})
	if err != nil {
		return nil, err
	}
	return e, p.expectSymbol("]")
}

func (p *parser) call() (*expr, error) {
	t := p.next()
	e := &expr{kind: exprCall, at: t.at, op: strings.ToLower(t.text)}
	p.pos++ // the parenthesis was seen
	if e.distinct = p.accept("distinct"); !e.distinct {
		p.accept("all")
	}
	separator, argument := func() bool { return p.acceptSymbol(",") }, p.expr
	if e.op == "position" { // position(part IN text)
		separator = func() bool { return p.accept("in") }
		argument = func() (*expr, error) { return p.symbolsOf(p.sum, "||") }
	}
	for !p.symbol(")") {
		if len(e.kids) > 0 && !separator() {
			return nil, p.mismatched("',' or ')'")
		}
		kid, err := argument()
		if err != nil {
			return nil, err
		}
		e.kids = append(e.kids, kid)
	}
	p.pos++
	return e, p.afterCall(e)
}

// afterCall reads FILTER (WHERE …) and OVER (…).
func (p *parser) afterCall(e *expr) (err error) {
	if p.is("filter") && p.ahead(1).symbol("(") {
		p.pos += 2
		if err = p.expect("where"); err != nil {
			return err
		}
		if e.filter, err = p.expr(); err != nil {
			return err
		}
		if err = p.expectSymbol(")"); err != nil {
			return err
		}
	}
	if at := p.peek().at; p.is("ignore") && p.ahead(1).is("nulls") {
		return at.notOffered("IGNORE NULLS")
	}
	if p.is("over") && p.ahead(1).symbol("(") {
		e.over, err = p.window()
	}
	return err
}

func (p *parser) caseOf() (_ *expr, err error) {
	e := &expr{kind: exprCase, at: p.next().at}
	if !p.is("when") {
		if e.operand, err = p.expr(); err != nil {
			return nil, err
		}
	}
	for p.accept("when") {
		var when, then *expr
		if when, err = p.expr(); err != nil {
			return nil, err
		}
		if err = p.expect("then"); err != nil {
			return nil, err
		}
		if then, err = p.expr(); err != nil {
			return nil, err
		}
		e.kids = append(e.kids, when, then)
	}
	if len(e.kids) == 0 {
		return nil, p.mismatched("WHEN")
	}
	if p.accept("else") {
		if e.other, err = p.expr(); err != nil {
			return nil, err
		}
	}
	return e, p.expect("end")
}
