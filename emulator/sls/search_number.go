package sls

import (
	"bytes"
	"cmp"
	"math"
	"strconv"
	"strings"
)

// number is a number of a query. Whole numbers of 64 bits are kept as such: as doubles, large ones are no longer told
// apart.
type number struct {
	f     float64
	n     int64
	whole bool
}

var (
	lowest  = number{f: math.Inf(-1)}
	highest = number{f: math.Inf(1)}
)

// parseNumber reads a number of a query; one that is beyond all doubles is none.
func parseNumber(text string) (number, bool) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) {
		return number{}, false
	}
	n, err := strconv.ParseInt(strings.TrimPrefix(text, "+"), 10, 64)
	return number{f, n, err == nil}, true
}

// compareWhole compares the value of a long field with x.
func (x number) compareWhole(v int64) int {
	if x.whole {
		return cmp.Compare(v, x.n)
	}
	return cmp.Compare(float64(v), x.f)
}

// holds tells whether a value compares so with the bounds of a range.
func (n *node) holds(lo, hi int) bool {
	return (lo > 0 || lo == 0 && !n.loOpen) && (hi < 0 || hi == 0 && !n.hiOpen)
}

// inRange is the condition of a range on a long or double field. What is no number of the field's type is in no range.
func (n *node) inRange(kind string) func([]byte) bool {
	if kind == "long" {
		return func(value []byte) bool {
			v, err := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
			return err == nil && n.holds(n.lo.compareWhole(v), n.hi.compareWhole(v))
		}
	}
	return func(value []byte) bool {
		v, err := strconv.ParseFloat(string(bytes.TrimSpace(value)), 64)
		return err == nil && !math.IsNaN(v) && n.holds(cmp.Compare(v, n.lo.f), cmp.Compare(v, n.hi.f))
	}
}
