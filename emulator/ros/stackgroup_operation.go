package ros

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// groupOperation is one change of a group's instances. Its results change under Service.mu.
type groupOperation struct {
	id, action, description string // action: CREATE, UPDATE, DELETE
	status                  string // QUEUED, RUNNING, STOPPING, STOPPED, SUCCEEDED, FAILED
	created, ended          time.Time
	retain                  bool
	targets                 view
	results                 []*operationResult
	preferences             preferences

	list func() []*instance // asked without Service.mu when the operation begins
	step func(context.Context, *instance) error
}

// operationResult is what became of one instance.
//
// Assumption: the states are PENDING, RUNNING, SUCCEEDED, FAILED and CANCELLED.
type operationResult struct{ account, region, folder, status, reason string }

// selection is what a call on instances is about.
type selection struct {
	accounts, folders, regions []string
	preferences                preferences
}

// readSelection reads accounts or deployment targets, regions and preferences.
func (s *Service) readSelection(g *stackGroup, c *gateway.Call) (sel selection, err error) {
	var targets struct{ RdFolderIds, AccountIds []string }
	for name, into := range map[string]any{"RegionIds": &sel.regions, "AccountIds": &sel.accounts, "DeploymentTargets": &targets} {
		if text := c.Get(name); text != "" && json.Unmarshal([]byte(text), into) != nil {
			return sel, invalid(name, "the value is not JSON of the documented shape")
		}
	}
	switch {
	case len(sel.regions) == 0:
		return sel, missing("RegionIds")
	case len(sel.regions) > 20:
		return sel, invalid("RegionIds", "there are at most 20 regions")
	case g.serviceManaged && len(sel.accounts) > 0:
		return sel, invalid("AccountIds", "a service-managed group takes DeploymentTargets")
	case !g.serviceManaged && c.Get("DeploymentTargets") != "":
		return sel, invalid("DeploymentTargets", "a self-managed group takes AccountIds")
	}
	if g.serviceManaged {
		sel.accounts, sel.folders = targets.AccountIds, targets.RdFolderIds
	}
	switch {
	case len(sel.accounts)+len(sel.folders) == 0 && g.serviceManaged:
		return sel, missing("DeploymentTargets")
	case len(sel.accounts) == 0 && !g.serviceManaged:
		return sel, missing("AccountIds")
	case len(sel.accounts) > 20 || len(sel.folders) > 5:
		return sel, invalid("DeploymentTargets", "there are at most 20 accounts and 5 folders")
	}
	sel.preferences, err = readPreferences(c.Get("OperationPreferences"))
	return sel, err
}

// reach lists the accounts of a selection with the folder that each was reached through.
func (s *Service) reach(g *stackGroup, sel selection) ([]instance, error) {
	var out []instance
	add := func(account, folder string) {
		if account == g.account && folder != "" || slices.ContainsFunc(out, func(in instance) bool { return in.account == account }) {
			return
		}
		out = append(out, instance{account: account, folder: folder})
	}
	for _, a := range sel.accounts {
		add(a, "")
	}
	if !g.serviceManaged {
		return out, nil
	}
	management, err := s.directoryOf(g.account)
	if err != nil {
		return nil, err
	}
	directory, _, _ := strings.Cut(s.o.Directory.PathOf(management), "/")
	for _, a := range sel.accounts {
		if a == management || !strings.HasPrefix(s.o.Directory.PathOf(a), directory+"/") {
			return nil, invalid("DeploymentTargets", "the account %s is no member of the resource directory", a)
		}
	}
	for _, f := range sel.folders {
		members, ok := s.o.Directory.MembersBelow(management, f)
		if !ok {
			return nil, invalid("DeploymentTargets", "there is no folder %s", f)
		}
		for _, m := range members {
			add(m, f)
		}
	}
	return out, nil
}

func (s *Service) handleGetOperation(_ context.Context, c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, op, err := s.operation(c)
	if err != nil {
		return nil, err
	}
	v := op.view(g)
	v["RetainStacks"], v["DeploymentTargets"] = op.retain, op.targets
	if !g.serviceManaged {
		v["AdministrationRoleName"], v["ExecutionRoleName"] = g.adminRole, g.execRole
	}
	return view{"StackGroupOperation": v}, nil
}

// operation finds the operation of a call among those of the account. The caller holds the lock.
func (s *Service) operation(c *gateway.Call) (*stackGroup, *groupOperation, error) {
	id := c.Get("OperationId")
	if id == "" {
		return nil, nil, missing("OperationId")
	}
	for _, g := range s.groups {
		for _, op := range g.operations {
			if op.id == id && g.account == c.Caller.AccountID && g.region == c.Get("RegionId") {
				return g, op, nil
			}
		}
	}
	return nil, nil, operationNotFound(id)
}

func (op *groupOperation) view(g *stackGroup) view {
	v := view{
		"OperationId": op.id, "Action": op.action, "Status": op.status, "OperationDescription": op.description,
		"StackGroupId": g.id, "StackGroupName": g.name, "CreateTime": iso(op.created),
	}
	if !op.ended.IsZero() {
		v["EndTime"] = iso(op.ended)
	}
	return v
}

func (s *Service) handleListOperations(_ context.Context, c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.group(c)
	if err != nil {
		return nil, err
	}
	list := slices.Clone(g.operations)
	slices.Reverse(list)
	return onePage(c, "StackGroupOperations", list, func(op *groupOperation) view { return op.view(g) })
}

func (s *Service) handleOperationResults(_ context.Context, c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, op, err := s.operation(c)
	if err != nil {
		return nil, err
	}
	return onePage(c, "StackGroupOperationResults", op.results, func(r *operationResult) view {
		return view{"AccountId": r.account, "RegionId": r.region, "RdFolderId": r.folder, "Status": r.status, "StatusReason": r.reason}
	})
}

// readPairs reads name.N.ParameterKey and name.N.ParameterValue.
func readPairs(c *gateway.Call, name string) []parameterValue {
	var out []parameterValue
	for n := 1; ; n++ {
		prefix := name + "." + strconv.Itoa(n) + "."
		key := c.Get(prefix + "ParameterKey")
		if key == "" {
			return out
		}
		out = append(out, parameterValue{key, c.Get(prefix + "ParameterValue")})
	}
}
