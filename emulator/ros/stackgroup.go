package ros

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// Members tells a stack group which accounts it is deployed to, and as whom. Errors are [*gateway.Error].
type Members interface {
	// StackTargets returns the members that are named or lie below the folders, sorted. The caller must be the management
	// account or the delegated administrator of Resource Orchestration Service.
	StackTargets(callerAccount string, folders, accounts []string) ([]string, error)
	// StackCaller is the identity that makes the resources in a member.
	StackCaller(member string) auth.Caller
}

// stackGroup is a template that is deployed as a stack into many members.
type stackGroup struct {
	name, account, region string
	body                  string
	params                []parameterValue
	instances             []instance
}

// instance is the stack of one member in one region.
type instance struct{ account, region, stack, status, reason string }

// groupOperation is a change of the instances of a group. It is over when its answer is sent.
type groupOperation struct{ id, group, account, status string }

// handleCreateGroup makes a group of the service-managed kind: it reaches the members of the directory by itself.
//
// Assumption: the parameters AutoDeployment, DeploymentTargets and RegionIds are JSON text in the query.
func (s *Service) handleCreateGroup(_ context.Context, c *gateway.Call) (any, error) {
	name := c.Get("StackGroupName")
	switch {
	case !stackName.MatchString(name):
		return nil, invalid("StackGroupName", "the name starts with a letter and has at most 255 letters, digits, - and _")
	case c.Get("RegionId") == "":
		return nil, missing("RegionId")
	case c.Get("PermissionModel") != "SERVICE_MANAGED":
		return nil, invalid("PermissionModel", "the emulator only has SERVICE_MANAGED")
	case s.o.Members == nil:
		return nil, invalid("PermissionModel", "there is no directory")
	}
	if _, err := s.o.Members.StackTargets(c.Caller.AccountID, nil, nil); err != nil {
		return nil, err
	}
	var auto struct{ Enabled, RetainStacksOnAccountRemoval bool }
	if err := json.Unmarshal([]byte(c.Get("AutoDeployment")), &auto); err != nil {
		return nil, invalid("AutoDeployment", "a service-managed group needs an object with Enabled and RetainStacksOnAccountRemoval")
	}
	if auto.Enabled {
		return nil, invalid("AutoDeployment", "the emulator does not deploy to accounts that join later")
	}
	body, err := templateBody(c)
	if err != nil {
		return nil, err
	}
	g := &stackGroup{name: name, account: c.Caller.AccountID, region: c.Get("RegionId"), body: body, params: readParameters(c)}
	if _, err := prepare(body, g.params, &stack{account: g.account, region: g.region}); err != nil {
		return nil, asAPI(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.group(c) != nil {
		return nil, gateway.Errorf(409, "StackGroupExists", "The stack group (%s) already exists.", name)
	}
	s.groups = append(s.groups, g)
	return view{"StackGroupId": s.newID(g.account, "group/"+name)}, nil
}

// group is the group that a call names. The caller holds the lock.
func (s *Service) group(c *gateway.Call) *stackGroup {
	i := slices.IndexFunc(s.groups, func(g *stackGroup) bool {
		return g.name == c.Get("StackGroupName") && g.account == c.Caller.AccountID && g.region == c.Get("RegionId")
	})
	if i < 0 {
		return nil
	}
	return s.groups[i]
}

func (s *Service) findGroup(c *gateway.Call) (*stackGroup, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.group(c); g != nil {
		return g, nil
	}
	return nil, gateway.Errorf(404, "StackGroupNotFound", "The stack group (%s) could not be found.", c.Get("StackGroupName"))
}

// The most that one call names (accounts.md §4.3).
const (
	maxTargetFolders  = 5
	maxTargetAccounts = 20
)

func (s *Service) handleCreateInstances(ctx context.Context, c *gateway.Call) (any, error) {
	g, err := s.findGroup(c)
	if err != nil {
		return nil, err
	}
	var regions []string
	if err := json.Unmarshal([]byte(c.Get("RegionIds")), &regions); err != nil || len(regions) == 0 || len(regions) > 20 {
		return nil, invalid("RegionIds", "a JSON list of 1 to 20 regions")
	}
	var targets struct{ RdFolderIds, AccountIds []string }
	if err := json.Unmarshal([]byte(c.Get("DeploymentTargets")), &targets); err != nil || len(targets.RdFolderIds)+len(targets.AccountIds) == 0 ||
		len(targets.RdFolderIds) > maxTargetFolders || len(targets.AccountIds) > maxTargetAccounts {
		return nil, invalid("DeploymentTargets", "an object with at most %d RdFolderIds and %d AccountIds", maxTargetFolders, maxTargetAccounts)
	}
	members, err := s.o.Members.StackTargets(c.Caller.AccountID, targets.RdFolderIds, targets.AccountIds)
	if err != nil {
		return nil, err
	}
	op := groupOperation{group: g.name, account: g.account, status: "SUCCEEDED"}
	for _, member := range members {
		for _, region := range regions {
			if in := s.deployInstance(ctx, g, member, region); in.status != "CURRENT" {
				op.status = "FAILED"
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	op.id = s.newID(g.account, fmt.Sprintf("operation/%d", len(s.operations)))
	s.operations = append(s.operations, op)
	return view{"OperationId": op.id}, nil
}

// deployInstance makes the stack of one member. One that is there is left as it is.
func (s *Service) deployInstance(ctx context.Context, g *stackGroup, member, region string) instance {
	s.mu.Lock()
	i := slices.IndexFunc(g.instances, func(in instance) bool { return in.account == member && in.region == region && in.status == "CURRENT" })
	s.mu.Unlock()
	if i >= 0 {
		return instance{status: "CURRENT"}
	}
	in := instance{account: member, region: region, status: "CURRENT"}
	st := &stack{name: "StackGroup-" + g.name, account: member, region: region, created: s.o.Clock(), busy: "CREATE", status: "CREATE_IN_PROGRESS", body: g.body}
	if err := s.add(st); err != nil {
		in.status, in.reason = "OUTDATED", err.Error()
	} else if p, err := prepare(g.body, g.params, st); err != nil {
		s.drop(st)
		in.status, in.reason = "OUTDATED", err.Error()
	} else {
		st.params = p.params
		work := *st
		s.create(ctx, env{invoker: s.o.Invoker, logs: s.o.Logs, caller: s.o.Members.StackCaller(member), region: region}, &work, p)
		s.finish(st, &work)
		if in.stack = st.id; work.status != "CREATE_COMPLETE" {
			in.status, in.reason = "OUTDATED", work.reason
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g.instances = slices.DeleteFunc(g.instances, func(x instance) bool { return x.account == member && x.region == region })
	g.instances = append(g.instances, in)
	return in
}

func (s *Service) handleGetOperation(_ context.Context, c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, op := range s.operations {
		if op.id == c.Get("OperationId") && op.account == c.Caller.AccountID {
			return view{"StackGroupOperation": view{"OperationId": op.id, "StackGroupName": op.group, "Action": "CREATE", "Status": op.status}}, nil
		}
	}
	return nil, gateway.Errorf(404, "StackGroupOperationNotFound", "The operation (%s) could not be found.", c.Get("OperationId"))
}

func (s *Service) handleListInstances(_ context.Context, c *gateway.Call) (any, error) {
	g, err := s.findGroup(c)
	if err != nil {
		return nil, err
	}
	page, err := c.Int("PageNumber", 1)
	if err != nil {
		return nil, err
	}
	size, err := c.Int("PageSize", 10)
	if err != nil || page < 1 || size < 1 || size > 50 {
		return nil, invalid("PageSize", "1 to 50, and PageNumber from 1")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []view{}
	for _, in := range g.instances[min((page-1)*size, len(g.instances)):min(page*size, len(g.instances))] {
		list = append(list, view{"StackGroupName": g.name, "AccountId": in.account, "RegionId": in.region, "StackId": in.stack, "Status": in.status, "StatusReason": in.reason})
	}
	return view{"StackInstances": list, "TotalCount": len(g.instances), "PageNumber": page, "PageSize": size}, nil
}
