package main

import (
	"context"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// settling is how long a scope document that was just applied is left alone: its runs are on their way.
const settling = time.Hour

// tellDifference opens a security event when the document in force chooses other accounts than those in scope, or response
// in others: members were moved or tagged since, or taken in by hand. Nothing leaves and no power changes unseen, so a
// person has to plan and apply; until then the event says what is wider or narrower than the document. The same
// difference is told once.
func (h *handler) tellDifference(ctx context.Context, doc *org.Scope, members []org.DirectoryMember, accounts []soc.Account, out *followResult) error {
	if doc == nil {
		return nil
	}
	plan := org.PlanScope(*doc, members, accounts, h.management, self(ctx))
	here := map[string]bool{}
	for _, m := range members {
		here[m.UID] = true
	}
	var parts []string
	for _, a := range plan.Leave {
		if here[a.Account] { // the others left the directory, which is told elsewhere
			out.Differs = append(out.Differs, a.Account)
			parts = append(parts, a.Account+" is in scope and not chosen")
		}
	}
	for _, a := range plan.Change {
		out.Differs = append(out.Differs, a.Account)
		if a.Response {
			parts = append(parts, a.Account+" is chosen for response and has no responder role")
		} else {
			parts = append(parts, a.Account+" has a responder role and is not chosen for response")
		}
	}
	applied, err := h.store.SearchAudit(ctx, store.AuditQuery{Action: org.ChangeScope, Limit: 1})
	if err != nil || len(parts) == 0 || len(applied) > 0 && h.now().Sub(applied[0].At) < settling {
		return err
	}
	text := strings.Join(parts[:min(len(parts), listedFailures)], "; ")
	return h.raise(ctx, raised{
		account: self(ctx), level: soc.Medium, rule: org.ChangeScope, key: "differs/" + strings.Join(parts, ";"),
		title:   "The accounts in scope are not those that the scope document chooses",
		titleZH: "管理范围内的账号与范围文档的选择不一致",
		text:    text + "; next: run fenghuo members plan with the document, look, and apply it",
	})
}
