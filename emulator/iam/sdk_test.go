package iam

import (
	"errors"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	sdkauth "github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/ram"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/resourcemanager"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/sts"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// serve puts a service with two accounts on a real port, with the real clock.
func serve(t *testing.T) (s *Service, host string) {
	t.Helper()
	s = New(Options{Seed: "sdk"})
	for _, id := range []string{security, shop} {
		if err := s.CreateAccount(id, id); err != nil {
			t.Fatal(err)
		}
	}
	g := gateway.New(gateway.Options{Credentials: s, Authorizer: s})
	s.Register(g)
	srv := httptest.NewServer(g)
	t.Cleanup(srv.Close)
	return s, strings.TrimPrefix(srv.URL, "http://")
}

// constructing keeps constructors apart: the SDK fills a package's endpoint map on first use without a lock.
var constructing sync.Mutex

// client builds one of the SDK's typed clients with its constructor.
func client[C any](t *testing.T, build func(string, *sdk.Config, sdkauth.Credential) (C, error), cred sdkauth.Credential) C {
	t.Helper()
	constructing.Lock()
	defer constructing.Unlock()
	c, err := build("cn-hangzhou", sdk.NewConfig().WithScheme("HTTP"), cred)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ramClient(t *testing.T, host string, cred sdkauth.Credential) *ram.Client {
	t.Helper()
	c := client(t, ram.NewClientWithOptions, cred)
	c.Domain = host
	return c
}

func stsClient(t *testing.T, host string, cred sdkauth.Credential) *sts.Client {
	t.Helper()
	c := client(t, sts.NewClientWithOptions, cred)
	c.Domain = host
	return c
}

// wantCode fails unless err is a server error with status and code.
func wantCode(t *testing.T, err error, status int, code string) *sdkerrors.ServerError {
	t.Helper()
	se, ok := errors.AsType[*sdkerrors.ServerError](err)
	if !ok {
		t.Fatalf("got %v, want %s", err, code)
	}
	if se.HttpStatus() != status || se.ErrorCode() != code {
		t.Fatalf("got %d %s (%s), want %d %s", se.HttpStatus(), se.ErrorCode(), se.Message(), status, code)
	}
	return se
}

// TestSDKSecureTransport: a trust policy that denies plain HTTP does so to AssumeRole, which asks for no other permission.
func TestSDKSecureTransport(t *testing.T) {
	t.Parallel()
	s := New(Options{Seed: "sdk"})
	for _, id := range []string{security, shop} {
		if err := s.CreateAccount(id, id); err != nil {
			t.Fatal(err)
		}
	}
	g := gateway.New(gateway.Options{Credentials: s, Authorizer: s})
	s.Register(g)
	err := s.EnsureRole(shop, "r", statements(`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":"acs:ram::`+security+`:root"}},`+
		`{"Effect":"Deny","Action":"sts:AssumeRole","Principal":{"RAM":"acs:ram::`+security+`:root"},"Condition":{"Bool":{"acs:SecureTransport":"false"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	ak, sk := s.SeedUser(security, "worker", "AliyunSTSAssumeRoleAccess")
	assume := func(srv *httptest.Server) error {
		c := stsClient(t, srv.Listener.Addr().String(), credentials.NewAccessKeyCredential(ak, sk))
		c.GetConfig().Scheme = strings.ToUpper(srv.URL[:strings.Index(srv.URL, ":")])
		c.SetHTTPSInsecure(true)
		r := sts.CreateAssumeRoleRequest()
		r.RoleArn, r.RoleSessionName = roleARN(shop, "r"), "run"
		_, err := c.AssumeRole(r)
		return err
	}
	plain, tls := httptest.NewServer(g), httptest.NewTLSServer(g)
	defer plain.Close()
	defer tls.Close()
	if d := wantCode(t, assume(plain), 403, "NoPermission").AccessDeniedDetail(); d["NoPermissionType"] != "ExplicitDeny" || d["PolicyType"] != "AssumeRolePolicy" {
		t.Errorf("detail %v", d)
	}
	if err := assume(tls); err != nil {
		t.Error(err)
	}
}

// TestSDKMemberAccess is the way of the product, end to end: roles are created, a user assumes the member's role with
// an external id, and acts in the member with the temporary keys.
func TestSDKMemberAccess(t *testing.T) {
	t.Parallel()
	s, host := serve(t)
	shopAK, shopSK := s.SeedRootKey(shop)
	ak, sk := s.SeedUser(security, "worker", "AliyunSTSAssumeRoleAccess")
	member := ramClient(t, host, credentials.NewAccessKeyCredential(shopAK, shopSK))

	role := ram.CreateCreateRoleRequest()
	role.RoleName, role.Description = "fenghuo-collector", "读日志 +*~"
	role.AssumeRolePolicyDocument = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::` + security + `:user/worker"]},"Condition":{"StringEquals":{"sts:ExternalId":"e-1"}}}]}`
	role.MaxSessionDuration = requests.NewInteger(7200)
	created, err := member.CreateRole(role)
	if err != nil {
		t.Fatal(err)
	}
	if r := created.Role; r.Arn != roleARN(shop, "fenghuo-collector") || r.MaxSessionDuration != 7200 || r.Description != role.Description || r.RoleId == "" || created.RequestId == "" {
		t.Errorf("created %+v", r)
	}
	_, err = member.CreateRole(role)
	wantCode(t, err, 409, "EntityAlreadyExists.Role")

	policy := ram.CreateCreatePolicyRequest()
	policy.PolicyName, policy.PolicyDocument = "read", statements(`{"Effect":"Allow","Action":["ram:GetRole","ram:ListRoles"],"Resource":"acs:ram:*:*:role/*"}`)
	if _, err := member.CreatePolicy(policy); err != nil {
		t.Fatal(err)
	}
	attach := ram.CreateAttachPolicyToRoleRequest()
	attach.PolicyType, attach.PolicyName, attach.RoleName = "Custom", "read", "fenghuo-collector"
	if _, err := member.AttachPolicyToRole(attach); err != nil {
		t.Fatal(err)
	}

	worker := stsClient(t, host, credentials.NewAccessKeyCredential(ak, sk))
	assume := sts.CreateAssumeRoleRequest()
	assume.RoleArn, assume.RoleSessionName, assume.ExternalId = created.Role.Arn, "run-1", "wrong"
	assume.DurationSeconds = requests.NewInteger(7200)
	_, err = worker.AssumeRole(assume)
	denied := wantCode(t, err, 403, "NoPermission")
	if d := denied.AccessDeniedDetail(); d["PolicyType"] != "AssumeRolePolicy" || d["AuthPrincipalType"] != "SubUser" {
		t.Errorf("detail %v", d)
	}
	assume.ExternalId = "e-1"
	session, err := worker.AssumeRole(assume)
	if err != nil {
		t.Fatal(err)
	}
	if session.AssumedRoleUser.Arn != created.Role.Arn+"/run-1" || session.AssumedRoleUser.AssumedRoleId != created.Role.RoleId+":run-1" {
		t.Errorf("assumed %+v", session.AssumedRoleUser)
	}
	cred := credentials.NewStsTokenCredential(session.Credentials.AccessKeyId, session.Credentials.AccessKeySecret, session.Credentials.SecurityToken)
	who, err := stsClient(t, host, cred).GetCallerIdentity(sts.CreateGetCallerIdentityRequest())
	if err != nil || who.AccountId != shop || who.IdentityType != "AssumedRoleUser" {
		t.Errorf("identity %+v, %v", who, err)
	}
	inMember := ramClient(t, host, cred)
	list, err := inMember.ListRoles(ram.CreateListRolesRequest())
	if err != nil || len(list.Roles.Role) != 1 || list.Roles.Role[0].AssumeRolePolicyDocument != "" || list.IsTruncated {
		t.Errorf("list %+v, %v", list, err)
	}
	get := ram.CreateGetRoleRequest()
	get.RoleName = "Fenghuo-Collector"
	got, err := inMember.GetRole(get)
	if err != nil || got.Role.AssumeRolePolicyDocument != role.AssumeRolePolicyDocument {
		t.Errorf("get %+v, %v", got, err)
	}
	del := ram.CreateDeleteRoleRequest()
	del.RoleName = "fenghuo-collector"
	_, err = inMember.DeleteRole(del)
	if e := wantCode(t, err, 403, "NoPermission"); !strings.Contains(e.Message(), "Action: ram:DeleteRole, Resource: acs:ram:*:"+shop+":role/fenghuo-collector") {
		t.Error(e.Message())
	}
	again := ram.CreateDeleteRoleRequest() // a request that went out once keeps its SecurityToken
	again.RoleName = del.RoleName
	_, err = member.DeleteRole(again)
	wantCode(t, err, 409, "DeleteConflict.Role.Policy")
}

// TestSDKRespond is the disable-access-key playbook against the real client.
func TestSDKRespond(t *testing.T) {
	t.Parallel()
	s, host := serve(t)
	ak, sk := s.SeedUser(shop, "responder", "AliyunRAMFullAccess")
	c := ramClient(t, host, credentials.NewAccessKeyCredential(ak, sk))

	user := ram.CreateCreateUserRequest()
	user.UserName, user.DisplayName = "leaked", "Leaked User"
	if u, err := c.CreateUser(user); err != nil || u.User.DisplayName != "Leaked User" || u.User.UserId == "" {
		t.Fatalf("%+v, %v", u, err)
	}
	create := ram.CreateCreateAccessKeyRequest()
	create.UserName = "leaked"
	key, err := c.CreateAccessKey(create)
	if err != nil {
		t.Fatal(err)
	}
	leaked := stsClient(t, host, credentials.NewAccessKeyCredential(key.AccessKey.AccessKeyId, key.AccessKey.AccessKeySecret))
	if _, err := leaked.GetCallerIdentity(sts.CreateGetCallerIdentityRequest()); err != nil {
		t.Fatal(err)
	}
	update := ram.CreateUpdateAccessKeyRequest()
	update.UserName, update.UserAccessKeyId, update.Status = "leaked", key.AccessKey.AccessKeyId, "Inactive"
	if _, err := c.UpdateAccessKey(update); err != nil {
		t.Fatal(err)
	}
	_, err = leaked.GetCallerIdentity(sts.CreateGetCallerIdentityRequest())
	wantCode(t, err, 400, "InvalidAccessKeyId.Inactive")
	list := ram.CreateListAccessKeysRequest()
	list.UserName = "leaked"
	keys, err := c.ListAccessKeys(list)
	if err != nil || len(keys.AccessKeys.AccessKey) != 1 || keys.AccessKeys.AccessKey[0].Status != "Inactive" {
		t.Errorf("%+v, %v", keys, err)
	}
	login := ram.CreateCreateLoginProfileRequest()
	login.UserName, login.Password, login.PasswordResetRequired = "leaked", "Passw0rd!", requests.NewBoolean(true)
	if p, err := c.CreateLoginProfile(login); err != nil || !p.LoginProfile.PasswordResetRequired {
		t.Fatalf("%+v, %v", p, err)
	}
	drop := ram.CreateDeleteLoginProfileRequest()
	drop.UserName = "leaked"
	if _, err := c.DeleteLoginProfile(drop); err != nil {
		t.Error(err)
	}
	_, err = c.DeleteLoginProfile(drop)
	wantCode(t, err, 404, "EntityNotExist.User.LoginProfile")
	remove := ram.CreateDeleteAccessKeyRequest()
	remove.UserName, remove.UserAccessKeyId = "leaked", key.AccessKey.AccessKeyId
	if _, err := c.DeleteAccessKey(remove); err != nil {
		t.Error(err)
	}
	_, err = leaked.GetCallerIdentity(sts.CreateGetCallerIdentityRequest())
	wantCode(t, err, 404, "InvalidAccessKeyId.NotFound")
}

func TestSDKServiceLinkedRole(t *testing.T) {
	t.Parallel()
	s, host := serve(t)
	ak, sk := s.SeedRootKey(security)
	c := client(t, resourcemanager.NewClientWithOptions, sdkauth.Credential(credentials.NewAccessKeyCredential(ak, sk)))
	c.Domain = host
	create := resourcemanager.CreateCreateServiceLinkedRoleRequest()
	create.ServiceName = "cloudsiem.sas.aliyuncs.com"
	r, err := c.CreateServiceLinkedRole(create)
	if err != nil {
		t.Fatal(err)
	}
	if r.Role.RoleName != "AliyunServiceRoleForSasCloudSiem" || !r.Role.IsServiceLinkedRole || r.Role.RolePrincipalName != create.ServiceName ||
		r.Role.Arn != "acs:ram::"+security+":role/aliyunserviceroleforsascloudsiem" || !strings.Contains(r.Role.AssumeRolePolicyDocument, create.ServiceName) {
		t.Errorf("role %+v", r.Role)
	}
	_, err = c.CreateServiceLinkedRole(create)
	wantCode(t, err, 409, "EntityAlreadyExists.Role")
	del := resourcemanager.CreateDeleteServiceLinkedRoleRequest()
	del.RoleName = r.Role.RoleName
	task, err := c.DeleteServiceLinkedRole(del)
	if err != nil {
		t.Fatal(err)
	}
	status := resourcemanager.CreateGetServiceLinkedRoleDeletionStatusRequest()
	status.DeletionTaskId = task.DeletionTaskId
	got, err := c.GetServiceLinkedRoleDeletionStatus(status)
	if err != nil || got.Status != "SUCCEEDED" || s.HasServiceLinkedRole(security, create.ServiceName) {
		t.Errorf("status %+v, %v", got, err)
	}
}
