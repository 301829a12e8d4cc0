package sls

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const sqlIndex = `{"line": {"token": [" "]}, "keys": {
  "status": {"type": "long", "doc_value": true, "alias": "code"}, "ms": {"type": "double", "doc_value": true},
  "method": {"type": "text", "token": [" "], "doc_value": true}, "secret": {"type": "text", "token": [" "]},
  "event": {"type": "json", "token": [" "], "doc_value": true, "json_keys": {"user.name": {"type": "text", "doc_value": true}, "n": {"type": "long", "doc_value": true}, "hidden": {"type": "text"}}}
 }, "max_text_len": 64}`

// sqlWorld has one Logstore with two groups on two shards.
func sqlWorld(t testing.TB, change func(*Options)) *world {
	t.Helper()
	w := newWorld(t, change)
	w.seed("audit", 1)
	at := uint32(start.Unix())
	groups := [][]byte{
		groupOf("waf", "10.0.0.1",
			logOf(at, 0, kv{"status", "200"}, kv{"method", "GET"}, kv{"ms", "1.5"}, kv{"event", `{"user":{"name":"ann"},"n":3}`}),
			logOf(at+1, 5, kv{"status", "404"}, kv{"method", "GET"}, kv{"secret", "x"})),
		appendTag(groupOf("", "10.0.0.2",
			logOf(at+2, 0, kv{"status", "none"}, kv{"method", strings.Repeat("é", 40)}),
			logOf(at+3, 0, kv{"status", "500"}, kv{"event", `{"user":{"name":"bob"},"n":"4"}`})), "host", "web-1"),
	}
	for _, g := range groups {
		if err := w.s.Append(accountC, "shop-logs", "audit", g, start); err != nil {
			t.Fatal(err)
		}
	}
	if a := w.do(request{method: "POST", target: "/logstores/audit/index", project: "shop-logs", body: []byte(sqlIndex)}); a.status != 200 {
		t.Fatalf("%s", a.body)
	}
	return w
}

// cells puts the rows of an answer into lines, with the columns in the order of meta.keys.
func cells(meta map[string]any, rows []map[string]string) string {
	var lines []string
	for _, row := range rows {
		var list []string
		for _, k := range meta["keys"].([]any) {
			list = append(list, row[k.(string)])
		}
		lines = append(lines, strings.Join(list, "|"))
	}
	return strings.Join(lines, "\n")
}

func TestAnalysis(t *testing.T) {
	t.Parallel()
	w := sqlWorld(t, nil)
	for _, c := range []struct{ query, want string }{
		{"* | select count(*)", "4"},
		{"GET | select count(*) as c", "2"},
		{"status > 300 | SELECT method, count(*) FROM log GROUP BY method ORDER BY 1", "GET|1\nnull|1"},
		{"* | select sum(status), sum(code), avg(ms), max(__time__) - min(__time__)", "1104|1104|1.5|3"},
		{`* | select "event.user.name" as u, "event.n" where "event.n" is not null order by u`, "ann|3\nbob|4"},
		{`* | select json_extract_scalar(event, '$.user.name') as u, count(*) group by u order by u`, "ann|1\nbob|1\nnull|2"},
		{`* | select __topic__, __source__, "__tag__:host", count(*) group by 1, 2, 3 order by 2`, "waf|10.0.0.1|null|2\n|10.0.0.2|web-1|2"},
		{`* | select length(method) where method not like 'G%'`, "32"},
		{`* | select __date__, __time_ns_part__ order by __time__ limit 1, 1`, "2026-05-04 11:02:02.000|5"},
		{"nothing | select count(*), max(method)", "0|null"},
		{"* | select * from log where status = 200", `{"user":{"name":"ann"},"n":3}|3|ann|GET|1.5|200|waf|10.0.0.1|` + strconv.FormatInt(start.Unix(), 10)},
		{"* | with g as (select method, count(*) as c from log group by method) select max(c) from g", "2"},
		{`"GET | x" | select count(*)`, "0"},
		{"* | select secret", "ParameterInvalid"},
		{`* | select "event.hidden"`, "ParameterInvalid"},
		{"* | select __line__", "ParameterInvalid"},
		{"* | select count(*);", "ParameterInvalid"},
		{"* | select nosuch(1)", "ParameterInvalid"},
		{"* | select 1/0", "ParameterInvalid"},
		{"* | select * from audit", "ParameterInvalid"},
		{"* | insert into log values (1)", "ParameterInvalid"},
		{"(* | select 1", "ParameterInvalid"},
		{"nosuch:1 | select 1", "ParameterInvalid"},
		{"* | set session query_max_run_time=10s; select 1", "ParameterInvalid"},
	} {
		meta, rows, a := w.search(map[string]any{"query": c.query, "line": -1, "offset": 99, "reverse": true})
		got := a.code()
		if a.status == 200 {
			got = cells(meta, rows)
		}
		if got != c.want {
			t.Errorf("%s\ngot  %q\nwant %q (%s)", c.query, got, c.want, a.body)
		}
	}
}

func TestAnalysisMeta(t *testing.T) {
	t.Parallel()
	w := sqlWorld(t, nil)
	meta, rows, _ := w.search(map[string]any{"query": " GET or method:POST | select count(*) as n, method as m, avg(ms) as a group by m ", "powerSql": true})
	want := map[string]any{
		"progress": "Complete", "count": 1., "processedRows": 4., "hasSQL": true, "whereQuery": "GET or method:POST",
		"aggQuery": "select count(*) as n, method as m, avg(ms) as a group by m", "limited": 100., "mode": 0., "isAccurate": 1.,
		"keys": []any{"n", "m", "a"}, "columnTypes": []any{"bigint", "varchar", "double"}, "powerSql": true, "cpuCores": 1.,
		"terms": []any{map[string]any{"key": "", "term": "GET"}, map[string]any{"key": "method", "term": "POST"}},
	}
	got := map[string]any{}
	for k := range want {
		got[k] = meta[k]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]map[string]string{{"n": "2", "m": "GET", "a": "1.5"}}, rows); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if meta["processedBytes"].(float64) <= 0 {
		t.Errorf("%v", meta)
	}
	if meta, _, _ = w.search(map[string]any{"query": "* | select 1 limit 5"}); meta["limited"] != 0. {
		t.Errorf("limited %v with a LIMIT", meta["limited"])
	}
}

// TestAnalysisHeaders asks with version 1, where the meta is in headers.
func TestAnalysisHeaders(t *testing.T) {
	t.Parallel()
	w := sqlWorld(t, nil)
	q := url.Values{"type": {"log"}, "from": {fmt.Sprint(start.Unix())}, "to": {fmt.Sprint(start.Unix() + 100)}, "query": {"GET or \x01\x7f |\nselect count(*) as \"数\""}}
	a := w.do(request{method: "GET", target: "/logstores/audit?" + q.Encode(), project: "shop-logs"})
	var rows []map[string]string
	a.decode(t, &rows)
	if diff := cmp.Diff([]map[string]string{{"数": "2"}}, rows); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{
		"x-log-has-sql": "true", "x-log-where-query": "GET or", "x-log-agg-query": `select count(*) as "数"`, "x-log-progress": "Complete",
		"x-log-query-info": `{"keys":["\u6570"],"limited":"100","terms":[["GET",""],["\u0001\u007f",""]]}`, "x-log-count": "1", "x-log-processed-rows": "4", "x-log-cpu-cores": "1",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	var info struct{ Keys []string }
	if err := json.Unmarshal([]byte(a.header.Get("x-log-query-info")), &info); err != nil || info.Keys[0] != "数" {
		t.Errorf("%v %v", info, err)
	}
	q.Set("query", "* | select nosuch")
	if a = w.do(request{method: "GET", target: "/logstores/audit?" + q.Encode(), project: "shop-logs"}); a.code() != "ParameterInvalid" || !strings.Contains(string(a.body), "please add the column in the index attribute") {
		t.Errorf("%s", a.body)
	}
	if w.policy.deny = "log:GetLogStoreLogs"; w.do(request{method: "GET", target: "/logstores/audit?" + q.Encode(), project: "shop-logs"}).code() != "Unauthorized" {
		t.Error("a statement that is wrong is told to who may not ask")
	}
}

func TestHistogramOfSQL(t *testing.T) {
	t.Parallel()
	w := sqlWorld(t, nil)
	q := url.Values{"type": {"histogram"}, "from": {fmt.Sprint(start.Unix())}, "to": {fmt.Sprint(start.Unix() + 100)}, "query": {"GET | select count(*)"}}
	if a := w.do(request{method: "GET", target: "/logstores/audit?" + q.Encode(), project: "shop-logs"}); a.header.Get("x-log-count") != "2" {
		t.Errorf("%s %v", a.body, a.header)
	}
}

func TestAnalysisQuotas(t *testing.T) {
	t.Parallel()
	w := sqlWorld(t, func(o *Options) { o.Quotas.Analyses, o.Quotas.AnalysisBytes = 1, 1 })
	meta, rows, _ := w.search(map[string]any{"query": "* | select count(*) as c"})
	if meta["isAccurate"] != 0. || rows[0]["c"] != "2" { // the first group alone
		t.Errorf("%v %v", meta, rows)
	}
	if !w.s.analyses.begin("shop-logs", 1) {
		t.Fatal("the place was not given back")
	}
	if _, _, a := w.search(map[string]any{"query": "* | select count(*)"}); a.status != 403 || a.code() != "ReadQuotaExceed" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if _, _, a := w.search(map[string]any{"query": "*"}); a.status != 200 {
		t.Errorf("%s", a.body)
	}
	w.s.analyses.end("shop-logs")
	if _, _, a := w.search(map[string]any{"query": "* | select count(*)"}); a.status != 200 {
		t.Errorf("%s", a.body)
	}
}

func TestProjectLogs(t *testing.T) {
	t.Parallel()
	w := sqlWorld(t, nil)
	w.seed("other", 1)
	for _, c := range []struct{ query, want string }{
		{"select count(*) as c from audit where __time__ > 0", `[{"c":"4"}]`},
		{"* | select count(*) as c from audit where __date__ > '2026-05-04 11:02:03'", `[{"c":"1"}]`},
		{"select a.method as m, count(*) as c from audit a join audit b on a.method = b.method where a.__time__ > 0 and b.__time__ > 0 group by 1 order by 2 desc limit 1", `[{"c":"4","m":"GET"}]`},
		{"select count(*) from audit", "ParameterInvalid"},
		{"select count(*) where __time__ > 0", "LogStoreNotExist"},
		{"select 1 from nosuch where __time__ > 0", "LogStoreNotExist"},
		{"select 1 from other where __time__ > 0", "IndexConfigNotExist"},
		{"GET | select count(*) from audit where __time__ > 0", "ParameterInvalid"},
		{"", "ParameterInvalid"},
		{"drop table audit", "ParameterInvalid"},
	} {
		a := w.do(request{method: "GET", target: "/logs?" + url.Values{"query": {c.query}}.Encode(), project: "shop-logs"})
		got := a.code()
		if a.status == 200 {
			got = string(a.body)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q (%s)", c.query, got, c.want, a.body)
		}
	}
	if w.policy.deny = "log:GetLogStoreLogs"; w.do(request{method: "GET", target: "/logs?query=select+1+from+audit+where+__time__+%3E+0", project: "shop-logs"}).code() != "Unauthorized" {
		t.Error("who may not read the Logstore reads it")
	}
}

func TestScanSPL(t *testing.T) {
	t.Parallel()
	w := sqlWorld(t, nil)
	sec := strconv.FormatInt(start.Unix()+1, 10)
	meta, rows, a := w.search(map[string]any{"query": "GET | where STATUS = '404' | extend n = 1 | project status, n, secret"})
	if diff := cmp.Diff([]map[string]string{{"__time__": sec, "__time_ns_part__": "5", "n": "1", "status": "404", "secret": "x"}}, rows); diff != "" {
		t.Errorf("%s -want +got:\n%s", a.body, diff)
	}
	if meta["mode"] != 2. || meta["hasSQL"] != false || meta["whereQuery"] != "GET" || meta["scanBytes"].(float64) <= 0 {
		t.Errorf("%v", meta)
	}
	if _, rows, _ = w.search(map[string]any{"query": "* | extend a = 1", "offset": 1, "line": 2, "reverse": true}); len(rows) != 2 || rows[0]["__time__"] != strconv.FormatInt(start.Unix()+2, 10) {
		t.Errorf("%v", rows)
	}
	for _, query := range []string{"* | where status", "* | stats count(*)", "* | fields x"} {
		if _, _, a := w.search(map[string]any{"query": query}); a.code() != "ParameterInvalid" {
			t.Errorf("%s: %s", query, a.body)
		}
	}
}

// TestFilteredPull looks at what is left, what the headers say, and that the cursor moves over what is gone.
func TestFilteredPull(t *testing.T) {
	t.Parallel()
	w := sqlWorld(t, nil)
	const shard0 = "/logstores/audit/shards/0"
	begin := w.cursorAt(shard0, "begin")
	first, err := decodeCursor(begin)
	if err != nil {
		t.Fatal(err)
	}
	at := uint32(start.Unix())
	for _, c := range []struct {
		query   string
		groups  [][]byte
		headers map[string]string
	}{
		{
			"* | where status = '404'",
			[][]byte{groupFields("waf", "10.0.0.1", nil, logOf(at+1, 5, kv{"status", "404"}, kv{"method", "GET"}, kv{"secret", "x"}))},
			map[string]string{"x-log-count": "1", "x-log-rawdatacount": "2", "x-log-rawdatalines": "4", "x-log-resultlines": "1", "x-log-failedlines": "0", "x-log-read-last-cursor": strconv.FormatInt(first, 10)},
		},
		{
			"* | where cast(status as bigint) >= 500 | project status, \"__tag__:host\", host=method",
			[][]byte{groupFields("", "", []byte("web-1"), logOf(at+3, 0, kv{"status", "500"}))},
			map[string]string{"x-log-count": "1", "x-log-resultlines": "1", "x-log-failedlines": "1", "x-log-read-last-cursor": strconv.FormatInt(first+1, 10)},
		},
		{
			"* | where status = 'gone'", nil,
			map[string]string{"x-log-count": "0", "x-log-bodyrawsize": "0", "x-log-rawdatacount": "2", "x-log-resultlines": "0", "x-log-read-last-cursor": ""},
		},
		{
			"* | where method = 'GET' | extend __topic__ = status | project status, __topic__",
			[][]byte{
				groupFields("200", "", nil, logOf(at, 0, kv{"status", "200"})),
				groupFields("404", "", nil, logOf(at+1, 5, kv{"status", "404"})),
			},
			map[string]string{"x-log-count": "2", "x-log-rawdatacount": "2", "x-log-read-last-cursor": ""},
		},
	} {
		for _, kind := range []string{"", "lz4", "zstd"} {
			got, a := w.pull(pullTarget(shard0, begin, 10, "&pullMode=scan_on_stream&query="+url.QueryEscape(c.query)), kind)
			if a.status != 200 {
				t.Errorf("%s: %s", c.query, a.body)
				continue
			}
			if diff := cmp.Diff(c.groups, got); diff != "" {
				t.Errorf("%s -want +got:\n%s", c.query, diff)
			}
			if next := a.header.Get("x-log-cursor"); next != EncodeCursor(first+2) {
				t.Errorf("%s: cursor %s", c.query, next)
			}
			for name, want := range c.headers {
				if got := a.header.Get(name); got != want {
					t.Errorf("%s: %s is %q, want %q", c.query, name, got, want)
				}
			}
			if size, err := strconv.Atoi(a.header.Get("x-log-rawdatasize")); err != nil || size < 100 {
				t.Errorf("raw size %q", a.header.Get("x-log-rawdatasize"))
			}
		}
	}
	if _, a := w.pull(pullTarget(shard0, begin, 1, "&query="+url.QueryEscape("* | where status = '500'")), ""); a.header.Get("x-log-cursor") != EncodeCursor(first+1) || a.header.Get("x-log-count") != "0" || a.header.Get("x-log-end-of-cursor") != "" {
		t.Errorf("a page of one group: %v", a.header)
	}
	for _, query := range []string{"GET | where a = 'x'", "*", "* | select 1", "* | where status", "* | where", "status:200"} {
		if _, a := w.pull(pullTarget(shard0, begin, 1, "&query="+url.QueryEscape(query)), ""); a.code() != "ParameterInvalid" {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
	if _, a := w.pull(pullTarget(shard0, begin, 1, "&pullMode=scan_on_stream"), ""); a.code() != "ParameterInvalid" {
		t.Errorf("no query: %s", a.body)
	}
}

// TestFilteredPullCountsWhatItReads: the quota of a shard counts the bytes before the filter.
func TestFilteredPullCountsWhatItReads(t *testing.T) {
	t.Parallel()
	w := sqlWorld(t, func(o *Options) { o.Quotas.ReadBytes = 100 })
	const shard0 = "/logstores/audit/shards/0"
	target := pullTarget(shard0, w.cursorAt(shard0, "begin"), 10, "&query="+url.QueryEscape("* | where status = 'gone'"))
	if _, a := w.pull(target, ""); a.status != 200 {
		t.Fatalf("%s", a.body)
	}
	if _, a := w.pull(target, ""); a.code() != "ShardReadQuotaExceed" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// groupFields serializes a LogGroup as a filtered pull does: logs, then topic, source and the tag host where there are.
func groupFields(topic, source string, host []byte, log []byte) []byte {
	b := appendField(nil, 1, log)
	if topic != "" {
		b = appendField(b, 3, []byte(topic))
	}
	if source != "" {
		b = appendField(b, 4, []byte(source))
	}
	if host != nil {
		b = appendPair(b, 6, "host", string(host))
	}
	return b
}

// BenchmarkAnalysis groups 100,000 stored logs, from the request to the answer.
func BenchmarkAnalysis(b *testing.B) {
	w := newWorld(b, nil)
	w.seed("audit", 4)
	for g := range 100 {
		var logs [][]byte
		for i := range 1000 {
			logs = append(logs, logOf(uint32(start.Unix())+uint32(i%60), 0, kv{"status", strconv.Itoa(200 + (g+i)%7*50)}, kv{"method", "GET"}))
		}
		if err := w.s.Append(accountC, "shop-logs", "audit", groupOf("", "s", logs...), start.Add(time.Duration(g))); err != nil {
			b.Fatal(err)
		}
	}
	w.do(request{method: "POST", target: "/logstores/audit/index", project: "shop-logs", body: []byte(sqlIndex)})
	b.ReportAllocs()
	for b.Loop() {
		if _, rows, a := w.search(map[string]any{"query": "* | select status, count(*) as c group by status order by c desc"}); len(rows) != 7 {
			b.Fatalf("%s", a.body)
		}
	}
}

// BenchmarkFilteredPull filters pages of 100 groups of 100 logs.
func BenchmarkFilteredPull(b *testing.B) {
	w := newWorld(b, nil)
	w.seed("audit", 1)
	size := 0
	for g := range 100 {
		var logs [][]byte
		for i := range 100 {
			logs = append(logs, logOf(uint32(start.Unix()), 0, kv{"status", strconv.Itoa(200 + (g+i)%7*50)}, kv{"method", "GET"}, kv{"uri", "/a/path/of/some/length?with=parameters"}))
		}
		raw := groupOf("", "s", logs...)
		size += len(raw)
		if err := w.s.Append(accountC, "shop-logs", "audit", raw, start.Add(time.Duration(g))); err != nil {
			b.Fatal(err)
		}
	}
	const shard0 = "/logstores/audit/shards/0"
	target := pullTarget(shard0, w.cursorAt(shard0, "begin"), 100, "&query="+url.QueryEscape("* | where status = '500'"))
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		if groups, a := w.pull(target, "lz4"); len(groups) != 100 {
			b.Fatalf("%d %s", len(groups), a.body)
		}
	}
}
