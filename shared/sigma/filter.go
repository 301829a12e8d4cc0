package sigma

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// filter narrows rules: a rule that it applies to fires only where the filter's condition holds too. The text of the
// specification reads both ways; its condition is taken literally, so that an exclusion is written with "not".
type filter struct {
	*Rule
	section *yaml.Node
	rules   []string // ids or names
	any     bool     // all rules of the log source
	used    bool
}

// addFilter checks a filter document.
func (c *compiler) addFilter(d *Document) {
	c.silent = false
	rule, p := readRule(d)
	c.rule = rule
	f := &filter{Rule: rule, section: child(d.root, "filter")}
	if p == nil {
		p = f.read()
	}
	if p == nil {
		c.sections[f.section] = true
		c.use(nil, c.plain)
		_, p = c.lower(f.section)
	}
	if p != nil {
		c.report(p)
		return
	}
	if n := child(f.section, "condition"); n.Kind == yaml.ScalarNode && !slices.Contains(strings.Fields(strings.ToLower(strings.NewReplacer("(", " ").Replace(n.Value))), "not") {
		c.warn(n, "the condition has no \"not\": the rules fire only on what it describes")
	}
	c.filters = append(c.filters, f)
	c.sums = append(c.sums, d.sum)
}

// read reads which rules the filter names.
func (f *filter) read() *Problem {
	if f.section.Kind != yaml.MappingNode {
		return at(f.section, "rules, search identifiers and a condition", "filter is not a mapping")
	}
	n := child(f.section, "rules")
	switch {
	case n == nil:
		return at(f.section, "rules: ids or names of rules, or any", "the filter names no rules")
	case n.Kind == yaml.ScalarNode && strings.EqualFold(n.Value, "any"), n.Kind == yaml.SequenceNode && len(n.Content) == 0:
		f.any = true
		return nil
	}
	if f.rules = scalarTexts(n); len(f.rules) == 0 {
		return at(n, "ids or names of rules, or any", "the filter names no rules")
	}
	return nil
}

func (f *filter) appliesTo(r *Rule) bool {
	named := f.any || r.ID != "" && slices.Contains(f.rules, r.ID) || r.Name != "" && slices.Contains(f.rules, r.Name)
	return named && f.Source.Covers(r.Source)
}

// checkFilters warns of filters that do nothing.
func (c *compiler) checkFilters() {
	for _, f := range c.filters {
		if !f.used {
			c.rule, c.silent = f.Rule, false
			c.warn(f.section, "the filter applies to none of the rules")
		}
	}
}
