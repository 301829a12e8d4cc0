package ram

import "context"

// The states of an access key.
const (
	Active   = "Active"
	Inactive = "Inactive"
)

// AccessKey is a long-term key of a user, without its secret.
type AccessKey struct {
	ID         string `json:"AccessKeyId"`
	Status     string `json:"Status"` // Active, Inactive
	CreateDate string `json:"CreateDate"`
}

// ListAccessKeys returns a user's keys. Kinds: NotFound when there is no such user.
func (c *Client) ListAccessKeys(ctx context.Context, user string) ([]AccessKey, error) {
	var out struct {
		AccessKeys struct{ AccessKey []AccessKey }
	}
	err := c.do(ctx, "ListAccessKeys", "user/"+user, map[string]string{"UserName": user}, &out)
	return out.AccessKeys.AccessKey, err
}

// UpdateAccessKey sets the state of a user's key. Setting it to what it is, is success. Sessions of roles that the key
// assumed before live on (accounts.md §5.1). Kinds: NotFound.
func (c *Client) UpdateAccessKey(ctx context.Context, user, keyID, status string) error {
	return c.do(ctx, "UpdateAccessKey", "user/"+user, map[string]string{"UserName": user, "UserAccessKeyId": keyID, "Status": status}, nil)
}
