package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/collect"
	"github.com/fenghuo-soc/fenghuo/shared/correlation"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/response"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// alertStore keeps alerts; *store.DB is one.
type alertStore interface {
	InsertAlerts(ctx context.Context, alerts []soc.Alert) ([]soc.Alert, error)
	Alerts(ctx context.Context, f store.AlertFilter) ([]soc.Alert, error)
	Park(ctx context.Context, p store.Parked) error
}

// incidentStore keeps incidents; *store.DB is one.
type incidentStore interface {
	Incidents(ctx context.Context, f store.IncidentFilter) ([]soc.Incident, error)
	SaveIncident(ctx context.Context, i soc.Incident, attach []string) error
	AddTimeline(ctx context.Context, incidentID, key string, e soc.TimelineEntry) error
}

// runStore keeps playbook runs; *store.DB is one.
type runStore interface {
	SaveRun(ctx context.Context, r soc.Run) (created bool, err error)
	RunsOf(ctx context.Context, incidentID string) ([]soc.Run, error)
}

// event is what an SLS trigger or a timer sends.
type event struct {
	Source      fc.LogRange `json:"source"`
	TriggerName string      `json:"triggerName"` // only a timer has one
}

// LenientJSON accepts fields that the platform adds.
func (event) LenientJSON() {}

// result counts what one call did. Errors are playbooks that could not be started; the timer tries them again.
type result struct {
	Alerts    int      `json:"alerts"` // read from the range
	New       int      `json:"new"`    // of them not seen before
	Opened    int      `json:"opened"`
	Grown     int      `json:"grown"`
	Merged    int      `json:"merged"`
	Responses int      `json:"responses"` // playbooks started
	Parked    int      `json:"parked"`
	Errors    []string `json:"errors,omitempty"`
}

// maxIncidentAlerts bounds how many alerts of one open incident a call looks at: the newest count.
const maxIncidentAlerts = 2000

// lockTime is how long the lock of a call that died keeps the next one waiting.
const lockTime = 10 * time.Second

type handler struct {
	alerts    alertStore
	incidents incidentStore
	runs      runStore
	lock      func(ctx context.Context, name string, ttl time.Duration, f func(context.Context) error) error
	in        collect.Puller // central project
	project   string
	logstore  string
	start     func(ctx context.Context, flow, name, input string) error // starts a flow execution, once per name
	book      *response.Book
	allow     *correlation.AllowList
	titleZH   func(ruleID string) string
	now       func() time.Time
}

// handle stores the alerts of the range, groups them with what is there, and starts responses. A timer's call has no
// range: it goes over what is open again.
func (h *handler) handle(ctx context.Context, in event) (result, error) {
	var out result
	since := h.now().Add(-correlation.Lookback)
	if in.TriggerName == "" {
		alerts, err := h.read(ctx, in.Source, &out)
		if err != nil {
			return out, err
		}
		fresh, err := h.alerts.InsertAlerts(ctx, alerts)
		if err != nil {
			return out, err
		}
		out.Alerts, out.New = len(alerts), len(fresh)
		for _, a := range alerts { // late records re-open their window
			if t := a.EventTime.Add(-correlation.Lookback); t.Before(since) {
				since = t
			}
		}
	}
	err := h.lock(ctx, "correlation", lockTime, func(ctx context.Context) error {
		open, err := h.correlate(ctx, since, &out)
		if err != nil {
			return err
		}
		return h.respond(ctx, open, &out)
	})
	if err == nil && in.TriggerName != "" { // a timer's result goes nowhere else
		fc.Logger(ctx).Info("run ended", "grown", out.Grown, "responses", out.Responses, "errors", out.Errors)
	}
	return out, err
}

// read decodes the alerts of a range. What is no alert is parked.
func (h *handler) read(ctx context.Context, r fc.LogRange, out *result) ([]soc.Alert, error) {
	if r.ProjectName != h.project || r.LogstoreName != h.logstore {
		return nil, &soc.Error{
			Kind: soc.Invalid, Op: "read alerts", Resource: r.ProjectName + "/" + r.LogstoreName,
			Err: errors.New("the trigger belongs on " + h.project + "/" + h.logstore),
		}
	}
	park := func(c sls.Cursor, index int, why error) error {
		out.Parked++
		return h.alerts.Park(ctx, store.Parked{
			Project: r.ProjectName, Logstore: r.LogstoreName, Shard: r.ShardID,
			Cursor: int64(c), Index: index, Error: why.Error(), At: h.now(),
		})
	}
	var alerts []soc.Alert
	span := collect.Span{Logstore: r.LogstoreName, Shard: r.ShardID, Begin: r.BeginCursor, End: r.EndCursor}
	err := collect.Each(ctx, h.in, span, func(c sls.Cursor, g sls.Group) error {
		for i, l := range g.Logs() {
			a, err := decode(l)
			if err != nil {
				if err := park(c, i, err); err != nil {
					return err
				}
				continue
			}
			alerts = append(alerts, a)
		}
		return nil
	}, func(c sls.Cursor, why error) error { return park(c, -1, why) })
	return alerts, err
}

func decode(l sls.Log) (soc.Alert, error) {
	var a soc.Alert
	body, ok := l.Get("alert")
	if !ok {
		return a, errors.New("log has no field alert")
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return a, errors.New("field alert is not an alert")
	}
	if a.ID == "" || a.ID != soc.AlertID(a.RuleID, a.Record) || a.Account == "" || a.EventTime.IsZero() {
		return a, errors.New("alert lacks its account or time, or its id is not that of its rule and record")
	}
	return a, nil
}
