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

// flowRoom is how many bytes of findings an answer to a flow holds: its state is 64 KiB (cloudflow.md).
const flowRoom = 48 << 10

// fit leaves findings out until the rest has room, those that passed first.
func (r *result) fit() {
	all, left := len(r.Findings), flowRoom
	var out []diagnosis.Finding
	for _, wanted := range []bool{false, true} { // what passed
		for _, f := range r.Findings {
			if (f.Result == org.Pass) != wanted {
				continue
			}
			b, err := json.Marshal(f)
			if err != nil || len(b) > left {
				left = 0
				break
			}
			left -= len(b) + 1
			out = append(out, f)
		}
	}
	if len(out) < all {
		r.Findings, r.LeftOut = append([]diagnosis.Finding{}, out...), all-len(out)
		r.Reason = strings.TrimPrefix(fmt.Sprintf("%s; %d findings are left out, diagnose fewer accounts or run: fenghuo doctor", r.Reason, r.LeftOut), "; ")
	}
}

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
