// Command collect forwards the members' logs to the central stream.
//
// Permissions it uses. In the administrator account: sts:AssumeRole on role/fenghuo-collector of the members,
// log:PostLogStoreLogs on the stream, and, with more than one worker, fc:InvokeFunction on itself. As the collector role:
// log:GetCursorOrData and log:ListShards on the Logstore that is read.
package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/function"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/sts"
	"github.com/fenghuo-soc/fenghuo/shared/collect"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

func main() { fc.Main("collect", build) }

// collectorRole is the role of every member that may read its logs.
const collectorRole = "fenghuo-collector"

func build(ctx context.Context, cfg config) (func(context.Context, event) (result, error), error) {
	db, err := store.Open(ctx, cfg.Store)
	if err != nil {
		return nil, err
	}
	self := fc.Self(ctx)
	m := &members{cfg: cfg, http: sls.NewHTTPClient()}
	api := openapi.New(openapi.Config{Endpoint: cfg.Endpoint, Region: self.Region, Credentials: fc.CredentialsOf[openapi.Credentials]})
	m.roles = sts.NewCache(sts.New(api), nil)
	central := sls.New(sls.Config{
		Endpoint: cfg.SLSEndpoint, Region: self.Region, Account: self.AccountID,
		Credentials: fc.CredentialsOf[sls.Credentials], HTTPClient: m.http,
	})
	me := function.New(function.Config{Endpoint: cfg.Endpoint, Region: self.Region, Account: self.AccountID, Credentials: fc.CredentialsOf[openapi.Credentials]})
	h := &handler{
		workers: cfg.Workers, runTime: cfg.RunTime, now: time.Now,
		collect: collect.Config{
			Leases: db, Ledger: db, Open: m.open, Stream: central.Project(cfg.Project), Store: cfg.Stream,
			Start: cfg.Start, Shards: cfg.Shards,
		},
		spawn: func(ctx context.Context, worker int) error {
			payload, err := json.Marshal(event{Worker: worker})
			if err != nil {
				return err
			}
			return me.InvokeAsync(ctx, self.FunctionName, payload)
		},
	}
	return h.handle, nil
}
