package sigma

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
)

// indexBuilder collects the atoms of a program.
type indexBuilder struct {
	x       *index
	freq    *frequency
	lits    map[atom]int32
	rules   [][]int32 // by literal
	present map[int32][]int32
	all     map[int32][]int32
}

// newIndexBuilder makes one with room for a number of keys and atoms.
func newIndexBuilder(keys, atoms int, f *frequency) *indexBuilder {
	return &indexBuilder{
		x: &index{plans: make([]plan, keys), lits: make([]lit, 0, atoms), minWord: math.MaxInt}, freq: f,
		lits: make(map[atom]int32, atoms), rules: make([][]int32, 0, atoms), present: map[int32][]int32{}, all: map[int32][]int32{},
	}
}

// add notes what makes rule a candidate.
func (b *indexBuilder) add(rule int32, w *witness) {
	if w == nil {
		b.x.always = append(b.x.always, rule)
		return
	}
	for _, a := range w.atoms {
		if a.key != anyField {
			b.all[a.key] = appendOnce(b.all[a.key], rule)
		}
		if a.kind == atomPresent {
			b.present[a.key] = appendOnce(b.present[a.key], rule)
			continue
		}
		id, ok := b.lits[a]
		if !ok {
			id = int32(len(b.x.lits))
			b.lits[a] = id
			b.x.lits = append(b.x.lits, lit{text: uint32(len(b.x.blob)), size: uint32(len(a.text)), key: a.key, kind: a.kind})
			b.x.blob = append(b.x.blob, a.text...)
			b.rules = append(b.rules, nil)
		}
		b.rules[id] = appendOnce(b.rules[id], rule)
	}
}

// appendOnce appends a rule unless it is the last of the list; rules come in order.
func appendOnce(list []int32, rule int32) []int32 {
	if n := len(list); n > 0 && list[n-1] == rule {
		return list
	}
	return append(list, rule)
}

// decide notes for every predicate that asks for a text which is looked for anyway that it cannot hold where the text is not found.
func (b *indexBuilder) decide(s *Set) {
	b.x.decides = make([]int32, len(s.predicates))
	for i := range s.predicates {
		p := &s.predicates[i]
		if p.kind != text || p.glob.shape < contains || p.glob.cased || p.paths.len() > 1 {
			continue
		}
		key := int32(anyField)
		if p.paths.len() == 1 {
			key = s.pathKeys[s.ids(p.paths)[0]]
		}
		for part := range p.glob.literals() {
			if id, ok := b.lits[atom{atomSub, key, string(part)}]; ok {
				b.x.decides[i] = id + 1
				break
			}
		}
	}
}

func (b *indexBuilder) list(rules []int32) list {
	from := uint32(len(b.x.rules))
	b.x.rules = append(b.x.rules, rules...)
	return list{from, uint32(len(b.x.rules))}
}

// build makes the tables.
func (b *indexBuilder) build() *index {
	x := b.x
	for i := range x.lits {
		x.lits[i].rules = b.list(b.rules[i])
	}
	for key := range x.plans {
		x.plans[key].present = b.list(b.present[int32(key)])
		x.plans[key].all = b.list(b.all[int32(key)])
	}
	var subs []int32
	heads, tails, exact := map[int32][]int32{}, map[int32][]int32{}, map[int32][]int32{}
	hashed := 0
	for i := range x.lits {
		l := &x.lits[i]
		if l.kind != atomSub {
			hashed++
			b.plan(l, int32(i), heads, tails, exact)
			continue
		}
		subs = append(subs, int32(i))
		if l.key == anyField {
			x.words, x.minWord = true, min(x.minWord, int(l.size))
		} else {
			x.plans[l.key].scan = true
		}
	}
	b.affixes(hashed)
	for key, ids := range heads {
		x.plans[key].heads = b.heads(ids, atomPrefix)
	}
	for key, ids := range tails {
		x.plans[key].tails = b.heads(ids, atomSuffix)
	}
	for key, ids := range exact {
		x.plans[key].exact = b.heads(ids, atomExact)
	}
	b.grams(subs)
	for key := range x.plans {
		x.plans[key].sum(x.words)
	}
	return x
}

// plan notes on the field of a hashed literal what to look for.
func (b *indexBuilder) plan(l *lit, id int32, heads, tails, exact map[int32][]int32) {
	p := &b.x.plans[l.key]
	switch l.kind {
	case atomNumber:
		p.numbers = true
	case atomExact:
		p.affix = true
		exact[l.key] = append(exact[l.key], id)
	case atomPrefix:
		p.affix = true
		heads[l.key] = append(heads[l.key], id)
	case atomSuffix:
		p.affix = true
		tails[l.key] = append(tails[l.key], id)
	}
}

func (b *indexBuilder) affixes(n int) {
	b.x.affixes = newAffixes(n)
	for i := range b.x.lits {
		l := &b.x.lits[i]
		switch l.kind {
		case atomSub:
		case atomNumber:
			f, _ := strconv.ParseFloat(string(b.x.text(l)), 64)
			b.x.affixes.add(numberHash(l.key, f), int32(i))
		default:
			b.x.affixes.add(litHash(l.key, l.kind, b.x.text(l)), int32(i))
		}
	}
}

func numberHash(key int32, f float64) uint64 {
	if f == 0 {
		f = 0 // no negative zero
	}
	return mix(math.Float64bits(f)^affixSeed(key, atomNumber, 0), 0xA0761D6478BD642F)
}

// heads notes which texts may be worth a look.
func (b *indexBuilder) heads(ids []int32, kind atomKind) affixHeads {
	var h affixHeads
	for _, id := range ids {
		t := b.x.text(&b.x.lits[id])
		n, step := len(t), 0
		if kind != atomExact {
			step = affixStep(n)
		}
		if n < 3 {
			h.any |= 1 << step
			continue
		}
		if h.steps == nil {
			h.steps = make([]uint16, min(4096, 1<<bits.Len(uint(len(ids)*8))))
		}
		switch kind {
		case atomSuffix:
			h.add(step, t[n-1], t[n-2], t[n-3])
		case atomPrefix:
			h.add(step, t[0], t[1], t[2])
		default:
			h.add(step, t[n/2], t[n-1], byte(n))
		}
	}
	return h
}

// mergeBelow is the number of literals up to which one scan for all is cheaper than two.
const mergeBelow = 2000

// grams chooses for every substring which of its stretches are looked for.
func (b *indexBuilder) grams(subs []int32) {
	var long, short, tiny []int32
	shortest := math.MaxInt
	for _, id := range subs {
		switch n := int(b.x.lits[id].size); {
		case n >= minLong:
			long = append(long, id)
		case n > minSub:
			short, shortest = append(short, id), min(shortest, n)
		default:
			tiny = append(tiny, id)
		}
	}
	if len(short) > 0 && len(subs) < mergeBelow {
		short, long = append(short, long...), nil
	}
	b.x.scans[0] = b.fill(long, longStep, 0xFFFFFFFF)
	if shortest == minSub+1 {
		b.x.scans[1] = b.fill(short, shortStep, 0x00FFFFFF)
	} else {
		b.x.scans[1] = b.fill(short, shortStep, 0xFFFFFFFF)
	}
	b.x.scans[2] = b.fill(tiny, shortStep, 0x0000FFFF)
}

func (b *indexBuilder) fill(ids []int32, step int, mask uint32) grams {
	width := bits.Len32(mask) / 8
	uses := make([]gramUse, 0, len(ids)*step)
	load := make(map[uint32]int32, len(ids)*step)
	for _, id := range ids {
		t := b.x.text(&b.x.lits[id])
		at := b.window(t, step, width, mask, load)
		for k := range step {
			g := gramAt(t, at+k, mask)
			load[g]++
			uses = append(uses, gramUse{g, id, uint32(at + k)})
		}
	}
	return newGrams(uses, step, mask)
}

// gramAt reads the stretch as the scan does.
func gramAt(t []byte, at int, mask uint32) uint32 {
	var b [4]byte
	copy(b[:], t[at:])
	return (binary.LittleEndian.Uint32(b[:]) | 0x20202020) & mask
}

// window returns where step neighbouring stretches of t are rarest: in traffic, and among the literals placed so far, so that a
// stretch that is seen asks for few literals.
func (b *indexBuilder) window(t []byte, step, width int, mask uint32, load map[uint32]int32) int {
	n := min(len(t), 256) - width + 1
	costs := make([]float64, 0, 256)
	for i := range n {
		used := float64(load[gramAt(t, i, mask)])
		costs = append(costs, b.freq.gram(t[i:i+width])*(1+used/4)+1e-9*used)
	}
	best, least := 0, math.Inf(1)
	for at := 0; at+step <= n; at++ {
		sum := 0.0
		for _, c := range costs[at : at+step] {
			sum += c
		}
		if sum < least {
			best, least = at, sum
		}
	}
	return best
}
