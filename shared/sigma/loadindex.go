package sigma

import "encoding/binary"

// index reads the tables and checks that nothing in them points outside.
func (u *unpacker) index(rules, keys, predicates int) *index {
	x := &index{blob: u.bytes(), rules: u.i32s(0, rules), always: u.i32s(0, rules), decides: u.i32s(0, 1<<31), words: u.flag(), minWord: int(u.u64())}
	x.lits = make([]lit, u.n(24))
	for i := range x.lits {
		l := &x.lits[i]
		*l = lit{text: u.u32(), size: u.u32(), key: u.i32(), kind: atomKind(u.u32()), rules: u.list(x)}
		if uint64(l.text)+uint64(l.size) > uint64(len(x.blob)) || l.key < anyField || int(l.key) >= keys || l.kind > atomNumber {
			u.fail = true
		}
	}
	for _, id := range x.decides {
		if int(id) > len(x.lits) {
			u.fail = true
		}
	}
	if len(x.decides) != predicates {
		u.fail = true
	}
	x.plans = make([]plan, u.n(40))
	if len(x.plans) != keys {
		u.fail = true
	}
	for i := range x.plans {
		u.plan(&x.plans[i], x)
	}
	x.affixes.slots = make([]affixSlot, u.n(8))
	free := len(x.affixes.slots) == 0
	for i := range x.affixes.slots {
		s := &x.affixes.slots[i]
		*s = affixSlot{u.u32(), u.i32()}
		free = free || s.lit == 0
		if s.lit < 0 || int(s.lit) > len(x.lits) {
			u.fail = true
		}
	}
	if !free || !powerOfTwo(len(x.affixes.slots)) {
		u.fail = true
	}
	hashed := false
	for i := range x.plans {
		hashed = hashed || x.plans[i].affix || x.plans[i].numbers
	}
	if hashed && len(x.affixes.slots) == 0 {
		u.fail = true
	}
	for i := range x.scans {
		u.grams(&x.scans[i], x)
	}
	return x
}

func powerOfTwo(n int) bool { return n&(n-1) == 0 }

func (u *unpacker) list(x *index) list {
	l := list{u.u32(), u.u32()}
	if l.from > l.to || uint64(l.to) > uint64(len(x.rules)) {
		u.fail = true
	}
	return l
}

func (u *unpacker) plan(p *plan, x *index) {
	p.scan, p.numbers, p.affix = u.flag(), u.flag(), u.flag()
	p.present, p.all = u.list(x), u.list(x)
	for _, h := range []*affixHeads{&p.exact, &p.heads, &p.tails} {
		h.any = uint16(u.u32())
		n := u.n(2)
		b := u.take(2 * n)
		u.take(2 * (n % 2))
		if len(b) > 0 {
			h.steps = make([]uint16, n)
		}
		steps := h.any
		for k := range h.steps {
			h.steps[k] = binary.LittleEndian.Uint16(b[2*k:])
			steps |= h.steps[k]
		}
		if !powerOfTwo(n) || steps >= 1<<len(affixSteps) {
			u.fail = true
		}
	}
	p.sum(x.words)
}

func (u *unpacker) grams(g *grams, x *index) {
	g.step, g.mask = int(u.u32()), u.u32()
	if g.step != 0 && g.step != shortStep && g.step != longStep {
		u.fail = true
	}
	n := u.n(8)
	if b := u.take(8 * n); len(b) > 0 {
		g.filter = make([]uint64, n)
		for i := range g.filter {
			g.filter[i] = binary.LittleEndian.Uint64(b[8*i:])
		}
	}
	n = u.n(4)
	if b := u.take(4 * n); len(b) > 0 {
		g.starts = make([]uint32, n)
		for i := range g.starts {
			g.starts[i] = binary.LittleEndian.Uint32(b[4*i:])
		}
	}
	n = u.n(12)
	if b := u.take(12 * n); len(b) > 0 {
		g.uses = make([]gramUse, n)
		for i := range g.uses {
			r := b[12*i : 12*i+12]
			use := gramUse{binary.LittleEndian.Uint32(r), int32(binary.LittleEndian.Uint32(r[4:])), binary.LittleEndian.Uint32(r[8:])}
			if use.lit < 0 || int(use.lit) >= len(x.lits) || use.at > x.lits[max(min(int(use.lit), len(x.lits)-1), 0)].size {
				u.fail = true
				return
			}
			g.uses[i] = use
		}
	}
	if g.step != 0 && (len(g.filter) == 0 || !powerOfTwo(len(g.filter)) || len(g.starts) < 2 || !powerOfTwo(len(g.starts)-1)) {
		u.fail = true
	}
	for i := 1; i < len(g.starts); i++ {
		if g.starts[i-1] > g.starts[i] || int(g.starts[i]) > len(g.uses) {
			u.fail = true
			return
		}
	}
}
