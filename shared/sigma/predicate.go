package sigma

import (
	"bytes"
	"net/netip"
	"unsafe"
)

// predicate is one test on an event. Equal predicates of different rules are one, so that it is decided once an event. There
// are many, so it is small: what only few kinds need stands apart.
type predicate struct {
	kind  predicateKind
	rel   relation
	part  timePart
	shape shape   // other
	want  bool    // exists, boolean
	fold  bool    // other: compare without case
	paths pathSet // where to look; empty for keywords
	glob  *glob   // text
	*rare
}

// rare is what predicates of the kinds numeral, measure, moment, network, regex and other need.
type rare struct {
	re   *lazyRegex
	net  netip.Prefix
	num  number
	text []byte  // numeral: the number as the rule writes it, folded
	ref  pathSet // other: the fields to compare with
}

// pathSet is a stretch of the ids in Set.pool. The places are alternatives, or, when first is set, only the first of them
// counts that is there.
type pathSet struct {
	from  uint32
	n     uint16
	first bool
}

func (p pathSet) len() int { return int(p.n) }

func (s *Set) ids(p pathSet) []int32 { return s.pool[p.from : p.from+uint32(p.n)] }

type predicateKind uint8

const (
	isNullOrAbsent predicateKind = iota
	present
	text    // glob
	numeral // equal to a number, by text or by value
	boolean // true or false in any case
	measure // relation to a number
	moment  // relation of a part of a time
	network // address in a network
	regex   // regular expression
	other   // relation to another field
)

// eval decides p on the event of sc.
func (p *predicate) eval(sc *Scratch) bool {
	switch p.kind {
	case isNullOrAbsent:
		for _, id := range sc.set.ids(p.paths) {
			switch s := sc.field(id).state; {
			case s >= Value:
				return false
			case s == Null && p.paths.first:
				return true
			}
		}
		return true
	case present:
		for _, id := range sc.set.ids(p.paths) {
			if sc.field(id).state != Absent {
				return p.want
			}
		}
		return !p.want
	}
	if p.paths.len() == 0 {
		return p.evalAny(sc, sc.keywords())
	}
	for _, id := range sc.set.ids(p.paths) {
		f := sc.field(id)
		if f.state >= Value && p.evalAny(sc, f.elems) {
			return true
		}
		if p.paths.first && f.state != Absent {
			break
		}
	}
	return false
}

func (p *predicate) evalAny(sc *Scratch, r span) bool {
	for i := r.from; i < r.to; i++ {
		if sc.elems[i].state == Value && p.test(sc, i) {
			return true
		}
	}
	return false
}

// test decides p on one value.
func (p *predicate) test(sc *Scratch, i int) bool {
	v := sc.elems[i].raw
	switch p.kind {
	case text:
		if !p.glob.cased && p.glob.shape != anything {
			v = sc.folded(i)
		}
		return p.glob.match(v)
	case numeral:
		if bytes.Equal(sc.folded(i), p.text) {
			return true
		}
		n, ok := parseNumber(v)
		return ok && equal.holds(n, p.num)
	case boolean:
		if p.want {
			return string(sc.folded(i)) == "true"
		}
		return string(sc.folded(i)) == "false"
	case measure:
		n, ok := parseNumber(v)
		return ok && p.rel.holds(n, p.num)
	case moment:
		t, ok := wallClock(v)
		return ok && p.rel.holds(p.part.of(t), p.num)
	case network:
		a, ok := parseAddr(v)
		return ok && p.net.Contains(a)
	case regex:
		return p.re.match(v)
	case other:
		return p.testOther(sc, i)
	}
	return false
}

func (p *predicate) testOther(sc *Scratch, i int) bool {
	for _, id := range sc.set.ids(p.ref) {
		f := sc.field(id)
		for k := f.elems.from; k < f.elems.to; k++ {
			if sc.elems[k].state != Value {
				continue
			}
			a, b := sc.elems[i].raw, sc.elems[k].raw
			if p.fold {
				a, b = sc.folded(i), sc.folded(k)
			}
			if related(p.shape, a, b) {
				return true
			}
		}
		if p.ref.first && f.state != Absent {
			break
		}
	}
	return false
}

func related(s shape, a, b []byte) bool {
	switch s {
	case prefix:
		return bytes.HasPrefix(a, b)
	case suffix:
		return bytes.HasSuffix(a, b)
	case contains:
		return bytes.Contains(a, b)
	default:
		return bytes.Equal(a, b)
	}
}

// parseAddr reads an IP address; it drops a zone and unmaps IPv4 in IPv6. An address with a port is none.
func parseAddr(v []byte) (netip.Addr, bool) {
	if i := bytes.IndexByte(v, '%'); i >= 0 {
		v = v[:i]
	}
	if len(v) < 2 || len(v) > 45 {
		return netip.Addr{}, false
	}
	for _, c := range v {
		if !('0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' || c == '.' || c == ':') {
			return netip.Addr{}, false
		}
	}
	// The text lives as long as this call and netip keeps no part of it: an address without a zone holds no text and
	// the error, which does, is dropped here. A string of its own would be an allocation for each event.
	a, err := netip.ParseAddr(unsafe.String(&v[0], len(v)))
	if err != nil {
		return netip.Addr{}, false
	}
	return a.Unmap(), true
}
