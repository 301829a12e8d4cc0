package main

import (
	"context"
	"errors"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// trailQuery is what the operation audit looks for, beside the account and the action of the request.
type trailQuery struct {
	Text   string    `json:"text"`  // part of any text of an entry
	Actor  string    `json:"actor"` // part of who did it
	Since  time.Time `json:"since"` // [Since, Until); zero is open
	Until  time.Time `json:"until"`
	Limit  int       `json:"limit"`  // of entries; 0 is trailEntries
	Verify bool      `json:"verify"` // the chain only, no entries
	Hash   string    `json:"hash"`   // of an entry, kept elsewhere: it has to be in the chain
}

// What one answer holds at most. A function's answer has a limit (fc.md), and an entry may hold two scope documents.
const (
	trailEntries = 1000
	trailBytes   = 4 << 20
)

// auditResult is a part of the audit trail, newest first, and what became of the chain. The status is failed when the
// chain is broken; the entries are those of the search all the same, since somebody has to look at them.
type auditResult struct {
	Status  string             `json:"status"`
	Reason  string             `json:"reason"`
	Next    string             `json:"next"`
	Chain   int                `json:"chain"` // entries that follow from each other, from the first on
	Last    string             `json:"last"`  // hash of the last of them
	Entries []store.AuditEntry `json:"entries"`
	More    bool               `json:"more"` // older entries fit too
}

func (h *handler) audit(ctx context.Context, r request) (any, error) {
	out := auditResult{Status: org.StatusOK, Entries: []store.AuditEntry{}}
	err := h.verifyTrail(ctx, r.Hash, &out)
	if soc.KindOf(err) == soc.Conflict {
		out.Status, out.Reason, out.Next, err = org.StatusFailed, err.Error(), soc.NextOf(err), nil
	}
	if err == nil && !r.Verify {
		err = h.searchTrail(ctx, r, &out)
	}
	if err != nil {
		return answer(err)
	}
	return out, nil
}

// verifyTrail walks the chain. Kind Conflict: it is broken, or it does not hold the hash that was kept.
func (h *handler) verifyTrail(ctx context.Context, kept string, out *auditResult) error {
	var err error
	if out.Chain, out.Last, err = h.store.VerifyAudit(ctx); err != nil || kept == "" {
		return err
	}
	has, err := h.store.AuditHolds(ctx, kept)
	if err == nil && !has {
		err = &soc.Error{
			Kind: soc.Conflict, Op: "verify audit trail", Err: errors.New("no entry has the hash that was kept: the end of the trail was cut off, or the trail was written anew"),
			Next: "compare the store with its last backup, and find out who can write its file",
		}
	}
	return err
}

func (h *handler) searchTrail(ctx context.Context, r request, out *auditResult) error {
	if r.Limit < 0 || r.Limit > trailEntries {
		return &soc.Error{Kind: soc.Invalid, Op: "search audit trail", Err: errors.New("the limit is not from 0 to 1,000"), Next: "narrow the search with since and until instead"}
	}
	limit := r.Limit
	if limit == 0 {
		limit = trailEntries
	}
	list, err := h.store.SearchAudit(ctx, store.AuditQuery{
		Account: r.Account, Action: r.Action, Actor: r.Actor, Text: r.Text, Since: r.Since, Until: r.Until, Limit: limit + 1,
	})
	if err != nil {
		return err
	}
	size := 0
	for _, e := range list {
		size += len(e.Before) + len(e.After) + len(e.Detail)
		if len(out.Entries) == limit || size > trailBytes && len(out.Entries) > 0 {
			out.More = true
			break
		}
		out.Entries = append(out.Entries, e)
	}
	return nil
}
