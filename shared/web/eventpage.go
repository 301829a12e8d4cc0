package web

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// eventView is one security event.
type eventView struct {
	event
	Lanes    laneChart
	Picture  entityPicture
	States   []soc.IncidentState
	Trail    []store.AuditEntry
	Tactics  []string // ATT&CK techniques, sorted
	Attacker []soc.Entity
	Late     int
	alerts   map[string]soc.Alert
	tasks    map[string]soc.Task
}

// auditDepth is how many of the newest entries of the audit trail about the event, and about each of its runs, are shown.
const auditDepth = 200

// trailOf returns the entries of the trail that name one of the ids in their detail or action, newest first. It is searched
// for each: between the newest entries of all, those of a thousand accounts that joined since would hide them.
func (c *console) trailOf(ctx context.Context, ids []string) ([]store.AuditEntry, error) {
	var out []store.AuditEntry
	seen := map[store.AuditEntry]bool{}
	for _, id := range ids {
		list, err := c.Store.SearchAudit(ctx, store.AuditQuery{Text: id, Limit: auditDepth})
		if err != nil {
			return nil, err
		}
		for _, e := range list {
			if !seen[e] && (strings.Contains(e.Detail, id) || strings.Contains(e.Action, id)) {
				seen[e] = true
				out = append(out, e)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b store.AuditEntry) int { return b.At.Compare(a.At) })
	return out, nil
}

func (c *console) eventPage(r *http.Request) (any, error) {
	e, err := c.event(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	v := eventView{event: e, States: states, Lanes: lanesOf(e), Picture: pictureOf(e), alerts: map[string]soc.Alert{}, tasks: map[string]soc.Task{}}
	about := []string{e.Event.ID}
	for _, run := range e.Runs {
		about = append(about, run.ID)
		for _, t := range run.Tasks {
			v.tasks[t.ID] = t
		}
	}
	if v.Trail, err = c.trailOf(r.Context(), about); err != nil {
		return nil, err
	}
	techniques := map[string]bool{}
	for _, a := range e.Alerts {
		v.alerts[a.ID] = a
		for _, t := range a.Techniques {
			techniques[t] = true
		}
		if a.Late {
			v.Late++
		}
	}
	v.Tactics = slices.Sorted(maps.Keys(techniques))
	for _, x := range e.Event.Entities {
		if x.Part == "attacker" {
			v.Attacker = append(v.Attacker, x)
		}
	}
	return v, nil
}

func (v eventView) title(p *page) string { return p.EventTitle(v.Event) }

// Line is the text of a line of the timeline in the page's language, and the language that it is in.
func (v eventView) Line(p *page, e soc.TimelineEntry) retold {
	if a, ok := v.alerts[e.Ref]; ok && e.Kind == "alert" {
		return retold{p.Rule(a.RuleID, a.RuleTitle), p.Lang}
	}
	if e.Kind == "opened" {
		return retold{p.EventTitle(v.Event), p.Lang}
	}
	return retell(p, e.Text, v.tasks[e.Ref])
}

// moment is a line of the timeline; the same alert in the same account, again and again, is one.
type moment struct {
	soc.TimelineEntry
	Times int
	Until time.Time
}

// Moments are the lines of the timeline.
func (v eventView) Moments() []moment {
	var out []moment
	for _, e := range v.Timeline {
		if n := len(out); n > 0 && e.Kind == "alert" {
			last := &out[n-1]
			if a, ok := v.alerts[e.Ref]; ok && last.Kind == "alert" && last.Account == e.Account && v.alerts[last.Ref].RuleID == a.RuleID {
				last.Times, last.Until = last.Times+1, e.At
				continue
			}
		}
		out = append(out, moment{e, 1, e.At})
	}
	return out
}

// Span is the time from the first to the last thing that was seen.
func (v eventView) Span() time.Duration { return v.Event.LastSeen.Sub(v.Event.FirstSeen) }

// Delay is how long after it happened an alert's record arrived.
func (v eventView) Delay(a soc.Alert) time.Duration { return a.WrittenAt.Sub(a.EventTime) }

// Fields are the names of an alert's evidence, sorted.
func (v eventView) Fields(a soc.Alert) []string { return slices.Sorted(maps.Keys(a.Evidence)) }

// Command asks the API for what the page shows.
func (v eventView) Command() string {
	return "curl -H \"Authorization: Bearer $TOKEN\" \"$CONSOLE/api/events/" + v.Event.ID + "\""
}
