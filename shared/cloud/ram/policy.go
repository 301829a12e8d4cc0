package ram

import "context"

// The two kinds of policies.
const (
	System = "System"
	Custom = "Custom"
)

// Policy is a policy, or an attachment of one to a role.
type Policy struct {
	Name           string `json:"PolicyName"`
	Type           string `json:"PolicyType"` // System, Custom
	DefaultVersion string `json:"DefaultVersion"`
	Description    string `json:"Description"`
	Document       string `json:"-"` // of the default version; only from GetPolicy
	AttachDate     string `json:"AttachDate"`
}

// PolicyVersion is one version of a custom policy.
type PolicyVersion struct {
	ID       string `json:"VersionId"`
	Default  bool   `json:"IsDefaultVersion"`
	Document string `json:"PolicyDocument"`
}

// CreatePolicy makes a custom policy; document is JSON text. Kinds: Conflict when it exists or there are too many,
// Invalid for a malformed document, Denied.
func (c *Client) CreatePolicy(ctx context.Context, name, document, description string) (Policy, error) {
	var out struct{ Policy Policy }
	err := c.do(ctx, "CreatePolicy", "policy/"+name, map[string]string{"PolicyName": name, "PolicyDocument": document, "Description": description}, &out)
	return out.Policy, err
}

// GetPolicy reads a policy with the document of its default version. Kinds: NotFound.
func (c *Client) GetPolicy(ctx context.Context, policyType, name string) (Policy, error) {
	var out struct {
		Policy               Policy
		DefaultPolicyVersion PolicyVersion
	}
	err := c.do(ctx, "GetPolicy", "policy/"+name, map[string]string{"PolicyType": policyType, "PolicyName": name}, &out)
	out.Policy.Document = out.DefaultPolicyVersion.Document
	return out.Policy, err
}

// DeletePolicy deletes a custom policy that is attached to nothing and has one version. Kinds: NotFound, Conflict.
func (c *Client) DeletePolicy(ctx context.Context, name string) error {
	return c.do(ctx, "DeletePolicy", "policy/"+name, map[string]string{"PolicyName": name}, nil)
}

// SetPolicy adds a version to a custom policy and makes it the default one; when there are five versions, the oldest that is
// not the default goes. Kinds: NotFound, Invalid.
func (c *Client) SetPolicy(ctx context.Context, name, document string) (PolicyVersion, error) {
	var out struct{ PolicyVersion PolicyVersion }
	err := c.do(ctx, "CreatePolicyVersion", "policy/"+name, map[string]string{
		"PolicyName": name, "PolicyDocument": document,
		"SetAsDefault": "true", "RotateStrategy": "DeleteOldestNonDefaultVersionWhenLimitExceeded",
	}, &out)
	return out.PolicyVersion, err
}

// ListPolicyVersions returns the versions of a policy.
func (c *Client) ListPolicyVersions(ctx context.Context, policyType, name string) ([]PolicyVersion, error) {
	var out struct {
		PolicyVersions struct{ PolicyVersion []PolicyVersion }
	}
	err := c.do(ctx, "ListPolicyVersions", "policy/"+name, map[string]string{"PolicyType": policyType, "PolicyName": name}, &out)
	return out.PolicyVersions.PolicyVersion, err
}

// DeletePolicyVersion deletes a version that is not the default one. Kinds: NotFound; Conflict for the default one.
func (c *Client) DeletePolicyVersion(ctx context.Context, name, version string) error {
	return c.do(ctx, "DeletePolicyVersion", "policy/"+name, map[string]string{"PolicyName": name, "VersionId": version}, nil)
}

// AttachPolicyToRole attaches a policy; when it is attached already, that is success. Kinds: NotFound, Conflict.
func (c *Client) AttachPolicyToRole(ctx context.Context, policyType, policy, role string) error {
	return settled(c.attachment(ctx, "AttachPolicyToRole", policyType, policy, role), "EntityAlreadyExists.Role.Policy")
}

// DetachPolicyFromRole detaches a policy; when it is not attached, that is success. Kinds: NotFound.
func (c *Client) DetachPolicyFromRole(ctx context.Context, policyType, policy, role string) error {
	return settled(c.attachment(ctx, "DetachPolicyFromRole", policyType, policy, role), "EntityNotExist.Role.Policy")
}

func (c *Client) attachment(ctx context.Context, action, policyType, policy, role string) error {
	return c.do(ctx, action, "role/"+role, map[string]string{"PolicyType": policyType, "PolicyName": policy, "RoleName": role}, nil)
}

// ListPoliciesForRole returns the policies attached to a role. Kinds: NotFound.
func (c *Client) ListPoliciesForRole(ctx context.Context, role string) ([]Policy, error) {
	var out struct{ Policies struct{ Policy []Policy } }
	err := c.do(ctx, "ListPoliciesForRole", "role/"+role, map[string]string{"RoleName": role}, &out)
	return out.Policies.Policy, err
}
