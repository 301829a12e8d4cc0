package ram

import (
	"context"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
)

// Service-linked roles are made through Resource Manager (accounts.md §3.1).
func (c *Client) doLinked(ctx context.Context, action, resource string, query map[string]string, out any) error {
	return c.api.Do(ctx, openapi.Request{
		Product: "ResourceManager", Version: "2020-03-31", Action: action,
		Host: "resourcemanager.aliyuncs.com", Resource: resource, Query: query,
	}, out)
}

// CreateServiceLinkedRole makes the role that a service keeps for itself, as "cloudsiem.sas.aliyuncs.com". It reports whether the
// role is new: that it exists is success. Kinds: NotFound for an unknown service, Denied.
func (c *Client) CreateServiceLinkedRole(ctx context.Context, service string) (created bool, err error) {
	err = c.doLinked(ctx, "CreateServiceLinkedRole", service, map[string]string{"ServiceName": service}, nil)
	if settled(err, "EntityAlreadyExists.Role") == nil {
		return err == nil, nil
	}
	return false, err
}

// DeleteServiceLinkedRole begins to delete a service-linked role and returns the id of the deletion. Kinds: NotFound.
func (c *Client) DeleteServiceLinkedRole(ctx context.Context, role string) (deletionTask string, err error) {
	var out struct{ DeletionTaskId string }
	err = c.doLinked(ctx, "DeleteServiceLinkedRole", "role/"+role, map[string]string{"RoleName": role}, &out)
	return out.DeletionTaskId, err
}

// ServiceLinkedRoleDeletion tells how a deletion stands: SUCCEEDED, IN_PROGRESS, FAILED, NOT_STARTED or INTERNAL_ERROR, with the
// service's reason when it failed. Kinds: NotFound.
func (c *Client) ServiceLinkedRoleDeletion(ctx context.Context, deletionTask string) (status, reason string, err error) {
	var out struct {
		Status string
		Reason struct{ Message string }
	}
	err = c.doLinked(ctx, "GetServiceLinkedRoleDeletionStatus", deletionTask, map[string]string{"DeletionTaskId": deletionTask}, &out)
	return out.Status, out.Reason.Message, err
}
