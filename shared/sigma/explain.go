package sigma

import (
	"fmt"
	"strings"
)

// Explanation tells how the engine comes to its answer about one rule.
type Explanation struct {
	Rule    *Rule
	Witness []string // what the index looks for; none means that the rule is evaluated on every event
	Found   []string // what of it was found in the event
	Asked   bool     // the rule was a candidate, so its condition was evaluated
	Fires   bool
	Parts   []Part // the condition, in the order in which it is decided
}

// Part is a place of a condition: "and", "or", "not", "2 of", or a test.
type Part struct {
	Depth int
	Text  string
	Holds bool
}

// program returns what events of src are evaluated with, and whether its rules must be asked if they apply.
func (s *Set) program(src LogSource) (*program, bool) {
	if prog, ok := s.programs[src]; ok {
		return prog, false
	}
	return &s.fallback, !s.any
}

// Witnesses explains every rule for events of src without an event: what the index looks for.
func (s *Set) Witnesses(src LogSource) []Explanation {
	prog, ask := s.program(src)
	var out []Explanation
	for i := range prog.rules {
		if r := prog.rules[i].hit.Rule; !ask || r.Source.Covers(src) {
			out = append(out, Explanation{Rule: r, Witness: s.witnessOf(prog, int32(i), nil)})
		}
	}
	return out
}

// Explain explains the rules that were candidates on ev, and those that pick asks for. It is slow and meant for people.
func (s *Set) Explain(ev Event, src LogSource, pick func(*Rule) bool) []Explanation {
	prog, ask := s.program(src)
	sc := NewScratch()
	sc.begin(s, prog, ev)
	sc.find(prog.index)
	asked := map[int32]bool{}
	for _, id := range sc.candidates() {
		asked[id] = true
	}
	var out []Explanation
	for i := range prog.rules {
		id, r := int32(i), &prog.rules[i]
		if ask && !r.hit.Rule.Source.Covers(src) || !asked[id] && !pick(r.hit.Rule) {
			continue
		}
		e := Explanation{Rule: r.hit.Rule, Asked: asked[id], Fires: r.code.eval(sc)}
		e.Witness = s.witnessOf(prog, id, nil)
		e.Found = s.witnessOf(prog, id, func(key int32, l int32) bool { return s.found(sc, key, l) })
		e.Parts = s.parts(sc, r.code, 0, nil)
		out = append(out, e)
	}
	sc.end()
	return out
}

// found tells whether an atom is in the event; lit is -1 for the presence of the key.
func (s *Set) found(sc *Scratch, key, id int32) bool {
	if id < 0 {
		return sc.position(key) >= 0
	}
	l := &sc.prog.index.lits[id]
	if l.kind == atomSub {
		return sc.litSeen(id)
	}
	i := sc.position(key)
	if i < 0 {
		return false
	}
	v, t := string(appendFold(nil, sc.pairs[i].Value)), string(sc.prog.index.text(l))
	switch l.kind {
	case atomPrefix:
		return strings.HasPrefix(v, t)
	case atomSuffix:
		return strings.HasSuffix(v, t)
	case atomNumber:
		n, ok := parseNumber([]byte(v))
		return ok && numberText(n.f) == t
	default:
		return v == t
	}
}

// witnessOf describes the atoms of a rule that keep accepts; nil accepts all.
func (s *Set) witnessOf(prog *program, rule int32, keep func(key, lit int32) bool) []string {
	x := prog.index
	has := func(l list) bool {
		for _, r := range x.list(l) {
			if r == rule {
				return true
			}
		}
		return false
	}
	var out []string
	for i := range x.lits {
		l := &x.lits[i]
		if !has(l.rules) || keep != nil && !keep(l.key, int32(i)) {
			continue
		}
		field := "any value"
		if l.key != anyField {
			field = s.keys[l.key]
		}
		out = append(out, fmt.Sprintf("%s of %s: %q (%s)", l.kind, field, x.text(l), x.tableOf(int32(i))))
	}
	for key := range x.plans {
		if has(x.plans[key].present) && (keep == nil || keep(int32(key), -1)) {
			out = append(out, "presence of "+s.keys[key])
		}
	}
	return out
}

// tableOf names the table that finds a literal.
func (x *index) tableOf(id int32) string {
	if x.lits[id].kind != atomSub {
		return "hash table"
	}
	for i := range x.scans {
		for _, u := range x.scans[i].uses {
			if u.lit == id {
				return fmt.Sprintf("scan of one byte in %d", x.scans[i].step)
			}
		}
	}
	return "none"
}

func (s *Set) parts(sc *Scratch, c code, depth int, out []Part) []Part {
	p := Part{Depth: depth, Holds: c.eval(sc)}
	switch o := op(c[0] & 7); o {
	case leaf:
		p.Text = s.predicates[c[0]>>3].describe(s)
		return append(out, p)
	case count:
		p.Text = fmt.Sprintf("%d of", c[0]>>3)
	default:
		p.Text = [...]string{and: "and", or: "or", not: "not"}[o]
	}
	out = append(out, p)
	for kids := c[2 : 2+c[1]]; len(kids) > 0; kids = kids[kids.size():] {
		out = s.parts(sc, kids, depth+1, out)
	}
	return out
}

// describe writes a predicate for people.
func (p *predicate) describe(s *Set) string {
	names := func(set pathSet) string {
		var out []string
		for _, id := range s.ids(set) {
			out = append(out, s.paths[id].String())
		}
		return strings.Join(out, " or ")
	}
	field := names(p.paths)
	if p.paths.len() == 0 {
		field = "any value"
	}
	rel := [...]string{noRelation: "", equal: "=", less: "<", lessEqual: "<=", greater: ">", greaterEqual: ">="}
	switch p.kind {
	case isNullOrAbsent:
		return field + " is null or absent"
	case present:
		if p.want {
			return field + " exists"
		}
		return field + " is absent"
	case text:
		return field + " " + p.glob.describe()
	case numeral:
		return fmt.Sprintf("%s is the number %s", field, p.text)
	case boolean:
		return fmt.Sprintf("%s is %v", field, p.want)
	case measure:
		return fmt.Sprintf("%s %s %s", field, rel[p.rel], p.num)
	case moment:
		return fmt.Sprintf("%s of %s %s %s", p.part, field, rel[p.rel], p.num)
	case network:
		return fmt.Sprintf("%s in %s", field, p.net)
	case regex:
		return fmt.Sprintf("%s matches /%s/", field, p.re.source)
	default:
		return fmt.Sprintf("%s %s the value of %s", field, p.shape, names(p.ref))
	}
}

func (g *glob) describe() string {
	s := g.shape.String()
	if g.cased {
		s += ", with case,"
	}
	if g.shape != general {
		if g.shape == anything {
			return s
		}
		return fmt.Sprintf("%s %q", s, g.lit)
	}
	var b strings.Builder
	if !g.head {
		b.WriteByte('*')
	}
	for i, seg := range g.segs {
		if i > 0 {
			b.WriteByte('*')
		}
		for _, t := range seg {
			switch t.kind {
			case literal:
				b.Write(t.lit)
			case one:
				b.WriteByte('?')
			case dash:
				b.WriteString("[-]")
			}
		}
	}
	if !g.tail {
		b.WriteByte('*')
	}
	return fmt.Sprintf("%s %q", s, b.String())
}

func (s shape) String() string {
	return [...]string{anything: "has any value", exact: "is", prefix: "begins with", suffix: "ends with", contains: "contains", general: "is like"}[s]
}

func (n number) String() string {
	if n.whole {
		return fmt.Sprint(n.i)
	}
	return fmt.Sprint(n.f)
}

func (p timePart) String() string {
	for name, part := range timeParts {
		if part == p {
			return name
		}
	}
	return ""
}
