package gateway

import (
	"context"
	"maps"
	"net/http"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// Require asks the authorizer for every permission and answers 403 with deniedCode ("" = NoPermission) for the first
// that is denied. The message names action, resource and caller.
func (g *Gateway) Require(ctx context.Context, c auth.Caller, deniedCode string, p ...Permission) *Error {
	if deniedCode == "" {
		deniedCode = "NoPermission"
	}
	for _, need := range p {
		d := g.authorizer.Authorize(ctx, auth.Request{Caller: c, Action: need.Action, Resource: need.Resource, Context: need.Context})
		if d.Allowed {
			continue
		}
		e := Errorf(http.StatusForbidden, deniedCode,
			"You are not authorized to perform this operation. Action: %s, Resource: %s, Caller: %s.", need.Action, need.Resource, c.ARN)
		e.Detail = d.Detail
		return e
	}
	return nil
}

// permissions are those of the operation, each with the condition keys that follow from the transport.
func (op Operation) permissions(c *Call) []Permission {
	if op.Permissions == nil {
		return nil
	}
	secure := "false"
	if c.secure {
		secure = "true"
	}
	list := op.Permissions(c)
	for i, p := range list {
		full := map[string]string{"acs:SecureTransport": secure}
		maps.Copy(full, p.Context)
		list[i].Context = full
	}
	return list
}
