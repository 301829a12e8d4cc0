package directory

import (
	"context"
	"strconv"
)

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

// TagMember sets tags of a member; its other tags stay. Only the management account may. Kinds: NotFound for an account
// outside, Conflict when it would have too many.
func (c *Client) TagMember(ctx context.Context, id string, tags ...Tag) error {
	query := map[string]string{"ResourceType": "Account", "ResourceId.1": id}
	for i, t := range tags {
		n := strconv.Itoa(i + 1)
		query["Tag."+n+".Key"], query["Tag."+n+".Value"] = t.Key, t.Value
	}
	return c.do(ctx, "TagResources", id, query, nil)
}

// ListInvitations returns the invitations that the management account sent, in every state.
func (c *Client) ListInvitations(ctx context.Context) ([]Handshake, error) {
	return c.handshakes(ctx, "ListHandshakesForResourceDirectory")
}
