package sigma

import (
	"encoding/binary"
	"hash/crc32"
)

// The compiled form begins with a mark, the version of its layout and of the engine, and a checksum of the rest. It holds
// no secrets and no code; [Load] takes it from any source.
const (
	packMark    = "FHSIGMA"
	packVersion = 2
	packHead    = len(packMark) + 1 + 32 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Pack returns the compiled form of the set, for [Load].
func (s *Set) Pack() []byte {
	p := &packer{strings: map[string]uint32{}}
	p.str(s.hash)
	p.flag(s.any)
	p.n(len(s.rules))
	ids := make(map[*Rule]int, len(s.rules))
	for i, r := range s.rules {
		ids[r] = i
		p.rule(r)
	}
	p.n(len(s.correlations))
	for _, c := range s.correlations {
		p.correlation(c)
	}
	p.strs(s.keys)
	p.n(len(s.paths))
	for i, path := range s.paths {
		p.i32(s.pathKeys[i])
		p.str(path.Sub)
	}
	p.i32s(s.pool)
	globs := 0
	for i := range s.predicates {
		if s.predicates[i].kind == text {
			globs++
		}
	}
	p.n(globs)
	p.n(len(s.predicates))
	for i := range s.predicates {
		p.predicate(&s.predicates[i])
	}
	p.program(&s.fallback, ids)
	p.n(len(s.programs))
	for src, prog := range s.programs {
		p.str(src.Category)
		p.str(src.Product)
		p.str(src.Service)
		p.program(prog, ids)
	}
	return p.file()
}

// file puts the head and the table of strings before what was written.
func (p *packer) file() []byte {
	body := p.out
	p.out = make([]byte, packHead, packHead+len(body)+len(body)/4)
	p.n(len(p.table))
	for _, s := range p.table {
		p.n(len(s))
	}
	var all []byte
	for _, s := range p.table {
		all = append(all, s...)
	}
	p.bytes(all)
	p.out = append(p.out, body...)
	copy(p.out, packMark)
	p.out[len(packMark)] = packVersion
	copy(p.out[len(packMark)+1:packHead-4], engine)
	binary.LittleEndian.PutUint32(p.out[packHead-4:], crc32.Checksum(p.out[packHead:], castagnoli))
	return p.out
}

func (p *packer) rule(r *Rule) {
	for _, s := range ruleTexts(r) {
		p.str(*s)
	}
	for _, l := range ruleLists(r) {
		p.strs(*l)
	}
	p.n(len(r.Custom))
	for k, v := range r.Custom {
		p.str(k)
		p.str(v)
	}
	p.n(r.Line)
}

func ruleTexts(r *Rule) []*string {
	return []*string{
		&r.ID, &r.Name, &r.Title, &r.Description, &r.Status, &r.Level, &r.Author, &r.Date, &r.Modified,
		&r.Source.Category, &r.Source.Product, &r.Source.Service, &r.File,
	}
}

func ruleLists(r *Rule) []*[]string {
	return []*[]string{&r.Tags, &r.Fields, &r.FalsePositives, &r.References}
}

func (p *packer) correlation(c *Correlation) {
	p.rule(c.Rule)
	p.str(string(c.Type))
	p.str(c.Expression)
	p.strs(c.Rules)
	p.strs(c.GroupBy)
	p.strs(c.Field)
	p.u64(uint64(c.Timespan))
	p.f64(c.Percentile)
	p.flag(c.Generate)
	p.n(len(c.Conditions))
	for _, cond := range c.Conditions {
		p.str(cond.Op)
		p.f64(cond.Value)
	}
	p.n(len(c.Aliases))
	for name, fields := range c.Aliases {
		p.str(name)
		p.n(len(fields))
		for rule, field := range fields {
			p.str(rule)
			p.str(field)
		}
	}
}

func (p *packer) predicate(x *predicate) {
	p.u32(uint32(x.kind) | uint32(x.rel)<<8 | uint32(x.part)<<16 | uint32(x.shape)<<24)
	p.pathSet(x.paths)
	switch x.kind {
	case isNullOrAbsent:
	case present, boolean:
		p.flag(x.want)
	case text:
		p.glob(x.glob)
	case numeral, measure, moment:
		p.u64(uint64(x.num.i))
		p.f64(x.num.f)
		p.flag(x.num.whole)
		p.bytes(x.text)
	case network:
		p.str(x.net.String())
	case regex:
		p.str(x.re.source)
	case other:
		p.flag(x.fold)
		p.pathSet(x.ref)
	}
}

func (p *packer) pathSet(s pathSet) {
	p.u32(s.from)
	p.u32(uint32(s.n))
	p.flag(s.first)
}

func (p *packer) glob(g *glob) {
	p.u32(uint32(g.shape) | uint32(boolByte(g.cased))<<8)
	if g.shape != general {
		p.bytes(g.lit)
		return
	}
	p.flag(g.head)
	p.flag(g.tail)
	p.n(len(g.segs))
	for _, seg := range g.segs {
		p.n(len(seg))
		for _, s := range seg {
			p.u32(uint32(s.kind))
			p.bytes(s.lit)
		}
	}
}

func (p *packer) program(prog *program, ids map[*Rule]int) {
	p.n(len(prog.rules))
	for i := range prog.rules {
		r := &prog.rules[i]
		p.n(ids[r.hit.Rule])
		p.i32s(r.code)
		p.n(len(r.hit.Fields))
		for _, f := range r.hit.Fields {
			p.str(f.Name)
			p.n(len(f.Paths))
			for _, path := range f.Paths {
				p.str(path.Key)
				p.str(path.Sub)
			}
		}
	}
	p.index(prog.index)
}

func (p *packer) index(x *index) {
	p.bytes(x.blob)
	p.i32s(x.rules)
	p.i32s(x.always)
	p.i32s(x.decides)
	p.flag(x.words)
	p.u64(uint64(x.minWord))
	p.n(len(x.lits))
	for _, l := range x.lits {
		p.u32(l.text)
		p.u32(l.size)
		p.i32(l.key)
		p.u32(uint32(l.kind))
		p.list(l.rules)
	}
	p.n(len(x.plans))
	for i := range x.plans {
		pl := &x.plans[i]
		p.flag(pl.scan)
		p.flag(pl.numbers)
		p.flag(pl.affix)
		p.list(pl.present)
		p.list(pl.all)
		for _, h := range []*affixHeads{&pl.exact, &pl.heads, &pl.tails} {
			p.u32(uint32(h.any))
			p.n(len(h.steps))
			for _, s := range h.steps {
				p.out = binary.LittleEndian.AppendUint16(p.out, s)
			}
			if len(h.steps)%2 != 0 {
				p.out = append(p.out, 0, 0)
			}
		}
	}
	p.n(len(x.affixes.slots))
	for _, s := range x.affixes.slots {
		p.u32(s.hash)
		p.i32(s.lit)
	}
	for i := range x.scans {
		g := &x.scans[i]
		p.n(g.step)
		p.u32(g.mask)
		p.n(len(g.filter))
		for _, w := range g.filter {
			p.u64(w)
		}
		p.n(len(g.starts))
		for _, v := range g.starts {
			p.u32(v)
		}
		p.n(len(g.uses))
		for _, u := range g.uses {
			p.u32(u.gram)
			p.i32(u.lit)
			p.u32(u.at)
		}
	}
}

func (p *packer) list(l list) {
	p.u32(l.from)
	p.u32(l.to)
}
