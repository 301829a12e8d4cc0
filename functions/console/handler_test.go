package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
	"github.com/fenghuo-soc/fenghuo/shared/web"
)

// The token of the tests and its SHA-256.
const (
	token     = "test"
	tokenHash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
)

// cloud answers CloudFlow and SLS, and remembers what it was asked.
type cloud struct {
	calls []url.Values
	paths []string
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm() // a body of JSON is none
	c.calls, c.paths = append(c.calls, r.Form), append(c.paths, r.URL.Path)
	w.Header().Set("Content-Type", "application/json")
	if strings.HasPrefix(r.URL.Path, "/logstores/") {
		_, _ = io.WriteString(w, `{"meta":{"progress":"Complete","count":1},"data":[{"__time__":"1772359140","k":"v"}]}`)
		return
	}
	_, _ = io.WriteString(w, `{"RequestId":"R","EventId":7,"Name":"n","Status":"Running"}`)
}

func setup(t *testing.T) (func(method, target, body string) *httptest.ResponseRecorder, *store.DB, *cloud) {
	t.Helper()
	remote := &cloud{}
	srv := httptest.NewServer(remote)
	t.Cleanup(srv.Close)
	cfg := config{Endpoint: srv.URL, SLSEndpoint: srv.URL, Store: "sqlite:" + filepath.Join(t.TempDir(), "soc.db"), Project: "central", Stream: "stream", Alerts: "alerts", TokenSHA256: tokenHash, LogStorage: "off"}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	ctx := fc.NewContext(t.Context(), &fc.Context{
		RequestID: "req-1", Region: "cn-hangzhou", AccountID: "1100000000000002",
		Credentials: fc.Credentials{AccessKeyID: "STS.k", AccessKeySecret: "s", SecurityToken: "t"},
	})
	h, err := build(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.(io.Closer).Close(); err != nil {
			t.Error(err)
		}
	})
	db, err := store.Open(t.Context(), cfg.Store)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return func(method, target, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec
	}, db, remote
}

func TestApproveAndRetryCallCloudFlow(t *testing.T) {
	t.Parallel()
	do, db, remote := setup(t)
	now := time.Now()
	run := soc.Run{ID: "run-1", Playbook: "block-ip", IncidentID: "inc-1", State: soc.RunWaiting, UpdatedAt: now}
	if _, err := db.SaveRun(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	if err := db.SaveTasks(t.Context(), []soc.Task{{ID: "task-1", RunID: "run-1", State: soc.TaskFailed}}); err != nil {
		t.Fatal(err)
	}
	if err := db.SaveApproval(t.Context(), soc.Approval{ID: "run-1", RunID: "run-1", Playbook: "block-ip", AskedAt: now, Deadline: now.Add(time.Hour), Token: "tok"}); err != nil {
		t.Fatal(err)
	}
	if rec := do(http.MethodPost, "/api/approvals/run-1", `{"decision":"approved"}`); rec.Code != http.StatusOK {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	if err := db.SetRunState(t.Context(), "run-1", soc.RunPartial, now); err != nil {
		t.Fatal(err)
	}
	if rec := do(http.MethodPost, "/api/runs/run-1/retry", `{}`); rec.Code != http.StatusOK {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	var report, start url.Values
	for _, call := range remote.calls {
		switch call.Get("Action") {
		case "ReportTaskSucceeded":
			report = call
		case "StartExecution":
			start = call
		}
	}
	if report.Get("TaskToken") != "tok" || report.Get("Output") != `{"decided_by":"console req-1","decision":"approved"}` {
		t.Errorf("reported %v", report)
	}
	if start.Get("FlowName") != "block-ip" || !strings.HasPrefix(start.Get("ExecutionName"), "run-1-retry-") || start.Get("Input") != `{"incident_id":"inc-1","mode":"retry","run_id":"run-1"}` {
		t.Errorf("started %v", start)
	}
}

func TestSearchAsksTheStream(t *testing.T) {
	t.Parallel()
	do, _, remote := setup(t)
	rec := do(http.MethodGet, "/api/search?query=k", "")
	var out web.LogResult
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil || rec.Code != http.StatusOK {
		t.Fatalf("%d %s: %v", rec.Code, rec.Body, err)
	}
	want := web.LogResult{Logs: []map[string]string{{"__time__": "1772359140", "k": "v"}}, Count: 1, Complete: true}
	if !cmp.Equal(out, want) || !cmp.Equal(remote.paths, []string{"/logstores/stream/logs"}) {
		t.Errorf("found %+v at %v", out, remote.paths)
	}
	if do(http.MethodGet, "/api/search?query=k&store=alerts", ""); len(remote.paths) != 2 || remote.paths[1] != "/logstores/alerts/logs" {
		t.Errorf("alerts are searched at %v", remote.paths)
	}
}

type fakeSearcher struct{ got sls.Query }

func (f *fakeSearcher) GetLogsComplete(_ context.Context, _ string, q sls.Query) (*sls.Result, error) {
	f.got = q
	return nil, errors.New("no")
}

func TestSearchIsNewestFirst(t *testing.T) {
	t.Parallel()
	f := &fakeSearcher{}
	from := time.Unix(1000, 0)
	_, err := logs{f, nil}.Search(t.Context(), web.LogQuery{From: from, To: from.Add(time.Minute), Query: "q", Limit: 7, Offset: 14})
	if want := (sls.Query{From: from, To: from.Add(time.Minute), Query: "q", Line: 7, Offset: 14, Reverse: true}); err == nil || f.got != want {
		t.Errorf("asked %+v, error %v", f.got, err)
	}
}

func TestTitles(t *testing.T) {
	t.Parallel()
	titles, err := loadTitles()
	if err != nil {
		t.Fatal(err)
	}
	for got, want := range map[string]string{
		titles.Playbook("block-ip", false):                        "Block IP address",
		titles.Playbook("block-ip", true):                         "封禁 IP 地址",
		titles.Template("alibaba_cloud_waf_flow", true):           "WAF 全量日志",
		titles.Template("unknown", false):                         "",
		titles.Rule("roles.repair", false):                        "Roles of the SOC were changed in a member",
		titles.Rule("account.depart", true):                       "成员账号离开资源目录",
		titles.Rule("account.suspend", true):                      "成员账号正在注销",
		titles.Rule("b603d07b-c799-4a29-affa-292e06363a6f", true): "来自其他账号的角色会话再次扮演角色",
	} {
		if got != want {
			t.Errorf("title %q, want %q", got, want)
		}
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	good := config{LogStorage: "off", TokenSHA256: tokenHash}
	for name, c := range map[string]struct {
		change func(*config)
		ok     bool
	}{
		"good":            {func(*config) {}, true},
		"no token":        {func(c *config) { c.TokenSHA256 = "" }, true},
		"token itself":    {func(c *config) { c.TokenSHA256 = "hunter2" }, false},
		"short hash":      {func(c *config) { c.TokenSHA256 = "9f86" }, false},
		"bad storage":     {func(c *config) { c.LogStorage = "yes" }, false},
		"days below zero": {func(c *config) { c.StreamDays = -1 }, false},
	} {
		cfg := good
		c.change(&cfg)
		if err := cfg.Validate(); (err == nil) != c.ok || err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestClient(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = "[2001:db8::1]:99"
	if got := client(r); got != "2001:db8::1" {
		t.Errorf("address %q", got)
	}
	r.Header.Set("x-fc-client-ip", "192.0.2.7")
	if got := client(r); got != "192.0.2.7" {
		t.Errorf("address %q", got)
	}
}
