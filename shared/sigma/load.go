package sigma

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"net/netip"
	"time"
)

// Errors of [Load].
var (
	// ErrOtherEngine says that the compiled form was written by another version: compile the rules again.
	ErrOtherEngine = errors.New("the compiled rules are of another version of the engine")
	// ErrDamaged says that the bytes are no compiled form, or not a whole one.
	ErrDamaged = errCompiled
)

// Load reads the compiled form that [Set.Pack] wrote. Data must stay unchanged as long as the set is used. The hash of the set is
// the one of the rules that it was made of, so a caller that knows which rules it wants compares [Set.Hash]. The errors are
// [ErrOtherEngine] and [ErrDamaged].
func Load(data []byte) (*Set, error) {
	if len(data) < packHead || string(data[:len(packMark)]) != packMark {
		return nil, ErrDamaged
	}
	version := [32]byte{}
	copy(version[:], engine)
	if data[len(packMark)] != packVersion || string(data[len(packMark)+1:packHead-4]) != string(version[:]) {
		return nil, ErrOtherEngine
	}
	if crc32.Checksum(data[packHead:], castagnoli) != binary.LittleEndian.Uint32(data[packHead-4:]) {
		return nil, fmt.Errorf("%w: the checksum differs", ErrDamaged)
	}
	u := &unpacker{in: data[packHead:]}
	u.stringTable()
	s := u.set()
	if u.fail || len(u.in) != 0 {
		return nil, ErrDamaged
	}
	return s, nil
}

func (u *unpacker) stringTable() {
	lengths := make([]int, u.n(4))
	for i := range lengths {
		lengths[i] = int(u.u32())
	}
	all := string(u.bytes()) // one copy; every string is a part of it
	u.table = make([]string, len(lengths))
	for i, n := range lengths {
		if n > len(all) {
			u.fail = true
			return
		}
		u.table[i], all = all[:n], all[n:]
	}
}

func (u *unpacker) set() *Set {
	s := &Set{hash: u.str(), any: u.flag(), programs: map[LogSource]*program{}, keyIDs: map[string]int32{}}
	rules := make([]Rule, u.n(60))
	s.rules = make([]*Rule, len(rules))
	for i := range rules {
		u.rule(&rules[i])
		s.rules[i] = &rules[i]
	}
	for range u.n(60) {
		s.correlations = append(s.correlations, u.correlation())
	}
	s.keys = u.strs()
	for i, k := range s.keys {
		s.keyIDs[k] = int32(i)
	}
	n := u.n(8)
	s.paths, s.pathKeys = make([]Path, n), make([]int32, n)
	for i := range s.paths {
		key := u.below(len(s.keys))
		s.pathKeys[i], s.paths[i].Sub = key, u.str()
		if int(key) < len(s.keys) {
			s.paths[i].Key = s.keys[key]
		}
	}
	s.pool = u.i32s(0, len(s.paths))
	u.globs = make([]glob, u.n(16))
	s.predicates = make([]predicate, u.n(12))
	for i := range s.predicates {
		u.predicate(&s.predicates[i], len(s.pool))
	}
	u.program(&s.fallback, s)
	for range u.n(12) {
		src := LogSource{u.str(), u.str(), u.str()}
		prog := &program{}
		u.program(prog, s)
		s.programs[src] = prog
	}
	return s
}

// below reads a number from 0 and below n.
func (u *unpacker) below(n int) int32 {
	v := u.u32()
	if uint64(v) >= uint64(n) {
		u.fail = true
		return 0
	}
	return int32(v)
}

func (u *unpacker) rule(r *Rule) {
	for _, s := range ruleTexts(r) {
		*s = u.str()
	}
	for _, l := range ruleLists(r) {
		*l = u.strs()
	}
	for range u.n(8) {
		if r.Custom == nil {
			r.Custom = map[string]string{}
		}
		k := u.str()
		r.Custom[k] = u.str()
	}
	r.Line = int(u.u32())
}

func (u *unpacker) correlation() *Correlation {
	c := &Correlation{Rule: &Rule{}}
	u.rule(c.Rule)
	c.Type, c.Expression = CorrelationType(u.str()), u.str()
	c.Rules, c.GroupBy, c.Field = u.strs(), u.strs(), u.strs()
	c.Timespan, c.Percentile, c.Generate = time.Duration(u.u64()), u.f64(), u.flag()
	for range u.n(12) {
		c.Conditions = append(c.Conditions, Comparison{u.str(), u.f64()})
	}
	for range u.n(8) {
		if c.Aliases == nil {
			c.Aliases = map[string]map[string]string{}
		}
		name, fields := u.str(), map[string]string{}
		for range u.n(8) {
			rule := u.str()
			fields[rule] = u.str()
		}
		c.Aliases[name] = fields
	}
	return c
}

func (u *unpacker) predicate(x *predicate, pool int) {
	head := u.u32()
	x.kind, x.rel, x.part, x.shape = predicateKind(head), relation(head>>8), timePart(head>>16), shape(head>>24)
	if x.rel > greaterEqual || x.part > year || x.shape > general {
		u.fail = true
		return
	}
	x.paths = u.pathSet(pool)
	if x.kind >= numeral && x.kind != boolean {
		x.rare = &rare{}
	}
	switch x.kind {
	case isNullOrAbsent:
	case present, boolean:
		x.want = u.flag()
	case text:
		x.glob = u.glob()
	case numeral, measure, moment:
		x.num = number{i: int64(u.u64()), f: u.f64(), whole: u.flag()}
		x.text = u.bytes()
	case network:
		var err error
		if x.net, err = netip.ParsePrefix(u.str()); err != nil {
			u.fail = true
		}
	case regex:
		x.re = &lazyRegex{source: u.str()}
	case other:
		x.fold = u.flag()
		x.ref = u.pathSet(pool)
	default:
		u.fail = true
	}
}

func (u *unpacker) pathSet(pool int) pathSet {
	s := pathSet{from: u.u32(), n: uint16(u.below(maxPaths + 1)), first: u.flag()}
	if uint64(s.from)+uint64(s.n) > uint64(pool) {
		u.fail = true
		return pathSet{}
	}
	return s
}

func (u *unpacker) glob() *glob {
	if len(u.globs) == 0 {
		u.fail = true
		return &glob{}
	}
	g := &u.globs[0]
	u.globs = u.globs[1:]
	head := u.u32()
	g.shape, g.cased = shape(head), head>>8 != 0
	if g.shape > general {
		u.fail = true
	}
	if g.shape != general {
		g.lit = u.bytes()
		return g
	}
	g.head, g.tail = u.flag(), u.flag()
	for range u.n(4) {
		seg := make([]segment, 0, 2)
		for range u.n(8) {
			s := segment{tokenKind(u.u32()), u.bytes()}
			if s.kind == star || s.kind > dash || s.kind == literal && len(s.lit) == 0 {
				u.fail = true
			}
			seg = append(seg, s)
		}
		if len(seg) == 0 {
			u.fail = true
		}
		g.segs = append(g.segs, seg)
	}
	return g
}

func (u *unpacker) program(prog *program, s *Set) {
	prog.rules = make([]routed, u.n(16))
	for i := range prog.rules {
		r := &prog.rules[i]
		if id := u.below(len(s.rules)); int(id) < len(s.rules) {
			r.hit.Rule = s.rules[id]
		}
		r.code = u.i32s(-1<<31, 1<<31)
		if !r.code.sound(len(s.predicates), maxCodeDepth) {
			u.fail = true
		}
		for range u.n(8) {
			f := Field{Name: u.str()}
			for range u.n(8) {
				f.Paths = append(f.Paths, Path{u.str(), u.str()})
			}
			r.hit.Fields = append(r.hit.Fields, f)
		}
	}
	prog.index = u.index(len(prog.rules), len(s.keys), len(s.predicates))
}

const maxCodeDepth = 1000

// sound tells whether c is exactly one node with known predicates.
func (c code) sound(predicates, depth int) bool {
	if len(c) == 0 || depth == 0 {
		return false
	}
	o, n := op(c[0]&7), c[0]>>3
	if o == leaf {
		return len(c) == 1 && n >= 0 && int(n) < predicates
	}
	if o > count || len(c) < 3 || c[1] < 1 || int(c[1]) != len(c)-2 || n < 0 {
		return false
	}
	kids, number := c[2:], 0
	for len(kids) > 0 {
		size := 1
		if op(kids[0]&7) != leaf {
			if len(kids) < 2 || kids[1] < 1 || int(kids[1]) > len(kids)-2 {
				return false
			}
			size = kids.size()
		}
		if !kids[:size].sound(predicates, depth-1) {
			return false
		}
		kids, number = kids[size:], number+1
	}
	return o != not || number == 1
}
