package sigma

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Source is a kind of logs that is evaluated, with the way from the names that rules use to places in its events.
type Source struct {
	LogSource LogSource
	// Paths returns where a field stands. Several paths are alternatives: a test holds if it holds at one of them, and a
	// field is absent only if all are. Nil means that the name is the path.
	Paths func(field string) []Path
}

// Options shape a compilation.
type Options struct {
	Sources      []Source            // events of other sources are evaluated with the names of fields as they are
	Placeholders map[string][]string // values of %name% for the modifier expand
	RequireID    bool                // refuse rules without an id
}

// engine is part of every hash: it changes when the same rules begin to mean something else.
const engine = "fenghuo-sigma-1"

// Compile checks documents and builds the set of those that can be executed. It returns a set in every case; problems
// that are no warnings name the documents that are not in it.
func Compile(docs []Document, options Options) (*Set, []Problem) {
	c := &compiler{
		options: options,
		set:     &Set{programs: map[LogSource]*program{}},
		ids:     map[string]bool{},
		paths:   map[Path]int32{},
		preds:   map[string]int32{},
	}
	for _, s := range options.Sources {
		c.set.programs[s.LogSource] = &program{}
	}
	for i := range docs {
		c.add(&docs[i])
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

	// of the rule at hand
	rule   *Rule
	mapper func(string) []Path
	silent bool // warnings were given already
}

// add puts the rule of d in the set, or says why it does not.
func (c *compiler) add(d *Document) {
	c.rule, c.silent = &Rule{File: d.File, Line: d.Line}, false
	if d.Kind != KindRule {
		c.report(at(d.root, "a detection rule", "%s documents are known but not executed here", d.Kind))
		return
	}
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
	root, p := c.lower(d, nil)
	if p != nil {
		c.report(p)
		return
	}
	c.ids[rule.ID] = true
	c.sums = append(c.sums, d.sum)
	c.set.rules = append(c.set.rules, rule)
	c.set.fallback.rules = append(c.set.fallback.rules, routed{hit: c.hit(), root: root})
	c.route(d)
}

// route compiles the rule once more for every source that it applies to, with the paths of that source.
func (c *compiler) route(d *Document) {
	applies := len(c.options.Sources) == 0
	for _, s := range c.options.Sources {
		if !c.rule.Source.Covers(s.LogSource) {
			continue
		}
		applies, c.silent = true, true
		root, p := c.lower(d, s.Paths)
		if p != nil { // the first compilation would have failed too
			continue
		}
		prog := c.set.programs[s.LogSource]
		prog.rules = append(prog.rules, routed{hit: c.hit(), root: root})
	}
	if !applies {
		c.silent = false
		c.warn(child(d.root, "logsource"), "the rule applies to none of the configured log sources")
	}
}

// hit prepares what is returned when the rule fires, with the paths of the source at hand.
func (c *compiler) hit() Hit {
	h := Hit{Rule: c.rule}
	for _, name := range c.rule.Fields {
		h.Fields = append(h.Fields, Field{Name: name, Paths: c.resolve(name)})
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
	p := at(n, "", format, args...)
	p.Warning = true
	c.report(p)
}

func (c *compiler) lower(d *Document, mapper func(string) []Path) (node, *Problem) {
	c.mapper = mapper
	detection := child(d.root, "detection")
	if detection.Kind != yaml.MappingNode {
		return node{}, at(detection, "search identifiers and a condition", "detection is not a mapping")
	}
	searches, names := map[string]node{}, []string(nil)
	for i := 0; i+1 < len(detection.Content); i += 2 {
		key := detection.Content[i]
		switch key.Value {
		case "condition":
			continue
		case "timeframe":
			return node{}, at(key, "a correlation document with timespan", "timeframe was removed from Sigma")
		}
		n, p := c.lowerSearch(detection.Content[i+1])
		if p != nil {
			return node{}, p
		}
		searches[key.Value], names = n, append(names, key.Value)
	}
	root, used, p := c.lowerConditions(detection, searches, names)
	if p != nil {
		return node{}, p
	}
	for i := 0; i+1 < len(detection.Content); i += 2 {
		if key := detection.Content[i]; key.Value != "condition" && !used[key.Value] {
			c.warn(key, "the condition never uses %q", key.Value)
		}
	}
	return root, nil
}

// lowerConditions joins the conditions; a list of them is an "or".
func (c *compiler) lowerConditions(detection *yaml.Node, searches map[string]node, names []string) (node, map[string]bool, *Problem) {
	n := child(detection, "condition")
	if n == nil {
		return node{}, nil, at(detection, "condition: how the identifiers combine", "the detection has no condition")
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
