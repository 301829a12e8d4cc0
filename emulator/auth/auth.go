// Package auth is what every emulated service needs to know about a caller, and how it asks whether the caller may.
//
// It holds the words only. Package iam answers the questions; package gateway and the services ask them. A service
// first finds the [Credential] behind a key id, verifies the signature with it, and then asks the [Authorizer] about
// every action on every resource. Denied is the default.
package auth

import (
	"context"
	"time"
)

// CallerType is the identity type, spelled as sts:GetCallerIdentity spells it.
type CallerType string

// The types of callers.
const (
	Root    CallerType = "Account"
	User    CallerType = "RAMUser"
	Role    CallerType = "AssumedRoleUser"
	Service CallerType = "Service" // a cloud service acting for itself, such as fc.aliyuncs.com
)

// Caller is an authenticated identity.
type Caller struct {
	Type        CallerType
	AccountID   string // account that owns the identity
	Name        string // user name, role name, or service principal
	Session     string // role session name
	PrincipalID string // user id; <role id>:<session>; account id for root
	ARN         string // acs:ram::<account>:root | :user/<name> | :role/<name>/<session>
	AccessKeyID string
	SourceIP    string // of the request; "" for what a cloud service does inside
	Secure      bool   // the request came over TLS
}

// Credential is what stands behind an access key id.
type Credential struct {
	Caller  Caller
	Secret  string
	Token   string    // security token that must come with a temporary key; "" for a long-term key
	Expires time.Time // zero for a long-term key
	Active  bool
}

// Keys are temporary credentials as a service hands them to what it runs.
type Keys struct {
	AccessKeyID, AccessKeySecret, SecurityToken string
	Expires                                     time.Time
}

// Request asks whether a caller may do an action on a resource.
type Request struct {
	Caller   Caller
	Action   string // log:PostLogStoreLogs
	Resource string // acs:log:cn-hangzhou:<account>:project/p/logstore/l
	// Context holds condition keys beyond those that follow from the caller and the clock, such as sts:ExternalId or
	// ram:ServiceName. Names compare case-insensitively; a key given here wins.
	Context map[string]string
}

// Decision is the answer.
type Decision struct {
	Allowed bool
	Detail  *Denial // set when denied
}

// Denial is the AccessDeniedDetail object of the cloud.
type Denial struct {
	PolicyType               string `json:"PolicyType"`
	AuthAction               string `json:"AuthAction"`
	AuthPrincipalType        string `json:"AuthPrincipalType"`
	AuthPrincipalOwnerID     string `json:"AuthPrincipalOwnerId"`
	AuthPrincipalDisplayName string `json:"AuthPrincipalDisplayName"`
	NoPermissionType         string `json:"NoPermissionType"` // ImplicitDeny, ExplicitDeny
	EncodedDiagnosticMessage string `json:"EncodedDiagnosticMessage,omitempty"`
	// Resource is not part of the cloud's object; it is for messages.
	Resource string `json:"-"`
}

// Authorizer evaluates policies. Implementations are safe for concurrent use and record every question.
type Authorizer interface {
	Authorize(ctx context.Context, req Request) Decision
}

// Credentials finds the credential behind an access key id; ok is false when there is none. An implementation may also
// have KnowsToken(token string) bool, with which a gateway tells a token of another key from nonsense.
type Credentials interface {
	Credential(accessKeyID string) (c Credential, ok bool)
}

// RoleAssumer lets a cloud service take a role that trusts it, as FC does for a function's role.
type RoleAssumer interface {
	// AssumeServiceRole fails when the role does not exist or its trust policy does not name the service principal. A
	// service that acts across accounts gives the principal the trust policy names, such as <account>@log.aliyuncs.com.
	AssumeServiceRole(ctx context.Context, roleARN, servicePrincipal, session string, ttl time.Duration) (Caller, Keys, error)
}
