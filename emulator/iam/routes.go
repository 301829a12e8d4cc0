package iam

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// fields is a JSON object of an answer.
type fields = map[string]any

// Register puts RAM 2015-05-01, STS 2015-04-01, a part of Ims 2019-08-15 and the service-linked role operations of ResourceManager 2020-03-31 on
// a gateway. The latter are under Ram too, as in the newer documents.
func (s *Service) Register(g *gateway.Gateway) {
	g.Register("Sts", "2015-04-01", map[string]gateway.Operation{
		"AssumeRole":        {PerSecond: s.limits.AssumeRolePerSecond, Handle: s.assumeRole}, // asks for permission itself: two sides, and the root rule
		"GetCallerIdentity": {Handle: s.getCallerIdentity},
	})
	g.Register("ResourceManager", "2020-03-31", s.linkedRoleOperations())
	g.Register("Ram", "2015-05-01", s.linkedRoleOperations())
	g.Register("Ims", "2019-08-15", s.imsOperations())
	for _, group := range []map[string]operation{s.roleOperations(), s.policyOperations(), s.userOperations(), s.groupOperations()} {
		ops := map[string]gateway.Operation{}
		for action, op := range group {
			ops[action] = gateway.Operation{Permissions: permissions("ram:"+action, op.on), Handle: s.handle(op.run)}
			if slices.Contains(legacyCopies, action) {
				g.Register("ResourceManager", "2020-03-31", map[string]gateway.Operation{action: asLegacy(ops[action])})
			}
		}
		g.Register("Ram", "2015-05-01", ops)
	}
}

// operation is one action of RAM: the resources it is checked against and what it does with the caller's account.
type operation struct {
	on  []resource
	run func(a *account, c *gateway.Call) (any, error)
}

// resource makes the account and relative id of an ARN from a call.
type resource func(c *gateway.Call) string

func everything(c *gateway.Call) string { return c.Caller.AccountID + ":*" }

func every(kind string) resource {
	return func(c *gateway.Call) string { return c.Caller.AccountID + ":" + kind + "/*" }
}

// one is the entity that a parameter names; without the parameter it is the caller's own, as for access keys.
func one(kind, parameter string) resource {
	return func(c *gateway.Call) string {
		return c.Caller.AccountID + ":" + kind + "/" + cmp.Or(c.Get(parameter), c.Caller.Name)
	}
}

// policyOf is the policy that PolicyType and PolicyName mean; system policies belong to "system".
func policyOf(c *gateway.Call) string {
	if c.Get("PolicyType") == "System" {
		return "system:policy/" + c.Get("PolicyName")
	}
	return c.Caller.AccountID + ":policy/" + c.Get("PolicyName")
}

// permissions asks for the action on each resource (accounts.md §5.4).
//
// Assumption: every action is named after its operation.
func permissions(action string, on []resource) func(c *gateway.Call) []gateway.Permission {
	return func(c *gateway.Call) []gateway.Permission {
		out := make([]gateway.Permission, len(on))
		for i, r := range on {
			out[i] = gateway.Permission{Action: action, Resource: "acs:ram:*:" + r(c)}
		}
		return out
	}
}

// handle runs an operation under the lock with the account of the caller.
func (s *Service) handle(run func(a *account, c *gateway.Call) (any, error)) func(context.Context, *gateway.Call) (any, error) {
	return func(_ context.Context, c *gateway.Call) (any, error) {
		s.settle(c.Now)
		s.mu.Lock()
		defer s.mu.Unlock()
		a := s.accounts[c.Caller.AccountID]
		if a == nil {
			return nil, gateway.Errorf(http.StatusForbidden, "Inactive", "RAM is not active in account %s.", c.Caller.AccountID)
		}
		return run(a, c)
	}
}

func (s *Service) roleOperations() map[string]operation {
	roles, named := []resource{every("role")}, []resource{one("role", "RoleName")}
	attach := []resource{one("role", "RoleName"), policyOf}
	return map[string]operation{
		"CreateRole":           {roles, s.createRole},
		"ListRoles":            {roles, s.listRoles},
		"GetRole":              {named, s.getRole},
		"UpdateRole":           {named, s.updateRole},
		"DeleteRole":           {named, s.deleteRole},
		"AttachPolicyToRole":   {attach, onRole((*account).ordinaryRole, s.attach)},
		"DetachPolicyFromRole": {attach, onRole((*account).ordinaryRole, s.detach)},
		"ListPoliciesForRole":  {named, onRole((*account).roleNamed, list)},
	}
}

func (s *Service) policyOperations() map[string]operation {
	policies, named := []resource{every("policy")}, []resource{policyOf}
	return map[string]operation{
		"CreatePolicy":            {policies, s.createPolicy},
		"ListPolicies":            {policies, s.listPolicies},
		"GetPolicy":               {named, s.getPolicy},
		"DeletePolicy":            {named, s.deletePolicy},
		"CreatePolicyVersion":     {named, s.createPolicyVersion},
		"GetPolicyVersion":        {named, s.getPolicyVersion},
		"ListPolicyVersions":      {named, s.listPolicyVersions},
		"SetDefaultPolicyVersion": {named, s.setDefaultPolicyVersion},
		"DeletePolicyVersion":     {named, s.deletePolicyVersion},
		"ListEntitiesForPolicy":   {named, s.listEntitiesForPolicy},
		"DecodeDiagnosticMessage": {[]resource{everything}, s.decodeDiagnostic},
	}
}

func (s *Service) userOperations() map[string]operation {
	users, named := []resource{every("user")}, []resource{one("user", "UserName")}
	attach := []resource{one("user", "UserName"), policyOf}
	return map[string]operation{
		"CreateUser":           {users, s.createUser},
		"ListUsers":            {users, s.listUsers},
		"GetUser":              {named, s.getUser},
		"UpdateUser":           {named, s.updateUser},
		"DeleteUser":           {named, s.deleteUser},
		"CreateAccessKey":      {named, s.createAccessKey},
		"ListAccessKeys":       {named, s.listAccessKeys},
		"UpdateAccessKey":      {named, s.updateAccessKey},
		"DeleteAccessKey":      {named, s.deleteAccessKey},
		"CreateLoginProfile":   {named, s.createLoginProfile},
		"GetLoginProfile":      {named, s.getLoginProfile},
		"UpdateLoginProfile":   {named, s.updateLoginProfile},
		"DeleteLoginProfile":   {named, s.deleteLoginProfile},
		"AttachPolicyToUser":   {attach, onUser(s.attach)},
		"DetachPolicyFromUser": {attach, onUser(s.detach)},
		"ListPoliciesForUser":  {named, onUser(list)},
	}
}

func (s *Service) groupOperations() map[string]operation {
	groups, named := []resource{every("group")}, []resource{one("group", "GroupName")}
	user := one("user", "UserName")
	both := []resource{user, one("group", "GroupName")}
	attach := []resource{one("group", "GroupName"), policyOf}
	return map[string]operation{
		"CreateGroup":           {groups, s.createGroup},
		"ListGroups":            {groups, s.listGroups},
		"GetGroup":              {named, s.getGroup},
		"UpdateGroup":           {named, s.updateGroup},
		"DeleteGroup":           {named, s.deleteGroup},
		"AddUserToGroup":        {both, s.addUserToGroup},
		"RemoveUserFromGroup":   {both, s.removeUserFromGroup},
		"ListGroupsForUser":     {[]resource{user}, s.listGroupsForUser},
		"ListUsersForGroup":     {named, s.listUsersForGroup},
		"AttachPolicyToGroup":   {attach, onGroup(s.attach)},
		"DetachPolicyFromGroup": {attach, onGroup(s.detach)},
		"ListPoliciesForGroup":  {named, onGroup(list)},
	}
}

// linkedRoleOperations are accounts.md §3.1.
//
// Assumption: reading a deletion task needs ram:GetServiceLinkedRoleDeletionStatus on the roles of the account.
func (s *Service) linkedRoleOperations() map[string]gateway.Operation {
	linked := func(action string) func(c *gateway.Call) []gateway.Permission {
		return func(c *gateway.Call) []gateway.Permission { return s.linkedRolePermission(c, action) }
	}
	return map[string]gateway.Operation{
		"CreateServiceLinkedRole": {Permissions: linked("ram:CreateServiceLinkedRole"), Handle: s.handle(s.createServiceLinkedRole)},
		"DeleteServiceLinkedRole": {
			Permissions: linked("ram:DeleteServiceLinkedRole"),
			Handle: func(ctx context.Context, c *gateway.Call) (any, error) {
				usage := s.roleUsage(c.Caller.AccountID, s.linkedService(c)) // without the lock: it may call back
				return s.handle(func(a *account, c *gateway.Call) (any, error) {
					return s.deleteServiceLinkedRole(a, c, usage)
				})(ctx, c)
			},
		},
		"GetServiceLinkedRoleDeletionStatus": {
			Permissions: permissions("ram:GetServiceLinkedRoleDeletionStatus", []resource{every("role")}),
			Handle:      s.handle(s.deletionStatus),
		},
	}
}

type onHolder func(a *account, h holder, c *gateway.Call) (any, error)

func onRole(find func(*account, *gateway.Call) (*role, error), run onHolder) func(*account, *gateway.Call) (any, error) {
	return func(a *account, c *gateway.Call) (any, error) {
		r, err := find(a, c)
		if err != nil {
			return nil, err
		}
		return run(a, r.holder(), c)
	}
}

func onUser(run onHolder) func(*account, *gateway.Call) (any, error) {
	return func(a *account, c *gateway.Call) (any, error) {
		u, err := a.userNamed(c)
		if err != nil {
			return nil, err
		}
		return run(a, u.holder(), c)
	}
}

func onGroup(run onHolder) func(*account, *gateway.Call) (any, error) {
	return func(a *account, c *gateway.Call) (any, error) {
		g, err := a.groupNamed(c)
		if err != nil {
			return nil, err
		}
		return run(a, g.holder(), c)
	}
}

func list(_ *account, h holder, _ *gateway.Call) (any, error) { return listAttached(h), nil }

// page answers one page of a list by MaxItems (1–1000, default 100) and Marker.
//
// Assumption: the marker is an offset; the cloud's is opaque.
func page[T any](c *gateway.Call, all []T, plural, singular string, view func(T) fields) (any, error) {
	limit, err := c.Int("MaxItems", 100)
	if err != nil {
		return nil, err
	}
	if limit < 1 || limit > 1000 {
		return nil, invalid("MaxItems", "MaxItems must be 1 to 1000.")
	}
	start, err := c.Int("Marker", 0)
	if err != nil || start < 0 {
		return nil, invalid("Marker", "The Marker was not issued by this operation.")
	}
	start = min(start, len(all))
	end := min(start+limit, len(all))
	views := make([]fields, 0, end-start)
	for _, x := range all[start:end] {
		views = append(views, view(x))
	}
	out := fields{plural: fields{singular: views}, "IsTruncated": end < len(all)}
	if end < len(all) {
		out["Marker"] = strconv.Itoa(end)
	}
	return out, nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
