// Package ruletest runs the tests that lie next to rules.
//
// A rule's folder holds tests.yaml: a list of cases, each naming a base event in the folder events of the rules and the fields
// that differ from it. Start at [Load] and [Group]. It judges no rule itself: evaluate the log with the detection package.
package ruletest

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// File is the name of the file with the cases of a rule.
const File = "tests.yaml"

// Events is the folder of the base events, below the root of the rules.
const Events = "events"

// Case is one test of a rule.
type Case struct {
	Name  string            `yaml:"name"`
	Event string            `yaml:"event"` // base event: events/<event>.json
	Set   map[string]any    `yaml:"set"`   // fields to change; dots go down into JSON, null removes
	Fires bool              `yaml:"fires"`
	Near  bool              `yaml:"near_miss"` // quiet, and one field away from a case that fires
	Topic string            `yaml:"-"`
	Field map[string]string `yaml:"-"` // the fields of the log
}

// Load reads the cases in folder dir of the rules in fsys, with their events. Its error is of kind Invalid and names the file.
func Load(fsys fs.FS, dir string) ([]Case, error) {
	name := path.Join(dir, File)
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, invalid(name, err)
	}
	var cases []Case
	decoder := yaml.NewDecoder(strings.NewReader(string(data)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&cases); err != nil {
		return nil, invalid(name, err)
	}
	for i := range cases {
		if err := cases[i].build(fsys); err != nil {
			return nil, invalid(name, fmt.Errorf("case %q: %w", cases[i].Name, err))
		}
	}
	return cases, nil
}

func invalid(name string, err error) error {
	return &soc.Error{Kind: soc.Invalid, Op: "read tests of a rule", Resource: name, Err: err}
}

// build puts the event and the changes together.
func (c *Case) build(fsys fs.FS) error {
	data, err := fs.ReadFile(fsys, path.Join(Events, c.Event+".json"))
	if err != nil {
		return err
	}
	var event map[string]any
	if err := json.Unmarshal(data, &event); err != nil {
		return fmt.Errorf("event %s: %w", c.Event, err)
	}
	for _, key := range slices.Sorted(maps.Keys(c.Set)) {
		if err := set(event, strings.Split(key, "."), c.Set[key]); err != nil {
			return fmt.Errorf("set %s: %w", key, err)
		}
	}
	c.Field = map[string]string{}
	for key, value := range event {
		text, err := textOf(value)
		if err != nil {
			return err
		}
		if key == "__topic__" {
			c.Topic = text
		} else if !strings.HasPrefix(key, "__") {
			c.Field[key] = text
		}
	}
	return nil
}

// set changes a place in an event; null removes it.
func set(in map[string]any, keys []string, value any) error {
	if len(keys) == 1 {
		if value == nil {
			delete(in, keys[0])
		} else {
			in[keys[0]] = value
		}
		return nil
	}
	next, ok := in[keys[0]].(map[string]any)
	if !ok {
		if _, taken := in[keys[0]]; taken {
			return fmt.Errorf("%q is no object", keys[0])
		}
		next = map[string]any{}
		in[keys[0]] = next
	}
	return set(next, keys[1:], value)
}

// textOf writes a field as SLS stores it: text as it is, everything else as JSON.
func textOf(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	b, err := json.Marshal(v)
	return string(b), err
}

// Group is the log of one case as a group of one.
type Group struct{ Case *Case }

// Log is the log of a case.
type Log struct{ c *Case }

// Topic returns the topic of the event.
func (g Group) Topic() []byte { return []byte(g.Case.Topic) }

// Logs yields the one log.
func (g Group) Logs() iter.Seq2[int, Log] {
	return func(yield func(int, Log) bool) { yield(0, Log{g.Case}) }
}

// Time is fixed: cases carry their event time in their fields.
func (Log) Time() (sec, ns uint32) { return 1767225600, 0 }

// Fields yields the fields by name.
func (l Log) Fields() iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		for _, k := range slices.Sorted(maps.Keys(l.c.Field)) {
			if !yield([]byte(k), []byte(l.c.Field[k])) {
				return
			}
		}
	}
}
