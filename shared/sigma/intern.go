package sigma

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// maxPaths bounds the places of one field.
const maxPaths = 64

// resolve returns the places of a field, and whether only the first counts that is there: so it is with a name that is not mapped.
func (c *compiler) resolve(field string) (paths []Path, first bool) {
	if c.mapper != nil {
		if paths := c.mapper(field); len(paths) > 0 {
			return paths[:min(len(paths), maxPaths)], false
		}
	}
	return Dotted(field), true
}

// key interns the name of a flat field.
func (c *compiler) key(name string) int32 {
	id, ok := c.set.keyIDs[name]
	if !ok {
		id = int32(len(c.set.keys))
		c.set.keyIDs[name] = id
		c.set.keys = append(c.set.keys, name)
	}
	return id
}

// fieldPaths interns the places of a field.
func (c *compiler) fieldPaths(field string) pathSet {
	if known, ok := c.fields[field]; ok {
		return known
	}
	field = strings.Clone(field) // a part of the file so far
	paths, first := c.resolve(field)
	set := pathSet{from: uint32(len(c.set.pool)), n: uint16(len(paths)), first: first && len(paths) > 1}
	for _, p := range paths {
		id, ok := c.paths[p]
		if !ok {
			id = int32(len(c.set.paths))
			c.paths[p] = id
			c.set.paths = append(c.set.paths, p)
			c.set.pathKeys = append(c.set.pathKeys, c.key(p.Key))
		}
		c.set.pool = append(c.set.pool, id)
	}
	for from := range set.from { // the same places under another name
		if slices.Equal(c.set.pool[from:int(from)+set.len()], c.set.ids(set)) {
			c.set.pool, set.from = c.set.pool[:set.from], from
			break
		}
	}
	c.fields[field] = set
	return set
}

// use makes the mapping of a source the one for the fields that follow.
func (c *compiler) use(mapper func(string) []Path, fields map[string]pathSet) {
	c.mapper, c.fields = mapper, fields
}

// leaf interns a predicate.
func (c *compiler) leaf(p predicate) node {
	c.keyBuf = p.key(c.keyBuf[:0])
	id, ok := c.preds[string(c.keyBuf)]
	if !ok {
		id = int32(len(c.set.predicates))
		c.preds[string(c.keyBuf)] = id
		c.set.predicates = append(c.set.predicates, p)
	}
	return node{op: leaf, id: id, cost: p.cost()}
}

// key appends what is the same for predicates that decide the same, and for no others.
func (p *predicate) key(dst []byte) []byte {
	flags := byte(0)
	if p.want {
		flags |= 1
	}
	if p.fold {
		flags |= 2
	}
	dst = append(dst, byte(p.kind), byte(p.rel), byte(p.part), byte(p.shape), flags)
	dst = binary.LittleEndian.AppendUint32(dst, p.paths.from)
	dst = binary.LittleEndian.AppendUint16(dst, p.paths.n)
	dst = append(dst, boolByte(p.paths.first))
	if g := p.glob; g != nil {
		dst = append(dst, byte(g.shape), boolByte(g.cased), boolByte(g.head), boolByte(g.tail))
		dst = append(dst, g.lit...)
		for _, seg := range g.segs {
			for _, s := range seg {
				dst = binary.LittleEndian.AppendUint32(append(dst, 1+byte(s.kind)), uint32(len(s.lit)))
				dst = append(dst, s.lit...)
			}
			dst = append(dst, 0)
		}
	}
	if r := p.rare; r != nil {
		dst = fmt.Appendf(dst, "%v %v %q %v", r.net, r.num, r.text, r.ref)
		if r.re != nil {
			dst = append(dst, r.re.source...)
		}
	}
	return dst
}

func boolByte(b bool) byte {
	if b {
		return 1
	}
	return 0
}

var costs = [...]int{isNullOrAbsent: 1, present: 1, numeral: 2, boolean: 2, measure: 3, network: 4, moment: 5, other: 5, regex: 50}

// cost orders predicates: cheap ones and those that seldom hold are decided first.
func (p *predicate) cost() int {
	c := costs[p.kind]
	if p.kind == text {
		c = 1 + 2*int(p.glob.shape)
	}
	if p.paths.len() == 0 {
		c *= 40
	}
	return c * max(p.paths.len(), 1)
}

// hash names the set: the same rules with the same meaning have the same hash, in whatever order they were read.
func (c *compiler) hash() string {
	h := sha256.New()
	h.Write([]byte(engine))
	slices.SortFunc(c.sums, func(a, b [sha256.Size]byte) int { return bytes.Compare(a[:], b[:]) })
	for _, s := range c.sums {
		h.Write(s[:])
	}
	mapped := make([]string, 0, len(c.paths))
	for p := range c.paths {
		mapped = append(mapped, fmt.Sprintf("%q %q", p.Key, p.Sub))
	}
	slices.Sort(mapped)
	names := make([]string, 0, len(c.options.Placeholders))
	for name, values := range c.options.Placeholders {
		names = append(names, fmt.Sprintf("%q=%q", name, values))
	}
	slices.Sort(names)
	fmt.Fprintf(h, "%q %q", mapped, names)
	return hex.EncodeToString(h.Sum(nil))
}
