package sigma

// Set is a compiled set of rules. It is never changed and safe for concurrent use, each worker with its own [Scratch].
type Set struct {
	rules        []*Rule
	paths        []Path
	pathKeys     []int32          // by path: its flat key
	keys         []string         // flat keys that rules name
	keyIDs       map[string]int32 // the way back
	pool         []int32          // the ids of paths, in sets
	predicates   []predicate
	programs     map[LogSource]*program
	fallback     program // all rules, with the names of fields as they are
	correlations []*Correlation
	any          bool // rules apply to events of every source
	hash         string
}

// program is what one log source is evaluated with.
type program struct {
	rules []routed
	index *index
}

type routed struct {
	hit  Hit
	code code
}

// Hit says that a rule fired.
type Hit struct {
	Rule   *Rule
	Fields []Field // what the rule wants to be shown, with its places in the event
}

// Field is a name that a rule uses, with the places where its value may stand.
type Field struct {
	Name  string
	Paths []Path
}

// Match appends a hit for every rule that fires on ev, which is of source src, in the order of the rules, and returns hits. It
// allocates nothing while no rule fires, unless the event itself does or the scratch memory has to grow.
func (s *Set) Match(ev Event, src LogSource, scratch *Scratch, hits []Hit) []Hit {
	prog, configured := s.programs[src]
	if !configured {
		prog = &s.fallback
	}
	if len(prog.rules) == 0 {
		return hits
	}
	scratch.begin(s, prog, ev)
	scratch.find(prog.index)
	for _, id := range scratch.candidates() {
		r := &prog.rules[id]
		if !configured && !s.any && !r.hit.Rule.Source.Covers(src) {
			continue
		}
		if r.code.eval(scratch) {
			hits = append(hits, r.hit)
		}
	}
	scratch.end()
	return hits
}

// Rules returns the rules of the set, in the order of their documents. Do not change them.
func (s *Set) Rules() []*Rule { return s.rules }

// Correlations returns the correlations whose rules are all in the set, each after those that it refers to. Do not change them.
func (s *Set) Correlations() []*Correlation { return s.correlations }

// Hash names the set by content: 64 hexadecimal digits.
func (s *Set) Hash() string { return s.hash }
