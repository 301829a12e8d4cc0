package gateway

import (
	"context"
	"maps"
	"net/http"
	"strconv"

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

// permissions are those of the operation, each with the tags of the request as condition keys (accounts.md §4.2).
func (op Operation) permissions(c *Call) []Permission {
	if op.Permissions == nil {
		return nil
	}
	list := op.Permissions(c)
	for n := 1; c.Get(tagParameter(n, "Key")) != ""; n++ {
		for i := range list {
			keys := maps.Clone(list[i].Context)
			if keys == nil {
				keys = map[string]string{}
			}
			keys["acs:RequestTag/"+c.Get(tagParameter(n, "Key"))] = c.Get(tagParameter(n, "Value"))
			list[i].Context = keys
		}
	}
	return list
}

func tagParameter(n int, part string) string { return "Tag." + strconv.Itoa(n) + "." + part }
