package sigma

import (
	"cmp"
	"strconv"
)

// number is a decimal number: exact while it is an integer of 64 bits, a float otherwise.
type number struct {
	i     int64
	f     float64
	whole bool
}

// maxNumber is how long the text of a number may be; longer text is no number.
const maxNumber = 32

// parseNumber reads an integer or a decimal with an optional sign. Exponents, hexadecimal, blanks and grouping marks
// make it no number, so that text such as "1e3" or "0x17" in a log is not taken for one.
func parseNumber(b []byte) (number, bool) {
	if len(b) == 0 || len(b) > maxNumber {
		return number{}, false
	}
	digits, dot := 0, false
	for i, c := range b {
		switch {
		case '0' <= c && c <= '9':
			digits++
		case c == '.' && !dot:
			dot = true
		case (c == '-' || c == '+') && i == 0:
		default:
			return number{}, false
		}
	}
	if digits == 0 {
		return number{}, false
	}
	if !dot {
		if i, err := strconv.ParseInt(string(b), 10, 64); err == nil {
			return number{i: i, f: float64(i), whole: true}, true
		}
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		return number{}, false
	}
	return number{f: f}, true
}

func (a number) compare(b number) int {
	if a.whole && b.whole {
		return cmp.Compare(a.i, b.i)
	}
	return cmp.Compare(a.f, b.f)
}

// relation is a comparison of numbers.
type relation uint8

const (
	noRelation relation = iota
	equal
	less
	lessEqual
	greater
	greaterEqual
)

var relations = map[string]relation{"lt": less, "lte": lessEqual, "gt": greater, "gte": greaterEqual}

func (r relation) holds(a, b number) bool {
	c := a.compare(b)
	switch r {
	case less:
		return c < 0
	case lessEqual:
		return c <= 0
	case greater:
		return c > 0
	case greaterEqual:
		return c >= 0
	default:
		return c == 0
	}
}
