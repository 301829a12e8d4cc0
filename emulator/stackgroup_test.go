package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	sdk "github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/google/go-cmp/cmp"
)

const (
	uidA, uidB, uidC = "1100000000000001", "1100000000000002", "1100000000000003"
	uidD, uidE       = "1100000000000004", "1100000000000005"
	externalID       = "a-random-text-of-24-chars"
)

// cloudWorld is the example world whose directory has B alone, and the official client of every account.
type cloudWorld struct {
	*Server
	t *testing.T
}

func startCloud(t *testing.T) *cloudWorld {
	t.Helper()
	world, err := LoadWorld("example")
	if err != nil {
		t.Fatal(err)
	}
	world.Logs.Records = 0
	world.Directory.Members = []string{uidB}
	world.Directory.Trusted = []string{"ros.aliyuncs.com"}
	s, err := Start(Options{World: world})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil { // the test's own context has ended by now
			t.Error(err)
		}
	})
	return &cloudWorld{s, t}
}

// as sends one request with the official client; params are name, value, name, value.
func (w *cloudWorld) as(c *sdk.Client, version, action string, params ...string) (map[string]any, string) {
	w.t.Helper()
	r := requests.NewCommonRequest()
	r.Product, r.Version, r.ApiName, r.Scheme, r.Method, r.Domain = "Test", version, action, "HTTP", "POST", w.host
	for i := 0; i < len(params); i += 2 {
		r.FormParams[params[i]] = params[i+1]
	}
	answer, err := c.ProcessCommonRequest(r)
	w.Stacks().Wait() // for what the call began
	var e *sdkerrors.ServerError
	if errors.As(err, &e) {
		return map[string]any{"Message": e.Message()}, strconv.Itoa(e.HttpStatus()) + " " + e.ErrorCode()
	}
	var out map[string]any
	if err == nil {
		err = json.Unmarshal(answer.GetHttpContentBytes(), &out)
	}
	if err != nil {
		w.t.Fatalf("%s: %v", action, err)
	}
	return out, ""
}

func (w *cloudWorld) client(id, secret, token string) *sdk.Client {
	w.t.Helper()
	c, err := sdk.NewClientWithOptions("cn-hangzhou", sdk.NewConfig().WithScheme("HTTP"), credentials.NewStsTokenCredential(id, secret, token))
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *cloudWorld) must(uid, version, action string, params ...string) map[string]any {
	w.t.Helper()
	k := w.Operator(uid)
	out, code := w.as(w.client(k.AccessKeyID, k.AccessKeySecret, ""), version, action, params...)
	if code != "" {
		w.t.Fatalf("%s by %s: %s %v", action, uid, code, out["Message"])
	}
	return out
}

const rd, rosAPI = "2022-04-19", "2019-09-10"

// join invites an account into a folder and accepts.
func (w *cloudWorld) join(uid, folder string) {
	w.t.Helper()
	h := w.must(uidA, rd, "InviteAccountToResourceDirectory", "TargetEntity", uid, "TargetType", "Account", "ParentFolderId", folder)
	w.must(uid, rd, "AcceptHandshake", "HandshakeId", h["Handshake"].(map[string]any)["HandshakeId"].(string))
}

// instances is account → status of the group's instances.
func (w *cloudWorld) instances() map[string]string {
	w.t.Helper()
	out := map[string]string{}
	for _, v := range w.must(uidB, rosAPI, "ListStackInstances", "StackGroupName", "members", "PageSize", "50")["StackInstances"].([]any) {
		in := v.(map[string]any)
		out[in["AccountId"].(string)] = in["Status"].(string)
	}
	return out
}

// collector opens a session of C's, D's or E's collector role from the session of a function of B, as the product does.
func (w *cloudWorld) collector(uid, id string) (*sdk.Client, string) {
	w.t.Helper()
	_, k, err := w.IAM().AssumeServiceRole(w.t.Context(), "acs:ram::"+uidB+":role/fenghuo-collect", "fc.aliyuncs.com", "fc", time.Hour)
	if err != nil {
		w.t.Fatal(err)
	}
	out, code := w.as(w.client(k.AccessKeyID, k.AccessKeySecret, k.SecurityToken), "2015-04-01", "AssumeRole",
		"RoleArn", "acs:ram::"+uid+":role/fenghuo-collector", "RoleSessionName", "collect", "ExternalId", id)
	if code != "" {
		return nil, code
	}
	c := out["Credentials"].(map[string]any)
	return w.client(c["AccessKeyId"].(string), c["AccessKeySecret"].(string), c["SecurityToken"].(string)), ""
}

func parameters(prefix string, pairs ...string) []string {
	var out []string
	for i := 0; i < len(pairs); i += 2 {
		n := prefix + "." + strconv.Itoa(i/2+1)
		out = append(out, n+".ParameterKey", pairs[i], n+".ParameterValue", pairs[i+1])
	}
	return out
}

// TestStackGroupPushesMemberTemplate: the delegated administrator of ROS pushes the member part of template.yaml to a
// folder. Members in the folder and those that join later get the collector role and it can be assumed; members that
// leave lose it; a control policy stops the deployment as it stops everybody.
func TestStackGroupPushesMemberTemplate(t *testing.T) {
	t.Parallel()
	template, err := os.ReadFile("../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w := startCloud(t)
	common := []string{"AdministratorAccountId", uidB, "ManagementAccountId", uidA, "ExternalId", externalID}
	w.must(uidB, rosAPI, "CreateStack", append(parameters("Parameters", append(common, "AccountKind", "administrator")...), "StackName", "fenghuo", "TemplateBody", string(template))...)

	folder := w.must(uidA, rd, "CreateFolder", "FolderName", "members")["Folder"].(map[string]any)["FolderId"].(string)
	w.join(uidD, folder)
	group := append(parameters("Parameters", append(common, "AccountKind", "member")...), "StackGroupName", "members", "TemplateBody", string(template),
		"PermissionModel", "SERVICE_MANAGED", "AutoDeployment", `{"Enabled":true,"RetainStacksOnAccountRemoval":false}`)
	k := w.Operator(uidB)
	b := w.client(k.AccessKeyID, k.AccessKeySecret, "")
	if _, code := w.as(b, rosAPI, "CreateStackGroup", group...); code != "403 NoPermission" {
		t.Errorf("a member that administers nothing makes a service-managed group: %q", code)
	}
	w.must(uidA, rd, "RegisterDelegatedAdministrator", "AccountId", uidB, "ServicePrincipal", "ros.aliyuncs.com")
	w.must(uidB, rosAPI, "CreateStackGroup", group...)

	op := w.must(uidB, rosAPI, "CreateStackInstances", "StackGroupName", "members", "RegionIds", `["cn-hangzhou"]`,
		"DeploymentTargets", `{"RdFolderIds":["`+folder+`"]}`)["OperationId"].(string)
	got := w.must(uidB, rosAPI, "GetStackGroupOperation", "OperationId", op)["StackGroupOperation"].(map[string]any)
	if got["Status"] != "SUCCEEDED" || got["Action"] != "CREATE" {
		t.Fatalf("operation: %v; %v", got, w.must(uidB, rosAPI, "ListStackGroupOperationResults", "OperationId", op)["StackGroupOperationResults"])
	}
	if diff := cmp.Diff(map[string]string{uidD: "CURRENT"}, w.instances()); diff != "" {
		t.Fatal(diff)
	}

	w.join(uidC, folder) // auto-deployment
	if diff := cmp.Diff(map[string]string{uidC: "CURRENT", uidD: "CURRENT"}, w.instances()); diff != "" {
		t.Fatal(diff)
	}
	for _, uid := range []string{uidC, uidD} {
		session, code := w.collector(uid, externalID)
		if code != "" {
			t.Fatalf("assume the collector of %s: %s", uid, code)
		}
		if who, code := w.as(session, "2015-04-01", "GetCallerIdentity"); code != "" || who["AccountId"] != uid {
			t.Errorf("identity: %v %s", who, code)
		}
	}
	if _, code := w.collector(uidC, "another-text"); code != "403 NoPermission" {
		t.Errorf("a wrong external id: %q", code)
	}

	live, _ := w.collector(uidC, externalID)
	root := w.must(uidA, rd, "GetResourceDirectory")["ResourceDirectory"].(map[string]any)["RootFolderId"].(string)
	w.must(uidA, rd, "MoveAccount", "AccountId", uidC, "DestinationFolderId", root) // out of the folder
	if diff := cmp.Diff(map[string]string{uidD: "CURRENT"}, w.instances()); diff != "" {
		t.Error(diff)
	}
	if _, code := w.collector(uidC, externalID); code != "404 EntityNotExist.Role" {
		t.Errorf("the role outlives its stack: %q", code)
	}
	if _, code := w.as(live, "2015-04-01", "GetCallerIdentity"); code != "404 InvalidAccessKeyId.NotFound" {
		t.Errorf("the session outlives its role: %q", code)
	}

	w.must(uidA, rd, "EnableControlPolicy")
	p := w.must(uidA, rd, "CreateControlPolicy", "PolicyName", "no-roles", "EffectScope", "RAM", "PolicyDocument",
		`{"Version":"1","Statement":[{"Effect":"Deny","Action":"ram:CreateRole","Resource":"*"}]}`)["ControlPolicy"].(map[string]any)["PolicyId"].(string)
	w.must(uidA, rd, "AttachControlPolicy", "PolicyId", p, "TargetId", folder)
	w.join(uidE, folder)
	if diff := cmp.Diff(map[string]string{uidD: "CURRENT", uidE: "OUTDATED"}, w.instances()); diff != "" {
		t.Error(diff)
	}
	in := w.must(uidB, rosAPI, "GetStackInstance", "StackGroupName", "members", "StackInstanceAccountId", uidE, "StackInstanceRegionId", "cn-hangzhou")["StackInstance"].(map[string]any)
	if reason, _ := in["StatusReason"].(string); !strings.Contains(reason, "ram:CreateRole") || !strings.Contains(reason, "NoPermission") {
		t.Errorf("reason: %v", in["StatusReason"])
	}
	w.must(uidA, rd, "DetachControlPolicy", "PolicyId", p, "TargetId", folder)
	w.must(uidB, rosAPI, "UpdateStackInstances", "StackGroupName", "members", "RegionIds", `["cn-hangzhou"]`, "DeploymentTargets", `{"AccountIds":["`+uidE+`"]}`)
	if _, code := w.collector(uidE, externalID); code != "" {
		t.Errorf("after the policy went: %s", code)
	}

	w.must(uidB, rosAPI, "DeleteStackInstances", "StackGroupName", "members", "RegionIds", `["cn-hangzhou"]`, "RetainStacks", "false", "DeploymentTargets", `{"RdFolderIds":["`+folder+`"]}`)
	w.must(uidB, rosAPI, "DeleteStackGroup", "StackGroupName", "members")
	for _, uid := range []string{uidD, uidE} {
		if _, code := w.collector(uid, externalID); code != "404 EntityNotExist.Role" {
			t.Errorf("the role in %s outlives the group: %q", uid, code)
		}
	}
}

// TestControlPolicyBitesOnTheWire: a denial by a control policy names itself in AccessDeniedDetail, which the management
// account and the owner of the member do not meet.
func TestControlPolicyBitesOnTheWire(t *testing.T) {
	t.Parallel()
	w := startCloud(t)
	w.must(uidA, rd, "EnableControlPolicy")
	p := w.must(uidA, rd, "CreateControlPolicy", "PolicyName", "no-users", "EffectScope", "RAM", "PolicyDocument",
		`{"Version":"1","Statement":[{"Effect":"Deny","Action":"ram:CreateUser","Resource":"*"}]}`)["ControlPolicy"].(map[string]any)["PolicyId"].(string)
	w.must(uidA, rd, "AttachControlPolicy", "PolicyId", p, "TargetId", uidB)
	k := w.Operator(uidB)
	r := requests.NewCommonRequest()
	r.Product, r.Version, r.ApiName, r.Scheme, r.Method, r.Domain = "Ram", "2015-05-01", "CreateUser", "HTTP", "POST", w.host
	r.QueryParams["UserName"] = "eve"
	_, err := w.client(k.AccessKeyID, k.AccessKeySecret, "").ProcessCommonRequest(r)
	var e *sdkerrors.ServerError
	if !errors.As(err, &e) {
		t.Fatalf("no error of the server: %v", err)
	}
	d := e.AccessDeniedDetail()
	got := []any{e.HttpStatus(), e.ErrorCode(), d["PolicyType"], d["NoPermissionType"], d["AuthPrincipalType"], d["AuthAction"], d["AuthPrincipalOwnerId"]}
	if diff := cmp.Diff([]any{403, "NoPermission", "ControlPolicy", "ExplicitDeny", "SubUser", "ram:CreateUser", uidB}, got); diff != "" {
		t.Error(diff)
	}
	decoded := w.must(uidB, "2015-05-01", "DecodeDiagnosticMessage", "EncodedDiagnosticMessage", d["EncodedDiagnosticMessage"].(string))["DecodedDiagnosticMessage"].(map[string]any)
	if decoded["NoPermissionPolicyType"] != "ControlPolicy" || decoded["ExplicitDeny"] != true {
		t.Errorf("decoded: %v", decoded)
	}
	id, secret := w.IAM().SeedRootKey(uidB)
	if _, code := w.as(w.client(id, secret, ""), "2015-05-01", "CreateUser", "UserName", "eve"); code != "" {
		t.Errorf("the owner of the member: %s", code)
	}
	w.must(uidA, "2015-05-01", "CreateUser", "UserName", "eve")
}

// TestLinkedRoleInUse: the role of the directory cannot go while the account is in the directory.
func TestLinkedRoleInUse(t *testing.T) {
	t.Parallel()
	w := startCloud(t)
	task := w.must(uidB, "2020-03-31", "DeleteServiceLinkedRole", "RoleName", "AliyunServiceRoleForResourceDirectory")["DeletionTaskId"].(string)
	got := w.must(uidB, "2020-03-31", "GetServiceLinkedRoleDeletionStatus", "DeletionTaskId", task)
	usage, _ := json.Marshal(got["Reason"])
	if got["Status"] != "FAILED" || !strings.Contains(string(usage), "cn-hangzhou") || !strings.Contains(string(usage), uidB) {
		t.Errorf("deletion: %v %s", got["Status"], usage)
	}
	w.must(uidA, rd, "RemoveCloudAccount", "AccountId", uidB)
	task = w.must(uidB, "2020-03-31", "DeleteServiceLinkedRole", "RoleName", "AliyunServiceRoleForResourceDirectory")["DeletionTaskId"].(string)
	if got := w.must(uidB, "2020-03-31", "GetServiceLinkedRoleDeletionStatus", "DeletionTaskId", task); got["Status"] != "SUCCEEDED" {
		t.Errorf("deletion after leaving: %v", got)
	}
}

// TestDeletedAccountIsGone: the keys of a deleted member are unknown.
func TestDeletedAccountIsGone(t *testing.T) {
	t.Parallel()
	w := startCloud(t)
	uid := w.must(uidA, rd, "CreateResourceAccount", "DisplayName", "short-lived")["Account"].(map[string]any)["AccountId"].(string)
	id, secret := w.IAM().SeedUser(uid, "admin", "AdministratorAccess")
	c := w.client(id, secret, "")
	if _, code := w.as(c, "2015-05-01", "ListRoles"); code != "" {
		t.Fatal(code)
	}
	w.must(uidA, rd, "SetMemberDeletionPermission", "Status", "Enabled")
	w.must(uidA, rd, "DeleteAccount", "AccountId", uid)
	if _, code := w.as(c, "2015-05-01", "ListRoles"); code != "404 InvalidAccessKeyId.NotFound" {
		t.Errorf("after the deletion: %q", code)
	}
	status := w.must(uidA, rd, "GetAccountDeletionStatus", "AccountId", uid)["RdAccountDeletionStatus"].(map[string]any)
	if status["Status"] != "Success" {
		t.Errorf("status: %v", status)
	}
}

// TestDeletedMemberLeavesTheGroup: the stack of a member that is deleted goes with the account, which is no failure of the
// group.
func TestDeletedMemberLeavesTheGroup(t *testing.T) {
	t.Parallel()
	w := startCloud(t)
	w.must(uidA, rd, "RegisterDelegatedAdministrator", "AccountId", uidB, "ServicePrincipal", "ros.aliyuncs.com")
	folder := w.must(uidA, rd, "CreateFolder", "FolderName", "members")["Folder"].(map[string]any)["FolderId"].(string)
	w.must(uidB, rosAPI, "CreateStackGroup", "StackGroupName", "members", "PermissionModel", "SERVICE_MANAGED", "AutoDeployment", `{"Enabled":true}`,
		"TemplateBody", `{"ROSTemplateFormatVersion":"2015-09-01","Resources":{"R":{"Type":"ALIYUN::RAM::Role","Properties":{"RoleName":"r","AssumeRolePolicyDocument":`+
			`{"Version":"1","Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":["fc.aliyuncs.com"]}}]}}}}}`)
	w.must(uidB, rosAPI, "CreateStackInstances", "StackGroupName", "members", "RegionIds", `["cn-hangzhou"]`, "DeploymentTargets", `{"RdFolderIds":["`+folder+`"]}`)
	uid := w.must(uidA, rd, "CreateResourceAccount", "DisplayName", "short-lived", "ParentFolderId", folder)["Account"].(map[string]any)["AccountId"].(string)
	if diff := cmp.Diff(map[string]string{uid: "CURRENT"}, w.instances()); diff != "" {
		t.Fatal(diff)
	}
	w.must(uidA, rd, "SetMemberDeletionPermission", "Status", "Enabled")
	w.must(uidA, rd, "DeleteAccount", "AccountId", uid)
	if diff := cmp.Diff(map[string]string{}, w.instances()); diff != "" {
		t.Error(diff)
	}
	newest := w.must(uidB, rosAPI, "ListStackGroupOperations", "StackGroupName", "members")["StackGroupOperations"].([]any)[0].(map[string]any)
	if newest["Action"] != "DELETE" || newest["Status"] != "SUCCEEDED" {
		t.Errorf("the last operation: %v", newest)
	}
}
