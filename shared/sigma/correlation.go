package sigma

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Correlation is a rule over what other rules found. It is checked here and executed elsewhere.
type Correlation struct {
	*Rule
	Type       CorrelationType
	Rules      []string // ids or names, as written; all are rules or correlations of the set
	GroupBy    []string // fields or aliases; empty is one group
	Timespan   time.Duration
	Conditions []Comparison // of the count or value; all must hold
	Expression string       // of temporal types: names of rules joined by and, or, not; "" is all of them
	Field      []string     // of the types over values
	Percentile float64      // of value_percentile, 0 to 100
	Aliases    map[string]map[string]string
	Generate   bool // the rules alert by themselves too
}

// Comparison is an operator of a correlation's condition with its operand: gt, gte, lt, lte, eq or neq.
type Comparison struct {
	Op    string
	Value float64
}

// CorrelationType names what a correlation computes.
type CorrelationType string

// The types of correlations.
const (
	EventCount      CorrelationType = "event_count"
	ValueCount      CorrelationType = "value_count"
	Temporal        CorrelationType = "temporal"
	TemporalOrdered CorrelationType = "temporal_ordered"
	ValueSum        CorrelationType = "value_sum"
	ValueAvg        CorrelationType = "value_avg"
	ValuePercentile CorrelationType = "value_percentile"
	ValueMedian     CorrelationType = "value_median"
)

var correlationTypes = []CorrelationType{EventCount, ValueCount, Temporal, TemporalOrdered, ValueSum, ValueAvg, ValuePercentile, ValueMedian}

func (t CorrelationType) temporal() bool { return t == Temporal || t == TemporalOrdered }

func (t CorrelationType) overValues() bool { return strings.HasPrefix(string(t), "value_") }

// readCorrelation reads and checks what a document says by itself.
func readCorrelation(d *Document) (*Correlation, *Problem) {
	r, p := readMeta(d)
	c := &Correlation{Rule: r}
	if p != nil {
		return c, p
	}
	n := child(d.root, "correlation")
	if n.Kind != yaml.MappingNode {
		return c, at(n, "type, rules, timespan and condition", "correlation is not a mapping")
	}
	if g := child(d.root, "generate"); g != nil {
		c.Generate = strings.EqualFold(g.Value, "true")
	}
	for _, read := range []func(*yaml.Node) *Problem{c.readType, c.readLists, c.readTimespan, c.readCondition, c.readAliases} {
		if p := read(n); p != nil {
			return c, p
		}
	}
	return c, nil
}

func (c *Correlation) readType(n *yaml.Node) *Problem {
	t := child(n, "type")
	if t == nil {
		return at(n, "type: event_count and so on", "the correlation has no type")
	}
	c.Type = CorrelationType(t.Value)
	if !slices.Contains(correlationTypes, c.Type) {
		return at(t, "event_count, value_count, temporal, temporal_ordered, value_sum, value_avg, value_percentile or value_median",
			"unknown type %q", t.Value)
	}
	return nil
}

func (c *Correlation) readLists(n *yaml.Node) *Problem {
	rules := child(n, "rules")
	if rules == nil {
		return at(n, "rules: ids or names of rules", "the correlation names no rules")
	}
	if c.Rules = scalarTexts(rules); len(c.Rules) == 0 {
		return at(rules, "ids or names of rules", "the correlation names no rules")
	}
	for i, r := range c.Rules {
		if slices.Contains(c.Rules[:i], r) {
			return at(rules, "every rule once", "the rule %q is named twice", r)
		}
	}
	if g := child(n, "group-by"); g != nil {
		c.GroupBy = scalarTexts(g)
	}
	return nil
}

// units are the lengths of the letters of a timespan.
var units = map[byte]time.Duration{
	's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour,
	'M': 2_629_746 * time.Second, 'y': 31_556_952 * time.Second,
}

func (c *Correlation) readTimespan(n *yaml.Node) *Problem {
	t := child(n, "timespan")
	if t == nil {
		return at(n, "timespan: a number with s, m, h or d", "the correlation has no timespan")
	}
	if len(t.Value) > 1 {
		unit := units[t.Value[len(t.Value)-1]]
		count, err := strconv.ParseInt(t.Value[:len(t.Value)-1], 10, 32)
		if err == nil && unit > 0 && count > 0 && count <= int64(math.MaxInt64)/int64(unit) {
			c.Timespan = time.Duration(count) * unit
			return nil
		}
	}
	return at(t, "a number from 1 with s, m, h, d, w, M or y, such as 15m", "%q is no timespan", t.Value)
}

var comparisons = []string{"gt", "gte", "lt", "lte", "eq", "neq"}

func (c *Correlation) readCondition(n *yaml.Node) *Problem {
	cond := child(n, "condition")
	switch {
	case cond == nil && c.Type.temporal():
		return nil
	case cond == nil:
		return at(n, "condition: an operator and a number", "the correlation has no condition")
	case cond.Kind == yaml.ScalarNode && c.Type.temporal():
		c.Expression = cond.Value
		return c.checkExpression(cond)
	case cond.Kind != yaml.MappingNode:
		return at(cond, "a mapping such as gte: 10", "the condition is not a mapping")
	}
	percentile := false
	for i := 0; i+1 < len(cond.Content); i += 2 {
		key, v := cond.Content[i], deref(cond.Content[i+1])
		if key.Value == "field" {
			if c.Field = scalarTexts(v); len(c.Field) > 1 && c.Type != ValueCount {
				return at(v, "one field", "%s takes one field", c.Type)
			}
			continue
		}
		num, ok := yamlNumber(v)
		if v.Kind != yaml.ScalarNode || !ok {
			return at(v, "a number", "%q is no number", v.Value)
		}
		switch {
		case key.Value == "percentile":
			percentile, c.Percentile = true, num.f
			if num.f < 0 || num.f > 100 {
				return at(v, "0 to 100", "the percentile is out of range")
			}
		case slices.Contains(comparisons, key.Value):
			c.Conditions = append(c.Conditions, Comparison{key.Value, num.f})
		default:
			return at(key, "gt, gte, lt, lte, eq, neq, field or percentile", "unknown key %q", key.Value)
		}
	}
	switch {
	case len(c.Conditions) == 0:
		return at(cond, "one of gt, gte, lt, lte, eq, neq", "the condition compares with nothing")
	case len(c.Conditions) > 2:
		return at(cond, "one operator, or two for a range", "the condition has more than two operators")
	case c.Type.overValues() && len(c.Field) == 0:
		return at(cond, "field: the field whose values count", "%s needs a field", c.Type)
	case c.Type == ValuePercentile && !percentile:
		return at(cond, "percentile: 0 to 100", "value_percentile needs a percentile")
	}
	return nil
}

func (c *Correlation) readAliases(n *yaml.Node) *Problem {
	a := child(n, "aliases")
	if a == nil {
		return nil
	}
	if a.Kind != yaml.MappingNode {
		return at(a, "alias: {rule: field}", "aliases is not a mapping")
	}
	c.Aliases = map[string]map[string]string{}
	for i := 0; i+1 < len(a.Content); i += 2 {
		fields := deref(a.Content[i+1])
		if fields.Kind != yaml.MappingNode {
			return at(fields, "{rule: field}", "the alias %q is not a mapping", a.Content[i].Value)
		}
		m := map[string]string{}
		for k := 0; k+1 < len(fields.Content); k += 2 {
			rule := fields.Content[k]
			if !slices.Contains(c.Rules, rule.Value) {
				return at(rule, "one of the correlation's rules", "the alias names %q, which is not listed", rule.Value)
			}
			m[rule.Value] = scalarText(deref(fields.Content[k+1]))
		}
		c.Aliases[a.Content[i].Value] = m
	}
	return nil
}

// checkExpression checks that a condition over rules uses all that are listed and no others.
func (c *Correlation) checkExpression(n *yaml.Node) *Problem {
	used := map[string]bool{}
	cond := condition{
		text: n.Value, names: c.Rules, used: used,
		lookup: func(name string) (node, bool) { return node{}, slices.Contains(c.Rules, name) },
		warn:   func(int, string, ...any) {},
	}
	if _, err := cond.parse(); err != nil {
		ce := err.(*conditionError)
		return at(within(n, ce.at), ce.want, "%s", ce.message)
	}
	for _, r := range c.Rules {
		if !used[r] {
			return at(n, "every listed rule in the condition", "the condition never uses %q", r)
		}
	}
	return nil
}

// addCorrelations checks the correlations against the whole collection and keeps those whose rules are all there.
func (c *compiler) addCorrelations(docs []Document) {
	type entry struct {
		*Correlation
		doc *Document
	}
	var all []entry
	for i := range docs {
		d := &docs[i]
		if d.Kind != KindCorrelation {
			continue
		}
		corr, p := readCorrelation(d)
		c.rule, c.silent = corr.Rule, false
		if p == nil && corr.ID != "" && c.ids[corr.ID] {
			p = at(child(d.root, "id"), "an id of its own", "the id %s is taken by another rule", corr.ID)
		}
		if p != nil {
			c.report(p)
			continue
		}
		if corr.ID != "" {
			c.ids[corr.ID] = true
		}
		all = append(all, entry{corr, d})
	}
	known := func(name string) bool { return c.ids[name] || c.names[name] }
	for _, e := range all {
		delete(c.ids, e.ID) // known again once all of its rules are
	}
	for progress := true; progress; {
		progress = false
		all = slices.DeleteFunc(all, func(e entry) bool {
			for _, r := range e.Rules {
				if !known(r) {
					return false
				}
			}
			if progress = true; e.ID != "" {
				c.ids[e.ID] = true
			}
			if e.Name != "" {
				c.names[e.Name] = true
			}
			c.set.correlations = append(c.set.correlations, e.Correlation)
			c.sums = append(c.sums, e.doc.sum)
			return true
		})
	}
	for _, e := range all {
		i := slices.IndexFunc(e.Rules, func(r string) bool { return !known(r) })
		c.rule = e.Rule
		c.report(at(child(child(e.doc.root, "correlation"), "rules"), "ids or names of rules that are loaded, without a cycle",
			"the rule %q is not known, or refers back to this one", e.Rules[i]))
	}
}
