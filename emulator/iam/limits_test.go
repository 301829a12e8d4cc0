package iam

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// TestDefaultLimits: an unset limit is the one of 2025 (accounts.md §5.2).
func TestDefaultLimits(t *testing.T) {
	t.Parallel()
	want := Limits{
		Users: 5000, Roles: 1000, Groups: 300, Policies: 1500, PolicyLength: 6144, PolicyVersions: 5,
		SystemAttached: 20, CustomAttached: 10, KeysPerUser: 2, AssumeRolePerSecond: 100, TrustLength: 4096,
	}
	if diff := cmp.Diff(want, Limits{}.withDefaults()); diff != "" {
		t.Error(diff)
	}
}

// TestLimits fills an account up to each limit, which is 2, and takes one step more. What was refused leaves no trace:
// after one deletion the step succeeds.
func TestLimits(t *testing.T) {
	t.Parallel()
	trust := trustShop
	system := []string{"ReadOnlyAccess", "AliyunLogFullAccess", "AliyunFCFullAccess"}
	policy := func(n int) []string { return []string{"PolicyName", fmt.Sprintf("p%d", n), "PolicyDocument", readLogs} }
	attach := func(kind, holder string, name func(int) string) func(int) step {
		return func(n int) step {
			return step{"AttachPolicyTo" + holder, []string{holder + "Name", "x", "PolicyType", kind, "PolicyName", name(n)}, ""}
		}
	}
	custom, ofSystem := func(n int) string { return fmt.Sprintf("c%d", n) }, func(n int) string { return system[n] }
	for _, tt := range []struct {
		name string
		make func(n int) step
		free step
		code string
	}{
		{"users", func(n int) step { return step{"CreateUser", []string{"UserName", fmt.Sprintf("u%d", n)}, ""} }, step{"DeleteUser", []string{"UserName", "u0"}, ""}, "LimitExceeded.User"},
		{"roles", func(n int) step {
			return step{"CreateRole", []string{"RoleName", fmt.Sprintf("r%d", n), "AssumeRolePolicyDocument", trust}, ""}
		}, step{"DeleteRole", []string{"RoleName", "r0"}, ""}, "LimitExceeded.Role"},
		{"groups", func(n int) step { return step{"CreateGroup", []string{"GroupName", fmt.Sprintf("g%d", n)}, ""} }, step{"DeleteGroup", []string{"GroupName", "g0"}, ""}, "LimitExceeded.Group"},
		{"policies", func(n int) step { return step{"CreatePolicy", policy(n), ""} }, step{"DeletePolicy", []string{"PolicyName", "p0"}, ""}, "LimitExceeded.Policy"},
		{"keys of a user", func(int) step { return step{"CreateAccessKey", []string{"UserName", "x"}, ""} }, step{}, "LimitExceeded.User.AccessKey"},
		{"system policies of a role", attach("System", "Role", ofSystem), step{"DetachPolicyFromRole", []string{"RoleName", "x", "PolicyType", "System", "PolicyName", system[0]}, ""}, "LimitExceeded.Role.Policy"},
		{"custom policies of a role", attach("Custom", "Role", custom), step{"DetachPolicyFromRole", []string{"RoleName", "x", "PolicyType", "Custom", "PolicyName", "c0"}, ""}, "LimitExceeded.Role.Policy"},
		{"system policies of a user", attach("System", "User", ofSystem), step{"DetachPolicyFromUser", []string{"UserName", "x", "PolicyType", "System", "PolicyName", system[0]}, ""}, "LimitExceeded.User.Policy"},
		{"custom policies of a group", attach("Custom", "Group", custom), step{"DetachPolicyFromGroup", []string{"GroupName", "x", "PolicyType", "Custom", "PolicyName", "c0"}, ""}, "LimitExceeded.Group.Policy"},
		{"versions of a policy", func(int) step {
			return step{"CreatePolicyVersion", []string{"PolicyName", "c0", "PolicyDocument", readLogs}, ""}
		}, step{"DeletePolicyVersion", []string{"PolicyName", "c0", "VersionId", "v2"}, ""}, "LimitExceeded.Policy.Version"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.must(shop, "CreateUser", "UserName", "x")
			w.must(shop, "CreateGroup", "GroupName", "x")
			w.role(shop, "x", "acs:ram::"+shop+":root", "", "")
			for n := range 3 {
				w.must(shop, "CreatePolicy", "PolicyName", fmt.Sprintf("c%d", n), "PolicyDocument", readLogs)
			}
			a := w.accounts[shop]
			w.limits = Limits{
				Users: len(a.users) + 2, Roles: len(a.roles) + 2, Groups: len(a.groups) + 2, Policies: len(a.policies) + 2, KeysPerUser: 2,
				SystemAttached: 2, CustomAttached: 2, PolicyVersions: 3, // one is there
			}.withDefaults()
			last := tt.make(2)
			last.code = tt.code
			w.run([]step{tt.make(0), tt.make(1), last})
			if tt.free.action != "" {
				w.run([]step{tt.free, tt.make(2)})
			}
		})
	}
	t.Run("lengths", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		pad := func(text string, n int) string { return text + strings.Repeat(" ", n-len(text)) }
		w.run([]step{
			{"CreatePolicy", []string{"PolicyName", "full", "PolicyDocument", pad(readLogs, 6144)}, ""},
			{"CreatePolicy", []string{"PolicyName", "more", "PolicyDocument", pad(readLogs, 6145)}, "InvalidParameter.PolicyDocument.Length"},
			{"CreateRole", []string{"RoleName", "full", "AssumeRolePolicyDocument", pad(trust, 4096)}, ""},
			{"CreateRole", []string{"RoleName", "more", "AssumeRolePolicyDocument", pad(trust, 4097)}, "InvalidParameter.AssumeRolePolicyDocument.Length"},
			{"CreateRole", []string{"RoleName", strings.Repeat("r", 64), "AssumeRolePolicyDocument", trust, "Description", strings.Repeat("界", 1024)}, ""},
			{"CreatePolicy", []string{"PolicyName", strings.Repeat("p", 128), "PolicyDocument", readLogs}, ""},
		})
	})
}

// unreachable are the codes of accounts.md §5.3 that nothing here can meet, each with the reason.
var unreachable = map[string]string{
	"DeleteConflict.User.MFADevice":         "there are no MFA devices",
	"InternalError":                         "it is the cloud's own failure; the gateway answers it, and faults can ask for it",
	"InvalidParameter.DisplayName.*":        "of its rules the sheet gives the length alone, which is tested",
	"InvalidParameter.NewUserName.*":        "as InvalidParameter.UserName; both are tested",
	"DeleteConflict.Policy.Version.Default": "tested in TestPolicies with the versions",
}

// TestErrorCodes walks the codes of accounts.md §5.3: each line meets one.
func TestErrorCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long := func(n int) string { return strings.Repeat("x", n) }
	for _, s := range []step{
		{"CreateRole", []string{"RoleName", "r", "AssumeRolePolicyDocument", trustShop}, ""},
		{"CreateUser", []string{"UserName", "u"}, ""},
		{"CreateUser", []string{"UserName", "clean"}, ""},
		{"CreateGroup", []string{"GroupName", "g"}, ""},
		{"CreatePolicy", []string{"PolicyName", "p", "PolicyDocument", readLogs}, ""},
		{"CreatePolicy", []string{"PolicyName", "q", "PolicyDocument", readLogs}, ""},
	} {
		w.must(shop, s.action, s.params...)
	}
	of := func(holder, name, policy string) []string {
		return []string{holder + "Name", name, "PolicyType", "Custom", "PolicyName", policy}
	}
	steps := []step{
		{"GetRole", []string{"RoleName", "a_b"}, "InvalidParameter.RoleName.InvalidChars"},
		{"GetRole", []string{"RoleName", long(65)}, "InvalidParameter.RoleName.Length"},
		{"CreateRole", []string{"RoleName", "n", "AssumeRolePolicyDocument", long(4097)}, "InvalidParameter.AssumeRolePolicyDocument.Length"},
		{"UpdateRole", []string{"RoleName", "r", "NewAssumeRolePolicyDocument", long(4097)}, "InvalidParameter.NewAssumeRolePolicyDocument.Length"},
		{"CreatePolicy", []string{"PolicyName", "a.b", "PolicyDocument", readLogs}, "InvalidParameter.PolicyName.InvalidChars"},
		{"CreatePolicy", []string{"PolicyName", long(129), "PolicyDocument", readLogs}, "InvalidParameter.PolicyName.Length"},
		{"CreatePolicy", []string{"PolicyName", "n", "PolicyDocument", long(6145)}, "InvalidParameter.PolicyDocument.Length"},
		{"CreatePolicy", []string{"PolicyName", "n", "PolicyDocument", readLogs, "Description", long(1025)}, "InvalidParameter.Description.Length"},
		{"GetPolicy", []string{"PolicyName", "p", "PolicyType", "Own"}, "InvalidParameter.PolicyType"},
		{"CreateUser", []string{"UserName", "a b"}, "InvalidParameter.UserName.InvalidChars"},
		{"CreateUser", []string{"UserName", long(65)}, "InvalidParameter.UserName.Length"},
		{"UpdateUser", []string{"UserName", "u", "NewUserName", "a b"}, "InvalidParameter.NewUserName.InvalidChars"},
		{"UpdateUser", []string{"UserName", "u", "NewUserName", long(65)}, "InvalidParameter.NewUserName.Length"},
		{"CreateUser", []string{"UserName", "n", "DisplayName", long(129)}, "InvalidParameter.DisplayName.Length"},
		{"GetPolicyVersion", []string{"PolicyName", "p", "PolicyType", "Custom", "VersionId", "1"}, "InvalidParameter.VersionId.Format"},
		{"CreatePolicy", []string{"PolicyName", "n", "PolicyDocument", "{}"}, "MalformedPolicyDocument"},
		{"GetRole", []string{"RoleName", "none"}, "EntityNotExist.Role"},
		{"GetUser", []string{"UserName", "none"}, "EntityNotExist.User"},
		{"DeletePolicy", []string{"PolicyName", "none"}, "EntityNotExist.Policy"},
		{"GetPolicyVersion", []string{"PolicyName", "p", "PolicyType", "Custom", "VersionId", "v9"}, "EntityNotExist.Policy.Version"},
		{"DeleteAccessKey", []string{"UserName", "u", "UserAccessKeyId", "k"}, "EntityNotExist.User.AccessKey"},
		{"DeleteLoginProfile", []string{"UserName", "u"}, "EntityNotExist.User.LoginProfile"},
		{"DetachPolicyFromUser", of("User", "u", "p"), "EntityNotExist.User.Policy"},
		{"DetachPolicyFromRole", of("Role", "r", "p"), "EntityNotExist.Role.Policy"},
		{"CreateRole", []string{"RoleName", "R", "AssumeRolePolicyDocument", trustShop}, "EntityAlreadyExists.Role"},
		{"CreateUser", []string{"UserName", "u"}, "EntityAlreadyExists.User"},
		{"CreatePolicy", []string{"PolicyName", "p", "PolicyDocument", readLogs}, "EntityAlreadyExists.Policy"},
		{"AttachPolicyToUser", of("User", "u", "p"), ""},
		{"AttachPolicyToUser", of("User", "u", "p"), "EntityAlreadyExists.User.Policy"},
		{"DeletePolicy", []string{"PolicyName", "p"}, "DeleteConflict.Policy.User"},
		{"AttachPolicyToRole", of("Role", "r", "p"), ""},
		{"AttachPolicyToRole", of("Role", "r", "p"), "EntityAlreadyExists.Role.Policy"},
		{"DeleteRole", []string{"RoleName", "r"}, "DeleteConflict.Role.Policy"},
		{"AttachPolicyToGroup", of("Group", "g", "q"), ""},
		{"DeletePolicy", []string{"PolicyName", "q"}, "DeleteConflict.Policy.Group"},
		{"DetachPolicyFromGroup", of("Group", "g", "q"), ""},
		{"CreatePolicyVersion", []string{"PolicyName", "q", "PolicyDocument", readLogs}, ""},
		{"DeletePolicy", []string{"PolicyName", "q"}, "DeleteConflict.Policy.Version"},
		{"CreateLoginProfile", []string{"UserName", "u", "Password", "x"}, ""},
		{"CreateLoginProfile", []string{"UserName", "u", "Password", "x"}, "EntityAlreadyExists.User.LoginProfile"},
		{"CreateAccessKey", []string{"UserName", "u"}, ""},
		{"AddUserToGroup", []string{"UserName", "u", "GroupName", "g"}, ""},
		{"DeleteUser", []string{"UserName", "u"}, "DeleteConflict.User.Policy"},
		{"DetachPolicyFromUser", of("User", "u", "p"), ""},
		{"DeleteUser", []string{"UserName", "u"}, "DeleteConflict.User.AccessKey"},
		{"DeleteAccessKey", nil, ""}, // of the key made above
		{"DeleteUser", []string{"UserName", "u"}, "DeleteConflict.User.LoginProfile"},
		{"DeleteLoginProfile", []string{"UserName", "u"}, ""},
		{"DeleteUser", []string{"UserName", "u"}, "DeleteConflict.User.Group"},
	}
	var met []string
	for _, s := range steps {
		if s.action == "DeleteAccessKey" && s.params == nil {
			s.params = []string{"UserName", "u", "UserAccessKeyId", w.accounts[shop].users["u"].keys[0].id}
		}
		w.run([]step{s})
		met = append(met, s.code)
	}
	if _, code := w.do(w.user(shop, "weak"), "ListRoles"); code != "NoPermission" {
		t.Errorf("without permission: %q", code)
	}
	if _, code := w.do(auth.Caller{Type: auth.Root, AccountID: "42"}, "ListRoles"); code != "Inactive" {
		t.Errorf("in an account without RAM: %q", code)
	}
	limits := []string{ // TestLimits
		"LimitExceeded.Role", "LimitExceeded.Policy", "LimitExceeded.Policy.Version", "LimitExceeded.Role.Policy", "LimitExceeded.User",
		"LimitExceeded.User.AccessKey", "LimitExceeded.User.Policy",
	}
	for _, code := range slices.Concat(section53, limits) {
		if !slices.Contains(met, code) && !slices.Contains(limits, code) && unreachable[code] == "" {
			t.Errorf("no request meets %s", code)
		}
	}
}

// section53 are the codes of the sheet but those of limits.
var section53 = strings.Fields(`
	InvalidParameter.RoleName.InvalidChars InvalidParameter.RoleName.Length InvalidParameter.AssumeRolePolicyDocument.Length
	InvalidParameter.NewAssumeRolePolicyDocument.Length InvalidParameter.PolicyName.InvalidChars InvalidParameter.PolicyName.Length
	InvalidParameter.PolicyDocument.Length InvalidParameter.Description.Length InvalidParameter.PolicyType InvalidParameter.UserName.InvalidChars
	InvalidParameter.UserName.Length InvalidParameter.NewUserName.* InvalidParameter.DisplayName.* InvalidParameter.VersionId.Format MalformedPolicyDocument
	EntityNotExist.Role EntityNotExist.User EntityNotExist.Policy EntityNotExist.Policy.Version EntityNotExist.User.AccessKey EntityNotExist.User.LoginProfile
	EntityNotExist.User.Policy EntityNotExist.Role.Policy EntityAlreadyExists.Role EntityAlreadyExists.User EntityAlreadyExists.Policy
	EntityAlreadyExists.User.Policy EntityAlreadyExists.Role.Policy EntityAlreadyExists.User.LoginProfile DeleteConflict.Role.Policy DeleteConflict.Policy.User
	DeleteConflict.Policy.Group DeleteConflict.Policy.Version DeleteConflict.Policy.Version.Default DeleteConflict.User.AccessKey DeleteConflict.User.Policy
	DeleteConflict.User.LoginProfile DeleteConflict.User.Group DeleteConflict.User.MFADevice InternalError`)
