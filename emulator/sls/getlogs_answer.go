package sls

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
)

func (c *call) headersV1(q *logQuery, f *found) {
	h := c.w.Header()
	for name, value := range map[string]string{
		"x-log-progress": progressOf(f.partial), "x-log-count": strconv.Itoa(len(f.rows)), "x-log-processed-rows": strconv.Itoa(f.looked),
		"x-log-elapsed-millisecond": c.elapsed(), "x-log-has-sql": strconv.FormatBool(f.sql != nil), "x-log-where-query": oneLine(q.where()),
		"x-log-agg-query": "", "x-log-query-info": "", "x-log-cpu-sec": "0", "x-log-cpu-cores": "0",
	} {
		h.Set(name, value)
	}
	if f.sql == nil {
		return
	}
	h.Set("x-log-agg-query", oneLine(q.rest))
	h.Set("x-log-query-info", f.queryInfo(q))
	h.Set("x-log-cpu-sec", strconv.FormatFloat(f.sql.took.Seconds(), 'f', 3, 64))
	h.Set("x-log-cpu-cores", "1")
}

func progressOf(partial bool) string {
	if partial {
		return "Incomplete"
	}
	return "Complete"
}

// queryInfo is the header of that name: JSON in ASCII.
//
// Assumption: it holds keys, terms as pairs and limited as text. The header is documented, its content is what the Go
// client reads.
func (f *found) queryInfo(q *logQuery) string {
	pairs := [][]string{}
	for _, t := range q.parsed.terms(nil) {
		pairs = append(pairs, []string{t.Term, t.Key})
	}
	text, err := json.Marshal(map[string]any{"keys": f.sql.Keys, "terms": pairs, "limited": strconv.Itoa(f.sql.limited())})
	if err != nil { // texts always marshal
		panic(err)
	}
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(string(text))) {
		if u < 0x7f { // JSON has escaped the other control characters
			b.WriteByte(byte(u))
		} else {
			fmt.Fprintf(&b, `\u%04x`, u)
		}
	}
	return b.String()
}

// meta is what version 2 and 3 say of the answer.
//
// Assumption: SQL that was not given all logs, because of a quota, is Complete and not accurate. cpuSec is the time that
// the statement took, on one core.
func (c *call) meta(q *logQuery, f *found) map[string]any {
	mode, scanBytes := 0, 0
	switch {
	case f.scanned:
		mode, scanBytes = 2, f.lookedBytes
	case q.parsed.hasPhrase():
		mode = 1
	}
	meta := map[string]any{
		"progress": progressOf(f.partial), "count": len(f.rows), "processedRows": f.looked, "processedBytes": f.lookedBytes,
		"elapsedMillisecond": c.s.opts.Clock().Sub(c.now).Milliseconds(), "hasSQL": false, "whereQuery": q.where(), "aggQuery": "",
		"cpuSec": 0, "cpuCores": 0, "limited": 0, "telementryType": "", "powerSql": q.Power, "insertedSQL": "",
		"keys": []string{}, "terms": q.parsed.terms([]term{}), "mode": mode, "scanBytes": scanBytes, "isAccurate": 1,
		"columnTypes": []string{}, "highlights": []any{},
	}
	if f.sql == nil {
		return meta
	}
	types := []string{}
	for _, t := range f.sql.Types {
		types = append(types, t.String())
	}
	accurate := 1
	if f.sql.cut {
		accurate = 0
	}
	maps.Copy(meta, map[string]any{
		"hasSQL": true, "aggQuery": q.rest, "keys": f.sql.Keys, "columnTypes": types, "limited": f.sql.limited(),
		"cpuSec": f.sql.took.Seconds(), "cpuCores": 1, "isAccurate": accurate,
	})
	return meta
}

// oneLine makes a text fit for a header: clients break off at control characters there.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}
