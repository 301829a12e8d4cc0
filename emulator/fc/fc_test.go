package fc

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/faults"
)

// echoBin is the test program and echoZip a package with it as bootstrap, in base64. Most tests name the program in the
// start command and use the small package, which keeps them fast under the race detector. goZip has the program of the
// runtime go1.
var echoBin, echoZip, smallZip, goZip string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "echo")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(dir)
	bin := filepath.Join(dir, "bootstrap")
	data, err := build(bin, "./testdata/echo")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	goData, err := build(filepath.Join(dir, "main"), "./testdata/gofunc")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	echoBin, smallZip = bin, zipOf(map[string]string{"bootstrap": "none"})
	echoZip, goZip = zipOf(map[string]string{"bootstrap": string(data)}), zipOf(map[string]string{"main": string(goData)})
	return m.Run()
}

func build(bin, pkg string) ([]byte, error) {
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", bin, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s\n%w", out, err)
	}
	return os.ReadFile(bin)
}

func zipOf(files map[string]string) string {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for name, text := range files {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate}
		if len(text) > 1<<16 {
			h.Method = zip.Store // programs: compression is slow under the race detector
		}
		h.SetMode(0o755)
		f, _ := w.CreateHeader(h)
		_, _ = io.WriteString(f, text)
	}
	_ = w.Close()
	return base64.StdEncoding.EncodeToString(buf.Bytes())
}

const (
	acct    = "1100000000000002"
	other   = "1100000000000003"
	fnRole  = "acs:ram::" + acct + ":role/fenghuo-echo"
	logRole = "acs:ram::" + acct + ":role/fenghuo-trigger"
)

// iam is a stand-in for the identity service: header X-Account authenticates, denied actions are listed.
type iam struct {
	mu     sync.Mutex
	denied map[string]bool // "action resource", "role principal"
}

func (i *iam) deny(what string, on bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.denied == nil {
		i.denied = map[string]bool{}
	}
	i.denied[what] = on
}

func (i *iam) Authenticate(r *http.Request, _ []byte) (auth.Caller, error) {
	a := r.Header.Get("X-Account")
	if a == "" {
		return auth.Caller{}, AuthError("SignatureDoesNotMatch", "bad signature")
	}
	return rootOf(a), nil
}

func rootOf(a string) auth.Caller {
	return auth.Caller{Type: auth.Root, AccountID: a, ARN: "acs:ram::" + a + ":root"}
}

func (i *iam) Authorize(_ context.Context, r auth.Request) auth.Decision {
	i.mu.Lock()
	defer i.mu.Unlock()
	owner := r.Caller.AccountID
	if r.Resource != "*" {
		owner = strings.Split(r.Resource, ":")[3]
	}
	return auth.Decision{Allowed: owner == r.Caller.AccountID && !i.denied[r.Action]}
}

func (i *iam) AssumeServiceRole(_ context.Context, role, principal, session string, _ time.Duration) (auth.Caller, auth.Keys, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.denied[role] || (principal == "fc.aliyuncs.com") != (role == fnRole) {
		return auth.Caller{}, auth.Keys{}, errors.New("no trust")
	}
	c := auth.Caller{Type: auth.Role, AccountID: acct, ARN: role + "/" + session}
	return c, auth.Keys{AccessKeyID: "STS." + principal, AccessKeySecret: "secret", SecurityToken: "token"}, nil
}

type fixture struct {
	*Service
	t   *testing.T
	iam *iam
	dir string
	// refuse is what calls of the API answer instead of running.
	refuse *faults.Answer

	mu  sync.Mutex
	now time.Time
}

func (f *fixture) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fixture) advance(d time.Duration) {
	f.mu.Lock()
	f.now = f.now.Add(d)
	f.mu.Unlock()
	f.Tick()
}

func start(t *testing.T, o Options) *fixture {
	t.Helper()
	f := &fixture{t: t, iam: &iam{}, dir: t.TempDir(), now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	o.Auth, o.Roles, o.Dir, o.Clock, o.Poll = f.iam, f.iam, f.dir, f.clock, -1
	o.Limits.RetryBase = orDefault(o.Limits.RetryBase, time.Millisecond)
	o.Limits.StopGrace = time.Minute
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	f.Service = s
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if n := len(s.instances); n != 0 {
			t.Errorf("Close left %d instances", n)
		}
		if left, _ := os.ReadDir(f.dir); len(left) != 0 {
			t.Errorf("Close left %v", left)
		}
	})
	return f
}

// api calls the REST API as an account and fails the test unless the status is as wanted.
func (f *fixture) api(want int, account, method, path string, body any) map[string]any {
	f.t.Helper()
	data, _ := json.Marshal(body)
	r := httptest.NewRequest(method, "/2023-03-30/"+path, bytes.NewReader(data))
	r.Header.Set("X-Account", account)
	if f.refuse != nil {
		r = r.WithContext(faults.WithRefusal(r.Context(), *f.refuse))
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	if w.Code != want {
		f.t.Fatalf("%s %s: status %d, want %d: %s", method, path, w.Code, want, w.Body)
	}
	if w.Header().Get("X-Fc-Request-Id") == "" {
		f.t.Errorf("%s %s: no request id", method, path)
	}
	out := map[string]any{}
	_ = json.Unmarshal(w.Body.Bytes(), &out)
	return out
}

// create makes the function "echo"; extra properties win.
func (f *fixture) create(extra map[string]any) {
	f.t.Helper()
	env := map[string]string{"MARKS": f.marks()}
	body := map[string]any{
		"functionName": "echo", "runtime": "custom.debian12", "handler": "index", "timeout": 20,
		"code": map[string]string{"zipFile": smallZip}, "role": fnRole, "environmentVariables": env,
		"customRuntimeConfig": map[string]any{"command": []string{echoBin}},
	}
	for k, v := range extra {
		if m, ok := v.(map[string]string); ok && k == "environmentVariables" {
			for name, value := range m {
				env[name] = value
			}
			continue
		}
		body[k] = v
	}
	f.api(201, acct, "POST", "functions", body)
}

func (f *fixture) marks() string {
	return filepath.Join(filepath.Dir(f.dir), filepath.Base(f.dir)+"-marks")
}

func (f *fixture) invoke(payload string) Result {
	f.t.Helper()
	r, err := f.Invoke(f.t.Context(), rootOf(acct), acct, "echo", "", false, []byte(payload))
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

// rounds is how often the tests look for what must come, with a pause between: two minutes and more, for busy machines.
const rounds = 24_000

// waitMark waits until the marks hold a word n times.
func (f *fixture) waitMark(word string, n int) string {
	f.t.Helper()
	var text []byte
	for range rounds {
		text, _ = os.ReadFile(f.marks())
		if strings.Count(string(text), word) >= n {
			return string(text)
		}
		f.pause()
	}
	f.t.Fatalf("no %q × %d in marks %q; log %q", word, n, text, f.Logs(acct, "echo"))
	return ""
}

// pause lets other processes run for a moment; waiting for a process has no other sign.
func (f *fixture) pause() {
	select {
	case <-f.t.Context().Done():
		f.t.FailNow()
	case <-time.After(5 * time.Millisecond):
	}
}

func TestInvoke(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(map[string]any{"timeout": 60, "code": map[string]string{"zipFile": echoZip}, "customRuntimeConfig": nil})
	tests := []struct{ name, payload, errorType, body string }{
		{"ok", `{"a":1}`, "", `{"a":1}`},
		{"failure by x-fc-status", `{"mode":"fail"}`, errUnhandled, "asked to fail"},
		{"crash", `{"mode":"crash"}`, errUnhandled, "Process exited unexpectedly before completing request (duration: "},
		{"works after a crash", `hello`, "", "hello"},
		{"timeout", `{"mode":"slow"}`, errUnhandled, "timed out after 1 seconds"},
		{"works after a timeout", `again`, "", "again"},
	}
	for _, tt := range tests {
		limit := 60
		if tt.name == "timeout" {
			limit = 1
		}
		f.api(200, acct, "PUT", "functions/echo", map[string]any{"timeout": limit})
		r := f.invoke(tt.payload)
		if r.Status != 200 || r.ErrorType != tt.errorType || !strings.Contains(string(r.Body), tt.body) {
			t.Errorf("%s: got %d %q %q, want 200 %q %q", tt.name, r.Status, r.ErrorType, r.Body, tt.errorType, tt.body)
		}
	}
}

func TestEnvironmentAndHeaders(t *testing.T) {
	t.Parallel()
	f := start(t, Options{Env: map[string]string{"EXTRA": "1"}})
	f.create(map[string]any{"environmentVariables": map[string]string{"STAGE": "dev"}})
	var got struct {
		Env    []string
		Header http.Header
	}
	if err := json.Unmarshal(f.invoke(`{"mode":"env"}`).Body, &got); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"STAGE=dev", "EXTRA=1", "FC_ACCOUNT_ID=" + acct, "FC_REGION=cn-hangzhou", "FC_FUNCTION_NAME=echo",
		"ALIBABA_CLOUD_ACCESS_KEY_ID=STS.fc.aliyuncs.com", "FC_FUNCTION_MEMORY_SIZE=512",
	} {
		if !strings.Contains("\n"+strings.Join(got.Env, "\n")+"\n", "\n"+want+"\n") {
			t.Errorf("environment lacks %s", want)
		}
	}
	for name, want := range map[string]string{
		"X-Fc-Control-Path": "/invoke", "X-Fc-Function-Name": "echo", "X-Fc-Access-Key-Id": "STS.fc.aliyuncs.com",
		"X-Fc-Security-Token": "token", "X-Fc-Function-Timeout": "20", "X-Fc-Qualifier": "LATEST", "X-Fc-Retry-Count": "0",
		"X-Fc-Account-Id": acct, "Content-Type": "application/octet-stream",
	} {
		if g := got.Header.Get(name); g != want {
			t.Errorf("header %s = %q, want %q", name, g, want)
		}
	}
	for _, name := range append([]string{"x-fc-service-name", "x-fc-version-id", "x-fc-service-logproject", "x-fc-service-logstore"}, emptyHeaders...) {
		if v, ok := got.Header[http.CanonicalHeaderKey(name)]; !ok || v[0] != "" {
			t.Errorf("header %s = %v, want it empty", name, v)
		}
	}
	if strings.Contains(strings.Join(got.Env, "\n"), "GOPATH=") {
		t.Error("the environment of the host leaks into the function")
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(nil)
	caller := rootOf(acct)
	tests := []struct {
		name, function, qualifier, code string
		caller                          auth.Caller
		deny                            string
		size                            int
		async                           bool
		status                          int
	}{
		{name: "absent", function: "nope", caller: caller, status: 404, code: "FunctionNotFound"},
		{name: "version", function: "echo", qualifier: "3", caller: caller, status: 404, code: "VersionNotFound"},
		{name: "alias", function: "echo", qualifier: "prod", caller: caller, status: 404, code: "AliasNotFound"},
		{name: "other account", function: "echo", caller: rootOf(other), status: 403, code: "AccessDenied"},
		{name: "no permission", function: "echo", caller: caller, deny: "fc:InvokeFunction", status: 403, code: "AccessDenied"},
		{name: "no role", function: "echo", caller: caller, deny: fnRole, status: 403, code: "AccessDenied"},
		{name: "large async", function: "echo", caller: caller, async: true, size: maxAsync + 1, status: 400, code: "EntityTooLarge"},
	}
	for _, tt := range tests {
		f.iam.deny(tt.deny, true)
		r, err := f.Invoke(t.Context(), tt.caller, acct, tt.function, tt.qualifier, tt.async, make([]byte, tt.size))
		f.iam.deny(tt.deny, false)
		if err != nil || r.Status != tt.status || r.Code != tt.code {
			t.Errorf("%s: got %d %s %v, want %d %s", tt.name, r.Status, r.Code, err, tt.status, tt.code)
		}
	}
}

func TestStartFailures(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(map[string]any{"environmentVariables": map[string]string{"MODE": "no-start"}})
	if r := f.invoke("x"); r.Code != "FunctionNotStarted" || !strings.Contains(r.Message, "cannot start") {
		t.Errorf("got %+v, want FunctionNotStarted with the last output", r)
	}
	f.api(200, acct, "PUT", "functions/echo", map[string]any{
		"environmentVariables":    map[string]string{"MODE": "bad-init", "MARKS": f.marks()},
		"instanceLifecycleConfig": map[string]any{"initializer": map[string]any{"handler": "initialize", "timeout": 60}},
	})
	if r := f.invoke("x"); r.Status != 200 || r.ErrorType != errInitialize || !strings.Contains(string(r.Body), "no database") {
		t.Errorf("got %+v, want an InitializationError", r)
	}
	f.api(200, acct, "PUT", "functions/echo", map[string]any{"environmentVariables": map[string]string{"MARKS": f.marks()}})
	for range 2 {
		if r := f.invoke("x"); string(r.Body) != "x" {
			t.Errorf("got %+v, want success after the repair", r)
		}
	}
	if n := strings.Count(f.waitMark("initialize", 2), "initialize"); n != 2 {
		t.Errorf("initializer ran %d times, want once per instance (2)", n)
	}
}

func TestConcurrencyAndLimit(t *testing.T) {
	t.Parallel()
	f := start(t, Options{Limits: Limits{InstancesPerFunction: 2}})
	f.create(map[string]any{"instanceConcurrency": 2})
	flag := filepath.Join(t.TempDir(), "go")
	payload := fmt.Sprintf(`{"mode":"wait","file":%q}`, flag)
	pids := make(chan string, 4)
	for range 4 {
		go func() { pids <- string(f.invoke(payload).Body) }()
	}
	f.waitMark("wait", 4)
	if r := f.invoke("one too many"); r.Status != 429 || r.Code != "ResourceExhausted" {
		t.Errorf("got %d %s, want 429 ResourceExhausted", r.Status, r.Code)
	}
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for range 4 {
		count[<-pids]++
	}
	for pid, n := range count {
		if n != 2 {
			t.Errorf("process %s served %d requests, want 2 in each of two", pid, n)
		}
	}
}

func TestKillAndShutdown(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(map[string]any{"instanceLifecycleConfig": map[string]any{"preStop": map[string]any{"handler": "stop", "timeout": 60}}})
	done := make(chan Result, 1)
	go func() { done <- f.invoke(`{"mode":"slow"}`) }()
	f.waitMark("slow", 1)
	if n := f.Kill(acct, "echo"); n != 1 {
		t.Errorf("Kill = %d, want 1", n)
	}
	if r := <-done; r.ErrorType != errUnhandled || !strings.Contains(string(r.Body), "Process exited unexpectedly") {
		t.Errorf("got %+v, want a process-exit error", r)
	}
	f.invoke("x")
	f.advance(10 * time.Minute) // idle
	marks := f.waitMark("sigterm", 1)
	if runtime.GOOS != "windows" && !strings.Contains(marks, "pre-stop\nsigterm") {
		t.Errorf("marks %q, want pre-stop, then sigterm", marks)
	}
	if n := f.Kill(acct, "nope"); n != 0 {
		t.Errorf("Kill of nothing = %d", n)
	}
}

func TestUpdateKeepsRunningRequests(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(nil)
	flag := filepath.Join(t.TempDir(), "go")
	done := make(chan Result, 1)
	go func() { done <- f.invoke(fmt.Sprintf(`{"mode":"wait","file":%q}`, flag)) }()
	f.waitMark("wait", 1)
	f.api(200, acct, "PUT", "functions/echo", map[string]any{"code": map[string]string{"zipFile": smallZip}, "description": "new"})
	if r := f.invoke("on the new one"); r.ErrorType != "" {
		t.Errorf("new revision: %+v", r)
	}
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := <-done; r.ErrorType != "" {
		t.Errorf("the running request was disturbed: %s", r.Body)
	}
	f.waitMark("sigterm", 1) // of the old instance
	f.api(204, acct, "DELETE", "functions/echo", nil)
	f.waitMark("sigterm", 2)
	if r := f.invoke("x"); r.Code != "FunctionNotFound" {
		t.Errorf("after the deletion: %+v", r)
	}
}

func BenchmarkInvoke(b *testing.B) {
	i := &iam{}
	s, err := New(Options{Auth: i, Roles: i, Dir: b.TempDir(), Poll: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close(context.Background())
	f := &fixture{Service: s, t: &testing.T{}, iam: i, dir: b.TempDir()}
	f.create(nil)
	b.ReportAllocs()
	for b.Loop() {
		r, err := s.Invoke(b.Context(), rootOf(acct), acct, "echo", "", false, []byte(`{"a":1}`))
		if err != nil || r.ErrorType != "" {
			b.Fatal(r, err)
		}
	}
}
