package iam

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

const (
	trustShop = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":"acs:ram::` + shop + `:root"}}]}`
	readLogs  = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"log:Get*","Resource":"*"}]}`
)

// A step is one call by root of shop and the error code it must give.
type step struct {
	action string
	params []string
	code   string
}

func (w *world) run(steps []step) {
	w.t.Helper()
	for i, st := range steps {
		if _, code := w.do(w.RootCaller(shop), st.action, st.params...); code != st.code {
			w.t.Errorf("step %d %s %q: code %q, want %q", i, st.action, st.params, code, st.code)
		}
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits.Roles = 2 })
	missing := strings.Replace(trustShop, ":root", ":role/none", 1)
	w.run([]step{
		{"CreateRole", nil, "MissingRoleName"},
		{"CreateRole", []string{"RoleName", "a_b", "AssumeRolePolicyDocument", trustShop}, "InvalidParameter.RoleName.InvalidChars"},
		{"CreateRole", []string{"RoleName", strings.Repeat("a", 65), "AssumeRolePolicyDocument", trustShop}, "InvalidParameter.RoleName.Length"},
		{"CreateRole", []string{"RoleName", "AliyunServiceRoleForX", "AssumeRolePolicyDocument", trustShop}, "InvalidParameter.RoleName.InvalidChars"},
		{"CreateRole", []string{"RoleName", "a"}, "MissingAssumeRolePolicyDocument"},
		{"CreateRole", []string{"RoleName", "a", "AssumeRolePolicyDocument", readLogs}, "MalformedPolicyDocument"},
		{"CreateRole", []string{"RoleName", "a", "AssumeRolePolicyDocument", missing}, "MalformedPolicyDocument"},
		{"CreateRole", []string{"RoleName", "a", "AssumeRolePolicyDocument", strings.Replace(trustShop, shop, "99", 1)}, "MalformedPolicyDocument"},
		{"CreateRole", []string{"RoleName", "a", "AssumeRolePolicyDocument", trustShop + strings.Repeat(" ", 4096)}, "InvalidParameter.AssumeRolePolicyDocument.Length"},
		{"CreateRole", []string{"RoleName", "a", "AssumeRolePolicyDocument", trustShop, "Description", strings.Repeat("é", 1025)}, "InvalidParameter.Description.Length"},
		{"CreateRole", []string{"RoleName", "a", "AssumeRolePolicyDocument", trustShop, "MaxSessionDuration", "60"}, "InvalidParameter.MaxSessionDuration"},
		{"CreateRole", []string{"RoleName", "a", "AssumeRolePolicyDocument", trustShop}, ""},
		{"CreateRole", []string{"RoleName", "A", "AssumeRolePolicyDocument", trustShop}, "EntityAlreadyExists.Role"},
		{"CreateRole", []string{"RoleName", "b", "AssumeRolePolicyDocument", strings.Replace(trustShop, ":root", ":role/a", 1)}, ""},
		{"CreateRole", []string{"RoleName", "c", "AssumeRolePolicyDocument", trustShop}, "LimitExceeded.Role"},
		{"GetRole", []string{"RoleName", "c"}, "EntityNotExist.Role"},
		{"UpdateRole", []string{"RoleName", "a", "NewAssumeRolePolicyDocument", missing}, "MalformedPolicyDocument"},
		{"UpdateRole", []string{"RoleName", "a", "NewMaxSessionDuration", "7200", "NewDescription", "d"}, ""},
		{"AttachPolicyToRole", []string{"RoleName", "a", "PolicyType", "System", "PolicyName", "Unknown"}, "EntityNotExist.Policy"},
		{"AttachPolicyToRole", []string{"RoleName", "a", "PolicyType", "Odd", "PolicyName", "ReadOnlyAccess"}, "InvalidParameter.PolicyType"},
		{"AttachPolicyToRole", []string{"RoleName", "a", "PolicyType", "System", "PolicyName", "ReadOnlyAccess"}, ""},
		{"AttachPolicyToRole", []string{"RoleName", "a", "PolicyType", "System", "PolicyName", "ReadOnlyAccess"}, "EntityAlreadyExists.Role.Policy"},
		{"DeleteRole", []string{"RoleName", "a"}, "DeleteConflict.Role.Policy"},
		{"DetachPolicyFromRole", []string{"RoleName", "a", "PolicyType", "System", "PolicyName", "ReadOnlyAccess"}, ""},
		{"DetachPolicyFromRole", []string{"RoleName", "a", "PolicyType", "System", "PolicyName", "ReadOnlyAccess"}, "EntityNotExist.Role.Policy"},
		{"DeleteRole", []string{"RoleName", "a"}, ""},
		{"DeleteRole", []string{"RoleName", "a"}, "EntityNotExist.Role"},
	})
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits.Policies, o.Limits.PolicyVersions, o.Limits.CustomAttached = 2, 2, 1 })
	w.role(shop, "r", "acs:ram::"+shop+":root", "", "")
	attachP := []string{"RoleName", "r", "PolicyType", "Custom", "PolicyName", "p"}
	w.run([]step{
		{"CreatePolicy", []string{"PolicyName", "p.q", "PolicyDocument", readLogs}, "InvalidParameter.PolicyName.InvalidChars"},
		{"CreatePolicy", []string{"PolicyName", "p"}, "MissingPolicyDocument"},
		{"CreatePolicy", []string{"PolicyName", "p", "PolicyDocument", "{}"}, "MalformedPolicyDocument"},
		{"CreatePolicy", []string{"PolicyName", "p", "PolicyDocument", readLogs + strings.Repeat(" ", 6144)}, "InvalidParameter.PolicyDocument.Length"},
		{"CreatePolicy", []string{"PolicyName", "p", "PolicyDocument", readLogs}, ""},
		{"CreatePolicy", []string{"PolicyName", "p", "PolicyDocument", readLogs}, "EntityAlreadyExists.Policy"},
		{"CreatePolicy", []string{"PolicyName", "q", "PolicyDocument", readLogs}, ""},
		{"CreatePolicy", []string{"PolicyName", "s", "PolicyDocument", readLogs}, "LimitExceeded.Policy"},
		{"AttachPolicyToRole", attachP, ""},
		{"AttachPolicyToRole", []string{"RoleName", "r", "PolicyType", "Custom", "PolicyName", "q"}, "LimitExceeded.Role.Policy"},
		{"DeletePolicy", []string{"PolicyName", "p"}, "DeleteConflict.Policy.Role"},
		{"CreatePolicyVersion", []string{"PolicyName", "p", "PolicyDocument", readLogs, "SetAsDefault", "true"}, ""},
		{"CreatePolicyVersion", []string{"PolicyName", "p", "PolicyDocument", readLogs}, "LimitExceeded.Policy.Version"},
		{"CreatePolicyVersion", []string{"PolicyName", "p", "PolicyDocument", readLogs, "RotateStrategy", "DeleteOldestNonDefaultVersionWhenLimitExceeded"}, ""},
		{"GetPolicyVersion", []string{"PolicyType", "Custom", "PolicyName", "p", "VersionId", "v1"}, "EntityNotExist.Policy.Version"},
		{"GetPolicyVersion", []string{"PolicyType", "Custom", "PolicyName", "p", "VersionId", "3"}, "InvalidParameter.VersionId.Format"},
		{"DeletePolicyVersion", []string{"PolicyName", "p", "VersionId", "v2"}, "DeleteConflict.Policy.Version.Default"},
		{"SetDefaultPolicyVersion", []string{"PolicyName", "p", "VersionId", "v3"}, ""},
		{"DetachPolicyFromRole", attachP, ""},
		{"DeletePolicy", []string{"PolicyName", "p"}, "DeleteConflict.Policy.Version"},
		{"DeletePolicyVersion", []string{"PolicyName", "p", "VersionId", "v2"}, ""},
		{"DeletePolicy", []string{"PolicyName", "p"}, ""},
		{"GetPolicy", []string{"PolicyType", "Custom", "PolicyName", "p"}, "EntityNotExist.Policy"},
		{"GetPolicy", []string{"PolicyType", "System", "PolicyName", "AdministratorAccess"}, ""},
	})
}

func TestUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits.Users = 2 })
	admin := []string{"UserName", "a", "PolicyType", "System", "PolicyName", "AdministratorAccess"}
	w.run([]step{
		{"CreateUser", []string{"UserName", "a b"}, "InvalidParameter.UserName.InvalidChars"},
		{"CreateUser", []string{"UserName", "a", "DisplayName", strings.Repeat("x", 129)}, "InvalidParameter.DisplayName.Length"},
		{"CreateUser", []string{"UserName", "a"}, ""},
		{"CreateUser", []string{"UserName", "a"}, "EntityAlreadyExists.User"},
		{"CreateUser", []string{"UserName", "b"}, ""},
		{"CreateUser", []string{"UserName", "c"}, "LimitExceeded.User"},
		{"UpdateUser", []string{"UserName", "b", "NewUserName", "a"}, "EntityAlreadyExists.User"},
		{"UpdateUser", []string{"UserName", "b", "NewUserName", "c"}, ""},
		{"GetUser", []string{"UserName", "b"}, "EntityNotExist.User"},
		{"AttachPolicyToUser", admin, ""},
		{"AttachPolicyToUser", admin, "EntityAlreadyExists.User.Policy"},
		{"CreateAccessKey", []string{"UserName", "a"}, ""},
		{"CreateAccessKey", []string{"UserName", "a"}, ""},
		{"CreateAccessKey", []string{"UserName", "a"}, "LimitExceeded.User.AccessKey"},
		{"CreateLoginProfile", []string{"UserName", "a"}, "MissingPassword"},
		{"CreateLoginProfile", []string{"UserName", "a", "Password", "p"}, ""},
		{"CreateLoginProfile", []string{"UserName", "a", "Password", "p"}, "EntityAlreadyExists.User.LoginProfile"},
		{"GetLoginProfile", []string{"UserName", "c"}, "EntityNotExist.User.LoginProfile"},
		{"UpdateAccessKey", []string{"UserName", "a", "UserAccessKeyId", "x", "Status", "Active"}, "EntityNotExist.User.AccessKey"},
		{"DeleteUser", []string{"UserName", "a"}, "DeleteConflict.User.Policy"},
		{"DetachPolicyFromUser", admin, ""},
		{"DetachPolicyFromUser", admin, "EntityNotExist.User.Policy"},
		{"DeleteUser", []string{"UserName", "a"}, "DeleteConflict.User.AccessKey"},
		{"DeleteUser", []string{"UserName", "c"}, ""},
	})
}

func TestOwnKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.user(shop, "bob", "AliyunRAMFullAccess")
	out, code := w.do(bob, "ListAccessKeys")
	keys := out["AccessKeys"].(map[string]any)["AccessKey"].([]any)
	if code != "" || len(keys) != 1 || keys[0].(map[string]any)["AccessKeyId"] != bob.AccessKeyID {
		t.Errorf("got %v, %s", out, code)
	}
	if _, code := w.do(bob, "UpdateAccessKey", "UserAccessKeyId", bob.AccessKeyID, "Status", "Inactive"); code != "" {
		t.Error(code)
	}
	if c, _ := w.Credential(bob.AccessKeyID); c.Active {
		t.Error("the key is still active")
	}
}

// TestPermissionsOfOperations: what each kind of operation is checked against (accounts.md §5.4).
func TestPermissionsOfOperations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.role(shop, "r", "acs:ram::"+shop+":root", "", "")
	bob := w.user(shop, "bob")
	for _, tt := range []struct {
		action string
		params []string
		want   string
	}{
		{"CreateRole", []string{"RoleName", "x"}, "acs:ram:*:" + shop + ":role/*"},
		{"ListUsers", nil, "acs:ram:*:" + shop + ":user/*"},
		{"GetRole", []string{"RoleName", "r"}, "acs:ram:*:" + shop + ":role/r"},
		{"CreatePolicy", []string{"PolicyName", "p"}, "acs:ram:*:" + shop + ":policy/*"},
		{"DeletePolicy", []string{"PolicyName", "p"}, "acs:ram:*:" + shop + ":policy/p"},
		{"CreateAccessKey", nil, "acs:ram:*:" + shop + ":user/bob"},
		{"CreateServiceLinkedRole", []string{"ServiceName", "sas.aliyuncs.com"}, "acs:ram:*:" + shop + ":role/*"},
	} {
		if _, code := w.do(bob, tt.action, tt.params...); code != "NoPermission" {
			t.Errorf("%s: code %q", tt.action, code)
		}
		denied := w.Denied()
		if got := denied[len(denied)-1]; got.Resource != tt.want || !strings.HasPrefix(got.Action, "ram:") {
			t.Errorf("%s was checked as %s on %s, want %s", tt.action, got.Action, got.Resource, tt.want)
		}
	}
	// Attaching needs the identity and the policy.
	const onRole = `{"Effect":"Allow","Action":"ram:AttachPolicyToRole","Resource":"acs:ram:*:*:role/r"}`
	w.must(shop, "CreatePolicy", "PolicyName", "half", "PolicyDocument", statements(onRole))
	w.must(shop, "AttachPolicyToUser", "PolicyType", "Custom", "PolicyName", "half", "UserName", "bob")
	attach := []string{"PolicyType", "System", "PolicyName", "ReadOnlyAccess", "RoleName", "r"}
	if _, code := w.do(bob, "AttachPolicyToRole", attach...); code != "NoPermission" {
		t.Errorf("with the role alone: %q", code)
	}
	w.must(shop, "CreatePolicyVersion", "PolicyName", "half", "SetAsDefault", "true", "PolicyDocument",
		statements(onRole+`,{"Effect":"Allow","Action":"ram:AttachPolicyToRole","Resource":"acs:ram:*:system:policy/ReadOnlyAccess"}`))
	if _, code := w.do(bob, "AttachPolicyToRole", attach...); code != "" {
		t.Errorf("with both: %q", code)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 7 {
		w.role(shop, "r"+strconv.Itoa(i), "acs:ram::"+shop+":root", "", "")
	}
	var names []string
	for marker := ""; ; {
		out := w.must(shop, "ListRoles", "MaxItems", "3", "Marker", marker)
		for _, r := range out["Roles"].(map[string]any)["Role"].([]any) {
			names = append(names, r.(map[string]any)["RoleName"].(string))
		}
		if out["IsTruncated"] == false {
			break
		}
		marker = out["Marker"].(string)
	}
	if diff := cmp.Diff([]string{"r0", "r1", "r2", "r3", "r4", "r5", "r6"}, names); diff != "" {
		t.Error(diff)
	}
	if out := w.must(security, "ListRoles"); len(out["Roles"].(map[string]any)["Role"].([]any)) != 0 {
		t.Error("accounts share roles")
	}
	if _, code := w.do(w.RootCaller(shop), "ListRoles", "MaxItems", "1001"); code != "InvalidParameter.MaxItems" {
		t.Error(code)
	}
}

func TestServiceLinkedRoles(t *testing.T) {
	t.Parallel()
	inUse := false
	w := newWorld(t, func(o *Options) {
		o.Limits.Roles, o.DeletionDelay = 1, time.Minute
		o.RoleUsage = func(string, string) map[string][]string {
			if inUse {
				return map[string][]string{"cn-hangzhou": {"detector"}}
			}
			return nil
		}
	})
	w.role(shop, "ordinary", "acs:ram::"+shop+":root", "", "")
	const name = "AliyunServiceRoleForSasRd"
	system := []string{"RoleName", name, "PolicyType", "System", "PolicyName", "ReadOnlyAccess"}
	w.run([]step{
		{"CreateServiceLinkedRole", nil, "MissingServiceName"},
		{"CreateServiceLinkedRole", []string{"ServiceName", "none.aliyuncs.com"}, "EntityNotExist.Service"},
		{"CreateServiceLinkedRole", []string{"ServiceName", "rd.sas.aliyuncs.com", "CustomSuffix", "x"}, "InvalidParameter.CustomSuffix.NotAllowed"},
		{"CreateServiceLinkedRole", []string{"ServiceName", "rd.sas.aliyuncs.com"}, ""}, // although the quota is used up
		{"DeleteRole", []string{"RoleName", name}, "DeleteConflict.Role.ServiceLinked"},
		{"UpdateRole", []string{"RoleName", name, "NewDescription", "x"}, "DeleteConflict.Role.ServiceLinked"},
		{"AttachPolicyToRole", system, "DeleteConflict.Role.ServiceLinked"},
		{"DeleteServiceLinkedRole", []string{"RoleName", "none"}, "EntityNotExist.Role"},
		{"DeleteServiceLinkedRole", []string{"RoleName", "ordinary"}, "EntityNotExist.ServiceLinkedRole"},
		{"GetServiceLinkedRoleDeletionStatus", []string{"DeletionTaskId", "x"}, "InvalidParameter.DeletionTaskId.Length"},
		{"GetServiceLinkedRoleDeletionStatus", []string{"DeletionTaskId", strings.Repeat("x", 30)}, "EntityNotExist.ServiceLinkedRole.DeletionTask"},
	})
	admin := w.user(shop, "admin", "AdministratorAccess")
	if _, code := w.do(admin, "AssumeRole", "RoleArn", roleARN(shop, name), "RoleSessionName", "ab"); code != "NoPermission" {
		t.Errorf("a user assumes a service-linked role: %q", code)
	}
	status := func(id string) any {
		return w.must(shop, "GetServiceLinkedRoleDeletionStatus", "DeletionTaskId", id)["Status"]
	}

	inUse = true
	id := w.must(shop, "DeleteServiceLinkedRole", "RoleName", name)["DeletionTaskId"].(string)
	if !strings.HasPrefix(id, "task/acs-service-role/rd.sas.aliyuncs.com/"+name+"/") || uuid.Validate(id[strings.LastIndex(id, "/")+1:]) != nil || status(id) != "IN_PROGRESS" {
		t.Errorf("task %s is %v", id, status(id))
	}
	w.now = w.now.Add(time.Minute)
	if status(id) != "FAILED" || !w.HasServiceLinkedRole(shop, "rd.sas.aliyuncs.com") {
		t.Errorf("in use: %v", status(id))
	}
	inUse = false
	id = w.must(shop, "DeleteServiceLinkedRole", "RoleName", name)["DeletionTaskId"].(string)
	w.now = w.now.Add(time.Minute)
	if w.HasServiceLinkedRole(shop, "rd.sas.aliyuncs.com") || status(id) != "SUCCEEDED" {
		t.Errorf("unused: %v", status(id))
	}
	if err := w.EnsureServiceLinkedRole(shop, "rd.sas.aliyuncs.com"); err != nil || !w.HasServiceLinkedRole(shop, "rd.sas.aliyuncs.com") {
		t.Error(err)
	}
	if err := w.EnsureServiceLinkedRole("9", "rd.sas.aliyuncs.com"); err == nil {
		t.Error("unknown account")
	}
}

// TestServiceNameCondition: the permission to create a service-linked role may be limited to one service.
func TestServiceNameCondition(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.user(shop, "bob")
	w.must(shop, "CreatePolicy", "PolicyName", "slr", "PolicyDocument",
		statements(`{"Effect":"Allow","Action":["ram:CreateServiceLinkedRole","ram:DeleteServiceLinkedRole"],"Resource":"*","Condition":{"StringEquals":{"ram:ServiceName":"sas.aliyuncs.com"}}}`))
	w.must(shop, "AttachPolicyToUser", "PolicyType", "Custom", "PolicyName", "slr", "UserName", "bob")
	w.must(shop, "CreateServiceLinkedRole", "ServiceName", "rd.sas.aliyuncs.com")
	for _, st := range []step{
		{"CreateServiceLinkedRole", []string{"ServiceName", "cspm.sas.aliyuncs.com"}, "NoPermission"},
		{"CreateServiceLinkedRole", []string{"ServiceName", "sas.aliyuncs.com"}, ""},
		{"DeleteServiceLinkedRole", []string{"RoleName", "AliyunServiceRoleForSasRd"}, "NoPermission"},
		{"DeleteServiceLinkedRole", []string{"RoleName", "AliyunServiceRoleForSas"}, ""},
	} {
		if _, code := w.do(bob, st.action, st.params...); code != st.code {
			t.Errorf("%s %v: %q, want %q", st.action, st.params, code, st.code)
		}
	}
}

func TestEnsureRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	trust := strings.Replace(trustShop, shop, root, 1)
	for range 2 { // idempotent
		if err := w.EnsureRole(shop, "ResourceDirectoryAccountAccessRole", trust, "AdministratorAccess"); err != nil {
			t.Fatal(err)
		}
	}
	c := w.assume(w.user(root, "ops", "AliyunSTSAssumeRoleAccess"), shop, "ResourceDirectoryAccountAccessRole")
	if !w.allowed(c, "ram:CreateRole", "acs:ram:*:"+shop+":role/*") {
		t.Error("the role is not administrative")
	}
	for name, err := range map[string]error{
		"account": w.EnsureRole("9", "x", trust), "policy": w.EnsureRole(shop, "x", trust, "Nope"), "trust": w.EnsureRole(shop, "x", "{}"),
	} {
		if err == nil {
			t.Errorf("unknown %s: no error", name)
		}
	}
}

func TestSeedsRepeat(t *testing.T) {
	t.Parallel()
	a, b := newWorld(t), newWorld(t, func(o *Options) { o.Seed = "other" })
	ak, sk := a.SeedUser(shop, "bob", "ReadOnlyAccess")
	ak2, sk2 := a.SeedUser(shop, "bob", "ReadOnlyAccess")
	if ak != ak2 || sk != sk2 || !strings.HasPrefix(ak, "LTAI5t") || len(ak) != 24 || len(sk) != 30 {
		t.Errorf("%s/%s then %s/%s", ak, sk, ak2, sk2)
	}
	if other, _ := b.SeedUser(shop, "bob"); other == ak {
		t.Error("the seed does not matter")
	}
	rootKey, _ := a.SeedRootKey(shop)
	if c := a.caller(rootKey); c.Type != auth.Root || c.ARN != "acs:ram::"+shop+":root" {
		t.Errorf("root key is %+v", c)
	}
	if err := a.CreateAccount(shop, "again"); err == nil {
		t.Error("an account was created twice")
	}
	if diff := cmp.Diff([]Account{{root, "fenghuo-root"}, {security, "security"}, {shop, "shop"}}, a.Accounts()); diff != "" {
		t.Error(diff)
	}
}

// TestRefusedUpdateChangesNothing: one wrong value among good ones.
func TestRefusedUpdateChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.must(shop, "CreateUser", "UserName", "u")
	_, code := w.do(w.RootCaller(shop), "UpdateUser", "UserName", "u", "NewUserName", "v", "NewDisplayName", "d", "NewMobilePhone", "1", "NewEmail", "e",
		"NewComments", strings.Repeat("x", 129))
	after := w.must(shop, "GetUser", "UserName", "u")
	if diff := cmp.Diff(before["User"], after["User"]); code != "InvalidParameter.Comments.Length" || diff != "" {
		t.Errorf("%s, and changed\n%s", code, diff)
	}
}

// TestListPoliciesByType: System, Custom, all, and what is no type. The dates of system policies are not known.
func TestListPoliciesByType(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(shop, "CreatePolicy", "PolicyName", "p", "PolicyDocument", readLogs)
	for kind, want := range map[string]int{"": len(systemPolicies) + 1, "System": len(systemPolicies), "Custom": 1} {
		list := w.must(shop, "ListPolicies", "PolicyType", kind)["Policies"].(map[string]any)["Policy"].([]any)
		if len(list) != want {
			t.Errorf("type %q: %d policies, want %d", kind, len(list), want)
		}
		for _, p := range list {
			if _, dated := p.(map[string]any)["CreateDate"]; dated != (p.(map[string]any)["PolicyType"] == "Custom") {
				t.Errorf("dates of %v", p)
			}
		}
	}
	if _, code := w.do(w.RootCaller(shop), "ListPolicies", "PolicyType", "custom"); code != "InvalidParameter.PolicyType" {
		t.Errorf("another type: %q", code)
	}
}
