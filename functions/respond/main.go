// Command respond plans playbooks, and does or undoes one action in one member account.
//
// Permissions it uses. In the administrator account: sts:AssumeRole on role/fenghuo-responder of the members. As that role:
// yundun-waf:DescribeInstance, DescribeDefenseTemplates, CreateDefenseTemplate, DescribeDefenseRules, CreateDefenseRule and
// DeleteDefenseRule; yundun-cloudfirewall:DescribeControlPolicy, AddControlPolicy and DeleteControlPolicy;
// ram:ListAccessKeys and ram:UpdateAccessKey.
package main

import (
	"context"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/sts"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/response"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

func main() { fc.Main("respond", build) }

func build(ctx context.Context, cfg config) (func(context.Context, request) (answer, error), error) {
	book, err := response.Load()
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, cfg.Store)
	if err != nil {
		return nil, err
	}
	api := openapi.New(openapi.Config{Endpoint: cfg.Endpoint, Region: fc.Self(ctx).Region, Credentials: fc.CredentialsOf[openapi.Credentials]})
	h := &handler{
		runs: db, approvals: db, incidents: db, scope: db, lock: db.WithLock, book: book, now: time.Now,
		executor: response.Executor{
			Ports: &ports{api: api, roles: sts.NewCache(sts.New(api), nil), externalID: cfg.ExternalID},
			Own:   response.Own{Networks: cfg.OwnNetworks, AccessKeys: cfg.OwnAccessKeys},
		},
	}
	return h.handle, nil
}
