package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// TestFunctionsDieWhileAccountsJoinAndLeave kills the processes of onboard and create-roles again and again while 24
// accounts join, and while they leave. The flows end by themselves, every account is where it should be, and the trail and
// the receipts tell of each once. (shared/org shows the same for every single step.)
func TestFunctionsDieWhileAccountsJoinAndLeave(t *testing.T) {
	t.Parallel()
	const n = 24
	c := start(t, crowd(t, n))
	c.deploy(t, accountFunctions...)
	c.run(t, accountA, "setup-delegation", map[string]any{"administrator": accountB}).must(t)
	db := c.open(t)
	var uids []string
	for i := range n {
		uids = append(uids, fmt.Sprintf("12%014d", i))
	}
	// under kills processes while f runs, a few times: the flow tries a slice four times.
	under := func(f func()) {
		stop, killed := make(chan struct{}), make(chan int)
		go func() {
			n := 0
			for kills := 0; ; {
				select {
				case <-stop:
					killed <- n
					return
				case <-time.After(150 * time.Millisecond):
					if kills < 4 {
						if k := c.FC().Kill(accountB, "onboard") + c.FC().Kill(accountA, "create-roles"); k > 0 {
							kills, n = kills+1, n+k
						}
					}
				}
			}
		}()
		defer func() {
			close(stop)
			if <-killed == 0 {
				t.Error("no process was killed: the test sees nothing")
			}
		}()
		f()
	}
	for _, step := range []struct {
		flow, action string
		state        soc.AccountState
		roles        []string
	}{
		{"onboard-accounts", "account.join", soc.AccountJoined, []string{"AliyunServiceRoleForSasCloudSiem", "AliyunServiceRoleForSasRd", "fenghuo-collector"}},
		{"remove-accounts", "account.leave", soc.AccountLeft, nil},
	} {
		var got ended
		under(func() { got = c.runFor(t, patience, accountB, step.flow, map[string]any{"accounts": uids}) })
		if got.Status != "Succeeded" || got.text("status") != "ok" {
			// The flow may give a slice up; a rerun ends in the same state.
			t.Logf("%s under fire ended as %s: %s; running it again", step.flow, got.Status, got.text("reason"))
			c.runFor(t, patience, accountB, step.flow, map[string]any{"accounts": uids}).must(t)
		}
		for _, uid := range uids {
			a, err := db.Account(t.Context(), uid)
			if err != nil || a.State != step.state {
				t.Errorf("after %s account %s is %s: %s, %v", step.flow, uid, a.State, a.Reason, err)
			}
			if step.roles != nil {
				if d := cmp.Diff(step.roles, names(c.roles(t, uid))); d != "" {
					t.Errorf("after %s account %s (-want +got):\n%s", step.flow, uid, d)
				}
			} else if _, ours := c.roles(t, uid)["fenghuo-collector"]; ours {
				t.Errorf("after %s account %s has our role", step.flow, uid)
			}
			if trail, err := db.SearchAudit(t.Context(), store.AuditQuery{Account: uid, Action: step.action}); err != nil || len(trail) != 1 {
				t.Errorf("the trail has %d entries %s of %s, %v; want 1", len(trail), step.action, uid, err)
			}
		}
	}
	if all, err := db.Receipts(t.Context(), ""); err != nil || len(all) != n {
		t.Errorf("%d receipts, %v; want %d", len(all), err, n)
	}
	if _, _, err := db.VerifyAudit(t.Context()); err != nil {
		t.Error(err)
	}
}
