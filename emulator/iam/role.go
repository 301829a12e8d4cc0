package iam

import (
	"net/http"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// role is a RAM role. deleted outlives its place in the account, so that live sessions end with it.
type role struct {
	account          *account
	id, name         string
	description      string
	trustText        string
	trust            *document
	maxSession       int // seconds
	created, updated time.Time
	attached         attachments
	deleted          bool
	serviceName      string        // of a service-linked role; "" for an ordinary one
	latestDeletion   *deletionTask // of a service-linked role
}

func (r *role) holder() holder { return holder{"Role", r.name, &r.attached} }

func (r *role) arn() string {
	if r.serviceName != "" { // as in the sample of the documents, accounts.md §3.1
		return roleARN(r.account.id, strings.ToLower(r.name))
	}
	return roleARN(r.account.id, r.name)
}

// view is the role without its trust policy.
func (r *role) view() fields {
	v := fields{
		"RoleId": r.id, "RoleName": r.name, "Arn": r.arn(), "Description": r.description, "MaxSessionDuration": r.maxSession,
		"CreateDate": timestamp(r.created), "UpdateDate": timestamp(r.updated),
	}
	if r.serviceName != "" {
		v["IsServiceLinkedRole"], v["RolePrincipalName"] = true, r.serviceName
		if t := r.latestDeletion; t != nil {
			v["LatestDeletionTask"] = fields{"DeletionTaskId": t.id, "CreateDate": timestamp(t.created)}
		}
	}
	return v
}

func (r *role) viewWithTrust() fields {
	v := r.view()
	v["AssumeRolePolicyDocument"] = r.trustText
	return v
}

// maxSession reads a session duration; 0 when absent.
func maxSession(c *gateway.Call, parameter string) (int, error) {
	n, err := c.Int(parameter, 0)
	if err == nil && c.Get(parameter) != "" && (n < 3600 || n > 43200) {
		return 0, invalid(parameter, "%s must be 3600 to 43200 seconds.", parameter)
	}
	return n, err
}

func (s *Service) createRole(a *account, c *gateway.Call) (any, error) {
	name, err := named(c, "RoleName", roleName, 64)
	if err != nil {
		return nil, err
	}
	if reservedName(name) {
		return nil, invalid("RoleName.InvalidChars", "The prefix AliyunServiceRoleFor is reserved for service-linked roles.")
	}
	description, err := text(c, "Description", "Description", 1024)
	if err != nil {
		return nil, err
	}
	seconds, err := maxSession(c, "MaxSessionDuration")
	if err != nil {
		return nil, err
	}
	trustText := c.Get("AssumeRolePolicyDocument")
	if trustText == "" {
		return nil, gateway.Missing("AssumeRolePolicyDocument")
	}
	trust, err := s.trustDocument(trustText, "AssumeRolePolicyDocument")
	if err != nil {
		return nil, err
	}
	switch {
	case a.role(name) != nil:
		return nil, alreadyExists("Role", name)
	case len(a.roles) >= s.limits.Roles:
		return nil, limitExceeded("Role", s.limits.Roles)
	}
	r := s.newRole(a, name, trustText, trust)
	r.description = description
	if seconds != 0 {
		r.maxSession = seconds
	}
	return fields{"Role": r.viewWithTrust()}, nil
}

// reservedName tells names that an ordinary role may not have.
//
// Assumption: RAM refuses the prefix AliyunServiceRoleFor as InvalidParameter.RoleName.InvalidChars (accounts.md §3.3).
func reservedName(name string) bool {
	return strings.HasPrefix(strings.ToLower(name), "aliyunservicerolefor")
}

// newRole stores a role. The caller holds the lock and has checked everything.
func (s *Service) newRole(a *account, name, trustText string, trust *document) *role {
	now := s.clock()
	r := &role{
		account: a, id: "3" + s.random(digits, 17), name: name, trustText: trustText, trust: trust,
		maxSession: 3600, created: now, updated: now,
	}
	a.roles[strings.ToLower(name)] = r
	return r
}

// EnsureRole makes sure that the role exists with this trust policy and at least these system policies attached. It
// is for services that create roles on their own, such as the resource directory. Errors are [*gateway.Error].
func (s *Service) EnsureRole(accountID, name, trustPolicyJSON string, systemPolicies ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[accountID]
	if a == nil {
		return gateway.Errorf(http.StatusNotFound, "EntityNotExist.Account", "The account %s does not exist.", accountID)
	}
	trust, err := s.trustDocument(trustPolicyJSON, "AssumeRolePolicyDocument")
	if err != nil {
		return err
	}
	r := a.role(name)
	if r == nil {
		r = s.newRole(a, name, trustPolicyJSON, trust)
	}
	r.trustText, r.trust = trustPolicyJSON, trust
	return r.attached.ensure(systemPolicies, s.clock())
}

// roleNamed finds the role that RoleName means.
func (a *account) roleNamed(c *gateway.Call) (*role, error) {
	name, err := named(c, "RoleName", roleName, 64)
	if err != nil {
		return nil, err
	}
	if r := a.role(name); r != nil {
		return r, nil
	}
	return nil, notExist("Role", name)
}

// ordinaryRole is roleNamed for changes, which service-linked roles refuse.
func (a *account) ordinaryRole(c *gateway.Call) (*role, error) {
	r, err := a.roleNamed(c)
	if err == nil && r.serviceName != "" {
		return nil, serviceLinked(r.name)
	}
	return r, err
}

func (s *Service) getRole(a *account, c *gateway.Call) (any, error) {
	r, err := a.roleNamed(c)
	if err != nil {
		return nil, err
	}
	return fields{"Role": r.viewWithTrust()}, nil
}

func (s *Service) updateRole(a *account, c *gateway.Call) (any, error) {
	r, err := a.ordinaryRole(c)
	if err != nil {
		return nil, err
	}
	description, err := text(c, "NewDescription", "Description", 1024)
	if err != nil {
		return nil, err
	}
	seconds, err := maxSession(c, "NewMaxSessionDuration")
	if err != nil {
		return nil, err
	}
	if t := c.Get("NewAssumeRolePolicyDocument"); t != "" {
		trust, err := s.trustDocument(t, "NewAssumeRolePolicyDocument")
		if err != nil {
			return nil, err
		}
		r.trustText, r.trust = t, trust
	}
	if _, given := c.Params["NewDescription"]; given {
		r.description = description
	}
	if seconds != 0 {
		r.maxSession = seconds
	}
	r.updated = c.Now
	return fields{"Role": r.viewWithTrust()}, nil
}

func (s *Service) deleteRole(a *account, c *gateway.Call) (any, error) {
	r, err := a.ordinaryRole(c)
	if err != nil {
		return nil, err
	}
	if len(r.attached.list) > 0 {
		return nil, deleteConflict("Role.Policy", r.name)
	}
	r.drop()
	return nil, nil
}

// drop removes the role and, with it, its live sessions.
func (r *role) drop() {
	r.deleted = true
	delete(r.account.roles, strings.ToLower(r.name))
}

func (s *Service) listRoles(a *account, c *gateway.Call) (any, error) {
	all := make([]*role, 0, len(a.roles))
	for _, name := range sortedKeys(a.roles) {
		all = append(all, a.roles[name])
	}
	return page(c, all, "Roles", "Role", (*role).view)
}
