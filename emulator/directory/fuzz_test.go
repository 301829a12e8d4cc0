package directory_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/directory"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

type permissive struct{}

func (permissive) Authorize(context.Context, auth.Request) auth.Decision {
	return auth.Decision{Allowed: true}
}
func (permissive) Credential(string) (auth.Credential, bool) { return auth.Credential{}, false }

// FuzzCall runs any operation of any version with any parameters, as a user of the management account: it answers, and
// never with a failure of its own.
func FuzzCall(f *testing.F) {
	f.Add("2022-04-19", "ListAccounts", "MaxResults=100&NextToken=OTk5OTk5OTk5OTk5OTk5OTk5OTk&Tag.1.Key=a")
	f.Add("2020-03-31", "ListAccounts", "PageNumber=9223372036854775807&PageSize=100")
	f.Add("2022-04-19", "CreateFolder", "FolderName=%E4%B8%AD&ParentFolderId=fd-1&Tag.1.Key=acs:x")
	f.Add("2022-04-19", "AssociateMembers", "ContactId=c-1&Members.1=rd-1&Members.1=rd-2")
	f.Add("2022-04-19", "CreateControlPolicy", `PolicyName=p&EffectScope=RAM&PolicyDocument={"a":`)
	f.Add("2022-04-19", "TagResources", "ResourceType=account&ResourceId.1="+uidB+"&Tag.1.Key=k&Tag.1.Value=v")
	f.Add("2020-03-31", "ListResourceGroups", "ResourceGroupIds.1=x&PageSize=1")
	f.Add("2018-12-03", "CreateMonitorAccount", "AccountIds=,%20,"+uidB)
	f.Add("2022-06-16", "DescribeAuth", "RoleType=1&RoleFor="+uidB)
	f.Fuzz(func(t *testing.T, version, action, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		s := directory.New(directory.Options{Accounts: func(string) (directory.Account, bool) {
			return directory.Account{Name: "one", Enterprise: "Fenghuo", Verified: true}, true
		}})
		if err := s.Enable(uidA); err != nil {
			t.Fatal(err)
		}
		if err := s.AddMember(uidA, uidB, "security", "created"); err != nil {
			t.Fatal(err)
		}
		g := gateway.New(gateway.Options{Credentials: permissive{}, Authorizer: permissive{}})
		s.Register(g)
		params := map[string]string{}
		for name := range values {
			params[name] = values.Get(name)
		}
		if params["DisplayName"] != "" || params["EnableMode"] != "" {
			return // every account id is taken in this world
		}
		for range 2 {
			if _, e := g.Do(t.Context(), auth.Caller{Type: auth.User, AccountID: uidA}, version, action, params); e != nil && e.Code == "InternalError" {
				t.Errorf("%s %s %q: %s", version, action, query, e.Message)
			}
		}
	})
}
