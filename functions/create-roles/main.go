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

// The buckets of one instance, in calls a second. They hold for the whole deployment, because the flows bound how many
// instances there are: at most org.AtOnce accounts are worked on at a time, instanceConcurrency of them in one instance,
// and one account in one request. So a member sees the calls of one bucket (of two, while a regular run reads its roles
// back beside a flow), and AssumeRole, which has 100 a second for all callers of the management account (accounts.md §7),
// at most that many from all instances together. RAM's own limits are not published.
const (
	memberRate = 10 // of one operation in one member
	assumeRate = 20
)

func main() { fc.Main("create-roles", build) }

func build(ctx context.Context, cfg config) (func(context.Context, org.RolesRequest) (org.RolesResult, error), error) {
	self := fc.Self(ctx)
	api := openapi.New(openapi.Config{
		Endpoint: cfg.Endpoint, Region: self.Region, Account: self.AccountID, Credentials: fc.CredentialsOf[openapi.Credentials],
		Pace: &openapi.Pace{PerSecond: memberRate, Burst: memberRate, Of: map[string]float64{"AssumeRole": assumeRate}},
	})
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
