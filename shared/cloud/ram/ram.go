// Package ram manages RAM roles, policies, access keys and service-linked roles of one account (accounts.md §5, §3.1).
//
// Start at [New] with an openapi client that calls as an identity of that account. Creating what exists is Conflict and
// deleting what is missing is NotFound; attaching and detaching are idempotent.
package ram

import (
	"context"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
)

// Client manages the RAM of the account that its openapi client calls as. It is safe for concurrent use.
type Client struct{ api *openapi.Client }

// New returns a client.
func New(api *openapi.Client) *Client { return &Client{api} }

func (c *Client) do(ctx context.Context, action, resource string, query map[string]string, out any) error {
	return c.api.Do(ctx, openapi.Request{
		Product: "Ram", Version: "2015-05-01", Action: action, Host: "ram.aliyuncs.com",
		Resource: resource, Query: drop(query),
	}, out)
}

// drop removes empty parameters: they are absent, not empty.
func drop(q map[string]string) map[string]string {
	for k, v := range q {
		if v == "" {
			delete(q, k)
		}
	}
	return q
}

// settled makes a refusal that means "already so" a success.
func settled(err error, code string) error {
	if err != nil && openapi.Code(err) == code {
		return nil
	}
	return err
}

// Role is a RAM role.
type Role struct {
	RoleID             string `json:"RoleId"`
	Name               string `json:"RoleName"`
	ARN                string `json:"Arn"`
	Description        string `json:"Description"`
	TrustPolicy        string `json:"AssumeRolePolicyDocument"` // JSON text; not in lists
	MaxSessionDuration int    `json:"MaxSessionDuration"`       // seconds
	CreateDate         string `json:"CreateDate"`               // RFC 3339, as are all dates here
	UpdateDate         string `json:"UpdateDate"`
}
