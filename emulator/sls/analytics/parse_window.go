package analytics

import (
	"fmt"
	"strings"
)

// bound is where a frame begins or ends, from first to last.
type bound int

const (
	unboundedPreceding bound = iota
	preceding
	currentRow
	following
	unboundedFollowing
)

// window reads OVER (PARTITION BY … ORDER BY … frame).
func (p *parser) window() (*window, error) {
	p.pos += 2 // both were seen
	w := &window{}
	if p.accept("partition", "by") {
		err := p.commas(func() error {
			e, err := p.expr()
			w.partition = append(w.partition, e)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if p.accept("order", "by") {
		err := p.commas(func() error {
			o, err := p.orderKey()
			w.order = append(w.order, o)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if p.is("rows") || p.is("range") {
		if err := p.frame(w); err != nil {
			return nil, err
		}
	}
	return w, p.expectSymbol(")")
}

// frame reads ROWS or RANGE with one bound, which is where the frame begins, or with two.
func (p *parser) frame(w *window) error {
	t := p.next()
	unit := strings.ToUpper(t.text)
	between := p.accept("between")
	begins, start, err := p.bound(unit)
	if err != nil {
		return err
	}
	ends, end := currentRow, "CURRENT ROW"
	if between {
		if err = p.expect("and"); err != nil {
			return err
		}
		if ends, end, err = p.bound(unit); err != nil {
			return err
		}
	}
	switch {
	case begins == unboundedFollowing:
		return t.at.failf("Window frame start cannot be UNBOUNDED FOLLOWING")
	case ends == unboundedPreceding:
		return t.at.failf("Window frame end cannot be UNBOUNDED PRECEDING")
	case begins > ends:
		return t.at.failf("Window frame starting from %s cannot end with %s", start, end)
	}
	w.frame, w.begins = fmt.Sprintf("%s BETWEEN %s AND %s", unit, start, end), begins
	return nil
}

// bound reads one end of a frame. text is what the engine reads.
func (p *parser) bound(unit string) (b bound, text string, err error) {
	at := p.peek().at
	switch {
	case p.accept("unbounded", "preceding"):
		return unboundedPreceding, "UNBOUNDED PRECEDING", nil
	case p.accept("unbounded", "following"):
		return unboundedFollowing, "UNBOUNDED FOLLOWING", nil
	case p.accept("current", "row"):
		return currentRow, "CURRENT ROW", nil
	}
	n, err := p.count()
	if err != nil {
		return 0, "", err
	}
	switch {
	case unit == "RANGE":
		return 0, "", at.failf("Window frame RANGE is only supported with UNBOUNDED and CURRENT ROW")
	case p.accept("preceding"):
		return preceding, fmt.Sprintf("%d PRECEDING", n), nil
	case p.accept("following"):
		return following, fmt.Sprintf("%d FOLLOWING", n), nil
	}
	return 0, "", p.mismatched("PRECEDING or FOLLOWING")
}
