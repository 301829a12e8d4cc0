package sigma

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

func (c *compiler) resolve(field string) []Path {
	if c.mapper != nil {
		if paths := c.mapper(field); len(paths) > 0 {
			return paths
		}
	}
	return []Path{{Key: field}}
}

func (c *compiler) fieldPaths(field string) []int32 {
	var ids []int32
	for _, p := range c.resolve(field) {
		id, ok := c.paths[p]
		if !ok {
			id = int32(len(c.set.paths))
			c.paths[p] = id
			c.set.paths = append(c.set.paths, p)
		}
		ids = append(ids, id)
	}
	return ids
}

// leaf interns a predicate.
func (c *compiler) leaf(p predicate) node {
	key := p.key()
	id, ok := c.preds[key]
	if !ok {
		id = int32(len(c.set.predicates))
		c.preds[key] = id
		c.set.predicates = append(c.set.predicates, p)
	}
	return node{op: leaf, id: id, cost: p.cost()}
}

// key is the same for predicates that decide the same, and for no others.
func (p *predicate) key() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %v %v %v %v %d %v %v %q %d %v %d", p.kind, p.paths, p.want, p.fold, p.net, p.rel, p.num.whole, p.num, p.text, p.part, p.ref, p.shape)
	if p.re != nil {
		fmt.Fprintf(&b, " re %q", p.re.String())
	}
	if g := p.glob; g != nil {
		fmt.Fprintf(&b, " glob %d %v %q %v %v", g.shape, g.cased, g.lit, g.head, g.tail)
		for _, seg := range g.segs {
			for _, s := range seg {
				fmt.Fprintf(&b, " %d%q", s.kind, s.lit)
			}
			b.WriteByte('*')
		}
	}
	return b.String()
}

// cost orders predicates: cheap ones and those that seldom hold are decided first.
func (p *predicate) cost() int {
	c := map[predicateKind]int{isNullOrAbsent: 1, present: 1, numeral: 2, boolean: 2, measure: 3, network: 4, moment: 5, other: 5, regex: 50}[p.kind]
	if p.kind == text {
		c = 1 + 2*int(p.glob.shape)
	}
	if len(p.paths) == 0 {
		c *= 40
	}
	return c * max(len(p.paths), 1)
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
