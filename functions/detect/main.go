// Command detect evaluates the rules on a range of the central stream and writes alerts.
//
// Permissions it uses, in the administrator account: log:GetCursorOrData on the stream and log:PostLogStoreLogs on the
// Logstore of alerts.
package main

import (
	"context"
	"time"

	"github.com/fenghuo-soc/fenghuo/rules"
	"github.com/fenghuo-soc/fenghuo/shared/detection"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

func main() { fc.Main("detect", build) }

func build(ctx context.Context, cfg config) (func(context.Context, fc.LogTriggerEvent) (result, error), error) {
	detector, problems, err := detection.Load(rules.FS)
	if err != nil {
		return nil, err
	}
	for _, p := range problems {
		fc.Logger(ctx).Warn("rule has a problem", "problem", p.Error())
	}
	db, err := store.Open(ctx, cfg.Store)
	if err != nil {
		return nil, err
	}
	self := fc.Self(ctx)
	central := sls.New(sls.Config{
		Endpoint: cfg.SLSEndpoint, Region: self.Region, Account: self.AccountID,
		Credentials: fc.CredentialsOf[sls.Credentials],
	}).Project(cfg.Project)
	h := &handler{rules: detector, in: central, out: central, parked: db, project: cfg.Project, logstore: cfg.Stream, alerts: cfg.Alerts, now: time.Now}
	return h.handle, nil
}
