package sigma

import "slices"

// Scratch is the memory that one evaluation needs. Reuse it from event to event; never share it between goroutines.
// It holds no part of an event after [Set.Match] has returned that anybody may read.
type Scratch struct {
	set   *Set
	prog  *program
	event Event
	pairs []Pair
	gen   uint32

	// what the index found
	at      []place   // by key: the field of the event
	schemas [8]schema // keys by position
	text    []byte    // values in which substrings are looked for
	segs    []segm
	places  []int32
	budget  int      // bytes that may still be compared
	marks   []uint32 // by rule: generation in which it became a candidate
	cands   []int32
	seen    []uint32 // by literal: generation in which it was found
	spare   []byte

	// what evaluation knows
	fields []field  // by path id
	known  []uint64 // by predicate id: generation<<1 | result
	elems  []elem   // values read from the event
	buf    []byte   // folded values
	words  span     // the elements that keywords search
	worded bool
	blind  bool // evaluate without what the index knows, for tests

	addElem  func([]byte, State) bool
	addValue func([]byte) bool
}

// place says at which position of the event a key stands.
type place struct {
	gen uint32
	pos int32
}

// segm is a value in the text.
type segm struct {
	from, to int
	key      int32
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

func (sc *Scratch) begin(s *Set, prog *program, ev Event) {
	if sc.set != s || sc.prog != prog {
		sc.fit(s, prog)
	}
	sc.gen++
	if sc.gen == 0 { // wrapped around, or another set: old marks would look new
		clear(sc.fields)
		clear(sc.known)
		clear(sc.at)
		clear(sc.marks)
		clear(sc.seen)
		sc.gen = 1
	}
	sc.event, sc.pairs, sc.worded = ev, ev.Fields(), false
	sc.elems, sc.buf = sc.elems[:0], sc.buf[:0]
}

// fit makes the memory large enough for a program.
func (sc *Scratch) fit(s *Set, prog *program) {
	for i := range sc.schemas {
		for k := range sc.schemas[i].slots {
			sc.schemas[i].slots[k].key = sc.schemas[i].slots[k].key[:0]
		}
	}
	if sc.set != s {
		sc.gen = ^uint32(0)
	}
	sc.set, sc.prog = s, prog
	if n := max(len(prog.rules), len(prog.index.lits), len(s.predicates)); n > len(sc.marks) || sc.gen == ^uint32(0) {
		sc.fields = resize(sc.fields, len(s.paths))
		sc.known = resize(sc.known, len(s.predicates))
		sc.at = resize(sc.at, len(s.keys))
		sc.marks = resize(sc.marks, n)
		sc.seen = resize(sc.seen, n)
		sc.gen = ^uint32(0)
		return
	}
	// Another program of the same set: what was marked in this generation is over, so its marks may stay.
}

func resize[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }

// end forgets the event, so that scratch memory keeps none of it alive.
func (sc *Scratch) end() {
	clear(sc.elems)
	sc.event, sc.pairs = nil, nil
}

// position returns where the flat field of a key stands, or -1.
func (sc *Scratch) position(key int32) int {
	if p := sc.at[key]; p.gen == sc.gen {
		return int(p.pos)
	}
	return -1
}

func (sc *Scratch) field(id int32) field {
	f := &sc.fields[id]
	if f.gen == sc.gen {
		return *f
	}
	from, state := len(sc.elems), Absent
	if i := sc.position(sc.set.pathKeys[id]); i >= 0 {
		p := &sc.pairs[i]
		sub := sc.set.paths[id].Sub
		switch {
		case sub != "" || p.State == List:
			state = sc.event.Inside(i, sub, sc.addElem)
		case p.State == Null:
			state = Null
		default:
			state = Value
			sc.addElem(p.Value, Value)
		}
	}
	if state < Value {
		sc.elems = sc.elems[:from]
	}
	*f = field{gen: sc.gen, state: state, elems: span{from, len(sc.elems)}}
	return *f
}

func (sc *Scratch) keywords() span {
	if !sc.worded {
		from := len(sc.elems)
		for i := range sc.pairs {
			if p := &sc.pairs[i]; p.State != Null && !sc.event.Texts(i, sc.addValue) {
				sc.addElem(p.Value, Value)
			}
		}
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
	result := !sc.ruledOut(id) && sc.set.predicates[id].eval(sc)
	k = uint64(sc.gen) << 1
	if result {
		k |= 1
	}
	sc.known[id] = k
	return result
}

// ruledOut tells whether the index looked for what predicate id needs and did not find it.
func (sc *Scratch) ruledOut(id int32) bool {
	x := sc.prog.index
	lit := x.decides[id] - 1
	if lit < 0 || sc.litSeen(lit) || sc.blind {
		return false
	}
	key := x.lits[lit].key
	if key == anyField {
		return true
	}
	i := sc.position(key)
	return i < 0 || sc.pairs[i].State != List // elements of a list were not searched for the texts of its field
}

// candidates returns the rules that the index found and those that it cannot look for, in order.
func (sc *Scratch) candidates() []int32 {
	for _, id := range sc.prog.index.always {
		sc.mark(id)
	}
	if len(sc.cands) > 1 {
		slices.Sort(sc.cands)
	}
	return sc.cands
}

func (sc *Scratch) mark(rule int32) {
	if sc.marks[rule] != sc.gen {
		sc.marks[rule] = sc.gen
		sc.cands = append(sc.cands, rule)
	}
}

func (sc *Scratch) markAll(rules []int32) {
	for _, r := range rules {
		sc.mark(r)
	}
}

func (sc *Scratch) litSeen(id int32) bool { return sc.seen[id] == sc.gen }

func (sc *Scratch) markLit(x *index, id int32) {
	sc.seen[id] = sc.gen
	sc.markAll(x.list(x.lits[id].rules))
}

// schema remembers which key stands where: records of one kind have the same keys in the same order.
type schema struct{ slots []slot }

type slot struct {
	key  []byte
	id   int32 // -1: no rule names it
	does work
}

// Bounds on what a schema remembers; what is beyond is looked up every time.
const (
	maxSchemaKeys = 1024
	maxSchemaKey  = 256
)

// slotAt returns what is known of the key at position i, and remembers it there.
func (sc *Scratch) slotAt(s *schema, i int, key []byte) slot {
	out := slot{key: key, id: -1}
	if id, ok := sc.set.keyIDs[string(key)]; ok {
		out.id, out.does = id, sc.prog.index.plans[id].does
	} else if sc.prog.index.words {
		out.does = doWords
	}
	if i >= maxSchemaKeys || len(key) > maxSchemaKey || len(key) == 0 {
		return out
	}
	for len(s.slots) <= i {
		s.slots = append(s.slots, slot{id: -1})
	}
	t := &s.slots[i]
	*t = slot{key: append(t.key[:0], key...), id: out.id, does: out.does}
	return out
}
