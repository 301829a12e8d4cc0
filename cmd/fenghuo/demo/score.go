package demo

import (
	"slices"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/traffic"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Score is what came of the story, as --json prints it.
type Score struct {
	Pass bool `json:"pass"`

	Expected int `json:"incidents_expected"`
	Found    int `json:"incidents_found"`
	False    int `json:"incidents_false"`

	Written   int `json:"records_written"`   // to the members' Logstores
	Collected int `json:"records_collected"` // as the data sources count them
	Parked    int `json:"records_parked"`

	Alerts   int     `json:"alerts"`
	Twice    int     `json:"alerts_twice"`
	DelayP50 float64 `json:"delay_p50_seconds"` // from the log's write in the member to the alert
	DelayP95 float64 `json:"delay_p95_seconds"`

	Tasks  int `json:"tasks"`
	Failed int `json:"tasks_failed_on_purpose"` // at the first try
	Done   int `json:"tasks_done"`              // after the retry
	Undone int `json:"tasks_undone"`
	// Rejected are those that a person said no to; they need not be done.
	Rejected int `json:"tasks_rejected,omitempty"`

	Seconds float64  `json:"seconds"`
	Short   []string `json:"short,omitempty"` // what is missing

	attackFrom time.Time
	match      map[string]string // incident id → name of the expected one
}

// judge compares events with what the attacks should give. An event is the expected one when it has exactly its
// accounts and all of its entities; every other open event is false.
func (s *Score) judge(expect []traffic.Incident, events []soc.Incident) {
	s.match = map[string]string{}
	s.Expected, s.Found, s.False = len(expect), 0, 0
	used := map[string]bool{}
	for _, e := range events {
		if e.State == soc.IncidentClosed {
			continue
		}
		i := slices.IndexFunc(expect, func(x traffic.Incident) bool { return !used[x.Name] && is(x, e) })
		if i < 0 {
			s.False++
			continue
		}
		used[expect[i].Name] = true
		s.match[e.ID] = expect[i].Name
		s.Found++
	}
}

func is(x traffic.Incident, e soc.Incident) bool {
	if !slices.Equal(x.Accounts, e.Accounts) {
		return false
	}
	for _, want := range x.Entities {
		if !slices.ContainsFunc(e.Entities, func(got soc.Entity) bool { return string(got.Type) == want.Type && got.Value == want.Value }) {
			return false
		}
	}
	return true
}

// delays fills in the percentiles from the alerts on records that were written after the attack began.
func (s *Score) delays(alerts []soc.Alert) {
	var all []float64
	seen := map[string]bool{}
	for _, a := range alerts {
		if seen[a.RuleID+a.Record.String()] {
			s.Twice++
		}
		seen[a.RuleID+a.Record.String()] = true
		if a.WrittenAt.Before(s.attackFrom) {
			continue
		}
		all = append(all, a.CreatedAt.Sub(a.WrittenAt).Seconds())
	}
	s.Alerts = len(alerts)
	slices.Sort(all)
	s.DelayP50, s.DelayP95 = percentile(all, 50), percentile(all, 95)
}

// percentile is the nearest-rank percentile of sorted values, 0 when there are none.
func percentile(sorted []float64, p int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)*p+99)/100-1]
}

// finish decides. Delays are shown, not judged: they depend on the machine.
func (s *Score) finish(took time.Duration) {
	s.Seconds = took.Seconds()
	short := func(bad bool, what string) {
		if bad {
			s.Short = append(s.Short, what)
		}
	}
	short(s.Found != s.Expected, "not every attack became a security event")
	short(s.False > 0, "there are security events that are no attack")
	short(s.Collected != s.Written, "records written and records collected differ")
	short(s.Parked > 0, "records were parked")
	short(s.Twice > 0, "an alert was raised twice")
	short(s.Tasks == 0 || s.Done+s.Rejected != s.Tasks, "a response task was not done")
	s.Pass = len(s.Short) == 0
}
