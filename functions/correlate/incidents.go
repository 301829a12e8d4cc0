package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/correlation"
	"github.com/fenghuo-soc/fenghuo/shared/response"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// correlate groups what happened since then and stores what changed. It returns the open incidents after that.
func (h *handler) correlate(ctx context.Context, since time.Time, out *result) ([]correlation.Existing, error) {
	in := correlation.Input{Allow: h.allow, Now: h.now(), TitleZH: h.titleZH}
	incidents, err := h.incidents.Incidents(ctx, store.IncidentFilter{Open: true, Since: since})
	if err != nil {
		return nil, err
	}
	for _, i := range incidents {
		alerts, err := h.alerts.Alerts(ctx, store.AlertFilter{IncidentID: i.ID, Limit: maxIncidentAlerts})
		if err != nil {
			return nil, err
		}
		in.Open = append(in.Open, correlation.Existing{Incident: i, Alerts: alerts})
	}
	if in.Loose, err = h.alerts.Alerts(ctx, store.AlertFilter{Since: since, Unassigned: true}); err != nil {
		return nil, err
	}
	got := correlation.Correlate(in)
	open := map[string]correlation.Existing{}
	for _, x := range in.Open {
		open[x.Incident.ID] = x
	}
	for _, c := range got.Changes {
		if err := h.save(ctx, c, out); err != nil {
			return nil, err
		}
		open[c.Incident.ID] = correlation.Existing{Incident: c.Incident, Alerts: c.Alerts}
	}
	for _, m := range got.Merges {
		if err := h.merge(ctx, m, out); err != nil {
			return nil, err
		}
		delete(open, m.Closed.ID)
	}
	list := make([]correlation.Existing, 0, len(open))
	for _, x := range open {
		list = append(list, x)
	}
	return list, nil
}

// save writes a change and its lines in the timeline. The timeline goes first: when the rest fails, the alerts are still
// loose, and the next call does all of it again without doubling a line.
func (h *handler) save(ctx context.Context, c correlation.Change, out *result) error {
	id := c.Incident.ID
	if c.Opened {
		out.Opened++
		e := soc.TimelineEntry{At: c.Incident.OpenedAt, Kind: "opened", Actor: "correlate", Text: c.Incident.Title, Level: c.Incident.Level}
		if err := h.incidents.AddTimeline(ctx, id, "opened", e); err != nil {
			return err
		}
	} else {
		out.Grown++
	}
	attached := make(map[string]bool, len(c.Attach))
	for _, a := range c.Attach {
		attached[a] = true
	}
	for _, a := range c.Alerts {
		if !attached[a.ID] {
			continue
		}
		e := soc.TimelineEntry{At: a.EventTime, Account: a.Account, Kind: "alert", Actor: "detect", Text: a.RuleTitle, Level: a.Level, Ref: a.ID}
		if err := h.incidents.AddTimeline(ctx, id, "alert:"+a.ID, e); err != nil {
			return err
		}
	}
	return h.incidents.SaveIncident(ctx, c.Incident, c.Attach)
}

func (h *handler) merge(ctx context.Context, m correlation.Merge, out *result) error {
	out.Merged++
	now := h.now()
	for id, text := range map[string]string{
		m.Closed.ID: "Merged into incident " + m.Into + ".",
		m.Into:      "Took over the alerts of incident " + m.Closed.ID + ".",
	} {
		e := soc.TimelineEntry{At: now, Kind: "state", Actor: "correlate", Text: text, Ref: m.Closed.ID}
		if err := h.incidents.AddTimeline(ctx, id, "merged:"+m.Closed.ID, e); err != nil {
			return err
		}
	}
	return h.incidents.SaveIncident(ctx, m.Closed, nil)
}

// respond starts the playbook of every response rule that an open incident fires: once on what the incident holds, and again, at
// most [response.MaxFollowUps] times, when more joins. It looks at all open incidents, not only at changed ones: a start that
// failed is made good by the next call.
func (h *handler) respond(ctx context.Context, open []correlation.Existing, out *result) error {
	for _, x := range open {
		for _, rule := range h.book.Match(x.Incident, x.Alerts) {
			started, err := h.startRun(ctx, x.Incident, rule)
			if started {
				out.Responses++
			}
			if err == nil {
				continue
			}
			if soc.KindOf(err) == soc.Timeout && ctx.Err() != nil {
				return err
			}
			out.Errors = append(out.Errors, fmt.Sprintf("start %s for incident %s: %v", rule.Playbook, x.Incident.ID, err))
		}
	}
	return nil
}

// startRun stores the next run of the rule, if there is one, and starts its flow. Between the two a crash leaves a planned run, which
// is started next time: the execution's name is the run's id, so that it starts once.
func (h *handler) startRun(ctx context.Context, inc soc.Incident, rule response.Rule) (bool, error) {
	p, err := h.book.Playbook(rule.Playbook)
	if err != nil {
		return false, err
	}
	runs, err := h.runs.RunsOf(ctx, inc.ID)
	if err != nil {
		return false, err
	}
	run, ok := p.Next(inc, runs)
	if !ok {
		return false, nil
	}
	now := h.now()
	run.State, run.StartedBy, run.CreatedAt, run.UpdatedAt = soc.RunPlanned, rule.ID, now, now
	created, err := h.runs.SaveRun(ctx, run)
	if err != nil {
		return false, err
	}
	input, err := json.Marshal(map[string]string{"run_id": run.ID, "incident_id": inc.ID, "mode": "execute"})
	if err != nil {
		return false, err
	}
	if err := h.start(ctx, rule.Playbook, run.ID, string(input)); err != nil {
		return false, err
	}
	e := soc.TimelineEntry{At: now, Kind: "response", Actor: rule.ID, Text: "Started playbook " + rule.Playbook + ": " + rule.Title + ".", Ref: run.ID}
	return created, h.incidents.AddTimeline(ctx, inc.ID, "started:"+run.ID, e)
}
