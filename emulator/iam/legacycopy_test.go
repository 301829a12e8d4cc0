package iam

import (
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/resourcemanager"
)

// TestLegacyCopies: what ResourceManager makes RAM has, with the official client; a malformed policy is 409 in one and 400
// in the other.
func TestLegacyCopies(t *testing.T) {
	t.Parallel()
	s, host := serve(t)
	id, secret := s.SeedUser(shop, "admin", "AdministratorAccess")
	c := client(t, resourcemanager.NewClientWithOptions, credentials.NewAccessKeyCredential(id, secret))
	c.Domain = host
	role := resourcemanager.CreateCreateRoleRequest()
	role.RoleName, role.AssumeRolePolicyDocument = "made-there", "{}"
	_, err := c.CreateRole(role)
	wantCode(t, err, 409, "MalformedPolicyDocument")
	role.AssumeRolePolicyDocument = trustShop
	made, err := c.CreateRole(role)
	if err != nil || made.Role.RoleName != "made-there" || made.Role.MaxSessionDuration != 3600 {
		t.Fatalf("%+v, %v", made, err)
	}
	_, err = c.CreateRole(role)
	wantCode(t, err, 409, "EntityAlreadyExists.Role")
	policy := resourcemanager.CreateCreatePolicyRequest()
	policy.PolicyName, policy.PolicyDocument = "made-there", "{}"
	_, err = c.CreatePolicy(policy)
	wantCode(t, err, 409, "MalformedPolicyDocument")
	policy.PolicyDocument = readLogs
	if _, err := c.CreatePolicy(policy); err != nil {
		t.Fatal(err)
	}
	get := resourcemanager.CreateGetPolicyRequest()
	get.PolicyName, get.PolicyType = "made-there", "Custom"
	if got, err := c.GetPolicy(get); err != nil || got.Policy.PolicyDocument != readLogs || got.Policy.DefaultVersion != "v1" {
		t.Errorf("%+v, %v", got, err)
	}
	if r := s.accounts[shop].role("made-there"); r == nil {
		t.Error("RAM does not have the role")
	}
	_, err = c.ListRoles(resourcemanager.CreateListRolesRequest())
	wantCode(t, err, 404, "InvalidApi.NotFound")
}
