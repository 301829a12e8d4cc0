package org

import (
	"slices"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Followed is what the directory changed about the accounts in scope since the last look. Every list is in the order of
// the accounts, or of the directory for New.
type Followed struct {
	Renamed   []soc.Account // with their new names
	Departed  []soc.Account // no members any more
	Suspended []soc.Account // members that nobody can work in now
	Resumed   []soc.Account // suspended ones that are back
	New       []Planned     // chosen by the document's rule for new accounts
}

// Follow compares the directory with the accounts in scope. doc may be nil: then no account comes in by itself.
func Follow(doc *Scope, members []DirectoryMember, accounts []soc.Account, outside ...string) Followed {
	var f Followed
	here := map[string]DirectoryMember{}
	for _, m := range members {
		here[m.UID] = m
	}
	known := map[string]bool{}
	for _, a := range accounts {
		// An account that failed is asked for again by a person, not by the rule; one that left comes back by a new run.
		known[a.UID] = true
		m, member := here[a.UID]
		if !inScope(a) {
			continue
		}
		if member && m.Name != "" && m.Name != a.Name {
			a.Name = m.Name
			f.Renamed = append(f.Renamed, a)
		}
		switch {
		case !member:
			f.Departed = append(f.Departed, a)
		case a.State == soc.AccountSuspended && m.Available():
			f.Resumed = append(f.Resumed, a)
		case a.State == soc.AccountJoined && !m.Available():
			f.Suspended = append(f.Suspended, a)
		}
	}
	if doc == nil || doc.NewAccounts != NewJoin {
		return f
	}
	for _, m := range members {
		if !known[m.UID] && !slices.Contains(outside, m.UID) && m.Available() && doc.Covers(m) {
			f.New = append(f.New, Planned{Account: m.UID, Name: m.Name, Response: doc.Response.Chooses(m)})
		}
	}
	return f
}
