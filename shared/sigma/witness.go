package sigma

import (
	"math"
	"slices"
	"strconv"
)

// A witness of a rule is a set of atoms of which at least one is seen in every event on which the rule fires. The index looks
// for atoms only; a rule none of whose atoms is seen is not touched.
type witness struct {
	atoms []atom
	cost  float64 // estimated chance that an event shows one of the atoms
}

// atom is something simple to look for in an event.
type atom struct {
	kind atomKind
	key  int32  // flat field, or anyField
	text string // folded
}

type atomKind uint8

const (
	atomPresent atomKind = iota // the field is there
	atomExact                   // the whole value
	atomPrefix
	atomSuffix
	atomSub    // anywhere in the value
	atomNumber // the value is this number; text holds it as written by numberText
)

func (k atomKind) String() string {
	return [...]string{"presence", "exact", "prefix", "suffix", "substring", "number"}[k]
}

// anyField is the key of keywords.
const anyField = -1

const (
	minSub      = 3   // shorter texts are not searched for
	presentCost = 0.5 // chance that an event has a field that a rule names
	maxAtoms    = 4096
	crowdUnit   = 8 // rules that share an atom make it as bad as one that is seen twice as often
)

// never is the witness of what cannot be true: an empty set.
var never = &witness{}

// witness returns the best witness of n, or of its negation; nil if there is none.
func (c *compiler) witness(n *node, negated bool) *witness {
	switch n.op {
	case leaf:
		return c.leafWitness(n.id, negated)
	case not:
		return c.witness(&n.kids[0], !negated)
	}
	need, o := len(n.kids), n.op // how many kids hold at least
	switch {
	case o == and && negated, o == or && !negated:
		need = 1
	case o == count && !negated:
		need = n.n
	case o == count:
		need = len(n.kids) - n.n + 1
	}
	if need > len(n.kids) {
		return never
	}
	var known []*witness
	for i := range n.kids {
		if w := c.witness(&n.kids[i], negated); w != nil {
			known = append(known, w)
		}
	}
	// If need of the kids hold, then one of any len-need+1 kids holds.
	take := len(n.kids) - need + 1
	if len(known) < take {
		return nil
	}
	slices.SortStableFunc(known, func(a, b *witness) int {
		switch {
		case a.cost < b.cost:
			return -1
		case a.cost > b.cost:
			return 1
		}
		return len(a.atoms) - len(b.atoms)
	})
	if take == 1 {
		return known[0]
	}
	union := &witness{}
	for _, w := range known[:take] {
		union.atoms = append(union.atoms, w.atoms...)
		union.cost += w.cost
	}
	if len(union.atoms) > maxAtoms {
		return nil
	}
	return union
}

// leafWitness returns the atoms of a predicate.
func (c *compiler) leafWitness(id int32, negated bool) *witness {
	p := &c.set.predicates[id]
	if negated {
		if p.kind == isNullOrAbsent || p.kind == present && !p.want {
			return c.presence(p.paths)
		}
		return nil
	}
	switch p.kind {
	case isNullOrAbsent:
		return nil
	case present:
		if !p.want {
			return nil
		}
	case text:
		return c.textWitness(p)
	case numeral:
		return c.numeralWitness(p)
	case boolean:
		return c.perPath(p.paths, atomExact, strconv.FormatBool(p.want))
	case regex:
		var w *witness
		for _, s := range required(p.re.source) {
			w = c.alternative(w, c.perPath(p.paths, atomSub, s))
			if w == nil {
				return c.presence(p.paths)
			}
		}
		if w != nil {
			return w
		}
	}
	return c.presence(p.paths)
}

// alternative adds b to a; either nil a begins.
func (c *compiler) alternative(a, b *witness) *witness {
	if b == nil {
		return nil
	}
	if a == nil {
		a = &witness{}
	}
	return &witness{atoms: append(a.atoms, b.atoms...), cost: a.cost + b.cost}
}

func (c *compiler) presence(paths pathSet) *witness {
	if paths.len() == 0 {
		return nil
	}
	return c.perPath(paths, atomPresent, "")
}

// perPath returns the atom in each of the fields, or for keywords in any; nil if it cannot be looked for.
func (c *compiler) perPath(paths pathSet, kind atomKind, s string) *witness {
	f := c.frequency
	if paths.len() == 0 {
		if len(s) < minSub {
			return nil
		}
		a := atom{atomSub, anyField, s}
		return &witness{atoms: []atom{a}, cost: (2*f.text([]byte(s)) + 1e-6) * c.crowd(a)}
	}
	w := &witness{}
	for _, id := range c.set.ids(paths) {
		a := atom{kind, c.set.pathKeys[id], s}
		if c.set.paths[id].Sub != "" && kind != atomPresent { // inside JSON only stretches can be looked for
			a.kind = atomSub
		}
		cost := f.text([]byte(s))
		switch a.kind {
		case atomExact, atomNumber:
			cost = math.Max(math.Pow(0.5, float64(len(s))+1), cost/50)
		case atomPrefix, atomSuffix:
			cost = math.Max(math.Pow(0.3, float64(len(s))), cost/20)
		case atomSub:
			if len(s) < minSub {
				a.kind, a.text = atomPresent, ""
			} else if len(s) < minLong {
				cost *= 1.5
			}
		}
		if a.kind == atomPresent || c.set.paths[id].Sub != "" && kind == atomNumber {
			a, cost = atom{atomPresent, a.key, ""}, presentCost
		}
		w.atoms = append(w.atoms, a)
		w.cost += (cost + 1e-6) * c.crowd(a)
	}
	return w
}

// crowd is the factor by which the rules that have an atom as witness already speak against it: once seen it makes all of them
// candidates.
func (c *compiler) crowd(a atom) float64 {
	n := float64(c.load[a]) / crowdUnit
	return 1 + n*n
}

// textWitness returns the atoms of a pattern.
func (c *compiler) textWitness(p *predicate) *witness {
	g := p.glob
	lit := g.lit
	switch {
	case g.shape == anything:
		return c.presence(p.paths)
	case g.cased:
		lit = foldedASCII(lit)
	}
	kind := atomSub
	switch whole := len(lit) == len(g.lit); {
	case g.shape == general:
		return c.generalWitness(p)
	case g.shape == exact && whole:
		kind = atomExact
	case g.shape == prefix && whole:
		kind = atomPrefix
	case g.shape == suffix && whole:
		kind = atomSuffix
	}
	if w := c.perPath(p.paths, kind, string(lit)); w != nil {
		return w
	}
	return c.presence(p.paths)
}

// generalWitness takes the literal of a pattern with wildcards that seems rarest.
func (c *compiler) generalWitness(p *predicate) *witness {
	var best *witness
	for i, seg := range p.glob.segs {
		for k, s := range seg {
			if s.kind != literal {
				continue
			}
			lit, kind := s.lit, atomSub
			if p.glob.cased {
				lit = foldedASCII(lit)
			}
			if len(lit) == len(s.lit) {
				switch {
				case i == 0 && k == 0 && p.glob.head:
					kind = atomPrefix
				case i == len(p.glob.segs)-1 && k == len(seg)-1 && p.glob.tail:
					kind = atomSuffix
				}
			}
			if w := c.perPath(p.paths, kind, string(lit)); w != nil && (best == nil || w.cost < best.cost) {
				best = w
			}
		}
	}
	if best == nil {
		return c.presence(p.paths)
	}
	return best
}

// foldedASCII returns the folded form of the longest stretch of ASCII in a literal that is compared byte by byte. Its other
// bytes need not be whole characters of the value, so that folding could change them.
func foldedASCII(lit []byte) []byte {
	best, from := []byte(nil), 0
	for i := 0; i <= len(lit); i++ {
		if i == len(lit) || lit[i] >= 0x80 {
			if i-from > len(best) {
				best = lit[from:i]
			}
			from = i + 1
		}
	}
	return appendFold(nil, best)
}

// numeralWitness looks for the number and for the text that the rule wrote.
func (c *compiler) numeralWitness(p *predicate) *witness {
	w := c.perPath(p.paths, atomNumber, numberText(p.num.f))
	if _, decimal := parseNumber(p.text); !decimal { // such as 0x17, which events may repeat as text
		w = c.alternative(w, c.perPath(p.paths, atomExact, string(p.text)))
	}
	return w
}

// numberText writes a number so that equal numbers are written equally.
func numberText(f float64) string {
	if f == 0 {
		f = 0 // no negative zero
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}
