package sigma

// code is the condition of a rule in the order in which it is decided. A leaf is one word, id<<3|leaf. Every other node is
// a word n<<3|op, a word with the length of its children, and the children.
type code []int32

// appendCode appends the tree at n.
func appendCode(dst code, n *node) code {
	if n.op == leaf {
		return append(dst, n.id<<3|int32(leaf))
	}
	at := len(dst)
	dst = append(dst, int32(n.n)<<3|int32(n.op), 0)
	for i := range n.kids {
		dst = appendCode(dst, &n.kids[i])
	}
	dst[at+1] = int32(len(dst) - at - 2)
	return dst
}

// eval decides the node at the beginning of c.
func (c code) eval(sc *Scratch) bool {
	head := c[0]
	o := op(head & 7)
	if o == leaf {
		return sc.holds(head >> 3)
	}
	kids := c[2 : 2+c[1]]
	switch o {
	case not:
		return !kids.eval(sc)
	case count:
		need := head >> 3
		for len(kids) > 0 {
			if kids.eval(sc) {
				if need--; need == 0 {
					return true
				}
			}
			kids = kids[kids.size():]
		}
		return false
	}
	for len(kids) > 0 {
		if kids.eval(sc) == (o == or) {
			return o == or
		}
		kids = kids[kids.size():]
	}
	return o == and
}

// size is the length of the node at the beginning of c.
func (c code) size() int {
	if op(c[0]&7) == leaf {
		return 1
	}
	return 2 + int(c[1])
}
