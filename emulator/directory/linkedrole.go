package directory

import (
	"cmp"
	"context"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// ownRoles are the service-linked roles that Security Center makes for its user when it is asked to.
//
// Assumption: these two; another name is 400 InvalidParameter.ServiceLinkedRole. The documented list has several and
// neither AliyunServiceRoleForSasRd nor AliyunServiceRoleForSasCloudSiem was seen in it (accounts sheet, section 3.4).
var ownRoles = map[string]string{
	"AliyunServiceRoleForSas": "sas.aliyuncs.com", "AliyunServiceRoleForSasCspm": "cspm.sas.aliyuncs.com",
}

func ownRole(c *gateway.Call) (service string, err error) {
	name := cmp.Or(c.Get("ServiceLinkedRole"), "AliyunServiceRoleForSas")
	if ownRoles[name] == "" {
		return "", invalid("ServiceLinkedRole", "Security Center does not make the role %s.", name)
	}
	return ownRoles[name], nil
}

// createLinkedRole makes a role in the caller's account. One that is there is no error.
func (s *Service) createLinkedRole(_ context.Context, c *gateway.Call) (any, error) {
	service, err := ownRole(c)
	if err != nil {
		return nil, err
	}
	return nil, s.o.Roles.EnsureServiceLinkedRole(c.Caller.AccountID, service)
}

func (s *Service) linkedRoleStatus(_ context.Context, c *gateway.Call) (any, error) {
	service, err := ownRole(c)
	if err != nil {
		return nil, err
	}
	return object{"RoleStatus": object{"Status": s.o.Roles.HasServiceLinkedRole(c.Caller.AccountID, service)}}, nil
}
