package org

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// ScopePlan is what applying a scope document would do. Every list is sorted by uid.
type ScopePlan struct {
	Join     []Planned `json:"join"`     // come into scope
	Leave    []Planned `json:"leave"`    // go out of scope: policies off, roles removed
	Change   []Planned `json:"change"`   // stay; the responder role is made or removed
	Keep     int       `json:"keep"`     // stay as they are
	Left     []Planned `json:"left_out"` // named or chosen, and cannot be worked on
	Hash     string    `json:"hash"`     // of everything above
	Monitors int       `json:"monitored"`
}

// Planned is one account of a plan.
type Planned struct {
	Account  string `json:"account"`
	Name     string `json:"name"`
	Response bool   `json:"response"`
	Reason   string `json:"reason,omitempty"`
}

// inScope tells whether an account takes part, on its way in included.
func inScope(a soc.Account) bool {
	switch a.State {
	case soc.AccountPending, soc.AccountJoining, soc.AccountJoined, soc.AccountSuspended:
		return true
	}
	return false
}

// PlanScope compares a document with the directory and the accounts of the store. outside are the accounts that never
// take part: the management account and the administrator. It changes nothing.
func PlanScope(doc Scope, members []DirectoryMember, accounts []soc.Account, outside ...string) ScopePlan {
	p := ScopePlan{Join: []Planned{}, Leave: []Planned{}, Change: []Planned{}, Left: []Planned{}}
	known := map[string]soc.Account{}
	for _, a := range accounts {
		known[a.UID] = a
	}
	here := map[string]bool{}
	for _, m := range members {
		here[m.UID] = true
		if slices.Contains(outside, m.UID) {
			continue
		}
		p.add(doc, m, known[m.UID])
	}
	for _, a := range accounts {
		if !here[a.UID] && inScope(a) {
			p.Leave = append(p.Leave, Planned{Account: a.UID, Name: a.Name, Reason: "it left the directory"})
		}
	}
	for _, uid := range doc.Include.Accounts {
		switch {
		case slices.Contains(outside, uid):
			p.Left = append(p.Left, Planned{Account: uid, Reason: "the management account and the administrator account are not taken into scope"})
		case !here[uid]:
			p.Left = append(p.Left, Planned{Account: uid, Reason: "it is not a member of the directory; invite it"})
		}
	}
	p.finish()
	return p
}

func (p *ScopePlan) add(doc Scope, m DirectoryMember, a soc.Account) {
	entry := Planned{Account: m.UID, Name: m.Name, Response: doc.Response.Chooses(m)}
	in := inScope(a)
	switch covered := doc.Covers(m); {
	case covered && !m.Available():
		entry.Reason = "the directory is changing or closing the account (" + m.Status + ")"
		p.Left = append(p.Left, entry)
		if in {
			p.Keep++
		}
	case covered && (!in || a.State != soc.AccountJoined && a.State != soc.AccountSuspended):
		p.Join = append(p.Join, entry)
	case covered && a.Response != entry.Response:
		p.Change = append(p.Change, entry)
	case covered:
		p.Keep++
	case in || a.State == soc.AccountFailed && !a.JoinedAt.IsZero() || a.State == soc.AccountLeaving:
		entry.Response, entry.Reason = false, "the document does not choose it"
		p.Leave = append(p.Leave, entry)
	}
}

func (p *ScopePlan) finish() {
	for _, l := range [][]Planned{p.Join, p.Leave, p.Change, p.Left} {
		slices.SortFunc(l, func(a, b Planned) int { return strings.Compare(a.Account, b.Account) })
	}
	p.Monitors = p.Keep + len(p.Join) + len(p.Change)
	b, err := json.Marshal(p)
	if err != nil {
		panic("org: " + err.Error()) // texts and numbers
	}
	sum := sha256.Sum256(b)
	p.Hash = hex.EncodeToString(sum[:])
}

// CheckHash refuses to take accounts out of scope unseen: a plan with leavers is applied only with the hash of the plan
// that was shown. Its error is of kind Conflict.
func (p ScopePlan) CheckHash(shown string) error {
	switch {
	case shown == p.Hash || shown == "" && len(p.Leave) == 0:
		return nil
	case shown == "":
		return &soc.Error{
			Kind: soc.Conflict, Op: "apply scope", Err: fmt.Errorf("%d accounts would leave; that is done only with the hash of the plan", len(p.Leave)),
			Next: "look at the plan, then run it again with hash " + p.Hash,
		}
	}
	return &soc.Error{
		Kind: soc.Conflict, Op: "apply scope", Err: errors.New("the plan is not the one that was shown: the directory or the scope has changed"),
		Next: "plan again and look at what is different",
	}
}
