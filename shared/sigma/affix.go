package sigma

import (
	"encoding/binary"
	"math/bits"
)

// affixes finds exact values, beginnings, ends and numbers by hash. A beginning is known by as many of its bytes as the
// longest step that it covers.
type affixes struct {
	slots []affixSlot // open addressing; the length is a power of two
}

type affixSlot struct {
	hash uint32
	lit  int32 // +1; 0 is free
}

// affixSteps are the lengths by which beginnings and ends are hashed.
var affixSteps = [...]int{1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32}

func affixStep(n int) int {
	s := len(affixSteps) - 1
	for affixSteps[s] > n {
		s--
	}
	return s
}

// affixHeads tells by a hash of three bytes which steps are worth a look.
type affixHeads struct {
	any   uint16 // steps of texts shorter than three bytes
	steps []uint16
}

func (h *affixHeads) used() bool { return h.any != 0 || len(h.steps) != 0 }

func (h *affixHeads) of(a, b, c byte) uint16 {
	if len(h.steps) == 0 {
		return h.any
	}
	k := (uint32(a) | uint32(b)<<8 | uint32(c)<<16 | 0x202020) * 0x9E3779B1
	return h.any | h.steps[k>>8&uint32(len(h.steps)-1)]
}

// add notes a text for its step; its three bytes count from the side.
func (h *affixHeads) add(step int, a, b, c byte) {
	k := (uint32(a) | uint32(b)<<8 | uint32(c)<<16 | 0x202020) * 0x9E3779B1
	h.steps[k>>8&uint32(len(h.steps)-1)] |= 1 << step
}

const fold8 = 0x2020202020202020

// hashFold hashes bytes without regard to the case of ASCII letters. It sees some other bytes as equal too.
func hashFold(v []byte, seed uint64) uint64 {
	h := seed ^ uint64(len(v))*0x9E3779B97F4A7C15
	if len(v) >= 8 {
		last := binary.LittleEndian.Uint64(v[len(v)-8:]) | fold8
		for len(v) > 8 {
			h = mix(h^(binary.LittleEndian.Uint64(v)|fold8), 0xD6E8FEB86659FD93)
			v = v[8:]
		}
		return mix(h^last, 0xA0761D6478BD642F)
	}
	var w uint64
	if n := len(v); n >= 4 {
		w = uint64(binary.LittleEndian.Uint32(v)) | uint64(binary.LittleEndian.Uint32(v[n-4:]))<<32
	} else if n > 0 {
		w = uint64(v[0]) | uint64(v[n/2])<<8 | uint64(v[n-1])<<16
	}
	return mix(h^(w|fold8), 0xA0761D6478BD642F)
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0xE7037ED1A0B428DB, b)
	return hi ^ lo
}

func affixSeed(key int32, kind atomKind, step int) uint64 {
	return (uint64(key)<<16 | uint64(kind)<<8 | uint64(step)) * 0x2545F4914F6CDD1D
}

// litHash is the hash under which a literal of any kind but substrings is kept.
func litHash(key int32, kind atomKind, text []byte) uint64 {
	step := 0
	switch kind {
	case atomPrefix:
		step = affixStep(len(text))
		text = text[:affixSteps[step]]
	case atomSuffix:
		step = affixStep(len(text))
		text = text[len(text)-affixSteps[step]:]
	}
	return hashFold(text, affixSeed(key, kind, step))
}

func newAffixes(n int) affixes {
	if n == 0 {
		return affixes{}
	}
	return affixes{slots: make([]affixSlot, 1<<bits.Len(uint(n*2+1)))}
}

func (a *affixes) add(hash uint64, id int32) {
	mask := uint32(len(a.slots) - 1)
	for i := uint32(hash>>32) & mask; ; i = (i + 1) & mask {
		if a.slots[i].lit == 0 {
			a.slots[i] = affixSlot{uint32(hash), id + 1}
			return
		}
	}
}

// lookAffix marks the rules of the exact values, beginnings and ends that fit v, which is folded or ASCII.
func (sc *Scratch) lookAffix(x *index, key int32, p *plan, v []byte) {
	n := len(v)
	if n < 3 {
		if p.exact.any != 0 {
			sc.probe(x, key, atomExact, v, v, 0)
		}
	} else if len(p.exact.steps) != 0 && p.exact.of(v[n/2], v[n-1], byte(n)) != 0 {
		sc.probe(x, key, atomExact, v, v, 0)
	}
	if n == 0 {
		return
	}
	if p.heads.used() {
		steps := p.heads.any
		if n >= 3 {
			steps = p.heads.of(v[0], v[1], v[2])
		}
		for ; steps != 0; steps &= steps - 1 {
			s := bits.TrailingZeros16(steps)
			if d := affixSteps[s]; d <= n {
				sc.probe(x, key, atomPrefix, v, v[:d], s)
			}
		}
	}
	if p.tails.used() {
		steps := p.tails.any
		if n >= 3 {
			steps = p.tails.of(v[n-1], v[n-2], v[n-3])
		}
		for ; steps != 0; steps &= steps - 1 {
			s := bits.TrailingZeros16(steps)
			if d := affixSteps[s]; d <= n {
				sc.probe(x, key, atomSuffix, v, v[n-d:], s)
			}
		}
	}
}

// probe looks a stretch of v up and marks the rules of the literals that fit v indeed.
func (sc *Scratch) probe(x *index, key int32, kind atomKind, v, stretch []byte, step int) {
	hash := hashFold(stretch, affixSeed(key, kind, step))
	mask := uint32(len(x.affixes.slots) - 1)
	for i := uint32(hash>>32) & mask; ; i = (i + 1) & mask {
		s := x.affixes.slots[i]
		if s.lit == 0 {
			return
		}
		if s.hash != uint32(hash) {
			continue
		}
		l := &x.lits[s.lit-1]
		if l.kind != kind || l.key != key || int(l.size) > len(v) {
			continue
		}
		text := x.text(l)
		if kind == atomPrefix && equalFold(v[:len(text)], text) || kind == atomSuffix && equalFold(v[len(v)-len(text):], text) ||
			kind == atomExact && len(v) == len(text) && equalFold(v, text) {
			sc.markAll(x.list(l.rules))
		}
	}
}

// equalFold tells whether v, of the length of text, is text without regard to the case of ASCII letters. Text is folded.
func equalFold(v, text []byte) bool { return sameFold(v, text) == len(text) }

// sameFold returns how many bytes at the beginning of v are those of text, which is folded and not longer.
func sameFold(v, text []byte) int {
	v = v[:len(text)]
	for i, t := range text {
		if c := v[i]; c != t && ('A' > c || c > 'Z' || c+('a'-'A') != t) {
			return i
		}
	}
	return len(text)
}
