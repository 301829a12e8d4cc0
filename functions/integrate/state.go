package main

import (
	"context"
	"errors"
	"slices"

	"github.com/fenghuo-soc/fenghuo/shared/integration"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// current returns the facts with the policies as they are, or as they were before the change that the snapshot is of.
func (h *handler) current(ctx context.Context, snapshot string) (integration.Facts, error) {
	f := h.facts
	var err error
	if snapshot != "" {
		f.Current, err = h.store.PolicySnapshot(ctx, snapshot)
		if soc.KindOf(err) != soc.NotFound {
			return f, err
		}
	}
	f.Current, err = h.store.Policies(ctx)
	return f, err
}

// make plans the choice for the accounts that have joined; the others are listed as refused.
func (h *handler) make(ctx context.Context, f integration.Facts, c choice, out *result) error {
	joined, err := h.joined(ctx)
	if err != nil {
		return err
	}
	use := c.Accounts
	if slices.Equal(use, []string{"*"}) {
		use = joined
	}
	var in []string
	for _, uid := range use {
		if slices.Contains(joined, uid) {
			in = append(in, uid)
			continue
		}
		out.Refused = append(out.Refused, refusal{uid, "the account has not joined", "run the flow onboard-accounts with it"})
	}
	if len(in) == 0 {
		return refuse("plan integration", errors.New("no account of the input has joined"), "run the flow onboard-accounts first")
	}
	plan, err := integration.New(f, integration.Request{Templates: c.Policies, Mode: c.Mode, Accounts: in, AutoAdd: c.AutoAdd})
	if err != nil {
		return err
	}
	out.Plan = plan
	if len(out.Refused) > 0 {
		out.Reason = "accounts that have not joined are left out"
	}
	return nil
}

func (h *handler) joined(ctx context.Context) ([]string, error) {
	all, err := h.store.Accounts(ctx)
	var out []string
	for _, a := range all {
		if a.State == soc.AccountJoined {
			out = append(out, a.UID)
		}
	}
	return out, err
}

// disable switches the policies of accounts off, as before they leave: those named, or those of a run.
func (h *handler) disable(ctx context.Context, r request, out *result) error {
	if r.RunID == "" {
		return refuse("disable integration", errors.New("run_id is missing"), "give the name of the execution as run_id")
	}
	c, _, err := r.chosen()
	if err != nil {
		return err
	}
	accounts, by := c.Accounts, c.By
	if len(accounts) == 0 {
		run, err := h.store.ScopeRun(ctx, r.RunID)
		if err != nil {
			return err
		}
		accounts, by = run.Accounts, run.By
	}
	facts, err := h.current(ctx, r.RunID)
	if err != nil {
		return err
	}
	out.Plan = integration.Disable(facts, accounts)
	return h.write(ctx, r.RunID, by, out, org.ChangeDisable, "policies switched off, as before an account leaves")
}

// rollback restores the policies that were there before the change with the given run id.
func (h *handler) rollback(ctx context.Context, r request, out *result) error {
	if r.Snapshot == "" || r.RunID == "" || r.Snapshot == r.RunID {
		return refuse("roll integration back", errors.New("snapshot and a run_id of its own are needed"), "give the run id of the change as snapshot")
	}
	before, err := h.store.PolicySnapshot(ctx, r.Snapshot)
	if err != nil {
		return err
	}
	c, _, err := r.chosen()
	if err != nil {
		return err
	}
	joined, err := h.joined(ctx)
	if err != nil {
		return err
	}
	facts, err := h.current(ctx, r.RunID)
	if err != nil {
		return err
	}
	out.Plan = integration.Rollback(facts, before, joined)
	return h.write(ctx, r.RunID, c.By, out, org.ChangeRollback, "policies as they were before run "+r.Snapshot)
}
