package fc

import (
	"encoding/base64"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestFunctionAPI(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	if got := f.api(404, acct, "GET", "functions/echo", nil); got["Code"] != "FunctionNotFound" {
		t.Errorf("absent function: %v", got)
	}
	f.create(map[string]any{"logConfig": map[string]any{"project": "p", "logstore": "l"}})
	if got := f.api(409, acct, "POST", "functions", map[string]any{
		"functionName": "echo", "runtime": "custom",
		"code": map[string]string{"zipFile": smallZip},
	}); got["Code"] != "FunctionAlreadyExists" {
		t.Errorf("second create: %v", got)
	}
	got := f.api(200, acct, "GET", "functions/echo", nil)
	if got["functionArn"] != "acs:fc:cn-hangzhou:"+acct+":functions/echo" || got["memorySize"] != 512.0 || got["timeout"] != 20.0 {
		t.Errorf("GetFunction: %v", got)
	}
	f.api(200, acct, "PUT", "functions/echo", map[string]any{"timeout": 30, "environmentVariables": map[string]string{"A": "b"}, "logConfig": nil})
	got = f.api(200, acct, "GET", "functions/echo", nil)
	env, _ := json.Marshal(got["environmentVariables"])
	if got["timeout"] != 30.0 || string(env) != `{"A":"b"}` || got["logConfig"] != nil || got["memorySize"] != 512.0 {
		t.Errorf("after the update: %v", got)
	}
	if list := f.api(200, acct, "GET", "functions", nil)["functions"].([]any); len(list) != 1 {
		t.Errorf("list: %v", list)
	}
	if list := f.api(200, other, "GET", "functions", nil)["functions"].([]any); len(list) != 0 {
		t.Errorf("the list of another account: %v", list)
	}
	f.api(404, other, "GET", "functions/echo", nil)
	f.api(403, "", "GET", "functions/echo", nil)
	f.iam.deny("fc:GetFunction", true)
	if got := f.api(403, acct, "GET", "functions/echo", nil); !strings.Contains(got["Message"].(string), "fc:GetFunction") {
		t.Errorf("denial does not name the action: %v", got)
	}
	if got := f.api(400, acct, "GET", "functions/echo/scaling-config", nil); !strings.Contains(got["Message"].(string), "GetScalingConfig") {
		t.Errorf("an operation that is not offered: %v, want its name", got)
	}
}

func TestFunctionValidation(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	for name, change := range map[string]map[string]any{
		"name": {"functionName": "1x"}, "runtime": {"runtime": "go1"}, "cpu": {"cpu": 0.07}, "memory": {"memorySize": 500},
		"ratio": {"cpu": 4.0}, "timeout": {"timeout": 90000}, "concurrency": {"instanceConcurrency": 201},
		"env name": {"environmentVariables": map[string]string{"FC_X": "1"}}, "env size": {"environmentVariables": map[string]string{"A": strings.Repeat("x", 5000)}},
		"role": {"role": "fenghuo"}, "vpc": {"vpcConfig": map[string]any{"vpcId": "v"}}, "unknown": {"memory": 512},
		"no code": {"code": nil}, "bad zip": {"code": map[string]string{"zipFile": "eA=="}}, "oss": {"code": map[string]string{"ossBucketName": "b"}},
		"text": {"timeout": "3"},
	} {
		body := map[string]any{"functionName": "x", "runtime": "custom", "code": map[string]string{"zipFile": smallZip}}
		for k, v := range change {
			body[k] = v
		}
		if got := f.api(400, acct, "POST", "functions", body); got["Code"] != "InvalidArgument" || got["RequestId"] == "" {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestUnpackRefusesEscapes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"../evil", "/etc/evil", "a/../../evil", `..\evil`, "C:/evil"} {
		if name == "C:/evil" && runtime.GOOS != "windows" {
			continue
		}
		dir := t.TempDir()
		data, _ := base64.StdEncoding.DecodeString(zipOf(map[string]string{name: "x"}))
		if err := unpack(data, filepath.Join(dir, "code")); err == nil {
			t.Errorf("%q was unpacked", name)
		}
		if _, err := os.Stat(filepath.Join(dir, "evil")); err == nil {
			t.Errorf("%q escaped", name)
		}
	}
	dir := t.TempDir()
	data, _ := base64.StdEncoding.DecodeString(zipOf(map[string]string{"bin/tool": "x"}))
	if err := unpack(data, dir); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "bin", "tool")); err != nil || runtime.GOOS != "windows" && info.Mode()&0o100 == 0 {
		t.Errorf("executable bit lost: %v %v", info, err)
	}
}

func FuzzUnpack(f *testing.F) {
	for _, name := range []string{"a", "../a", "a/b"} {
		data, _ := base64.StdEncoding.DecodeString(zipOf(map[string]string{name: "text"}))
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		outer := t.TempDir()
		_ = unpack(data, filepath.Join(outer, "code"))
		left, _ := os.ReadDir(outer)
		for _, e := range left {
			if e.Name() != "code" {
				t.Fatalf("escaped: %s", e.Name())
			}
		}
	})
}

func TestAsync(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(nil)
	f.api(404, acct, "GET", "functions/echo/async-invoke-config", nil)
	f.api(400, acct, "PUT", "functions/echo/async-invoke-config", map[string]any{"maxAsyncRetryAttempts": 9})
	f.api(201, acct, "POST", "functions", map[string]any{
		"functionName": "sink", "runtime": "custom", "role": fnRole,
		"code": map[string]string{"zipFile": smallZip}, "customRuntimeConfig": map[string]any{"command": []string{echoBin}},
		"environmentVariables": map[string]string{"MARKS": f.marks() + "-sink"},
	})
	f.api(200, acct, "PUT", "functions/echo/async-invoke-config", map[string]any{
		"maxAsyncRetryAttempts": 2,
		"destinationConfig":     map[string]any{"onFailure": map[string]any{"destination": f.functionARN(acct, "sink")}},
	})
	f.create0Async(`{"ok":1}`)
	f.waitMark(`event {"ok":1}`, 1)
	f.create0Async(`{"mode":"fail"}`)
	var got struct {
		RequestContext  struct{ ApproximateInvokeCount int }
		RequestPayload  map[string]string
		ResponsePayload map[string]string
	}
	text := ""
	for range rounds {
		data, _ := os.ReadFile(f.marks() + "-sink")
		if text = string(data); text != "" {
			break
		}
		f.pause()
	}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(text, "event ")), &got); err != nil {
		t.Fatalf("destination got %q: %v; log %q", text, err, f.Logs(acct, "echo"))
	}
	if got.RequestContext.ApproximateInvokeCount != 3 || got.RequestPayload["mode"] != "fail" || got.ResponsePayload["errorMessage"] != "asked to fail" {
		t.Errorf("destination payload %+v", got)
	}
}

func (f *fixture) create0Async(payload string) {
	f.t.Helper()
	r, err := f.Invoke(f.t.Context(), rootOf(acct), acct, "echo", "LATEST", true, []byte(payload))
	if err != nil || r.Status != 202 || len(r.Body) != 0 {
		f.t.Fatalf("async: %+v %v", r, err)
	}
}

// TestAddressOfAnotherAccount: the address of an account is for its own callers.
func TestAddressOfAnotherAccount(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(nil)
	for host, want := range map[string]int{
		acct + ".cn-hangzhou.fc.aliyuncs.com": 200, acct + ".cn-hangzhou.fc.aliyuncs.com:8080": 200, "fcv3.cn-hangzhou.aliyuncs.com": 200, "127.0.0.1:8420": 200,
		other + ".cn-hangzhou.fc.aliyuncs.com": 403, other + ".cn-hangzhou.FC.aliyuncs.com": 403,
	} {
		r := httptest.NewRequest("POST", "/2023-03-30/functions/echo/invocations", strings.NewReader("x"))
		r.Host = host
		r.Header.Set("X-Account", acct)
		w := httptest.NewRecorder()
		if f.ServeHTTP(w, r); w.Code != want || want == 403 && !strings.Contains(w.Body.String(), "AccessDenied") {
			t.Errorf("%s: %d %s, want %d", host, w.Code, w.Body, want)
		}
	}
}

func TestAsyncExpires(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(nil)
	f.api(200, acct, "PUT", "functions/echo/async-invoke-config", map[string]any{"maxAsyncEventAgeInSeconds": 60})
	fn := f.lookup(acct, "echo")
	f.runAsync(t.Context(), fn, eventCall("1-a", []byte("old")), nil, f.clock().Add(-time.Hour))
	if text := strings.Join(f.Logs(acct, "echo"), "\n"); !strings.Contains(text, "AsyncInvocationExpired") {
		t.Errorf("log %q, want an expired event", text)
	}
}

func TestInvokeOverHTTP(t *testing.T) {
	t.Parallel()
	l := &logs{}
	f := start(t, Options{Sink: l})
	f.create(map[string]any{"logConfig": map[string]any{"project": "central", "logstore": "functions"}})
	do := func(payload string, header map[string]string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", "/2023-03-30/functions/echo/invocations?qualifier=LATEST", strings.NewReader(payload))
		r.Header.Set("X-Account", acct)
		for k, v := range header {
			r.Header.Set(k, v)
		}
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r)
		return w
	}
	w := do(`{"mode":"log","lines":100}`, map[string]string{"X-Fc-Log-Type": "Tail"})
	tail, err := base64.StdEncoding.DecodeString(w.Header().Get("X-Fc-Log-Result"))
	if err != nil || len(tail) != tailBytes || !strings.Contains(string(tail), "line 99") || !strings.Contains(string(tail), "FC Invoke End RequestId: "+w.Header().Get("X-Fc-Request-Id")) {
		t.Errorf("tail of %d bytes, %v: %q", len(tail), err, tail)
	}
	w = do(`{"mode":"fail"}`, nil)
	if w.Code != 200 || w.Header().Get("X-Fc-Error-Type") != errUnhandled || w.Body.String() != `{"errorMessage":"asked to fail"}` {
		t.Errorf("failure: %d %v %s", w.Code, w.Header(), w.Body)
	}
	if w = do("x", map[string]string{"X-Fc-Invocation-Type": "Async"}); w.Code != 202 || w.Body.Len() != 0 {
		t.Errorf("async: %d %s", w.Code, w.Body)
	}
	if w = do("x", map[string]string{"X-Fc-Invocation-Type": "Later"}); w.Code != 400 {
		t.Errorf("unknown type: %d", w.Code)
	}
	f.Tick()
	if out := l.written(); !strings.Contains(out, acct+"/central/functions") || !strings.Contains(out, "FCLogs:echo") || !strings.Contains(out, "line 42") {
		t.Errorf("function log: %.300q", out)
	}
}

func TestRoutesAreListed(t *testing.T) {
	t.Parallel()
	if got := strings.Join(Routes(), "\n"); !strings.Contains(got, "POST /2023-03-30/functions/{f}/invocations InvokeFunction") {
		t.Errorf("routes:\n%s", got)
	}
}
