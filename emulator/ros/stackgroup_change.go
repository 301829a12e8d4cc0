package ros

import (
	"context"
	"slices"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// inGroup finds the group of a change of instances.
func (s *Service) inGroup(run func(*stackGroup, *gateway.Call) (any, error)) handler {
	return func(_ context.Context, c *gateway.Call) (any, error) {
		s.mu.Lock()
		g, err := s.group(c)
		s.mu.Unlock()
		if err != nil {
			return nil, err
		}
		return run(g, c)
	}
}

// readTargets returns what a call selects, and the accounts that it reaches.
func (s *Service) readTargets(g *stackGroup, c *gateway.Call) (selection, []instance, error) {
	sel, err := s.readSelection(g, c)
	if err != nil {
		return selection{}, nil, err
	}
	reached, err := s.reach(g, sel)
	return sel, reached, err
}

// createInstances deploys the group to new accounts and regions. A folder stays a target of the group.
//
// Assumption: an account that is named and has an instance already is 409 StackInstanceExists; one that a folder reaches
// is left as it is.
func (s *Service) createInstances(g *stackGroup, c *gateway.Call) (any, error) {
	sel, reached, err := s.readTargets(g, c)
	if err != nil {
		return nil, err
	}
	overrides, err := s.readOverrides(g, c)
	if err != nil {
		return nil, err
	}
	noRollback := c.Get("DisableRollback") == "true"
	return s.change(g, c, &groupOperation{action: "CREATE", preferences: sel.preferences}, func(op *groupOperation) error {
		list, err := g.fresh(reached, sel.regions, overrides)
		if err != nil {
			return err
		}
		g.instances = append(g.instances, list...)
		for _, f := range sel.folders {
			g.target(folderTarget{f, sel.regions, overrides})
		}
		op.list = fixed(list)
		op.step = func(ctx context.Context, in *instance) error { return s.deploy(ctx, g, in, noRollback) }
		return nil
	})
}

// fresh are the instances to make, region by region.
func (g *stackGroup) fresh(reached []instance, regions []string, overrides []parameterValue) ([]*instance, error) {
	var list []*instance
	for _, region := range regions {
		for _, in := range reached {
			switch {
			case g.instance(in.account, region) == nil:
				list = append(list, &instance{account: in.account, region: region, folder: in.folder, status: "OUTDATED", overrides: overrides})
			case in.folder == "":
				return nil, instanceExists(in.account, region)
			}
		}
	}
	if len(g.instances)+len(list) > maxGroupInstances {
		return nil, groupQuota("stack instances", maxGroupInstances)
	}
	return list, nil
}

// target remembers a folder; a later call adds its regions and replaces its overrides.
func (g *stackGroup) target(f folderTarget) {
	i := slices.IndexFunc(g.folders, func(x folderTarget) bool { return x.folder == f.folder })
	if i < 0 {
		g.folders = append(g.folders, f)
		return
	}
	for _, r := range g.folders[i].regions {
		if !slices.Contains(f.regions, r) {
			f.regions = append(f.regions, r)
		}
	}
	g.folders[i] = f
}

func (s *Service) readOverrides(g *stackGroup, c *gateway.Call) ([]parameterValue, error) {
	overrides := readPairs(c, "ParameterOverrides")
	t, err := ParseTemplate(g.body)
	if err == nil {
		err = t.declares(overrides)
	}
	return overrides, asAPI(err)
}

// chosen are the instances that a selection names; reached are its accounts. Every account must have one in every
// region. The caller holds the lock.
func (g *stackGroup) chosen(reached []instance, regions []string) ([]*instance, error) {
	var list []*instance
	for _, region := range regions {
		for _, r := range reached {
			in := g.instance(r.account, region)
			if in == nil && r.folder == "" {
				return nil, instanceNotFound(r.account, region)
			}
			if in != nil {
				list = append(list, in)
			}
		}
	}
	return list, nil
}

// deleteInstances takes instances away, and with RetainStacks only out of the group. Those whose stack could not be
// deleted stay, OUTDATED.
func (s *Service) deleteInstances(g *stackGroup, c *gateway.Call) (any, error) {
	sel, reached, err := s.readTargets(g, c)
	if err != nil {
		return nil, err
	}
	return s.change(g, c, &groupOperation{action: "DELETE", preferences: sel.preferences}, func(op *groupOperation) error {
		list, err := g.chosen(reached, sel.regions)
		if err != nil {
			return err
		}
		g.release(sel)
		op.list = fixed(list)
		op.step = func(ctx context.Context, in *instance) error { return s.withdraw(ctx, g, in, op.retain) }
		return nil
	})
}

// release ends the targeting of folders: who joins them from now on gets nothing.
func (g *stackGroup) release(sel selection) {
	for i := range g.folders {
		if slices.Contains(sel.folders, g.folders[i].folder) {
			g.folders[i].regions = slices.DeleteFunc(slices.Clone(g.folders[i].regions), func(r string) bool { return slices.Contains(sel.regions, r) })
		}
	}
	g.folders = slices.DeleteFunc(g.folders, func(f folderTarget) bool { return len(f.regions) == 0 })
}

// updateInstances gives instances other overrides and deploys them again.
func (s *Service) updateInstances(g *stackGroup, c *gateway.Call) (any, error) {
	sel, reached, err := s.readTargets(g, c)
	if err != nil {
		return nil, err
	}
	overrides, err := s.readOverrides(g, c)
	if err != nil {
		return nil, err
	}
	return s.change(g, c, &groupOperation{action: "UPDATE", preferences: sel.preferences}, func(op *groupOperation) error {
		list, err := g.chosen(reached, sel.regions)
		if err != nil {
			return err
		}
		for _, in := range list {
			in.overrides = merge(in.overrides, overrides)
		}
		op.list = fixed(list)
		op.step = func(ctx context.Context, in *instance) error { return s.deploy(ctx, g, in, false) }
		return nil
	})
}

// updateGroup changes the group and deploys every instance again.
func (s *Service) updateGroup(g *stackGroup, c *gateway.Call) (any, error) {
	s.mu.Lock()
	next := *g
	s.mu.Unlock()
	if err := s.setGroup(&next, c); err != nil {
		return nil, err
	}
	p, err := readPreferences(c.Get("OperationPreferences"))
	if err != nil {
		return nil, err
	}
	return s.change(g, c, &groupOperation{action: "UPDATE", preferences: p}, func(op *groupOperation) error {
		if len(g.instances) > 0 && next.serviceManaged != g.serviceManaged {
			return groupNotEmpty(g.name)
		}
		g.body, g.params, g.description, g.serviceManaged = next.body, next.params, next.description, next.serviceManaged
		g.auto, g.retain, g.adminRole, g.execRole = next.auto, next.retain, next.adminRole, next.execRole
		op.list = fixed(slices.Clone(g.instances))
		op.step = func(ctx context.Context, in *instance) error { return s.deploy(ctx, g, in, false) }
		return nil
	})
}
