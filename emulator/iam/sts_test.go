package iam

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// memberWorld is the shape of the product: a worker role in security, a collector role in shop that trusts it.
func memberWorld(t *testing.T) (w *world, worker auth.Caller) {
	w = newWorld(t)
	w.role(security, "fenghuo-collect", "fc.aliyuncs.com", "", `{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"acs:ram:*:*:role/fenghuo-collector"}`)
	w.role(security, "fenghuo-other", "fc.aliyuncs.com", "", `{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}`)
	w.role(shop, "fenghuo-collector", roleARN(security, "fenghuo-collect"), `{"StringEquals":{"sts:ExternalId":"secret-id"}}`,
		`{"Effect":"Allow","Action":"log:*","Resource":"acs:log:*:*:project/p/*"}`)
	return w, w.service(security, "fenghuo-collect")
}

// service opens a session of a function role, as FC does.
func (w *world) service(account, name string) auth.Caller {
	w.t.Helper()
	c, _, err := w.AssumeServiceRole(w.t.Context(), roleARN(account, name), "fc.aliyuncs.com", "fc", 36*time.Hour)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func TestAssumeRole(t *testing.T) {
	t.Parallel()
	w, worker := memberWorld(t)
	other, user := w.service(security, "fenghuo-other"), w.user(security, "bob", "AliyunSTSAssumeRoleAccess")
	plain := w.user(security, "plain")
	w.role(security, "open", "acs:ram::"+security+":root", "", "")
	collector := roleARN(shop, "fenghuo-collector")
	long := strings.Repeat("a", 65)
	tests := []struct {
		name   string
		caller auth.Caller
		params []string // on top of good ones
		code   string
	}{
		{"both sides", worker, nil, ""},
		{"case of the role name", worker, []string{"RoleArn", roleARN(shop, "Fenghuo-Collector")}, ""},
		{"no external id", worker, []string{"ExternalId", ""}, "NoPermission"},
		{"wrong external id", worker, []string{"ExternalId", "secret-iD"}, "NoPermission"},
		{"not trusted role", other, nil, "NoPermission"},
		{"not trusted user", user, nil, "NoPermission"},
		{"own side denies", plain, nil, "NoPermission"},
		{"root", w.RootCaller(security), nil, "NoPermission"},
		{"missing role, own side allows", other, []string{"RoleArn", roleARN(shop, "none")}, "EntityNotExist.Role"},
		{"missing account, own side allows", other, []string{"RoleArn", roleARN("42", "none")}, "EntityNotExist.Role"},
		{"missing role, own side denies", worker, []string{"RoleArn", roleARN(shop, "none")}, "NoPermission"},
		{"no ARN", worker, []string{"RoleArn", ""}, "MissingRoleArn"},
		{"bad ARN", worker, []string{"RoleArn", "acs:ram::x/role"}, "InvalidParameter.RoleArn"},
		{"no session name", worker, []string{"RoleSessionName", ""}, "MissingRoleSessionName"},
		{"bad session name", worker, []string{"RoleSessionName", "a b"}, "InvalidParameter.RoleSessionName"},
		{"long session name", worker, []string{"RoleSessionName", long}, "InvalidParameter.RoleSessionName"},
		{"short session", worker, []string{"DurationSeconds", "899"}, "InvalidParameter.DurationSeconds"},
		{"long session", worker, []string{"DurationSeconds", "3601"}, "InvalidParameter.DurationSeconds"},
		{"duration form", worker, []string{"DurationSeconds", "1h"}, "InvalidParameter.DurationSeconds"},
		{"malformed external id", other, []string{"RoleArn", roleARN(security, "open"), "ExternalId", "a b"}, "InvalidParameter.ExternalId"},
		{"short external id", other, []string{"RoleArn", roleARN(security, "open"), "ExternalId", "a"}, "InvalidParameter.ExternalId"},
		{"MFA", worker, []string{"SerialNumber", "acs:ram::1:mfa/x"}, "InvalidParameter.SerialNumber"},
		{"session policy grammar", worker, []string{"Policy", "{"}, "InvalidParameter.PolicyGrammar"},
		{"session policy size", worker, []string{"Policy", strings.Repeat(" ", 2049)}, "InvalidParameter.PolicySize"},
	}
	for _, tt := range tests {
		params := append([]string{"RoleArn", collector, "RoleSessionName", "run-1", "ExternalId", "secret-id", "DurationSeconds", "900"}, tt.params...)
		if _, code := w.do(tt.caller, "AssumeRole", params...); code != tt.code {
			t.Errorf("%s: code %q, want %q", tt.name, code, tt.code)
		}
	}
}

func TestDenialTellsTheSide(t *testing.T) {
	t.Parallel()
	w, worker := memberWorld(t)
	_, e := w.gw.Do(t.Context(), worker, "2015-04-01", "AssumeRole", map[string]string{"RoleArn": roleARN(shop, "fenghuo-collector"), "RoleSessionName": "x-1"})
	if e == nil || e.Detail == nil || e.Detail.PolicyType != byTrust || e.Detail.AuthPrincipalDisplayName != "fenghuo-collect:fc" || !strings.Contains(e.Message, "trust policy") {
		t.Errorf("got %+v", e)
	}
}

func TestSessionPolicyNarrows(t *testing.T) {
	t.Parallel()
	w, worker := memberWorld(t)
	c := w.assume(worker, shop, "fenghuo-collector", "ExternalId", "secret-id", "Policy",
		statements(`{"Effect":"Allow","Action":["log:Get*","ram:*"],"Resource":"*"}`))
	const log = "acs:log:cn-hangzhou:" + shop + ":project/p/logstore/l"
	for action, want := range map[string]bool{"log:GetLogStoreLogs": true, "log:PostLogStoreLogs": false, "ram:GetRole": false} {
		if got := w.allowed(c, action, log); got != want {
			t.Errorf("%s: %v", action, got)
		}
	}
	d := w.Authorize(t.Context(), auth.Request{Caller: c, Action: "log:PostLogStoreLogs", Resource: log})
	if d.Detail.PolicyType != bySession {
		t.Errorf("denied by %s", d.Detail.PolicyType)
	}
}

func TestLiveSessionsFollowTheRole(t *testing.T) {
	t.Parallel()
	w, worker := memberWorld(t)
	c := w.assume(worker, shop, "fenghuo-collector", "ExternalId", "secret-id")
	const log = "acs:log:cn-hangzhou:" + shop + ":project/p/logstore/l"
	w.must(shop, "DetachPolicyFromRole", "PolicyType", "Custom", "PolicyName", "fenghuo-collector", "RoleName", "fenghuo-collector")
	if w.allowed(c, "log:GetLogStoreLogs", log) {
		t.Error("detaching does not act on a live session")
	}
	w.must(shop, "DeleteRole", "RoleName", "fenghuo-collector")
	if _, ok := w.Credential(c.AccessKeyID); ok {
		t.Error("the session survives its role")
	}
	w.role(shop, "fenghuo-collector", roleARN(security, "fenghuo-collect"), "", "")
	w.must(shop, "AttachPolicyToRole", "PolicyType", "System", "PolicyName", "AdministratorAccess", "RoleName", "fenghuo-collector")
	if _, ok := w.Credential(c.AccessKeyID); ok || w.allowed(c, "log:GetLogStoreLogs", log) {
		t.Error("an old session wakes up with a new role of the same name")
	}
}

// TestSessionsOutliveKeys: disabling or deleting the key that opened a session does not end it, detaching what lets its
// role do something does (accounts.md §5.1).
func TestSessionsOutliveKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.user(shop, "bob", "AliyunSTSAssumeRoleAccess")
	w.role(shop, "r", "acs:ram::"+shop+":user/bob", "", `{"Effect":"Allow","Action":"log:*","Resource":"*"}`)
	session := w.assume(bob, shop, "r")
	const log = "acs:log:cn-hangzhou:" + shop + ":project/p"
	key := []string{"UserName", "bob", "UserAccessKeyId", bob.AccessKeyID}
	for _, s := range []step{
		{"UpdateAccessKey", append([]string{"Status", "Inactive"}, key...), ""},
		{"DeleteAccessKey", key, ""},
		{"DetachPolicyFromUser", []string{"UserName", "bob", "PolicyType", "System", "PolicyName", "AliyunSTSAssumeRoleAccess"}, ""},
		{"DeleteUser", []string{"UserName", "bob"}, ""},
	} {
		w.run([]step{s})
		if c, ok := w.Credential(session.AccessKeyID); !ok || !c.Active || !w.allowed(session, "log:GetProject", log) {
			t.Errorf("the session ends with %s", s.action)
		}
	}
	if _, ok := w.Credential(bob.AccessKeyID); ok {
		t.Error("the key survives its deletion")
	}
	w.run([]step{{"DetachPolicyFromRole", []string{"RoleName", "r", "PolicyType", "Custom", "PolicyName", "r"}, ""}})
	if w.allowed(session, "log:GetProject", log) {
		t.Error("the session keeps what its role lost")
	}
}

func TestChainingAndIdentity(t *testing.T) {
	t.Parallel()
	w, worker := memberWorld(t)
	w.role(shop, "second", roleARN(shop, "fenghuo-collector"), "", "")
	w.must(shop, "AttachPolicyToRole", "PolicyType", "System", "PolicyName", "AliyunSTSAssumeRoleAccess", "RoleName", "fenghuo-collector")
	first := w.assume(worker, shop, "fenghuo-collector", "ExternalId", "secret-id")
	second := w.assume(first, shop, "second")
	out, _ := w.do(second, "GetCallerIdentity")
	roleID, _, _ := strings.Cut(second.PrincipalID, ":")
	want := map[string]any{
		"IdentityType": "AssumedRoleUser", "AccountId": shop, "Arn": "acs:ram::" + shop + ":role/second/run-1", "PrincipalId": roleID + ":run-1", "RoleId": roleID,
	}
	for k, v := range want {
		if out[k] != v {
			t.Errorf("%s = %v, want %v", k, out[k], v)
		}
	}
	out, _ = w.do(w.RootCaller(shop), "GetCallerIdentity")
	if out["IdentityType"] != "Account" || out["Arn"] != "acs:ram::"+shop+":root" || out["PrincipalId"] != shop {
		t.Errorf("root: %v", out)
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	w, worker := memberWorld(t)
	c := w.assume(worker, shop, "fenghuo-collector", "ExternalId", "secret-id", "DurationSeconds", "900")
	cred, _ := w.Credential(c.AccessKeyID)
	if want := w.now.Add(15 * time.Minute); !cred.Expires.Equal(want) || cred.Token == "" || !w.KnowsToken(cred.Token) {
		t.Errorf("expires %v, want %v", cred.Expires, want)
	}
	w.now = w.now.Add(2 * time.Hour)
	w.nextSweep = 1
	w.service(security, "fenghuo-collect")
	if _, ok := w.Credential(c.AccessKeyID); ok || w.KnowsToken(cred.Token) {
		t.Error("a session that ended more than an hour ago is still kept")
	}
	if _, ok := w.Credential(worker.AccessKeyID); !ok {
		t.Error("the sweep removed a live session")
	}
}

func TestAssumeServiceRole(t *testing.T) {
	t.Parallel()
	w, _ := memberWorld(t)
	for _, tt := range []struct{ arn, service, code string }{
		{roleARN(security, "fenghuo-collect"), "fc.aliyuncs.com", ""},
		{roleARN(security, "fenghuo-collect"), "log.aliyuncs.com", "NoPermission"},
		{roleARN(shop, "fenghuo-collector"), "fc.aliyuncs.com", "NoPermission"},
		{roleARN(security, "none"), "fc.aliyuncs.com", "EntityNotExist.Role"},
		{"nonsense", "fc.aliyuncs.com", "InvalidParameter.RoleArn"},
	} {
		c, keys, err := w.AssumeServiceRole(context.Background(), tt.arn, tt.service, "s", 36*time.Hour)
		code := ""
		if e, ok := errors.AsType[*gateway.Error](err); ok {
			code = e.Code
		}
		if code != tt.code {
			t.Errorf("%s by %s: code %q, want %q", tt.arn, tt.service, code, tt.code)
		}
		if code == "" && (c.Type != auth.Role || keys.SecurityToken == "" || !keys.Expires.Equal(w.now.Add(36*time.Hour))) {
			t.Errorf("got %+v, %+v", c, keys)
		}
	}
}

func TestFlowControl(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits.AssumeRolePerSecond = 2 })
	w.role(security, "r", "acs:ram::"+security+":root", "", "")
	bob := w.user(security, "bob", "AliyunSTSAssumeRoleAccess")
	var codes []string
	for range 3 {
		_, code := w.do(bob, "AssumeRole", "RoleArn", roleARN(security, "r"), "RoleSessionName", "aa")
		codes = append(codes, code)
	}
	if codes[1] != "" || codes[2] != "Throttling.User" {
		t.Errorf("codes %q", codes)
	}
	w.now = w.now.Add(time.Second)
	w.assume(bob, security, "r")
}
