// Package prover compares what roles are granted with what they used in a run that was recorded.
//
// [Prove] is the only entry: it is pure. A run proves that a grant is needed, never that one is not: whatever an
// unusual run would need has to be written down as an [Exception] with its reason.
package prover

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fenghuo-soc/fenghuo/emulator/iam"
	"github.com/fenghuo-soc/fenghuo/emulator/record"
)

// Exception excuses a grant that a run does not use.
type Exception struct {
	Role   string `json:"role"` // label of the role
	Action string `json:"action"`
	Reason string `json:"reason"`
}

// Report is the comparison, role by role.
type Report struct {
	Roles []Role `json:"roles"`
	// Stale are exceptions for what no role is granted: they excuse nothing.
	Stale []Exception `json:"stale_exceptions,omitempty"`
}

// Role is one role, or the roles that have one label: those of the same name in all members.
type Role struct {
	Label   string `json:"role"`
	Used    []Used `json:"used"`
	Unused  []Gap  `json:"granted_and_never_used,omitempty"`
	Missing []Miss `json:"used_and_not_granted,omitempty"`
	// Idle are resource patterns of actions that were used, but never on a resource of this pattern.
	Idle []Pattern `json:"patterns_never_met,omitempty"`
}

// Used is an action that was granted and used.
type Used struct {
	Action string `json:"action"`
	Times  int    `json:"times"`
}

// Gap is an action that is granted and was never used.
type Gap struct {
	Action string `json:"action"`
	Reason string `json:"excused_because,omitempty"` // of the exception; "" = not excused
}

// Miss is a question that was denied and that no grant of the role covers.
type Miss struct {
	Action   string `json:"action"`
	Resource string `json:"resource"`
	Times    int    `json:"times"`
}

// Pattern is a resource pattern of a grant, with <account> for the account's id.
type Pattern struct {
	Action   string `json:"action"`
	Resource string `json:"resource"`
}

// OK tells whether every gap is excused, nothing is missing and no exception is stale.
func (r Report) OK() bool {
	for _, role := range r.Roles {
		if len(role.Missing) > 0 || slices.ContainsFunc(role.Unused, func(g Gap) bool { return g.Reason == "" }) {
			return false
		}
	}
	return len(r.Stale) == 0
}

// Prove compares grants with uses. label names the role of an account, and tells whether it takes part. Roles without
// any grant take part when something was denied them.
func Prove(grants []iam.Grant, uses []record.Use, label func(account, role string) (string, bool), exceptions []Exception) Report {
	roles := map[string]*evidence{}
	of := func(account, role string) *evidence {
		l, ok := label(account, role)
		if !ok {
			return nil
		}
		if roles[l] == nil {
			roles[l] = &evidence{label: l}
		}
		return roles[l]
	}
	for _, g := range grants {
		if e := of(g.Account, g.Role); e != nil {
			e.grants = append(e.grants, g)
		}
	}
	for _, u := range uses {
		_, name, ok := strings.Cut(u.Caller, ":role/")
		if !ok {
			continue
		}
		if e := of(u.Account, name); e != nil {
			e.uses = append(e.uses, u)
		}
	}
	var r Report
	for _, e := range roles {
		r.Roles = append(r.Roles, e.report(exceptions))
	}
	slices.SortFunc(r.Roles, func(a, b Role) int { return cmp.Compare(a.Label, b.Label) })
	for _, x := range exceptions {
		e := roles[x.Role]
		if e == nil || !slices.ContainsFunc(e.grants, func(g iam.Grant) bool { return strings.EqualFold(g.Action, x.Action) }) {
			r.Stale = append(r.Stale, x)
		}
	}
	return r
}

// evidence is all that is known of one label.
type evidence struct {
	label  string
	grants []iam.Grant
	uses   []record.Use
}

func (e *evidence) report(exceptions []Exception) Role {
	out := Role{Label: e.label, Used: []Used{}}
	times := map[string]int{} // action as granted → allowed uses
	met := map[Pattern]bool{}
	var actions []string
	for _, g := range e.grants {
		if !slices.Contains(actions, g.Action) {
			actions = append(actions, g.Action)
		}
		p := pattern(g)
		met[p] = met[p] || false
		for _, u := range e.uses {
			if u.Account == g.Account && u.Allowed > 0 && g.Covers(u.Action, u.Resource) {
				times[g.Action] += u.Allowed
				met[p] = true
			}
		}
	}
	slices.Sort(actions)
	for _, a := range actions {
		if n := times[a]; n > 0 {
			out.Used = append(out.Used, Used{a, n})
			continue
		}
		gap := Gap{Action: a}
		for _, x := range exceptions {
			if x.Role == e.label && strings.EqualFold(x.Action, a) {
				gap.Reason = x.Reason
			}
		}
		out.Unused = append(out.Unused, gap)
	}
	for p, ok := range met {
		if !ok && times[p.Action] > 0 {
			out.Idle = append(out.Idle, p)
		}
	}
	slices.SortFunc(out.Idle, func(a, b Pattern) int {
		return cmp.Or(cmp.Compare(a.Action, b.Action), cmp.Compare(a.Resource, b.Resource))
	})
	out.Missing = e.missing()
	return out
}

// missing are the denials that no grant of the same account covers. A denial that a grant covers now came from a time
// before the grant, or after it was taken away, which is a story of its own.
func (e *evidence) missing() []Miss {
	var out []Miss
	for _, u := range e.uses {
		if u.Denied == 0 || slices.ContainsFunc(e.grants, func(g iam.Grant) bool { return g.Account == u.Account && g.Covers(u.Action, u.Resource) }) {
			continue
		}
		m := Miss{u.Action, strings.ReplaceAll(u.Resource, u.Account, "<account>"), u.Denied}
		if i := slices.IndexFunc(out, func(o Miss) bool { return o.Action == m.Action && o.Resource == m.Resource }); i >= 0 {
			out[i].Times += m.Times
			continue
		}
		out = append(out, m)
	}
	return out
}

func pattern(g iam.Grant) Pattern {
	return Pattern{g.Action, strings.ReplaceAll(g.Resource, g.Account, "<account>")}
}
