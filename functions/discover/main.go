// Command discover finds the Logstores and shards of enabled integration policies in the accounts that have joined, hands
// new shards to collect, and computes the health of every data source.
package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/catalog"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/sts"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

func main() { fc.Main("discover", build) }

func build(ctx context.Context, cfg config) (func(context.Context, json.RawMessage) (result, error), error) {
	c, err := catalog.Load()
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, cfg.Store)
	if err != nil {
		return nil, err
	}
	self := fc.Self(ctx)
	api := openapi.New(openapi.Config{
		Endpoint: cfg.Endpoint, Region: self.Region, Account: self.AccountID, Credentials: fc.CredentialsOf[openapi.Credentials],
	})
	roles, connections := sts.NewCache(sts.New(api), time.Now), sls.NewHTTPClient()
	enter := func(uid, session string) member {
		role := sts.Role{ARN: sts.RoleARN(uid, "fenghuo-collector"), Session: sts.SessionName("discover", session), ExternalID: cfg.ExternalID}
		return logService{sls.New(sls.Config{
			Endpoint: cfg.SLSEndpoint, Region: api.Region(),
			Credentials: roles.ForSLS(role), Account: uid, HTTPClient: connections,
		})}
	}
	h := &handler{store: db, catalog: c, enter: enter, region: api.Region(), now: time.Now}
	return h.handle, nil
}
