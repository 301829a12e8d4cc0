package sigma

import (
	"slices"
	"strings"
)

// modifiers is what the part of a key after the field says, put in order.
type modifiers struct {
	steps   []string // expand and the changes to the value, in the order written
	class   string   // re, cidr, exists, fieldref, or number: how the value is compared; "" is as text
	flags   string   // of re
	rel     relation
	part    timePart
	all     bool
	cased   bool
	negated bool
}

var regexFlags = map[string]string{
	"i": "i", "m": "m", "s": "s", "ignorecase": "i", "multiline": "m", "dotall": "s",
}

// parseModifiers reads what follows the field in a key. The error text names the modifier.
func parseModifiers(words []string) (m modifiers, wrong, want string) {
	for i, w := range words {
		isPart, isRel := timeParts[w] != noPart, relations[w] != noRelation
		switch {
		case w == "all":
			m.all = true
		case w == "cased":
			m.cased = true
		case w == "neq":
			m.negated = true
		case w == "expand":
			if i != 0 {
				return m, w, "expand as the first modifier"
			}
			m.steps = append(m.steps, w)
		case w == "re" || w == "cidr" || w == "exists" || w == "fieldref":
			if m.class != "" {
				return m, w, "only one of re, cidr, exists, fieldref and numbers"
			}
			if w == "re" && slices.ContainsFunc(words[:i], func(s string) bool { return s != "expand" }) {
				return m, w, "re as the first modifier, or right after expand"
			}
			m.class = w
		case m.class == "re" && regexFlags[w] != "":
			m.flags += regexFlags[w]
		case isPart && m.class == "":
			m.class, m.part, m.rel = "number", timeParts[w], equal
		case isRel && (m.class == "" || m.class == "number" && m.part != noPart && m.rel == equal):
			m.class, m.rel = "number", relations[w]
		case transforms[w] != nil:
			m.steps = append(m.steps, w)
		default:
			return m, w, "a modifier of the Sigma specification that fits the ones before it"
		}
	}
	wrong, want = m.conflict()
	return m, wrong, want
}

// conflict names a modifier that cannot stand with the others.
func (m modifiers) conflict() (wrong, want string) {
	for _, s := range m.steps {
		switch {
		case m.class == "" || s == "expand" && m.class != "exists":
		case (m.class == "re" || m.class == "fieldref") && (s == "contains" || s == "startswith" || s == "endswith"):
		default:
			return s, "no " + s + " together with " + m.class
		}
	}
	if m.cased && (m.class == "cidr" || m.class == "exists" || m.class == "number" || strings.Contains(m.flags, "i")) {
		return "cased", "cased only on text"
	}
	if m.class == "exists" && (m.all || m.negated) {
		return "exists", "exists alone"
	}
	return "", ""
}

// shape is the relation that contains, startswith and endswith ask for.
func (m modifiers) shape() shape {
	s := exact
	for _, step := range m.steps {
		switch step {
		case "contains":
			s = contains
		case "startswith":
			s = prefix
		case "endswith":
			s = suffix
		}
	}
	return s
}
