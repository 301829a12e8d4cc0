package deploy

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// manifest is a parsed s.yaml. Nodes keep their lines.
type manifest struct {
	file      string
	name      string
	access    string
	vars      *yaml.Node
	resources []*resource // in the order of the file
	hooks     []Hook
}

// resource is one entry below resources.
type resource struct {
	name      string
	component string
	access    string
	line      int
	props     *yaml.Node
}

// Hook is an action of the file, such as a build before deploy. Hooks are listed, not run.
type Hook struct {
	Resource string // "" for the whole file
	When     string // pre-deploy, success-deploy …, as written
	Run      string // the shell line, plugin or component
	Path     string
}

// problem is a fault of the file at a line.
type problem struct {
	file     string
	line     int
	resource string
	key      string
	text     string
}

func (p *problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d: ", p.file, p.line)
	if p.resource != "" {
		fmt.Fprintf(&b, "resource %s: ", p.resource)
	}
	if p.key != "" {
		fmt.Fprintf(&b, "%s: ", p.key)
	}
	return b.String() + p.text
}

func load(file string) (*manifest, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read manifest: %w", err)
	}
	return parse(file, data)
}

// parse reads the outer structure; props stay nodes until they are rendered.
func parse(file string, data []byte) (*manifest, error) {
	m := &manifest{file: file}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, m.fault(doc.Line, "", "", "expected a mapping")
	}
	var errs []error
	edition := ""
	for key, value := range pairs(doc.Content[0]) {
		switch key.Value {
		case "edition":
			edition = value.Value
		case "name":
			m.name = value.Value
		case "access":
			m.access = value.Value
		case "vars":
			m.vars = value
		case "actions":
			m.hooks = append(m.hooks, hooks("", value)...)
		case "resources":
			errs = append(errs, m.parseResources(value)...)
		case "flow", "template", "extend":
			errs = append(errs, m.fault(key.Line, "", key.Value, "is not offered by this deployer"))
		default:
			errs = append(errs, m.fault(key.Line, "", key.Value, "unknown key"))
		}
	}
	if edition != "3.0.0" {
		errs = append(errs, m.fault(doc.Content[0].Line, "", "edition", fmt.Sprintf("must be 3.0.0, not %q", edition)))
	}
	if len(m.resources) == 0 && len(errs) == 0 {
		errs = append(errs, m.fault(doc.Content[0].Line, "", "resources", "there is none"))
	}
	return m, errors.Join(errs...)
}

func (m *manifest) fault(line int, resource, key, text string) *problem {
	return &problem{file: m.file, line: line, resource: resource, key: key, text: text}
}

func (m *manifest) parseResources(node *yaml.Node) (errs []error) {
	seen := map[string]bool{}
	for name, body := range pairs(node) {
		r := &resource{name: name.Value, line: name.Line, access: m.access}
		if seen[r.name] {
			errs = append(errs, m.fault(r.line, r.name, "", "is defined twice"))
		}
		seen[r.name] = true
		for key, value := range pairs(body) {
			switch key.Value {
			case "component":
				r.component = value.Value
			case "access":
				r.access = value.Value
			case "props":
				r.props = value
			case "actions":
				m.hooks = append(m.hooks, hooks(r.name, value)...)
			default:
				errs = append(errs, m.fault(key.Line, r.name, key.Value, "unknown key, or not offered by this deployer"))
			}
		}
		if r.props == nil || follow(r.props).Kind != yaml.MappingNode {
			errs = append(errs, m.fault(r.line, r.name, "props", "must be a mapping"))
		}
		if components[r.component].deploy == nil {
			errs = append(errs, m.fault(r.line, r.name, "component", fmt.Sprintf("%q is not offered: use fc3, ros or flow", r.component)))
		}
		m.resources = append(m.resources, r)
	}
	return errs
}

func hooks(resource string, node *yaml.Node) []Hook {
	var out []Hook
	for when, list := range pairs(node) {
		for _, item := range follow(list).Content {
			h := Hook{Resource: resource, When: when.Value}
			for key, value := range pairs(item) {
				switch key.Value {
				case "run", "plugin", "component":
					h.Run = value.Value
				case "path":
					h.Path = value.Value
				}
			}
			out = append(out, h)
		}
	}
	return out
}

// follow resolves an alias.
func follow(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// maxMerge is how deep merge keys may nest; a mapping can even merge itself.
const maxMerge = 10

// pairs walks a mapping in order and with the content of its merge keys (<<); nothing for other nodes.
func pairs(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] { return pairsTo(n, maxMerge) }

func pairsTo(n *yaml.Node, depth int) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		n = follow(n)
		if n == nil || n.Kind != yaml.MappingNode || depth == 0 {
			return
		}
		own := map[string]bool{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			own[n.Content[i].Value] = true
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			if key.Value != "<<" {
				if !yield(key, value) {
					return
				}
				continue
			}
			sources := []*yaml.Node{value}
			if v := follow(value); v.Kind == yaml.SequenceNode {
				sources = v.Content
			}
			for _, source := range sources {
				for k, v := range pairsTo(source, depth-1) {
					if own[k.Value] {
						continue
					}
					if own[k.Value] = true; !yield(k, v) {
						return
					}
				}
			}
		}
	}
}
