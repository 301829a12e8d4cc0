package iam

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

const shopLog = "acs:log:cn-hangzhou:" + shop + ":project/p/logstore/l"

func TestAuthorize(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.user(shop, "bob", "AliyunLogReadOnlyAccess")
	admin := w.user(security, "admin", "AdministratorAccess")
	tests := []struct {
		name             string
		caller           auth.Caller
		action, resource string
		want             string // "" = allowed; else PolicyType/NoPermissionType
	}{
		{"attached", bob, "log:GetLogStoreLogs", shopLog, ""},
		{"case of the action", bob, "LOG:getlogstorelogs", shopLog, ""},
		{"not attached", bob, "log:PostLogStoreLogs", shopLog, byIdentity + "/ImplicitDeny"},
		{"operation level", bob, "log:ListProject", "*", ""},
		{"other account, even with everything", admin, "log:GetLogStoreLogs", shopLog, byIdentity + "/ImplicitDeny"},
		{"own account", admin, "log:GetLogStoreLogs", "acs:log:cn-hangzhou:" + security + ":project/p", ""},
		{"root of the account", w.RootCaller(shop), "log:Anything", shopLog, ""},
		{"root of another", w.RootCaller(root), "log:GetLogStoreLogs", shopLog, byIdentity + "/ImplicitDeny"},
		{"root assumes", w.RootCaller(shop), "sts:AssumeRole", roleARN(shop, "x"), byIdentity + "/ImplicitDeny"},
		{"system policy", admin, "ram:AttachPolicyToRole", "acs:ram:*:system:policy/AdministratorAccess", ""},
		{"service for itself", auth.Caller{Type: auth.Service, AccountID: shop, Name: "fc.aliyuncs.com"}, "log:GetLogStoreLogs", shopLog, byIdentity + "/ImplicitDeny"},
		{"unknown user", auth.Caller{Type: auth.User, AccountID: shop, Name: "ghost"}, "log:GetLogStoreLogs", shopLog, byIdentity + "/ImplicitDeny"},
		{"same name, other user", auth.Caller{Type: auth.User, AccountID: shop, Name: "bob", PrincipalID: "2x"}, "log:GetLogStoreLogs", shopLog, byIdentity + "/ImplicitDeny"},
		{"unknown account", auth.Caller{Type: auth.User, AccountID: "9", Name: "x"}, "log:GetLogStoreLogs", "*", byIdentity + "/ImplicitDeny"},
	}
	for _, tt := range tests {
		d := w.Authorize(t.Context(), auth.Request{Caller: tt.caller, Action: tt.action, Resource: tt.resource})
		got := ""
		if !d.Allowed {
			got = d.Detail.PolicyType + "/" + d.Detail.NoPermissionType
		}
		if got != tt.want || d.Allowed != (tt.want == "") {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestExplicitDenyAndDetail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.user(shop, "bob", "AdministratorAccess")
	w.must(shop, "CreatePolicy", "PolicyName", "no-delete", "PolicyDocument", statements(`{"Effect":"Deny","Action":"log:Delete*","Resource":"*"}`))
	w.must(shop, "AttachPolicyToUser", "PolicyType", "Custom", "PolicyName", "no-delete", "UserName", "bob")
	if !w.allowed(bob, "log:GetLogStore", shopLog) {
		t.Error("get is denied")
	}
	got := w.Authorize(t.Context(), auth.Request{Caller: bob, Action: "log:DeleteLogStore", Resource: shopLog})
	want := auth.Decision{Detail: &auth.Denial{
		PolicyType: byIdentity, AuthAction: "log:DeleteLogStore", AuthPrincipalType: "SubUser", AuthPrincipalOwnerID: shop,
		AuthPrincipalDisplayName: bob.PrincipalID, NoPermissionType: "ExplicitDeny", Resource: shopLog,
	}}
	want.Detail.EncodedDiagnosticMessage = encode(want.Detail)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestControlPolicies: every level must allow; root owners, services and the management account are not bound.
func TestControlPolicies(t *testing.T) {
	t.Parallel()
	everything := statements(`{"Effect":"Allow","Action":"*","Resource":"*"}`)
	noDeletion := statements(`{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"ram:DeleteRole","Resource":"*"}`)
	onlyRAM := statements(`{"Effect":"Allow","Action":"ram:*","Resource":"*"}`)
	w := newWorld(t, func(o *Options) {
		o.ControlPolicies = func(caller, owner string) [][]string {
			switch {
			case caller == root:
				return nil
			case owner == shop:
				return [][]string{{everything}, {onlyRAM, noDeletion}, {onlyRAM}}
			case owner == security:
				return [][]string{{everything}, {`broken`}}
			}
			return nil
		}
	})
	bob, eve := w.user(shop, "bob", "AdministratorAccess"), w.user(security, "eve", "AdministratorAccess")
	own := "acs:ram:*:" + shop + ":role/x"
	for _, tt := range []struct {
		name             string
		caller           auth.Caller
		action, resource string
		effect           string // "" = allowed
	}{
		{"allowed on every level", bob, "ram:GetRole", own, ""},
		{"denied on the middle level", bob, "ram:DeleteRole", own, "ExplicitDeny"},
		{"not allowed on the top level", bob, "log:GetLogStore", shopLog, "ImplicitDeny"},
		{"the owner is not bound", w.RootCaller(shop), "ram:DeleteRole", own, ""},
		{"a policy that does not parse allows nothing", eve, "ram:GetRole", "*", "ImplicitDeny"},
	} {
		d := w.Authorize(t.Context(), auth.Request{Caller: tt.caller, Action: tt.action, Resource: tt.resource})
		if d.Allowed != (tt.effect == "") || d.Detail != nil && (d.Detail.NoPermissionType != tt.effect || d.Detail.PolicyType != byControl) {
			t.Errorf("%s: %+v %+v", tt.name, d, d.Detail)
		}
	}
	w.role(shop, "worker", "fc.aliyuncs.com", "", "")
	if _, _, err := w.AssumeServiceRole(t.Context(), roleARN(shop, "worker"), "fc.aliyuncs.com", "run", time.Hour); err != nil {
		t.Errorf("a service is bound: %v", err)
	}
	w.role(shop, "access", "acs:ram::"+root+":root", "", "")
	w.role(shop, "reader", "acs:ram::"+security+":root", "", "")
	w.assume(w.user(root, "chief", "AdministratorAccess"), shop, "access") // the management account is not bound
	if _, code := w.do(eve, "AssumeRole", "RoleArn", roleARN(shop, "reader"), "RoleSessionName", "run"); code != "NoPermission" {
		t.Errorf("another member assumes a role although sts is not allowed: %q", code)
	}
}

// TestConditionsOfTheRequest: what the caller, the clock, the transport and the directory say about a request.
func TestConditionsOfTheRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.PrincipalRD = func(account string) (string, string) {
			if account == shop {
				return "rd-1", "rd-1/r-1/" + shop
			}
			return "", ""
		}
	})
	bob := w.user(shop, "bob")
	bob.SourceIP = "10.1.2.3"
	w.must(shop, "CreatePolicy", "PolicyName", "p", "PolicyDocument", readLogs)
	w.must(shop, "AttachPolicyToUser", "PolicyType", "Custom", "PolicyName", "p", "UserName", "bob")
	for condition, want := range map[string]bool{
		`{"IpAddress":{"acs:SourceIp":"10.0.0.0/8"}}`:                                    true,
		`{"IpAddress":{"acs:SourceIp":"10.1.2.4"}}`:                                      false,
		`{"DateLessThan":{"acs:CurrentTime":"2026-01-02T03:04:06Z"}}`:                    true,
		`{"DateLessThan":{"acs:CurrentTime":"2026-01-02T03:04:05Z"}}`:                    false,
		`{"Bool":{"acs:MFAPresent":"true"}}`:                                             false,
		`{"Bool":{"acs:SecureTransport":"true"}}`:                                        false,
		`{"Bool":{"acs:SecureTransport":"false"}}`:                                       true,
		`{"StringLike":{"acs:PrincipalARN":"acs:ram:*:` + shop + `:user/*"}}`:            true,
		`{"StringEquals":{"acs:PrincipalARN":"acs:ram::` + shop + `:user/alice"}}`:       false,
		`{"StringEquals":{"acs:PrincipalRdId":"rd-1"}}`:                                  true,
		`{"StringLike":{"acs:PrincipalRDPath":["rd-2/*","rd-1/*"]},"Bool":{"x":"true"}}`: false,
		`{"StringEquals":{"acs:RequestTag/team":"soc"}}`:                                 false,
	} {
		w.must(shop, "CreatePolicyVersion", "PolicyName", "p", "SetAsDefault", "true", "RotateStrategy", "DeleteOldestNonDefaultVersionWhenLimitExceeded",
			"PolicyDocument", statements(`{"Effect":"Allow","Action":"log:Get*","Resource":"*","Condition":`+condition+`}`))
		d := w.Authorize(t.Context(), auth.Request{Caller: bob, Action: "log:GetLogStore", Resource: shopLog})
		if d.Allowed != want {
			t.Errorf("%s: %v, want %v", condition, d.Allowed, want)
		}
	}
	secure := statements(`{"Effect":"Allow","Action":"log:Get*","Resource":"*","Condition":{"Bool":{"acs:SecureTransport":"true"}}}`)
	w.must(shop, "CreatePolicyVersion", "PolicyName", "p", "SetAsDefault", "true", "RotateStrategy", "DeleteOldestNonDefaultVersionWhenLimitExceeded", "PolicyDocument", secure)
	overTLS, inside := bob, bob
	overTLS.Secure, inside.SourceIP = true, ""
	for _, c := range []auth.Caller{overTLS, inside} {
		if !w.allowed(c, "log:GetLogStore", shopLog) {
			t.Errorf("%+v is not secure", c)
		}
	}
}

func TestRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.role(shop, "Fenghuo-Collector", "acs:ram::"+security+":root", "", `{"Effect":"Allow","Action":"log:Get*","Resource":"*"}`)
	c := w.assume(w.user(security, "worker", "AliyunSTSAssumeRoleAccess"), shop, "fenghuo-collector")
	for range 3 {
		w.allowed(c, "log:GetLogStoreLogs", shopLog)
	}
	w.allowed(c, "log:PostLogStoreLogs", shopLog)
	want := map[string]int{"log:GetLogStoreLogs": 3}
	if diff := cmp.Diff(want, w.Used("acs:ram::"+shop+":role/fenghuo-COLLECTOR")); diff != "" {
		t.Error(diff)
	}
	denied := w.Denied()
	if len(denied) != 1 || denied[0].Action != "log:PostLogStoreLogs" || denied[0].Resource != shopLog || denied[0].Caller != roleARN(shop, "Fenghuo-Collector") {
		t.Errorf("denied %+v", denied)
	}
	for range maxRecorded + 10 {
		w.now = w.now.Add(time.Second)
		w.allowed(c, "log:GetLogStore", shopLog)
	}
	if got := w.Decisions(); !slices.IsSortedFunc(got, func(a, b Recorded) int { return a.Time.Compare(b.Time) }) || !got[len(got)-1].Time.Equal(w.now) {
		t.Error("the decisions are not the newest, oldest first")
	}
	if got := w.Decisions(); len(got) != maxRecorded || got[0].Action != "log:GetLogStore" || len(w.Denied()) != 1 {
		t.Errorf("%d decisions kept, %d denials", len(got), len(w.Denied()))
	}
}
