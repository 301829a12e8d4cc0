package sigma

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxExpanded bounds the texts that one value with placeholders becomes.
const maxExpanded = 10_000

var placeholder = regexp.MustCompile(`\\%|%[A-Za-z0-9_.-]+%`)

// expand puts the values of placeholders in. A placeholder without values refuses the rule.
func (c *compiler) expand(m modifiers, v *yaml.Node) ([]string, *Problem) {
	if len(m.steps) == 0 || m.steps[0] != "expand" {
		return []string{v.Value}, nil
	}
	texts, from := []string{""}, 0
	add := func(pieces ...string) {
		var next []string
		for _, t := range texts {
			for _, p := range pieces {
				next = append(next, t+p)
			}
		}
		texts = next
	}
	for _, at0 := range placeholder.FindAllStringIndex(v.Value, -1) {
		add(v.Value[from:at0[0]])
		name := v.Value[at0[0]:at0[1]]
		from = at0[1]
		if name == `\%` {
			add("%")
			continue
		}
		values := c.options.Placeholders[strings.Trim(name, "%")]
		if len(values) == 0 {
			return nil, at(v, "a placeholder that the configuration defines", "nothing is known of the placeholder %s", name)
		}
		if len(texts)*len(values) > maxExpanded {
			return nil, at(v, "fewer placeholders in one value", "the value becomes more than %d values", maxExpanded)
		}
		add(values...)
	}
	add(v.Value[from:])
	return texts, nil
}
