package ram

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi/openapitest"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

type object = map[string]any

// meta is the parameters that every call carries.
var meta = []string{"AccessKeyId", "SecurityToken", "Format", "RegionId", "Signature", "SignatureMethod", "SignatureNonce", "SignatureType", "SignatureVersion", "Timestamp", "Version", "Action"}

func own(c openapitest.Call) map[string]string {
	out := map[string]string{}
	for k := range c.Params {
		out[k] = c.Get(k)
	}
	for _, k := range meta {
		delete(out, k)
	}
	return out
}

func TestCalls(t *testing.T) {
	t.Parallel()
	tests := []struct {
		action, version string
		params          map[string]string
		answer          any
		call            func(context.Context, *Client) (any, error)
		want            any
	}{
		{
			"CreateRole", "2015-05-01",
			map[string]string{"RoleName": "r", "AssumeRolePolicyDocument": "{}", "Description": "d", "MaxSessionDuration": "7200"},
			object{"Role": object{"RoleName": "r", "Arn": "a", "MaxSessionDuration": 7200}},
			func(ctx context.Context, c *Client) (any, error) {
				return c.CreateRole(ctx, "r", "{}", "d", 2*time.Hour)
			},
			Role{Name: "r", ARN: "a", MaxSessionDuration: 7200},
		},
		{
			"GetRole", "2015-05-01",
			map[string]string{"RoleName": "r"},
			object{"Role": object{"AssumeRolePolicyDocument": "{}"}},
			func(ctx context.Context, c *Client) (any, error) { return c.GetRole(ctx, "r") },
			Role{TrustPolicy: "{}"},
		},
		{
			"UpdateRole", "2015-05-01",
			map[string]string{"RoleName": "r", "NewAssumeRolePolicyDocument": "{}"},
			object{},
			func(ctx context.Context, c *Client) (any, error) {
				return c.UpdateRole(ctx, "r", RoleUpdate{TrustPolicy: "{}"})
			},
			Role{},
		},
		{
			"DeleteRole", "2015-05-01",
			map[string]string{"RoleName": "r"},
			object{},
			func(ctx context.Context, c *Client) (any, error) { return nil, c.DeleteRole(ctx, "r") }, nil,
		},
		{
			"CreatePolicy", "2015-05-01",
			map[string]string{"PolicyName": "p", "PolicyDocument": "{}"},
			object{"Policy": object{"PolicyName": "p", "DefaultVersion": "v1"}},
			func(ctx context.Context, c *Client) (any, error) { return c.CreatePolicy(ctx, "p", "{}", "") },
			Policy{Name: "p", DefaultVersion: "v1"},
		},
		{
			"GetPolicy", "2015-05-01",
			map[string]string{"PolicyName": "p", "PolicyType": "Custom"},
			object{"Policy": object{"PolicyName": "p"}, "DefaultPolicyVersion": object{"PolicyDocument": "{}"}},
			func(ctx context.Context, c *Client) (any, error) { return c.GetPolicy(ctx, Custom, "p") },
			Policy{Name: "p", Document: "{}"},
		},
		{
			"DeletePolicy", "2015-05-01",
			map[string]string{"PolicyName": "p"},
			object{},
			func(ctx context.Context, c *Client) (any, error) { return nil, c.DeletePolicy(ctx, "p") }, nil,
		},
		{
			"CreatePolicyVersion", "2015-05-01",
			map[string]string{"PolicyName": "p", "PolicyDocument": "{}", "SetAsDefault": "true", "RotateStrategy": "DeleteOldestNonDefaultVersionWhenLimitExceeded"},
			object{"PolicyVersion": object{"VersionId": "v2", "IsDefaultVersion": true}},
			func(ctx context.Context, c *Client) (any, error) { return c.SetPolicy(ctx, "p", "{}") },
			PolicyVersion{ID: "v2", Default: true},
		},
		{
			"ListPolicyVersions", "2015-05-01",
			map[string]string{"PolicyName": "p", "PolicyType": "Custom"},
			object{"PolicyVersions": object{"PolicyVersion": []object{{"VersionId": "v1"}}}},
			func(ctx context.Context, c *Client) (any, error) { return c.ListPolicyVersions(ctx, Custom, "p") },
			[]PolicyVersion{{ID: "v1"}},
		},
		{
			"DeletePolicyVersion", "2015-05-01",
			map[string]string{"PolicyName": "p", "VersionId": "v1"},
			object{},
			func(ctx context.Context, c *Client) (any, error) {
				return nil, c.DeletePolicyVersion(ctx, "p", "v1")
			}, nil,
		},
		{
			"AttachPolicyToRole", "2015-05-01",
			map[string]string{"PolicyName": "p", "PolicyType": "System", "RoleName": "r"},
			openapitest.Error{Status: 409, Code: "EntityAlreadyExists.Role.Policy"},
			func(ctx context.Context, c *Client) (any, error) {
				return nil, c.AttachPolicyToRole(ctx, System, "p", "r")
			}, nil,
		},
		{
			"DetachPolicyFromRole", "2015-05-01",
			map[string]string{"PolicyName": "p", "PolicyType": "System", "RoleName": "r"},
			openapitest.Error{Status: 404, Code: "EntityNotExist.Role.Policy"},
			func(ctx context.Context, c *Client) (any, error) {
				return nil, c.DetachPolicyFromRole(ctx, System, "p", "r")
			}, nil,
		},
		{
			"ListPoliciesForRole", "2015-05-01",
			map[string]string{"RoleName": "r"},
			object{"Policies": object{"Policy": []object{{"PolicyName": "p", "PolicyType": "Custom", "AttachDate": ""}}}},
			func(ctx context.Context, c *Client) (any, error) { return c.ListPoliciesForRole(ctx, "r") },
			[]Policy{{Name: "p", Type: "Custom"}},
		},
		{
			"ListAccessKeys", "2015-05-01",
			map[string]string{"UserName": "u"},
			object{"AccessKeys": object{"AccessKey": []object{{"AccessKeyId": "LTAI1", "Status": "Active"}}}},
			func(ctx context.Context, c *Client) (any, error) { return c.ListAccessKeys(ctx, "u") },
			[]AccessKey{{ID: "LTAI1", Status: Active}},
		},
		{
			"UpdateAccessKey", "2015-05-01",
			map[string]string{"UserName": "u", "UserAccessKeyId": "LTAI1", "Status": "Inactive"},
			object{},
			func(ctx context.Context, c *Client) (any, error) {
				return nil, c.UpdateAccessKey(ctx, "u", "LTAI1", Inactive)
			}, nil,
		},
		{
			"CreateServiceLinkedRole", "2020-03-31",
			map[string]string{"ServiceName": "rd.sas.aliyuncs.com"},
			object{},
			func(ctx context.Context, c *Client) (any, error) {
				return c.CreateServiceLinkedRole(ctx, "rd.sas.aliyuncs.com")
			}, true,
		},
		{
			"CreateServiceLinkedRole", "2020-03-31",
			map[string]string{"ServiceName": "rd.sas.aliyuncs.com"},
			openapitest.Error{Status: 409, Code: "EntityAlreadyExists.Role"},
			func(ctx context.Context, c *Client) (any, error) {
				return c.CreateServiceLinkedRole(ctx, "rd.sas.aliyuncs.com")
			}, false,
		},
		{
			"DeleteServiceLinkedRole", "2020-03-31",
			map[string]string{"RoleName": "AliyunServiceRoleForSasRd"},
			object{"DeletionTaskId": "task/1"},
			func(ctx context.Context, c *Client) (any, error) {
				return c.DeleteServiceLinkedRole(ctx, "AliyunServiceRoleForSasRd")
			}, "task/1",
		},
		{
			"GetServiceLinkedRoleDeletionStatus", "2020-03-31",
			map[string]string{"DeletionTaskId": "task/1"},
			object{"Status": "FAILED", "Reason": object{"Message": "in use"}},
			func(ctx context.Context, c *Client) (any, error) {
				status, reason, err := c.ServiceLinkedRoleDeletion(ctx, "task/1")
				return status + ": " + reason, err
			}, "FAILED: in use",
		},
	}
	for _, tt := range tests {
		t.Run(tt.action, func(t *testing.T) {
			t.Parallel()
			c := New(openapitest.Serve(t, func(call openapitest.Call) any {
				if call.Action != tt.action || call.Version != tt.version || !maps.Equal(own(call), tt.params) {
					t.Errorf("call = %s %s %v, want %s %s %v", call.Action, call.Version, own(call), tt.action, tt.version, tt.params)
				}
				return tt.answer
			}))
			got, err := tt.call(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
		})
	}
}

func TestListRolesTurnsPages(t *testing.T) {
	t.Parallel()
	c := New(openapitest.Serve(t, func(call openapitest.Call) any {
		if call.Get("Marker") == "" {
			return object{"Roles": object{"Role": []object{{"RoleName": "a"}}}, "IsTruncated": true, "Marker": "m"}
		}
		return object{"Roles": object{"Role": []object{{"RoleName": "b"}}}, "IsTruncated": false}
	}))
	got, err := c.ListRoles(t.Context())
	if diff := cmp.Diff([]Role{{Name: "a"}, {Name: "b"}}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestOtherConflictsStay(t *testing.T) {
	t.Parallel()
	c := New(openapitest.Serve(t, func(openapitest.Call) any { return openapitest.Error{Status: 409, Code: "LimitExceeded.Role.Policy"} }))
	if err := c.AttachPolicyToRole(t.Context(), System, "p", "r"); soc.KindOf(err) != soc.Conflict {
		t.Errorf("attach: %v, want Conflict", err)
	}
	if _, err := c.CreateServiceLinkedRole(t.Context(), "x"); soc.KindOf(err) != soc.Conflict {
		t.Errorf("service-linked role: %v, want Conflict", err)
	}
}
