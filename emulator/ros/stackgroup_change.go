package ros

import (
	"context"
	"slices"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// inGroup runs a change of instances alone: no other one runs at the same time.
func (s *Service) inGroup(run func(context.Context, *stackGroup, *gateway.Call) (any, error)) func(context.Context, *gateway.Call) (any, error) {
	return func(ctx context.Context, c *gateway.Call) (any, error) {
		s.deploying.Lock()
		defer s.deploying.Unlock()
		s.mu.Lock()
		g, err := s.group(c)
		s.mu.Unlock()
		if err != nil {
			return nil, err
		}
		return run(ctx, g, c)
	}
}

// createInstances deploys the group to new accounts and regions. A folder stays a target of the group.
//
// Assumption: an account that is named and has an instance already is 409 StackInstanceExists; one that a folder reaches
// is left as it is.
func (s *Service) createInstances(ctx context.Context, g *stackGroup, c *gateway.Call) (any, error) {
	sel, err := s.readSelection(g, c)
	if err != nil {
		return nil, err
	}
	overrides, err := s.readOverrides(g, c)
	if err != nil {
		return nil, err
	}
	reached, err := s.reach(g, sel)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	list, err := g.fresh(reached, sel.regions, overrides)
	if err == nil {
		g.instances = append(g.instances, list...)
		for _, f := range sel.folders {
			g.target(folderTarget{f, sel.regions, overrides})
		}
	}
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	op := s.beginOperation(g, "CREATE", c)
	noRollback := c.Get("DisableRollback") == "true"
	s.runOperation(g, op, list, sel.tolerated, func(in *instance) error { return s.deploy(ctx, g, in, noRollback) })
	return view{"OperationId": op.id}, nil
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

// chosen are the instances that a selection names. Every account must have one in every region.
func (s *Service) chosen(g *stackGroup, sel selection) ([]*instance, error) {
	reached, err := s.reach(g, sel)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*instance
	for _, region := range sel.regions {
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
func (s *Service) deleteInstances(ctx context.Context, g *stackGroup, c *gateway.Call) (any, error) {
	sel, err := s.readSelection(g, c)
	if err != nil {
		return nil, err
	}
	list, err := s.chosen(g, sel)
	if err != nil {
		return nil, err
	}
	op := s.beginOperation(g, "DELETE", c)
	s.runOperation(g, op, list, sel.tolerated, func(in *instance) error { return s.withdraw(ctx, g, in, op.retain) })
	s.mu.Lock()
	defer s.mu.Unlock()
	g.instances = slices.DeleteFunc(g.instances, func(in *instance) bool { return slices.Contains(list, in) && in.status == "CURRENT" })
	for i := range g.folders {
		if slices.Contains(sel.folders, g.folders[i].folder) {
			g.folders[i].regions = slices.DeleteFunc(slices.Clone(g.folders[i].regions), func(r string) bool { return slices.Contains(sel.regions, r) })
		}
	}
	g.folders = slices.DeleteFunc(g.folders, func(f folderTarget) bool { return len(f.regions) == 0 })
	return view{"OperationId": op.id}, nil
}

// updateInstances gives instances other overrides and deploys them again.
func (s *Service) updateInstances(ctx context.Context, g *stackGroup, c *gateway.Call) (any, error) {
	sel, err := s.readSelection(g, c)
	if err != nil {
		return nil, err
	}
	overrides, err := s.readOverrides(g, c)
	if err != nil {
		return nil, err
	}
	list, err := s.chosen(g, sel)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	for _, in := range list {
		in.overrides = merge(in.overrides, overrides)
	}
	s.mu.Unlock()
	op := s.beginOperation(g, "UPDATE", c)
	s.runOperation(g, op, list, sel.tolerated, func(in *instance) error { return s.deploy(ctx, g, in, false) })
	return view{"OperationId": op.id}, nil
}

// updateGroup changes the group and deploys every instance again.
func (s *Service) updateGroup(ctx context.Context, g *stackGroup, c *gateway.Call) (any, error) {
	next := *g
	if err := s.setGroup(&next, c); err != nil {
		return nil, err
	}
	tolerated, err := tolerance(c.Get("OperationPreferences"), len(g.instances))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	if len(g.instances) > 0 && next.serviceManaged != g.serviceManaged {
		s.mu.Unlock()
		return nil, groupNotEmpty(g.name)
	}
	g.body, g.params, g.description, g.serviceManaged = next.body, next.params, next.description, next.serviceManaged
	g.auto, g.retain, g.adminRole, g.execRole = next.auto, next.retain, next.adminRole, next.execRole
	list := slices.Clone(g.instances)
	s.mu.Unlock()
	op := s.beginOperation(g, "UPDATE", c)
	s.runOperation(g, op, list, tolerated, func(in *instance) error { return s.deploy(ctx, g, in, false) })
	return view{"OperationId": op.id}, nil
}
