package products

import (
	"context"
	"net/url"
	"testing"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

type permissive struct{}

func (permissive) Authorize(context.Context, auth.Request) auth.Decision {
	return auth.Decision{Allowed: true}
}
func (permissive) Credential(string) (auth.Credential, bool) { return auth.Credential{}, false }

// FuzzCall runs any operation of any product with any parameters in an account that has everything: it answers, and never
// with a failure of its own.
func FuzzCall(f *testing.F) {
	f.Add("2021-10-01", "CreateDefenseRule", `InstanceId=waf&TemplateId=10000001&DefenseScene=ip_blacklist&Rules=[{"name":"a","remoteAddr":["::/0"],"action":"block"}]`)
	f.Add("2021-10-01", "DescribeDefenseRules", `InstanceId=waf&Query={"ruleId":1e99}`)
	f.Add("2017-12-07", "AddControlPolicy", "Direction=in&NewOrder=-1&AclAction=drop&Source=10.0.0.0/33&SourceType=net&Destination=0.0.0.0/0&DestinationType=net&Proto=ANY")
	f.Add("2017-12-07", "AddAddressBook", "GroupName=g&GroupType=ip&Description=d&AddressList=,,")
	f.Add("2014-05-26", "AuthorizeSecurityGroup", "SecurityGroupId=sg-1&Permissions.1.IpProtocol=tcp&Permissions.1.PortRange=1/2/3&Permissions.1.SourceCidrIp=::1")
	f.Add("2014-05-26", "RevokeSecurityGroup", "SecurityGroupId=sg-1&SecurityGroupRuleId.1=x")
	f.Add("2018-12-03", "HandleSecurityEvents", `OperationCode=block_ip&OperationParams={"expireTime":9223372036854775807}&SecurityEventIds.1=1`)
	f.Add("2018-12-03", "DescribeSuspEvents", "CurrentPage=1000000&PageSize=100&Status=01")
	f.Fuzz(func(t *testing.T, version, action, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		s := New(Options{})
		s.SeedWAF("1", "waf")
		s.SeedCloudFirewall("1")
		s.SeedSecurityGroup("1", "sg-1", "one", "vpc")
		s.SeedInstance("1", "i-1", "vpc", "sg-1")
		s.SeedSuspEvent("1", SuspEvent{ID: 1})
		g := gateway.New(gateway.Options{Credentials: permissive{}, Authorizer: permissive{}})
		s.Register(g)
		params := map[string]string{}
		for name := range values {
			params[name] = values.Get(name)
		}
		for range 2 {
			if _, e := g.Do(t.Context(), auth.Caller{Type: auth.User, AccountID: "1"}, version, action, params); e != nil && e.Code == "InternalError" {
				t.Errorf("%s %s %q: %s", version, action, query, e.Message)
			}
		}
		s.BlockedIPs("1")
	})
}
