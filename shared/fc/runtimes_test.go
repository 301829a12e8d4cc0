package fc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// The test binary is also the function: the same program runs on all three runtimes.
func TestMain(m *testing.M) {
	switch os.Getenv("FC_TEST_PROGRAM") {
	case "events":
		Main("tester", func(context.Context, struct{}) (func(context.Context, request) (answer, error), error) {
			return serveRequest, nil
		})
	case "pages":
		MainHTTP("tester", func(context.Context, struct{}) (http.Handler, error) { return http.HandlerFunc(servePage), nil })
	default:
		os.Exit(m.Run())
	}
}

type request struct{ Say, Do string }

type answer struct {
	Said, Account, Region, RequestID, KeyID string
	Seconds                                 int // until the deadline
}

func serveRequest(ctx context.Context, in request) (answer, error) {
	switch in.Do {
	case "fail":
		return answer{}, &soc.Error{Kind: soc.Denied, Op: "assume role", Account: "1100000000000003", Err: errors.New("refused"), Next: "repair the role"}
	case "panic":
		panic("with the-secret inside")
	}
	c, _ := FromContext(ctx)
	end, _ := ctx.Deadline()
	return answer{in.Say, c.AccountID, c.Region, c.RequestID, c.Credentials.AccessKeyID, int(time.Until(end).Round(time.Minute) / time.Second)}, nil
}

func servePage(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("X-Agent", r.UserAgent())
	w.WriteHeader(http.StatusTeapot)
	fmt.Fprintf(w, "%s %s host=%s cookie=%s from=%s body=%s", r.Method, r.RequestURI, r.Host, r.Header.Get("Cookie"), r.RemoteAddr, body)
}

// runtime is the platform's side of one runtime.
type runtime interface {
	// env tells the program where the platform is.
	env() []string
	// invoke sends an event and returns the result, or the error body and true.
	invoke(t *testing.T, id, event string) (string, bool)
}

// program starts the test binary as a function.
func program(t *testing.T, which string, r runtime) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append([]string{
		"FC_TEST_PROGRAM=" + which, "ALIBABA_CLOUD_ACCESS_KEY_ID=STS.key", "ALIBABA_CLOUD_ACCESS_KEY_SECRET=the-secret",
		"GOCOVERDIR=" + t.TempDir(), "AWS_LAMBDA_FUNCTION_NAME=tester", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
	}, r.env()...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // as the platform's SIGTERM
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Wait() // ends by the cancelled context
		if t.Failed() {
			t.Logf("output of the program:\n%s", &out)
		}
		if text := out.String(); strings.Contains(text, "the-secret inside") && !strings.Contains(text, `"stack":`) {
			t.Errorf("output %s", text)
		}
	})
}

const (
	account = "1100000000000002"
	reqID   = "1-6774b1c0-1a2b3c4d-00000000000"
)

func metadata(h http.Header, id string) {
	for k, v := range map[string]string{
		"x-fc-request-id": id, "x-fc-account-id": account, "x-fc-region": "cn-hangzhou", "x-fc-function-name": "tester",
		"x-fc-function-timeout": "60", "x-fc-access-key-id": "STS.key", "x-fc-access-key-secret": "the-secret", "x-fc-retry-count": "0",
	} {
		h.Set(k, v)
	}
}

// custom is FC's custom runtime: it sends requests to the program's port.
type custom struct{ port int }

func newCustom(t *testing.T) runtime {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return &custom{l.Addr().(*net.TCPAddr).Port}
}

func (c *custom) env() []string { return []string{"FC_SERVER_PORT=" + strconv.Itoa(c.port)} }

func (c *custom) invoke(t *testing.T, id, event string) (string, bool) {
	for {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, fmt.Sprintf("http://127.0.0.1:%d/invoke", c.port), strings.NewReader(event))
		if err != nil {
			t.Fatal(err)
		}
		metadata(r.Header, id)
		r.Header.Set("x-fc-control-path", "/invoke")
		resp, err := http.DefaultClient.Do(r)
		if t.Context().Err() != nil {
			t.Fatal(err)
		}
		if err != nil {
			select { // the program starts; a port has no other sign
			case <-t.Context().Done():
			case <-time.After(5 * time.Millisecond):
			}
			continue
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return string(body), resp.Header.Get("x-fc-status") != "200"
	}
}

// api is a runtime API that the program asks for its work: FC's go1, or AWS Lambda's.
type api struct {
	lambda bool
	server *httptest.Server
	work   chan [2]string // request id and event

	mu      sync.Mutex
	results map[string]chan result
}

type result struct {
	body   string
	failed bool
	kind   string // content type
}

func newAPI(t *testing.T, lambda bool) *api {
	a := &api{lambda: lambda, work: make(chan [2]string), results: map[string]chan result{}}
	base, accepted := "/2020-11-11/runtime/invocation/", http.StatusOK
	if lambda {
		base, accepted = "/2018-06-01/runtime/invocation/", http.StatusAccepted
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base+"next", a.next)
	for _, kind := range []string{"response", "error"} {
		mux.HandleFunc("POST "+base+"{id}/"+kind, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			a.mu.Lock()
			ch := a.results[r.PathValue("id")]
			delete(a.results, r.PathValue("id"))
			a.mu.Unlock()
			if ch == nil {
				t.Errorf("a report for the unknown request %s", r.PathValue("id"))
			} else {
				ch <- result{string(body), kind == "error", r.Header.Get("Content-Type")}
			}
			w.WriteHeader(accepted)
		})
	}
	a.server = httptest.NewServer(mux)
	t.Cleanup(a.server.CloseClientConnections) // polls are open: Close would wait for them
	return a
}

func newGo(t *testing.T) runtime     { return newAPI(t, false) }
func newLambda(t *testing.T) runtime { return newAPI(t, true) }

func (a *api) env() []string {
	name := "FC_RUNTIME_API="
	if a.lambda {
		name = "AWS_LAMBDA_RUNTIME_API="
	}
	return []string{name + strings.TrimPrefix(a.server.URL, "http://")}
}

func (a *api) next(w http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case work := <-a.work:
		deadline := strconv.FormatInt(time.Now().Add(time.Minute).UnixMilli(), 10)
		if a.lambda {
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", work[0])
			w.Header().Set("Lambda-Runtime-Deadline-Ms", deadline)
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:cn-hangzhou:"+account+":function:tester")
		} else {
			metadata(w.Header(), work[0])
			w.Header().Set("x-fc-function-deadline", deadline)
			kind, _, ok := strings.Cut(work[1], " hook")
			if w.Header().Set("x-fc-function-type", "0"); ok {
				w.Header().Set("x-fc-function-type", kind)
			}
		}
		io.WriteString(w, work[1])
	}
}

func (a *api) invoke(t *testing.T, id, event string) (string, bool) {
	ch := make(chan result, 1)
	a.mu.Lock()
	a.results[id] = ch
	a.mu.Unlock()
	select {
	case a.work <- [2]string{id, event}:
	case <-t.Context().Done():
		t.Fatal("nobody asks for work")
	}
	select {
	case r := <-ch:
		if !a.lambda && r.kind != "application/json" {
			t.Errorf("content type %q", r.kind)
		}
		return r.body, r.failed
	case <-t.Context().Done():
		t.Fatal("no answer")
		return "", false
	}
}

func TestAllRuntimes(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(*testing.T) runtime{"custom": newCustom, "go1": newGo, "lambda": newLambda} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := make(t)
			program(t, "events", r)
			body, failed := r.invoke(t, reqID+"1", `{"Say":"hello <&>"}`)
			var got answer
			if err := json.Unmarshal([]byte(body), &got); err != nil || failed {
				t.Fatalf("%s %v %v", body, failed, err)
			}
			want := answer{"hello <&>", account, "cn-hangzhou", reqID + "1", "STS.key", 60}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			for event, kind := range map[string]string{`{"Do":"fail"}`: "Denied", `{"Do":"panic"}`: "Internal", `{"Nom":1}`: "Invalid", `{`: "Invalid", ``: "Invalid"} {
				body, failed := r.invoke(t, reqID+"2", event)
				var f Failure
				if err := json.Unmarshal([]byte(body), &f); err != nil || !failed || f.ErrorType != kind || f.ErrorMessage == "" || strings.Contains(body, "the-secret") {
					t.Errorf("%s: %s failed=%v, want %s", event, body, failed, kind)
				}
				if name != "lambda" && kind == "Denied" && (f.Next != "repair the role" || f.Account != "1100000000000003") {
					t.Errorf("failure %+v", f)
				}
			}
			if body, failed := r.invoke(t, reqID+"3", `{"Say":"after a panic"}`); failed || !strings.Contains(body, "after a panic") {
				t.Errorf("after a panic: %s", body)
			}
		})
	}
}

// Results of calls that run at once do not mix: none of them is in a buffer that another call may use.
func TestConcurrentResults(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(*testing.T) runtime{"custom": newCustom, "go1": newGo} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := make(t)
			program(t, "events", r)
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					for j := range 100 {
						say := strings.Repeat(fmt.Sprintf("%d-%d ", i, j), 50)
						if body, failed := r.invoke(t, fmt.Sprintf("%s%d-%d", reqID, i, j), `{"Say":"`+say+`"}`); failed || !strings.Contains(body, `"Said":"`+say+`"`) {
							t.Errorf("call %d-%d got %.80s", i, j, body)
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestGoHooks(t *testing.T) {
	t.Parallel()
	a := newAPI(t, false)
	program(t, "events", a)
	for _, event := range []string{"1 hook", "2 hook"} {
		if body, failed := a.invoke(t, reqID+"4", event); failed || body != "" {
			t.Errorf("%s: %q failed=%v, want nothing", event, body, failed)
		}
	}
}

func TestPagesAsEvents(t *testing.T) {
	t.Parallel()
	const v1 = `{"version":"v1","rawPath":"/a%2Fb","headers":{"User-Agent":"u","Cookie":"c=1"},"queryParameters":{"x":"1,2"},"body":"aGk=","isBase64Encoded":true,` +
		`"requestContext":{"domainName":"d.cn-hangzhou.fcapp.run","http":{"method":"POST","path":"/a/b","sourceIp":"192.0.2.1"}}}`
	const v2 = `{"version":"2.0","rawPath":"/a%2Fb","rawQueryString":"x=1%2C2","headers":{"user-agent":"u","host":"d.cn-hangzhou.fcapp.run"},"cookies":["c=1"],"body":"hi","isBase64Encoded":false,` +
		`"requestContext":{"domainName":"other","http":{"method":"POST","path":"/a/b","sourceIp":"192.0.2.1"}}}`
	for event, a := range map[string]*api{v1: newAPI(t, false), v2: newAPI(t, true)} {
		program(t, "pages", a)
		body, failed := a.invoke(t, reqID+"5", event)
		var got pageResult
		if err := json.Unmarshal([]byte(body), &got); err != nil || failed {
			t.Fatalf("%s %v", body, err)
		}
		want := pageResult{
			StatusCode: http.StatusTeapot, Headers: map[string]string{"X-Agent": "u", "Content-Type": "text/plain; charset=utf-8"},
			Body: "POST /a%2Fb?x=1%2C2 host=d.cn-hangzhou.fcapp.run cookie=c=1 from=192.0.2.1:0 body=hi",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("answer (-want +got):\n%s", diff)
		}
		if body, failed := a.invoke(t, reqID+"6", `{"an":"event"}`); !failed || !strings.Contains(body, "Unsupported") {
			t.Errorf("an event for pages only: %s", body)
		}
	}
}

func TestFromLambda(t *testing.T) {
	t.Parallel()
	h := FromLambda(lambda.NewHandler(func(_ context.Context, in request) (answer, error) { return answer{Said: in.Say}, nil }))
	said := func(i int) []byte { return []byte(`"` + strconv.Itoa(i) + `"`) }
	var results [100][]byte
	for i := range results { // a result is still good after the calls that follow
		out, err := h.Invoke(t.Context(), []byte(`{"Say":"`+strconv.Itoa(i)+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		results[i] = out
	}
	for i, out := range results {
		if !bytes.Contains(out, said(i)) {
			t.Fatalf("result %d became %s", i, out)
		}
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 200 {
				if out, err := h.Invoke(t.Context(), []byte(`{"Say":"`+strconv.Itoa(i)+`"}`)); err != nil || !bytes.Contains(out, said(i)) {
					t.Errorf("call %d got %.80s %v", i, out, err)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzPageEvent(f *testing.F) {
	f.Add([]byte(`{"version":"v1","rawPath":"/a","queryParameters":{"x":"1"},"body":"aGk=","isBase64Encoded":true,"requestContext":{"http":{"method":"GET"}}}`))
	f.Add([]byte(`{"version":"2.0","rawPath":"a b","rawQueryString":"%","requestContext":{"http":{"method":" "}}}`))
	s := NewServer("tester", func(context.Context) (Handlers, error) { return Handlers{HTTP: http.HandlerFunc(servePage)}, nil }, io.Discard)
	f.Fuzz(func(t *testing.T, payload []byte) {
		c := &Context{}
		ctx, cancel := s.enter(t.Context(), c)
		defer cancel()
		out, err := s.eventOrPage(ctx, c, payload, nil)
		if err == nil && !json.Valid(out) {
			t.Errorf("%q became %q", payload, out)
		}
	})
}
