package deploy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Options say what to deploy, where and as whom.
type Options struct {
	File     string            // path of s.yaml; default Dir/s.yaml
	Dir      string            // what paths in the file are relative to; default the folder of File
	Env      map[string]string // what env('N') sees
	Access   map[string]Access // by alias
	Endpoint string            // base URL of every API
	Only     []string          // names of resources; empty = all
	Progress func(Step)        // called before and after each resource; may be nil
	// CodeDir maps the code path of a function to the folder that holds the built program; nil = the path itself.
	CodeDir func(function, code string) string
	HTTP    *http.Client     // default: one with a timeout of two minutes
	Clock   func() time.Time // for signatures; default time.Now
	Poll    time.Duration    // between looks at a stack; default 500 ms
}

// Step is one message about the progress.
type Step struct {
	Resource, Component string
	Action              string // "create", "update"; "" when it starts
	State               string // "started", "done", "failed"
	Elapsed             time.Duration
	Err                 error
}

// Report is what a run did.
type Report struct {
	Deployed []Deployed
	Hooks    []Hook // actions of the file that were not run
}

// Deployed is one resource that exists now.
type Deployed struct {
	Resource, Component string
	AccountID           string
	Region              string
	Name                string // of the function, stack or flow
	Action              string // create or update
	Triggers            []string
	URL                 string            // of the HTTP trigger
	Outputs             map[string]string // what ${resources.R.output.x} sees
}

// component is a kind of resource.
type component struct {
	shape  shape
	check  func(props map[string]any, report func(path, text string)) // may be nil
	deploy func(ctx context.Context, d *deployment) error
}

// components are the kinds that a file may use.
var components = map[string]component{
	"fc3":  {fc3Shape, checkFC3, deployFC3},
	"ros":  {rosShape, nil, deployROS},
	"flow": {flowShape, nil, deployFlow},
}

// deployment is one resource on its way.
type deployment struct {
	o      *Options
	m      *manifest
	r      *resource
	props  map[string]any
	client *client
	done   *Deployed
}

func (d *deployment) text(key string) string {
	s, _ := d.props[key].(string)
	return s
}

// Run deploys a file. The whole file is checked before the first call. It stops at the first failure; the report tells
// what was deployed until then.
func Run(ctx context.Context, o Options) (Report, error) {
	if err := o.defaults(); err != nil {
		return Report{}, err
	}
	m, err := load(o.File)
	if err != nil {
		return Report{}, err
	}
	report := Report{Hooks: m.hooks}
	todo, err := o.selected(m)
	if err != nil {
		return report, err
	}
	r := &renderer{m: m, env: o.Env, access: o.Access, outputs: map[string]map[string]string{}, early: true}
	if err := r.validate(todo); err != nil {
		return report, err
	}
	r.early, r.vars = false, nil
	for _, res := range todo {
		done, err := o.one(ctx, r, res)
		if err != nil {
			return report, fmt.Errorf("resource %s: %w", res.name, err)
		}
		r.outputs[res.name] = done.Outputs
		report.Deployed = append(report.Deployed, *done)
	}
	return report, nil
}

// Validate checks a file without credentials, environment or network: structure, order, keys, types and ranges. Values
// that come from outside are taken as right.
func Validate(file string) error {
	m, err := load(file)
	if err != nil {
		return err
	}
	todo, err := m.order()
	if err != nil {
		return err
	}
	r := &renderer{m: m, offline: true, early: true}
	return r.validate(todo)
}

func (o *Options) defaults() error {
	if o.File == "" {
		o.File = filepath.Join(o.Dir, "s.yaml")
	}
	if o.Dir == "" {
		o.Dir = filepath.Dir(o.File)
	}
	if o.Endpoint == "" {
		return errors.New("deploy: an endpoint is required")
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: 2 * time.Minute}
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Poll == 0 {
		o.Poll = 500 * time.Millisecond
	}
	if o.Progress == nil {
		o.Progress = func(Step) {}
	}
	return nil
}

// selected is what to deploy, in order.
func (o *Options) selected(m *manifest) ([]*resource, error) {
	all, err := m.order()
	if err != nil || len(o.Only) == 0 {
		return all, err
	}
	var out []*resource
	for _, r := range all {
		if slices.Contains(o.Only, r.name) {
			out = append(out, r)
		}
	}
	for _, name := range o.Only {
		if !slices.ContainsFunc(all, func(r *resource) bool { return r.name == name }) {
			return nil, fmt.Errorf("%s: there is no resource %s", m.file, name)
		}
	}
	return out, nil
}

// validate renders and checks resources and reports all faults at once.
func (r *renderer) validate(todo []*resource) error {
	var errs []error
	for _, res := range todo {
		props, err := r.props(res)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, r.faults(res, props)...)
	}
	return errors.Join(errs...)
}

func (r *renderer) faults(res *resource, props map[string]any) (errs []error) {
	report := func(path, text string) {
		errs = append(errs, r.m.fault(r.lineOf(res, path), res.name, path, text))
	}
	c := components[res.component]
	c.shape("props", props, report)
	if c.check != nil {
		c.check(props, report)
	}
	return errs
}

// lineOf is the line of a key, or of the nearest one around it.
func (r *renderer) lineOf(res *resource, path string) int {
	for ; path != ""; path = path[:max(0, strings.LastIndexAny(path, ".["))] {
		if line := r.lines[path]; line > 0 {
			return line
		}
	}
	return res.line
}

// one deploys one resource.
func (o *Options) one(ctx context.Context, r *renderer, res *resource) (*Deployed, error) {
	began := o.Clock()
	done := &Deployed{Resource: res.name, Component: res.component, Outputs: map[string]string{}}
	step := Step{Resource: res.name, Component: res.component, State: "started"}
	o.Progress(step)
	err := o.apply(ctx, r, res, done)
	step.State, step.Action, step.Elapsed, step.Err = "done", done.Action, o.Clock().Sub(began), err
	if err != nil {
		step.State = "failed"
	}
	o.Progress(step)
	return done, err
}

func (o *Options) apply(ctx context.Context, r *renderer, res *resource, done *Deployed) error {
	props, err := r.props(res)
	if err != nil {
		return err
	}
	if errs := r.faults(res, props); len(errs) > 0 {
		return errors.Join(errs...)
	}
	access, ok := o.Access[res.access]
	if !ok {
		return r.m.fault(res.line, res.name, "access", fmt.Sprintf("there are no credentials for %q", res.access))
	}
	done.AccountID = access.AccountID
	done.Region, _ = props["region"].(string)
	return components[res.component].deploy(ctx, &deployment{
		o: o, m: r.m, r: res, props: props, done: done,
		client: &client{endpoint: o.Endpoint, access: access, http: o.HTTP, now: o.Clock},
	})
}
