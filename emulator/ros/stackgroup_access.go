package ros

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

const (
	// servicePrincipal is ROS as a trusted service of a resource directory and in the trust policies of roles.
	servicePrincipal = "ros.aliyuncs.com"
	// adminService is the service of the service-linked role of the account that administers service-managed groups.
	adminService = "stackgroups-admin.ros.aliyuncs.com"
	adminLinked  = "AliyunServiceRoleForROSStackGroupsRDAdmin"
	sessionName  = "stackgroups"
	sessionLife  = time.Hour
)

// executionRole is the role in a member that a service-managed group works with.
//
// Assumption: its name is stackgroups-exec- and the account that administers the group (the documents give the prefix),
// it trusts the service-linked role of that account and may do everything, and it is made without the member's own
// service-linked role, whose service name is unknown.
func executionRole(administrator string) string { return "stackgroups-exec-" + administrator }

// directoryOf is the directory that an account may use with service-managed groups.
//
// Assumption: for an account that neither manages a directory nor administers ROS in one, the code is NoPermission.
func (s *Service) directoryOf(account string) (managementID string, err error) {
	if s.o.Directory != nil {
		if id, ok := s.o.Directory.Administered(account, servicePrincipal); ok {
			return id, nil
		}
	}
	return "", gateway.Errorf(403, "NoPermission",
		"The account %s is neither the management account nor a delegated administrator of %s with trusted access.", account, servicePrincipal)
}

// executor is the identity that works for the group in an account.
func (s *Service) executor(ctx context.Context, g *stackGroup, account string) (auth.Caller, error) {
	if s.o.Roles == nil {
		return auth.Caller{}, fmt.Errorf("this emulator has no roles for stack groups")
	}
	admin, service, exec := g.adminRole, servicePrincipal, g.execRole
	if g.serviceManaged {
		admin, service, exec = adminLinked, adminService, executionRole(g.account)
		if err := s.prepareMember(g.account, account); err != nil {
			return auth.Caller{}, err
		}
	}
	first, _, err := s.o.Roles.AssumeServiceRole(ctx, arn(g.account, admin), service, sessionName, sessionLife)
	if err != nil {
		return auth.Caller{}, fmt.Errorf("assume %s in %s: %w", admin, g.account, err)
	}
	caller, _, err := s.o.Roles.AssumeRole(ctx, first, arn(account, exec), sessionName, sessionLife)
	if err != nil {
		return auth.Caller{}, fmt.Errorf("assume %s in %s: %w", exec, account, err)
	}
	return caller, nil
}

// prepareMember makes the two roles of a service-managed group.
func (s *Service) prepareMember(administrator, member string) error {
	if err := s.o.Roles.EnsureServiceLinkedRole(administrator, adminService); err != nil {
		return err
	}
	trust := `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["` + arn(administrator, adminLinked) + `"]}}]}`
	return s.o.Roles.EnsureRole(member, executionRole(administrator), trust, "AdministratorAccess")
}

// accountGone tells whether a member does not exist any more.
func (s *Service) accountGone(administrator, member string) bool {
	e, ok := errors.AsType[*gateway.Error](s.prepareMember(administrator, member))
	return ok && e.Code == "EntityNotExist.Account"
}

func arn(account, role string) string { return "acs:ram::" + account + ":role/" + role }

// groupExists and the functions below have the codes of stack groups.
//
// Assumption: the sheets list none; these follow the names that the service is known to use, with these statuses.
func groupExists(name string) error {
	return gateway.Errorf(409, "StackGroupExists", "The StackGroup (%s) already exists.", name)
}

func groupNotFound(name string) error {
	return gateway.Errorf(404, "StackGroupNotFound", "The StackGroup (%s) could not be found.", name)
}

func groupNotEmpty(name string) error {
	return gateway.Errorf(409, "StackGroupNotEmpty", "The StackGroup (%s) has stack instances.", name)
}

func groupQuota(what string, limit int) error {
	return gateway.Errorf(400, "QuotaExceeded", "The number of %s exceeds the limit of %d.", what, limit)
}

// operationInProgress refuses a change of a group while another one runs.
//
// Assumption: 409 StackGroupOperationInProgress, after the names of the other codes of stack groups; the documents say
// only that automatic deployments are queued meanwhile.
func operationInProgress(name string) error {
	return gateway.Errorf(409, "StackGroupOperationInProgress", "An operation of the StackGroup (%s) is in progress.", name)
}

// notRunning refuses to stop an operation that has ended.
//
// Assumption: 400 InvalidParameter, one of the two codes that StopStackGroupOperation has.
func notRunning(status string) error {
	return invalid("OperationId", "the operation is %s", status)
}

func operationNotFound(id string) error {
	return gateway.Errorf(404, "StackGroupOperationNotFound", "The StackGroupOperation (%s) could not be found.", id)
}

func instanceExists(account, region string) error {
	return gateway.Errorf(409, "StackInstanceExists", "The stack instance in account %s and region %s already exists.", account, region)
}

func instanceNotFound(account, region string) error {
	return gateway.Errorf(404, "StackInstanceNotFound", "The stack instance in account %s and region %s could not be found.", account, region)
}
