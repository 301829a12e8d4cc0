package ros

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// instance is a stack of a group in one account and region. Without a stack it is OUTDATED, with the reason.
type instance struct {
	account, region, folder string // folder: the target through which the account was reached; "" for accounts by id
	status, reason          string // CURRENT, OUTDATED
	stackID                 string
	overrides               []parameterValue
}

func (g *stackGroup) instance(account, region string) *instance {
	for _, in := range g.instances {
		if in.account == account && in.region == region {
			return in
		}
	}
	return nil
}

// deploy brings an instance to the group's template and parameters. The caller holds Service.deploying.
func (s *Service) deploy(ctx context.Context, g *stackGroup, in *instance, disableRollback bool) error {
	caller, err := s.executor(ctx, g, in.account)
	if err != nil {
		return err
	}
	e := env{invoker: s.o.Invoker, logs: s.o.Logs, caller: caller, region: in.region}
	given := merge(g.params, in.overrides)
	if st, status := s.stackOf(in); st != nil {
		if slices.Contains([]string{"CREATE_COMPLETE", "UPDATE_COMPLETE", "ROLLBACK_COMPLETE"}, status) {
			return s.redeploy(ctx, e, st, g.body, given)
		}
		if err := s.dismiss(ctx, e, st); err != nil {
			return err
		}
	}
	st := &stack{
		account: in.account, region: in.region, created: s.o.Clock(), busy: "CREATE", status: "CREATE_IN_PROGRESS",
		disableRollback: disableRollback, body: g.body, name: s.instanceName(g),
	}
	if err := s.make(ctx, e, st, given); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	in.stackID = st.id
	if st.status != "CREATE_COMPLETE" {
		return errors.New(st.reason)
	}
	return nil
}

// instanceName is StackGroup-<group>-<unique>.
func (s *Service) instanceName(g *stackGroup) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "StackGroup-" + g.name[:min(len(g.name), 200)] + "-" + s.newID(g.account, "name/"+g.name)
}

// stackOf is the stack of an instance with its status, nil when it has none that exists.
func (s *Service) stackOf(in *instance) (*stack, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.stacks[in.stackID]; st != nil && st.status != "DELETE_COMPLETE" {
		return st, st.status
	}
	return nil, ""
}

func (s *Service) redeploy(ctx context.Context, e env, st *stack, body string, given []parameterValue) error {
	s.mu.Lock()
	_, work, err := s.reserve(st, "UPDATE")
	before := work
	s.mu.Unlock()
	if err != nil {
		return err
	}
	p, err := prepare(body, given, &work)
	if err != nil {
		s.restore(st, before)
		return asAPI(err)
	}
	s.update(ctx, e, &work, p)
	s.finish(st, &work)
	if work.status != "UPDATE_COMPLETE" {
		return errors.New(work.reason)
	}
	return nil
}

// dismiss deletes a stack with its resources.
func (s *Service) dismiss(ctx context.Context, e env, st *stack) error {
	s.mu.Lock()
	_, work, err := s.reserve(st, "DELETE")
	s.mu.Unlock()
	if err != nil {
		return err
	}
	s.remove(ctx, e, &work, nil, false)
	s.finish(st, &work)
	if work.status != "DELETE_COMPLETE" {
		return errors.New(work.reason)
	}
	return nil
}

// withdraw takes the stack of an instance away, unless it is to stay. The caller holds Service.deploying.
func (s *Service) withdraw(ctx context.Context, g *stackGroup, in *instance, retain bool) error {
	st, _ := s.stackOf(in)
	if retain || st == nil {
		return nil
	}
	caller, err := s.executor(ctx, g, in.account)
	if err != nil {
		return err
	}
	return s.dismiss(ctx, env{invoker: s.o.Invoker, logs: s.o.Logs, caller: caller, region: in.region}, st)
}

func (s *Service) handleListInstances(_ context.Context, c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.group(c)
	if err != nil {
		return nil, err
	}
	list := slices.DeleteFunc(slices.Clone(g.instances), func(in *instance) bool {
		account, region := c.Get("StackInstanceAccountId"), c.Get("StackInstanceRegionId")
		return account != "" && account != in.account || region != "" && region != in.region
	})
	return onePage(c, "StackInstances", list, g.instanceView)
}

func (g *stackGroup) instanceView(in *instance) view {
	v := view{
		"StackGroupId": g.id, "StackGroupName": g.name, "AccountId": in.account, "RegionId": in.region,
		"Status": in.status, "StatusReason": in.reason, "StackId": in.stackID,
	}
	if in.folder != "" {
		v["RdFolderId"] = in.folder
	}
	return v
}

func (s *Service) handleGetInstance(_ context.Context, c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.group(c)
	if err != nil {
		return nil, err
	}
	account, region := c.Get("StackInstanceAccountId"), c.Get("StackInstanceRegionId")
	in := g.instance(account, region)
	switch {
	case account == "":
		return nil, missing("StackInstanceAccountId")
	case region == "":
		return nil, missing("StackInstanceRegionId")
	case in == nil:
		return nil, instanceNotFound(account, region)
	}
	v := g.instanceView(in)
	shown := stackGroup{body: g.body, params: in.overrides}
	v["ParameterOverrides"] = shown.echo()
	return view{"StackInstance": v}, nil
}

// MemberMoved deploys what reaches a member at its new place in the directory, and takes away what does not any more.
// It is for members that joined too.
func (s *Service) MemberMoved(member, _ string) { s.follow(member) }

// MemberLeft takes away what reached the member through its directory.
func (s *Service) MemberLeft(member, _ string) { s.follow(member) }

// follow runs the automatic deployment of every group for one account. Each group that has something to do notes an
// operation; what fails is seen there and at the instance.
//
// Assumption: a folder reaches the members of its subfolders too, and a member that moves between folders is treated as
// one that leaves and joins.
func (s *Service) follow(member string) {
	if s.o.Directory == nil {
		return
	}
	s.deploying.Lock()
	defer s.deploying.Unlock()
	path := strings.Split(s.o.Directory.PathOf(member), "/")
	s.mu.Lock()
	groups := slices.Clone(s.groups)
	s.mu.Unlock()
	for _, g := range groups {
		if g.serviceManaged && g.auto {
			s.followIn(context.Background(), g, member, path) // a hook has no context: the deployment outlives the request
		}
	}
}

func (s *Service) followIn(ctx context.Context, g *stackGroup, member string, path []string) {
	if _, err := s.directoryOf(g.account); err != nil {
		return // a delegation that ended follows nobody
	}
	reached := func(folder string) bool { return slices.Contains(path, folder) && g.account != member }
	var gone, fresh []*instance
	s.mu.Lock()
	for _, in := range g.instances {
		if in.account == member && in.folder != "" && !reached(in.folder) {
			gone = append(gone, in)
		}
	}
	g.instances = slices.DeleteFunc(g.instances, func(in *instance) bool { return slices.Contains(gone, in) })
	for _, f := range g.folders {
		for _, region := range f.regions {
			if reached(f.folder) && g.instance(member, region) == nil {
				in := &instance{account: member, region: region, folder: f.folder, status: "OUTDATED", overrides: f.overrides}
				g.instances, fresh = append(g.instances, in), append(fresh, in)
			}
		}
	}
	s.mu.Unlock()
	if len(gone) > 0 {
		op := s.beginOperation(g, "DELETE", nil)
		op.retain = g.retain
		s.runOperation(g, op, gone, 0, func(in *instance) error { return s.withdraw(ctx, g, in, g.retain) })
	}
	if len(fresh) > 0 {
		op := s.beginOperation(g, "CREATE", nil)
		s.runOperation(g, op, fresh, 0, func(in *instance) error { return s.deploy(ctx, g, in, false) })
	}
}
