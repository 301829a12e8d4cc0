package fc

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// logs is a log service with one Logstore per name and one position per log group.
type logs struct {
	mu     sync.Mutex
	shards map[int][]time.Time // receive times; position = 100 + index
	sink   []string
}

func (l *logs) put(shard int, at ...time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shards[shard] = append(l.shards[shard], at...)
}

func (l *logs) Shards(_, logstore string) ([]int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if logstore == "missing" {
		return nil, fmt.Errorf("LogStoreNotExist")
	}
	var out []int
	for n := range l.shards {
		out = append(out, n)
	}
	return out, nil
}

func (l *logs) Begin(_, _ string, shard int, since time.Time) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := slices.IndexFunc(l.shards[shard], func(at time.Time) bool { return !at.Before(since) })
	if n < 0 {
		n = len(l.shards[shard])
	}
	return int64(100 + n), nil
}

func (l *logs) End(_, _ string, shard int) (int64, time.Time, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.shards[shard]
	if len(s) == 0 {
		return 100, time.Time{}, nil
	}
	return int64(100 + len(s)), s[len(s)-1], nil
}

func (l *logs) Append(account, project, logstore string, raw []byte, _ time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sink = append(l.sink, account+"/"+project+"/"+logstore+" "+string(raw))
	return nil
}

func (l *logs) written() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.sink, "\n")
}

func trigger0(name, kind string, config any, extra map[string]any) map[string]any {
	text, _ := json.Marshal(config)
	body := map[string]any{"triggerName": name, "triggerType": kind, "triggerConfig": string(text)}
	for k, v := range extra {
		body[k] = v
	}
	return body
}

func logTrigger(logstore string) map[string]any {
	return trigger0("from-logs", "log", map[string]any{
		"sourceConfig": map[string]any{"logstore": logstore}, "enable": true,
		"jobConfig":         map[string]any{"maxRetryTime": 1, "triggerInterval": 3},
		"logConfig":         map[string]any{"project": "central", "logstore": "trigger-jobs"},
		"functionParameter": map[string]any{"mode": "batch"},
	}, map[string]any{"sourceArn": "acs:log:cn-hangzhou:" + acct + ":project/central", "invocationRole": logRole})
}

func TestTimer(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(nil)
	f.api(201, acct, "POST", "functions/echo/triggers", trigger0("every", "timer",
		map[string]any{"cronExpression": "0 * * * * *", "enable": true, "payload": "tick"}, nil))
	f.api(201, acct, "POST", "functions/echo/triggers", trigger0("off", "timer",
		map[string]any{"cronExpression": "@every 1s", "enable": false}, nil))
	f.Tick()
	f.advance(54 * time.Second) // 03:04:59
	f.advance(time.Second)
	f.advance(time.Minute)
	marks := f.waitMark("event", 2)
	for _, want := range []string{"2026-01-02T03:05:00Z", "2026-01-02T03:06:00Z"} {
		line := fmt.Sprintf(`event {"payload":"tick","triggerName":"every","triggerTime":"%s"}`, want)
		if strings.Count(marks, line) != 1 {
			t.Errorf("marks %q lack %s", marks, line)
		}
	}
	f.advance(24 * time.Hour) // a jump is made up for in part
	if n := strings.Count(f.waitMark("event", 2+maxMissed), "event"); n != 2+maxMissed {
		t.Errorf("%d events after a jump of a day, want %d", n, 2+maxMissed)
	}
}

func TestLogTrigger(t *testing.T) {
	t.Parallel()
	l := &logs{shards: map[int][]time.Time{0: {time.Unix(1, 0)}, 1: nil}}
	f := start(t, Options{Logs: l, Sink: l})
	allow := filepath.Join(t.TempDir(), "allow")
	f.create(map[string]any{"environmentVariables": map[string]string{"FAIL_UNTIL": allow}})
	f.api(201, acct, "POST", "functions/echo/triggers", logTrigger("stream"))
	f.advance(3 * time.Second) // nothing is new
	l.put(0, f.clock(), f.clock())
	f.advance(3 * time.Second)
	f.waitMark("event", 2) // the call and one retry, both fail
	f.settle()
	l.put(0, f.clock())
	f.advance(3 * time.Second)
	f.waitMark("event", 4)
	f.settle()
	if err := os.WriteFile(allow, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f.advance(3 * time.Second)
	f.waitMark("event", 5)
	f.settle()
	f.advance(3 * time.Second)
	f.waitMark("event", 6)
	f.settle()
	f.advance(3 * time.Second) // no more data

	var ranges []string
	for line := range strings.Lines(f.waitMark("event", 6)) {
		var e struct {
			JobName, TaskID string
			Parameter       map[string]string
			Source          struct {
				Endpoint, ProjectName, LogstoreName, BeginCursor, EndCursor string
				ShardID                                                     int
			}
		}
		if err := json.Unmarshal([]byte(strings.TrimPrefix(line, "event ")), &e); err != nil {
			continue
		}
		if e.Source.Endpoint != "http://cn-hangzhou-intranet.log.aliyuncs.com" || e.Source.ProjectName != "central" || len(e.JobName) != 40 || e.Parameter["mode"] != "batch" {
			t.Errorf("event %s", line)
		}
		ranges = append(ranges, decode(t, e.Source.BeginCursor)+"-"+decode(t, e.Source.EndCursor))
	}
	want := []string{"101-103", "101-103", "101-103", "101-103", "101-103", "103-104"}
	if !slices.Equal(ranges, want) {
		t.Errorf("ranges %v, want %v: the same range until it succeeds, none skipped", ranges, want)
	}
	out := l.written()
	if strings.Count(out, "central/trigger-jobs") != 6 || !strings.Contains(out, "success") || !strings.Contains(out, "failed") {
		t.Errorf("trigger log: %q", out)
	}
}

// settle waits until the running range has moved its shard.
func (f *fixture) settle() {
	f.t.Helper()
	for range rounds {
		busy := false
		f.Service.mu.Lock()
		for _, tr := range f.lookup(acct, "echo").triggers {
			for _, sh := range tr.job.shards {
				busy = busy || sh.busy
			}
		}
		f.Service.mu.Unlock()
		if !busy {
			return
		}
		f.pause()
	}
	f.t.Fatal("a range never ends")
}

func decode(t *testing.T, cursor string) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(cursor)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := strconv.Atoi(string(b)); err != nil {
		t.Fatalf("cursor %q is not a number", b)
	}
	return string(b)
}

func TestLogTriggerCatchUp(t *testing.T) {
	t.Parallel()
	base := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	l := &logs{shards: map[int][]time.Time{}}
	for i := range 6 { // one group a second, then silence, then one more
		l.put(0, base.Add(time.Duration(i)*time.Second))
	}
	l.put(0, base.Add(time.Hour))
	tr := &trigger{log: &logConfigJob{}, spec: Trigger{SourceARN: "acs:log:r:1:project/p"}}
	three := 3
	tr.log.JobConfig.TriggerInterval = &three
	sh := &shardJob{begin: 100, processed: base}
	var got []string
	for range 10 {
		r, err := nextRange(l, tr, 0, sh, base.Add(2*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if r == nil {
			break
		}
		got = append(got, fmt.Sprintf("%d-%d", r.begin, r.end))
		sh.begin, sh.processed = r.end, r.until
	}
	if want := []string{"100-103", "103-106", "106-107"}; !slices.Equal(got, want) {
		t.Errorf("windows %v, want %v: one interval each", got, want)
	}
}

// counted is a log service that can tell how many Logstores a project has and when a group came.
type counted struct {
	*logs
	stores int
}

func (c counted) CountLogstores(string) int { return c.stores }

func (c counted) ReceivedAt(_, _ string, shard int, position int64) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shards[shard][position-100].Unix(), nil
}

// A project has at most 5 triggers for each of its Logstores.
func TestLogTriggersPerProject(t *testing.T) {
	t.Parallel()
	f := start(t, Options{Logs: counted{&logs{shards: map[int][]time.Time{0: nil}}, 1}})
	f.create(nil)
	for i := range 6 {
		body, want := logTrigger("stream"), 201
		if body["triggerName"] = fmt.Sprint("t", i); i == 5 {
			want = 400
		}
		if got := f.api(want, acct, "POST", "functions/echo/triggers", body); i == 5 && got["Code"] != "LimitExceeded" {
			t.Errorf("trigger 6: %v", got)
		}
	}
}

// cursorTime of a window is when its last log came, not when the window ends.
func TestCursorTimeOfWindow(t *testing.T) {
	t.Parallel()
	base := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	l := &logs{shards: map[int][]time.Time{0: {base.Add(time.Second), base.Add(time.Hour)}}}
	tr := &trigger{log: &logConfigJob{}, spec: Trigger{SourceARN: "acs:log:r:1:project/p"}}
	r, err := nextRange(counted{l, 1}, tr, 0, &shardJob{begin: 100, processed: base}, base.Add(2*time.Hour))
	if err != nil || r.end != 101 || r.cursorTime != base.Add(time.Second).Unix() {
		t.Errorf("range %+v, %v", r, err)
	}
}

func TestLogTriggerPermissions(t *testing.T) {
	t.Parallel()
	l := &logs{shards: map[int][]time.Time{0: nil}}
	f := start(t, Options{Logs: l, Sink: l})
	f.create(nil)
	bad := logTrigger("stream")
	bad["sourceArn"] = "acs:log:cn-hangzhou:" + other + ":project/central"
	f.api(400, acct, "POST", "functions/echo/triggers", bad)
	f.api(400, acct, "POST", "functions/echo/triggers", logTrigger("missing"))
	f.api(400, acct, "POST", "functions/echo/triggers", logTrigger("trigger-jobs"))
	f.api(201, acct, "POST", "functions/echo/triggers", logTrigger("stream"))
	l.put(0, f.clock())
	for _, deny := range []string{logRole, "log:GetCursorOrData", "fc:InvokeFunction"} {
		f.iam.deny(deny, true)
		f.advance(40 * time.Second)
		f.settle()
		f.iam.deny(deny, false)
		if text := strings.Join(f.Logs(acct, "echo"), "\n"); !strings.Contains(text, deny) {
			t.Errorf("with %s denied the function log says %q", deny, text)
		}
	}
	if marks, _ := os.ReadFile(f.marks()); len(marks) > 0 {
		t.Errorf("the function ran without permission: %s", marks)
	}
	f.advance(40 * time.Second)
	f.waitMark("event", 1)
}

func (f *fixture) http(method, target string, header http.Header, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for k, v := range header {
		r.Header[k] = v
	}
	w := httptest.NewRecorder()
	f.ServeHTTPTrigger(w, r, acct, "echo")
	return w
}

func TestHTTPTrigger(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(nil)
	if w := f.http("GET", "http://console.example/", nil, ""); w.Code != 404 {
		t.Errorf("without a trigger: %d, want 404", w.Code)
	}
	got := f.api(201, acct, "POST", "functions/echo/triggers", trigger0("web", "http",
		map[string]any{"authType": "anonymous", "methods": []string{"GET", "POST"}}, nil))
	url, _ := got["httpTrigger"].(map[string]any)["urlInternet"].(string)
	if !regexp.MustCompile(`^https://[a-z]{10}\.cn-hangzhou\.fcapp\.run$`).MatchString(url) {
		t.Fatalf("urlInternet %q", url)
	}
	host := strings.TrimPrefix(url, "https://")
	if a, name, ok := f.Resolve(host + ":8080"); !ok || a != acct || name != "echo" {
		t.Errorf("Resolve = %s %s %v", a, name, ok)
	}
	if _, _, ok := f.Resolve("nothing.cn-hangzhou.fcapp.run"); ok {
		t.Error("Resolve finds an unknown host")
	}
	w := f.http("POST", "http://console.example/a%2Fb?x=1", http.Header{"X-Fc-Custom": {"1"}, "Origin": {"https://o"}}, "hi")
	if want := "POST /a%2Fb?x=1 host=console.example fc= agent= body=hi"; w.Code != http.StatusTeapot || w.Body.String() != want {
		t.Errorf("got %d %q, want 418 %q", w.Code, w.Body, want)
	}
	if h := w.Header(); h.Get("X-Program") != "echo" || h.Get("X-Fc-Forbidden") != "" || h.Get("Access-Control-Allow-Origin") != "https://o" ||
		h.Get("Content-Disposition") != "" || h.Get("X-Fc-Request-Id") == "" {
		t.Errorf("headers %v", h)
	}
	if w := f.http("PUT", "http://console.example/", nil, ""); w.Code != 403 || !strings.Contains(w.Body.String(), "FcCommonError") {
		t.Errorf("method not listed: %d %s, want 403 FcCommonError", w.Code, w.Body)
	}
	if w := f.http("GET", "http://"+host+"/redirect", nil, ""); w.Code != 400 || !strings.Contains(w.Body.String(), "ExternalRedirectForbidden") {
		t.Errorf("redirect on the default domain: %d %s", w.Code, w.Body)
	}
	if w := f.http("GET", "http://console.example/redirect", nil, ""); w.Code != 302 {
		t.Errorf("redirect on a custom domain: %d", w.Code)
	}
	if w := f.http("GET", "http://"+host+"/", nil, ""); w.Header().Get("Content-Disposition") != "attachment" {
		t.Error("the default domain does not make downloads")
	}
	if w := f.http("GET", "http://console.example/?"+strings.Repeat("x", maxPath), nil, ""); w.Code != 400 {
		t.Errorf("long path: %d, want 400", w.Code)
	}
}

func TestHTTPTriggerWithSignature(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(nil)
	f.api(201, acct, "POST", "functions/echo/triggers", trigger0("web", "http",
		map[string]any{"authType": "function", "methods": []string{"GET"}}, nil))
	for account, want := range map[string]int{"": 403, other: 403, acct: http.StatusTeapot} {
		if w := f.http("GET", "http://console.example/", http.Header{"X-Account": {account}}, ""); w.Code != want {
			t.Errorf("caller %q: %d, want %d", account, w.Code, want)
		}
	}
}
