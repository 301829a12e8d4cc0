package sigma

import (
	"bytes"
	"iter"
	"unicode/utf8"
)

// glob is a compiled pattern. One with cased unset holds folded literals and must be given folded values.
type glob struct {
	shape shape
	cased bool
	lit   []byte      // of every shape but general and anything
	segs  [][]segment // the stretches between stars, for general
	head  bool        // general: the first stretch stands at the beginning
	tail  bool        // general: the last stretch stands at the end
}

// shape is the kind of test that a pattern comes down to. They are ordered by cost.
type shape uint8

const (
	anything shape = iota
	exact
	prefix
	suffix
	contains
	general
)

type segment struct {
	kind tokenKind
	lit  []byte
}

func newGlob(p pattern, cased bool) *glob {
	g := &glob{cased: cased}
	lit := func(t token) []byte {
		if cased {
			return []byte(t.text)
		}
		return appendFold(make([]byte, 0, len(t.text)), []byte(t.text))
	}
	is := func(kinds ...tokenKind) bool {
		if len(p) != len(kinds) {
			return false
		}
		for i, k := range kinds {
			if p[i].kind != k {
				return false
			}
		}
		return true
	}
	switch {
	case len(p) == 0:
		g.shape = exact
	case is(star):
		g.shape = anything
	case is(literal):
		g.shape, g.lit = exact, lit(p[0])
	case is(literal, star):
		g.shape, g.lit = prefix, lit(p[0])
	case is(star, literal):
		g.shape, g.lit = suffix, lit(p[1])
	case is(star, literal, star):
		g.shape, g.lit = contains, lit(p[1])
	default:
		g.shape = general
		g.head, g.tail = p[0].kind != star, p[len(p)-1].kind != star
		var seg []segment
		for _, t := range p {
			if t.kind != star {
				seg = append(seg, segment{t.kind, lit(t)})
			} else if len(seg) > 0 {
				g.segs, seg = append(g.segs, seg), nil
			}
		}
		if len(seg) > 0 {
			g.segs = append(g.segs, seg)
		}
	}
	return g
}

// literals yields the texts that every value which matches contains.
func (g *glob) literals() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if g.shape != general {
			yield(g.lit)
			return
		}
		for _, seg := range g.segs {
			for _, s := range seg {
				if s.kind == literal && !yield(s.lit) {
					return
				}
			}
		}
	}
}

// match tests the whole of v.
func (g *glob) match(v []byte) bool {
	switch g.shape {
	case anything:
		return true
	case exact:
		return bytes.Equal(v, g.lit)
	case prefix:
		return bytes.HasPrefix(v, g.lit)
	case suffix:
		return bytes.HasSuffix(v, g.lit)
	case contains:
		return bytes.Contains(v, g.lit)
	default:
		return g.matchGeneral(v)
	}
}

// matchGeneral takes every stretch at its leftmost place, which is enough because stars accept anything between.
// Only the last stretch, if it is anchored, must look for a place from which it reaches the end.
func (g *glob) matchGeneral(v []byte) bool {
	for i, seg := range g.segs {
		first, last := i == 0 && g.head, i == len(g.segs)-1 && g.tail
		n, ok := 0, false
		if first {
			n, ok = matchHere(seg, v)
			ok = ok && (!last || n == len(v))
		} else {
			n, ok = find(seg, v, last)
		}
		if !ok {
			return false
		}
		v = v[n:]
	}
	return true
}

// find returns the end of the leftmost place of seg in v, or of the one that reaches the end of v.
func find(seg []segment, v []byte, toEnd bool) (int, bool) {
	for at := 0; ; {
		if seg[0].kind == literal {
			i := bytes.Index(v[at:], seg[0].lit)
			if i < 0 {
				return 0, false
			}
			at += i
		}
		if n, ok := matchHere(seg, v[at:]); ok && (!toEnd || at+n == len(v)) {
			return at + n, true
		}
		if at >= len(v) {
			return 0, false
		}
		_, size := utf8.DecodeRune(v[at:])
		at += size
	}
}

// matchHere returns how many bytes at the beginning of v are seg.
func matchHere(seg []segment, v []byte) (int, bool) {
	n := 0
	for _, s := range seg {
		if s.kind == literal {
			if !bytes.HasPrefix(v[n:], s.lit) {
				return 0, false
			}
			n += len(s.lit)
			continue
		}
		r, size := utf8.DecodeRune(v[n:])
		if size == 0 || (s.kind == dash && !isDash(r)) {
			return 0, false
		}
		n += size
	}
	return n, true
}
