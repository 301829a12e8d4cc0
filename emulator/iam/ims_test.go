package iam

import "testing"

// TestIms: a response switches logon and key of a user off and on again; RAM sees the same user.
func TestIms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.user(shop, "bob")
	w.must(shop, "CreateLoginProfile", "UserName", "bob", "Password", "x")
	ims := func(action string, params ...string) (map[string]any, string) {
		m := map[string]string{}
		for i := 0; i < len(params); i += 2 {
			m[params[i]] = params[i+1]
		}
		out, e := w.gw.Do(t.Context(), w.RootCaller(shop), "2019-08-15", action, m)
		if e != nil {
			return nil, e.Code
		}
		return out, ""
	}
	of := []string{"UserPrincipalName", "bob@" + shop + ".onaliyun.com"}
	for _, tt := range []struct {
		action string
		params []string
		code   string
	}{
		{"GetUser", of, ""},
		{"GetUser", nil, "MissingUserPrincipalName"},
		{"GetUser", []string{"UserPrincipalName", "eve@" + shop + ".onaliyun.com"}, "EntityNotExist.User"},
		{"GetUser", []string{"UserPrincipalName", "bob@" + security + ".onaliyun.com"}, "EntityNotExist.User"},
		{"UpdateLoginProfile", append([]string{"Status", "Off"}, of...), "InvalidParameter.Status"},
		{"UpdateAccessKey", append([]string{"UserAccessKeyId", "x", "Status", "Inactive"}, of...), "EntityNotExist.User.AccessKey"},
		{"UpdateAccessKey", append([]string{"UserAccessKeyId", bob.AccessKeyID, "Status", "Inactive"}, of...), ""},
	} {
		if _, code := ims(tt.action, tt.params...); code != tt.code {
			t.Errorf("%s %v: %q, want %q", tt.action, tt.params, code, tt.code)
		}
	}
	for _, status := range []string{"Inactive", "Active"} {
		if out, code := ims("UpdateLoginProfile", append([]string{"Status", status}, of...)...); code != "" || out["LoginProfile"].(map[string]any)["Status"] != status {
			t.Errorf("%s: %v %s", status, out, code)
		}
		if out, _ := ims("GetLoginProfile", of...); out["LoginProfile"].(map[string]any)["Status"] != status {
			t.Errorf("shown: %v", out)
		}
	}
	if c, _ := w.Credential(bob.AccessKeyID); c.Active {
		t.Error("the key is still active")
	}
	w.must(shop, "DeleteLoginProfile", "UserName", "bob")
	if _, code := ims("UpdateLoginProfile", append([]string{"Status", "Active"}, of...)...); code != "EntityNotExist.User.LoginProfile" {
		t.Errorf("after RAM deleted the profile: %q", code)
	}
	if _, e := w.gw.Do(t.Context(), bob, "2019-08-15", "GetLoginProfile", map[string]string{"UserPrincipalName": of[1]}); e == nil || e.Code != "NoPermission" {
		t.Errorf("without permission: %v", e)
	}
	denied := w.Denied()
	if got := denied[len(denied)-1]; got.Action != "ims:GetLoginProfile" || got.Resource != "acs:ims:*:"+shop+":user/bob" {
		t.Errorf("asked %s on %s", got.Action, got.Resource)
	}
}
