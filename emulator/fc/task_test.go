package fc

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/faults"
)

// submit makes an asynchronous call over the API with a task id and returns the answer.
func (f *fixture) submit(id, payload string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/2023-03-30/functions/echo/invocations", strings.NewReader(payload))
	r.Header.Set("X-Account", acct)
	r.Header.Set("X-Fc-Invocation-Type", "Async")
	if id != "" {
		r.Header.Set("X-Fc-Async-Task-Id", id)
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w
}

// waitTask waits until a task has a state.
func (f *fixture) waitTask(id, state string) map[string]any {
	f.t.Helper()
	var got map[string]any
	for range rounds {
		if got = f.api(200, acct, "GET", "functions/echo/async-tasks/"+id, nil); got["status"] == state {
			return got
		}
		f.pause()
	}
	f.t.Fatalf("task %s is %v, want %s", id, got, state)
	return nil
}

// states are the events of a task.
func states(task map[string]any) string {
	var out []string
	events, _ := task["events"].([]any)
	for _, e := range events {
		out = append(out, e.(map[string]any)["status"].(string))
	}
	return strings.Join(out, " ")
}

func TestAsyncTasks(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(nil)
	if w := f.submit("job-1", "x"); w.Code != 400 || !strings.Contains(w.Body.String(), "asyncTask") {
		t.Errorf("a task id without task mode: %d %s", w.Code, w.Body)
	}
	f.api(200, acct, "PUT", "functions/echo/async-invoke-config", map[string]any{"asyncTask": true, "maxAsyncRetryAttempts": 1})
	if w := f.submit("1 job", "x"); w.Code != 400 {
		t.Errorf("a bad task id: %d", w.Code)
	}
	for range 2 { // the second one is not run
		if w := f.submit("job-1", "hello"); w.Code != 202 || w.Header().Get("X-Fc-Async-Task-Id") != "job-1" {
			t.Errorf("submit: %d %v", w.Code, w.Header())
		}
	}
	ok := f.waitTask("job-1", taskSucceeded)
	if states(ok) != "Enqueued Running Succeeded" || ok["taskPayload"] != "hello" || ok["instanceId"] == "" || ok["requestId"] == "" || ok["endTime"] == nil {
		t.Errorf("task %v", ok)
	}
	f.submit("bad-1", `{"mode":"fail"}`)
	if bad := f.waitTask("bad-1", taskFailed); states(bad) != "Enqueued Running Retrying Running Failed" || bad["alreadyRetriedTimes"] != 1.0 ||
		!strings.Contains(bad["taskErrorMessage"].(string), "asked to fail") {
		t.Errorf("task %v", bad)
	}
	w := f.submit("", "named by the service")
	f.waitTask(w.Header().Get("X-Fc-Async-Task-Id"), taskSucceeded)
	if n := strings.Count(f.waitMark("event", 2), "event hello"); n != 1 {
		t.Errorf("the repeated task ran %d times", n)
	}
	for query, want := range map[string]int{
		"": 3, "?status=Failed": 1, "?prefix=job-": 1, "?qualifier=1": 0, "?limit=2": 2,
		fmt.Sprintf("?startedTimeBegin=%d", f.clock().UnixMilli()+1): 0, "?sortOrderByTime=desc&nextToken=bad-1": 2,
	} {
		if list := f.api(200, acct, "GET", "functions/echo/async-tasks"+query, nil)["tasks"].([]any); len(list) != want {
			t.Errorf("%q: %v, want %d", query, list, want)
		}
	}
	list := f.api(200, acct, "GET", "functions/echo/async-tasks?includePayload=true", nil)["tasks"].([]any)
	if first := list[0].(map[string]any); first["taskId"] != "job-1" || first["taskPayload"] != "hello" {
		t.Errorf("first task %v", first)
	}
	f.api(400, acct, "GET", "functions/echo/async-tasks?sortOrderByTime=up", nil)
	f.api(400, acct, "GET", "functions/echo/async-tasks?startedTimeEnd=x", nil)
	f.advance(8 * 24 * time.Hour)
	f.api(404, acct, "GET", "functions/echo/async-tasks/job-1", nil)
}

func TestStopAsyncTask(t *testing.T) {
	t.Parallel()
	f := start(t, Options{Limits: Limits{RetryBase: time.Hour}})
	f.create(nil)
	f.api(200, acct, "PUT", "functions/echo/async-invoke-config", map[string]any{"asyncTask": true})
	f.submit("runs", `{"mode":"slow"}`)
	f.waitMark("slow", 1)
	f.submit("waits", `{"mode":"fail"}`)
	f.waitTask("waits", taskRetrying)
	for _, id := range []string{"runs", "waits"} {
		f.api(204, acct, "PUT", "functions/echo/async-tasks/"+id+"/stop", nil)
		if got := states(f.waitTask(id, taskStopped)); !strings.HasSuffix(got, "Stopping Stopped") {
			t.Errorf("%s: %s", id, got)
		}
	}
	f.api(204, acct, "PUT", "functions/echo/async-tasks/runs/stop", nil) // again
	f.api(404, acct, "PUT", "functions/echo/async-tasks/none/stop", nil)
	f.waitMark("sigterm", 1) // the abandoned instance is stopped
}

func TestAsyncConfigPerQualifier(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(nil)
	f.api(404, acct, "PUT", "functions/echo/async-invoke-config?qualifier=1", map[string]any{"maxAsyncRetryAttempts": 0})
	f.api(201, acct, "POST", "functions/echo/versions", nil)
	f.api(200, acct, "PUT", "functions/echo/async-invoke-config?qualifier=1", map[string]any{"maxAsyncRetryAttempts": 0})
	f.api(404, acct, "GET", "functions/echo/async-invoke-config", nil)
	f.api(200, acct, "PUT", "functions/echo/async-invoke-config", map[string]any{"maxAsyncRetryAttempts": 8})
	if got := f.api(200, acct, "GET", "functions/echo/async-invoke-config?qualifier=1", nil); got["maxAsyncRetryAttempts"] != 0.0 {
		t.Errorf("version 1: %v", got)
	}
	for query, want := range map[string]int{"": 2, "?functionName=echo": 2, "?functionName=x": 0} {
		if list := f.api(200, acct, "GET", "async-invoke-configs"+query, nil)["configs"].([]any); len(list) != want {
			t.Errorf("%q: %v", query, list)
		}
	}
	f.api(204, acct, "DELETE", "functions/echo/async-invoke-config?qualifier=1", nil)
	f.api(404, acct, "GET", "functions/echo/async-invoke-config?qualifier=1", nil)
}

func TestAsyncTaskOverHTTPTrigger(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(nil)
	f.api(200, acct, "PUT", "functions/echo/async-invoke-config", map[string]any{"asyncTask": true})
	f.api(201, acct, "POST", "functions/echo/triggers", trigger0("web", "http", map[string]any{"authType": "anonymous", "methods": []string{"POST"}}, nil))
	h := http.Header{"X-Fc-Invocation-Type": {"Async"}, "X-Fc-Async-Task-Id": {"web-1"}}
	if w := f.http("POST", "http://console.example/", h, "hi"); w.Code != 202 || w.Header().Get("X-Fc-Async-Task-Id") != "web-1" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	f.waitTask("web-1", taskSucceeded)
}

// plan is a fault plan of one seed.
func plan(t *testing.T, list ...faults.Fault) *faults.Injector {
	t.Helper()
	p, err := faults.New(faults.Plan{Seed: 1, Faults: list}, faults.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestFaults: refusals before and after a run, a late run, a process that dies in the middle; a call of the API that is
// refused.
func TestFaults(t *testing.T) {
	t.Parallel()
	const echo = acct + "/echo"
	p := plan(t)
	f := start(t, Options{Faults: p})
	strike := func(x faults.Fault) {
		t.Helper()
		if err := p.Add(x); err != nil {
			t.Fatal(err)
		}
	}
	f.create(nil)
	f.refuse = &faults.Answer{Status: 500, Code: "InternalServerError", Message: "asked for"}
	if got := f.api(500, acct, "GET", "functions/echo", nil); got["Code"] != "InternalServerError" || got["Message"] != "asked for" {
		t.Errorf("%v", got)
	}
	f.refuse = nil
	f.api(200, acct, "GET", "functions/echo", nil)

	strike(faults.Fault{Kind: faults.Throttle, Run: acct + "/other"})
	strike(faults.Fault{Kind: faults.Throttle, Run: echo, Count: 2})
	for range 2 {
		if r := f.invoke("refused"); r.Status != 429 || r.Code != "ResourceExhausted" {
			t.Errorf("%+v", r)
		}
	}
	strike(faults.Fault{Kind: faults.Unavailable, Run: echo, At: faults.After, Code: "InternalServerError"})
	if r := f.invoke("effect"); r.Code != "InternalServerError" {
		t.Errorf("%+v", r)
	}
	strike(faults.Fault{Kind: faults.Slow, Run: echo, Wait: time.Millisecond})
	f.invoke("late")
	marks := f.waitMark("event", 2)
	for word, want := range map[string]int{"refused": 0, "effect": 1, "late": 1} {
		if n := strings.Count(marks, "event "+word); n != want {
			t.Errorf("%s ran %d times, want %d", word, n, want)
		}
	}
	strike(faults.Fault{Kind: faults.Kill, Run: echo, Wait: 20 * time.Millisecond})
	file := filepath.Join(t.TempDir(), "never")
	if r := f.invoke(fmt.Sprintf(`{"mode":"wait","file":%q}`, file)); r.ErrorType != errUnhandled || !strings.Contains(string(r.Body), "Process exited") {
		t.Errorf("%+v", r)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("the file appeared")
	}
	if d := cmp.Diff([]int{0, 2, 1, 1, 1}, p.Hits()); d != "" {
		t.Errorf("hits: %s", d)
	}
}
