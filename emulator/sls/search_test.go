package sls

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const testIndex = `{
 "line": {"token": [","," ","'","\"",";","=","(",")","[","]","{","}","?","@","&","<",">","/",":","\n","\t","\r"], "caseSensitive": false, "chn": true, "exclude_keys": ["secret"]},
 "keys": {
  "status": {"type": "long"}, "time_ms": {"type": "double", "alias": "latency"},
  "uri": {"type": "text", "token": ["/","?","=","&"," "]}, "host": {"type": "text", "token": [], "caseSensitive": true},
  "my key": {"type": "text", "token": [" "]}, "note": {"type": "text", "token": [" ","-"]},
  "event": {"type": "json", "token": [" ","\"",":","{","}",",","."], "json_keys": {"eventName": {"type": "text"}, "userIdentity.type": {"type": "text"}, "code": {"type": "long"}}},
  "any": {"type": "json", "index_all": true, "token": [" "]}
 }, "ttl": 30}`

// The logs of the search tests are named by their place: 0 is the first.
var searchLogs = [][]kv{
	{{"status", "200"}, {"time_ms", "1.5"}, {"uri", "/api/user?id=7"}, {"host", "www.Shop.example"}, {"note", "the quick brown fox"}},
	{{"status", "404"}, {"time_ms", "20"}, {"uri", "/api/users"}, {"host", "www.shop.example"}, {"note", "brown quick fox"}, {"my key", "two words"}},
	{{"status", "500"}, {"time_ms", "-3"}, {"note", ""}, {"secret", "hidden"}, {"event", `{"eventName":"ConsoleSignin","userIdentity":{"type":"ram-user"},"code":403}`}},
	{{"status", "none"}, {"note", "not and or"}, {"event", `{"eventName":"CreateUser","userIdentity":{"type":"root-account"},"code":200}`}, {"any", `{"a":{"b":"deep value"},"n":5}`}},
	{{"note", "云安全 中心"}, {"x", "y"}, {"event", `not json`}, {"any", `[1]`}},
}

// searchWorld holds searchLogs, one second apart; logs 3 and 4 are in a second group with topic, source and a tag.
func searchWorld(t testing.TB) *world {
	t.Helper()
	w := newWorld(t, nil)
	w.seed("audit", 1)
	var logs [][]byte
	for i, contents := range searchLogs {
		logs = append(logs, logOf(uint32(start.Unix())+uint32(i), 0, contents...))
	}
	groups := [][]byte{groupOf("waf", "10.0.0.1", logs[:3]...), appendTag(groupOf("sas log", "10.0.0.2", logs[3:]...), "__hostname__", "web-1")}
	for _, g := range groups {
		if err := w.s.Append(accountC, "shop-logs", "audit", g, start); err != nil {
			t.Fatal(err)
		}
	}
	if a := w.do(request{method: "POST", target: "/logstores/audit/index", project: "shop-logs", body: []byte(testIndex)}); a.status != 200 {
		t.Fatalf("%s", a.body)
	}
	return w
}

func TestSearch(t *testing.T) {
	t.Parallel()
	w := searchWorld(t)
	cases := []struct {
		query string
		want  string // places of the logs found; or the code of the error
	}{
		{"", "0 1 2 3 4"},
		{"*", "0 1 2 3 4"},
		{"quick", "0 1"},
		{"QUICK", "0 1"},
		{"quick brown the", "0"},
		{"quick and the", "0"},
		{"the or deep", "0 3"},
		{"the OR deep", "0 3"},
		{"not quick", "2 3 4"},
		{"quick not the", "1"},
		{"quick and not the and fox", "1"},
		{"not quick and the", "1 2 3 4"}, // and binds stronger than not
		{"(not quick) and deep", "3"},
		{"the or deep and nothing", "0"},
		{"(the or deep) and nothing", ""},
		{"hidden", ""}, // excluded from the line
		{"secret:hidden", "ParameterInvalid"},
		{`"not"`, "3 4"},
		{`"quick brown"`, "0 1"},
		{`#"quick brown"`, "0"},
		{`note:#"brown quick"`, "1"},
		{`note:"quick fox"`, "0 1"},
		{"uri:user", "0"},
		{"uri: /api/user", "0"},
		{"uri:user*", "0 1"},
		{"uri:us?rs", "1"},
		{`uri:"us?rs"`, ""},
		{`uri:us\*rs`, ""},
		{"uri:/api/*", "0 1"},
		{"us*rs", "1"},
		{"uri:*sers", "ParameterInvalid"},
		{"*sers", "ParameterInvalid"},
		{"uri:a" + strings.Repeat("b", 63) + "*", "ParameterInvalid"},
		{"host:www.Shop.example", "0"},
		{"host:www.shop.example", "1"},
		{"host:shop", ""},
		{`"my key":words`, "1"},
		{`my\ key:words`, "1"},
		{`note:""`, "2"},
		{"note:*", "0 1 2 3 4"},
		{"uri:*", "0 1"},
		{"not uri:*", "2 3 4"},
		{"status>200", "1 2"},
		{"status >= 200 and status<500", "0 1"},
		{"status=404", "1"},
		{"status:404", "1"},
		{"status<=200", "0"},
		{"status in [200 404]", "0 1"},
		{"status in (200 404]", "1"},
		{"status in [200 404)", "0"},
		{"time_ms>1.4", "0 1"},
		{"time_ms<-1", "2"},
		{"latency>10", "1"},
		{"uri>10", "ParameterInvalid"},
		{"status:abc", "ParameterInvalid"},
		{"status>abc", "ParameterInvalid"},
		{"status in [1", "ParameterInvalid"},
		{"absent:1", "ParameterInvalid"},
		{"event.eventName:ConsoleSignin", "2"},
		{"event.eventName:Console*", "2"},
		{`event.userIdentity.type:"root-account"`, "3"},
		{"event.code>300", "2"},
		{"event.eventName:CreateUser", "3"},
		{"event:CreateUser", "3"},
		{"event.other:1", "ParameterInvalid"},
		{"any.a.b:deep", "3"},
		{"any.n:5", "3"},
		{"any.x:5", ""},
		{"__topic__:waf", "0 1 2"},
		{"__topic__:log", "3 4"},
		{"__source__:10.0.0.2", "3 4"},
		{"__tag__:__hostname__:web-1", "3 4"},
		{`__tag__:"__hostname__":"web-1" and deep`, "3"},
		{"__tag__:other:web-1", ""},
		{"web-1", "3 4"},
		{"安全", "4"},
		{`#"云安"`, "4"},
		{`#"全云"`, ""},
		{"quick or", "ParameterInvalid"},
		{"and quick", "ParameterInvalid"},
		{"(quick", "ParameterInvalid"},
		{"quick)", "ParameterInvalid"},
		{`"quick`, "ParameterInvalid"},
		{"uri:", "ParameterInvalid"},
		{":x", "ParameterInvalid"},
		{"()", "ParameterInvalid"},
		{"* |", "ParameterInvalid"},
		{strings.Repeat("(", 200) + "quick" + strings.Repeat(")", 200), "ParameterInvalid"},
		{strings.Repeat("(", 50) + "quick" + strings.Repeat(")", 50), "0 1"},
		{strings.TrimSpace(strings.Repeat("zz ", 30)), ""},
		{strings.TrimSpace(strings.Repeat("zz ", 31)), "ParameterInvalid"},
	}
	for _, c := range cases {
		t.Run(c.query, func(t *testing.T) {
			t.Parallel()
			_, rows, a := w.search(map[string]any{"query": c.query})
			got := a.code()
			if a.status == 200 {
				got = places(t, rows)
			}
			if got != c.want {
				t.Errorf("%s: got %q, want %q (%s)", c.query, got, c.want, a.body)
			}
		})
	}
}

// places names the logs of an answer by their place in searchLogs.
func places(t testing.TB, rows []map[string]string) string {
	t.Helper()
	var list []string
	for _, row := range rows {
		sec, err := strconv.ParseInt(row["__time__"], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, strconv.FormatInt(sec-start.Unix(), 10))
	}
	return strings.Join(list, " ")
}

// search posts a GetLogs request over all test logs; more overrides its fields.
func (w *world) search(more map[string]any) (meta map[string]any, rows []map[string]string, a answer) {
	w.t.Helper()
	fields := map[string]any{"from": start.Unix(), "to": start.Unix() + 100}
	for k, v := range more {
		fields[k] = v
	}
	body, err := json.Marshal(fields)
	if err != nil {
		w.t.Fatal(err)
	}
	a = w.do(request{method: "POST", target: "/logstores/audit/logs", project: "shop-logs", body: body})
	var v struct {
		Meta map[string]any
		Data []map[string]string
	}
	if a.status == 200 {
		a.decode(w.t, &v)
	}
	return v.Meta, v.Data, a
}

func TestGetLogs(t *testing.T) {
	t.Parallel()
	w := searchWorld(t)
	now := start.Unix()
	for _, c := range []struct {
		name   string
		fields map[string]any
		want   string
	}{
		{"all", nil, "0 1 2 3 4"},
		{"half-open", map[string]any{"from": now + 1, "to": now + 3}, "1 2"},
		{"nanoseconds", map[string]any{"from": now + 1, "fromNs": 1, "to": now + 3, "toNs": 1}, "2 3"},
		{"reverse", map[string]any{"reverse": true}, "4 3 2 1 0"},
		{"page", map[string]any{"line": 2, "offset": 1}, "1 2"},
		{"page in reverse", map[string]any{"line": 2, "offset": 1, "reverse": true}, "3 2"},
		{"beyond", map[string]any{"offset": 9}, ""},
		{"none", map[string]any{"line": 0}, ""},
		{"topic", map[string]any{"topic": "waf"}, "0 1 2"},
		{"no time", map[string]any{"from": now, "to": now}, "InvalidTimeRange"},
		{"negative from", map[string]any{"from": -1}, "ParameterInvalid"},
		{"negative offset", map[string]any{"offset": -1}, "ParameterInvalid"},
		{"text for a number", map[string]any{"from": "x"}, "ParameterInvalid"},
	} {
		_, rows, a := w.search(c.fields)
		got := a.code()
		if a.status == 200 {
			got = places(t, rows)
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q (%s)", c.name, got, c.want, a.body)
		}
	}
	meta, rows, _ := w.search(map[string]any{"query": `uri:api and #"quick fox"`})
	want := map[string]any{
		"progress": "Complete", "count": 1.0, "processedRows": 5.0, "hasSQL": false, "mode": 1.0,
		"terms": []any{map[string]any{"key": "uri", "term": "api"}, map[string]any{"key": "", "term": "quick fox"}},
	}
	for k, v := range want {
		if d := cmp.Diff(v, meta[k]); d != "" {
			t.Errorf("meta.%s: %s", k, d)
		}
	}
	row := map[string]string{
		"status": "404", "time_ms": "20", "uri": "/api/users", "host": "www.shop.example", "note": "brown quick fox",
		"my key": "two words", "__time__": fmt.Sprint(now + 1), "__source__": "10.0.0.1", "__topic__": "waf",
	}
	if d := cmp.Diff([]map[string]string{row}, rows); d != "" {
		t.Error(d)
	}
}

func TestGetLogsClampsLines(t *testing.T) {
	t.Parallel()
	w := searchWorld(t)
	var logs [][]byte
	for i := range 300 {
		logs = append(logs, logOf(uint32(start.Unix())+50, uint32(300-i), kv{"note", "many"}))
	}
	if err := w.s.Append(accountC, "shop-logs", "audit", groupOf("", "", logs...), start); err != nil {
		t.Fatal(err)
	}
	if _, rows, _ := w.search(map[string]any{"query": "many", "line": 5000}); len(rows) != 100 || rows[0]["__topic__"] != "" {
		t.Errorf("%d rows", len(rows))
	}
}

func TestGetLogsForms(t *testing.T) {
	t.Parallel()
	w := searchWorld(t)
	q := url.Values{"type": {"log"}, "from": {fmt.Sprint(start.Unix())}, "to": {fmt.Sprint(start.Unix() + 100)}, "query": {"note:quick"}, "reverse": {"true"}}
	var rows []map[string]string
	a := w.do(request{method: "GET", target: "/logstores/audit?" + q.Encode(), project: "shop-logs"})
	a.decode(t, &rows)
	if got := places(t, rows); got != "1 0" || a.header.Get("x-log-progress") != "Complete" || a.header.Get("x-log-count") != "2" {
		t.Errorf("%q %v", got, a.header)
	}
	q.Set("reverse", "maybe")
	if a = w.do(request{method: "GET", target: "/logstores/audit?" + q.Encode(), project: "shop-logs"}); a.code() != "ParameterInvalid" {
		t.Errorf("%s", a.body)
	}
	body := fmt.Appendf(nil, `{"from":%d,"to":%d}`, start.Unix(), start.Unix()+9)
	for _, kind := range []string{"lz4", "zstd", "deflate"} {
		a = w.do(request{method: "POST", target: "/logstores/audit/logs", project: "shop-logs", body: body, header: map[string]string{"Accept-Encoding": kind}})
		text := a.body
		if size := a.header.Get("x-log-bodyrawsize"); size != "" {
			n, err := strconv.Atoi(size)
			if err != nil {
				t.Fatal(err)
			}
			if text, err = w.s.codec.decompress(nil, a.body, a.header.Get("x-log-compresstype"), n); err != nil {
				t.Fatal(err)
			}
		} else if kind != "deflate" {
			t.Errorf("%s: not compressed", kind)
		}
		if !json.Valid(text) || !strings.Contains(string(text), "ConsoleSignin") {
			t.Errorf("%s: %s", kind, text)
		}
	}
}

func TestHistograms(t *testing.T) {
	t.Parallel()
	w := searchWorld(t)
	for _, path := range []string{"/logstores/audit", "/logstores/audit/index"} {
		q := url.Values{"type": {"histogram"}, "from": {fmt.Sprint(start.Unix())}, "to": {fmt.Sprint(start.Unix() + 5)}, "query": {"status:*"}, "interval": {"2"}, "topic": {""}}
		var got []bucket
		a := w.do(request{method: "GET", target: path + "?" + q.Encode(), project: "shop-logs"})
		a.decode(t, &got)
		n := start.Unix()
		if d := cmp.Diff([]bucket{{n, n + 2, 2, "Complete"}, {n + 2, n + 4, 2, "Complete"}, {n + 4, n + 5, 0, "Complete"}}, got); d != "" {
			t.Error(d)
		}
		if a.header.Get("x-log-count") != "4" || a.header.Get("x-log-progress") != "Complete" {
			t.Errorf("%v", a.header)
		}
		q.Del("interval")
		q.Set("to", fmt.Sprint(n+600))
		w.do(request{method: "GET", target: path + "?" + q.Encode(), project: "shop-logs"}).decode(t, &got)
		if len(got) != 60 || got[0].Count != 4 {
			t.Errorf("%d bars: %v", len(got), got[:1])
		}
	}
}

// TestSearchDelay: new logs are pulled at once and found later.
func TestSearchDelay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.SearchDelay = 3 * time.Second })
	w.seed("audit", 1)
	if err := w.s.PutIndex(t.Context(), w.keys["c"].Caller, "shop-logs", "audit", []byte(`{"line":{"token":[" "]}}`)); err != nil {
		t.Fatal(err)
	}
	found := func() int {
		_, rows, _ := w.search(map[string]any{"query": "here"})
		return len(rows)
	}
	put := func() {
		w.put("/logstores/audit", groupOf("", "", logOf(uint32(start.Unix()), 0, kv{"note", "here"})), "", nil)
	}
	put()
	if groups, _ := w.pull(pullTarget(shard0, EncodeCursor(0), 10, ""), ""); len(groups) != 1 || found() != 0 {
		t.Errorf("at once: %d groups are pulled, %d logs found", len(groups), found())
	}
	w.clock.Advance(2 * time.Second)
	put()
	if found() != 0 {
		t.Error("found after 2 seconds")
	}
	for i, wait := range []time.Duration{time.Second, 2 * time.Second} {
		w.clock.Advance(wait)
		if found() != i+1 {
			t.Errorf("%d logs are found, want %d", found(), i+1)
		}
	}
}

// TestSearchNumbers: long fields compare as whole numbers of 64 bits, also where doubles no longer tell them apart.
func TestSearchNumbers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.seed("audit", 1)
	if err := w.s.PutIndex(t.Context(), w.keys["c"].Caller, "shop-logs", "audit", []byte(`{"keys":{"id":{"type":"long"},"f":{"type":"double"}}}`)); err != nil {
		t.Fatal(err)
	}
	at := uint32(start.Unix())
	w.put("/logstores/audit", groupOf("", "", logOf(at, 0, kv{"id", "1234567890123456788"}), logOf(at+1, 0, kv{"id", "1234567890123456789"}, kv{"f", "1.5"}),
		logOf(at+2, 0, kv{"id", " -7 "}, kv{"f", "2"}), logOf(at+3, 0, kv{"id", "1.5"}, kv{"f", "NaN"})), "", nil)
	for query, want := range map[string]string{
		"id:1234567890123456789":                          "1",
		"id=1234567890123456788":                          "0",
		"id>1234567890123456788":                          "1",
		"id<=1234567890123456788":                         "0 2",
		"id in (1234567890123456787 1234567890123456789)": "0",
		"id in [1234567890123456787 1234567890123456789]": "0 1",
		"id > -7.5 and id < 1e3":                          "2",
		"id:*":                                            "0 1 2 3",
		"id=1.5":                                          "", // no whole number
		"f=1.5":                                           "1",
		"f>=1.5":                                          "1 2",
		"f<1e400":                                         "ParameterInvalid",
		"id<99999999999999999999":                         "0 1 2",
		"id in [1234567890123456789 99999999999999999999]":   "1",
		"id in [-99999999999999999999 -7] or id = 123456789": "2",
	} {
		_, rows, a := w.search(map[string]any{"query": query})
		got := a.code()
		if a.status == 200 {
			got = places(t, rows)
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
}

// TestSearchIncomplete: with a limit of logs a search is partial, and whoever repeats it gets further.
func TestSearchIncomplete(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.SearchLogs = 3 })
	w.seed("audit", 2)
	if err := w.s.PutIndex(t.Context(), w.keys["c"].Caller, "shop-logs", "audit", []byte(`{"keys":{"n":{"type":"long","doc_value":true}}}`)); err != nil {
		t.Fatal(err)
	}
	for i := range 5 { // groups of two logs
		at := uint32(start.Unix())
		w.put("/logstores/audit", groupOf("", "", logOf(at, 0, kv{"n", fmt.Sprint(i)}), logOf(at+1, 0, kv{"n", fmt.Sprint(i)})), "", nil)
	}
	want := []string{"4 Incomplete", "8 Incomplete", "10 Complete", "4 Incomplete"} // and then from the begin
	ask := map[string]func() string{
		"GetLogsV2": func() string {
			meta, rows, _ := w.search(map[string]any{"query": "n>=0"})
			return fmt.Sprint(len(rows), " ", meta["progress"])
		},
		"SQL": func() string {
			meta, rows, _ := w.search(map[string]any{"query": "n>=0 | select count(*) as c"})
			return rows[0]["c"] + " " + meta["progress"].(string)
		},
		"SPL": func() string {
			meta, rows, _ := w.search(map[string]any{"query": "* | where n <> ''"})
			return fmt.Sprint(len(rows), " ", meta["progress"])
		},
		"GetHistograms": func() string {
			q := url.Values{"type": {"histogram"}, "from": {fmt.Sprint(start.Unix())}, "to": {fmt.Sprint(start.Unix() + 2)}, "query": {"n>=0"}, "interval": {"1"}}
			var bars []bucket
			a := w.do(request{method: "GET", target: "/logstores/audit?" + q.Encode(), project: "shop-logs"})
			a.decode(t, &bars)
			if bars[0].Progress != a.header.Get("x-log-progress") {
				t.Errorf("%+v, %v", bars, a.header)
			}
			return a.header.Get("x-log-count") + " " + bars[0].Progress
		},
	}
	for name, again := range ask {
		var got []string
		for range want {
			got = append(got, again())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s -want +got:\n%s", name, diff)
		}
	}
}

func TestIndex(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.seed("audit", 1)
	arn := "acs:log:cn-hangzhou:" + accountC + ":project/shop-logs/logstore/audit"
	r := func(method, body string) request {
		return request{method: method, target: "/logstores/audit/index", project: "shop-logs", body: []byte(body)}
	}
	search := request{method: "POST", target: "/logstores/audit/logs", project: "shop-logs", body: []byte(`{"from":1,"to":2}`)}
	runSteps(t, w, []step{
		{"get none", r("GET", ""), 400, "IndexConfigNotExist", "log:GetIndex " + arn},
		{"search none", search, 400, "IndexConfigNotExist", "log:GetLogStoreLogs " + arn},
		{"update none", r("PUT", testIndex), 400, "ParameterInvalid", "log:UpdateIndex " + arn},
		{"create", r("POST", testIndex), 200, "", "log:CreateIndex " + arn},
		{"create again", r("POST", testIndex), 400, "IndexAlreadyExist", ""},
		{"update", r("PUT", testIndex), 200, "", ""},
		{"search", search, 200, "", ""},
		{"bad json", r("PUT", "{"), 400, "IndexInfoInvalid", ""},
		{"bad type", r("PUT", `{"keys":{"a":{"type":"int"}}}`), 400, "IndexInfoInvalid", ""},
		{"null key", r("PUT", `{"keys":{"a":null}}`), 400, "IndexInfoInvalid", ""},
		{"json in text", r("PUT", `{"keys":{"a":{"type":"text","json_keys":{"b":{"type":"text"}}}}}`), 400, "IndexInfoInvalid", ""},
		{"json in json", r("PUT", `{"keys":{"a":{"type":"json","json_keys":{"b":{"type":"json"}}}}}`), 400, "IndexInfoInvalid", ""},
		{"both lists", r("PUT", `{"line":{"include_keys":["a"],"exclude_keys":["b"]}}`), 400, "IndexInfoInvalid", ""},
		{"a text where a number belongs", r("PUT", `{"line":{"token":[" "]},"max_text_len":"long"}`), 400, "IndexInfoInvalid", ""},
		{"neither line nor keys", r("PUT", `{"ttl":30}`), 400, "IndexInfoInvalid", ""},
		{"get", r("GET", ""), 200, "", ""},
		{"delete", r("DELETE", ""), 200, "", "log:DeleteIndex " + arn},
		{"delete again", r("DELETE", ""), 400, "IndexConfigNotExist", ""},
	})
}

func TestGlobMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, word string
		want          bool
	}{
		{"a*", "a", true},
		{"a*c", "abbc", true},
		{"a*c", "abcd", false},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"a?c", "a云c", true},
		{"a**b*c", "axbxbxc", true},
		{"", "", true},
		{"a", "", false},
		{"*", "", true},
	} {
		if globMatch(c.pattern, c.word) != c.want {
			t.Errorf("%q on %q: want %v", c.pattern, c.word, c.want)
		}
	}
}

func FuzzSearch(f *testing.F) {
	for _, q := range []string{"a and b or not c", `k:"v\"" __tag__:a:b`, "n in [1 9)", "a* #\"x y\" | select 1", "event.code>=1e3", "云 not (a)", "\\", "a\\"} {
		f.Add(q, "some value 云", "key")
	}
	idx, err := parseIndex([]byte(testIndex), start)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, query, value, key string) {
		n, _, err := parseSearch(query)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Code != "ParameterInvalid" {
				t.Fatalf("%q: %v", query, err)
			}
			return
		}
		m, err := compile(n, idx)
		if err != nil {
			return
		}
		negated, err := compile(&node{kind: nodeNot, kids: []*node{n}}, idx)
		if err != nil {
			t.Fatal(err)
		}
		rec := logRecord{contents: []pair{{[]byte("event"), []byte(value)}, {[]byte("note"), []byte(value)}, {[]byte(key), []byte(value)}}}
		c := &candidate{group: &logGroup{topic: []byte(key)}, log: &rec}
		if m(c) == negated(c) {
			t.Fatalf("%q and its negation agree", query)
		}
	})
}

func TestWordsOfText(t *testing.T) {
	t.Parallel()
	tok := newTokenizer([]string{",", "；"}, false, true)
	if got := tok.words("a,,b；c 云d"); !slices.Equal(got, []string{"a", "b", "c ", "云", "d"}) {
		t.Errorf("%q", got)
	}
}
