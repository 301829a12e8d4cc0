package sigma

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// Texts are found by stretches of few bytes: of every literal as many neighbouring stretches are kept as the scan steps over,
// so that one of them lies where the scan looks, wherever the literal begins.
const (
	longStep  = 4
	shortStep = 2
	minLong   = 4 + longStep - 1 // shortest literal of the long scan
	slack     = 16               // bytes after the text that may be read
	perByte   = 32               // bytes of literals that may be compared for each byte of the text
	perEvent  = 64 << 10         // and for every event
)

// grams is the table of stretches of one scan. A blocked Bloom filter, two bits in one word for each stretch, says which are
// worth a look.
type grams struct {
	step   int      // longStep or shortStep; 0 is no scan
	mask   uint32   // bytes of a stretch that count
	filter []uint64 // its length is a power of two
	starts []uint32 // by bucket: where its uses begin; one more than buckets
	uses   []gramUse
}

// gramUse says that a stretch stands at an offset of a literal.
type gramUse struct {
	gram uint32
	lit  int32
	at   uint32
}

const gramHash = 0x9E3779B97F4A7C15

func hashGram(gram uint32) uint64 { return uint64(gram) * gramHash }

// filterBits are the bits of a stretch in its word.
func filterBits(h uint64) uint64 { return 1<<(h>>41&63) | 1<<(h>>35&63) }

func bucketOf(h uint64, starts []uint32) uint32 {
	return uint32(h>>24) & uint32(len(starts)-2)
}

// places is the room that scan needs for n bytes.
func (g *grams) places(n int) int { return n/g.step + 8 }

// scan writes to at the places in text where a stretch may be one of g's and returns their number. The text has slack bytes
// after n. The second result has the bits of all bytes seen, or-ed.
func (g *grams) scan(text []byte, n int, at []int32) (int, uint64) {
	if g.step == longStep {
		return g.scan4(text, n, at)
	}
	return g.scan2(text, n, at)
}

func (g *grams) scan4(text []byte, n int, at []int32) (int, uint64) {
	filter := g.filter
	top := uint64(len(filter) - 1)
	var seen uint64
	k := 0
	for p := 0; p < n; p += 8 {
		w := binary.LittleEndian.Uint64(text[p:])
		seen |= w
		w |= fold8
		a := hashGram(uint32(w))
		b := hashGram(uint32(w >> 32))
		ma, mb := filterBits(a), filterBits(b)
		if ma&^filter[a>>47&top] == 0 {
			at[k] = int32(p)
			k++
		}
		if mb&^filter[b>>47&top] == 0 {
			at[k] = int32(p + 4)
			k++
		}
	}
	return k, seen
}

func (g *grams) scan2(text []byte, n int, at []int32) (int, uint64) {
	filter, mask := g.filter, g.mask
	top := uint64(len(filter) - 1)
	var seen uint64
	k := 0
	for p := 0; p < n; p += 8 {
		t := text[p : p+12 : p+12]
		w := binary.LittleEndian.Uint64(t)
		seen |= w
		w |= fold8
		a := hashGram(uint32(w) & mask)
		b := hashGram(uint32(w>>16) & mask)
		c := hashGram(uint32(w>>32) & mask)
		d := hashGram((binary.LittleEndian.Uint32(t[6:]) | 0x20202020) & mask)
		if filterBits(a)&^filter[a>>47&top] == 0 {
			at[k] = int32(p)
			k++
		}
		if filterBits(b)&^filter[b>>47&top] == 0 {
			at[k] = int32(p + 2)
			k++
		}
		if filterBits(c)&^filter[c>>47&top] == 0 {
			at[k] = int32(p + 4)
			k++
		}
		if filterBits(d)&^filter[d>>47&top] == 0 {
			at[k] = int32(p + 6)
			k++
		}
	}
	return k, seen
}

// look decides the places that scan found.
func (sc *Scratch) look(x *index, g *grams, places []int32) {
	for _, p := range places {
		gram := (binary.LittleEndian.Uint32(sc.text[p:]) | 0x20202020) & g.mask
		b := bucketOf(hashGram(gram), g.starts)
		if from, to := g.starts[b], g.starts[b+1]; from != to {
			sc.verify(x, g.uses[from:to], gram, int(p))
		}
	}
}

// verify marks the rules of the literals that stand around place i of the text indeed.
func (sc *Scratch) verify(x *index, uses []gramUse, gram uint32, i int) {
	seg := -1
	for _, u := range uses {
		if u.gram != gram || sc.litSeen(u.lit) {
			continue
		}
		if seg < 0 {
			if seg = sc.segment(i); seg < 0 {
				return
			}
		}
		s := &sc.segs[seg]
		l := &x.lits[u.lit]
		from := i - int(u.at)
		to := from + int(l.size)
		if from < s.from || to > s.to || l.key != anyField && l.key != s.key {
			continue
		}
		// A value made of near hits could make every place cost a comparison. Past the budget the literal counts as found, once an
		// event: evaluation decides it in one pass over the value.
		same := sameFold(sc.text[from:to], x.text(l))
		if sc.budget -= same + 4; sc.budget < 0 || same == int(l.size) {
			sc.markLit(x, u.lit)
		}
	}
}

// segment returns the value that place i belongs to, or -1.
func (sc *Scratch) segment(i int) int {
	lo, hi := 0, len(sc.segs)
	for lo < hi {
		if m := (lo + hi) / 2; sc.segs[m].to <= i {
			lo = m + 1
		} else {
			hi = m
		}
	}
	if lo == len(sc.segs) {
		return -1
	}
	return lo
}

// newGrams makes the tables for uses.
func newGrams(uses []gramUse, step int, mask uint32) grams {
	if len(uses) == 0 {
		return grams{}
	}
	size := min(max(bits.Len(uint(len(uses)*8)), 14), 23) // bits of the filter
	g := grams{
		step: step, mask: mask, uses: make([]gramUse, len(uses)), filter: make([]uint64, 1<<(size-6)),
		starts: make([]uint32, 1<<bits.Len(uint(len(uses)))+1),
	}
	for _, u := range uses {
		h := hashGram(u.gram)
		g.filter[h>>47&uint64(len(g.filter)-1)] |= filterBits(h)
		g.starts[bucketOf(h, g.starts)+1]++
	}
	for i := 1; i < len(g.starts); i++ {
		g.starts[i] += g.starts[i-1]
	}
	free := slices.Clone(g.starts)
	for _, u := range uses {
		b := bucketOf(hashGram(u.gram), g.starts)
		g.uses[free[b]] = u
		free[b]++
	}
	return g
}
