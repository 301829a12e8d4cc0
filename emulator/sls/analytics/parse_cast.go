package analytics

import (
	"strconv"
	"strings"
)

func (p *parser) cast() (*expr, error) {
	t := p.next()
	e := &expr{kind: exprCast, at: t.at, try: strings.EqualFold(t.text, "try_cast")}
	if err := p.expectSymbol("("); err != nil {
		return nil, err
	}
	kid, err := p.expr()
	if err != nil {
		return nil, err
	}
	e.kids = []*expr{kid}
	if err = p.expect("as"); err != nil {
		return nil, err
	}
	if e.typ, err = p.typeName(); err != nil {
		return nil, err
	}
	return e, p.expectSymbol(")")
}

// missingTypes are types of the service that are missing here.
var missingTypes = words("char decimal time varbinary map row ipaddress ipprefix")

func (p *parser) typeName() (Type, error) {
	t := p.next()
	if t.is("array") && p.symbol("(") {
		return p.arrayType(t)
	}
	typ, ok := typeNames[strings.ToLower(t.text)]
	if missingTypes[strings.ToLower(t.text)] {
		return 0, t.at.notOffered("the type " + t.text)
	}
	if t.kind != tokWord || !ok {
		return 0, t.at.failf("Unknown type: %s", t.text)
	}
	if p.symbol("(") { // varchar(n)
		if typ != Varchar {
			return 0, t.at.notOffered("the type " + t.text + " with parameters")
		}
		p.pos++
		if _, err := p.count(); err != nil {
			return 0, err
		}
		if err := p.expectSymbol(")"); err != nil {
			return 0, err
		}
	}
	if p.is("with") || p.is("without") {
		return 0, t.at.notOffered("a type with a time zone")
	}
	return typ, nil
}

// arrayType reads array(bigint) and the like; the first word was read.
func (p *parser) arrayType(t token) (Type, error) {
	p.pos++
	element, err := p.typeName()
	if err != nil {
		return 0, err
	}
	typ := arrays[element]
	if typ == Unknown {
		return 0, t.at.notOffered("an array of " + element.String())
	}
	return typ, p.expectSymbol(")")
}

func (p *parser) extract() (*expr, error) {
	e := &expr{kind: exprExtract, at: p.next().at}
	p.pos++
	unit, err := p.identifier("a unit of time")
	if err != nil {
		return nil, err
	}
	e.op = strings.ToLower(unit)
	if err = p.expect("from"); err != nil {
		return nil, err
	}
	kid, err := p.expr()
	if err != nil {
		return nil, err
	}
	e.kids = []*expr{kid}
	return e, p.expectSymbol(")")
}

// interval reads interval '1' day; its value is in milliseconds.
func (p *parser) interval() (*expr, error) {
	e := &expr{kind: exprInterval, at: p.next().at}
	sign := int64(1)
	if p.acceptSymbol("-") {
		sign = -1
	}
	if p.peek().kind != tokText {
		return nil, p.mismatched("a text")
	}
	text := p.next()
	n, err := strconv.ParseInt(strings.TrimSpace(text.text), 10, 32)
	if err != nil {
		return nil, text.at.failf("Invalid interval: %s", text.text)
	}
	unit, err := p.identifier("a unit of time")
	if err != nil {
		return nil, err
	}
	size := map[string]int64{"second": 1e3, "minute": 60e3, "hour": 3600e3, "day": 86400e3, "week": 7 * 86400e3}[strings.TrimSuffix(strings.ToLower(unit), "s")]
	if size == 0 {
		return nil, e.at.notOffered("an interval in " + unit)
	}
	e.value = sign * n * size
	return e, nil
}
