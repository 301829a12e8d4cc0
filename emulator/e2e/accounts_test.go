package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/function"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/ram"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/sts"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// breakAccess deletes the access role of a member, as its owner: nobody can enter the account from outside any more.
func (c cloud) breakAccess(t *testing.T, uid string) {
	t.Helper()
	api := ram.New(c.as(uid))
	const role = "ResourceDirectoryAccountAccessRole"
	if err := errors.Join(api.DetachPolicyFromRole(t.Context(), ram.System, "AdministratorAccess", role), api.DeleteRole(t.Context(), role)); err != nil {
		t.Fatal(err)
	}
}

// onboard invokes the function onboard as B's operator.
func (c cloud) onboard(t *testing.T, request any, out any) {
	t.Helper()
	payload, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	api := c.as(accountB)
	answer, err := function.New(function.Config{Endpoint: c.Endpoint(), Region: api.Region(), Account: accountB, Credentials: api.Credentials}).Invoke(t.Context(), "onboard", payload)
	if err == nil {
		err = json.Unmarshal(answer, out)
	}
	if err != nil {
		t.Fatalf("onboard %s: %v", payload, err)
	}
}

// identity is somebody who calls.
type identity struct {
	c    cloud
	keys openapi.Credentials
	uid  string
}

// function takes the role of a function as Function Compute does for it.
func (c cloud) function(t *testing.T, uid, role string) identity {
	t.Helper()
	_, k, err := c.IAM().AssumeServiceRole(t.Context(), sts.RoleARN(uid, role), "fc.aliyuncs.com", "test", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return identity{c, openapi.Credentials{AccessKeyID: k.AccessKeyID, AccessKeySecret: k.AccessKeySecret, SecurityToken: k.SecurityToken}, uid}
}

// operator is the operator of an account.
func (c cloud) operator(uid string) identity {
	k := c.Operator(uid)
	return identity{c, openapi.Credentials{AccessKeyID: k.AccessKeyID, AccessKeySecret: k.AccessKeySecret}, uid}
}

func (i identity) api() *openapi.Client {
	return openapi.New(openapi.Config{Endpoint: i.c.Endpoint(), Region: i.c.World().Region, Account: i.uid, Credentials: openapi.Static(i.keys)})
}

// enter assumes a role of another account.
func (i identity) enter(ctx context.Context, uid, role, externalID string) (identity, error) {
	k, err := sts.New(i.api()).AssumeRole(ctx, sts.RoleARN(uid, role), "test", externalID, "", 0)
	return identity{i.c, k.Credentials, uid}, err
}

func (i identity) logs(project string) *sls.Project {
	return sls.New(sls.Config{
		Endpoint: i.c.Endpoint(), Region: i.c.World().Region, Account: i.uid,
		Credentials: func(context.Context) (sls.Credentials, error) { return sls.Credentials(i.keys), nil },
	}).Project(project)
}

func (i identity) invoke(ctx context.Context, owner, name, payload string) ([]byte, error) {
	return function.New(function.Config{Endpoint: i.c.Endpoint(), Region: i.c.World().Region, Account: owner, Credentials: openapi.Static(i.keys)}).Invoke(ctx, name, []byte(payload))
}

// denied fails the test unless the cloud refused.
func denied(t *testing.T, what string, err error) {
	t.Helper()
	if soc.KindOf(err) != soc.Denied {
		t.Errorf("%s: %v, want Denied", what, err)
	}
}
