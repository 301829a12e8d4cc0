package correlation

import (
	"sort"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Existing is an open incident with the alerts that belong to it.
type Existing struct {
	Incident soc.Incident
	Alerts   []soc.Alert
}

// Input is what [Correlate] looks at. An alert that occurs twice counts once; one that occurs both in an incident and
// loose belongs to the incident.
type Input struct {
	Open  []Existing  // incidents that are not closed
	Loose []soc.Alert // alerts of no incident, new or waiting; see [Lookback]
	Allow *AllowList  // what does not link; nil for nothing
	Now   time.Time   // becomes OpenedAt and UpdatedAt
	// TitleZH returns the Chinese title of a rule, "" when it has none. Nil is allowed.
	TitleZH func(ruleID string) string
}

// Change is an incident that was opened or has grown. Attach holds the ids of the alerts that are new in it.
type Change struct {
	Incident soc.Incident
	Opened   bool
	Attach   []string // sorted by event time
	Alerts   []soc.Alert
}

// Merge says that an incident turned out to be part of an older one. Closed is it in its final state.
type Merge struct {
	Closed soc.Incident
	Into   string
}

// Output is what has to be stored: the changes first, because they take the alerts of what was merged.
type Output struct {
	Changes []Change
	Merges  []Merge
}

// Correlate groups alerts and returns what changed. Same alerts, same groups: neither the order of the input nor the
// batches in which alerts came before matter, only ids of incidents depend on which alert was seen first. When a group
// joins several incidents, the one that was opened first stays. It does not modify its input.
func Correlate(in Input) Output {
	var out Output
	for _, group := range components(collectNodes(in), in.Allow) {
		alerts := make([]soc.Alert, len(group))
		members := map[int]bool{}
		for i, n := range group {
			alerts[i] = n.alert
			if n.incident >= 0 {
				members[n.incident] = true
			}
		}
		switch {
		case len(members) > 0:
			out.grow(in, group, alerts, members)
		case qualifies(alerts):
			inc := soc.Incident{ID: soc.IncidentID(alerts[0].ID), State: soc.IncidentNew, OpenedAt: in.Now}
			fill(&inc, alerts, in)
			out.Changes = append(out.Changes, Change{Incident: inc, Opened: true, Attach: ids(alerts), Alerts: alerts})
		}
	}
	return out
}

// collectNodes makes one node of every alert, each once.
func collectNodes(in Input) []node {
	seen := make(map[string]bool)
	var nodes []node
	add := func(alerts []soc.Alert, incident int) {
		for _, a := range alerts {
			if !seen[a.ID] {
				seen[a.ID] = true
				nodes = append(nodes, node{a, incident})
			}
		}
	}
	for i, x := range in.Open {
		add(x.Alerts, i)
	}
	add(in.Loose, -1)
	return nodes
}

// grow handles a group that holds at least one incident: the oldest takes every alert that is not in it yet.
func (out *Output) grow(in Input, group []node, alerts []soc.Alert, members map[int]bool) {
	order := make([]int, 0, len(members))
	for m := range members {
		order = append(order, m)
	}
	sort.Slice(order, func(i, j int) bool {
		a, b := in.Open[order[i]].Incident, in.Open[order[j]].Incident
		if !a.OpenedAt.Equal(b.OpenedAt) {
			return a.OpenedAt.Before(b.OpenedAt)
		}
		return a.ID < b.ID
	})
	oldest := order[0]
	var attach []string
	for _, n := range group {
		if n.incident != oldest {
			attach = append(attach, n.alert.ID)
		}
	}
	if len(attach) == 0 {
		return
	}
	inc := in.Open[oldest].Incident
	fill(&inc, alerts, in)
	out.Changes = append(out.Changes, Change{Incident: inc, Attach: attach, Alerts: alerts})
	for _, m := range order[1:] {
		closed := in.Open[m].Incident
		closed.State, closed.Alerts, closed.UpdatedAt = soc.IncidentClosed, 0, in.Now
		out.Merges = append(out.Merges, Merge{Closed: closed, Into: inc.ID})
	}
}

func ids(alerts []soc.Alert) []string {
	out := make([]string, len(alerts))
	for i, a := range alerts {
		out[i] = a.ID
	}
	return out
}
