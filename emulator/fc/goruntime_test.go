package fc

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// createGo makes the function "echo" with the runtime go1.
func (f *fixture) createGo(extra map[string]any) {
	f.t.Helper()
	body := map[string]any{"runtime": "go1", "handler": "main", "code": map[string]string{"zipFile": goZip}, "customRuntimeConfig": nil, "timeout": 60}
	for k, v := range extra {
		body[k] = v
	}
	f.create(body)
}

func TestGoRuntime(t *testing.T) {
	t.Parallel()
	f := start(t, Options{NoFreeze: true}) // so that the second answer of one request is sent
	f.createGo(map[string]any{"instanceLifecycleConfig": map[string]any{
		"initializer": map[string]any{"handler": "init", "timeout": 60}, "preStop": map[string]any{"handler": "stop", "timeout": 60},
	}})
	for _, tt := range []struct{ name, payload, errorType, body string }{
		{"value", `{"a":1}`, "", `{"a":1}`},
		{"error", `{"mode":"fail"}`, errUnhandled, `{"errorMessage":"asked to fail","errorType":"errorString"}`},
		{"exit", `{"mode":"exit"}`, errUnhandled, "Process exited unexpectedly before completing request (duration: "},
		{"after an exit", `1`, "", `1`},
		{"never answered", `{"mode":"silent"}`, errUnhandled, "timed out after 2 seconds"},
		{"after a time-out", `2`, "", `2`},
		{"answered twice", `{"mode":"twice"}`, "", `"first"`},
	} {
		if tt.name == "never answered" {
			f.api(200, acct, "PUT", "functions/echo", map[string]any{"timeout": 2})
		}
		r := f.invoke(tt.payload)
		if r.Status != 200 || r.ErrorType != tt.errorType || !strings.Contains(string(r.Body), tt.body) {
			t.Errorf("%s: got %d %q %q, want 200 %q %q", tt.name, r.Status, r.ErrorType, r.Body, tt.errorType, tt.body)
		}
		if tt.name == "never answered" {
			f.api(200, acct, "PUT", "functions/echo", map[string]any{"timeout": 60})
		}
	}
	f.waitMark("report refused", 1)
	f.advance(10 * time.Minute)        // idle
	marks := f.waitMark("pre-stop", 2) // also of the one that the change of the time-out replaced
	if n := strings.Count(marks, "initialize"); n != 4 {
		t.Errorf("the initializer ran %d times, want once for each of 4 instances; marks %q", n, marks)
	}
	if strings.Contains(marks, "bad next") {
		t.Errorf("next was answered with an error; marks %q", marks)
	}
}

func TestGoRuntimeHeaders(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.createGo(map[string]any{"timeout": 20, "logConfig": map[string]any{"project": "p", "logstore": "l"}})
	var got struct {
		Header http.Header
		Event  string
		Env    []string
	}
	before := time.Now().Truncate(time.Millisecond)
	if err := json.Unmarshal(f.invoke(`{"mode":"seen"}`).Body, &got); err != nil {
		t.Fatal(err)
	}
	after := time.Now()
	for name, want := range map[string]string{
		"X-Fc-Function-Type": "0", "X-Fc-Function-Timeout": "20", "X-Fc-Function-Name": "echo",
		"X-Fc-Function-Handler": "main", "X-Fc-Function-Memory": "512", "X-Fc-Access-Key-Id": "STS.fc.aliyuncs.com", "X-Fc-Security-Token": "token",
		"X-Fc-Region": "cn-hangzhou", "X-Fc-Account-Id": acct, "X-Fc-Qualifier": "LATEST", "X-Fc-Retry-Count": "0",
		"X-Fc-Service-Logproject": "p", "X-Fc-Service-Logstore": "l",
	} {
		if g := got.Header.Get(name); g != want {
			t.Errorf("header %s = %q, want %q", name, g, want)
		}
	}
	ms, err := strconv.ParseInt(got.Header.Get("X-Fc-Function-Deadline"), 10, 64)
	if sent := time.UnixMilli(ms).Add(-20 * time.Second); err != nil || sent.Before(before) || sent.After(after) {
		t.Errorf("deadline %q, %v: it is not 20 s after a moment of the call", got.Header.Get("X-Fc-Function-Deadline"), err)
	}
	env := strings.Join(got.Env, "\n")
	if !strings.Contains(env, "FC_RUNTIME_API=127.0.0.1:") || strings.Contains(env, "FC_SERVER_PORT") {
		t.Errorf("environment %q", env)
	}
}

func TestGoRuntimeStartFailures(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.createGo(map[string]any{"environmentVariables": map[string]string{"MODE": "exit"}})
	if r := f.invoke("1"); r.ErrorType != errUnhandled || !strings.Contains(string(r.Body), "Process exited unexpectedly") {
		t.Errorf("a program that ends at once: %+v", r)
	}
	f.api(200, acct, "PUT", "functions/echo", map[string]any{
		"environmentVariables":    map[string]string{"MODE": "bad-init"},
		"instanceLifecycleConfig": map[string]any{"initializer": map[string]any{"handler": "init", "timeout": 60}},
	})
	if r := f.invoke("1"); r.ErrorType != errInitialize || !strings.Contains(string(r.Body), "no database") {
		t.Errorf("a failed initializer: %+v", r)
	}
	f.api(200, acct, "PUT", "functions/echo", map[string]any{"handler": "other"})
	if r := f.invoke("1"); r.Code != codeNotStarted {
		t.Errorf("a handler that is not in the package: %+v", r)
	}
	f.api(400, acct, "PUT", "functions/echo", map[string]any{"handler": "../main"})
	f.api(400, acct, "PUT", "functions/echo", map[string]any{"instanceConcurrency": 2})
}

func TestGoRuntimeHTTPTrigger(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.createGo(nil)
	made := f.api(201, acct, "POST", "functions/echo/triggers", trigger0("web", "http",
		map[string]any{"authType": "anonymous", "methods": []string{"GET", "POST"}}, nil))
	if w := f.http("GET", "http://console.example/web", nil, ""); w.Code != 201 || w.Body.String() != "hello" || w.Header().Get("X-Program") != "gofunc" {
		t.Errorf("response object: %d %q %v", w.Code, w.Body, w.Header())
	}
	if w := f.http("GET", "http://console.example/fail", nil, ""); w.Code != 502 || w.Header().Get("X-Fc-Error-Type") != errUnhandled {
		t.Errorf("error: %d %s", w.Code, w.Body)
	}
	if w := f.http("GET", "http://console.example/badstatus", nil, ""); w.Code != 502 {
		t.Errorf("status 1: %d %s", w.Code, w.Body)
	}
	w := f.http("POST", "http://console.example/a%2Fb?x=1&x=2", http.Header{"X-Two": {"1", "2"}, "User-Agent": {"u"}, "X-Fc-Custom": {"1"}}, "hi\xff")
	var e webEvent
	if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || w.Code != 200 {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	host := strings.TrimPrefix(made["httpTrigger"].(map[string]any)["urlInternet"].(string), "https://")
	prefix, _, _ := strings.Cut(host, ".")
	if _, err := time.Parse(time.RFC3339, e.RequestContext.Time); err != nil {
		t.Error(err)
	}
	if e.RequestContext.RequestID != w.Header().Get("X-Fc-Request-Id") || e.RequestContext.TimeEpoch == "" {
		t.Errorf("request context %+v", e.RequestContext)
	}
	e.RequestContext.RequestID, e.RequestContext.Time, e.RequestContext.TimeEpoch = "", "", ""
	want := webEvent{
		Version: "v1", RawPath: "/a%2Fb", Body: "aGn/", IsBase64Encoded: true, Headers: map[string]string{"X-Two": "1,2", "User-Agent": "u"},
		QueryParameters: map[string]string{"x": "1,2"}, RequestContext: webContext{
			AccountID: acct, DomainName: host, DomainPrefix: prefix,
			TriggerID: made["triggerId"].(string), HTTP: webHTTP{Method: "POST", Path: "/a/b", Protocol: "HTTP/1.1", SourceIP: "192.0.2.1", UserAgent: "u"},
		},
	}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

// The answer of a program is hostile: whatever it says, there is a valid HTTP answer.
func FuzzHTTPReply(f *testing.F) {
	f.Add([]byte(`{"statusCode":201,"headers":{"a":"b"},"isBase64Encoded":true,"body":"aGk="}`))
	f.Add([]byte(`{"statusCode":99}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, result []byte) {
		r := httpReply(result)
		if r.status < 200 || r.status > 599 || r.failed && !json.Valid(r.body) {
			t.Errorf("%q became %+v", result, r)
		}
	})
}

func FuzzHTTPEvent(f *testing.F) {
	f.Add("/a%2Fb?x=1&x=2", []byte("text"))
	f.Add("*", []byte{0xff})
	f.Fuzz(func(t *testing.T, path string, body []byte) {
		c := &call{path: path, body: body, method: "POST", header: http.Header{"A": {path}}, web: &webCall{}}
		var e webEvent
		if err := json.Unmarshal(httpEvent(c, acct, time.Unix(0, 0)), &e); err != nil {
			t.Fatal(err)
		}
		if utf8.Valid(body) && (e.IsBase64Encoded || !bytes.Equal([]byte(e.Body), body)) {
			t.Errorf("body %q became %q", body, e.Body)
		}
	})
}
