package sigma

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Source is a kind of logs that is evaluated, with the way from the names that rules use to places in its events.
type Source struct {
	LogSource LogSource
	// Also names further log sources whose rules apply to the same events, such as a generic category.
	Also []LogSource
	// Paths returns where a field stands. Several paths are alternatives: a test holds if it holds at one of them, and a
	// field is absent only if all are. Nil means that the name is the path.
	Paths func(field string) []Path
}

// Options shape a compilation.
type Options struct {
	Sources      []Source            // events of other sources are evaluated with the names of fields as they are
	Placeholders map[string][]string // values of %name% for the modifier expand
	RequireID    bool                // refuse rules without an id
	AnySource    bool                // evaluate rules on events of every source that is not configured
}

// engine is part of every hash: it changes when the same rules begin to mean something else.
const engine = "fenghuo-sigma-3"

// Compile checks documents and builds the set of those that can be executed. It returns a set in every case; problems
// that are no warnings name the documents that are not in it.
func Compile(docs []Document, options Options) (*Set, []Problem) {
	c := &compiler{
		options: options,
		set:     &Set{programs: map[LogSource]*program{}, keyIDs: map[string]int32{}, any: options.AnySource},
		ids:     make(map[string]bool, len(docs)),
		paths:   map[Path]int32{},
		preds:   make(map[string]int32, 16*len(docs)),

		names:     map[string]bool{},
		plain:     map[string]pathSet{},
		mapped:    map[LogSource]map[string]pathSet{},
		sections:  map[*yaml.Node]bool{},
		frequency: builtin(),
		witnesses: map[*program][]*witness{},
		load:      make(map[atom]int, 8*len(docs)),
	}
	for _, s := range options.Sources {
		c.set.programs[s.LogSource] = &program{}
	}
	for i := range docs {
		if docs[i].Kind == KindFilter {
			c.addFilter(&docs[i])
		}
	}
	for i := range docs {
		if docs[i].Kind == KindRule {
			c.add(&docs[i])
		}
	}
	c.addCorrelations(docs)
	c.checkFilters()
	c.index(&c.set.fallback)
	for _, prog := range c.set.programs {
		c.index(prog)
	}
	c.set.hash = c.hash()
	return c.set, c.problems
}

type compiler struct {
	options  Options
	set      *Set
	problems []Problem
	ids      map[string]bool
	paths    map[Path]int32
	preds    map[string]int32
	sums     [][sha256.Size]byte

	frequency *frequency
	witnesses map[*program][]*witness // of the rules of a program
	load      map[atom]int            // rules that an atom is the witness of

	// of the rule at hand
	rule   *Rule
	mapper func(string) []Path
	fields map[string]pathSet // interned so far, under the mapper
	plain  map[string]pathSet // those of no mapper
	mapped map[LogSource]map[string]pathSet
	keyBuf []byte
	silent bool // warnings were given already

	names    map[string]bool
	filters  []*filter
	sections map[*yaml.Node]bool // of filters
}

// add puts the rule of d in the set, or says why it does not.
func (c *compiler) add(d *Document) {
	c.rule, c.silent = &Rule{File: d.File, Line: d.Line}, false
	rule, p := readRule(d)
	c.rule = rule
	switch {
	case p != nil:
	case rule.ID == "" && c.options.RequireID:
		p = at(d.root, "id: a UUID", "the rule has no id")
	case rule.ID != "" && c.ids[rule.ID]:
		p = at(child(d.root, "id"), "an id of its own", "the id %s is taken by another rule", rule.ID)
	}
	if p != nil {
		c.report(p)
		return
	}
	c.use(nil, c.plain)
	root, p := c.lowerRule(d)
	if p != nil {
		c.report(p)
		return
	}
	c.checkMeta(d)
	c.names[rule.Name] = true
	c.ids[rule.ID] = true
	c.sums = append(c.sums, d.sum)
	c.set.rules = append(c.set.rules, rule)
	c.put(&c.set.fallback, &root)
	c.route(d)
}

// route compiles the rule once more for every source that it applies to, with the paths of that source.
func (c *compiler) route(d *Document) {
	applies := len(c.options.Sources) == 0
	for _, s := range c.options.Sources {
		if !c.rule.Source.Covers(s.LogSource) && !slices.ContainsFunc(s.Also, c.rule.Source.Covers) {
			continue
		}
		applies, c.silent = true, true
		if c.mapped[s.LogSource] == nil {
			c.mapped[s.LogSource] = map[string]pathSet{}
		}
		c.use(s.Paths, c.mapped[s.LogSource])
		root, p := c.lowerRule(d)
		if p != nil { // the first compilation would have failed too
			continue
		}
		c.put(c.set.programs[s.LogSource], &root)
	}
	if !applies {
		c.silent = false
		c.warn(child(d.root, "logsource"), "the rule applies to none of the configured log sources")
	}
}

// put adds the rule at hand to a program.
func (c *compiler) put(prog *program, root *node) {
	prog.rules = append(prog.rules, routed{hit: c.hit(), code: slices.Clip(appendCode(nil, root))})
	w := c.witness(root, false)
	if w != nil {
		for _, a := range w.atoms {
			c.load[a]++
		}
	}
	c.witnesses[prog] = append(c.witnesses[prog], w)
}

// index builds the index of a program that has all its rules.
func (c *compiler) index(prog *program) {
	atoms := 0
	for _, w := range c.witnesses[prog] {
		if w != nil {
			atoms += len(w.atoms)
		}
	}
	b := newIndexBuilder(len(c.set.keys), atoms, c.frequency)
	for i, w := range c.witnesses[prog] {
		b.add(int32(i), w)
	}
	b.decide(c.set)
	prog.index = b.build()
}

// hit prepares what is returned when the rule fires, with the paths of the source at hand.
func (c *compiler) hit() Hit {
	h := Hit{Rule: c.rule}
	for _, name := range c.rule.Fields {
		paths, _ := c.resolve(name)
		h.Fields = append(h.Fields, Field{Name: name, Paths: paths})
	}
	return h
}

func (c *compiler) report(p *Problem) {
	p.File, p.Rule = c.rule.File, cmp.Or(c.rule.ID, c.rule.Title)
	c.problems = append(c.problems, *p)
}

func (c *compiler) warn(n *yaml.Node, format string, args ...any) {
	if c.silent {
		return
	}
	c.warnWant(n, "", format, args...)
}

func (c *compiler) warnWant(n *yaml.Node, want, format string, args ...any) {
	p := at(n, want, format, args...)
	p.Warning = true
	c.report(p)
}

// lowerRule lowers a rule with the filters that apply to it.
func (c *compiler) lowerRule(d *Document) (node, *Problem) {
	root, p := c.lower(child(d.root, "detection"))
	if p != nil {
		return node{}, p
	}
	silent := c.silent
	defer func() { c.silent = silent }()
	c.silent = true // filters were checked alone
	for _, f := range c.filters {
		if !f.appliesTo(c.rule) {
			continue
		}
		more, p := c.lower(f.section)
		if p != nil {
			return node{}, p
		}
		root, f.used = join(and, root, more), true
	}
	return root, nil
}

// lower turns the section with search identifiers and a condition into a tree.
func (c *compiler) lower(section *yaml.Node) (node, *Problem) {
	if section.Kind != yaml.MappingNode {
		return node{}, at(section, "search identifiers and a condition", "the section is not a mapping")
	}
	searches, names := map[string]node{}, []string(nil)
	for i := 0; i+1 < len(section.Content); i += 2 {
		key := section.Content[i]
		switch key.Value {
		case "condition":
			continue
		case "rules":
			if c.sections[section] {
				continue
			}
		case "timeframe":
			return node{}, at(key, "a correlation document with timespan", "timeframe was removed from Sigma")
		}
		n, p := c.lowerSearch(section.Content[i+1])
		if p != nil {
			return node{}, p
		}
		searches[key.Value], names = n, append(names, key.Value)
	}
	root, used, p := c.lowerConditions(section, searches, names)
	if p != nil {
		return node{}, p
	}
	for i := 0; i+1 < len(section.Content); i += 2 {
		if key := section.Content[i]; slices.Contains(names, key.Value) && !used[key.Value] {
			c.warn(key, "the condition never uses %q", key.Value)
		}
	}
	return root, nil
}

// lowerConditions joins the conditions; a list of them is an "or".
func (c *compiler) lowerConditions(detection *yaml.Node, searches map[string]node, names []string) (node, map[string]bool, *Problem) {
	n := child(detection, "condition")
	if n == nil {
		return node{}, nil, at(detection, "condition: how the identifiers combine", "the section has no condition")
	}
	texts := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		texts = n.Content
	}
	used := map[string]bool{}
	var kids []node
	for _, t := range texts {
		t = deref(t)
		if t.Kind != yaml.ScalarNode || isNull(t) {
			return node{}, nil, at(t, "a condition as text", "the condition is not text")
		}
		cond := condition{
			text: t.Value, names: names, used: used,
			lookup: func(name string) (node, bool) { s, ok := searches[name]; return s, ok },
			warn:   func(offset int, format string, args ...any) { c.warn(within(t, offset), format, args...) },
		}
		k, err := cond.parse()
		if err != nil {
			var ce *conditionError
			errors.As(err, &ce)
			return node{}, nil, at(within(t, ce.at), ce.want, "%s", ce.message)
		}
		if k != nil {
			kids = append(kids, *k)
		}
	}
	if len(kids) == 0 {
		return node{}, nil, at(n, "a condition that names an identifier", "nothing is left of the condition")
	}
	return join(or, kids...), used, nil
}

// within returns the place of a byte of scalar n, as near as the YAML style lets it be known.
func within(n *yaml.Node, offset int) *yaml.Node {
	p := yaml.Node{Line: n.Line, Column: n.Column}
	switch n.Style {
	case yaml.LiteralStyle, yaml.FoldedStyle:
		p.Line += 1 + strings.Count(n.Value[:min(offset, len(n.Value))], "\n")
		p.Column = 1
	case yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle:
		p.Column += offset + 1
	default:
		p.Column += offset
	}
	return &p
}
