package analytics

import (
	"slices"
	"strconv"
	"strings"
)

func (p *parser) query() (*query, error) {
	if err := p.nest(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	var withs []with
	if p.accept("with") {
		if p.is("recursive") {
			return nil, p.peek().at.notOffered("WITH RECURSIVE")
		}
		err := p.commas(func() error {
			w, err := p.with()
			withs = append(withs, w)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	q, err := p.combination(0)
	if err != nil {
		return nil, err
	}
	if q.limit >= 0 || len(q.order) > 0 || len(q.withs) > 0 { // it came in parentheses and has what may follow
		q = &query{at: q.at, one: nil, left: q, limit: -1}
	}
	q.withs = withs
	return q, p.tail(q)
}

func (p *parser) with() (w with, err error) {
	w.at = p.peek().at
	if w.name, err = p.identifier("the name of a query"); err != nil {
		return w, err
	}
	if w.columns, err = p.names(); err != nil {
		return w, err
	}
	if err = p.expect("as"); err != nil {
		return w, err
	}
	w.query, err = p.inParentheses()
	return w, err
}

// names reads (a, b, …) when a parenthesis comes next.
func (p *parser) names() (list []string, err error) {
	if !p.acceptSymbol("(") {
		return nil, nil
	}
	err = p.commas(func() error {
		name, err := p.identifier("the name of a column")
		list = append(list, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return list, p.expectSymbol(")")
}

func (p *parser) inParentheses() (*query, error) {
	if err := p.expectSymbol("("); err != nil {
		return nil, err
	}
	q, err := p.query()
	if err != nil {
		return nil, err
	}
	return q, p.expectSymbol(")")
}

// combination reads selections with UNION, INTERSECT and EXCEPT; INTERSECT (level 1) binds stronger.
func (p *parser) combination(level int) (*query, error) {
	part := p.single
	ops := []string{"intersect"}
	if level == 0 {
		part = func() (*query, error) { return p.combination(1) }
		ops = []string{"union", "except"}
	}
	q, err := part()
	for err == nil {
		at, op := p.peek().at, strings.ToLower(p.peek().text)
		if p.peek().kind != tokWord || !slices.Contains(ops, op) {
			return q, nil
		}
		p.pos++
		all := p.accept("all")
		if !all {
			p.accept("distinct")
		}
		if all && op != "union" {
			return nil, at.notOffered(strings.ToUpper(op) + " ALL")
		}
		var right *query
		if right, err = part(); err != nil {
			return nil, err
		}
		op = strings.ToUpper(op)
		if all {
			op += " ALL"
		}
		q = &query{at: at, op: op, left: q, right: right, limit: -1}
	}
	return nil, err
}

func (p *parser) single() (*query, error) {
	if p.symbol("(") {
		return p.inParentheses()
	}
	at := p.peek().at
	switch {
	case p.is("values"), p.is("table"):
		return nil, at.notOffered(strings.ToUpper(p.peek().text))
	}
	if err := p.expect("select"); err != nil {
		return nil, err
	}
	s, err := p.selection()
	if err != nil {
		return nil, err
	}
	s.at = at
	return &query{at: at, one: s, limit: -1}, nil
}

func (p *parser) selection() (s *selection, err error) {
	s = &selection{distinct: p.accept("distinct")}
	if !s.distinct {
		p.accept("all")
	}
	err = p.commas(func() error {
		it, err := p.item()
		s.items = append(s.items, it)
		return err
	})
	if err == nil && p.accept("from") {
		err = p.commas(func() error {
			r, err := p.joined()
			if s.from != nil && err == nil {
				r = &relation{at: r.at, join: "CROSS", left: s.from, right: r}
			}
			s.from = r
			return err
		})
	}
	if err == nil && p.accept("where") {
		s.where, err = p.expr()
	}
	if err == nil && p.accept("group", "by") {
		s.grouped = true
		err = p.groups(s)
	}
	if err == nil && p.accept("having") {
		s.having, err = p.expr()
	}
	return s, err
}

func (p *parser) groups(s *selection) error {
	if p.accept("all") || p.accept("distinct") {
		return p.peek().at.notOffered("GROUP BY ALL or DISTINCT")
	}
	for _, w := range []string{"rollup", "cube", "grouping"} {
		if p.is(w) {
			return p.peek().at.notOffered(strings.ToUpper(w))
		}
	}
	return p.commas(func() error {
		e, err := p.expr()
		s.group = append(s.group, e)
		return err
	})
}

func (p *parser) item() (it item, err error) {
	if p.symbol("*") {
		it.e = &expr{kind: exprStar, at: p.next().at}
		return it, nil
	}
	if t := p.peek(); (t.kind == tokWord || t.kind == tokQuoted) && p.ahead(1).symbol(".") && p.ahead(2).symbol("*") {
		p.pos += 3
		it.e = &expr{kind: exprStar, at: t.at, name: []string{t.text}}
		return it, nil
	}
	if it.e, err = p.expr(); err != nil {
		return it, err
	}
	it.alias, err = p.alias("the name of a column")
	return it, err
}

// alias reads [AS] name when it comes next.
func (p *parser) alias(what string) (string, error) {
	if p.accept("as") {
		return p.identifier(what)
	}
	t := p.peek()
	if t.kind == tokQuoted || t.kind == tokWord && !reserved[strings.ToLower(t.text)] {
		return p.identifier(what)
	}
	return "", nil
}

// tail reads ORDER BY, LIMIT and OFFSET.
func (p *parser) tail(q *query) (err error) {
	if p.accept("order", "by") {
		err = p.commas(func() error {
			o, err := p.orderKey()
			q.order = append(q.order, o)
			return err
		})
		if err != nil {
			return err
		}
	}
	offset := p.accept("offset")
	if offset {
		if q.offset, err = p.count(); err != nil {
			return err
		}
		_ = p.accept("rows") || p.accept("row")
	}
	if !p.accept("limit") {
		return nil
	}
	if p.accept("all") {
		return nil
	}
	if q.limit, err = p.count(); err != nil {
		return err
	}
	switch {
	case offset:
	case p.acceptSymbol(","): // LIMIT offset, rows
		q.offset = q.limit
		q.limit, err = p.count()
	case p.accept("offset"):
		q.offset, err = p.count()
	}
	return err
}

func (p *parser) orderKey() (o order, err error) {
	if o.e, err = p.expr(); err != nil {
		return o, err
	}
	if o.desc = p.accept("desc"); !o.desc {
		p.accept("asc")
	}
	if p.accept("nulls", "first") {
		o.nullsFirst = true
	} else {
		p.accept("nulls", "last")
	}
	return o, nil
}

func (p *parser) count() (int64, error) {
	if p.peek().kind != tokInt {
		return 0, p.mismatched("a number of rows")
	}
	t := p.next()
	n, err := strconv.ParseInt(t.text, 10, 64)
	if err != nil {
		return 0, t.at.failf("Invalid numeric literal: %s", t.text)
	}
	return n, nil
}
