package analytics

import (
	"slices"
	"strconv"
	"strings"
)

// maxNesting bounds parentheses and sub-queries within each other.
const maxNesting = 60

type parser struct {
	src   string
	list  []token
	pos   int
	depth int
}

// reserved words are no names unless they are quoted.
var reserved = words(`alter and as asc between by case cast constraint create cross cube current_date current_time
	current_timestamp deallocate delete desc describe distinct drop else end escape except execute exists extract false
	from full group grouping having in inner insert intersect into is join left like limit localtime localtimestamp
	natural not null on or order outer prepare recursive right rollup select table then true uescape union unnest using
	values when where with`)

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// parseStatement reads one query and nothing behind it.
func parseStatement(src string) (*query, error) {
	list, err := scan(src)
	if err != nil {
		return nil, err
	}
	p := &parser{src: src, list: list}
	if !p.is("select") && !p.is("with") && !p.symbol("(") {
		return nil, p.mismatched("a query: SELECT or WITH")
	}
	q, err := p.query()
	if err != nil {
		return nil, err
	}
	if p.peek().kind != tokEnd {
		return nil, p.mismatched("the end of the statement")
	}
	return q, nil
}

func (p *parser) peek() token { return p.list[p.pos] }

// ahead is the token n places on.
func (p *parser) ahead(n int) token { return p.list[min(p.pos+n, len(p.list)-1)] }

func (p *parser) next() token {
	t := p.peek()
	if t.kind != tokEnd {
		p.pos++
	}
	return t
}

// is tells whether the next token is keyword word.
func (p *parser) is(word string) bool { return p.peek().is(word) }

func (t token) is(word string) bool { return t.kind == tokWord && strings.EqualFold(t.text, word) }

func (p *parser) symbol(s string) bool { return p.peek().symbol(s) }

func (t token) symbol(s string) bool { return t.kind == tokSymbol && t.text == s }

// accept takes the keywords when all of them come next.
func (p *parser) accept(words ...string) bool {
	for i, w := range words {
		if !p.ahead(i).is(w) {
			return false
		}
	}
	p.pos += len(words)
	return true
}

func (p *parser) acceptSymbol(s string) bool {
	if p.symbol(s) {
		p.pos++
		return true
	}
	return false
}

func (p *parser) expect(word string) error {
	if !p.accept(word) {
		return p.mismatched(strings.ToUpper(word))
	}
	return nil
}

func (p *parser) expectSymbol(s string) error {
	if !p.acceptSymbol(s) {
		return p.mismatched("'" + s + "'")
	}
	return nil
}

// mismatched says that something else was expected here.
func (p *parser) mismatched(want string) error {
	t := p.peek()
	if t.kind == tokEnd {
		return t.at.failf("mismatched input '<EOF>'. Expecting: %s", want)
	}
	return t.at.failf("mismatched input '%s'. Expecting: %s", t.text, want)
}

func (p *parser) nest() error {
	if p.depth++; p.depth > maxNesting {
		return p.peek().at.failf("the statement is nested too deeply")
	}
	return nil
}

// identifier reads a name; what says what it names.
func (p *parser) identifier(what string) (string, error) {
	t := p.peek()
	if t.kind == tokQuoted || t.kind == tokWord && !reserved[strings.ToLower(t.text)] {
		p.pos++
		return t.text, nil
	}
	return "", p.mismatched(what)
}

// commas reads one or more parts with commas between them.
func (p *parser) commas(part func() error) error {
	for {
		if err := part(); err != nil {
			return err
		}
		if !p.acceptSymbol(",") {
			return nil
		}
	}
}

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
