package doctor

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/sls"
)

// recent is how far back runs are looked at.
const recent = 15 * time.Minute

// recentFailures returns the functions whose newest run of the last 15 minutes failed, with what they said, and how many
// functions ran at all. A failure before a success is over: triggers deliver again. So is one from before the function
// was deployed again, and those of functions that have just answered the doctor.
func (e *examination) recentFailures(ctx context.Context) (failures map[string]string, looked int, err error) {
	to := time.Now()
	ends, err := e.search(ctx, to, `"FC Invoke End"`)
	if err != nil {
		return nil, 0, err
	}
	failures, ran := map[string]string{}, map[string]bool{}
	for _, l := range ends { // newest first
		name := l["functionName"]
		if ran[name] {
			continue
		}
		ran[name] = true
		if name == "onboard" && e.seen.verified != nil || name == "diagnose" && e.seen.asked || e.before(name, l["__time__"]) {
			continue
		}
		if !strings.Contains(l["message"], ", Error: ") {
			continue
		}
		failures[name] = l["requestId"]
		said, err := e.search(ctx, to, `"`+l["requestId"]+`" and ERROR`)
		if err != nil {
			return nil, 0, err
		}
		for _, s := range said {
			if s["functionName"] == name && strings.Contains(s["message"], `"level":"ERROR"`) {
				failures[name] = shortened(s["message"])
			}
		}
	}
	return failures, len(ran), nil
}

// before tells whether a line was written before its function was last changed, or in the same second: neither time is
// finer. Not when that cannot be read.
func (e *examination) before(function, seconds string) bool {
	at, errAt := strconv.ParseInt(seconds, 10, 64)
	changed, err := time.Parse(time.RFC3339, e.seen.functions[function].Changed)
	return errAt == nil && err == nil && !time.Unix(at, 0).After(changed)
}

// search reads the newest lines of the functions that match, at most 100.
func (e *examination) search(ctx context.Context, to time.Time, query string) ([]map[string]string, error) {
	r, err := e.central.GetLogs(ctx, "functions", sls.Query{From: to.Add(-recent), To: to.Add(time.Minute), Query: query, Line: 100, Reverse: true})
	if err != nil {
		return nil, err
	}
	return r.Logs, nil
}
