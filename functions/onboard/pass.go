package main

import (
	"context"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// passStore lists and ends the passes that the console made for members' windows. Making one needs the console's token,
// which this function does not have.
type passStore interface {
	Passes(ctx context.Context, account string) ([]soc.Pass, error)
	RevokePass(ctx context.Context, account, id, by string, now time.Time, e store.AuditEntry) error
}

// passesResult is the passes of an account, or of all, newest first.
type passesResult struct {
	Status string     `json:"status"`
	Reason string     `json:"reason"`
	Passes []soc.Pass `json:"passes"`
}

func (h *handler) passes(ctx context.Context, r request) (any, error) {
	list, err := h.store.Passes(ctx, r.Account)
	if err != nil {
		return answer(err)
	}
	return passesResult{Status: org.StatusOK, Passes: append([]soc.Pass{}, list...)}, nil
}

func (h *handler) revokePass(ctx context.Context, r request) (any, error) {
	by, now := org.Actor("onboard", r.By), h.now()
	err := h.store.RevokePass(ctx, r.Account, r.Pass, by, now, store.AuditEntry{
		At: now, Actor: by, Origin: strings.TrimSpace("command" + fc.Origin(ctx, "")), Action: org.ChangeRevoke, Account: r.Account,
		Detail: "pass " + r.Pass + " for the account's window was revoked",
	})
	if err != nil {
		return answer(err)
	}
	return h.passes(ctx, r)
}
