package sigma

import (
	"cmp"
	"slices"
)

// node is a place in the tree that a rule's condition becomes.
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

func (n *node) eval(sc *Scratch) bool {
	switch n.op {
	case leaf:
		return sc.holds(n.id)
	case and:
		for i := range n.kids {
			if !n.kids[i].eval(sc) {
				return false
			}
		}
		return true
	case or:
		for i := range n.kids {
			if n.kids[i].eval(sc) {
				return true
			}
		}
		return false
	case not:
		return !n.kids[0].eval(sc)
	default:
		held := 0
		for i := range n.kids {
			if n.kids[i].eval(sc) {
				if held++; held == n.n {
					return true
				}
			}
		}
		return false
	}
}

// join makes one node of several: those of the same kind are taken in, cheap ones come first.
func join(o op, kids ...node) node {
	var flat []node
	for _, k := range kids {
		if k.op == o {
			flat = append(flat, k.kids...)
		} else {
			flat = append(flat, k)
		}
	}
	if len(flat) == 1 {
		return flat[0]
	}
	n := node{op: o, kids: flat}
	for _, k := range flat {
		n.cost += k.cost
	}
	slices.SortStableFunc(n.kids, func(a, b node) int { return cmp.Compare(a.cost, b.cost) })
	return n
}

func negate(n node) node {
	if n.op == not {
		return n.kids[0]
	}
	return node{op: not, kids: []node{n}, cost: n.cost}
}
