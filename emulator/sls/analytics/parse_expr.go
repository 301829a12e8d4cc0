package analytics

import (
	"strconv"
	"strings"
)

// expr reads an expression: or, and, not, comparison, ||, +-, */%, sign, subscript, from weak to strong.
func (p *parser) expr() (*expr, error) {
	if err := p.nest(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	return p.keywords("or", func() (*expr, error) { return p.keywords("and", p.not) })
}

// finish notes the text that an expression was written as, from token first on.
func (p *parser) finish(e *expr, first int) *expr {
	start := p.start(first)
	e.text = p.src[start:max(start, p.list[p.pos-1].end)]
	return e
}

// start is the offset at which token i begins, white space included.
func (p *parser) start(i int) int {
	from := 0
	if i > 0 {
		from = p.list[i-1].end
	}
	gap := p.src[from:p.list[i].end]
	return from + len(gap) - len(strings.TrimLeft(gap, " \t\r\n"))
}

func (p *parser) keywords(op string, part func() (*expr, error)) (*expr, error) {
	first := p.pos
	e, err := part()
	for err == nil && p.is(op) {
		at := p.next().at
		var right *expr
		if right, err = part(); err == nil {
			e = p.finish(&expr{kind: exprBinary, at: at, op: op, kids: []*expr{e, right}}, first)
		}
	}
	return e, err
}

func (p *parser) not() (*expr, error) {
	first, at, negate := p.pos, p.peek().at, false
	for p.is("not") {
		p.pos++
		negate = !negate
	}
	if p.pos == first {
		return p.comparison()
	}
	e, err := p.comparison()
	if err != nil || !negate && e.kind == exprUnary {
		return e, err
	}
	e = p.finish(&expr{kind: exprUnary, at: at, op: "not", kids: []*expr{e}}, first)
	if !negate {
		e = p.finish(&expr{kind: exprUnary, at: at, op: "not", kids: []*expr{e}}, first)
	}
	return e, nil
}

func (p *parser) comparison() (*expr, error) {
	first := p.pos
	e, err := p.symbolsOf(p.sum, "||")
	for err == nil {
		t := p.peek()
		switch {
		case t.kind == tokSymbol && strings.Contains(" = <> != < > <= >= ", " "+t.text+" "):
			e, err = p.compared(e)
		case p.accept("is"):
			e = &expr{kind: exprIsNull, at: t.at, kids: []*expr{e}, not: p.accept("not")}
			if p.is("distinct") {
				return nil, t.at.notOffered("IS DISTINCT FROM")
			}
			err = p.expect("null")
		default:
			var more bool
			if e, more, err = p.predicate(e); !more {
				return e, err
			}
		}
		if err == nil {
			p.finish(e, first)
		}
	}
	return e, err
}

func (p *parser) compared(left *expr) (*expr, error) {
	t := p.next()
	for _, w := range []string{"all", "any", "some"} {
		if p.is(w) && p.ahead(1).symbol("(") {
			return nil, t.at.notOffered("a comparison with " + strings.ToUpper(w))
		}
	}
	right, err := p.symbolsOf(p.sum, "||")
	op := t.text
	if op == "!=" {
		op = "<>"
	}
	return &expr{kind: exprBinary, at: t.at, op: op, kids: []*expr{left, right}}, err
}

// predicate reads [NOT] BETWEEN, IN or LIKE behind e; more tells whether there was one.
func (p *parser) predicate(e *expr) (_ *expr, more bool, err error) {
	at := p.peek().at
	not := p.is("not") && (p.ahead(1).is("between") || p.ahead(1).is("in") || p.ahead(1).is("like"))
	if not {
		p.pos++
	}
	n := &expr{at: at, not: not, kids: []*expr{e}}
	operand := func() {
		if err == nil {
			var kid *expr
			kid, err = p.symbolsOf(p.sum, "||")
			n.kids = append(n.kids, kid)
		}
	}
	switch {
	case p.accept("between"):
		n.kind = exprBetween
		operand()
		if err == nil {
			err = p.expect("and")
		}
		operand()
	case p.accept("like"):
		n.kind = exprLike
		operand()
		if p.accept("escape") {
			operand()
		}
	case p.accept("in"):
		n.kind = exprIn
		err = p.choices(n)
	default:
		return e, false, nil
	}
	return n, true, err
}

func (p *parser) choices(n *expr) (err error) {
	if p.symbol("(") && p.startsQuery(1) {
		n.query, err = p.inParentheses()
		return err
	}
	if err = p.expectSymbol("("); err != nil {
		return err
	}
	err = p.commas(func() error {
		kid, err := p.expr()
		n.kids = append(n.kids, kid)
		return err
	})
	if err != nil {
		return err
	}
	return p.expectSymbol(")")
}

// symbolsOf reads parts with any of ops between them, from left to right.
func (p *parser) symbolsOf(part func() (*expr, error), ops ...string) (*expr, error) {
	first := p.pos
	e, err := part()
	for err == nil {
		t := p.peek()
		found := false
		for _, op := range ops {
			found = found || t.symbol(op)
		}
		if !found {
			return e, nil
		}
		p.pos++
		var right *expr
		if right, err = part(); err == nil {
			e = p.finish(&expr{kind: exprBinary, at: t.at, op: t.text, kids: []*expr{e, right}}, first)
		}
	}
	return nil, err
}

func (p *parser) sum() (*expr, error) {
	return p.symbolsOf(func() (*expr, error) { return p.symbolsOf(p.sign, "*", "/", "%") }, "+", "-")
}

func (p *parser) sign() (*expr, error) {
	t := p.peek()
	if !t.symbol("-") && !t.symbol("+") {
		return p.subscript()
	}
	if err := p.nest(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	first := p.pos
	p.pos++
	if n := p.peek(); t.text == "-" && n.kind == tokInt { // the smallest bigint has no positive counterpart
		if v, err := strconv.ParseInt("-"+n.text, 10, 64); err == nil {
			p.pos++
			return p.finish(&expr{kind: exprLiteral, at: t.at, typ: Bigint, value: v}, first), nil
		}
	}
	e, err := p.sign()
	if err != nil || t.text == "+" {
		return e, err
	}
	return p.finish(&expr{kind: exprUnary, at: t.at, op: "-", kids: []*expr{e}}, first), nil
}

func (p *parser) subscript() (*expr, error) {
	first := p.pos
	e, err := p.primary()
	for err == nil {
		p.finish(e, first)
		t := p.peek()
		if p.is("at") && p.ahead(1).is("time") {
			return nil, t.at.notOffered("AT TIME ZONE")
		}
		if !p.acceptSymbol("[") {
			return e, nil
		}
		var i *expr
		if i, err = p.expr(); err == nil {
			e = &expr{kind: exprSubscript, at: t.at, kids: []*expr{e, i}}
			err = p.expectSymbol("]")
		}
	}
	return nil, err
}
