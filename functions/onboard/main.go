// Command onboard takes members into the administrator's scope and out of it. The roles in the members are made by
// create-roles in the management account, which it reaches through a role that may do nothing else.
package main

import (
	"context"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/directory"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/function"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/sts"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

func main() { fc.Main("onboard", build) }

func build(ctx context.Context, cfg config) (func(context.Context, request) (any, error), error) {
	db, err := store.Open(ctx, cfg.Store)
	if err != nil {
		return nil, err
	}
	settings := openapi.Config{Endpoint: cfg.Endpoint, Credentials: fc.CredentialsOf[openapi.Credentials]}
	if c, ok := fc.FromContext(ctx); ok {
		settings.Region, settings.Account = c.Region, c.AccountID
	}
	api := openapi.New(settings)
	broker := sts.Role{ARN: sts.RoleARN(cfg.Management, "fenghuo-broker"), Session: "onboard", ExternalID: cfg.ExternalID}
	roles := createRoles{function.New(function.Config{
		Endpoint: cfg.Endpoint, Region: api.Region(), Account: cfg.Management,
		Credentials: sts.NewCache(sts.New(api), time.Now).For(broker),
	})}
	h := &handler{
		store: db, members: directory.New(api), management: cfg.Management, now: time.Now,
		mover: &org.Mover{Roles: roles, Store: db, Now: time.Now},
	}
	return h.handle, nil
}
