package ros

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// update brings the stack to the plan: new resources are created, changed ones updated, the others deleted. When a
// step fails, what was done before in this update is undone unless rollback is disabled.
func (s *Service) update(ctx context.Context, e env, st *stack, p *plan) {
	u := &changes{s: s, e: e, st: st, p: p}
	err := u.apply(ctx)
	if err == nil {
		st.outputs, err = p.outputs()
	}
	if err == nil {
		st.status, st.reason = "UPDATE_COMPLETE", "Stack UPDATE completed successfully"
		st.body, st.params = p.body, p.params
		err = u.removeOld(ctx)
		if err != nil {
			st.status, st.reason = "UPDATE_FAILED", err.Error()
		}
		return
	}
	st.status, st.reason = "UPDATE_FAILED", err.Error()
	if st.disableRollback {
		return
	}
	st.status = "ROLLBACK_COMPLETE"
	if rollbackErr := u.undo(ctx); rollbackErr != nil {
		st.status, st.reason = "ROLLBACK_FAILED", err.Error()+"; rollback: "+rollbackErr.Error()
	}
}

// changes is one running update.
type changes struct {
	s  *Service
	e  env
	st *stack
	p  *plan

	created []*deployed
	updated []undoable
	old     []*deployed // resources that the new template no longer has
}

type undoable struct {
	d          *deployed
	before, to map[string]any
}

func (u *changes) apply(ctx context.Context) error {
	existing := map[string]*deployed{}
	for _, d := range u.st.resources {
		existing[d.logicalID] = d
	}
	for _, r := range u.p.order {
		d := existing[r.id]
		delete(existing, r.id)
		if d != nil && d.kind != r.kind {
			return resourceFailed(r.id, r.kind, fmt.Errorf("the type of a resource cannot change, it is %s", d.kind))
		}
		if d != nil && d.status == "CREATE_FAILED" {
			if err := u.s.removeAll(ctx, u.e, u.st, []*deployed{d}, nil); err != nil {
				return err
			}
			d = nil
		}
		if d == nil {
			if err := u.create(ctx, r); err != nil {
				return err
			}
			continue
		}
		if err := u.change(ctx, r, d); err != nil {
			return err
		}
	}
	for _, d := range u.st.resources {
		if existing[d.logicalID] == d {
			u.old = append(u.old, d)
		}
	}
	return nil
}

func (u *changes) create(ctx context.Context, r *resource) error {
	n := len(u.st.resources)
	err := u.s.createOne(ctx, u.e, u.st, u.p, r)
	u.created = append(u.created, u.st.resources[n:]...)
	return err
}

func (u *changes) change(ctx context.Context, r *resource, d *deployed) error {
	to, err := u.p.properties(r)
	if err != nil {
		return resourceFailed(r.id, r.kind, err)
	}
	d.retain, d.dependsOn = r.retain, r.dependsOn
	u.p.scope.resources[r.id] = d
	if d.adopted || reflect.DeepEqual(d.props, to) {
		return nil
	}
	for _, name := range drivers[d.kind].fixed {
		if !reflect.DeepEqual(d.props[name], to[name]) {
			return resourceFailed(r.id, r.kind, fmt.Errorf("the property %s cannot be changed", name))
		}
	}
	u.updated = append(u.updated, undoable{d, d.props, to})
	d.changed = u.s.o.Clock()
	if err := drivers[d.kind].update(ctx, u.e, d, to); err != nil {
		d.status, d.reason = "UPDATE_FAILED", err.Error()
		return resourceFailed(r.id, r.kind, err)
	}
	d.props, d.status, d.reason = to, "UPDATE_COMPLETE", ""
	return nil
}

func (u *changes) removeOld(ctx context.Context) error {
	return u.s.removeAll(ctx, u.e, u.st, u.old, func(d *deployed) bool { return d.retain })
}

// undo deletes what this update created and sets back what it changed. A change that failed may have been made in part,
// so setting back is content with what is already there.
func (u *changes) undo(ctx context.Context) error {
	e := u.e
	e.undoing = true
	failures := []error{u.s.removeAll(ctx, u.e, u.st, u.created, nil)}
	for _, c := range slices.Backward(u.updated) {
		c.d.props = c.to
		if err := drivers[c.d.kind].update(ctx, e, c.d, c.before); err != nil {
			failures = append(failures, resourceFailed(c.d.logicalID, c.d.kind, err))
			continue
		}
		c.d.props, c.d.status, c.d.reason = c.before, "ROLLBACK_COMPLETE", ""
	}
	return errors.Join(failures...)
}
