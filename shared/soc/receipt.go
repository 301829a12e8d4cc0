package soc

import (
	"slices"
	"time"
)

// RoleRemoving is the state of a service-linked role whose deletion was asked for and is not over.
const RoleRemoving = "removing"

// Receipt says what became of an account's roles and data when it left.
type Receipt struct {
	Account string      `json:"account"`
	Name    string      `json:"name"`
	RunID   string      `json:"run_id"`
	LeftAt  time.Time   `json:"left_at"`
	Roles   []RoleState `json:"roles"` // removed, removing, missing, or kept and still in use
	Kept    []KeptData  `json:"kept"`
	Note    string      `json:"note,omitempty"` // what could not be done, and what to do about it
}

// KeptData is data of an account that stays after it left. A zero Until is: until somebody deletes it.
type KeptData struct {
	What  string    `json:"what"`
	Where string    `json:"where"`
	Until time.Time `json:"until,omitzero"`
}

// Open tells whether something is still being removed.
func (r Receipt) Open() bool {
	return slices.ContainsFunc(r.Roles, func(s RoleState) bool { return s.State == RoleRemoving })
}
