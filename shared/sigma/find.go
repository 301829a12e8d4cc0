package sigma

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"github.com/fenghuo-soc/fenghuo/shared/sigma/jsontext"
)

// find fills the list of candidates: it reads every field once and looks where the index says.
func (sc *Scratch) find(x *index) {
	sc.cands, sc.segs, sc.text = sc.cands[:0], sc.segs[:0], sc.text[:0]
	s := &sc.schemas[len(sc.pairs)&(len(sc.schemas)-1)]
	for i := range sc.pairs {
		p := &sc.pairs[i]
		var t slot
		if i < len(s.slots) && len(p.Key) > 0 && string(s.slots[i].key) == string(p.Key) {
			t = s.slots[i]
		} else {
			t = sc.slotAt(s, i, p.Key)
		}
		if t.id >= 0 {
			if sc.at[t.id].gen == sc.gen { // the key was there before
				t.id, t.does = anyField, t.does&doWords
			} else {
				sc.at[t.id] = place{sc.gen, int32(i)}
			}
		}
		if p.State != Absent && p.State != Value {
			sc.findSpecial(x, t.id, p)
			continue
		}
		if t.does&doText != 0 || t.does&doWords != 0 && len(p.Value) >= x.minWord {
			sc.addText(t.id, p.Value)
		}
		if t.does&doMore != 0 {
			sc.findField(x, t.id, p)
		}
	}
	if len(sc.segs) > 0 {
		sc.findText(x)
	}
}

// findSpecial looks at a field that is null or a list.
func (sc *Scratch) findSpecial(x *index, key int32, p *Pair) {
	if key >= 0 {
		sc.markAll(x.list(x.plans[key].present))
		if p.State == List {
			sc.markAll(x.list(x.plans[key].all))
		}
	}
	if p.State == List && x.words {
		sc.addText(anyField, p.Value)
	}
}

// findField looks at the value of a field that rules look for in other ways than as text.
func (sc *Scratch) findField(x *index, key int32, p *Pair) {
	plan := &x.plans[key]
	if plan.present.from != plan.present.to {
		sc.markAll(x.list(plan.present))
	}
	if plan.affix {
		v := p.Value
		if !ascii(v) {
			sc.spare = appendFold(sc.spare[:0], v)
			v = sc.spare
		}
		sc.lookAffix(x, key, plan, v)
	}
	if plan.numbers {
		if n, ok := parseNumber(p.Value); ok {
			sc.probeNumber(x, key, n.f)
		}
	}
}

func (sc *Scratch) probeNumber(x *index, key int32, f float64) {
	hash := numberHash(key, f)
	mask := uint32(len(x.affixes.slots) - 1)
	for i := uint32(hash>>32) & mask; x.affixes.slots[i].lit != 0; i = (i + 1) & mask {
		s := x.affixes.slots[i]
		if l := &x.lits[s.lit-1]; s.hash == uint32(hash) && l.kind == atomNumber && l.key == key {
			sc.markAll(x.list(l.rules))
		}
	}
}

// addText appends a value to the text that is scanned; what may be JSON also with its escapes resolved, because rules and
// keywords see what stands inside in that form. A NUL stands between values so that neighbours make no new stretches.
func (sc *Scratch) addText(key int32, v []byte) {
	from := len(sc.text)
	sc.text = append(sc.text, v...)
	sc.segs = append(sc.segs, segm{from, len(sc.text), key})
	sc.text = append(sc.text, 0)
	if len(v) > 0 && (v[0] == '{' || v[0] == '[' || v[0] <= ' ') && bytes.IndexByte(v, '\\') >= 0 {
		from = len(sc.text)
		sc.text = jsontext.AppendUnescaped(sc.text, v)
		sc.segs = append(sc.segs, segm{from, len(sc.text), key})
		sc.text = append(sc.text, 0)
	}
}

// findText scans the values that were collected; if they are not ASCII, once more in their folded form.
func (sc *Scratch) findText(x *index) {
	if sc.scanText(x) < utf8.RuneSelf {
		return
	}
	sc.spare = sc.spare[:0]
	for i := range sc.segs {
		s := &sc.segs[i]
		from := len(sc.spare)
		sc.spare = appendFold(sc.spare, sc.text[s.from:s.to])
		s.from, s.to = from, len(sc.spare)
		sc.spare = append(sc.spare, 0)
	}
	sc.text, sc.spare = sc.spare, sc.text
	sc.scanText(x)
}

// scanText returns a byte that is not ASCII if the text has one.
func (sc *Scratch) scanText(x *index) byte {
	n := len(sc.text)
	sc.text = slices.Grow(sc.text, slack)
	text := sc.text[:n+slack]
	clear(text[n:])
	var seen uint64
	sc.text, sc.budget = text, perByte*n+perEvent
	for i := range x.scans {
		g := &x.scans[i]
		if g.step == 0 {
			continue
		}
		if need := g.places(n); len(sc.places) < need {
			sc.places = make([]int32, 2*need)
		}
		k, bytes := g.scan(text, n, sc.places)
		seen |= bytes
		if k > 0 {
			sc.look(x, g, sc.places[:k])
		}
	}
	sc.text = text[:n]
	if seen&0x8080808080808080 != 0 {
		return utf8.RuneSelf
	}
	return 0
}

// ascii tells whether v has ASCII only.
func ascii(v []byte) bool {
	for len(v) >= 8 {
		if binary.LittleEndian.Uint64(v)&0x8080808080808080 != 0 {
			return false
		}
		v = v[8:]
	}
	for _, c := range v {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
