package iam

import (
	"cmp"
	"fmt"
	"net/http"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// linkedServices are the services that have a service-linked role here, with its name (accounts.md §3.2).
var linkedServices = map[string]string{
	"sas.aliyuncs.com":                   "AliyunServiceRoleForSas",
	"rd.sas.aliyuncs.com":                "AliyunServiceRoleForSasRd",
	"cloudsiem.sas.aliyuncs.com":         "AliyunServiceRoleForSasCloudSiem",
	"cspm.sas.aliyuncs.com":              "AliyunServiceRoleForSasCspm",
	"resourcemanager.aliyuncs.com":       "AliyunServiceRoleForResourceDirectory",
	"stackgroups-admin.ros.aliyuncs.com": "AliyunServiceRoleForROSStackGroupsRDAdmin",
}

// linkedPolicies are the policies of those roles whose content is known.
//
// Assumption: the others have none: their services act through state of their own and only ask whether the role is
// there. The content of AliyunServiceRolePolicyForSasCloudSiem and the tail of AliyunServiceRolePolicyForSasRd are
// unknown.
var linkedPolicies = map[string]string{
	"rd.sas.aliyuncs.com":                "AliyunServiceRolePolicyForSasRd",
	"resourcemanager.aliyuncs.com":       "AliyunServiceRolePolicyForResourceDirectory",
	"stackgroups-admin.ros.aliyuncs.com": "AliyunServiceRolePolicyForROSStackGroupsRDAdmin",
}

// deletionTask is the asynchronous deletion of a service-linked role.
type deletionTask struct {
	id           string
	role         *role
	created, due time.Time
	done         bool
	usage        map[string][]string // region → resources, when the service still used the role
}

// HasServiceLinkedRole reports whether the role of the service exists in the account.
func (s *Service) HasServiceLinkedRole(accountID, serviceName string) bool {
	s.settle(s.clock())
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.accounts[accountID].role(linkedServices[serviceName]) != nil
}

// EnsureServiceLinkedRole creates the role of a service unless it is there, as the service itself does. Errors are
// [*gateway.Error]: 404 EntityNotExist.Service for a service without such a role.
func (s *Service) EnsureServiceLinkedRole(accountID, serviceName string) error {
	s.settle(s.clock())
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[accountID]
	switch {
	case linkedServices[serviceName] == "":
		return notExist("Service", serviceName)
	case a == nil:
		return gateway.Errorf(http.StatusNotFound, "EntityNotExist.Account", "The account %s does not exist.", accountID)
	case a.role(linkedServices[serviceName]) == nil:
		s.newLinkedRole(a, serviceName, "")
	}
	return nil
}

func (s *Service) newLinkedRole(a *account, serviceName, description string) *role {
	text := fmt.Sprintf(`{"Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":[%q]}}],"Version":"1"}`, serviceName)
	trust, err := parsePolicy(text, trustPolicy)
	if err != nil {
		panic(err) // made of a constant table
	}
	r := s.newRole(a, linkedServices[serviceName], text, trust)
	r.serviceName, r.description = serviceName, description
	if p := linkedPolicies[serviceName]; p != "" {
		if err := r.attached.ensure([]string{p}, s.clock()); err != nil {
			panic(err) // made of a constant table
		}
	}
	return r
}

// createServiceLinkedRole succeeds also when the role quota is used up (accounts.md §3.3).
func (s *Service) createServiceLinkedRole(a *account, c *gateway.Call) (any, error) {
	service := c.Get("ServiceName")
	description, err := text(c, "Description", "Description", 1024)
	switch {
	case err != nil:
		return nil, err
	case service == "":
		return nil, gateway.Missing("ServiceName")
	case linkedServices[service] == "":
		return nil, notExist("Service", service)
	case c.Get("CustomSuffix") != "":
		return nil, invalid("CustomSuffix.NotAllowed", "The service %s does not allow a custom suffix.", service)
	case a.role(linkedServices[service]) != nil:
		return nil, alreadyExists("Role", linkedServices[service])
	}
	return fields{"Role": s.newLinkedRole(a, service, description).viewWithTrust()}, nil
}

// deleteServiceLinkedRole starts the deletion. Whether the role is in use is asked now and answered later.
//
// Assumption: the task ends after Options.DeletionDelay, with the use as it was when the deletion began.
func (s *Service) deleteServiceLinkedRole(a *account, c *gateway.Call, usage map[string][]string) (any, error) {
	r, err := a.roleNamed(c)
	switch {
	case err != nil:
		return nil, err
	case r.serviceName == "":
		return nil, notExist("ServiceLinkedRole", r.name)
	}
	t := r.latestDeletion
	if t == nil || t.done {
		t = &deletionTask{
			id:   "task/acs-service-role/" + r.serviceName + "/" + r.name + "/" + s.uuid(),
			role: r, created: c.Now, due: c.Now.Add(s.deletionDelay), usage: usage,
		}
		r.latestDeletion = t
		s.tasks[t.id] = t
		s.pending++
	}
	return fields{"DeletionTaskId": t.id}, nil
}

func (s *Service) deletionStatus(a *account, c *gateway.Call) (any, error) {
	id := c.Get("DeletionTaskId")
	switch t := s.tasks[id]; {
	case id == "":
		return nil, gateway.Missing("DeletionTaskId")
	case len(id) < 26 || len(id) > 255:
		return nil, invalid("DeletionTaskId.Length", "The length of DeletionTaskId must be 26 to 255 characters.")
	case t == nil || t.role.account != a:
		return nil, notExist("ServiceLinkedRole.DeletionTask", id)
	case !t.done:
		return fields{"Status": "IN_PROGRESS"}, nil
	case len(t.usage) > 0:
		usages := []fields{}
		for _, region := range sortedKeys(t.usage) {
			usages = append(usages, fields{"Region": region, "Resources": fields{"Resource": t.usage[region]}})
		}
		return fields{"Status": "FAILED", "Reason": fields{
			"Message":    "The service-linked role is in use by its service.",
			"RoleUsages": fields{"RoleUsage": usages},
		}}, nil
	}
	return fields{"Status": "SUCCEEDED"}, nil
}

// settle finishes the deletions that are due. It is called wherever roles are looked at.
func (s *Service) settle(now time.Time) {
	s.mu.RLock()
	idle := s.pending == 0
	s.mu.RUnlock()
	if idle {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tasks {
		if t.done || now.Before(t.due) {
			continue
		}
		t.done = true
		s.pending--
		if len(t.usage) == 0 {
			t.role.drop()
		}
	}
}

// linkedService is the service of the role that RoleName means; "" when there is none.
func (s *Service) linkedService(c *gateway.Call) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if r := s.accounts[c.Caller.AccountID].role(c.Get("RoleName")); r != nil {
		return r.serviceName
	}
	return ""
}

// linkedRolePermission is the permission to create or delete a service-linked role, with the service as condition.
func (s *Service) linkedRolePermission(c *gateway.Call, action string) []gateway.Permission {
	service, name := c.Get("ServiceName"), "*"
	if action == "ram:DeleteServiceLinkedRole" {
		service, name = s.linkedService(c), cmp.Or(c.Get("RoleName"), "*")
	}
	return []gateway.Permission{{
		Action: action, Resource: "acs:ram:*:" + c.Caller.AccountID + ":role/" + name,
		Context: map[string]string{"ram:ServiceName": service},
	}}
}
