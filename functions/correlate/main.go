// Command correlate keeps alerts, links them into incidents, and starts the playbooks of response rules.
//
// Permissions it uses, in the administrator account: log:GetCursorOrData on the Logstore of alerts, and
// fnf:StartExecution (and fnf:DescribeExecution, to recognise an execution that was started before) on the playbooks.
package main

import (
	"context"
	"time"

	"github.com/fenghuo-soc/fenghuo/rules"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/flow"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/correlation"
	"github.com/fenghuo-soc/fenghuo/shared/detection"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/response"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

func main() { fc.Main("correlate", build) }

func build(ctx context.Context, cfg config) (func(context.Context, event) (result, error), error) {
	book, err := response.Load()
	if err != nil {
		return nil, err
	}
	detector, _, err := detection.Load(rules.FS) // its problems are detect's to report
	if err != nil {
		return nil, err
	}
	titles := map[string]string{}
	for _, r := range detector.Rules() {
		titles[r.ID] = r.Custom["title_zh"]
	}
	db, err := store.Open(ctx, cfg.Store)
	if err != nil {
		return nil, err
	}
	self := fc.Self(ctx)
	central := sls.New(sls.Config{
		Endpoint: cfg.SLSEndpoint, Region: self.Region, Account: self.AccountID,
		Credentials: fc.CredentialsOf[sls.Credentials],
	})
	flows := flow.New(openapi.New(openapi.Config{
		Endpoint: cfg.Endpoint, Region: self.Region, Account: self.AccountID,
		Credentials: fc.CredentialsOf[openapi.Credentials],
	}))
	h := &handler{
		alerts: db, incidents: db, runs: db, lock: db.WithLock, in: central.Project(cfg.Project), project: cfg.Project,
		logstore: cfg.Alerts, book: book, allow: &correlation.AllowList{Networks: cfg.OwnNetworks}, now: time.Now,
		titleZH: func(id string) string { return titles[id] },
		start: func(ctx context.Context, name, execution, input string) error {
			_, err := flows.StartExecution(ctx, name, execution, input)
			return err
		},
	}
	return h.handle, nil
}
