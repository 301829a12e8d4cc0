// Command diagnose runs the troubleshooting checks on accounts and their data sources, and says what to do. It changes
// nothing.
package main

import (
	"context"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/catalog"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/sts"
	"github.com/fenghuo-soc/fenghuo/shared/diagnosis"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

func main() { fc.Main("diagnose", build) }

func build(ctx context.Context, cfg config) (func(context.Context, request) (result, error), error) {
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
	roles := sts.New(api)
	enter := func(ctx context.Context, uid, session string) (diagnosis.Reader, error) {
		// Assumed anew each time: a cached session would hide a trust policy that was taken back.
		cred, err := roles.AssumeRole(ctx, sts.RoleARN(uid, "fenghuo-collector"), sts.SessionName("diagnose", session), cfg.ExternalID, "", 0)
		if err != nil {
			return nil, err
		}
		return logService{sls.New(sls.Config{
			Endpoint: cfg.SLSEndpoint, Region: api.Region(), Account: uid,
			Credentials: func(context.Context) (sls.Credentials, error) { return sls.Credentials(cred.Credentials), nil },
		})}, nil
	}
	h := &handler{store: db, catalog: c, enter: enter, region: api.Region(), now: time.Now}
	return h.handle, nil
}
