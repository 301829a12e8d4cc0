package iam

import (
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

const (
	root     = "1100000000000001"
	security = "1100000000000002"
	shop     = "1100000000000003"
)

// world is three accounts behind a gateway, with a clock that tests move.
type world struct {
	*Service
	t   *testing.T
	gw  *gateway.Gateway
	now time.Time
}

func newWorld(t *testing.T, change ...func(*Options)) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	o := Options{Clock: func() time.Time { return w.now }, Seed: "test"}
	for _, f := range change {
		f(&o)
	}
	w.Service = New(o)
	for id, name := range map[string]string{root: "fenghuo-root", security: "security", shop: "shop"} {
		if err := w.CreateAccount(id, name); err != nil {
			t.Fatal(err)
		}
	}
	w.gw = gateway.New(gateway.Options{Credentials: w, Authorizer: w, Clock: o.Clock})
	w.Register(w.gw)
	return w
}

// do runs an operation and returns the answer and the error code; params are name, value, name, value.
func (w *world) do(c auth.Caller, action string, params ...string) (map[string]any, string) {
	w.t.Helper()
	version := "2015-05-01"
	switch {
	case action == "AssumeRole" || action == "GetCallerIdentity":
		version = "2015-04-01"
	case strings.Contains(action, "ServiceLinked"):
		version = "2020-03-31"
	}
	m := map[string]string{}
	for i := 0; i < len(params); i += 2 {
		m[params[i]] = params[i+1]
	}
	out, e := w.gw.Do(w.t.Context(), c, version, action, m)
	if e != nil {
		return nil, e.Code
	}
	return out, ""
}

// must runs an operation as root of an account.
func (w *world) must(account, action string, params ...string) map[string]any {
	w.t.Helper()
	out, code := w.do(w.RootCaller(account), action, params...)
	if code != "" {
		w.t.Fatalf("%s: %s", action, code)
	}
	return out
}

// caller is the identity behind a key.
func (w *world) caller(accessKeyID string) auth.Caller {
	w.t.Helper()
	c, ok := w.Credential(accessKeyID)
	if !ok {
		w.t.Fatalf("no key %s", accessKeyID)
	}
	return c.Caller
}

func (w *world) user(account, name string, policies ...string) auth.Caller {
	w.t.Helper()
	ak, _ := w.SeedUser(account, name, policies...)
	return w.caller(ak)
}

// role makes a role with a trust policy for a principal and a custom policy of its own.
func (w *world) role(account, name, principal, condition, policyText string) {
	w.t.Helper()
	family := "RAM"
	if strings.HasSuffix(principal, ".aliyuncs.com") {
		family = "Service"
	}
	if condition != "" {
		condition = `,"Condition":` + condition
	}
	w.must(account, "CreateRole", "RoleName", name, "AssumeRolePolicyDocument",
		`{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"`+family+`":["`+principal+`"]}`+condition+`}]}`)
	if policyText != "" {
		w.must(account, "CreatePolicy", "PolicyName", name, "PolicyDocument", statements(policyText))
		w.must(account, "AttachPolicyToRole", "PolicyType", "Custom", "PolicyName", name, "RoleName", name)
	}
}

func (w *world) allowed(c auth.Caller, action, resource string) bool {
	return w.Authorize(w.t.Context(), auth.Request{Caller: c, Action: action, Resource: resource}).Allowed
}

// assume opens a session and returns its identity.
func (w *world) assume(c auth.Caller, account, name string, params ...string) auth.Caller {
	w.t.Helper()
	out, code := w.do(c, "AssumeRole", append([]string{"RoleArn", roleARN(account, name), "RoleSessionName", "run-1"}, params...)...)
	if code != "" {
		w.t.Fatalf("assume %s: %s", name, code)
	}
	return w.caller(out["Credentials"].(map[string]any)["AccessKeyId"].(string))
}
