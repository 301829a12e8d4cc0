package directory

import (
	"context"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
)

// Handshake is an invitation to the directory. It is valid for 14 days.
type Handshake struct {
	ID         string `json:"HandshakeId"`
	Status     string `json:"Status"` // Pending, Accepted, Cancelled, Declined, Expired
	Target     string `json:"TargetEntity"`
	TargetType string `json:"TargetType"` // Account, Email
	Management string `json:"MasterAccountId"`
	Directory  string `json:"ResourceDirectoryId"`
	ExpireTime string `json:"ExpireTime"`
}

// Accepted is the status of an invitation that was taken.
const Accepted = "Accepted"

// Invite asks an account to join; the management account calls it. When it was asked already and has not answered, that
// invitation is returned. Kinds: Conflict for another enterprise, a member of a directory, or too many invitations.
func (c *Client) Invite(ctx context.Context, account, note string) (Handshake, error) {
	q := map[string]string{"TargetEntity": account, "TargetType": "Account"}
	if note != "" {
		q["Note"] = note
	}
	var out struct{ Handshake Handshake }
	err := c.do(ctx, "InviteAccountToResourceDirectory", account, q, &out)
	if err == nil || openapi.Code(err) != "EntityAlreadyExists.Handshake" {
		return out.Handshake, err
	}
	open, errList := c.handshakes(ctx, "ListHandshakesForResourceDirectory")
	if errList != nil {
		return Handshake{}, errList
	}
	for _, h := range open {
		if h.Target == account && h.Status == "Pending" {
			return h, nil
		}
	}
	return Handshake{}, err
}

// AcceptHandshake takes an invitation; the invited account calls it. When it was taken already, that is success. Kinds:
// NotFound, Conflict.
func (c *Client) AcceptHandshake(ctx context.Context, id string) (Handshake, error) {
	var out struct{ Handshake Handshake }
	q := map[string]string{"HandshakeId": id}
	err := c.do(ctx, "AcceptHandshake", id, q, &out)
	if err == nil || openapi.Code(err) != "HandshakeStatusMismatch" {
		return out.Handshake, err
	}
	if errGet := c.do(ctx, "GetHandshake", id, q, &out); errGet == nil && out.Handshake.Status == Accepted {
		return out.Handshake, nil
	}
	return Handshake{}, err
}

// ListHandshakesForAccount returns the invitations that the calling account got.
func (c *Client) ListHandshakesForAccount(ctx context.Context) ([]Handshake, error) {
	return c.handshakes(ctx, "ListHandshakesForAccount")
}

func (c *Client) handshakes(ctx context.Context, action string) ([]Handshake, error) {
	var all []Handshake
	err := c.pages(ctx, action, "", nil, func(call func(any) error) (int, int, error) {
		var out struct {
			Handshakes struct{ Handshake []Handshake }
			TotalCount int
		}
		err := call(&out)
		all = append(all, out.Handshakes.Handshake...)
		return len(out.Handshakes.Handshake), out.TotalCount, err
	})
	return all, err
}
