package gateway

import (
	"context"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// TestFlowControl: it counts each account and operation by itself, comes before permissions, and follows the clock by which
// clients sign, also while the clock of the cloud stands still.
func TestFlowControl(t *testing.T) {
	t.Parallel()
	wall := vectorTime
	g := New(Options{
		Credentials: keyring{}, Authorizer: allowOnly{"x:Read", &[]auth.Request{}},
		Clock: func() time.Time { return vectorTime }, Wall: func() time.Time { return wall },
	})
	op := Operation{
		PerSecond:   2,
		Permissions: func(*Call) []Permission { return []Permission{{Action: "x:Write", Resource: "*"}} },
		Handle:      func(context.Context, *Call) (any, error) { return nil, nil },
	}
	g.Register("X", "2020-01-01", map[string]Operation{"Do": op, "Other": op})
	for i, step := range []struct{ account, action, want string }{
		{"1", "Do", "NoPermission"},
		{"1", "Do", "NoPermission"},
		{"1", "Do", "Throttling.User"},
		{"2", "Do", "NoPermission"},
		{"1", "Other", "NoPermission"},
		{"1", "Do", "Throttling.User"},
		{"next second", "", ""},
		{"1", "Do", "NoPermission"},
	} {
		if step.action == "" {
			wall = wall.Add(time.Second)
			continue
		}
		_, e := g.Do(t.Context(), auth.Caller{Type: auth.User, AccountID: step.account}, "2020-01-01", step.action, nil)
		if e == nil || e.Code != step.want || e.Code == "Throttling.User" && e.Status != 400 {
			t.Errorf("step %d: %v, want %s", i, e, step.want)
		}
	}
}
