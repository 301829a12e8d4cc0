package fc

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/faults"
)

// TestKillOfAnIdleInstance: a process that dies while it is frozen is replaced before the next request, which succeeds.
func TestKillOfAnIdleInstance(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{Limits: Limits{InstancesPerFunction: 1}}, {Limits: Limits{InstancesPerFunction: 1}, NoFreeze: true}} {
		f := start(t, o)
		f.create(nil)
		for range 5 {
			if r := f.invoke("x"); string(r.Body) != "x" {
				t.Fatalf("NoFreeze %v: %+v", o.NoFreeze, r)
			}
			if n := f.Kill(acct, "echo"); n != 1 {
				t.Fatalf("killed %d processes, want 1", n)
			}
		}
	}
}

// TestNobodyMeetsADeadInstance: between the death of a process and the moment that it is taken off the books, a request gets
// another instance.
func TestNobodyMeetsADeadInstance(t *testing.T) {
	t.Parallel()
	f := start(t, Options{Limits: Limits{InstancesPerFunction: 1}})
	f.create(nil)
	f.invoke("x")
	f.mu0(func() {
		fn := f.lookup(acct, "echo")
		dead := fn.current.instances[0]
		dead.kill()
		in, fresh, err := f.reserve(fn, fn.current, "")
		if err != nil || !fresh || in == dead {
			t.Fatalf("fresh %v, the dead one %v: %v", fresh, in == dead, err)
		}
		f.retireLocked(in) // it was never started
	})
}

// mu0 runs with the service's lock held.
func (f *fixture) mu0(run func()) {
	f.Service.mu.Lock()
	defer f.Service.mu.Unlock()
	run()
}

// TestChaos: calls, kills, updates, idle times, faults and stops at once. Whatever happens, each call gets an answer that
// the documents know, and nothing is left (see start).
func TestChaos(t *testing.T) {
	t.Parallel()
	deaths := plan(t)
	f := start(t, Options{Limits: Limits{InstancesPerFunction: 3}, Faults: deaths})
	f.create(map[string]any{"instanceConcurrency": 2, "instanceLifecycleConfig": map[string]any{
		"initializer": map[string]any{"handler": "i", "timeout": 60}, "preStop": map[string]any{"handler": "p"},
	}})
	f.api(200, acct, "PUT", "functions/echo/async-invoke-config", map[string]any{"asyncTask": true, "maxAsyncRetryAttempts": 1})
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 12 {
				r, err := f.Invoke(t.Context(), rootOf(acct), acct, "echo", "", i%4 == 3, fmt.Appendf(nil, "%d-%d", worker, i))
				switch {
				case err != nil:
					t.Error(err)
				case r.Status == 200 && r.ErrorType == "" && string(r.Body) != fmt.Sprintf("%d-%d", worker, i):
					t.Errorf("the answer of another request: %q", r.Body)
				case r.Status == 200 && r.ErrorType != "" && !strings.Contains(string(r.Body), "Process exited unexpectedly") && !strings.Contains(string(r.Body), "the process exited in the initializer"):
					t.Errorf("an error without a cause: %+v", r)
				case r.Status != 200 && r.Status != 202 && r.Code != "ResourceExhausted" && r.Code != codeNotStarted:
					t.Errorf("%+v", r)
				}
			}
		})
	}
	wg.Go(func() {
		for i := range 6 {
			f.Kill(acct, "echo")
			f.advance(3 * time.Minute)
			f.api(200, acct, "PUT", "functions/echo", map[string]any{"description": fmt.Sprint(i)})
			if err := deaths.Add(faults.Fault{Kind: faults.Kill, Run: acct + "/echo"}); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
}

// TestThrottledAsyncCalls: a call that meets the concurrency limit is tried again until there is room, and these tries do
// not count.
func TestThrottledAsyncCalls(t *testing.T) {
	t.Parallel()
	f := start(t, Options{Limits: Limits{InstancesPerFunction: 1}})
	f.create(nil)
	f.api(200, acct, "PUT", "functions/echo/async-invoke-config", map[string]any{"asyncTask": true, "maxAsyncRetryAttempts": 0})
	flag := filepath.Join(t.TempDir(), "go")
	f.submit("holds", fmt.Sprintf(`{"mode":"wait","file":%q}`, flag))
	f.waitMark("wait", 1)
	f.submit("waits", "hello")
	f.waitTask("waits", taskRetrying)
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if task := f.waitTask("waits", taskSucceeded); task["alreadyRetriedTimes"] != 0.0 {
		t.Errorf("tries that met the limit count: %v", task)
	}
}

// TestDestinations: a success goes to onSuccess, and what cannot be a destination is refused by its name.
func TestDestinations(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(nil)
	f.create(map[string]any{"functionName": "sink"})
	on := func(target string) map[string]any {
		return map[string]any{"destinationConfig": map[string]any{"onSuccess": map[string]any{"destination": target}}}
	}
	f.api(200, acct, "PUT", "functions/echo/async-invoke-config", on(f.functionARN(acct, "sink")))
	f.create0Async(`{"n":1}`)
	text := f.waitMark(`"responsePayload"`, 1)
	for _, want := range []string{`"requestPayload":{"n":1}`, `"responsePayload":{"n":1}`, `"statusCode":200`, `"approximateInvokeCount":1`} {
		if !strings.Contains(text, want) {
			t.Errorf("destination got %s, want %s in it", text, want)
		}
	}
	for target, want := range map[string]string{
		"acs:mns:cn-hangzhou:" + acct + ":/queues/q/messages":         "no Message Service",
		"acs:mns:cn-hangzhou::/topics/t/messages":                     "no Message Service",
		"acs:eventbridge:cn-hangzhou:" + acct + ":eventbus/default":   "no EventBridge",
		"acs:mq:cn-hangzhou:" + acct + ":/topics/t":                   "no RocketMQ",
		"acs:fc:cn-beijing:" + acct + ":functions/sink":               "same account and region",
		"acs:fc:cn-hangzhou:" + other + ":functions/sink":             "same account and region",
		"acs:fc:cn-hangzhou:" + acct + ":services/s.LATEST/functions": "is not the ARN of a function",
	} {
		if e := f.api(400, acct, "PUT", "functions/echo/async-invoke-config", on(target)); !strings.Contains(e["Message"].(string), want) || !strings.Contains(e["Message"].(string), target) {
			t.Errorf("%s: %v, want %q", target, e, want)
		}
	}
}
