package ros

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// plan is a template with the values of one operation.
type plan struct {
	t      *Template
	scope  *scope
	body   string
	params []parameterValue // as shown, without secrets
	given  []parameterValue
	order  []*resource
}

// prepare checks template and parameters; nothing is created yet.
func prepare(body string, given []parameterValue, st *stack) (*plan, error) {
	t, err := ParseTemplate(body)
	if err != nil {
		return nil, err
	}
	values, echo, err := t.values(given)
	if err != nil {
		return nil, err
	}
	p := &plan{t: t, scope: newScope(t, values, st), body: body, params: echo, given: given}
	all, err := t.order()
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		wanted, err := p.scope.named(r.condition, r.line)
		if err != nil {
			return nil, err
		}
		if wanted {
			p.order = append(p.order, r)
		}
	}
	return p, nil
}

// properties evaluates the properties of a resource.
func (p *plan) properties(r *resource) (map[string]any, error) {
	path := "Resources." + r.id + ".Properties"
	var v any = map[string]any{}
	var err error
	if r.properties != nil {
		if v, err = p.scope.eval(r.properties, path); err != nil {
			return nil, err
		}
	}
	v, err = conform(v, prop{kind: mapping, fields: drivers[r.kind].props}, path, r.line)
	if err != nil {
		return nil, err
	}
	return v.(map[string]any), nil
}

func (p *plan) outputs() ([]output, error) {
	var out []output
	for _, o := range p.t.outputs {
		wanted, err := p.scope.named(o.condition, o.value.Line)
		if err != nil {
			return nil, err
		}
		if !wanted {
			continue
		}
		v, err := p.scope.eval(o.value, "Outputs."+o.key+".Value")
		if err != nil {
			return nil, err
		}
		out = append(out, output{o.key, o.description, v})
	}
	return out, nil
}

// create makes every resource. It leaves the stack in CREATE_COMPLETE, CREATE_FAILED or CREATE_ROLLBACK_*.
func (s *Service) create(ctx context.Context, e env, st *stack, p *plan) {
	err := s.createAll(ctx, e, st, p)
	if err == nil {
		st.outputs, err = p.outputs()
	}
	switch {
	case err == nil:
		st.status, st.reason = "CREATE_COMPLETE", "Stack CREATE completed successfully"
	case st.disableRollback:
		st.status, st.reason = "CREATE_FAILED", err.Error()
	default:
		st.status, st.reason = "CREATE_ROLLBACK_COMPLETE", err.Error()
		if rollbackErr := s.removeAll(ctx, e, st, st.resources, nil); rollbackErr != nil {
			st.status, st.reason = "CREATE_ROLLBACK_FAILED", err.Error()+"; rollback: "+rollbackErr.Error()
		}
	}
}

func (s *Service) createAll(ctx context.Context, e env, st *stack, p *plan) error {
	for _, r := range p.order {
		if err := s.createOne(ctx, e, st, p, r); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) createOne(ctx context.Context, e env, st *stack, p *plan, r *resource) error {
	d := &deployed{logicalID: r.id, kind: r.kind, retain: r.retain, dependsOn: r.dependsOn, changed: s.o.Clock(), status: "CREATE_COMPLETE"}
	var err error
	if d.props, err = p.properties(r); err == nil {
		st.resources = append(st.resources, d)
		err = drivers[r.kind].create(ctx, e, d)
	}
	if err != nil {
		d.status, d.reason = "CREATE_FAILED", err.Error()
		return resourceFailed(r.id, r.kind, err)
	}
	p.scope.resources[r.id] = d
	return nil
}

// resourceFailed names the resource and the cloud's error, as the StatusReason of a stack does.
func resourceFailed(id, kind string, err error) error {
	return fmt.Errorf("Resource %s (%s) failed: %w", id, kind, err)
}

// removeAll deletes resources, the last one first, without those to keep. It goes on after a failure and drops from
// the stack what is gone.
func (s *Service) removeAll(ctx context.Context, e env, st *stack, list []*deployed, keep func(*deployed) bool) error {
	var failures []error
	for _, d := range slices.Backward(slices.Clone(list)) {
		if keep == nil || !keep(d) {
			if err := s.removeOne(ctx, e, d); err != nil {
				failures = append(failures, err)
				continue
			}
		}
		st.resources = slices.DeleteFunc(st.resources, func(x *deployed) bool { return x == d })
	}
	return errors.Join(failures...)
}

func (s *Service) removeOne(ctx context.Context, e env, d *deployed) error {
	if d.physicalID == "" || d.adopted {
		return nil
	}
	if err := drivers[d.kind].remove(ctx, e, d); err != nil {
		d.status, d.reason, d.changed = "DELETE_FAILED", err.Error(), s.o.Clock()
		return resourceFailed(d.logicalID, d.kind, err)
	}
	return nil
}

// remove deletes the stack's resources. The stack stays readable as DELETE_COMPLETE, under its id only.
func (s *Service) remove(ctx context.Context, e env, st *stack, retain []string, retainAll bool) {
	err := s.removeAll(ctx, e, st, st.resources, func(d *deployed) bool {
		return retainAll || d.retain || slices.Contains(retain, d.logicalID)
	})
	st.status, st.reason = "DELETE_COMPLETE", "Stack DELETE completed successfully"
	if err != nil {
		st.status, st.reason = "DELETE_FAILED", err.Error()
	}
}

// asAPI turns a template error into an answer of the gateway.
func asAPI(err error) error {
	var t *TemplateError
	if errors.As(err, &t) {
		return gateway.Errorf(400, t.Code, "%s", t.Error())
	}
	return err
}
