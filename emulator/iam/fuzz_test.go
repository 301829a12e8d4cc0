package iam

import (
	"maps"
	"net/url"
	"slices"
	"testing"
)

// FuzzCall runs any operation with any parameters, as the owner of an account: it answers, and never with a failure of
// its own.
func FuzzCall(f *testing.F) {
	f.Add("CreateRole", "RoleName=r&AssumeRolePolicyDocument="+url.QueryEscape(trustShop)+"&MaxSessionDuration=x")
	f.Add("CreatePolicy", "PolicyName=p&PolicyDocument="+url.QueryEscape(readLogs))
	f.Add("AssumeRole", "RoleArn=acs:ram::"+shop+":role/r&RoleSessionName=ab&Policy={&DurationSeconds=1e9")
	f.Add("GetServiceLinkedRoleDeletionStatus", "DeletionTaskId=task/acs-service-role/x/y/zzzzzzzzzzzzzzzzz")
	f.Add("ListRoles", "Marker=%00&MaxItems=-1")
	f.Add("UpdateLoginProfile", "UserName=u&PasswordResetRequired=maybe")
	f.Add("DecodeDiagnosticMessage", "EncodedDiagnosticMessage=AAAA")
	f.Fuzz(func(t *testing.T, action, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		w := newWorld(t)
		w.user(shop, "u")
		w.role(shop, "r", "acs:ram::"+shop+":root", "", "")
		var params []string
		for _, name := range slices.Sorted(maps.Keys(values)) {
			params = append(params, name, values.Get(name))
		}
		for range 2 { // the second time it may be there
			if _, code := w.do(w.RootCaller(shop), action, params...); code == "InternalError" {
				t.Errorf("%s %q fails by itself", action, params)
			}
		}
	})
}
