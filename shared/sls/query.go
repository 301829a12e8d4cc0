package sls

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Query asks for logs of a Logstore. Times count to the second; the range is [From, To).
type Query struct {
	From, To time.Time
	Query    string // search, perhaps with "| SELECT …"; "" or "*" = all
	Line     int    // 1–100; 0 = 100. The service clamps more. Not used with SQL
	Offset   int    // not used with SQL
	Reverse  bool   // newest first
}

// Result is what a query found.
type Result struct {
	Complete bool                // false: only a part was searched; the same query may find more
	Logs     []map[string]string // fields, with __time__, __source__, __topic__ and __tag__:name
	Count    int                 // logs in this result
	Columns  []string            // of an analysis (SQL), in the order of its SELECT; nil for a search
}

// GetLogs runs a query once. Its answer may be incomplete, which is no error. Kinds: Invalid for a query that SLS does
// not understand; NotFound when the Logstore or its index does not exist; Denied, Throttled, Unavailable, Timeout.
func (p *Project) GetLogs(ctx context.Context, logstore string, q Query) (*Result, error) {
	if q.Line == 0 {
		q.Line = 100
	}
	body, err := json.Marshal(map[string]any{
		"from": q.From.Unix(), "to": q.To.Unix(), "topic": "", "query": q.Query,
		"line": q.Line, "offset": q.Offset, "reverse": q.Reverse,
	})
	if err != nil {
		return nil, &soc.Error{Kind: soc.Invalid, Op: "search logs", Err: err}
	}
	r := p.request("search logs", "log:GetLogStoreLogs", logstore, "/logs")
	r.method, r.body, r.rawSize = http.MethodPost, body, len(body)
	r.header = map[string]string{"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "lz4"}
	var out struct {
		Meta struct {
			Progress string   `json:"progress"`
			HasSQL   bool     `json:"hasSQL"`
			Keys     []string `json:"keys"`
		} `json:"meta"`
		Data []map[string]string `json:"data"`
	}
	resp, err := p.c.do(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := p.c.decode(r, resp, &out); err != nil {
		return nil, err
	}
	res := &Result{Complete: out.Meta.Progress == "Complete", Logs: out.Data, Count: len(out.Data)}
	if out.Meta.HasSQL {
		res.Columns = out.Meta.Keys
	}
	return res, nil
}

// How often GetLogsComplete and GetHistogramsComplete repeat a query, as the official client does (sls.md §3.8).
const (
	completeTries = 20
	completeFirst = 100 * time.Millisecond
	completeMost  = 10 * time.Second
)

// GetLogsComplete repeats an incomplete query up to 20 times, waiting 100 ms doubled up to 10 s, until it is complete or the context
// ends. When the tries are used up it returns the last, incomplete result without an error.
func (p *Project) GetLogsComplete(ctx context.Context, logstore string, q Query) (*Result, error) {
	var res *Result
	err := complete(ctx, func() (done bool, err error) {
		res, err = p.GetLogs(ctx, logstore, q)
		return err == nil && res.Complete, err
	})
	return res, err
}

// complete runs a query until it is done, the tries are used up, or the context ends.
func complete(ctx context.Context, query func() (done bool, err error)) error {
	wait := completeFirst
	for try := 1; ; try++ {
		done, err := query()
		if err != nil || done || try == completeTries || !sleep(ctx, wait) {
			return err
		}
		wait = min(2*wait, completeMost)
	}
}

// GetHistogramsComplete repeats an incomplete count as [Project.GetLogsComplete] does a query. The second result tells
// whether it became complete.
func (p *Project) GetHistogramsComplete(ctx context.Context, logstore string, from, to time.Time, query string, interval time.Duration) ([]Histogram, bool, error) {
	var out []Histogram
	var all bool
	err := complete(ctx, func() (done bool, err error) {
		out, all, err = p.GetHistograms(ctx, logstore, from, to, query, interval)
		return all, err
	})
	return out, all, err
}

// Histogram is the number of logs in one interval [From, To).
type Histogram struct {
	From, To time.Time
	Count    int64
	Complete bool
}

// GetHistograms counts the logs that a search finds, by intervals. interval 0 lets the service choose. The second result
// tells whether all of the range was searched. Kinds as [Project.GetLogs].
func (p *Project) GetHistograms(ctx context.Context, logstore string, from, to time.Time, query string, interval time.Duration) ([]Histogram, bool, error) {
	r := p.request("count logs", "log:GetLogStoreHistogram", logstore, "")
	r.query = url.Values{
		"type": {"histogram"}, "from": {strconv.FormatInt(from.Unix(), 10)}, "to": {strconv.FormatInt(to.Unix(), 10)},
		"topic": {""}, "query": {query},
	}
	if interval > 0 {
		r.query.Set("interval", strconv.FormatInt(int64(interval/time.Second), 10))
	}
	resp, err := p.c.do(ctx, r)
	if err != nil {
		return nil, false, err
	}
	var rows []struct {
		From     int64  `json:"from"`
		To       int64  `json:"to"`
		Count    int64  `json:"count"`
		Progress string `json:"progress"`
	}
	if err := p.c.decode(r, resp, &rows); err != nil {
		return nil, false, err
	}
	out := make([]Histogram, len(rows))
	for i, h := range rows {
		out[i] = Histogram{time.Unix(h.From, 0).UTC(), time.Unix(h.To, 0).UTC(), h.Count, h.Progress == "Complete"}
	}
	return out, resp.header.Get("x-log-progress") == "Complete", nil
}
