package catalog

import "strings"

// Match finds the template that a member's Logstore belongs to.
func (c *Catalog) Match(project, logstore, uid, region string) (Template, bool) {
	for _, t := range c.templates {
		if t.Matches(project, logstore, uid, region) {
			return t, true
		}
	}
	return Template{}, false
}

// Matches tells whether a member's Logstore belongs to the template.
func (t Template) Matches(project, logstore, uid, region string) bool {
	for _, p := range t.Stores {
		if glob(p.fill(p.Project, uid, region), project) && glob(p.fill(p.Logstore, uid, region), logstore) {
			return true
		}
	}
	return false
}

// MatchesProject tells whether a project may hold Logstores of the template.
func (t Template) MatchesProject(project, uid, region string) bool {
	for _, p := range t.Stores {
		if glob(p.fill(p.Project, uid, region), project) {
			return true
		}
	}
	return false
}

// Expected returns the default names of an account's Logstores in a region; a name that its owner chooses has a "*".
func (t Template) Expected(uid, region string) []Pattern {
	out := make([]Pattern, len(t.Stores))
	for i, p := range t.Stores {
		out[i] = Pattern{p.fill(p.Project, uid, region), p.fill(p.Logstore, uid, region)}
	}
	return out
}

func (Pattern) fill(s, uid, region string) string {
	return strings.NewReplacer("<uid>", uid, "<region>", region).Replace(s)
}

// glob matches name with a pattern in which "*" is any run of characters, in time len(pattern) × len(name).
func glob(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	name, ok := strings.CutPrefix(name, parts[0])
	if !ok {
		return false
	}
	last := parts[len(parts)-1]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(name, p)
		if i < 0 {
			return false
		}
		name = name[i+len(p):]
	}
	return strings.HasSuffix(name, last)
}
