package integration

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/catalog"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Request is a batch of policies as an operator asks for it.
type Request struct {
	Templates []string // ids in the catalog
	Mode      soc.PolicyMode
	Accounts  []string // uids
	AutoAdd   bool     // new Logstores that fit a selected template are added by themselves
}

// Change is a template that starts or stops in an account.
type Change struct {
	Account  string `json:"account"`
	Template string `json:"template"`
}

// Blind says that no policy feeds the rules of a service in an account any more.
type Blind struct {
	Account string   `json:"account"`
	Service string   `json:"service"`
	Rules   []string `json:"rules"`
}

// Plan is what a change of policies does, before it is done.
type Plan struct {
	Hash      string   `json:"hash"` // of what is asked, what is there, and what it does; 64 hex digits
	Starts    []Change `json:"starts"`
	Stops     []Change `json:"stops"`
	Blind     []Blind  `json:"blind"`
	Summary   string   `json:"summary"`
	SummaryZH string   `json:"summary_zh"`

	policies []soc.Policy // to be written: by template and account
}

// Policies returns the policies that the plan writes.
func (p Plan) Policies() []soc.Policy { return slices.Clone(p.policies) }

// Facts is what planning needs to know: the templates, the policies that are there, and the rules of each service.
type Facts struct {
	Catalog *catalog.Catalog
	Current []soc.Policy
	Rules   map[string][]string // titles or ids of rules by service of their log source
}

// New plans a request. Increment adds the selected templates to the selected accounts and touches nothing else. Full
// makes the selected templates the only enabled ones in the selected accounts; accounts that are not selected are left
// alone. Its error is of kind Invalid or NotFound.
func New(f Facts, r Request) (Plan, error) {
	switch {
	case r.Mode != soc.Increment && r.Mode != soc.FullAccess:
		return Plan{}, invalid(fmt.Errorf("unknown mode %q", r.Mode), `use mode "increment" or "full"`)
	case len(r.Accounts) == 0:
		return Plan{}, invalid(errors.New("no account is named"), "name accounts that have joined")
	}
	selected, err := f.Catalog.Select(r.Templates)
	if err != nil {
		return Plan{}, err
	}
	r.Templates, r.Accounts = selected, sorted(r.Accounts)
	var target []soc.Policy
	for _, account := range r.Accounts {
		for _, t := range f.Catalog.Templates() {
			switch on := slices.Contains(selected, t.ID); {
			case on:
				target = append(target, soc.Policy{Template: t.ID, Account: account, Enabled: true, AutoAdd: r.AutoAdd})
			case r.Mode == soc.FullAccess:
				target = append(target, soc.Policy{Template: t.ID, Account: account})
			}
		}
	}
	return f.plan(string(r.Mode), target), nil
}

// Disable plans to switch every policy of the accounts off, as before they leave.
func Disable(f Facts, accounts []string) Plan {
	var target []soc.Policy
	for _, p := range f.Current {
		if slices.Contains(accounts, p.Account) {
			p.Enabled = false
			target = append(target, p)
		}
	}
	return f.plan("disable", target)
}

// Rollback plans the way back to a snapshot. Policies that came after it are switched off, and so are those of accounts
// that are not in joined any more.
func Rollback(f Facts, snapshot []soc.Policy, joined []string) Plan {
	target := slices.Clone(snapshot)
	for i := range target {
		target[i].Enabled = target[i].Enabled && slices.Contains(joined, target[i].Account)
	}
	for _, p := range f.Current {
		if find(snapshot, p.Template, p.Account) < 0 {
			p.Enabled = false
			target = append(target, p)
		}
	}
	return f.plan("rollback", target)
}

func invalid(err error, next string) error {
	return &soc.Error{Kind: soc.Invalid, Op: "plan integration", Err: err, Next: next}
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return slices.Compact(s)
}

func find(ps []soc.Policy, template, account string) int {
	return slices.IndexFunc(ps, func(p soc.Policy) bool { return p.Template == template && p.Account == account })
}

// plan compares target with what is there.
func (f Facts) plan(how string, target []soc.Policy) Plan {
	p := Plan{Starts: []Change{}, Stops: []Change{}, Blind: []Blind{}, policies: target}
	slices.SortFunc(p.policies, func(a, b soc.Policy) int {
		return cmp.Or(cmp.Compare(a.Template, b.Template), cmp.Compare(a.Account, b.Account))
	})
	for i := range p.policies {
		p.policies[i].UpdatedAt = time.Time{}
		t := p.policies[i]
		was := false
		if j := find(f.Current, t.Template, t.Account); j >= 0 {
			was = f.Current[j].Enabled
		}
		switch {
		case t.Enabled && !was:
			p.Starts = append(p.Starts, Change{t.Account, t.Template})
		case !t.Enabled && was:
			p.Stops = append(p.Stops, Change{t.Account, t.Template})
		}
	}
	byAccount := func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Template, b.Template))
	}
	slices.SortFunc(p.Starts, byAccount)
	slices.SortFunc(p.Stops, byAccount)
	p.Blind = append(p.Blind, f.blind(p)...)
	p.summarise()
	p.Hash = f.hash(how, p)
	return p
}

// blind finds the services that lose their last enabled template in an account.
func (f Facts) blind(p Plan) []Blind {
	var out []Blind
	for _, c := range p.Stops {
		t, err := f.Catalog.Template(c.Template)
		if err != nil { // a policy of a template that the catalog has dropped feeds no rule
			continue
		}
		fed := slices.ContainsFunc(f.Catalog.Templates(), func(o catalog.Template) bool {
			return o.Service == t.Service && f.enabledAfter(p, o.ID, c.Account)
		})
		rules := f.Rules[t.Service]
		if fed || len(rules) == 0 || slices.ContainsFunc(out, func(b Blind) bool { return b.Account == c.Account && b.Service == t.Service }) {
			continue
		}
		out = append(out, Blind{c.Account, t.Service, sorted(rules)})
	}
	return out
}

func (f Facts) enabledAfter(p Plan, template, account string) bool {
	if i := find(p.policies, template, account); i >= 0 {
		return p.policies[i].Enabled
	}
	i := find(f.Current, template, account)
	return i >= 0 && f.Current[i].Enabled
}

// hash covers what is asked, the policies that it changes as they stand, and what it does, so that it grows stale as
// soon as any of them changes.
func (f Facts) hash(how string, p Plan) string {
	var base []soc.Policy
	for _, t := range p.policies {
		if i := find(f.Current, t.Template, t.Account); i >= 0 {
			b := f.Current[i]
			b.UpdatedAt = time.Time{}
			base = append(base, b)
		}
	}
	body, err := json.Marshal([]any{how, p.policies, base, p.Starts, p.Stops, p.Blind})
	if err != nil {
		panic("integration: " + err.Error()) // these types always have a JSON form
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

func (p *Plan) summarise() {
	accounts := map[string]bool{}
	for _, c := range slices.Concat(p.Starts, p.Stops) {
		accounts[c.Account] = true
	}
	p.Summary = fmt.Sprintf("%d policies start and %d stop in %d accounts.", len(p.Starts), len(p.Stops), len(accounts))
	p.SummaryZH = fmt.Sprintf("涉及 %d 个账号：启用 %d 条策略，停用 %d 条策略。", len(accounts), len(p.Starts), len(p.Stops))
	var en, zh strings.Builder
	for _, b := range p.Blind {
		fmt.Fprintf(&en, " In %s %d %s rules go blind.", b.Account, len(b.Rules), b.Service)
		fmt.Fprintf(&zh, "账号 %s 的 %d 条 %s 规则将失效。", b.Account, len(b.Rules), b.Service)
	}
	p.Summary += en.String()
	p.SummaryZH += zh.String()
}
