package fc

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/faults"
)

// TestInvokeUntil: the caller waits for the end of an asynchronous run, with its retries, and sees the last answer.
func TestInvokeUntil(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	allow := filepath.Join(t.TempDir(), "allow")
	f.create(map[string]any{"environmentVariables": map[string]string{"FAIL_UNTIL": allow}})
	f.api(200, acct, "PUT", "functions/echo/async-invoke-config", map[string]any{"maxAsyncRetryAttempts": 2})
	r, err := f.InvokeUntil(t.Context(), rootOf(acct), acct, "echo", "LATEST", []byte("one"))
	if err != nil || r.ErrorType != errUnhandled {
		t.Errorf("a run that fails: %+v, %v", r, err)
	}
	if n := strings.Count(f.waitMark("event", 3), "event one"); n != 3 {
		t.Errorf("%d tries, want 3", n)
	}
	if err := os.WriteFile(allow, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err = f.InvokeUntil(t.Context(), rootOf(acct), acct, "echo", "LATEST", []byte("two")); err != nil || r.ErrorType != "" || string(r.Body) != "two" {
		t.Errorf("a run that succeeds: %+v, %v", r, err)
	}
	if r, err = f.InvokeUntil(t.Context(), rootOf(acct), acct, "none", "LATEST", nil); err != nil || r.Code != "FunctionNotFound" {
		t.Errorf("no function: %+v, %v", r, err)
	}
}

// TestEventsComeAgain: a trigger event that is delivered once more is the same event, and the shard moves on once.
func TestEventsComeAgain(t *testing.T) {
	t.Parallel()
	plan := plan(t, faults.Fault{Kind: faults.Duplicate, Function: acct + "/echo"})
	l := &logs{shards: map[int][]time.Time{0: nil}}
	f := start(t, Options{Logs: l, Sink: l, Faults: plan})
	f.create(nil)
	f.api(201, acct, "POST", "functions/echo/triggers", logTrigger("stream"))
	l.put(0, f.clock())
	f.advance(3 * time.Second)
	f.waitMark("event", 2)
	f.settle()
	l.put(0, f.clock())
	f.advance(3 * time.Second)
	lines := strings.Split(strings.TrimSpace(f.waitMark("event", 3)), "\n")
	if len(lines) != 3 || lines[0] != lines[1] || lines[1] == lines[2] {
		t.Errorf("events %q", lines)
	}
}

// TestRetriesOfLogTriggersFollowTheClock: the pauses between the tries of a range are those of the options, not real time.
func TestRetriesOfLogTriggersFollowTheClock(t *testing.T) {
	t.Parallel()
	l := &logs{shards: map[int][]time.Time{0: nil}}
	pauses := make(chan time.Duration, 10)
	f := start(t, Options{Logs: l, Sink: l, Limits: Limits{RetryBase: 10 * time.Hour}, Sleep: func(_ context.Context, d time.Duration) bool {
		pauses <- d
		return true
	}})
	f.create(map[string]any{"environmentVariables": map[string]string{"FAIL_UNTIL": filepath.Join(t.TempDir(), "never")}})
	f.api(201, acct, "POST", "functions/echo/triggers", logTrigger("stream"))
	l.put(0, f.clock())
	f.advance(3 * time.Second)
	f.waitMark("event", 2)
	f.settle()
	if d := <-pauses; d != 10*time.Hour || len(pauses) != 0 {
		t.Errorf("paused %v and %d times more, want 10h once", d, len(pauses))
	}
}
