// Command archive keeps normalised logs, while log storage is switched on.
//
// Permissions it uses, in the administrator account: log:GetCursorOrData on the stream and log:PostLogStoreLogs on the
// Logstore of the archive.
package main

import (
	"cmp"
	"context"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

func main() { fc.Main("archive", build) }

func build(ctx context.Context, cfg config) (func(context.Context, fc.LogTriggerEvent) (result, error), error) {
	if cfg.Storage != "on" {
		return (&handler{}).handle, nil
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
	h := &handler{
		on: true, in: central, out: central, parked: db, project: cfg.Project, logstore: cfg.Stream, archive: cfg.Archive,
		administrator: cmp.Or(cfg.Administrator, self.AccountID), now: time.Now,
	}
	return h.handle, nil
}
