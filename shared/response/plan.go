package response

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// The actions, as [soc.Task] names them.
const (
	WAFBlockIP          = "waf_block_ip"
	CloudFirewallBlock  = "cfw_block_ip"
	RAMDisableAccessKey = "ram_disable_access_key"
)

var actions = []string{WAFBlockIP, CloudFirewallBlock, RAMDisableAccessKey}

// ParamUsers is the task parameter that holds the RAM users who may own a key, separated by commas, likeliest first.
const ParamUsers = "user_names"

// maxUsers bounds the owners that are tried for a key.
const maxUsers = 5

// Situation is everything a plan depends on.
type Situation struct {
	RunID    string
	Incident soc.Incident
	Alerts   []soc.Alert      // of the incident; they tell which user a key belongs to
	Accounts []soc.Account    // the administrator's scope
	Sources  []soc.DataSource // they tell which products an account has
	Earlier  []soc.Task       // of other runs of the playbook on the incident: what they have is not planned again
	Own      Own
	Now      time.Time
}

// Plan is what a run would do. Reason says why there is nothing to do, or why it is refused.
type Plan struct {
	Tasks         []soc.Task
	Skipped       []Skip // what was looked at and left alone
	NeedsApproval bool
	Refused       bool
	Reason        string
	Summary       string
	SummaryZH     string
}

// Skip is a target that is left alone and why.
type Skip struct {
	Account string `json:"account,omitempty"`
	Target  string `json:"target"`
	Reason  string `json:"reason"`
}

// Plan derives the tasks of a playbook. The same situation gives the same tasks with the same ids. It refuses the whole
// plan when it has more targets than the playbook allows: so many attackers mean that the incident, not the world, is
// wrong. Its error is of kind [soc.NotFound] for an unknown playbook.
func (b *Book) Plan(playbook string, s Situation) (Plan, error) {
	p, err := b.Playbook(playbook)
	if err != nil {
		return Plan{}, err
	}
	plan := Plan{NeedsApproval: p.Approval}
	targets := map[string]bool{}
	for _, action := range p.Actions {
		switch action.Name {
		case RAMDisableAccessKey:
			plan.disableKeys(action, s)
		default:
			plan.blockIPs(action, s)
		}
	}
	for _, t := range plan.Tasks {
		targets[t.Target] = true
	}
	if len(targets) > p.MaxTargets {
		return Plan{
			Refused: true, Skipped: plan.Skipped,
			Reason: fmt.Sprintf("%d targets are more than the %d that %s may have", len(targets), p.MaxTargets, p.Name),
		}, nil
	}
	plan.leaveOut(s.Earlier)
	if len(plan.Tasks) == 0 {
		plan.Reason = "nothing to act on: " + firstReason(plan.Skipped)
	}
	plan.Summary, plan.SummaryZH = preview(p, plan)
	return plan, nil
}

// leaveOut drops the tasks that another run has, whatever became of them there: it is retried and undone there, and a person may
// have refused it. It comes after the targets were counted, so that many small runs do not do what one may not.
func (p *Plan) leaveOut(earlier []soc.Task) {
	p.Tasks = slices.DeleteFunc(p.Tasks, func(t soc.Task) bool {
		return slices.ContainsFunc(earlier, func(e soc.Task) bool {
			same := e.Account == t.Account && e.Action == t.Action && e.Target == t.Target
			if same {
				p.skip("", t.Target, "is in an earlier run of the playbook")
			}
			return same
		})
	})
}

func firstReason(skipped []Skip) string {
	if len(skipped) == 0 {
		return "the incident has no target of this playbook"
	}
	return quoteTarget(skipped[0].Target) + " " + skipped[0].Reason
}

// acting returns the account when playbooks may act in it, or why not.
func (s Situation) acting(uid string) error {
	for _, a := range s.Accounts {
		if a.UID != uid {
			continue
		}
		switch {
		case a.State != soc.AccountJoined:
			return fmt.Errorf("account %s is not joined", uid)
		case !a.Response:
			return fmt.Errorf("response is switched off in account %s", uid)
		}
		return nil
	}
	return fmt.Errorf("account %s is not in scope", uid)
}

// everyone returns the accounts of the incident and all others in scope, sorted. An address that attacks one account is
// blocked in all: the next one is a minute away.
func (s Situation) everyone() []string {
	all := slices.Clone(s.Incident.Accounts)
	for _, a := range s.Accounts {
		if !slices.Contains(all, a.UID) {
			all = append(all, a.UID)
		}
	}
	slices.Sort(all)
	return all
}

// has tells whether an account has the product behind a template: its policy is on, and Logstores of it were found.
func (s Situation) has(uid, template string) bool {
	return slices.ContainsFunc(s.Sources, func(d soc.DataSource) bool {
		return d.Account == uid && d.Template == template && d.Enabled && len(d.Stores) > 0
	})
}

func (p *Plan) skip(account, target, reason string) {
	one := Skip{account, target, reason}
	if !slices.Contains(p.Skipped, one) {
		p.Skipped = append(p.Skipped, one)
	}
}

func (p *Plan) blockIPs(action Action, s Situation) {
	for _, e := range s.Incident.Entities {
		if !action.takes(e) {
			continue
		}
		ip, err := s.Own.checkIP(e.Value)
		if err != nil {
			p.skip("", e.Value, err.Error())
			continue
		}
		for _, uid := range s.everyone() {
			err := s.acting(uid)
			if err == nil && action.Template != "" && !s.has(uid, action.Template) {
				err = fmt.Errorf("account %s has no enabled source %s with a Logstore", uid, action.Template)
			}
			switch {
			case err == nil:
				p.add(s, uid, action.Name, ip.String(), nil)
			case slices.Contains(s.Incident.Accounts, uid):
				p.skip(uid, ip.String(), err.Error())
			}
		}
	}
}

func (p *Plan) disableKeys(action Action, s Situation) {
	for _, e := range s.Incident.Entities {
		if !action.takes(e) {
			continue
		}
		if err := s.Own.checkKey(e.Value); err != nil {
			p.skip(e.Account, e.Value, err.Error())
			continue
		}
		uid, users := owner(e, s.Alerts)
		if err := s.acting(uid); err != nil {
			p.skip(uid, e.Value, err.Error())
			continue
		}
		allowed := users[:0:0]
		for _, u := range users {
			if err := s.Own.checkUser(u); err != nil {
				p.skip(uid, e.Value, err.Error())
				continue
			}
			allowed = append(allowed, u)
		}
		if len(allowed) == 0 {
			p.skip(uid, e.Value, "no RAM user is known as its owner")
			continue
		}
		p.add(s, uid, RAMDisableAccessKey, e.Value, map[string]string{ParamUsers: strings.Join(allowed[:min(len(allowed), maxUsers)], ",")})
	}
}

// owner returns the account of a key and the users that were seen together with it, the most frequent first.
func owner(key soc.Entity, alerts []soc.Alert) (string, []string) {
	uid := key.Account
	seen := map[string]int{}
	for _, a := range alerts {
		if !slices.ContainsFunc(a.Entities, func(e soc.Entity) bool { return e.Key() == key.Key() }) {
			continue
		}
		if uid == "" {
			uid = a.Account
		}
		for _, e := range a.Entities {
			if e.Type == soc.EntityUser && (e.Account == uid || e.Account == "" && a.Account == uid) {
				seen[e.Value]++
			}
		}
	}
	users := make([]string, 0, len(seen))
	for u := range seen {
		users = append(users, u)
	}
	slices.SortFunc(users, func(a, b string) int {
		if seen[a] != seen[b] {
			return seen[b] - seen[a]
		}
		return strings.Compare(a, b)
	})
	return uid, users
}

func (p *Plan) add(s Situation, uid, action, target string, params map[string]string) {
	en, zh := describe(action, target, uid)
	id := soc.TaskID(s.RunID, uid, action, target)
	if slices.ContainsFunc(p.Tasks, func(t soc.Task) bool { return t.ID == id }) {
		return
	}
	p.Tasks = append(p.Tasks, soc.Task{
		ID: id, RunID: s.RunID, Account: uid, Action: action, Target: target, Params: params,
		Summary: en, SummaryZH: zh, State: soc.TaskPlanned, UpdatedAt: s.Now,
	})
}
