package response

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

//go:embed response_rules.yaml
var rulesYAML []byte

//go:embed playbooks.yaml
var playbooksYAML []byte

// Book holds response rules and playbooks. It does not change after [Load] and is safe for concurrent use.
type Book struct {
	rules     []Rule
	playbooks []Playbook
}

// Rule starts a playbook on incidents that it matches.
type Rule struct {
	ID         string   `yaml:"id"`
	Title      string   `yaml:"title"`
	TitleZH    string   `yaml:"title_zh"`
	Levels     []string `yaml:"levels"`
	Entity     Selector `yaml:"entity"`
	Techniques []string `yaml:"techniques"`
	Rules      []string `yaml:"rules"`
	Playbook   string   `yaml:"playbook"`
}

// Selector describes an entity; an empty field matches anything.
type Selector struct {
	Type   soc.EntityType `yaml:"type"`
	Part   string         `yaml:"part"`
	Prefix string         `yaml:"prefix"`
}

// Playbook is a response flow and the actions that it may plan.
type Playbook struct {
	Name       string   `yaml:"name"`
	Title      string   `yaml:"title"`
	TitleZH    string   `yaml:"title_zh"`
	Approval   bool     `yaml:"approval"`
	MaxTargets int      `yaml:"max_targets"` // more targets than this and nothing is planned
	Actions    []Action `yaml:"actions"`
}

// Action is one kind of task; Template names the data source that shows that the product is there, "" for none needed.
type Action struct {
	Name     string `yaml:"name"`
	Template string `yaml:"template"`
}

// Load returns the built-in rules and playbooks.
func Load() (*Book, error) { return parse(rulesYAML, playbooksYAML) }

func parse(rules, playbooks []byte) (*Book, error) {
	b := &Book{}
	if err := decode(playbooks, &b.playbooks); err != nil {
		return nil, invalid("read playbooks", err)
	}
	if err := decode(rules, &b.rules); err != nil {
		return nil, invalid("read response rules", err)
	}
	for _, p := range b.playbooks {
		if p.Name == "" || p.MaxTargets <= 0 || len(p.Actions) == 0 {
			return nil, invalid("read playbooks", fmt.Errorf("playbook %q needs a name, max_targets and actions", p.Name))
		}
		for _, a := range p.Actions {
			if !slices.Contains(actions, a.Name) {
				return nil, invalid("read playbooks", fmt.Errorf("playbook %q: unknown action %q", p.Name, a.Name))
			}
		}
	}
	for _, r := range b.rules {
		if _, err := b.Playbook(r.Playbook); err != nil || r.ID == "" || len(r.Levels) == 0 {
			return nil, invalid("read response rules", fmt.Errorf("rule %q needs an id, levels and a known playbook", r.ID))
		}
		for _, l := range r.Levels {
			if soc.ParseLevel(l).String() != l {
				return nil, invalid("read response rules", fmt.Errorf("rule %q: unknown level %q", r.ID, l))
			}
		}
	}
	return b, nil
}

func decode(data []byte, into any) error {
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

func invalid(op string, err error) error { return &soc.Error{Kind: soc.Invalid, Op: op, Err: err} }

// Playbook returns the playbook called name. Its error is of kind [soc.NotFound].
func (b *Book) Playbook(name string) (Playbook, error) {
	for _, p := range b.playbooks {
		if p.Name == name {
			return p, nil
		}
	}
	return Playbook{}, &soc.Error{
		Kind: soc.NotFound, Op: "find playbook", Resource: name,
		Next: "use a playbook of shared/response/playbooks.yaml",
	}
}

// Match returns the rules that the incident fires, at most one per playbook, in the order of the file. Closed incidents
// fire none. Techniques are taken from alerts.
func (b *Book) Match(inc soc.Incident, alerts []soc.Alert) []Rule {
	if inc.State == soc.IncidentClosed {
		return nil
	}
	var out []Rule
	for _, r := range b.rules {
		taken := slices.ContainsFunc(out, func(o Rule) bool { return o.Playbook == r.Playbook })
		if !taken && r.matches(inc, alerts) {
			out = append(out, r)
		}
	}
	return out
}

func (r Rule) matches(inc soc.Incident, alerts []soc.Alert) bool {
	if !slices.Contains(r.Levels, inc.Level.String()) || !slices.ContainsFunc(inc.Entities, r.Entity.matches) {
		return false
	}
	if len(r.Rules) > 0 && !slices.ContainsFunc(inc.Rules, func(id string) bool { return slices.Contains(r.Rules, id) }) {
		return false
	}
	if len(r.Techniques) == 0 {
		return true
	}
	return slices.ContainsFunc(alerts, func(a soc.Alert) bool {
		return slices.ContainsFunc(a.Techniques, func(t string) bool {
			parent, _, _ := strings.Cut(t, ".")
			return slices.Contains(r.Techniques, t) || slices.Contains(r.Techniques, parent)
		})
	})
}

func (s Selector) matches(e soc.Entity) bool {
	return (s.Type == "" || s.Type == e.Type) && (s.Part == "" || s.Part == e.Part) && strings.HasPrefix(e.Value, s.Prefix)
}
