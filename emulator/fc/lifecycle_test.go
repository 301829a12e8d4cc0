package fc

import (
	"context"
	"encoding/base64"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func custom(health map[string]any) map[string]any {
	return map[string]any{"command": []string{echoBin}, "healthCheckConfig": health}
}

func TestHealthCheck(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(map[string]any{"customRuntimeConfig": custom(map[string]any{"httpGetUrl": "/ready", "successThreshold": 2, "periodSeconds": 1, "timeoutSeconds": 3})})
	f.invoke("x")
	if n := strings.Count(f.waitMark("ready", 2), "ready"); n != 2 {
		t.Errorf("asked %d times, want 2", n)
	}
	f.api(200, acct, "PUT", "functions/echo", map[string]any{
		"environmentVariables": map[string]string{"READY": "/none"},
		"customRuntimeConfig":  custom(map[string]any{"httpGetUrl": "/ready", "failureThreshold": 1}),
	})
	if r := f.invoke("x"); r.Code != codeNotStarted || !strings.Contains(r.Message, "status 503") {
		t.Errorf("a health check that fails: %+v", r)
	}
	for name, health := range map[string]map[string]any{
		"url": {"httpGetUrl": "ready"}, "none": {"periodSeconds": 1}, "period": {"httpGetUrl": "/r", "periodSeconds": 121},
		"delay": {"httpGetUrl": "/r", "initialDelaySeconds": -1}, "time-out": {"httpGetUrl": "/r", "timeoutSeconds": 4}, "key": {"path": "/r"},
	} {
		if got := f.api(400, acct, "PUT", "functions/echo", map[string]any{"customRuntimeConfig": custom(health)}); got["Code"] != "InvalidArgument" {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestUpdateWhileAnInstanceIsProbed: the health check of a function may be read while the function is updated.
func TestUpdateWhileAnInstanceIsProbed(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(map[string]any{"customRuntimeConfig": custom(map[string]any{"httpGetUrl": "/ready", "timeoutSeconds": 3}), "timeout": 60})
	done := make(chan Result, 1)
	go func() { done <- f.invoke("x") }()
	for i := 0; len(done) == 0; i++ {
		f.api(200, acct, "PUT", "functions/echo", map[string]any{"description": strconv.Itoa(i)})
		f.pause()
	}
	if r := <-done; string(r.Body) != "x" {
		t.Errorf("%+v", r)
	}
}

func TestHookRules(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(nil)
	for name, hooks := range map[string]map[string]any{
		"both":             {"initializer": map[string]any{"handler": "a", "command": []string{"b"}}},
		"command":          {"preStop": map[string]any{"command": []string{"b"}}},
		"long initializer": {"initializer": map[string]any{"handler": "a", "timeout": 301}},
		"long pre-stop":    {"preStop": map[string]any{"handler": "a", "timeout": 91}},
	} {
		if got := f.api(400, acct, "PUT", "functions/echo", map[string]any{"instanceLifecycleConfig": hooks}); got["Code"] != "InvalidArgument" {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestInitializerTimeout(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(map[string]any{
		"environmentVariables":    map[string]string{"MODE": "slow-init"},
		"instanceLifecycleConfig": map[string]any{"initializer": map[string]any{"handler": "init", "timeout": 1}},
	})
	if r := f.invoke("x"); r.ErrorType != errInitialize || !strings.Contains(string(r.Body), "timed out after 1s") {
		t.Errorf("%+v", r)
	}
}

// A pre-stop hook that hangs does not keep the instance, nor Close beyond its context.
func TestPreStopTimeout(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(map[string]any{
		"environmentVariables":    map[string]string{"MODE": "slow-stop"},
		"instanceLifecycleConfig": map[string]any{"preStop": map[string]any{"handler": "stop", "timeout": 1}},
	})
	f.invoke("x")
	f.advance(10 * time.Minute)
	f.waitMark("sigterm", 1)
	if text := strings.Join(f.Logs(acct, "echo"), "\n"); !strings.Contains(text, "pre-stop hook") {
		t.Errorf("log %q", text)
	}
	f.api(200, acct, "PUT", "functions/echo", map[string]any{"instanceLifecycleConfig": map[string]any{"preStop": map[string]any{"handler": "stop", "timeout": 90}}})
	f.invoke("x")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := f.Close(ctx); err != nil {
		t.Error(err)
	}
	if d := time.Since(began); d > time.Minute { // the hook may take 90 s
		t.Errorf("Close took %v", d)
	}
}

// With a concurrency of 1 an abandoned instance is replaced; with a health check it is kept (fc.md §1.7).
func TestClientCancels(t *testing.T) {
	t.Parallel()
	for _, keep := range []bool{false, true} {
		f := start(t, Options{})
		config := custom(nil)
		if keep {
			config = custom(map[string]any{"httpGetUrl": "/ready"})
		}
		f.create(map[string]any{"customRuntimeConfig": config, "instanceLifecycleConfig": map[string]any{"preStop": map[string]any{"handler": "stop"}}})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan Result, 1)
		go func() {
			r, _ := f.Invoke(ctx, rootOf(acct), acct, "echo", "", false, []byte(`{"mode":"slow"}`))
			done <- r
		}()
		f.waitMark("slow", 1)
		before := f.instanceIDs()
		cancel()
		if r := <-done; r.Status != 499 || r.Code != "ClientClosedRequest" {
			t.Errorf("%+v", r)
		}
		if keep {
			f.invoke("x")
		} else {
			f.waitMark("sigterm", 1)
		}
		after := f.instanceIDs()
		if len(after) != 1 || (after[0] == before[0]) != keep {
			t.Errorf("health check %v: instances %v became %v", keep, before, after)
		}
	}
}

func (f *fixture) instanceIDs() (ids []string) {
	for _, in := range f.api(200, acct, "GET", "functions/echo/instances", nil)["instances"].([]any) {
		ids = append(ids, in.(map[string]any)["instanceId"].(string))
	}
	return ids
}

func TestLogsOfHooksAndTail(t *testing.T) {
	t.Parallel()
	l := &logs{}
	f := start(t, Options{Sink: l})
	f.create(map[string]any{
		"logConfig":               map[string]any{"project": "central", "logstore": "functions"},
		"instanceLifecycleConfig": map[string]any{"initializer": map[string]any{"handler": "init", "timeout": 60}},
	})
	r := httptest.NewRequest("POST", "/2023-03-30/functions/echo/invocations", strings.NewReader(`{"mode":"log","lines":2}`))
	r.Header.Set("X-Account", acct)
	r.Header.Set("X-Fc-Log-Type", "Tail")
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	id := regexp.QuoteMeta(w.Header().Get("X-Fc-Request-Id"))
	tail, _ := base64.StdEncoding.DecodeString(w.Header().Get("X-Fc-Log-Result"))
	want := regexp.MustCompile(`^FC Invoke Start RequestId: ` + id + `\nline 0 x+\nline 1 x+\nFC Invoke End RequestId: ` + id +
		`\nDuration: [0-9.]+ ms, Billed Duration: \d+ ms, Memory Size: 512 MB, Max Memory Used: [0-9.]+ MB\n$`)
	if !want.Match(tail) {
		t.Errorf("tail %q, want %s: the invocation and no hook", tail, want)
	}
	f.Tick()
	if out := l.written(); !regexp.MustCompile(`warming up[^\n]*instanceID[^\n]*` + id).MatchString(strings.ReplaceAll(out, "\n", " ")) {
		t.Errorf("the line of the initializer is not under its request: %q", out)
	}
}

// The package that GetFunctionCode gives is removed with the code.
func TestPackageFilesGo(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(nil)
	f.api(204, acct, "DELETE", "functions/echo", nil)
	if left, _ := os.ReadDir(f.o.Dir); len(left) != 0 {
		t.Errorf("left %v in %s", left, filepath.Base(f.o.Dir))
	}
}
