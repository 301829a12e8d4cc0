package prover

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/iam"
	"github.com/fenghuo-soc/fenghuo/emulator/record"
)

func grant(account, role, action, resource string) iam.Grant {
	return iam.Grant{Account: account, Role: role, Action: action, Resource: resource}
}

func use(account, role, action, resource string, allowed, denied int) record.Use {
	return record.Use{Caller: "acs:ram::" + account + ":role/" + role, Account: account, Action: action, Resource: resource, Allowed: allowed, Denied: denied}
}

func byRole(_, role string) (string, bool) { return role, role != "stranger" }

// TestProve: members are one; what is wider than its uses is not needed; a denial is missing only when no grant covers it.
func TestProve(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		grants []iam.Grant
		uses   []record.Use
		excuse []Exception
		want   Report
		ok     bool
	}{
		"all used": {
			[]iam.Grant{grant("1", "r", "log:GetLogStore", "acs:log:*:1:project/*"), grant("2", "r", "log:GetLogStore", "acs:log:*:2:project/*")},
			[]record.Use{use("2", "r", "log:GetLogStore", "acs:log:x:2:project/p", 3, 0)},
			nil,
			Report{Roles: []Role{{Label: "r", Used: []Used{{"log:GetLogStore", 3}}}}},
			true,
		},
		"an action that is a pattern": {
			[]iam.Grant{grant("1", "r", "log:Get*", "*")},
			[]record.Use{use("1", "r", "log:GetLogStore", "acs:log:x:1:project/p", 3, 0)},
			nil,
			Report{Roles: []Role{{Label: "r", Used: []Used{{"log:Get*", 3}}, Unused: []Gap{{Action: "log:Get*"}}}}},
			false,
		},
		"a pattern that is excused": {
			[]iam.Grant{grant("1", "r", "log:Get*", "*")},
			[]record.Use{use("1", "r", "log:GetLogStore", "acs:log:x:1:project/p", 3, 0)},
			[]Exception{{Role: "r", Action: "log:Get*", Reason: "many"}},
			Report{Roles: []Role{{Label: "r", Used: []Used{{"log:Get*", 3}}, Unused: []Gap{{Action: "log:Get*", Reason: "many"}}}}},
			true,
		},
		"everything except": {
			[]iam.Grant{{Account: "1", Role: "r", Action: "*", Except: "log:B log:C", Resource: "*"}},
			[]record.Use{use("1", "r", "log:A", "x", 1, 0), use("1", "r", "log:B", "x", 0, 1)},
			nil,
			Report{Roles: []Role{{
				Label: "r", Used: []Used{{"* except log:B log:C", 1}}, Unused: []Gap{{Action: "* except log:B log:C"}}, Missing: []Miss{{"log:B", "x", 1}},
			}}},
			false,
		},
		"wider than what was granted already": {
			[]iam.Grant{grant("1", "r", "log:A", "acs:log:*:1:p"), grant("1", "r", "log:A", "acs:log:*:1:*")},
			[]record.Use{use("1", "r", "log:A", "acs:log:x:1:p", 2, 0)},
			nil,
			Report{Roles: []Role{{Label: "r", Used: []Used{{"log:A", 2}}, Unused: []Gap{{Action: "log:A", Resource: "acs:log:*:<account>:*"}}}}},
			false,
		},
		"unused": {
			[]iam.Grant{grant("1", "r", "log:A", "*"), grant("1", "r", "log:B", "*")},
			[]record.Use{use("1", "r", "log:A", "x", 1, 0), use("1", "r", "log:B", "x", 0, 1), use("1", "stranger", "log:B", "x", 1, 0)},
			nil,
			Report{Roles: []Role{{Label: "r", Used: []Used{{"log:A", 1}}, Unused: []Gap{{Action: "log:B"}}}}},
			false,
		},
		"excused, and a stale excuse": {
			[]iam.Grant{grant("1", "r", "log:A", "*")},
			nil,
			[]Exception{{Role: "r", Action: "LOG:a", Reason: "rare"}, {Role: "r", Action: "log:C", Reason: "gone"}, {Role: "r", Action: "log:A", Resource: "acs:log:*:<account>:q", Reason: "gone"}},
			Report{
				Roles: []Role{{Label: "r", Used: []Used{}, Unused: []Gap{{Action: "log:A", Reason: "rare"}}}},
				Stale: []Exception{{Role: "r", Action: "log:C", Reason: "gone"}, {Role: "r", Action: "log:A", Resource: "acs:log:*:<account>:q", Reason: "gone"}},
			},
			false,
		},
		"missing": {
			[]iam.Grant{grant("1", "r", "log:A", "acs:log:*:1:project/p")},
			[]record.Use{use("1", "r", "log:A", "acs:log:x:1:project/p", 1, 2), use("1", "r", "log:A", "acs:log:x:1:project/q", 0, 2), use("2", "r", "log:A", "acs:log:x:2:project/q", 0, 1)},
			nil,
			Report{Roles: []Role{{Label: "r", Used: []Used{{"log:A", 1}}, Missing: []Miss{{"log:A", "acs:log:x:<account>:project/q", 3}}}}},
			false,
		},
		"a role without grants": {
			nil,
			[]record.Use{use("1", "r", "log:A", "x", 0, 1)},
			nil,
			Report{Roles: []Role{{Label: "r", Used: []Used{}, Missing: []Miss{{"log:A", "x", 1}}}}},
			false,
		},
		"a resource that nothing met": {
			[]iam.Grant{grant("1", "r", "log:A", "acs:log:*:1:p"), grant("1", "r", "log:A", "acs:log:*:1:q")},
			[]record.Use{use("1", "r", "log:A", "acs:log:x:1:p", 1, 0)},
			[]Exception{{Role: "s", Action: "log:A", Resource: "*", Reason: "another role"}},
			Report{
				Roles: []Role{{Label: "r", Used: []Used{{"log:A", 1}}, Unused: []Gap{{Action: "log:A", Resource: "acs:log:*:<account>:q"}}}},
				Stale: []Exception{{Role: "s", Action: "log:A", Resource: "*", Reason: "another role"}},
			},
			false,
		},
		"a resource that is excused": {
			[]iam.Grant{grant("1", "r", "log:A", "acs:log:*:1:p"), grant("1", "r", "log:A", "acs:log:*:1:q/*")},
			[]record.Use{use("1", "r", "log:A", "acs:log:x:1:p", 1, 0)},
			[]Exception{{Role: "r", Action: "log:A", Resource: "acs:log:*:<account>:*/*", Reason: "rare"}},
			Report{Roles: []Role{{Label: "r", Used: []Used{{"log:A", 1}}, Unused: []Gap{{"log:A", "acs:log:*:<account>:q/*", "rare"}}}}},
			true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Prove(tt.grants, tt.uses, byRole, tt.excuse)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if got.OK() != tt.ok {
				t.Errorf("OK is %v", got.OK())
			}
		})
	}
}
