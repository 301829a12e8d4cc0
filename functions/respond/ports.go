package main

import (
	"context"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/cloudfw"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/ram"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/sts"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/waf"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/response"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// responderRole is the role of every member that may carry out responses.
const responderRole = "fenghuo-responder"

// ports opens the products of an account as its responder role.
type ports struct {
	api        *openapi.Client // of this function
	roles      *sts.Cache
	externalID string
}

// as returns a client that calls as the account's responder; the session's name leads from the member's audit log to
// the request of this function.
func (p *ports) as(ctx context.Context, account string) *openapi.Client {
	request := ""
	if c, ok := fc.FromContext(ctx); ok {
		request = c.RequestID
	}
	return p.api.As(account, p.roles.For(sts.Role{
		ARN:     sts.RoleARN(account, responderRole),
		Session: sts.SessionName("respond", request), ExternalID: p.externalID,
	}))
}

// Blocker implements [response.Ports].
func (p *ports) Blocker(ctx context.Context, account, action string) (response.Blocker, error) {
	api := p.as(ctx, account)
	if action == response.CloudFirewallBlock {
		return firewall{cloudfw.New(api)}, nil
	}
	c := waf.New(api)
	return blacklist{templates: c, rules: c}, nil
}

// Keys implements [response.Ports].
func (p *ports) Keys(ctx context.Context, account string) (response.Keys, error) {
	return keys{ram.New(p.as(ctx, account))}, nil
}

// keyAPI is what is needed of RAM; *ram.Client has it.
type keyAPI interface {
	ListAccessKeys(ctx context.Context, user string) ([]ram.AccessKey, error)
	UpdateAccessKey(ctx context.Context, user, keyID, status string) error
}

type keys struct{ api keyAPI }

// KeyStatus implements [response.Keys].
func (k keys) KeyStatus(ctx context.Context, user, key string) (string, error) {
	list, err := k.api.ListAccessKeys(ctx, user)
	if err != nil {
		return "", err
	}
	for _, one := range list {
		if one.ID == key {
			return one.Status, nil
		}
	}
	return "", &soc.Error{Kind: soc.NotFound, Op: "find access key", Resource: "user/" + user}
}

// SetKeyStatus implements [response.Keys].
func (k keys) SetKeyStatus(ctx context.Context, user, key, status string) error {
	return k.api.UpdateAccessKey(ctx, user, key, status)
}
