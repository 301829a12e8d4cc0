package ros

import (
	"context"
	"errors"
	"slices"

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

// deploy brings an instance to the group's template and parameters.
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

// withdraw takes the stack of an instance away, unless it is to stay.
func (s *Service) withdraw(ctx context.Context, g *stackGroup, in *instance, retain bool) error {
	st, _ := s.stackOf(in)
	if retain || st == nil {
		return nil
	}
	caller, err := s.executor(ctx, g, in.account)
	if err == nil {
		err = s.dismiss(ctx, env{invoker: s.o.Invoker, logs: s.o.Logs, caller: caller, region: in.region}, st)
	}
	if err != nil && g.serviceManaged && s.accountGone(g.account, in.account) {
		return nil // a member that was deleted took its stack with it
	}
	return err
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
