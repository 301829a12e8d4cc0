package web

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// routeAPI adds the JSON API. What is asked with GET changes nothing.
func (c *console) routeAPI(m *http.ServeMux) {
	get := func(path string, f func(*http.Request) (any, error)) {
		m.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			v, err := f(r)
			if err != nil {
				c.fail(w, r, err)
				return
			}
			c.writeJSON(w, r, http.StatusOK, v)
		})
	}
	get("/api/overview", func(r *http.Request) (any, error) { return c.counts(r.Context()) })
	get("/api/events", c.apiEvents)
	get("/api/events/{id}", c.apiEvent)
	get("/api/alerts", c.apiAlerts)
	get("/api/accounts", apiList("accounts", c.Store.Accounts))
	get("/api/sources", apiList("sources", c.Store.DataSources))
	get("/api/approvals", apiList("approvals", c.Store.Approvals))
	get("/api/parked", apiList("parked", c.parked))
	get("/api/runs", apiList("runs", c.Store.Runs))
	get("/api/audit", func(r *http.Request) (any, error) { return c.audit(r) })
	get("/api/runs/{id}", func(r *http.Request) (any, error) { return c.Store.Run(r.Context(), r.PathValue("id")) })
	get("/api/search", func(r *http.Request) (any, error) {
		q, err := c.logQuery(r)
		if err != nil {
			return nil, err
		}
		return c.search(r.Context(), q)
	})
	c.routeActions(m)
	m.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		c.fail(w, r, &soc.Error{Kind: soc.NotFound, Op: "find route", Err: errors.New("the API has no " + r.Method + " of this path"), Next: "see docs of the console's API"})
	})
}

// apiList answers with a list under a name; an empty one is [], not null.
func apiList[T any](name string, f func(context.Context) ([]T, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		list, err := f(r.Context())
		return map[string]any{name: notNil(list)}, err
	}
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// counts is the state in numbers.
type counts struct {
	Accounts   int                `json:"accounts"`
	Joined     int                `json:"joined"`
	Sources    map[soc.Health]int `json:"sources"`
	OpenEvents int                `json:"open_events"`
	Approvals  int                `json:"approvals"` // waiting
	Alerts     int                `json:"alerts"`
}

func (c *console) counts(ctx context.Context) (counts, error) {
	s, err := c.snapshot(ctx)
	return s.counts, err
}

func (c *console) apiEvents(r *http.Request) (any, error) {
	f, err := readEventFilter(r.URL.Query())
	if err != nil {
		return nil, err
	}
	list, err := c.findEvents(r.Context(), f)
	if err != nil {
		return nil, err
	}
	q, total := r.URL.Query(), len(list)
	offset, err1 := number(q.Get("offset"), 0)
	limit, err2 := number(q.Get("limit"), total)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	list = list[min(offset, total):]
	return map[string]any{"events": notNil(list[:min(limit, len(list))]), "total": total}, nil
}

func number(s string, missing int) (int, error) {
	if s == "" {
		return missing, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, badInput("a number of the address is none", "use whole numbers from 0")
	}
	return n, nil
}

func badInput(why, next string) error {
	return &soc.Error{Kind: soc.Invalid, Op: "read request", Err: errors.New(why), Next: next}
}

// event is a security event with everything that hangs on it.
type event struct {
	Event    soc.Incident        `json:"event"`
	Timeline []soc.TimelineEntry `json:"timeline"`
	Alerts   []soc.Alert         `json:"alerts"`
	Runs     []soc.Run           `json:"runs"`
}

func (c *console) apiEvent(r *http.Request) (any, error) {
	return c.event(r.Context(), r.PathValue("id"))
}

func (c *console) event(ctx context.Context, id string) (event, error) {
	var e event
	var err error
	if e.Event, err = c.Store.Incident(ctx, id); err != nil {
		return e, err
	}
	timeline, err1 := c.Store.Timeline(ctx, id)
	alerts, err2 := c.Store.Alerts(ctx, store.AlertFilter{IncidentID: id})
	runs, err3 := c.Store.RunsOf(ctx, id)
	e.Timeline, e.Alerts, e.Runs = notNil(timeline), notNil(alerts), notNil(runs)
	return e, errors.Join(err1, err2, err3)
}

func (c *console) apiAlerts(r *http.Request) (any, error) {
	f := store.AlertFilter{Limit: 100_000}
	if s := r.URL.Query().Get("since"); s != "" {
		t, err := readTime(s)
		if err != nil {
			return nil, err
		}
		f.Since = t
	}
	list, err := c.Store.Alerts(r.Context(), f)
	return map[string]any{"alerts": notNil(list)}, err
}

// readTime reads a time as RFC 3339 or as seconds since 1970.
func readTime(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n >= 0 && n < 1<<40 {
		return time.Unix(n, 0).UTC(), nil
	}
	return time.Time{}, badInput("a time of the address is none", "write times as 2026-01-31T08:00:00Z or as seconds since 1970")
}

// parked is a record that was put aside, as the API tells it.
type parked struct {
	Project  string    `json:"project"`
	Logstore string    `json:"logstore"`
	Shard    int       `json:"shard"`
	Cursor   int64     `json:"cursor,string"`
	Index    int       `json:"index"`
	Account  string    `json:"account"`
	Error    string    `json:"error"`
	At       time.Time `json:"at"`
}

func (c *console) parked(ctx context.Context) ([]parked, error) {
	items, err := c.Store.ParkedItems(ctx)
	out := make([]parked, len(items))
	for i, p := range items {
		out[i] = parked(p)
	}
	return out, err
}

// readBody reads a JSON object into v. Unknown fields are Invalid, so that a misspelt one is not ignored.
func readBody(r *http.Request, v any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return badInput("the body is not application/json", "send the header Content-Type: application/json")
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return &soc.Error{Kind: soc.Invalid, Op: "read request", Err: err, Next: "send one JSON object with the fields of the API"}
	}
	return nil
}
