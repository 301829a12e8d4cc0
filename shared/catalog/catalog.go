// Package catalog holds the integration templates: which products' logs can be integrated, in which Logstores they are
// found, and which rules read them.
//
// Start at [Load]. Templates are data in catalog.yaml and cannot be changed by users; what is switched on for whom is
// in package integration.
package catalog

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

//go:embed catalog.yaml
var builtin []byte

// Recommended is the name that stands for all recommended templates in a list of template ids.
const Recommended = "recommended"

// Template is a preset for one kind of log of one product.
type Template struct {
	ID          string        `yaml:"id"`
	Product     string        `yaml:"product"` // the product's prodCode
	Title       string        `yaml:"title"`
	TitleZH     string        `yaml:"title_zh"`
	Service     string        `yaml:"service"` // service of the log source of Sigma rules
	Recommended bool          `yaml:"recommended"`
	SilentAfter time.Duration `yaml:"silent_after"` // without a record for longer, a source is silent
	Stores      []Pattern     `yaml:"stores"`
}

// Pattern finds Logstores by their names.
type Pattern struct {
	Project  string `yaml:"project"`
	Logstore string `yaml:"logstore"`
}

// Catalog is a set of templates. It is immutable and safe for concurrent use.
type Catalog struct{ templates []Template }

// Load returns the built-in catalog.
func Load() (*Catalog, error) { return Parse(builtin) }

// Parse reads a catalog. Its error is of kind Invalid.
func Parse(body []byte) (*Catalog, error) {
	var ts []Template
	dec := yaml.NewDecoder(bytes.NewReader(body))
	dec.KnownFields(true)
	if err := dec.Decode(&ts); err != nil {
		return nil, invalid("", err)
	}
	seen := map[string]bool{}
	for _, t := range ts {
		if err := t.check(); err != nil {
			return nil, invalid(t.ID, err)
		}
		if seen[t.ID] {
			return nil, invalid(t.ID, errors.New("template stands twice"))
		}
		seen[t.ID] = true
	}
	return &Catalog{ts}, nil
}

func invalid(what string, err error) error {
	return &soc.Error{Kind: soc.Invalid, Op: "read catalog", Resource: what, Err: err}
}

var idForm = regexp.MustCompile(`^[a-z][a-z0-9_]{2,63}$`)

func (t Template) check() error {
	switch {
	case !idForm.MatchString(t.ID) || t.ID == Recommended:
		return errors.New("id must be lower case with underscores")
	case t.Product == "" || t.Title == "" || t.TitleZH == "" || t.Service == "":
		return errors.New("product, title, title_zh and service must be given")
	case t.SilentAfter <= 0:
		return errors.New("silent_after must be given")
	case len(t.Stores) == 0:
		return errors.New("at least one store must be given")
	}
	for _, p := range t.Stores {
		if p.Project == "" || p.Logstore == "" {
			return errors.New("a store has a project and a logstore")
		}
	}
	return nil
}

// Templates returns every template, in the order of the file. The caller may change the slice.
func (c *Catalog) Templates() []Template { return slices.Clone(c.templates) }

// Template returns one template; NotFound when there is none.
func (c *Catalog) Template(id string) (Template, error) {
	i := slices.IndexFunc(c.templates, func(t Template) bool { return t.ID == id })
	if i < 0 {
		return Template{}, &soc.Error{
			Kind: soc.NotFound, Op: "find template", Resource: id,
			Err: errors.New("no such template"), Next: "use one of " + strings.Join(c.ids(), ", ") + " or " + Recommended,
		}
	}
	return c.templates[i], nil
}

func (c *Catalog) ids() []string {
	out := make([]string, len(c.templates))
	for i, t := range c.templates {
		out[i] = t.ID
	}
	return out
}

// Select turns a list of template ids, in which "recommended" stands for all recommended ones, into sorted ids without
// repeats. An unknown id is an error of kind NotFound, an empty list of kind Invalid.
func (c *Catalog) Select(names []string) ([]string, error) {
	var out []string
	for _, n := range names {
		if n == Recommended {
			for _, t := range c.templates {
				if t.Recommended {
					out = append(out, t.ID)
				}
			}
			continue
		}
		if _, err := c.Template(n); err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	if len(out) == 0 {
		return nil, &soc.Error{
			Kind: soc.Invalid, Op: "select templates", Err: fmt.Errorf("no template is named"),
			Next: `name template ids, or "recommended"`,
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
