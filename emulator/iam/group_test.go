package iam

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGroups walks the life of a group and its errors.
func TestGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits.Groups = 2 })
	bob := w.user(shop, "bob")
	steps := []struct{ call, code string }{
		{"CreateGroup GroupName=ops Comments=first", ""},
		{"CreateGroup GroupName=ops", "EntityAlreadyExists.Group"},
		{"CreateGroup GroupName=a_b", "InvalidParameter.GroupName.InvalidChars"},
		{"CreateGroup", "MissingGroupName"},
		{"CreateGroup GroupName=dev", ""},
		{"CreateGroup GroupName=more", "LimitExceeded.Group"},
		{"GetGroup GroupName=none", "EntityNotExist.Group"},
		{"AddUserToGroup GroupName=ops UserName=none", "EntityNotExist.User"},
		{"AddUserToGroup GroupName=ops UserName=bob", ""},
		{"AddUserToGroup GroupName=ops UserName=bob", "EntityAlreadyExists.User.Group"},
		{"RemoveUserFromGroup GroupName=dev UserName=bob", "EntityNotExist.User.Group"},
		{"AttachPolicyToGroup GroupName=ops PolicyType=System PolicyName=AliyunLogReadOnlyAccess", ""},
		{"AttachPolicyToGroup GroupName=ops PolicyType=System PolicyName=AliyunLogReadOnlyAccess", "EntityAlreadyExists.Group.Policy"},
		{"UpdateGroup GroupName=ops NewGroupName=dev", "EntityAlreadyExists.Group"},
		{"UpdateGroup GroupName=ops NewGroupName=readers NewComments=second", ""},
		{"DeleteGroup GroupName=readers", "DeleteConflict.Group.Policy"},
	}
	run := func(call, want string) {
		t.Helper()
		parts := strings.Fields(call)
		var params []string
		for _, p := range parts[1:] {
			k, v, _ := strings.Cut(p, "=")
			params = append(params, k, v)
		}
		if _, code := w.do(w.RootCaller(shop), parts[0], params...); code != want {
			t.Errorf("%s: %q, want %q", call, code, want)
		}
	}
	for _, s := range steps {
		run(s.call, s.code)
	}
	if !w.allowed(bob, "log:GetLogStore", shopLog) {
		t.Error("the policy of the group does not count for its user")
	}
	groups := w.must(shop, "ListGroupsForUser", "UserName", "bob")["Groups"].(map[string]any)["Group"].([]any)
	users := w.must(shop, "ListUsersForGroup", "GroupName", "readers")["Users"].(map[string]any)["User"].([]any)
	got := []any{groups[0].(map[string]any)["GroupName"], groups[0].(map[string]any)["Comments"], users[0].(map[string]any)["UserName"], len(groups), len(users)}
	if diff := cmp.Diff([]any{"readers", "second", "bob", 1, 1}, got); diff != "" {
		t.Error(diff)
	}
	entities := w.must(shop, "ListEntitiesForPolicy", "PolicyType", "System", "PolicyName", "AliyunLogReadOnlyAccess")["Groups"].(map[string]any)["Group"].([]any)
	if len(entities) != 1 {
		t.Errorf("%d groups have the policy, want 1", len(entities))
	}
	for _, s := range []struct{ call, code string }{
		{"DetachPolicyFromGroup GroupName=readers PolicyType=System PolicyName=AliyunLogReadOnlyAccess", ""},
		{"DetachPolicyFromGroup GroupName=readers PolicyType=System PolicyName=AliyunLogReadOnlyAccess", "EntityNotExist.Group.Policy"},
		{"DeleteGroup GroupName=readers", "DeleteConflict.Group.User"},
		{"RemoveUserFromGroup GroupName=readers UserName=bob", ""},
		{"DeleteGroup GroupName=readers", ""},
	} {
		run(s.call, s.code)
	}
	if w.allowed(bob, "log:GetLogStore", shopLog) {
		t.Error("the policy of a deleted group still counts")
	}
}

// TestCascadingDelete: DeletePolicy with CascadingDelete takes all versions, but no policy that is attached.
func TestCascadingDelete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(shop, "CreateGroup", "GroupName", "ops")
	w.must(shop, "CreatePolicy", "PolicyName", "p", "PolicyDocument", readLogs)
	w.must(shop, "CreatePolicyVersion", "PolicyName", "p", "PolicyDocument", readLogs)
	group := []string{"GroupName", "ops", "PolicyType", "Custom", "PolicyName", "p"}
	w.must(shop, "AttachPolicyToGroup", group...)
	if _, code := w.do(w.RootCaller(shop), "DeletePolicy", "PolicyName", "p", "CascadingDelete", "true"); code != "DeleteConflict.Policy.Group" {
		t.Errorf("while attached: %q", code)
	}
	w.must(shop, "DetachPolicyFromGroup", group...)
	if _, code := w.do(w.RootCaller(shop), "DeletePolicy", "PolicyName", "p"); code != "DeleteConflict.Policy.Version" {
		t.Errorf("with two versions: %q", code)
	}
	w.must(shop, "DeletePolicy", "PolicyName", "p", "CascadingDelete", "true")
}

// TestDiagnosticMessage: what a denial encodes can be decoded in the account of the caller, and nowhere else.
func TestDiagnosticMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.user(shop, "bob")
	_, e := w.gw.Do(t.Context(), bob, "2015-05-01", "ListRoles", nil)
	if e == nil || e.Detail == nil {
		t.Fatalf("no detail: %v", e)
	}
	message := e.Detail.EncodedDiagnosticMessage
	got := w.must(shop, "DecodeDiagnosticMessage", "EncodedDiagnosticMessage", message)["DecodedDiagnosticMessage"]
	want := map[string]any{
		"AuthAction": "ram:ListRoles", "AuthResource": "acs:ram:*:" + shop + ":role/*", "ExplicitDeny": false,
		"NoPermissionPolicyType": "AccountLevelIdentityBasedPolicy", "AuthConditions": []any{}, "MatchedPolicies": []any{},
		"AuthPrincipal": map[string]any{"AuthPrincipalType": "SubUser", "AuthPrincipalDisplayName": bob.PrincipalID, "AuthPrincipalOwnerId": shop},
	}
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Error(diff)
	}
	for _, text := range []string{message, "nonsense"} {
		if _, code := w.do(w.RootCaller(security), "DecodeDiagnosticMessage", "EncodedDiagnosticMessage", text); code != "InvalidParameter.EncodedDiagnosticMessage" {
			t.Errorf("another account decodes it: %q", code)
		}
	}
}

// TestRemoveAccount: the keys of a removed account are unknown, also those of its sessions.
func TestRemoveAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ak, _ := w.SeedUser(shop, "bob", "AdministratorAccess")
	w.role(shop, "reader", "acs:ram::"+shop+":root", "", "")
	session := w.assume(w.caller(ak), shop, "reader")
	if w.HasRootKey(shop) {
		t.Error("the root has a key before it was made")
	}
	w.SeedRootKey(shop)
	if !w.HasRootKey(shop) {
		t.Error("the key of the root is not seen")
	}
	w.RemoveAccount(shop)
	w.RemoveAccount(shop)
	for _, id := range []string{ak, session.AccessKeyID} {
		if _, ok := w.Credential(id); ok {
			t.Errorf("key %s outlives its account", id)
		}
	}
	if w.allowed(session, "log:GetLogStore", shopLog) || w.HasRootKey(shop) {
		t.Error("the account is still there")
	}
}
