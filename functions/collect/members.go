package main

import (
	"context"
	"net/http"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/sts"
	"github.com/fenghuo-soc/fenghuo/shared/collect"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// members opens the Logstores of members. All of them share one pool of connections and one cache of role credentials.
type members struct {
	cfg   config
	http  *http.Client
	roles *sts.Cache
}

// open returns the shard's project as the collector role of its account. The session's name leads from the member's audit
// log to the request of this function. Credentials are got here, so that a refused role shows before anything is read.
func (m *members) open(ctx context.Context, h store.Shard) (collect.Reader, error) {
	role := sts.Role{ARN: sts.RoleARN(h.Account, collectorRole), Session: sts.SessionName("collect", fc.Self(ctx).RequestID), ExternalID: m.cfg.ExternalID}
	used, err := m.roles.Get(ctx, role)
	if err != nil {
		return nil, err
	}
	c := sls.New(sls.Config{
		Endpoint: m.cfg.SLSEndpoint, Region: h.Region, Account: h.Account,
		Credentials: m.roles.ForSLS(role), HTTPClient: m.http,
	})
	return &renewing{Reader: c.Project(h.Project), roles: m.roles, role: role, used: used}, nil
}
