package sigma

import (
	"net/netip"
	"strings"

	"go.yaml.in/yaml/v3"
)

// lowerSearch turns a search identifier into a tree: a mapping is all of its entries, a list is any of its members,
// a scalar is a keyword.
func (c *compiler) lowerSearch(n *yaml.Node) (node, *Problem) {
	n = deref(n)
	switch n.Kind {
	case yaml.MappingNode:
		if len(n.Content) == 0 {
			return node{}, at(n, "field: value", "the mapping is empty")
		}
		var kids []node
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, p := c.lowerItem(n.Content[i], deref(n.Content[i+1]))
			if p != nil {
				return node{}, p
			}
			kids = append(kids, k)
		}
		return join(and, kids...), nil
	case yaml.SequenceNode:
		if len(n.Content) == 0 {
			return node{}, at(n, "mappings or keywords", "the list is empty")
		}
		var kids []node
		for _, member := range n.Content {
			k, p := c.lowerSearch(member)
			if p != nil {
				return node{}, p
			}
			kids = append(kids, k)
		}
		return join(or, kids...), nil
	default:
		return c.lowerValue("", modifiers{}, n)
	}
}

// lowerItem turns "field|modifiers: values" into a tree.
func (c *compiler) lowerItem(key, value *yaml.Node) (node, *Problem) {
	words := strings.Split(key.Value, "|")
	m, wrong, want := parseModifiers(words[1:])
	if want != "" {
		return node{}, at(key, want, "the modifier %q cannot be used here", wrong)
	}
	field := words[0]
	if field == "" && (m.class != "" && m.class != "re") {
		return node{}, at(key, "a field before the modifiers", "%q needs a field", m.class)
	}
	if strings.Count(field, ".") >= maxPaths {
		return node{}, at(key, "a field", "the name of the field has too many dots")
	}
	values := []*yaml.Node{value}
	switch value.Kind {
	case yaml.MappingNode:
		return node{}, at(value, "a value or a list of values", "the value of %q is a mapping", key.Value)
	case yaml.SequenceNode:
		values = value.Content
	default:
		if m.all {
			c.warn(key, "all has no effect on a single value")
		}
	}
	if len(values) == 0 { // an empty list is null, as in pySigma
		values = []*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!null", Line: value.Line, Column: value.Column}}
	}
	var kids []node
	for _, v := range values {
		v = deref(v)
		if v.Kind != yaml.ScalarNode {
			return node{}, at(v, "a plain value", "a list in a list of values")
		}
		if len(values) > 1 && isNull(v) {
			c.warn(v, "null stands in a list; it means: absent, null, or one of the others")
		}
		k, p := c.lowerValue(field, m, v)
		if p != nil {
			return node{}, p
		}
		kids = append(kids, k)
	}
	o := or
	if m.all {
		o = and
	}
	n := join(o, kids...)
	if m.negated {
		n = negate(n)
	}
	return n, nil
}

// lowerValue turns one value into a tree; more than one predicate comes of expand and base64offset.
func (c *compiler) lowerValue(field string, m modifiers, v *yaml.Node) (node, *Problem) {
	base := predicate{}
	if field != "" {
		base.paths = c.fieldPaths(field)
	}
	if isNull(v) {
		if field == "" || m.class != "" || len(m.steps) > 0 {
			return node{}, at(v, "a value", "null cannot be used here")
		}
		base.kind = isNullOrAbsent
		return c.leaf(base), nil
	}
	switch m.class {
	case "exists":
		if v.ShortTag() != "!!bool" {
			return node{}, at(v, "true or false", "exists with the value %q", v.Value)
		}
		base.kind, base.want = present, strings.EqualFold(v.Value, "true")
		return c.leaf(base), nil
	case "fieldref":
		if strings.Count(v.Value, ".") >= maxPaths {
			return node{}, at(v, "a field", "the name of the field has too many dots")
		}
		base.kind, base.rare, base.fold, base.shape = other, &rare{ref: c.fieldPaths(v.Value)}, !m.cased, m.shape()
		return c.leaf(base), nil
	case "":
		if len(m.steps) == 0 && field != "" {
			if n, ok := c.typed(base, v); ok {
				return n, nil
			}
		}
	}
	texts, p := c.expand(m, v)
	if p != nil {
		return node{}, p
	}
	var kids []node
	for _, t := range texts {
		k, p := c.lowerText(base, m, v, t)
		if p != nil {
			return node{}, p
		}
		kids = append(kids, k)
	}
	return join(or, kids...), nil
}

// typed handles numbers and booleans, which compare by value.
func (c *compiler) typed(base predicate, v *yaml.Node) (node, bool) {
	switch v.ShortTag() {
	case "!!bool":
		base.kind, base.want = boolean, strings.EqualFold(v.Value, "true")
	case "!!int", "!!float":
		num, ok := yamlNumber(v)
		if !ok {
			return node{}, false
		}
		base.kind, base.rare = numeral, &rare{num: num, text: []byte(foldString(v.Value))}
	default:
		return node{}, false
	}
	return c.leaf(base), true
}

// yamlNumber returns the value of a YAML number, also of one that is not decimal.
func yamlNumber(v *yaml.Node) (number, bool) {
	if n, ok := parseNumber([]byte(v.Value)); ok {
		return n, true
	}
	var i int64
	if v.Decode(&i) == nil {
		return number{i: i, f: float64(i), whole: true}, true
	}
	var f float64
	err := v.Decode(&f)
	return number{f: f}, err == nil && f == f
}

// lowerText compiles one text as the class asks for.
func (c *compiler) lowerText(base predicate, m modifiers, v *yaml.Node, t string) (node, *Problem) {
	switch m.class {
	case "re":
		re, err := compileRegex(t, m)
		if err != nil {
			return node{}, at(v, "a regular expression without look-around and back-references", "%v", err)
		}
		base.kind, base.rare = regex, &rare{re: re}
	case "cidr":
		net, ok := parseNetwork(t)
		if !ok {
			return node{}, at(v, "a network such as 192.0.2.0/24", "%q is no network", t)
		}
		if net != net.Masked() {
			c.warn(v, "%q has bits set after its length; they are ignored", t)
		}
		base.kind, base.rare = network, &rare{net: net.Masked()}
	case "number":
		num, ok := parseNumber([]byte(t))
		if !ok {
			return node{}, at(v, "a decimal number", "%q is no number", t)
		}
		base.kind, base.rel, base.rare, base.part = measure, m.rel, &rare{num: num}, m.part
		if m.part != noPart {
			base.kind = moment
		}
	default:
		return c.lowerPattern(base, m, v, t)
	}
	return c.leaf(base), nil
}

// parseNetwork reads a network, or an address, which is a network of one. Addresses of IPv4 within IPv6 are unmapped, as those of
// events are.
func parseNetwork(t string) (netip.Prefix, bool) {
	net, err := netip.ParsePrefix(t)
	if err != nil {
		a, err := netip.ParseAddr(t)
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), err == nil && a.Zone() == ""
	}
	if a := net.Addr(); a.Is4In6() && net.Bits() >= 96 {
		net = netip.PrefixFrom(a.Unmap(), net.Bits()-96)
	}
	return net, true
}

func (c *compiler) lowerPattern(base predicate, m modifiers, v *yaml.Node, t string) (node, *Problem) {
	patterns := []pattern{parsePattern(t)}
	if strings.HasSuffix(t, `\*`) && !strings.HasSuffix(t, `\\*`) {
		c.warn(v, `the value ends with a literal star; write \\* for a backslash and a wildcard`)
	}
	for _, step := range m.steps {
		if step == "expand" {
			continue
		}
		var next []pattern
		for _, p := range patterns {
			made, err := transforms[step](p)
			if err != nil {
				return node{}, at(v, "a longer text without * and ?", "%s: %v", step, err)
			}
			next = append(next, made...)
		}
		patterns = next
	}
	base.kind = text
	var kids []node
	for _, p := range patterns {
		if base.paths.len() == 0 {
			p = p.open(true, true)
		}
		base.glob = newGlob(p, m.cased)
		kids = append(kids, c.leaf(base))
	}
	return join(or, kids...), nil
}
