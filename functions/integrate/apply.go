package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/integration"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// apply makes exactly the plan whose hash is given. A step that is tried again plans from the snapshot that its first
// try kept, so it finds the same plan.
func (h *handler) apply(ctx context.Context, r request, out *result) error {
	if r.RunID == "" || r.Hash == "" {
		return refuse("apply integration", errors.New("run_id and hash are needed"), "plan first, then apply with the plan's hash")
	}
	c, shown, err := r.chosen()
	if err != nil {
		return err
	}
	facts, err := h.current(ctx, r.RunID)
	if err != nil {
		return err
	}
	if err := h.make(ctx, facts, c, out); err != nil {
		return err
	}
	if err := out.CheckHash(r.Hash); err != nil {
		return err
	}
	if c.Mode == soc.FullAccess && shown != r.Hash && len(r.Input) > 0 {
		return refuse("apply integration", errors.New("mode full is applied only with the hash of its plan in the input"),
			"run the flow again with this hash in its input")
	}
	return h.write(ctx, r.RunID, c.By, out, org.ChangePolicies, fmt.Sprintf("policies %s, mode %s, auto-add %v", strings.Join(c.Policies, ", "), c.Mode, c.AutoAdd))
}

// write applies the plan in out, keeps a snapshot under the id, and has the audit trail tell of each account what changed.
func (h *handler) write(ctx context.Context, snapshot, by string, out *result, action, detail string) error {
	region := ""
	if c, ok := fc.FromContext(ctx); ok {
		region = c.Region
	}
	failures, err := integration.Apply(ctx, h.store, out.Plan, snapshot, region, store.AuditEntry{
		At: h.now(), Actor: org.Actor("integrate", by), Origin: fc.Origin(ctx, snapshot), Action: action, Detail: detail,
	})
	if err != nil {
		return err
	}
	out.Applied, out.Failed, out.Snapshot = len(out.Policies()), failures, snapshot
	if len(failures) > 0 {
		out.Status, out.Reason = org.StatusPartial, fmt.Sprintf("%d data sources could not be written", len(failures))
	}
	return nil
}
