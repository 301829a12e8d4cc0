package sigma

import "slices"

// Scratch is the memory that one evaluation needs. Reuse it from event to event; never share it between goroutines.
// It holds no part of an event after [Set.Match] has returned that anybody may read.
type Scratch struct {
	set    *Set
	event  Event
	gen    uint32
	fields []field  // by path id
	known  []uint64 // by predicate id: generation<<1 | result
	elems  []elem   // values read from the event
	buf    []byte   // folded values
	words  span     // the elements that keywords search
	worded bool

	addElem  func([]byte, State) bool
	addValue func([]byte) bool
}

type field struct {
	gen   uint32
	state State
	elems span
}

type span struct{ from, to int }

type elem struct {
	raw    []byte
	low    span // folded form in buf
	state  State
	folded bool
	plain  bool // raw is its own folded form
}

// NewScratch returns memory that fits any set.
func NewScratch() *Scratch {
	sc := &Scratch{}
	sc.addElem = func(v []byte, s State) bool {
		sc.elems = append(sc.elems, elem{raw: v, state: s})
		return true
	}
	sc.addValue = func(v []byte) bool { return sc.addElem(v, Value) }
	return sc
}

func (sc *Scratch) begin(s *Set, ev Event) {
	if sc.set != s {
		sc.set = s
		sc.fields = slices.Grow(sc.fields[:0], len(s.paths))[:len(s.paths)]
		sc.known = slices.Grow(sc.known[:0], len(s.predicates))[:len(s.predicates)]
		sc.gen = ^uint32(0)
	}
	sc.gen++
	if sc.gen == 0 { // wrapped around, or another set: old marks would look new
		clear(sc.fields)
		clear(sc.known)
		sc.gen = 1
	}
	sc.event, sc.worded = ev, false
	sc.elems, sc.buf = sc.elems[:0], sc.buf[:0]
}

// end forgets the event, so that scratch memory keeps none of it alive.
func (sc *Scratch) end() {
	clear(sc.elems)
	sc.event = nil
}

func (sc *Scratch) field(id int32) field {
	f := &sc.fields[id]
	if f.gen == sc.gen {
		return *f
	}
	value, state := sc.event.Field(sc.set.paths[id])
	from := len(sc.elems)
	switch state {
	case Value:
		sc.addElem(value, Value)
	case List:
		sc.event.Elements(sc.set.paths[id], sc.addElem)
	}
	*f = field{gen: sc.gen, state: state, elems: span{from, len(sc.elems)}}
	return *f
}

func (sc *Scratch) keywords() span {
	if !sc.worded {
		from := len(sc.elems)
		sc.event.Values(sc.addValue)
		sc.words, sc.worded = span{from, len(sc.elems)}, true
	}
	return sc.words
}

// folded returns the folded form of element i. It is valid as long as the event.
func (sc *Scratch) folded(i int) []byte {
	e := &sc.elems[i]
	if !e.folded {
		e.folded = true
		if e.plain = folded(e.raw); !e.plain {
			from := len(sc.buf)
			sc.buf = appendFold(sc.buf, e.raw)
			e.low = span{from, len(sc.buf)}
		}
	}
	if e.plain {
		return e.raw
	}
	return sc.buf[e.low.from:e.low.to]
}

// holds decides predicate id, once an event.
func (sc *Scratch) holds(id int32) bool {
	k := sc.known[id]
	if uint32(k>>1) == sc.gen {
		return k&1 != 0
	}
	result := sc.set.predicates[id].eval(sc)
	k = uint64(sc.gen) << 1
	if result {
		k |= 1
	}
	sc.known[id] = k
	return result
}
