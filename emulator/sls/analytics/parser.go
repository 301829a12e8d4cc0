package analytics

import (
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
