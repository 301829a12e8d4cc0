package sigma

import (
	"cmp"
	"slices"
)

// node is a place in the tree that a rule's condition becomes before it is written down as [code].
type node struct {
	op   op
	id   int32 // leaf: the predicate
	n    int   // count: how many kids must hold
	cost int
	kids []node
}

type op uint8

const (
	leaf op = iota
	and
	or
	not
	count
)

// join makes one node of several: those of the same kind are taken in, cheap ones come first and equal ones once.
func join(o op, kids ...node) node {
	if len(kids) == 1 {
		return kids[0]
	}
	var flat []node
	for _, k := range kids {
		if k.op == o {
			flat = append(flat, k.kids...)
		} else {
			flat = append(flat, k)
		}
	}
	slices.SortStableFunc(flat, func(a, b node) int {
		return cmp.Or(cmp.Compare(a.cost, b.cost), cmp.Compare(a.op, b.op), cmp.Compare(a.id, b.id))
	})
	flat = slices.CompactFunc(flat, func(a, b node) bool { return a.op == leaf && b.op == leaf && a.id == b.id })
	if len(flat) == 1 {
		return flat[0]
	}
	n := node{op: o, kids: flat}
	for _, k := range flat {
		n.cost += k.cost
	}
	return n
}

func negate(n node) node {
	if n.op == not {
		return n.kids[0]
	}
	return node{op: not, kids: []node{n}, cost: n.cost}
}
