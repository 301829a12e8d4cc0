// Command create-roles makes, verifies or removes the fixed role set of the SOC in one member, as the management account.
// It takes an account id and never a policy: what the roles may do is in the template that the program carries.
package main

import (
	"context"
	"time"

	"github.com/fenghuo-soc/fenghuo"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/directory"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/ram"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/sts"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// accessRole is in every member and trusts the management account only (accounts.md §4.1).
const accessRole = "ResourceDirectoryAccountAccessRole"

func main() { fc.Main("create-roles", build) }

func build(ctx context.Context, cfg config) (func(context.Context, org.RolesRequest) (org.RolesResult, error), error) {
	// RAM's own limits are not published; AssumeRole has 100 a second for all callers of the account (accounts.md §5, §7).
	settings := openapi.Config{
		Endpoint: cfg.Endpoint, Credentials: fc.CredentialsOf[openapi.Credentials],
		Pace: &openapi.Pace{PerSecond: 10, Burst: 10, Of: map[string]float64{"AssumeRole": 50}},
	}
	if c, ok := fc.FromContext(ctx); ok {
		settings.Region, settings.Account = c.Region, c.AccountID
	}
	api := openapi.New(settings)
	roles := sts.NewCache(sts.New(api), time.Now)
	h := &handler{
		template: fenghuo.Template, cfg: cfg, members: &memberList{list: directory.New(api), now: time.Now},
		enter: func(ctx context.Context, uid, session string) org.RAM {
			role := sts.Role{ARN: sts.RoleARN(uid, accessRole), Session: sts.SessionName("create-roles", session), Duration: 15 * time.Minute}
			return memberRAM{ram.New(api.As(uid, entry(uid, roles.For(role))))}
		},
	}
	return h.handle, nil
}

// entry makes a missing access role a refusal. Left as NotFound it would read as if the roles in the member were missing,
// and an account that nobody can enter would count as cleaned up.
func entry(uid string, assume openapi.CredentialsFunc) openapi.CredentialsFunc {
	return func(ctx context.Context) (openapi.Credentials, error) {
		k, err := assume(ctx)
		if soc.KindOf(err) == soc.NotFound {
			err = &soc.Error{
				Kind: soc.Denied, Op: "enter member", Account: uid, Resource: accessRole, Err: err,
				Next: "let the member's owner make the role " + accessRole + " again, with AdministratorAccess and trust in the management account",
			}
		}
		return k, err
	}
}
