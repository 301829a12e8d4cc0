package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// invoker runs a function of the management account as the broker role.
type invoker interface {
	Invoke(ctx context.Context, function string, payload []byte) ([]byte, error)
}

// createRoles asks the function create-roles for changes of roles.
type createRoles struct{ management invoker }

func (b createRoles) MakeRoles(ctx context.Context, req org.RolesRequest) (org.RolesResult, error) {
	var out org.RolesResult
	payload, err := json.Marshal(req)
	if err != nil {
		return out, &soc.Error{Kind: soc.Internal, Op: "ask create-roles", Account: req.Account, Err: err}
	}
	answer, err := b.management.Invoke(ctx, "create-roles", payload)
	if err != nil {
		return out, fmt.Errorf("ask create-roles about %s: %w", req.Account, err)
	}
	err = json.Unmarshal(answer, &out)
	if err == nil && out.Account != req.Account {
		err = fmt.Errorf("it answers about account %q", out.Account)
	}
	if err != nil {
		return out, &soc.Error{
			Kind: soc.Internal, Op: "ask create-roles", Account: req.Account, Err: err,
			Next: "deploy onboard and create-roles of the same version",
		}
	}
	return out, nil
}
