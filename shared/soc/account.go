package soc

import "time"

// AccountKind tells which part an account plays.
type AccountKind string

// The kinds of accounts, in the product's words.
const (
	ManagementAccount    AccountKind = "management"
	AdministratorAccount AccountKind = "administrator" // delegated administrator
	MemberAccount        AccountKind = "member"
)

// AccountState is where an account stands on its way into and out of scope.
type AccountState string

// The states of an account in scope.
const (
	AccountPending AccountState = "pending" // selected, nothing done yet
	AccountJoining AccountState = "joining" // roles are being made
	AccountJoined  AccountState = "joined"  // roles verified; policies may be applied
	AccountFailed  AccountState = "failed"  // could not join or leave; Reason says why
	AccountLeaving AccountState = "leaving" // roles are being removed
	AccountLeft    AccountState = "left"    // out of scope; data sources are kept

	// AccountSuspended is out of scope for as long as the directory says that the account is being closed or changed;
	// what was collected is kept, and the account comes back by itself.
	AccountSuspended AccountState = "suspended"
)

// Account is a member in the administrator's scope.
type Account struct {
	UID       string       `json:"uid"` // 16 digits, always text
	Name      string       `json:"name"`
	State     AccountState `json:"state"`
	Reason    string       `json:"reason,omitempty"` // why it failed, in plain words
	Next      string       `json:"next,omitempty"`   // what to do about it
	Response  bool         `json:"response"`         // the responder role is there and playbooks may act
	JoinedAt  time.Time    `json:"joined_at,omitzero"`
	UpdatedAt time.Time    `json:"updated_at,omitzero"`
	Roles     []RoleState  `json:"roles,omitempty"`
}

// RoleState is what was found when a role of a member was last read back.
type RoleState struct {
	Name  string `json:"name"`
	State string `json:"state"` // created, unchanged, repaired, removed, missing, drifted, kept, failed
	// Differs says how a drifted role differs: trust, external_id, policy_missing, policy_changed, policy_detached,
	// policy_foreign, unwanted. A policy's name follows after a colon.
	Differs []string `json:"differs,omitempty"`
}

// ScopeRun is one run of onboard-accounts or remove-accounts: its accounts are kept here so that flow state stays small.
type ScopeRun struct {
	ID        string    `json:"id"`
	Operation string    `json:"operation"` // join, leave
	CreatedAt time.Time `json:"created_at"`
	By        string    `json:"by"`       // who asked for it, as its input says; may be ""
	Accounts  []string  `json:"accounts"` // uids in order; a slice is 40 of them in a row
}
