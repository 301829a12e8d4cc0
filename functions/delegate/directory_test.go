package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/directory"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi/openapitest"
	"github.com/fenghuo-soc/fenghuo/shared/org"
)

type object = map[string]any

// cloud is a resource directory that shows these real-name verifications and has no delegated administrators yet. Every
// call that would change something fails the test.
func cloud(t *testing.T, management, member string) resourceDirectory {
	t.Helper()
	return resourceDirectory{directory.New(openapitest.Serve(t, func(call openapitest.Call) any {
		switch call.Action {
		case "GetResourceDirectory":
			return object{"ResourceDirectory": object{"ResourceDirectoryId": "rd-1", "MasterAccountId": mgmt, "IdentityInformation": management}}
		case "GetAccount":
			return object{"Account": object{"AccountId": call.Get("AccountId"), "DisplayName": "security", "Status": "InviteSuccess", "IdentityInformation": member}}
		case "ListTrustedServiceStatus", "ListDelegatedAdministrators":
			return object{"TotalCount": 0}
		}
		t.Errorf("unexpected call %s", call.Action)
		return openapitest.Error{Status: 400, Code: "Unexpected"}
	}))}
}

// TestEnterpriseChecks follows the real-name verification from the API's answer to the two findings.
func TestEnterpriseChecks(t *testing.T) {
	t.Parallel()
	const ours = "Fenghuo Example Co., Ltd."
	for name, tt := range map[string]struct {
		management, member string
		enterprise, same   org.Verdict
		status             string
	}{
		"same":              {ours, ours, org.Pass, org.Pass, "ok"},
		"same but for ends": {ours + "\n", " " + ours, org.Pass, org.Pass, "ok"},
		"written otherwise": {ours, "FENGHUO EXAMPLE Company Limited", org.Pass, org.Unknown, "ok"},
		"translated":        {ours, "烽火示例有限公司", org.Pass, org.Unknown, "ok"},
		"another":           {ours, "Other Co., Ltd.", org.Pass, org.Fail, "refused"},
		"member not shown":  {ours, "", org.Pass, org.Unknown, "ok"},
		"nothing shown":     {"", "", org.Unknown, org.Unknown, "ok"},
		"masked":            {"*** Co., Ltd.\n", "*** Co., Ltd.", org.Unknown, org.Unknown, "ok"},
		"one masked":        {ours, "F*** Co., Ltd.", org.Pass, org.Unknown, "ok"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHandler(cloud(t, tt.management, tt.member))
			got := call(t, h, mgmt, `{"operation":"check","administrator":"`+admin+`"}`)
			if got.Status != tt.status {
				t.Errorf("status %q (%s), want %q", got.Status, got.Reason, tt.status)
			}
			verdicts := map[string]org.Verdict{}
			for _, f := range got.Checks {
				verdicts[f.ID] = f.Result
			}
			want := map[string]org.Verdict{"enterprise": tt.enterprise, "same_enterprise": tt.same}
			if diff := cmp.Diff(want, map[string]org.Verdict{"enterprise": verdicts["enterprise"], "same_enterprise": verdicts["same_enterprise"]}); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestDesignateRefusesAnotherEnterprise: the refusal comes before the first write, and names both enterprises.
func TestDesignateRefusesAnotherEnterprise(t *testing.T) {
	t.Parallel()
	h := newHandler(cloud(t, "Fenghuo Example Co., Ltd.", "Other Co., Ltd."))
	got := call(t, h, mgmt, `{"operation":"designate","administrator":"`+admin+`"}`)
	const reason = `The management account belongs to "Fenghuo Example Co., Ltd.", account ` + admin + ` to "Other Co., Ltd.". ` +
		"Name a member that is verified for the same enterprise."
	if got.Status != "refused" || got.Reason != reason || len(got.Services) > 0 {
		t.Errorf("%+v\nwant refused: %s", got, reason)
	}
}
