package deploy

import (
	"fmt"
	"regexp"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

// pending stands for a value that is not known yet: an output of a resource that was not deployed, or anything that
// comes from outside while only the file is checked.
type pending struct{}

// renderer replaces the expressions of fc.md §5.2.
type renderer struct {
	m       *manifest
	env     map[string]string
	access  map[string]Access
	outputs map[string]map[string]string // by resource
	offline bool                         // what comes from outside is pending
	early   bool                         // outputs are pending

	vars    any
	current *resource
	lines   map[string]int // of the keys of the current resource, by path
	stack   []string       // expressions being rendered, against endless references
	aliases int
}

const maxNodes = 100_000 // visited nodes of one resource, so that aliases cannot grow without end

// props renders the properties of a resource.
func (r *renderer) props(res *resource) (map[string]any, error) {
	r.current, r.lines, r.aliases = res, map[string]int{}, 0
	if r.vars == nil && r.m.vars != nil {
		global := &resource{name: "vars", access: r.m.access, props: r.m.vars, line: r.m.vars.Line}
		r.current = global
		v, err := r.node(r.m.vars, "vars")
		if err != nil {
			return nil, err
		}
		r.vars, r.current, r.lines = v, res, map[string]int{}
	}
	v, err := r.node(res.props, "props")
	if err != nil {
		return nil, err
	}
	return v.(map[string]any), nil
}

func (r *renderer) node(n *yaml.Node, path string) (any, error) {
	n = follow(n)
	if r.aliases++; r.aliases > maxNodes {
		return nil, r.m.fault(n.Line, r.current.name, path, "too many nodes")
	}
	if r.lines[path] == 0 {
		r.lines[path] = n.Line
	}
	switch n.Kind {
	case yaml.MappingNode:
		out := map[string]any{}
		for key, value := range pairs(n) {
			if len(path) > 1000 {
				return nil, r.m.fault(n.Line, r.current.name, path, "nested too deeply")
			}
			v, err := r.node(value, path+"."+key.Value)
			if err != nil {
				return nil, err
			}
			out[key.Value] = v
		}
		return out, nil
	case yaml.SequenceNode:
		out := []any{}
		for i, item := range n.Content {
			v, err := r.node(item, fmt.Sprintf("%s[%d]", path, i))
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	}
	if n.Tag == "!!str" {
		v, err := r.text(n.Value)
		if err != nil {
			return nil, r.m.fault(n.Line, r.current.name, path, err.Error())
		}
		return v, nil
	}
	var v any
	if err := n.Decode(&v); err != nil {
		return nil, r.m.fault(n.Line, r.current.name, path, err.Error())
	}
	return v, nil
}

var expression = regexp.MustCompile(`\$\{([^{}]*)\}`)

// text replaces the expressions of a text. A text that is one expression takes the type of its value.
func (r *renderer) text(s string) (any, error) {
	found := expression.FindAllStringSubmatchIndex(s, -1)
	if len(found) == 1 && found[0][0] == 0 && found[0][1] == len(s) {
		return r.eval(s[2 : len(s)-1])
	}
	var b strings.Builder
	last, open := 0, false
	for _, at := range found {
		v, err := r.eval(s[at[2]:at[3]])
		if err != nil {
			return nil, err
		}
		switch v.(type) {
		case pending:
			open = true
		case map[string]any, []any:
			return nil, fmt.Errorf("${%s} is not a single value", s[at[2]:at[3]])
		}
		b.WriteString(s[last:at[0]])
		fmt.Fprint(&b, v)
		last = at[1]
	}
	if open {
		return pending{}, nil
	}
	return b.String() + s[last:], nil
}

var callForm = regexp.MustCompile(`^(\w+)\(\s*(?:'([^']*)'|"([^"]*)")\s*(?:,\s*(?:'([^']*)'|"([^"]*)")\s*)?\)$`)

// eval evaluates what stands between ${ and }.
func (r *renderer) eval(e string) (any, error) {
	e = strings.TrimSpace(e)
	for _, outer := range r.stack {
		if outer == r.current.name+" "+e {
			return nil, fmt.Errorf("${%s} refers to itself", e)
		}
	}
	r.stack = append(r.stack, r.current.name+" "+e)
	defer func() { r.stack = r.stack[:len(r.stack)-1] }()
	if m := callForm.FindStringSubmatch(e); m != nil {
		hasDefault := strings.Contains(e, ",")
		return r.call(m[1], m[2]+m[3], m[4]+m[5], hasDefault)
	}
	head, rest, _ := strings.Cut(e, ".")
	switch head {
	case "vars":
		return pick(r.vars, rest, e)
	case "this":
		return r.self(r.current, rest, e)
	case "resources":
		name, rest, _ := strings.Cut(rest, ".")
		if output, ok := strings.CutPrefix(rest, "output."); ok {
			return r.output(name, output, e)
		}
		for _, res := range r.m.resources {
			if res.name == name {
				return r.self(res, rest, e)
			}
		}
		return nil, fmt.Errorf("${%s}: there is no resource %s", e, name)
	}
	return nil, fmt.Errorf("${%s} is not an expression that this deployer offers", e)
}

func (r *renderer) call(name, arg, def string, hasDefault bool) (any, error) {
	switch name {
	case "env":
		if v, ok := r.env[arg]; ok {
			return v, nil
		}
		if hasDefault {
			return def, nil
		}
		if r.offline {
			return pending{}, nil
		}
		return nil, fmt.Errorf("environment variable %s is not set and has no default", arg)
	case "config":
		if arg != "AccountID" {
			return nil, fmt.Errorf("config('%s') is not offered: only AccountID", arg)
		}
		if r.offline {
			return pending{}, nil
		}
		if a, ok := r.access[r.current.access]; ok && a.AccountID != "" {
			return a.AccountID, nil
		}
		return nil, fmt.Errorf("config('AccountID'): there are no credentials for access %q", r.current.access)
	}
	return nil, fmt.Errorf("%s(…) is not a function that this deployer offers", name)
}

func (r *renderer) output(resource, key, e string) (any, error) {
	outputs, ran := r.outputs[resource]
	switch v, ok := outputs[key]; {
	case ok:
		return v, nil
	case r.early || r.offline:
		return pending{}, nil
	case !ran:
		return nil, fmt.Errorf("${%s}: resource %s was not deployed by this run", e, resource)
	}
	return nil, fmt.Errorf("${%s}: resource %s has no output %s", e, resource, key)
}

// self finds this.x or resources.R.x; props are rendered where they stand.
func (r *renderer) self(res *resource, path, e string) (any, error) {
	switch head, rest, _ := strings.Cut(path, "."); head {
	case "name":
		return res.name, nil
	case "component":
		return res.component, nil
	case "access":
		return res.access, nil
	case "props":
		n := follow(res.props)
		for part := range strings.SplitSeq(rest, ".") {
			var next *yaml.Node
			for key, value := range pairs(n) {
				if key.Value == part {
					next = follow(value)
				}
			}
			if next == nil {
				return nil, fmt.Errorf("${%s}: there is no such property", e)
			}
			n = next
		}
		current, lines := r.current, r.lines
		r.current, r.lines = res, map[string]int{}
		defer func() { r.current, r.lines = current, lines }()
		return r.node(n, "props."+rest)
	}
	return nil, fmt.Errorf("${%s} is not an expression that this deployer offers", e)
}

func pick(v any, path, e string) (any, error) {
	for part := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("${%s} has no value", e)
		}
		if v, ok = m[part]; !ok {
			return nil, fmt.Errorf("${%s} has no value", e)
		}
	}
	return v, nil
}

var outputReference = regexp.MustCompile(`\$\{\s*resources\.([\w-]+)\.output\.`)

// order sorts the resources: only output references reorder, otherwise the order of the file holds (fc.md §5.2).
func (m *manifest) order() ([]*resource, error) {
	byName, state := map[string]*resource{}, map[string]int{}
	for _, r := range m.resources {
		byName[r.name] = r
	}
	var out []*resource
	var visit func(r *resource) error
	visit = func(r *resource) error {
		switch state[r.name] {
		case 1:
			return m.fault(r.line, r.name, "", "output references form a circle")
		case 2:
			return nil
		}
		state[r.name] = 1
		for _, name := range m.needs(r) {
			if byName[name] == nil {
				return m.fault(r.line, r.name, "", "refers to an output of "+name+", which does not exist")
			}
			if err := visit(byName[name]); err != nil {
				return err
			}
		}
		state[r.name] = 2
		out = append(out, r)
		return nil
	}
	for _, r := range m.resources {
		if err := visit(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// needs lists the resources whose outputs the text of a resource names, sorted.
func (m *manifest) needs(r *resource) []string {
	text, err := yaml.Marshal(r.props)
	if err != nil {
		return nil
	}
	set := map[string]bool{}
	for _, match := range outputReference.FindAllStringSubmatch(string(text), -1) {
		set[match[1]] = true
	}
	var names []string
	for name := range set {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
