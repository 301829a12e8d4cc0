// Command delegate checks the prerequisites in the management account, and makes a member the delegated administrator of
// Security Center and of threat analysis, or takes that back.
package main

import (
	"context"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/directory"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
)

func main() { fc.Main("delegate", build) }

func build(ctx context.Context, cfg config) (func(context.Context, request) (result, error), error) {
	self := fc.Self(ctx)
	api := openapi.New(openapi.Config{
		Endpoint: cfg.Endpoint, Region: self.Region, Account: self.AccountID, Credentials: fc.CredentialsOf[openapi.Credentials],
	})
	h := &handler{org: resourceDirectory{directory.New(api)}, now: time.Now}
	return h.handle, nil
}
