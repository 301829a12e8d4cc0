package fc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// buffer is an io.Writer for concurrent use.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// platform is the headers that the platform sends (fc.md §1.3).
func platform(r *http.Request, control string) *http.Request {
	for k, v := range map[string]string{
		"x-fc-control-path": control, "x-fc-request-id": "1-6774b1c0-1a2b3c4d-000000000001", "x-fc-account-id": "1100000000000002",
		"x-fc-region": "cn-hangzhou", "x-fc-function-name": "detect", "x-fc-qualifier": "LATEST", "x-fc-function-timeout": "60",
		"x-fc-access-key-id": "STS.key", "x-fc-access-key-secret": "the-secret", "x-fc-security-token": "the-token", "x-fc-retry-count": "2",
	} {
		r.Header.Set(k, v)
	}
	return r
}

func invoke(s *Server, payload string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, platform(httptest.NewRequest(http.MethodPost, "/invoke", strings.NewReader(payload)), "/invoke"))
	return w
}

func serverOf[I, O any](out io.Writer, f func(context.Context, I) (O, error)) *Server {
	return NewServer("detect", func(context.Context) (Handlers, error) { return Handlers{Event: Typed(f)}, nil }, out)
}

type input struct {
	Name string `json:"name"`
}

type output struct {
	Hello string `json:"hello"`
}

func TestInvoke(t *testing.T) {
	t.Parallel()
	var log buffer
	var seen Context
	var end time.Time
	s := serverOf(&log, func(ctx context.Context, in input) (output, error) {
		c, _ := FromContext(ctx)
		seen = *c
		end, _ = ctx.Deadline()
		c.Logger.Info("working")
		return output{Hello: in.Name}, nil
	})
	before := time.Now()
	w := invoke(s, `{"name":"world"}`)
	after := time.Now()
	if w.Code != 200 || w.Body.String() != `{"hello":"world"}` || w.Header().Get("x-fc-status") != "200" {
		t.Errorf("answer = %d %s %v", w.Code, w.Body, w.Header())
	}
	if began := end.Add(-time.Minute); began.Before(before) || began.After(after) || seen.Deadline.IsZero() {
		t.Errorf("the deadline %v is not a minute, the function's time-out, after the request", end)
	}
	seen.Logger, seen.Deadline = nil, time.Time{}
	want := Context{
		RequestID: "1-6774b1c0-1a2b3c4d-000000000001", AccountID: "1100000000000002", Region: "cn-hangzhou", FunctionName: "detect",
		Qualifier: "LATEST", RetryCount: 2, Credentials: Credentials{"STS.key", "the-secret", "the-token"},
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("context (-want +got):\n%s", diff)
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 3 || lines[0] != "FC Invoke Start RequestId: "+want.RequestID || lines[2] != "FC Invoke End RequestId: "+want.RequestID {
		t.Fatalf("log = %q", lines)
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(lines[1]), &line); err != nil {
		t.Fatal(err)
	}
	if line["request_id"] != want.RequestID || line["function"] != "detect" || line["account_id"] != want.AccountID || line["msg"] != "working" {
		t.Errorf("log line = %v", line)
	}
}

func TestInvokeFailures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, payload string
		err           error
		panics        bool
		want          Failure
	}{
		{
			name: "kind, account and advice", payload: `{}`,
			err:  fmt.Errorf("join: %w", &soc.Error{Kind: soc.Denied, Op: "assume role", Account: "1100000000000003", Next: "repair the role", Err: errors.New("refused")}),
			want: Failure{"join: assume role in account 1100000000000003: refused", "Denied", "1100000000000003", "repair the role"},
		},
		{name: "any error", payload: `{}`, err: errors.New("odd"), want: Failure{ErrorMessage: "odd", ErrorType: "Internal"}},
		{name: "deadline", payload: `{}`, err: context.DeadlineExceeded, want: Failure{ErrorMessage: "context deadline exceeded", ErrorType: "Timeout"}},
		{name: "unknown field", payload: `{"nom":"x"}`, want: Failure{ErrorMessage: `read input: json: unknown field "nom"`, ErrorType: "Invalid", Next: "compare the payload with the function's input"}},
		{name: "empty", payload: ``, want: Failure{ErrorMessage: `read input: payload ends in the middle of JSON, or is empty`, ErrorType: "Invalid", Next: "compare the payload with the function's input"}},
		{name: "trailing", payload: `{} {}`, want: Failure{ErrorMessage: `read input: payload goes on after its first JSON value`, ErrorType: "Invalid", Next: "compare the payload with the function's input"}},
		{name: "panic", payload: `{}`, panics: true, want: Failure{ErrorMessage: "run handler: handler panicked", ErrorType: "Internal", Next: errPanic.Next}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log buffer
			s := serverOf(&log, func(context.Context, input) (output, error) {
				if tt.panics {
					panic("with the-secret inside")
				}
				return output{}, tt.err
			})
			w := invoke(s, tt.payload)
			if w.Code != 404 || w.Header().Get("x-fc-status") != "404" {
				t.Errorf("status = %d, x-fc-status = %q; want 404 for both", w.Code, w.Header().Get("x-fc-status"))
			}
			var got Failure
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
			text := log.String()
			if !strings.Contains(text, "Error: Unhandled function error") || strings.Count(text, `"msg":"request failed"`) != 1 {
				t.Errorf("log = %s", text)
			}
			if tt.panics != strings.Contains(text, "server_test.go") {
				t.Errorf("stack in the log = %v, want %v", !tt.panics, tt.panics)
			}
		})
	}
}

func TestInputsAndOutputsAsBytes(t *testing.T) {
	t.Parallel()
	raw := serverOf(io.Discard, func(_ context.Context, in []byte) ([]byte, error) { return append(in, '!'), nil })
	if got := invoke(raw, "\x00any").Body.String(); got != "\x00any!" {
		t.Errorf("bytes = %q", got)
	}
	message := serverOf(io.Discard, func(_ context.Context, in json.RawMessage) (json.RawMessage, error) { return in, nil })
	if got := invoke(message, `{"a": 1}`).Body.String(); got != `{"a": 1}` {
		t.Errorf("raw message = %q", got)
	}
	if w := invoke(message, `{`); w.Code != 404 {
		t.Errorf("half JSON = %d, want 404", w.Code)
	}
	lenient := serverOf(io.Discard, func(_ context.Context, in TimerEvent) (string, error) { return in.TriggerName, nil })
	if got := invoke(lenient, `{"triggerName":"t","added":1}`).Body.String(); got != `"t"` {
		t.Errorf("lenient = %q", got)
	}
}

func TestBuildOnce(t *testing.T) {
	t.Parallel()
	var builds atomic.Int32
	s := NewServer("detect", func(context.Context) (Handlers, error) {
		if builds.Add(1) == 1 {
			return Handlers{}, &soc.Error{Kind: soc.Unavailable, Op: "open store", Err: errors.New("locked")}
		}
		return Handlers{Event: Typed(func(context.Context, input) (output, error) { return output{}, nil })}, nil
	}, io.Discard)
	w := invoke(s, `{}`)
	if w.Code != 404 || !strings.Contains(w.Body.String(), `"errorType":"Unavailable"`) {
		t.Errorf("failed build = %d %s", w.Code, w.Body)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if w := invoke(s, `{}`); w.Code != 200 {
				t.Errorf("after the build: %d %s", w.Code, w.Body)
			}
		})
	}
	wg.Wait()
	if n := builds.Load(); n != 2 {
		t.Errorf("built %d times, want 2: once failed, once for all", n)
	}
}

// both serves pages and events, and can be closed.
type both struct{ closed *atomic.Int32 }

func (both) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/panic" {
		panic("oops")
	}
	c, ok := FromContext(r.Context())
	fmt.Fprintf(w, "%s %s %v %s", r.Method, r.URL, ok, c.RequestID)
}

func (both) Invoke(context.Context, []byte) ([]byte, error) { return []byte(`"event"`), nil }

func (b both) Close() error { b.closed.Add(1); return nil }

func TestControlPathDecides(t *testing.T) {
	t.Parallel()
	var closed atomic.Int32
	var log buffer
	s := NewServer("console", func(context.Context) (Handlers, error) { h := both{&closed}; return Handlers{Event: h, HTTP: h}, nil }, &log)
	const id = "1-6774b1c0-1a2b3c4d-000000000001"
	tests := []struct {
		name, method, path, control string
		code                        int
		body                        string
	}{
		{"event", "POST", "/invoke", "/invoke", 200, `"event"`},
		{"page that asks for /invoke", "POST", "/invoke", "/http-invoke", 200, "POST /invoke true " + id},
		{"page that asks for /pre-stop", "GET", "/pre-stop", "/http-invoke", 200, "GET /pre-stop true " + id},
		{"page", "GET", "/a%20b?c=d", "/http-invoke", 200, "GET /a%20b?c=d true " + id},
		{"page that panics", "GET", "/panic", "/http-invoke", 500, "internal error\n"},
		{"event without the header", "POST", "/invoke", "", 200, `"event"`},
		{"initialize", "POST", "/initialize", "/initialize", 200, ""},
		{"pre-stop", "GET", "/pre-stop", "true", 200, ""},
	}
	for _, tt := range tests { // in order: the last one stops the instance
		w := httptest.NewRecorder()
		s.ServeHTTP(w, platform(httptest.NewRequest(tt.method, tt.path, nil), tt.control))
		if w.Code != tt.code || w.Body.String() != tt.body {
			t.Errorf("%s: %d %q, want %d %q", tt.name, w.Code, w.Body, tt.code, tt.body)
		}
	}
	if closed.Load() != 1 {
		t.Errorf("closed %d times, want 1", closed.Load())
	}
	for _, mark := range []string{"FC Initialize Start", "FC Initialize End", "FC PreStop Start", "FC PreStop End"} {
		if !strings.Contains(log.String(), mark+" RequestId: "+id) {
			t.Errorf("log has no %q", mark)
		}
	}
}

func TestMissingHandlerIsUnsupported(t *testing.T) {
	t.Parallel()
	s := NewServer("console", func(context.Context) (Handlers, error) { return Handlers{}, nil }, io.Discard)
	if w := invoke(s, `{}`); !strings.Contains(w.Body.String(), `"errorType":"Unsupported"`) {
		t.Errorf("event = %s", w.Body)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, platform(httptest.NewRequest("GET", "/", nil), "/http-invoke"))
	if w.Code != 503 {
		t.Errorf("page = %d, want 503", w.Code)
	}
}

type config struct {
	Project string `env:"SOC_TEST_PROJECT,required"`
}

func (c *config) Validate() error {
	if c.Project == "bad" {
		return errors.New("SOC_TEST_PROJECT must not be bad")
	}
	return nil
}

func TestReadConfig(t *testing.T) {
	if _, err := readConfig[config](); soc.KindOf(err) != soc.Invalid || !strings.Contains(err.Error(), "SOC_TEST_PROJECT") {
		t.Errorf("unset: %v, want Invalid with the variable's name", err)
	}
	t.Setenv("SOC_TEST_PROJECT", "bad")
	if _, err := readConfig[config](); soc.KindOf(err) != soc.Invalid {
		t.Errorf("bad: %v, want Invalid", err)
	}
	t.Setenv("SOC_TEST_PROJECT", "p")
	if cfg, err := readConfig[config](); err != nil || cfg.Project != "p" {
		t.Errorf("p: %+v, %v", cfg, err)
	}
}

func TestServeStopsGracefully(t *testing.T) {
	t.Parallel()
	started, release := make(chan struct{}), make(chan struct{})
	s := serverOf(io.Discard, func(context.Context, input) (output, error) {
		close(started)
		<-release
		return output{Hello: "done"}, nil
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, s, l) }()
	answered := make(chan string, 1)
	go func() {
		client := &http.Client{Transport: &http.Transport{}} // its own: closing a test server closes idle connections of the default one
		defer client.CloseIdleConnections()
		resp, err := client.Post("http://"+l.Addr().String()+"/invoke", "", strings.NewReader(`{}`))
		if err != nil {
			answered <- err.Error()
			return
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		answered <- string(b)
	}()
	<-started
	cancel()
	close(release)
	if got := <-answered; got != `{"hello":"done"}` {
		t.Errorf("running request = %q", got)
	}
	if err := <-served; err != nil {
		t.Errorf("serve = %v", err)
	}
}

type otherCredentials struct{ AccessKeyID, AccessKeySecret, SecurityToken string }

func TestCredentials(t *testing.T) {
	t.Parallel()
	if _, err := CredentialsOf[otherCredentials](t.Context()); soc.KindOf(err) != soc.Denied {
		t.Errorf("outside a request: %v, want Denied", err)
	}
	c := Credentials{"id", "the-secret", "the-token"}
	got, err := CredentialsOf[otherCredentials](NewContext(t.Context(), &Context{Credentials: c}))
	if err != nil || got != (otherCredentials{"id", "the-secret", "the-token"}) {
		t.Errorf("CredentialsOf = %v, %v", got, err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "c", c)
	if text := log.String() + fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(text, "the-secret") || strings.Contains(text, "the-token") {
		t.Errorf("secret in %s", text)
	}
}
