package iam

import (
	"context"
	"errors"
	"net/http"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// legacyCopies are the operations on roles and policies that ResourceManager 2020-03-31 has as well, with the same
// parameters and answers. Lists, which have other pages there, and AttachPolicy, which can be limited to a resource group,
// are not among them.
var legacyCopies = []string{
	"CreateRole", "GetRole", "UpdateRole", "DeleteRole", "CreatePolicy", "GetPolicy", "DeletePolicy", "CreatePolicyVersion", "GetPolicyVersion",
	"ListPolicyVersions", "SetDefaultPolicyVersion", "DeletePolicyVersion",
}

// asLegacy is an operation of RAM as ResourceManager has it: a malformed policy is 409 there (accounts.md §5.3).
//
// Assumption: the permissions are RAM's.
func asLegacy(op gateway.Operation) gateway.Operation {
	handle := op.Handle
	op.Handle = func(ctx context.Context, c *gateway.Call) (any, error) {
		out, err := handle(ctx, c)
		if e, ok := errors.AsType[*gateway.Error](err); ok && e.Code == "MalformedPolicyDocument" {
			return nil, gateway.Errorf(http.StatusConflict, e.Code, "%s", e.Message)
		}
		return out, err
	}
	return op
}
