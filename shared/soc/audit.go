package soc

import "time"

// AuditEntry says who did what to which account, from where, and what was there before and after. It is only ever
// appended. No field may hold a secret.
type AuditEntry struct {
	At      time.Time
	Actor   string // function and request, or a person
	Origin  string // where it came from: the run of a flow, a trigger, an address; "" when unknown
	Action  string
	Account string
	Detail  string // plain words
	Before  string // state before the change, "" when there was none
	After   string // state after it
	Hash    string // of this entry and the one before it; set by the store, "" in entries older than the chain
}
