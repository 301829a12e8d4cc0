// Package sts gets temporary credentials: it assumes roles in member accounts and tells who the caller is
// (accounts.md §4.4).
//
// Start at [New]; give long-running work a [Cache], which assumes a role again before its credentials end. Credentials
// are secrets: never log or store them.
package sts

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Client calls STS as the identity of its openapi client. It is safe for concurrent use.
type Client struct{ api *openapi.Client }

// New returns a client.
func New(api *openapi.Client) *Client { return &Client{api} }

// Credentials are temporary: they end at Expiration.
type Credentials struct {
	openapi.Credentials
	Expiration time.Time
	Identity   string // ARN of the role session
}

// LogValue shows the key id only.
func (c Credentials) LogValue() slog.Value { return c.Credentials.LogValue() }

// Identity is who a caller is.
type Identity struct {
	Type        string `json:"IdentityType"` // Account, RAMUser, AssumedRoleUser
	AccountID   string `json:"AccountId"`
	PrincipalID string `json:"PrincipalId"`
	ARN         string `json:"Arn"`
	UserID      string `json:"UserId"`
	RoleID      string `json:"RoleId"`
}

func (c *Client) request(action string, query map[string]string) openapi.Request {
	return openapi.Request{Product: "Sts", Version: "2015-04-01", Action: action, Host: "sts." + c.api.Region() + ".aliyuncs.com", Query: query}
}

// AssumeRole returns credentials of a role session. session is 2–32 of letters, digits and . @ - _, see [SessionName];
// externalID and policy may be empty; d is 900 s to the role's maximum, 0 for the default of an hour. A refusal does
// not say whether the caller's policy or the role's trust policy refused (Denied); a missing role is NotFound, or
// Denied in an account that does not trust the caller.
func (c *Client) AssumeRole(ctx context.Context, roleARN, session, externalID, policy string, d time.Duration) (Credentials, error) {
	q := map[string]string{"RoleArn": roleARN, "RoleSessionName": session}
	if externalID != "" {
		q["ExternalId"] = externalID
	}
	if policy != "" {
		q["Policy"] = policy
	}
	if d > 0 {
		q["DurationSeconds"] = strconv.Itoa(int(d / time.Second))
	}
	var out struct {
		Credentials struct {
			AccessKeyID     string    `json:"AccessKeyId"`
			AccessKeySecret string    `json:"AccessKeySecret"`
			SecurityToken   string    `json:"SecurityToken"`
			Expiration      time.Time `json:"Expiration"`
		}
		AssumedRoleUser struct{ Arn string }
	}
	r := c.request("AssumeRole", q)
	r.Resource = roleARN
	if err := c.api.As(accountOf(roleARN), c.own()).Do(ctx, r, &out); err != nil {
		var e *soc.Error
		if errors.As(err, &e) && e.Kind == soc.Denied {
			e.Next = "let the caller's policy allow sts:AssumeRole on " + roleARN + ", and let the role's trust policy name the caller and the external id"
		}
		return Credentials{}, err
	}
	k := out.Credentials
	if k.AccessKeyID == "" || k.AccessKeySecret == "" || k.SecurityToken == "" || k.Expiration.IsZero() {
		return Credentials{}, &soc.Error{Kind: soc.Internal, Op: "AssumeRole", Resource: roleARN, Err: errors.New("answer holds no credentials")}
	}
	return Credentials{
		Credentials: openapi.Credentials{AccessKeyID: k.AccessKeyID, AccessKeySecret: k.AccessKeySecret, SecurityToken: k.SecurityToken},
		Expiration:  k.Expiration, Identity: out.AssumedRoleUser.Arn,
	}, nil
}

func (c *Client) own() openapi.CredentialsFunc { return c.api.Credentials }

// CallerIdentity tells who the client is; it needs no permission.
func (c *Client) CallerIdentity(ctx context.Context) (Identity, error) {
	var out Identity
	err := c.api.Do(ctx, c.request("GetCallerIdentity", nil), &out)
	return out, err
}

// RoleARN names a role of an account.
func RoleARN(account, role string) string { return "acs:ram::" + account + ":role/" + role }

// accountOf returns the account of a role's ARN, or "".
func accountOf(arn string) string {
	if p := strings.SplitN(arn, ":", 5); len(p) == 5 {
		return p[3]
	}
	return ""
}

// SessionName makes a role session name of its parts, so that the member's audit log tells who came: what a session name
// may not hold becomes "-", and the result is cut to 32 characters and filled to 2.
func SessionName(parts ...string) string {
	s := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune(".@-_", r):
			return r
		default:
			return '-'
		}
	}, strings.Join(parts, "-"))
	for len(s) < 2 {
		s += "-"
	}
	return s[:min(len(s), 32)]
}
