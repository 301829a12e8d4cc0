package main

import (
	"context"
	"fmt"

	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

type reportResult struct {
	Status string    `json:"status"`
	Reason string    `json:"reason"`
	Joined []string  `json:"joined"`
	Left   []string  `json:"left"`
	Failed []refusal `json:"failed"`
}

// report tells where the accounts of a run stand: ok when all are there, failed when none is, partial between.
func (h *handler) report(ctx context.Context, r request) (any, error) {
	run, err := h.store.ScopeRun(ctx, r.RunID)
	if err != nil {
		return answer(err)
	}
	out := reportResult{Status: org.StatusOK, Joined: []string{}, Left: []string{}, Failed: []refusal{}}
	for _, uid := range run.Accounts {
		a, err := h.store.Account(ctx, uid)
		switch {
		case soc.KindOf(err) == soc.NotFound:
			out.Failed = append(out.Failed, refusal{uid, "nothing was done yet", "run the flow again"})
		case err != nil:
			return answer(err)
		case run.Operation == joinAction && a.State == soc.AccountJoined:
			out.Joined = append(out.Joined, uid)
		case run.Operation == leaveAction && a.State == soc.AccountLeft:
			out.Left = append(out.Left, uid)
		default:
			out.Failed = append(out.Failed, unfinished(a))
		}
	}
	if n := len(out.Failed); n > 0 {
		out.Status = org.StatusPartial
		if n == len(run.Accounts) {
			out.Status = org.StatusFailed
		}
		out.Reason = fmt.Sprintf("%d of %d accounts are not done", n, len(run.Accounts))
	}
	return out, nil
}

func unfinished(a soc.Account) refusal {
	f := refusal{a.UID, a.Reason, a.Next}
	if f.Reason == "" {
		f.Reason = "the account is still " + string(a.State)
	}
	if f.Next == "" {
		f.Next = "run the flow again"
	}
	return f
}
