package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fenghuo-soc/fenghuo/shared/catalog"
	"github.com/fenghuo-soc/fenghuo/shared/diagnosis"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// workers is how many accounts are looked at at once.
const workers = 4

// stateStore is what this function needs of the store.
type stateStore interface {
	Accounts(ctx context.Context) ([]soc.Account, error)
	Policies(ctx context.Context) ([]soc.Policy, error)
	DataSources(ctx context.Context) ([]soc.DataSource, error)
	Shards(ctx context.Context) ([]store.ShardState, error)
}

type handler struct {
	store   stateStore
	catalog *catalog.Catalog
	enter   func(ctx context.Context, uid, session string) (diagnosis.Reader, error)
	region  string
	now     func() time.Time
}

// request is what the flow sends. What a person chose stands in Input, or beside it.
type request struct {
	Operation string          `json:"operation"` // run
	Input     json.RawMessage `json:"input"`
	choice
}

type choice struct {
	Accounts []string `json:"accounts"` // uids; none or ["*"] is every account that is in scope
}

type result struct {
	Status   string              `json:"status"` // ok when every check passed, partial when one did not
	Reason   string              `json:"reason"`
	Findings []diagnosis.Finding `json:"findings"`
	LeftOut  int                 `json:"left_out"` // findings that the state of a flow had no room for; those that passed first
}

// flowRoom is how many bytes of findings an answer to a flow holds: its state is 64 KiB (cloudflow.md §1).
const flowRoom = 48 << 10

// fit leaves findings out until the rest has room: last what did not pass, and before it which accounts are in scope and
// how far behind the sources are.
func (r *result) fit() {
	sizes := make([]int, len(r.Findings))
	total := 0
	for i, f := range r.Findings {
		b, err := json.Marshal(f)
		if err != nil {
			panic("diagnose: " + err.Error()) // texts, numbers and times
		}
		sizes[i] = len(b) + 1
		total += sizes[i]
	}
	drop := make([]bool, len(r.Findings))
	for class := 0; total > flowRoom; class++ {
		for i, f := range slices.Backward(r.Findings) {
			if total > flowRoom && !drop[i] && (class > len(keptLast) || f.Result == org.Pass && !slices.Contains(keptLast[class:], f.ID)) {
				drop[i] = true
				total -= sizes[i]
				r.LeftOut++
			}
		}
	}
	if r.LeftOut == 0 {
		return
	}
	kept := []diagnosis.Finding{}
	for i, f := range r.Findings {
		if !drop[i] {
			kept = append(kept, f)
		}
	}
	r.Findings = kept
	r.Reason = strings.TrimPrefix(fmt.Sprintf("%s; %d findings had no room, diagnose fewer accounts to see them", r.Reason, r.LeftOut), "; ")
}

// keptLast are the checks whose good results are left out last.
var keptLast = []string{diagnosis.ArrivalCheck, diagnosis.ScopeCheck}

func (h *handler) handle(ctx context.Context, r request) (result, error) {
	findings, err := h.run(ctx, r)
	status, reason, retry := org.Answer(err)
	if retry != nil {
		return result{}, retry
	}
	out := result{Status: status, Reason: reason, Findings: append([]diagnosis.Finding{}, findings...)} // a list, never null
	if n := notPassed(findings); n > 0 {
		out.Status, out.Reason = org.StatusPartial, fmt.Sprintf("%d of %d checks did not pass", n, len(findings))
	}
	if len(r.Input) > 0 { // a flow asks
		out.fit()
	}
	return out, nil
}

func notPassed(all []diagnosis.Finding) (n int) {
	for _, f := range all {
		if f.Result != org.Pass {
			n++
		}
	}
	return n
}

func (h *handler) run(ctx context.Context, r request) ([]diagnosis.Finding, error) {
	c := r.choice
	if err := org.DecodeInput(r.Input, &c); err != nil {
		return nil, err
	}
	if r.Operation != "run" {
		return nil, &soc.Error{Kind: soc.Invalid, Op: "diagnose", Err: fmt.Errorf("unknown operation %q", r.Operation), Next: "use run"}
	}
	s, err := h.read(ctx)
	if err != nil {
		return nil, err
	}
	uids, err := choose(c.Accounts, s.Accounts)
	if err != nil {
		return nil, err
	}
	found := make([][]diagnosis.Finding, len(uids))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for i, uid := range uids {
		g.Go(func() (err error) {
			found[i], err = diagnosis.Account(ctx, s, h, uid, h.now())
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(found...), nil
}

// Enter assumes the collector role of a member.
func (h *handler) Enter(ctx context.Context, uid string) (diagnosis.Reader, error) {
	session := ""
	if c, ok := fc.FromContext(ctx); ok {
		session = c.RequestID
	}
	return h.enter(ctx, uid, session)
}
