package normalize

import (
	"strconv"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/sigma"
)

// EventTime returns when the event happened, as the product wrote it; ok is false when the record does not tell, and
// the time of the log counts then. The fields are those of the fact sheet: eventTime of ActionTrail, time of WAF, start_time of
// Cloud Firewall and Security Center. The time of an OSS record carries no zone, so its log time counts.
func (r *Record) EventTime() (t time.Time, ok bool) {
	if r.template.timeOf == nil {
		return time.Time{}, false
	}
	return r.template.timeOf(r)
}

func actiontrailTime(r *Record) (time.Time, bool) { return r.rfc3339("eventTime") }
func wafTime(r *Record) (time.Time, bool)         { return r.rfc3339("time") }
func startTime(r *Record) (time.Time, bool)       { return r.unix("start_time") }

func (r *Record) rfc3339(field string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, r.Text(field))
	return t.UTC(), err == nil
}

func (r *Record) unix(field string) (time.Time, bool) {
	n, err := strconv.ParseInt(r.Text(field), 10, 64)
	if err != nil || n <= 0 || n > 1<<33 {
		return time.Time{}, false
	}
	return time.Unix(n, 0).UTC(), true
}

// Evidence returns the value of a field of a hit as it stands in the record, cut to limit bytes; elements of a list
// are joined by commas. It is "" when there is none.
func (r *Record) Evidence(f sigma.Field, limit int) string {
	for _, p := range f.Paths {
		v, state := r.Field(p)
		var text []byte
		switch state {
		case sigma.Value:
			text = v
		case sigma.List:
			r.Inside(r.index(p.Key), p.Sub, func(v []byte, _ sigma.State) bool {
				if len(text) > 0 {
					text = append(text, ',')
				}
				text = append(text, v...)
				return len(text) < limit
			})
		}
		if len(text) > 0 {
			return cut(text, limit)
		}
	}
	return ""
}
