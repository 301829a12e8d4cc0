package response

import (
	"slices"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// MaxFollowUps bounds the runs that a response rule starts on one incident after the first, for one playbook.
const MaxFollowUps = 5

// takes tells whether an entity is what the action acts on.
func (a Action) takes(e soc.Entity) bool {
	if a.Name == RAMDisableAccessKey {
		return e.Type == soc.EntityAccessKey && strings.HasPrefix(e.Value, "LTAI") // temporary keys end by themselves
	}
	return e.Type == soc.EntityIP && e.Part == "attacker"
}

// Targets returns what an incident holds for the playbook, sorted, whether or not anything may be done about it.
func (p Playbook) Targets(i soc.Incident) []string {
	var out []string
	for _, e := range i.Entities {
		if slices.ContainsFunc(p.Actions, func(a Action) bool { return a.takes(e) }) {
			out = append(out, e.Value)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Next returns the run that a response rule is to start on an incident, given the incident's runs: the first one, or one for what
// joined the incident since the last was stored. A run that is stored and was not planned yet is returned again, since its flow may
// not have started; while one is at work or waits for a person there is none, so that what joins meanwhile comes together in the
// next. Of a run only ID, Playbook, IncidentID and Targets are set. The same runs and incident give the same answer.
func (p Playbook) Next(i soc.Incident, runs []soc.Run) (next soc.Run, ok bool) {
	next = soc.Run{Playbook: p.Name, IncidentID: i.ID, Targets: p.Targets(i)}
	seen := map[string]bool{}
	byID := map[string]soc.Run{}
	for _, r := range runs {
		if r.Playbook != p.Name {
			continue
		}
		byID[r.ID] = r
		for _, t := range r.Targets {
			seen[t] = true
		}
		for _, t := range r.Tasks {
			seen[t.Target] = true
		}
	}
	for n := range MaxFollowUps + 1 {
		next.ID = soc.FollowUpID(p.Name, i.ID, n)
		r, there := byID[next.ID]
		switch {
		case !there:
			isNew := func(t string) bool { return !seen[t] }
			return next, n == 0 || slices.ContainsFunc(next.Targets, isNew)
		case r.State == soc.RunPlanned:
			return r, len(r.Tasks) == 0
		case r.State == soc.RunWaiting || r.State == soc.RunRunning:
			return r, false
		}
	}
	return next, false
}

// IsFollowUp tells whether a response rule started the run for what joined the incident after the first one.
func IsFollowUp(r soc.Run) bool {
	for n := range MaxFollowUps {
		if r.ID == soc.FollowUpID(r.Playbook, r.IncidentID, n+1) {
			return true
		}
	}
	return false
}
