package response

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// cloud stands in for the products of one account. It is not for concurrent use.
type cloud struct {
	rules map[string]netip.Addr // by name
	keys  map[string]string     // user/key → status
	errs  []error               // answers of the next calls
	lost  bool                  // the next change happens, but its answer is lost
	calls int
}

func (c *cloud) Blocker(context.Context, string, string) (Blocker, error) { return c, nil }
func (c *cloud) Keys(context.Context, string) (Keys, error)               { return c, nil }

func (c *cloud) fail() error {
	c.calls++
	if len(c.errs) == 0 {
		return nil
	}
	err := c.errs[0]
	c.errs = c.errs[1:]
	return err
}

func (c *cloud) answer() error {
	if c.lost {
		c.lost = false
		return &soc.Error{Kind: soc.Timeout, Op: "call"}
	}
	return nil
}

func (c *cloud) Block(_ context.Context, ip netip.Addr, name string) (string, error) {
	if err := c.fail(); err != nil {
		return "", err
	}
	c.rules[name] = ip
	return "handle of " + name, c.answer()
}

func (c *cloud) Unblock(_ context.Context, handle string) error {
	if err := c.fail(); err != nil {
		return err
	}
	delete(c.rules, strings.TrimPrefix(handle, "handle of "))
	return c.answer()
}

func (c *cloud) KeyStatus(_ context.Context, user, key string) (string, error) {
	if s, ok := c.keys[user+"/"+key]; ok {
		return s, nil
	}
	return "", &soc.Error{Kind: soc.NotFound, Op: "list access keys"}
}

func (c *cloud) SetKeyStatus(_ context.Context, user, key, status string) error {
	if err := c.fail(); err != nil {
		return err
	}
	c.keys[user+"/"+key] = status
	return c.answer()
}

func executor(c *cloud, waits *[]time.Duration) Executor {
	return Executor{
		Ports: c, Now: func() time.Time { return now },
		Save: func(context.Context, soc.Task) error { return nil },
		Wait: func(_ context.Context, d time.Duration) error {
			if waits != nil {
				*waits = append(*waits, d)
			}
			return nil
		},
	}
}

func blockTask() soc.Task {
	return soc.Task{ID: "task-7", Account: shop, Action: WAFBlockIP, Target: "203.0.113.66", State: soc.TaskPlanned}
}

func keyTask() soc.Task {
	return soc.Task{
		ID: "task-8", Account: shop, Action: RAMDisableAccessKey, Target: "LTAI5tLeakedKey0001", State: soc.TaskPlanned,
		Params: map[string]string{ParamUsers: "backdoor,ci-deploy"},
	}
}

func TestBlockAndUnblock(t *testing.T) {
	t.Parallel()
	throttled := &soc.Error{Kind: soc.Throttled, Op: "create rule", Code: "Throttling.User"}
	c := &cloud{rules: map[string]netip.Addr{}, errs: []error{throttled, throttled}}
	var waits []time.Duration
	x := executor(c, &waits)
	done, err := x.Execute(t.Context(), blockTask())
	if err != nil || done.State != soc.TaskSucceeded || done.Attempts != 3 || done.Reason != "" {
		t.Fatalf("task %+v, error %v", done, err)
	}
	if d := cmp.Diff([]time.Duration{time.Second, 2 * time.Second}, waits); d != "" {
		t.Errorf("waits (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string]string{"fenghuo-7": "203.0.113.66"}, map[string]string{"fenghuo-7": c.rules["fenghuo-7"].String()}); d != "" {
		t.Error(d)
	}
	calls := c.calls
	if again, err := x.Execute(t.Context(), done); err != nil || c.calls != calls || again.Attempts != 3 {
		t.Errorf("a task that succeeded was done again: %+v %v", again, err)
	}
	undone, err := x.Undo(t.Context(), done)
	if err != nil || undone.State != soc.TaskUndone || len(c.rules) != 0 {
		t.Errorf("undone %+v, rules %v, error %v", undone, c.rules, err)
	}
	calls = c.calls
	if _, err := x.Undo(t.Context(), undone); err != nil || c.calls != calls {
		t.Errorf("undone twice: %v", err)
	}
}

func TestFailureIsData(t *testing.T) {
	t.Parallel()
	denied := &soc.Error{Kind: soc.Denied, Op: "create rule", Code: "NoPermission", Next: "re-apply the responder role"}
	c := &cloud{rules: map[string]netip.Addr{}, errs: []error{denied}}
	got, err := executor(c, nil).Execute(t.Context(), blockTask())
	if err != nil || got.State != soc.TaskFailed || got.Attempts != 1 {
		t.Fatalf("task %+v, error %v", got, err)
	}
	if want := "Denied: create rule: NoPermission; re-apply the responder role"; got.Reason != want {
		t.Errorf("reason %q, want %q", got.Reason, want)
	}
	c.errs = []error{denied}
	ok := blockTask()
	ok.State = soc.TaskSucceeded
	if got, _ := executor(c, nil).Undo(t.Context(), ok); got.State != soc.TaskSucceeded || got.Reason == "" {
		t.Errorf("an undo that failed left %+v", got)
	}
	bad := blockTask()
	bad.Target = "10.0.0.1"
	if got, _ := executor(c, nil).Execute(t.Context(), bad); got.State != soc.TaskFailed || !strings.HasPrefix(got.Reason, "Denied") || len(c.rules) != 0 {
		t.Errorf("guard let %+v through", got)
	}
	bad.Action = "format_disk"
	if got, _ := executor(c, nil).Execute(t.Context(), bad); !strings.HasPrefix(got.Reason, "Unsupported") {
		t.Errorf("unknown action: %+v", got)
	}
}

func TestDisableAndEnableKey(t *testing.T) {
	t.Parallel()
	const owned = "ci-deploy/LTAI5tLeakedKey0001"
	c := &cloud{keys: map[string]string{owned: "Active"}, lost: true} // first answer lost: the second attempt sees Inactive
	x := executor(c, nil)
	done, err := x.Execute(t.Context(), keyTask())
	if err != nil || done.State != soc.TaskSucceeded || c.keys[owned] != "Inactive" {
		t.Fatalf("task %+v, keys %v, error %v", done, c.keys, err)
	}
	if d := cmp.Diff(map[string]string{"user_name": "ci-deploy", "status": "Active"}, done.Inverse); d != "" {
		t.Errorf("inverse (-want +got):\n%s", d)
	}
	if undone, _ := x.Undo(t.Context(), done); undone.State != soc.TaskUndone || c.keys[owned] != "Active" {
		t.Errorf("undone %+v, keys %v", undone, c.keys)
	}

	c = &cloud{keys: map[string]string{owned: "Inactive"}}
	x = executor(c, nil)
	done, _ = x.Execute(t.Context(), keyTask())
	if undone, _ := x.Undo(t.Context(), done); undone.State != soc.TaskUndone || c.keys[owned] != "Inactive" || c.calls != 0 {
		t.Errorf("a key that was inactive before was enabled: %+v", undone)
	}

	got, _ := executor(&cloud{}, nil).Execute(t.Context(), keyTask())
	if got.State != soc.TaskFailed || !strings.HasPrefix(got.Reason, "NotFound") {
		t.Errorf("key of nobody: %+v", got)
	}
}

func TestSaveErrorIsReturned(t *testing.T) {
	t.Parallel()
	x := executor(&cloud{rules: map[string]netip.Addr{}}, nil)
	x.Save = func(context.Context, soc.Task) error { return errors.New("disk full") }
	if _, err := x.Execute(t.Context(), blockTask()); err == nil {
		t.Error("a task that was not saved looks saved")
	}
}

func TestReasonIsBounded(t *testing.T) {
	t.Parallel()
	long := reason(errors.New(strings.Repeat("é\n", 2000)))
	if len(long) > 510 || strings.Contains(long, "\n") {
		t.Errorf("reason of %d bytes", len(long))
	}
}
