package sigma

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

var (
	dateForm     = regexp.MustCompile(`^\d{4}[-/](0?[1-9]|1[012])[-/](0?[1-9]|[12][0-9]|3[01])$`)
	tagForm      = regexp.MustCompile(`^[a-z0-9_-]+\.[a-z0-9._-]+$`)
	statuses     = words("stable test experimental deprecated unsupported")
	levels       = words("informational low medium high critical")
	relatedTypes = words("derived obsolete obsoletes merged renamed similar correlation")
)

func words(list string) map[string]bool {
	m := map[string]bool{"": true}
	for w := range strings.FieldsSeq(list) {
		m[w] = true
	}
	return m
}

// checkMeta warns of metadata that the published schemas do not allow. No rule fails over it.
func (c *compiler) checkMeta(d *Document) {
	text := func(key string) (*yaml.Node, string) {
		if n := child(d.root, key); n != nil {
			return n, scalarText(n)
		}
		return d.root, ""
	}
	if n, v := text("title"); len([]rune(v)) > 256 {
		c.warnWant(n, "at most 256 characters", "the title is too long")
	}
	if n, v := text("status"); !statuses[strings.ToLower(v)] {
		c.warnWant(n, "stable, test, experimental, deprecated or unsupported", "unknown status %q", v)
	}
	if n, v := text("level"); !levels[strings.ToLower(v)] {
		c.warnWant(n, "informational, low, medium, high or critical", "unknown level %q", v)
	}
	for _, key := range []string{"date", "modified"} {
		if n, v := text(key); v != "" && !dateForm.MatchString(v) {
			c.warnWant(n, "YYYY-MM-DD", "%q is no date", v)
		}
	}
	c.checkTags(child(d.root, "tags"))
	c.checkRelated(child(d.root, "related"))
}

func (c *compiler) checkTags(n *yaml.Node) {
	if n == nil || n.Kind != yaml.SequenceNode {
		return
	}
	seen := map[string]bool{}
	for _, t := range n.Content {
		switch t = deref(t); {
		case t.Kind != yaml.ScalarNode:
		case !tagForm.MatchString(strings.ToLower(t.Value)):
			c.warnWant(t, "such as attack.t1078", "the tag %q is not of the form namespace.name", t.Value)
		case seen[t.Value]:
			c.warnWant(t, "every tag once", "the tag %q occurs twice", t.Value)
		}
		seen[t.Value] = true
	}
}

func (c *compiler) checkRelated(n *yaml.Node) {
	if n == nil || n.Kind != yaml.SequenceNode {
		return
	}
	for _, r := range n.Content {
		if r = deref(r); r.Kind != yaml.MappingNode {
			continue
		}
		if t := child(r, "type"); t != nil && !relatedTypes[scalarText(t)] {
			c.warnWant(t, "derived, obsolete, merged, renamed or similar", "unknown type %q", t.Value)
		}
	}
}
