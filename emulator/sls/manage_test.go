package sls

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/faults"
)

// step is one request of a conformance test and what must come back.
type step struct {
	name   string
	r      request
	status int
	code   string
	asked  string // the last permission asked for, "" = not checked
}

func runSteps(t *testing.T, w *world, steps []step) {
	t.Helper()
	for _, s := range steps {
		a := w.do(s.r)
		if a.status != s.status || a.code() != s.code {
			t.Errorf("%s: got %d %s, want %d %s", s.name, a.status, a.body, s.status, s.code)
		}
		if a.status == 200 && len(a.body) == 0 && a.header.Get("Content-Type") != "" {
			t.Errorf("%s: an empty answer has Content-Type %q", s.name, a.header.Get("Content-Type"))
		}
		if s.asked != "" && w.policy.last() != s.asked {
			t.Errorf("%s: asked %q, want %q", s.name, w.policy.last(), s.asked)
		}
	}
}

func TestProjects(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	arn := "acs:log:cn-hangzhou:" + accountC + ":project/"
	body := func(text string) []byte { return []byte(text) }
	runSteps(t, w, []step{
		{"create", request{method: "POST", target: "/", body: body(`{"projectName":"my-project","description":"one"}`)}, 200, "", "log:CreateProject " + arn + "my-project"},
		{"create on its own host", request{method: "POST", target: "/", project: "my-second", body: body(`{"projectName":"my-second","description":""}`)}, 200, "", ""},
		{"create again, in another account", request{method: "POST", target: "/", key: "d", body: body(`{"projectName":"my-project"}`)}, 400, "ProjectAlreadyExist", ""},
		{"bad name", request{method: "POST", target: "/", body: body(`{"projectName":"-x"}`)}, 400, "ParameterInvalid", ""},
		{"bad body", request{method: "POST", target: "/", body: body(`{`)}, 400, "ParameterInvalid", ""},
		{"get", request{method: "GET", target: "/", project: "my-project"}, 200, "", "log:GetProject " + arn + "my-project"},
		{"get of another account", request{method: "GET", target: "/", project: "my-project", key: "d"}, 401, "Unauthorized", ""},
		{"get nothing", request{method: "GET", target: "/", project: "absent"}, 404, "ProjectNotExist", ""},
		{"update", request{method: "PUT", target: "/", project: "my-project", body: body(`{"description":"two"}`)}, 200, "", "log:UpdateProject " + arn + "my-project"},
		{"list", request{method: "GET", target: "/"}, 200, "", "log:ListProject " + arn + "*"},
		{"regions", request{method: "GET", target: "/regions?language=en"}, 200, "", ""},
		{"delete with a body", request{method: "DELETE", target: "/", body: body(`{"projectName":"my-second"}`)}, 200, "", "log:DeleteProject " + arn + "my-second"},
		{"delete nothing", request{method: "DELETE", target: "/", project: "my-second"}, 404, "ProjectNotExist", ""},
	})
	var list struct {
		Count, Total int
		Projects     []map[string]any
	}
	w.do(request{method: "GET", target: "/?projectName=proj&size=10"}).decode(t, &list)
	if list.Count != 1 || list.Projects[0]["description"] != "two" || list.Projects[0]["owner"] != accountC || list.Projects[0]["createTime"] != fmt.Sprint(start.Unix()) {
		t.Errorf("list: %+v", list)
	}
}

func TestLogstores(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Quotas.Logstores = 2 })
	w.seed("seeded", 2)
	arn := "acs:log:cn-hangzhou:" + accountC + ":project/shop-logs/logstore/"
	r := func(method, target, body string) request {
		return request{method: method, target: target, project: "shop-logs", body: []byte(body)}
	}
	runSteps(t, w, []step{
		{"create", r("POST", "/logstores", `{"logstoreName":"audit","ttl":30,"shardCount":2,"autoSplit":true,"maxSplitShard":64,"enable_tracking":true,"appendMeta":true,"hot_ttl":7,"encrypt_conf":{"enable":true}}`), 200, "", "log:CreateLogStore " + arn + "audit"},
		{"again", r("POST", "/logstores", `{"logstoreName":"audit","ttl":30,"shardCount":2}`), 400, "LogStoreAlreadyExist", ""},
		{"one too many", r("POST", "/logstores", `{"logstoreName":"third","ttl":30,"shardCount":2}`), 400, "ProjectQuotaExceed", ""},
		{"no name", r("POST", "/logstores", `{"logstoreName":"","ttl":30,"shardCount":2}`), 400, "LogStoreInfoInvalid", ""},
		{"ttl", r("POST", "/logstores", `{"logstoreName":"abc","ttl":3651,"shardCount":2}`), 400, "LogStoreInfoInvalid", ""},
		{"shards", r("POST", "/logstores", `{"logstoreName":"abc","ttl":1,"shardCount":101}`), 400, "LogStoreInfoInvalid", ""},
		{"split limit", r("POST", "/logstores", `{"logstoreName":"abc","ttl":1,"shardCount":1,"autoSplit":true,"maxSplitShard":257}`), 400, "LogStoreInfoInvalid", ""},
		{"hot", r("POST", "/logstores", `{"logstoreName":"abc","ttl":30,"shardCount":1,"hot_ttl":6}`), 400, "LogStoreInfoInvalid", ""},
		{"archive", r("POST", "/logstores", `{"logstoreName":"abc","ttl":100,"shardCount":1,"hot_ttl":30,"infrequentAccessTTL":30}`), 400, "LogStoreInfoInvalid", ""},
		{"mode", r("POST", "/logstores", `{"logstoreName":"abc","ttl":100,"shardCount":1,"mode":"fast"}`), 400, "LogStoreInfoInvalid", ""},
		{"body", r("POST", "/logstores", `[]`), 400, "LogStoreInfoInvalid", ""},
		{"update", r("PUT", "/logstores/audit", `{"logstoreName":"audit","ttl":60,"shardCount":9}`), 200, "", "log:UpdateLogStore " + arn + "audit"},
		{"change of mode", r("PUT", "/logstores/audit", `{"mode":"query"}`), 400, "NotSupported", ""},
		{"get", r("GET", "/logstores/audit", ""), 200, "", "log:GetLogStore " + arn + "audit"},
		{"get nothing", r("GET", "/logstores/absent", ""), 404, "LogStoreNotExist", ""},
		{"list", r("GET", "/logstores?offset=0&size=10", ""), 200, "", "log:ListLogStores " + arn + "*"},
		{"list badly", r("GET", "/logstores?offset=x", ""), 400, "ParameterInvalid", ""},
	})
	var got map[string]any
	w.do(r("GET", "/logstores/audit", "")).decode(t, &got)
	want := map[string]any{
		"logstoreName": "audit", "ttl": 60.0, "hot_ttl": 7.0, "infrequentAccessTTL": -1.0, "shardCount": 2.0, "autoSplit": true,
		"maxSplitShard": 64.0, "enable_tracking": true, "appendMeta": true, "mode": "standard", "telemetryType": "",
		"encrypt_conf": map[string]any{"enable": true}, "createTime": float64(start.Unix()), "lastModifyTime": float64(start.Unix()),
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	var list struct {
		Count, Total int
		Logstores    []string
	}
	w.do(r("GET", "/logstores?offset=1&size=1", "")).decode(t, &list)
	if list.Count != 1 || list.Total != 2 || list.Logstores[0] != "seeded" {
		t.Errorf("list: %+v", list)
	}
	runSteps(t, w, []step{
		{"delete", r("DELETE", "/logstores/audit", ""), 200, "", "log:DeleteLogStore " + arn + "audit"},
		{"delete again", r("DELETE", "/logstores/audit", ""), 404, "LogStoreNotExist", ""},
	})
}

func TestShards(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.seed("audit", 2)
	r := func(method, target string) request {
		return request{method: method, target: "/logstores/audit/shards" + target, project: "shop-logs"}
	}
	var list []shardView
	w.do(r("GET", "")).decode(t, &list)
	at := start.Unix()
	half := "8" + strings.Repeat("0", 31)
	if d := cmp.Diff([]shardView{{0, "readwrite", firstKey, half, at}, {1, "readwrite", half, lastKey, at}}, list); d != "" {
		t.Fatal(d)
	}
	var split, merged []shardView
	w.do(r("POST", "/1?action=split&key=c0")).decode(t, &split)
	mid := "c0" + strings.Repeat("0", 30)
	if d := cmp.Diff([]shardView{{1, "readonly", half, lastKey, at}, {2, "readwrite", half, mid, at}, {3, "readwrite", mid, lastKey, at}}, split); d != "" {
		t.Error(d)
	}
	w.do(r("POST", "/0?action=merge")).decode(t, &merged)
	if d := cmp.Diff([]shardView{{4, "readwrite", firstKey, mid, at}, {0, "readonly", firstKey, half, at}, {2, "readonly", half, mid, at}}, merged); d != "" {
		t.Error(d)
	}
	w.do(r("POST", "/4?action=split&shardCount=3")).decode(t, &split)
	if len(split) != 4 || split[3].End != mid {
		t.Errorf("split in three: %+v", split)
	}
	runSteps(t, w, []step{
		{"split a readonly shard", r("POST", "/1?action=split"), 400, "ParameterInvalid", "log:SplitShard acs:log:cn-hangzhou:" + accountC + ":project/shop-logs/logstore/audit"},
		{"split outside", r("POST", "/3?action=split&key=00"), 400, "ParameterInvalid", ""},
		{"split badly", r("POST", "/3?action=split&key=zz"), 400, "ParameterInvalid", ""},
		{"split too far", r("POST", "/3?action=split&shardCount=1000000"), 400, "ParameterInvalid", ""},
		{"merge the last", r("POST", "/3?action=merge"), 400, "ParameterInvalid", ""},
		{"merge a readonly shard", r("POST", "/0?action=merge"), 400, "ParameterInvalid", ""},
		{"not a number", r("POST", "/x?action=merge"), 400, "ParameterInvalid", ""},
		{"no such shard", r("POST", "/99?action=merge"), 400, "ShardNotExist", ""},
		{"delete a readwrite shard", r("DELETE", "/3"), 400, "ParameterInvalid", ""},
		{"delete", r("DELETE", "/0"), 200, "", ""},
		{"gone", r("DELETE", "/0"), 400, "ShardNotExist", ""},
	})
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.seed("audit", 1)
	w.policy.deny = "log:ListShards"
	a := w.do(request{method: "GET", target: "/logstores/audit/shards", project: "shop-logs"})
	text := string(a.body)
	for _, want := range []string{"denied by sts or ram", "action: log:ListShards", "project/shop-logs/logstore/audit", "acs:ram::" + accountC + ":user/c", `"NoPermissionType":"ImplicitDeny"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s lacks %q", text, want)
		}
	}
	if a.status != 401 || a.code() != "Unauthorized" {
		t.Errorf("got %d %s", a.status, a.code())
	}
}

func TestUnknownCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.seed("audit", 1)
	variable := regexp.MustCompile(`\{\w+\}`)
	for _, line := range Absent() {
		f := strings.Fields(line)
		a := w.do(request{method: f[1], target: variable.ReplaceAllString(f[2], "some-name"), project: "shop-logs"})
		if a.status != 501 || a.code() != "NotImplemented" || !strings.Contains(string(a.body), `"`+f[0]+" ("+f[1]+" /") {
			t.Errorf("%s: %d %s", line, a.status, a.body)
		}
	}
	for _, r := range []request{
		{method: "PATCH", target: "/logstores/audit"},
		{method: "GET", target: "/logstores/audit?type=other"},
		{method: "GET", target: "/jobs?jobType=ETL"},
		{method: "POST", target: "/jobs", body: []byte(`{"name":"x","displayName":"x","type":"ScheduledSQL"}`)},
	} {
		r.project = "shop-logs"
		if a := w.do(r); a.status != 501 || a.code() != "NotImplemented" {
			t.Errorf("%s %s: %d %s", r.method, r.target, a.status, a.body)
		}
	}
	if a := w.do(request{method: "GET", target: "/logstores"}); a.code() != "InvalidHost" {
		t.Errorf("without a project: %s", a.body)
	}
	if n := len(w.s.Routes()); n != len(table) || n < 25 {
		t.Errorf("%d routes", n)
	}
}

// TestRefusals: a fault of a call is answered after its signature was verified and before anything is looked up.
func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.seed("audit", 1)
	shards := request{method: "GET", target: "/logstores/audit/shards", project: "shop-logs"}
	missing, unsigned := shards, shards
	missing.target, unsigned.unsigned = "/logstores/none/shards", true
	w.refuse = &faults.Answer{Status: 403, Code: "ReadQuotaExceed", Message: "later"}
	runSteps(t, w, []step{
		{"refused", shards, 403, "ReadQuotaExceed", ""},
		{"before the Logstore is looked up", missing, 403, "ReadQuotaExceed", ""},
		{"after the signature", unsigned, 400, "MissingAPIVersion", ""},
	})
	w.refuse = nil
	runSteps(t, w, []step{{"used up", shards, 200, "", ""}})
}

func TestPropagationDelay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.PropagationDelay = time.Minute })
	create := request{method: "POST", target: "/", body: []byte(`{"projectName":"my-project"}`)}
	get := request{method: "GET", target: "/", project: "my-project"}
	store := request{method: "POST", target: "/logstores", project: "my-project", body: []byte(`{"logstoreName":"audit","ttl":1,"shardCount":1}`)}
	shards := request{method: "GET", target: "/logstores/audit/shards", project: "my-project"}
	runSteps(t, w, []step{{"create", create, 200, "", ""}, {"too early", get, 404, "ProjectNotExist", ""}})
	w.clock.Advance(time.Minute)
	runSteps(t, w, []step{{"get", get, 200, "", ""}, {"create logstore", store, 200, "", ""}, {"too early", shards, 404, "LogStoreNotExist", ""}})
	w.clock.Advance(time.Minute)
	runSteps(t, w, []step{{"shards", shards, 200, "", ""}})
}

// TestAbsoluteForm sends a request as a proxy client does: the target names the project's host.
func TestAbsoluteForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.seed("audit", 1)
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://shop-logs.sls.test/logstores/audit", nil)
	if err != nil {
		t.Fatal(err)
	}
	w.sign(req, request{})
	conn, err := net.Dial("tcp", w.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err = req.WriteProxy(conn); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 || !strings.Contains(string(body), `"logstoreName":"audit"`) {
		t.Errorf("%d %s %v", resp.StatusCode, body, err)
	}
}

func TestGoAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx, caller, other := t.Context(), w.keys["c"].Caller, w.keys["d"].Caller
	code := func(err error) string {
		var e *Error
		if err == nil {
			return ""
		}
		if !errors.As(err, &e) {
			t.Fatalf("%v is not an *Error", err)
		}
		return e.Code
	}
	cfg := LogstoreConfig{Name: "audit", TTL: 7, ShardCount: 1}
	for i, step := range []struct {
		err  error
		code string
	}{
		{w.s.CreateProject(ctx, caller, "cn-beijing", "api-project", "x"), ""},
		{w.s.CreateProject(ctx, other, "", "api-project", "x"), "ProjectAlreadyExist"},
		{w.s.CreateLogstore(ctx, other, "api-project", cfg), "Unauthorized"},
		{w.s.CreateLogstore(ctx, caller, "api-project", cfg), ""},
		{w.s.UpdateLogstore(ctx, caller, "api-project", LogstoreConfig{Name: "audit", TTL: 8}), ""},
		{w.s.PutIndex(ctx, caller, "api-project", "audit", []byte(`{"line":{"token":[" "]}}`)), ""},
		{w.s.PutIndex(ctx, caller, "api-project", "audit", []byte(`{"line":{"token":[","]}}`)), ""},
		{w.s.PutIndex(ctx, caller, "api-project", "audit", []byte(`{}`)), "IndexInfoInvalid"},
		{w.s.DeleteIndex(ctx, caller, "api-project", "audit"), ""},
		{w.s.DeleteIndex(ctx, caller, "api-project", "audit"), "IndexConfigNotExist"},
		{w.s.Append(accountD, "api-project", "audit", nil, start), "ProjectForbidden"},
		{w.s.Append(accountC, "api-project", "audit", nil, start), "PostBodyInvalid"},
		{w.s.Append(accountC, "api-project", "audit", groupOf("", "", logOf(1, 0)), start), ""},
		{w.s.Seed(accountD, "api-project", "other", 1, LogstoreConfig{}), "ProjectAlreadyExist"},
		{w.s.DeleteLogstore(ctx, caller, "api-project", "audit"), ""},
		{w.s.DeleteProject(ctx, caller, "api-project"), ""},
		{w.s.DeleteProject(ctx, caller, "api-project"), "ProjectNotExist"},
	} {
		if got := code(step.err); got != step.code {
			t.Errorf("step %d: got %q (%v), want %q", i, got, step.err, step.code)
		}
	}
	if _, _, ok := w.s.Owner("api-project"); ok {
		t.Error("a deleted project has an owner")
	}
}
