package directory

import "context"

// Member is an account of the directory with its tags.
type Member struct {
	Account
	Tags struct {
		Tag []Tag `json:"Tag"`
	} `json:"Tags"`
}

// Tag is a tag of a member.
type Tag struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

// ListMembers is [Client.ListAccounts] with the tags of the members.
func (c *Client) ListMembers(ctx context.Context) ([]Member, error) {
	var all []Member
	err := c.pages(ctx, "ListAccounts", "", map[string]string{"IncludeTags": "true"}, func(call func(any) error) (int, int, error) {
		var out struct {
			Accounts   struct{ Account []Member }
			TotalCount int
		}
		err := call(&out)
		all = append(all, out.Accounts.Account...)
		return len(out.Accounts.Account), out.TotalCount, err
	})
	return all, err
}

// ListInvitations returns the invitations that the management account sent, in every state.
func (c *Client) ListInvitations(ctx context.Context) ([]Handshake, error) {
	return c.handshakes(ctx, "ListHandshakesForResourceDirectory")
}
