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

// Exception excuses a grant that a run does not need: the action as a whole, or those of its resources that Resource matches.
type Exception struct {
	Role     string `json:"role"`               // label of the role
	Action   string `json:"action"`             // as granted
	Resource string `json:"resource,omitempty"` // pattern for the granted resources, with <account>; "" = the action
	Reason   string `json:"reason"`
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
}

// Used is an action that was granted and used.
type Used struct {
	Action string `json:"action"`
	Times  int    `json:"times"`
}

// Gap is what is granted and was never needed: an action, an action that is a pattern, which always allows more than what
// was asked for, or one resource of an action that was used on others.
type Gap struct {
	Action   string `json:"action"`
	Resource string `json:"resource,omitempty"`        // as granted, with <account> for the account's id; "" = the action
	Reason   string `json:"excused_because,omitempty"` // of the exception; "" = not excused
}

// Miss is a question that was denied and that no grant of the role covers.
type Miss struct {
	Action   string `json:"action"`
	Resource string `json:"resource"`
	Times    int    `json:"times"`
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

// Prove compares grants with uses. A use counts for the narrowest grants that cover it: what is wider is not needed for it. label names the role of an account, and tells whether it takes part. Roles without
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
		if e == nil || !slices.ContainsFunc(e.grants, func(g iam.Grant) bool { return x.is(name(g), resource(g)) }) {
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
	times := map[Gap]int{} // grant as Action and Resource → uses that need it
	for _, g := range e.grants {
		at := Gap{Action: name(g), Resource: resource(g)}
		times[at] += e.needed(g)
	}
	actions := map[string]int{}
	for at, n := range times {
		actions[at.Action] += n
	}
	excuse := func(g Gap) Gap {
		for _, x := range exceptions {
			if x.Role == e.label && x.is(g.Action, g.Resource) && (g.Resource != "" || x.Resource == "") {
				g.Reason = x.Reason
			}
		}
		return g
	}
	for action, n := range actions {
		if n > 0 {
			out.Used = append(out.Used, Used{action, n})
		}
		if n == 0 || strings.ContainsAny(action, "*?") {
			out.Unused = append(out.Unused, excuse(Gap{Action: action}))
		}
	}
	for at, n := range times {
		if n == 0 && actions[at.Action] > 0 {
			out.Unused = append(out.Unused, excuse(at))
		}
	}
	slices.SortFunc(out.Used, func(a, b Used) int { return cmp.Compare(a.Action, b.Action) })
	slices.SortFunc(out.Unused, func(a, b Gap) int {
		return cmp.Or(cmp.Compare(a.Action, b.Action), cmp.Compare(a.Resource, b.Resource))
	})
	out.Missing = e.missing()
	return out
}

// needed counts the allowed uses that a grant covers and no narrower one does. Conditions are not looked at.
func (e *evidence) needed(g iam.Grant) (n int) {
	var narrower []iam.Grant
	for _, h := range e.grants {
		if h.Account == g.Account && g.Covers(h.Action, h.Resource) && !h.Covers(g.Action, g.Resource) {
			narrower = append(narrower, h)
		}
	}
	for _, u := range e.uses {
		covers := func(h iam.Grant) bool { return h.Covers(u.Action, u.Resource) }
		if u.Account == g.Account && u.Allowed > 0 && covers(g) && !slices.ContainsFunc(narrower, covers) {
			n += u.Allowed
		}
	}
	return n
}

// is tells whether the exception is for a grant.
func (x Exception) is(action, resource string) bool {
	return strings.EqualFold(x.Action, action) && (x.Resource == "" || iam.Grant{Action: "*", Resource: x.Resource}.Covers("", resource))
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

// name is the action of a grant, with what it leaves out.
func name(g iam.Grant) string {
	if g.Except == "" {
		return g.Action
	}
	return g.Action + " except " + g.Except
}

// resource is that of a grant, the same for the roles of all members.
func resource(g iam.Grant) string { return strings.ReplaceAll(g.Resource, g.Account, "<account>") }
