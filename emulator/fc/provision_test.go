package fc

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// waitProvisioned waits until a number of provisioned instances run.
func (f *fixture) waitProvisioned(n int) {
	f.t.Helper()
	got := map[string]any{}
	for range rounds {
		if got = f.api(200, acct, "GET", "functions/echo/provision-config", nil); got["current"] == float64(n) {
			return
		}
		f.pause()
	}
	f.t.Fatalf("%v, want %d", got, n)
}

// TestProvisionedInstances: they start without a request, stay when idle, come back after a crash or an update, and go
// when nobody wants them any more.
func TestProvisionedInstances(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(map[string]any{"instanceLifecycleConfig": map[string]any{"initializer": map[string]any{"handler": "i", "timeout": 60}}})
	f.api(404, acct, "GET", "functions/echo/provision-config", nil)
	for name, body := range map[string]any{
		"none": map[string]any{}, "below zero": map[string]any{"target": -1}, "too many": map[string]any{"target": maxProvisioned + 1},
		"schedule": map[string]any{"target": 1, "scheduledActions": []any{map[string]any{}}}, "unknown": map[string]any{"target": 1, "x": 1},
	} {
		if e := f.api(400, acct, "PUT", "functions/echo/provision-config", body); e["Code"] != "InvalidArgument" {
			t.Errorf("%s: %v", name, e)
		}
	}
	f.api(404, acct, "PUT", "functions/echo/provision-config?qualifier=9", map[string]any{"target": 1})
	if p := f.api(200, acct, "PUT", "functions/echo/provision-config", map[string]any{"target": 2}); p["target"] != 2.0 || p["functionArn"] != f.functionARN(acct, "echo")+"/LATEST" {
		t.Errorf("%v", p)
	}
	f.waitProvisioned(2)
	if n := strings.Count(f.waitMark("initialize", 2), "initialize"); n != 2 {
		t.Errorf("%d instances were initialized, want 2", n)
	}
	f.invoke("x")
	f.advance(time.Hour)
	f.waitProvisioned(2)
	if ids := f.instanceIDs(); len(ids) != 2 {
		t.Errorf("after an hour: %v", ids)
	}
	f.Kill(acct, "echo")
	f.Tick()
	f.waitProvisioned(2)
	f.api(200, acct, "PUT", "functions/echo", map[string]any{"description": "new"})
	f.Tick()
	f.waitProvisioned(2)
	list := f.api(200, acct, "GET", "provision-configs?functionName=echo", nil)
	if n := len(list["provisionConfigs"].([]any)); n != 1 {
		t.Errorf("list: %v", list)
	}
	f.api(204, acct, "DELETE", "functions/echo/provision-config", nil)
	f.api(404, acct, "DELETE", "functions/echo/provision-config", nil)
	for range rounds {
		if f.advance(time.Hour); len(f.instanceIDs()) == 0 {
			return
		}
		f.pause()
	}
	t.Errorf("left: %v", f.instanceIDs())
}

// TestProvisionErrors: what keeps instances from starting shows, and is tried again.
func TestProvisionErrors(t *testing.T) {
	t.Parallel()
	f := start(t, Options{Limits: Limits{InstancesPerFunction: 1}})
	f.create(nil)
	f.iam.deny(fnRole, true)
	f.api(200, acct, "PUT", "functions/echo/provision-config", map[string]any{"target": 1})
	wait := func(want string) {
		t.Helper()
		got := ""
		for range rounds {
			if got = fmt.Sprint(f.api(200, acct, "GET", "functions/echo/provision-config", nil)["currentError"]); strings.Contains(got, want) {
				return
			}
			f.pause()
		}
		t.Fatalf("error %q, want %q", got, want)
	}
	wait("cannot assume role")
	f.iam.deny(fnRole, false)
	f.advance(provisionAgain)
	f.waitProvisioned(1)
	f.api(200, acct, "PUT", "functions/echo/provision-config", map[string]any{"target": 2})
	wait("ResourceExhausted")
}
