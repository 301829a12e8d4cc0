package sigma

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// Rule is what a detection rule says about itself, as written. Metadata of an unexpected shape is left out; only the title, the level,
// the taxonomy and the log source can make a rule fail.
type Rule struct {
	ID             string
	Name           string
	Title          string
	Description    string
	Status         string
	Level          string // informational, low, medium, high, critical, or "" when the rule is silent
	Author         string
	Date           string
	Modified       string
	Tags           []string
	Fields         []string // fields to show to the analyst
	FalsePositives []string
	References     []string
	Source         LogSource
	Custom         map[string]string // top-level keys that the specification does not know and that are plain text
	File           string
	Line           int
}

// readRule reads the metadata of a document that has a log source.
func readRule(d *Document) (*Rule, *Problem) {
	r, p := readMeta(d)
	if p == nil {
		p = readLogSource(d.root, &r.Source)
	}
	return r, p
}

// readMeta reads the metadata. Only what evaluation needs can fail: title and taxonomy.
func readMeta(d *Document) (*Rule, *Problem) {
	r := &Rule{File: d.File, Line: d.Line}
	plain := map[string]*string{
		"id": &r.ID, "name": &r.Name, "title": &r.Title, "description": &r.Description, "status": &r.Status, "level": &r.Level,
		"author": &r.Author, "date": &r.Date, "modified": &r.Modified,
	}
	lists := map[string]*[]string{
		"tags": &r.Tags, "fields": &r.Fields, "falsepositives": &r.FalsePositives, "references": &r.References,
	}
	for i := 0; i+1 < len(d.root.Content); i += 2 {
		key, value := d.root.Content[i].Value, deref(d.root.Content[i+1])
		switch {
		case plain[key] != nil:
			*plain[key] = scalarText(value)
		case lists[key] != nil:
			*lists[key] = scalarTexts(value)
		case knownKeys[key]:
		case value.Kind == yaml.ScalarNode:
			if r.Custom == nil {
				r.Custom = map[string]string{}
			}
			r.Custom[strings.Clone(key)] = strings.Clone(value.Value)
		}
	}
	if r.Title == "" {
		return r, at(d.root, "title: a short sentence", "the rule has no title")
	}
	if r.Level = strings.ToLower(r.Level); !levels[r.Level] {
		r.Level = ""
	}
	if t := child(d.root, "taxonomy"); t != nil && t.Value != "" && t.Value != "sigma" {
		return r, at(t, "taxonomy: sigma", "the taxonomy %q cannot be mapped", t.Value)
	}
	return r, nil
}

var knownKeys = map[string]bool{
	"detection": true, "logsource": true, "related": true, "scope": true, "taxonomy": true, "license": true,
	"correlation": true, "filter": true, "generate": true,
}

func readLogSource(root *yaml.Node, l *LogSource) *Problem {
	n := child(root, "logsource")
	if n == nil || n.Kind != yaml.MappingNode {
		at0 := root
		if n != nil {
			at0 = n
		}
		return at(at0, "logsource with category, product or service", "the rule has no log source")
	}
	for key, to := range map[string]*string{"category": &l.Category, "product": &l.Product, "service": &l.Service} {
		if v := child(n, key); v != nil && !isNull(v) {
			*to = strings.ToLower(scalarText(v))
		}
	}
	if *l == (LogSource{}) {
		return at(n, "at least one of category, product, service", "the log source names nothing")
	}
	return nil
}

// scalarText returns a copy: the value may be a part of the whole file, which must not be kept for its sake.
func scalarText(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || isNull(n) {
		return ""
	}
	return strings.Clone(n.Value)
}

// scalarTexts reads a list of texts; old rules write a single one.
func scalarTexts(n *yaml.Node) []string {
	if n.Kind != yaml.SequenceNode {
		if s := scalarText(n); s != "" {
			return []string{s}
		}
		return nil
	}
	var out []string
	for _, c := range n.Content {
		if s := scalarText(deref(c)); s != "" {
			out = append(out, s)
		}
	}
	return out
}
