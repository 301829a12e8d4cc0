package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// reportResult tells where the accounts of a run stand. The lists are cut to fit the state of a flow; the counts are
// whole.
type reportResult struct {
	Status      string    `json:"status"`
	Reason      string    `json:"reason"`
	JoinedCount int       `json:"joined_count"`
	LeftCount   int       `json:"left_count"`
	FailedCount int       `json:"failed_count"`
	Joined      []string  `json:"joined"`
	Left        []string  `json:"left"`
	Failed      []refusal `json:"failed"`
}

// What a report lists: uids, and failures with their reasons. A flow's state holds 64 KiB.
const (
	listedAccounts = 1000
	listedFailures = 60
	listedText     = 300 // bytes of a reason
)

// report tells where the accounts of a run stand: ok when all are there, failed when none is, partial between. A run of
// a scope document is two.
func (h *handler) report(ctx context.Context, r request) (any, error) {
	runs, err := h.runs(ctx, r.RunID)
	if err != nil {
		return answer(err)
	}
	h.lookAround(ctx, r.RunID)
	out := reportResult{Status: org.StatusOK, Joined: []string{}, Left: []string{}, Failed: []refusal{}}
	total := 0
	for _, run := range runs {
		total += len(run.Accounts)
		for _, uid := range run.Accounts {
			a, err := h.store.Account(ctx, uid)
			if err != nil && soc.KindOf(err) != soc.NotFound {
				return answer(err)
			}
			if err != nil {
				a = soc.Account{UID: uid, Reason: "nothing was done yet", Next: "run the flow again"}
			}
			out.count(run, a, r.All)
		}
	}
	if out.FailedCount > 0 {
		out.Status = org.StatusPartial
		if out.FailedCount == total {
			out.Status = org.StatusFailed
		}
		out.Reason = fmt.Sprintf("%d of %d accounts are not done", out.FailedCount, total)
		if out.FailedCount > len(out.Failed) {
			out.Reason += fmt.Sprintf("; %d are named here, all of them by: fenghuo members report %s", len(out.Failed), r.RunID)
		}
	}
	return out, nil
}

func (h *handler) runs(ctx context.Context, id string) ([]soc.ScopeRun, error) {
	var out []soc.ScopeRun
	for _, name := range []string{id, leaveRun(id), joinRun(id)} {
		run, err := h.store.ScopeRun(ctx, name)
		switch {
		case err == nil:
			out = append(out, run)
		case soc.KindOf(err) != soc.NotFound:
			return nil, err
		}
	}
	if len(out) == 0 {
		return nil, &soc.Error{Kind: soc.NotFound, Op: "report", Resource: id, Err: errRunUnknown, Next: "give the name of an execution that planned"}
	}
	return out, nil
}

func (out *reportResult) count(run soc.ScopeRun, a soc.Account, all bool) {
	switch {
	case run.Operation == joinAction && a.State == soc.AccountJoined:
		if out.JoinedCount++; all || out.JoinedCount <= listedAccounts {
			out.Joined = append(out.Joined, a.UID)
		}
	case run.Operation == leaveAction && a.State == soc.AccountLeft:
		if out.LeftCount++; all || out.LeftCount <= listedAccounts {
			out.Left = append(out.Left, a.UID)
		}
	default:
		if out.FailedCount++; all || out.FailedCount <= listedFailures {
			out.Failed = append(out.Failed, unfinished(a))
		}
	}
}

func unfinished(a soc.Account) refusal {
	f := refusal{a.UID, a.Reason, a.Next}
	if f.Reason == "" {
		f.Reason = "the account is still " + string(a.State)
	}
	if f.Next == "" {
		f.Next = "run the flow again"
	}
	f.Reason, f.Next = short(f.Reason), short(f.Next)
	return f
}

func short(s string) string { return strings.ToValidUTF8(s[:min(len(s), listedText)], "") }
