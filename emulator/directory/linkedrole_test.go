package directory_test

import (
	"encoding/json"
	"testing"
)

// TestSecurityCenterMakesItsRole: any account may have the role made, and asks whether it is there.
func TestSecurityCenterMakesItsRole(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	sas := func(uid, action, role string) (bool, string) {
		body, err := w.call(t, "AK"+uid, "Sas", "2018-12-03", action, "ServiceLinkedRole", role)
		var out struct{ RoleStatus struct{ Status bool } }
		if err == nil {
			err = json.Unmarshal([]byte(body), &out)
		}
		if err != nil {
			return false, code(err)
		}
		return out.RoleStatus.Status, ""
	}
	for _, tt := range []struct {
		uid, action, role string
		there             bool
		code              string
	}{
		{uidC, "DescribeServiceLinkedRoleStatus", "", false, ""},
		{uidC, "CreateServiceLinkedRole", "", false, ""},
		{uidC, "CreateServiceLinkedRole", "AliyunServiceRoleForSas", false, ""}, // again
		{uidC, "DescribeServiceLinkedRoleStatus", "AliyunServiceRoleForSas", true, ""},
		{uidC, "DescribeServiceLinkedRoleStatus", "AliyunServiceRoleForSasCspm", false, ""},
		{uidD, "DescribeServiceLinkedRoleStatus", "", false, ""}, // each account has its own
		{uidC, "CreateServiceLinkedRole", "AliyunServiceRoleForSasRd", false, "400 InvalidParameter.ServiceLinkedRole"},
	} {
		if there, code := sas(tt.uid, tt.action, tt.role); there != tt.there || code != tt.code {
			t.Errorf("%s %s in %s: %v %q", tt.action, tt.role, tt.uid, there, code)
		}
	}
	w.deny = "yundun-sas:CreateServiceLinkedRole"
	if _, code := sas(uidC, "CreateServiceLinkedRole", ""); code != "403 NoPermission" {
		t.Errorf("without permission: %q", code)
	}
}
