// Command onboard takes members into the administrator's scope and out of it. The roles in the members are made by
// create-roles in the management account, which it reaches through a role that may do nothing else.
package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/fenghuo-soc/fenghuo"
	"github.com/fenghuo-soc/fenghuo/shared/catalog"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/directory"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/function"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/sts"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

func main() { fc.Main("onboard", build) }

func build(ctx context.Context, cfg config) (func(context.Context, json.RawMessage) (any, error), error) {
	templates, err := catalog.Load()
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
	cache := sts.NewCache(sts.New(api), time.Now)
	// The session's name leads from the management account's audit log to the request of this function.
	broker := func(ctx context.Context) (openapi.Credentials, error) {
		return cache.For(sts.Role{
			ARN: sts.RoleARN(cfg.Management, "fenghuo-broker"), Session: sts.SessionName("onboard", fc.Self(ctx).RequestID), ExternalID: cfg.ExternalID,
		})(ctx)
	}
	roles := createRoles{function.New(function.Config{Endpoint: cfg.Endpoint, Region: api.Region(), Account: cfg.Management, Credentials: broker})}
	h := &handler{
		store: db, members: directory.New(api), security: directory.New(api), management: cfg.Management, site: cfg.Site, region: api.Region(), catalog: templates,
		template: fenghuo.Template, now: time.Now, mover: &org.Mover{Roles: roles, Store: db, Now: time.Now, Pause: org.Pause},
	}
	h.mover.Finish = h.finish
	logs := sls.New(sls.Config{
		Endpoint: cfg.SLSEndpoint, Region: api.Region(), Account: self.AccountID,
		Credentials: fc.CredentialsOf[sls.Credentials],
	}).Project(cfg.Project)
	h.retention = func(ctx context.Context) ([]retained, error) { return retention(ctx, logs) }
	return h.receive, nil
}

// retention asks the central Logstores how long they keep logs.
func retention(ctx context.Context, p *sls.Project) ([]retained, error) {
	var out []retained
	for _, l := range []retained{{What: "collected logs", Where: "stream"}, {What: "alerts", Where: "alerts"}, {What: "normalised logs", Where: "archive"}} {
		info, err := p.GetLogstore(ctx, l.Where)
		switch {
		case soc.KindOf(err) == soc.NotFound:
			continue
		case err != nil:
			return nil, err
		}
		l.Days, l.Where = info.TTLDays, "Logstore "+l.Where+" of the administrator's central project"
		out = append(out, l)
	}
	return out, nil
}
