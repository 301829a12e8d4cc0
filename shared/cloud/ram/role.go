package ram

import (
	"context"
	"strconv"
	"time"
)

// CreateRole makes a role. trustPolicy is JSON text; maxSession is 1 to 12 hours, 0 for the default of one. Kinds:
// Conflict when it exists or the account has its most, Invalid for a malformed policy, Denied.
func (c *Client) CreateRole(ctx context.Context, name, trustPolicy, description string, maxSession time.Duration) (Role, error) {
	var out struct{ Role Role }
	err := c.do(ctx, "CreateRole", "role/"+name, map[string]string{
		"RoleName": name, "AssumeRolePolicyDocument": trustPolicy,
		"Description": description, "MaxSessionDuration": seconds(maxSession),
	}, &out)
	return out.Role, err
}

func seconds(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return strconv.Itoa(int(d / time.Second))
}

// GetRole reads a role. Kinds: NotFound.
func (c *Client) GetRole(ctx context.Context, name string) (Role, error) {
	var out struct{ Role Role }
	err := c.do(ctx, "GetRole", "role/"+name, map[string]string{"RoleName": name}, &out)
	return out.Role, err
}

// RoleUpdate is what [Client.UpdateRole] changes; zero values stay as they are.
type RoleUpdate struct {
	TrustPolicy string
	Description string
	MaxSession  time.Duration
}

// UpdateRole changes a role. Kinds: NotFound, Invalid, Denied.
func (c *Client) UpdateRole(ctx context.Context, name string, u RoleUpdate) (Role, error) {
	var out struct{ Role Role }
	err := c.do(ctx, "UpdateRole", "role/"+name, map[string]string{
		"RoleName": name, "NewAssumeRolePolicyDocument": u.TrustPolicy,
		"NewDescription": u.Description, "NewMaxSessionDuration": seconds(u.MaxSession),
	}, &out)
	return out.Role, err
}

// DeleteRole deletes a role without policies. Kinds: NotFound; Conflict while policies are attached.
func (c *Client) DeleteRole(ctx context.Context, name string) error {
	return c.do(ctx, "DeleteRole", "role/"+name, map[string]string{"RoleName": name}, nil)
}

// ListRoles returns all roles of the account, without their trust policies.
func (c *Client) ListRoles(ctx context.Context) ([]Role, error) {
	var all []Role
	for marker := ""; ; {
		var out struct {
			Roles       struct{ Role []Role }
			IsTruncated bool
			Marker      string
		}
		if err := c.do(ctx, "ListRoles", "role/*", map[string]string{"MaxItems": "1000", "Marker": marker}, &out); err != nil {
			return nil, err
		}
		all = append(all, out.Roles.Role...)
		if !out.IsTruncated || out.Marker == "" || out.Marker == marker {
			return all, nil
		}
		marker = out.Marker
	}
}
