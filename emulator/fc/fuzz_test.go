package fc

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// FuzzREST: whatever is sent to the REST API, the answer is an answer of the API, with a request id and, when it refuses,
// with code and message. No program is started: the caller may neither invoke nor provision.
func FuzzREST(f *testing.F) {
	i := &iam{}
	i.deny("fc:InvokeFunction", true)
	i.deny("fc:PutProvisionConfig", true)
	s, err := New(Options{Auth: i, Roles: i, Dir: f.TempDir(), Poll: -1})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close(context.Background()) })
	create := `{"functionName":"a","runtime":"custom","code":{"zipFile":"` + smallZip + `"},"role":"` + fnRole + `","instanceLifecycleConfig":{"initializer":{"handler":"i","timeout":3}},"tags":[{"key":"k"}]}`
	for _, seed := range [][3]string{
		{"POST", "functions", create},
		{"PUT", "functions/a", `{"timeout":5,"customRuntimeConfig":{"command":["x"],"healthCheckConfig":{"httpGetUrl":"/"}}}`},
		{"GET", "functions?limit=1&nextToken=a&prefix=x", ""},
		{"GET", "functions/a/code?qualifier=1", ""},
		{"POST", "functions/a/triggers", `{"triggerName":"t","triggerType":"timer","triggerConfig":"{\"cronExpression\":\"0 0 4 * * *\",\"enable\":true}"}`},
		{"POST", "functions/a/triggers", `{"triggerName":"w","triggerType":"http","triggerConfig":"{\"authType\":\"anonymous\",\"methods\":[\"GET\"]}"}`},
		{"PUT", "functions/a/triggers/w", `{"triggerConfig":"{}"}`},
		{"POST", "functions/a/versions", `{"description":"d"}`},
		{"POST", "functions/a/aliases", `{"aliasName":"p","versionId":"1","additionalVersionWeight":{"2":0.1}}`},
		{"PUT", "functions/a/async-invoke-config?qualifier=p", `{"asyncTask":true,"maxAsyncRetryAttempts":1,"destinationConfig":{"onFailure":{"destination":"acs:mns:x"}}}`},
		{"GET", "functions/a/async-tasks?status=Failed&sortOrderByTime=desc&startedTimeBegin=1", ""},
		{"PUT", "functions/a/concurrency", `{"reservedConcurrency":1}`},
		{"POST", "functions/a/invoke/disable", `{"reason":"r","abortOngoingRequest":true}`},
		{"POST", "functions/a/invocations?qualifier=LATEST", "event"},
		{"POST", "custom-domains", `{"domainName":"a.example.com","protocol":"HTTP","routeConfig":{"routes":[{"path":"/*","functionName":"a"}]},"certConfig":{"certName":"c"}}`},
		{"POST", "tags-v2", `{"ResourceType":"function","ResourceId":["acs:fc:cn-hangzhou:` + acct + `:functions/a"],"Tag":[{"Key":"k","Value":"v"}]}`},
		{"DELETE", "tags-v2?ResourceType=function&All=true&ResourceId=[]", ""},
		{"GET", "layers/x/versions/1", ""},
		{"PATCH", "functions/%2F", "null"},
		{"PUT", "functions/a", `[]`},
	} {
		f.Add(seed[0], seed[1], []byte(seed[2]))
	}
	f.Fuzz(func(t *testing.T, method, path string, body []byte) {
		target, err := url.Parse("http://fc" + prefix + path)
		if err != nil {
			return
		}
		r := &http.Request{Method: method, URL: target, Host: "fc", Header: http.Header{"X-Account": {acct}}, Body: http.NoBody}
		if len(body) > 0 {
			r.Body = http.MaxBytesReader(nil, readCloser{bytes.NewReader(body)}, 1<<20)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r.WithContext(t.Context()))
		if strings.HasPrefix(r.URL.Path, codeURLPath) {
			return
		}
		var answer map[string]any
		if n := len(s.instances); n > 0 {
			t.Fatalf("%s %s started %d programs", method, path, n)
		}
		switch parsed := json.Unmarshal(w.Body.Bytes(), &answer); {
		case w.Header().Get("X-Fc-Request-Id") == "":
			t.Errorf("%s %s: no request id", method, path)
		case w.Code >= 500:
			t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
		case w.Code >= 400 && (parsed != nil || answer["Code"] == "" || answer["Message"] == nil || answer["RequestId"] == nil):
			t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
		case w.Code < 400 && w.Code != http.StatusNoContent && parsed != nil:
			t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
	})
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// FuzzRuntimeAPI: a program of go1 may send anything to its runtime API; only its own open requests are answered by it.
func FuzzRuntimeAPI(f *testing.F) {
	for _, seed := range [][3]string{
		{"GET", "next", ""},
		{"POST", "1-a/response", `"ok"`},
		{"POST", "1-a/error", `{"errorMessage":"x","errorType":"y"}`},
		{"POST", "1-b/response", ""},
		{"POST", "%2e%2e/response", "x"},
		{"PUT", "next", ""},
	} {
		f.Add(seed[0], seed[1], []byte(seed[2]))
	}
	f.Fuzz(func(t *testing.T, method, path string, body []byte) {
		target, err := url.Parse("http://api" + goPrefix + path)
		if err != nil {
			return
		}
		d, err := newGoDriver(&instance{}, "cn-hangzhou")
		if err != nil {
			t.Fatal(err)
		}
		defer d.close()
		work := &goWork{id: "1-a", ctx: t.Context(), answer: make(chan *reply, 1)}
		d.open[work.id] = work
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // a poll without work ends with the program
		r := &http.Request{Method: method, URL: target, Host: "api", Header: http.Header{}, Body: readCloser{bytes.NewReader(body)}}
		w := httptest.NewRecorder()
		d.server.Handler.ServeHTTP(w, r.WithContext(ctx))
		_, open := d.open[work.id]
		select {
		case got := <-work.answer:
			if open || w.Code != http.StatusOK || !bytes.Equal(got.body, body) || got.failed != strings.HasSuffix(r.URL.Path, "/error") {
				t.Errorf("%s %s: %d, open %v, answer %+v", method, path, w.Code, open, got)
			}
		default:
			if !open {
				t.Errorf("%s %s: the request is gone without an answer", method, path)
			}
		}
	})
}

// FuzzDomainMatch compares the choice of a route with the rule word by word.
func FuzzDomainMatch(f *testing.F) {
	f.Add("/a/b", "/a/* /a/b /a/b*")
	f.Add("/", "/*")
	f.Add("/login/a/b", "/login/* /login/a/*")
	f.Fuzz(func(t *testing.T, path, patterns string) {
		d := &Domain{DomainName: "a.example.com", Protocol: "HTTP"}
		for _, p := range strings.Fields(patterns) {
			d.RouteConfig.Routes = append(d.RouteConfig.Routes, DomainRoute{Path: p, FunctionName: "f"})
		}
		if d.checkRoutes() != nil {
			return
		}
		want, longest := "", -1
		for _, r := range d.RouteConfig.Routes {
			if r.Path == path && !strings.HasSuffix(path, "*") {
				want, longest = r.Path, 1<<30
			}
			if p := strings.TrimSuffix(r.Path, "*"); p != r.Path && strings.HasPrefix(path, p) && len(p) > longest {
				want, longest = r.Path, len(p)
			}
		}
		got := ""
		if r := d.match(path); r != nil {
			got = r.Path
		}
		if got != want {
			t.Errorf("%q among %q: %q, want %q", path, patterns, got, want)
		}
	})
}

// FuzzOutput: however what a program prints is cut into writes, the same lines come out of it, and each tail ends.
func FuzzOutput(f *testing.F) {
	f.Add([]byte("a\nFC Invoke Start RequestId: 1-a\nhello\r\nFC Invoke End RequestId: 1-a, Error: Unhandled function error\n"), uint8(3))
	f.Add([]byte("FC Initialize Start RequestId: 1-a\nFC Invoke End RequestId: 1-a\n\xff\xfe\n"), uint8(1))
	f.Fuzz(func(t *testing.T, text []byte, size uint8) {
		print := func(cut int) []string {
			log := &functionLog{}
			l := &instanceLog{in: &instance{rev: &revision{}}, log: log, now: time.Now}
			tail := l.follow("1-a")
			out := l.stream()
			for rest := text; len(rest) > 0; {
				n := min(cut, len(rest))
				if wrote, err := out.Write(rest[:n]); wrote != n || err != nil {
					t.Fatalf("wrote %d of %d: %v", wrote, n, err)
				}
				rest = rest[n:]
			}
			l.flush()
			<-tail.ended
			return log.lines
		}
		if whole, parts := print(len(text)+1), print(int(size)+1); !slices.Equal(whole, parts) {
			t.Errorf("in parts of %d: %q, want %q", int(size)+1, parts, whole)
		}
	})
}
