package ros_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	sdk "github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/directory"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
	"github.com/fenghuo-soc/fenghuo/emulator/iam"
	"github.com/fenghuo-soc/fenghuo/emulator/ros"
)

const (
	uidA = "1100000000000001"
	uidB = "1100000000000002"
	uidD = "1100000000000004"
)

// roleTemplate makes one role, whose name and description are parameters.
const roleTemplate = `
ROSTemplateFormatVersion: '2015-09-01'
Parameters:
  Name: {Type: String, Default: reader}
  About: {Type: String, Default: none}
  Secret: {Type: String, Default: x, NoEcho: true}
Resources:
  Role:
    Type: ALIYUN::RAM::Role
    Properties:
      RoleName: {Ref: Name}
      Description: {Ref: About}
      AssumeRolePolicyDocument: {Version: '1', Statement: [{Action: sts:AssumeRole, Effect: Allow, Principal: {Service: [fc.aliyuncs.com]}}]}
`

// groupWorld is groupCloud with a client of B.
func groupWorld(t *testing.T) *world {
	t.Helper()
	w := groupCloud(t, ros.Options{})
	server := httptest.NewServer(w.gw)
	t.Cleanup(server.Close)
	w.domain = strings.TrimPrefix(server.URL, "http://")
	key, secret := w.iam.SeedUser(uidB, "admin", "AdministratorAccess")
	client, err := sdk.NewClientWithOptions(region, sdk.NewConfig().WithScheme("HTTP"), credentials.NewAccessKeyCredential(key, secret))
	if err != nil {
		t.Fatal(err)
	}
	w.client = client
	return w
}

// groupCloud is a directory of A with the members B, C and D; B administers ROS.
func groupCloud(t *testing.T, o ros.Options) *world {
	t.Helper()
	w := &world{t: t, iam: iam.New(iam.Options{Seed: "groups"}), logs: &fakeLogs{}}
	rd := directory.New(directory.Options{
		Accounts: func(id string) (directory.Account, bool) {
			return directory.Account{Name: "m" + id, Enterprise: "Fenghuo", Verified: true}, true
		},
		Roles:  w.iam,
		OnJoin: func(m, a string) { w.ros.MemberMoved(m, a) }, OnMove: func(m, a string) { w.ros.MemberMoved(m, a) },
		OnLeave: func(m, a string) { w.ros.MemberLeft(m, a) },
	})
	w.gw = gateway.New(gateway.Options{Credentials: w.iam, Authorizer: w.iam})
	o.Invoker, o.Logs, o.Roles, o.Directory = w.gw, w.logs, w.iam, rd
	w.ros = ros.New(o)
	t.Cleanup(w.ros.Close)
	for _, s := range []interface{ Register(*gateway.Gateway) }{w.iam, rd, w.ros} {
		s.Register(w.gw)
	}
	for _, uid := range []string{uidA, uidB, uidC, uidD} {
		if err := w.iam.CreateAccount(uid, "m"+uid); err != nil {
			t.Fatal(err)
		}
	}
	if err := rd.Enable(uidA); err != nil {
		t.Fatal(err)
	}
	for _, uid := range []string{uidB, uidC, uidD} {
		if err := rd.AddMember(uidA, uid, "m"+uid, "invited"); err != nil {
			t.Fatal(err)
		}
	}
	if err := rd.Trust(uidA, "ros.aliyuncs.com"); err != nil {
		t.Fatal(err)
	}
	w.root(uidA, "2022-04-19", "RegisterDelegatedAdministrator", "AccountId", uidB, "ServicePrincipal", "ros.aliyuncs.com")
	return w
}

// root runs an operation as the owner of an account and returns its answer.
func (w *world) root(uid, version, action string, params ...string) map[string]any {
	w.t.Helper()
	m := map[string]string{}
	for i := 0; i < len(params); i += 2 {
		m[params[i]] = params[i+1]
	}
	out, e := w.gw.Do(w.t.Context(), w.iam.RootCaller(uid), version, action, m)
	if e != nil {
		w.t.Fatalf("%s: %v", action, e)
	}
	w.ros.Wait() // for what members that come and go begin
	return out
}

// about is the description of a role, or the code of the error.
func (w *world) about(uid, role string) string {
	out, e := w.gw.Do(w.t.Context(), w.iam.RootCaller(uid), "2015-05-01", "GetRole", map[string]string{"RoleName": role})
	if e != nil {
		return e.Code
	}
	return out["Role"].(map[string]any)["Description"].(string)
}

// trust lets the roles of a self-managed group work: B may enter those of the accounts.
func (w *world) trust(accounts ...string) {
	w.t.Helper()
	admin := `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":["ros.aliyuncs.com"]}}]}`
	if err := w.iam.EnsureRole(uidB, "AliyunROSStackGroupAdministrationRole", admin, "AliyunSTSAssumeRoleAccess"); err != nil {
		w.t.Fatal(err)
	}
	for _, uid := range accounts {
		exec := `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::` + uidB + `:role/AliyunROSStackGroupAdministrationRole"]}}]}`
		if err := w.iam.EnsureRole(uid, "AliyunROSStackGroupExecutionRole", exec, "AdministratorAccess"); err != nil {
			w.t.Fatal(err)
		}
	}
}

// states lists the instances of a group as account, region and status.
func (w *world) states(group string) []string {
	w.t.Helper()
	var out []string
	for _, v := range w.must("ListStackInstances", "StackGroupName", group)["StackInstances"].([]any) {
		in := v.(map[string]any)
		out = append(out, fmt.Sprintf("%s %s %s", in["AccountId"], in["RegionId"], in["Status"]))
	}
	return out
}

// TestSelfManagedGroup walks a group with AccountIds: it needs its two roles, keeps to the failure tolerance, updates
// with the group and with overrides, and leaves what is retained.
func TestSelfManagedGroup(t *testing.T) {
	t.Parallel()
	w := groupWorld(t)
	w.trust(uidC)
	made := w.must("CreateStackGroup", "StackGroupName", "g", "TemplateBody", roleTemplate, "ClientToken", "t1", "Description", "first",
		"Parameters.1.ParameterKey", "Secret", "Parameters.1.ParameterValue", "hidden")
	again := w.must("CreateStackGroup", "StackGroupName", "g", "TemplateBody", roleTemplate, "ClientToken", "t1")
	if made["StackGroupId"] != again["StackGroupId"] {
		t.Error("the same ClientToken makes another group")
	}
	create := func(accounts string, more ...string) map[string]any {
		op := w.must("CreateStackInstances", append([]string{"StackGroupName", "g", "RegionIds", `["cn-hangzhou"]`, "AccountIds", accounts}, more...)...)["OperationId"].(string)
		return w.must("GetStackGroupOperation", "OperationId", op)["StackGroupOperation"].(map[string]any)
	}
	op := create(`["`+uidD+`","`+uidC+`"]`, "ClientToken", "t2")
	if op["Status"] != "FAILED" || op["AdministrationRoleName"] != "AliyunROSStackGroupAdministrationRole" {
		t.Errorf("operation: %v", op)
	}
	var results []string
	for _, v := range w.must("ListStackGroupOperationResults", "OperationId", op["OperationId"].(string))["StackGroupOperationResults"].([]any) {
		results = append(results, v.(map[string]any)["Status"].(string))
	}
	if diff := cmp.Diff([]string{"FAILED", "CANCELLED"}, results); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{uidD + " cn-hangzhou OUTDATED", uidC + " cn-hangzhou OUTDATED"}, w.states("g")); diff != "" {
		t.Error(diff)
	}
	w.trust(uidD)
	w.must("UpdateStackInstances", "StackGroupName", "g", "RegionIds", `["cn-hangzhou"]`, "AccountIds", `["`+uidC+`","`+uidD+`"]`,
		"ParameterOverrides.1.ParameterKey", "About", "ParameterOverrides.1.ParameterValue", "overridden")
	if diff := cmp.Diff([]string{uidD + " cn-hangzhou CURRENT", uidC + " cn-hangzhou CURRENT"}, w.states("g")); diff != "" {
		t.Error(diff)
	}
	w.must("UpdateStackGroup", "StackGroupName", "g", "Description", "second", "Parameters.1.ParameterKey", "Name", "Parameters.1.ParameterValue", "reader")
	got := w.must("GetStackGroup", "StackGroupName", "g")["StackGroup"].(map[string]any)
	want := []any{"second", "SELF_MANAGED", []any{
		map[string]any{"ParameterKey": "Secret", "ParameterValue": "******"}, map[string]any{"ParameterKey": "Name", "ParameterValue": "reader"},
	}}
	if diff := cmp.Diff(want, []any{got["Description"], got["PermissionModel"], got["Parameters"]}); diff != "" {
		t.Error(diff)
	}
	if a := w.about(uidC, "reader"); a != "overridden" {
		t.Errorf("description in C: %s", a)
	}
	if total := w.must("ListStackGroupOperations", "StackGroupName", "g")["TotalCount"]; fmt.Sprint(total) != "3" {
		t.Errorf("%v operations, want 3", total)
	}
	for _, tt := range []struct{ account, retain, after string }{{uidC, "true", "overridden"}, {uidD, "false", "EntityNotExist.Role"}} {
		w.must("DeleteStackInstances", "StackGroupName", "g", "RegionIds", `["cn-hangzhou"]`, "AccountIds", `["`+tt.account+`"]`, "RetainStacks", tt.retain)
		if a := w.about(tt.account, "reader"); a != tt.after {
			t.Errorf("after deletion with retain %s: %s, want %s", tt.retain, a, tt.after)
		}
	}
	w.must("DeleteStackGroup", "StackGroupName", "g")
	if _, err := w.call("GetStackGroup", "StackGroupName", "g"); code(err) != "404 StackGroupNotFound" {
		t.Errorf("after deletion: %v", err)
	}
}

// TestAutoDeploymentRetains: with RetainStacksOnAccountRemoval a member that leaves keeps its stack, and subfolders are
// reached.
func TestAutoDeploymentRetains(t *testing.T) {
	t.Parallel()
	w := groupWorld(t)
	top := w.root(uidA, "2022-04-19", "CreateFolder", "FolderName", "top")["Folder"].(map[string]any)["FolderId"].(string)
	below := w.root(uidA, "2022-04-19", "CreateFolder", "FolderName", "below", "ParentFolderId", top)["Folder"].(map[string]any)["FolderId"].(string)
	w.must("CreateStackGroup", "StackGroupName", "g", "TemplateBody", roleTemplate, "PermissionModel", "SERVICE_MANAGED", "AutoDeployment", `{"Enabled":true,"RetainStacksOnAccountRemoval":true}`)
	w.must("CreateStackInstances", "StackGroupName", "g", "RegionIds", `["cn-hangzhou"]`, "DeploymentTargets", `{"RdFolderIds":["`+top+`"]}`)
	if got := w.states("g"); len(got) != 0 {
		t.Errorf("an empty folder has instances: %v", got)
	}
	w.root(uidA, "2022-04-19", "MoveAccount", "AccountId", uidC, "DestinationFolderId", below)
	if diff := cmp.Diff([]string{uidC + " cn-hangzhou CURRENT"}, w.states("g")); diff != "" {
		t.Error(diff)
	}
	w.root(uidA, "2022-04-19", "RemoveCloudAccount", "AccountId", uidC)
	if got := w.states("g"); len(got) != 0 || w.about(uidC, "reader") != "none" {
		t.Errorf("after leaving: %v, role %s", got, w.about(uidC, "reader"))
	}
	w.must("UpdateStackGroup", "StackGroupName", "g", "AutoDeployment", `{"Enabled":false}`)
	w.root(uidA, "2022-04-19", "MoveAccount", "AccountId", uidD, "DestinationFolderId", top)
	if got := w.states("g"); len(got) != 0 {
		t.Errorf("deployed although automatic deployment is off: %v", got)
	}
}

// TestStackGroupErrors: each call is made where the self-managed group g has an instance in C.
func TestStackGroupErrors(t *testing.T) {
	t.Parallel()
	w := groupWorld(t)
	w.trust(uidC)
	w.must("CreateStackGroup", "StackGroupName", "g", "TemplateBody", roleTemplate)
	w.must("CreateStackGroup", "StackGroupName", "s", "TemplateBody", roleTemplate, "PermissionModel", "SERVICE_MANAGED", "AutoDeployment", `{"Enabled":false}`)
	w.must("CreateStackInstances", "StackGroupName", "g", "RegionIds", `["cn-hangzhou"]`, "AccountIds", `["`+uidC+`"]`)
	region := []string{"RegionIds", `["cn-hangzhou"]`}
	for _, tt := range []struct {
		name, action string
		params       []string
		want         string
	}{
		{"no name", "CreateStackGroup", []string{"TemplateBody", roleTemplate}, "400 MissingParameter"},
		{"bad name", "CreateStackGroup", []string{"StackGroupName", "-", "TemplateBody", roleTemplate}, "400 InvalidParameter"},
		{"name in use", "CreateStackGroup", []string{"StackGroupName", "g", "TemplateBody", roleTemplate}, "409 StackGroupExists"},
		{"no template", "CreateStackGroup", []string{"StackGroupName", "n"}, "400 MissingParameter"},
		{"bad template", "CreateStackGroup", []string{"StackGroupName", "n", "TemplateBody", "ROSTemplateFormatVersion: '2015-09-01'\nOther: 1\n"}, "400 InvalidTemplateSection"},
		{"unknown parameter", "CreateStackGroup", []string{"StackGroupName", "n", "TemplateBody", roleTemplate, "Parameters.1.ParameterKey", "X"}, "400 UnknownUserParameter"},
		{"model", "CreateStackGroup", []string{"StackGroupName", "n", "TemplateBody", roleTemplate, "PermissionModel", "X"}, "400 InvalidParameter"},
		{"no AutoDeployment", "CreateStackGroup", []string{"StackGroupName", "n", "TemplateBody", roleTemplate, "PermissionModel", "SERVICE_MANAGED"}, "400 MissingParameter"},
		{"bad AutoDeployment", "CreateStackGroup", []string{"StackGroupName", "n", "TemplateBody", roleTemplate, "PermissionModel", "SERVICE_MANAGED", "AutoDeployment", "{}"}, "400 InvalidParameter"},
		{"unknown group", "GetStackGroup", []string{"StackGroupName", "n"}, "404 StackGroupNotFound"},
		{"not empty", "DeleteStackGroup", []string{"StackGroupName", "g"}, "409 StackGroupNotEmpty"},
		{"no regions", "CreateStackInstances", []string{"StackGroupName", "g", "AccountIds", `["` + uidD + `"]`}, "400 MissingParameter"},
		{"regions are no JSON", "CreateStackInstances", []string{"StackGroupName", "g", "RegionIds", "cn-hangzhou"}, "400 InvalidParameter"},
		{"no accounts", "CreateStackInstances", append([]string{"StackGroupName", "g"}, region...), "400 MissingParameter"},
		{"folders for a self-managed group", "CreateStackInstances", append([]string{"StackGroupName", "g", "DeploymentTargets", `{"RdFolderIds":["r-1"]}`}, region...), "400 InvalidParameter"},
		{"accounts for a service-managed group", "CreateStackInstances", append([]string{"StackGroupName", "s", "AccountIds", `["1"]`}, region...), "400 InvalidParameter"},
		{"no targets", "CreateStackInstances", append([]string{"StackGroupName", "s"}, region...), "400 MissingParameter"},
		{"unknown folder", "CreateStackInstances", append([]string{"StackGroupName", "s", "DeploymentTargets", `{"RdFolderIds":["fd-1"]}`}, region...), "400 InvalidParameter"},
		{"an account outside", "CreateStackInstances", append([]string{"StackGroupName", "s", "DeploymentTargets", `{"AccountIds":["1900000000000009"]}`}, region...), "400 InvalidParameter"},
		{"the management account", "CreateStackInstances", append([]string{"StackGroupName", "s", "DeploymentTargets", `{"AccountIds":["` + uidA + `"]}`}, region...), "400 InvalidParameter"},
		{"21 accounts", "CreateStackInstances", append([]string{"StackGroupName", "g", "AccountIds", `["` + strings.Repeat(`1","`, 20) + `1"]`}, region...), "400 InvalidParameter"},
		{"instance exists", "CreateStackInstances", append([]string{"StackGroupName", "g", "AccountIds", `["` + uidC + `"]`}, region...), "409 StackInstanceExists"},
		{"count and percentage", "CreateStackInstances", append([]string{"StackGroupName", "g", "AccountIds", `["` + uidD + `"]`, "OperationPreferences", `{"FailureToleranceCount":1,"FailureTolerancePercentage":1}`}, region...), "400 InvalidParameter"},
		{"concurrency", "CreateStackInstances", append([]string{"StackGroupName", "g", "AccountIds", `["` + uidD + `"]`, "OperationPreferences", `{"MaxConcurrentCount":21}`}, region...), "400 InvalidParameter"},
		{"override unknown", "CreateStackInstances", append([]string{"StackGroupName", "g", "AccountIds", `["` + uidD + `"]`, "ParameterOverrides.1.ParameterKey", "X"}, region...), "400 UnknownUserParameter"},
		{"no such instance", "DeleteStackInstances", append([]string{"StackGroupName", "g", "AccountIds", `["` + uidD + `"]`}, region...), "404 StackInstanceNotFound"},
		{"no such instance to read", "GetStackInstance", []string{"StackGroupName", "g", "StackInstanceAccountId", uidD, "StackInstanceRegionId", "cn-hangzhou"}, "404 StackInstanceNotFound"},
		{"no such operation", "GetStackGroupOperation", []string{"OperationId", "x"}, "404 StackGroupOperationNotFound"},
		{"page size", "ListStackInstances", []string{"StackGroupName", "g", "PageSize", "51"}, "400 InvalidParameter"},
		{"other model while deployed", "UpdateStackGroup", []string{"StackGroupName", "g", "PermissionModel", "SERVICE_MANAGED", "AutoDeployment", `{"Enabled":true}`}, "409 StackGroupNotEmpty"},
		{"drift is not offered", "DetectStackGroupDrift", []string{"StackGroupName", "g"}, "404 InvalidApi.NotFound"},
	} {
		if _, err := w.call(tt.action, tt.params...); code(err) != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, code(err), tt.want)
		}
	}
	if total := w.must("ListStackGroups")["TotalCount"]; fmt.Sprint(total) != "2" {
		t.Errorf("%v groups, want 2", total)
	}
	key, secret := w.iam.SeedUser(uidB, "nobody")
	client, err := sdk.NewClientWithOptions("cn-hangzhou", sdk.NewConfig().WithScheme("HTTP"), credentials.NewAccessKeyCredential(key, secret))
	if err != nil {
		t.Fatal(err)
	}
	w.client = client
	if _, err := w.call("ListStackInstances", "StackGroupName", "g"); code(err) != "403 NoPermission" {
		t.Errorf("without permission: %v", err)
	}
	if w.ros.RoleUsage(uidB, "ros.aliyuncs.com") != nil || len(w.ros.RoleUsage(uidB, "stackgroups-admin.ros.aliyuncs.com")) != 1 {
		t.Error("the group s needs the service-linked role of its account, and nothing else does")
	}
}
