package e2e

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator"
	"github.com/fenghuo-soc/fenghuo/emulator/faults"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// crowd is a world with a management account, an administrator and n members without Logstores.
func crowd(t *testing.T, n int) emulator.World {
	t.Helper()
	w := world(t, "example")
	w.Accounts = w.Accounts[:2]
	w.Directory.Members = []string{accountB}
	for i := range n {
		uid := fmt.Sprintf("12%014d", i)
		w.Accounts = append(w.Accounts, emulator.WorldAccount{UID: uid, Name: fmt.Sprintf("member %d", i), Kind: "member", Enterprise: w.Accounts[0].Enterprise, Verified: true})
		w.Directory.Members = append(w.Directory.Members, uid)
	}
	return w
}

var accountFunctions = []string{
	"roles-administrator", "roles-management", "delegate", "create-roles", "onboard", "integrate", "discover",
	"flow-setup-delegation", "flow-remove-delegation", "flow-onboard-accounts", "flow-apply-scope", "flow-remove-accounts", "flow-apply-integration",
}

// TestManyAccountsJoinWhileCallsFail joins many accounts while 5 % of all calls of the OpenAPIs are throttled or fail: 60
// of them, or 1,000 with FENGHUO_LONG=1, in under three minutes. The report names every account that did not join.
func TestManyAccountsJoinWhileCallsFail(t *testing.T) {
	t.Parallel()
	n := 60
	if os.Getenv("FENGHUO_LONG") != "" {
		n = 1000
	}
	const limit = 3 * time.Minute
	c := start(t, crowd(t, n))
	c.deploy(t, accountFunctions...)
	c.run(t, accountA, "setup-delegation", map[string]any{"administrator": accountB}).must(t)
	db := c.open(t)
	// One member without the access role: it must be named, and hold up nobody.
	broken := fmt.Sprintf("12%014d", 7)
	c.breakAccess(t, broken)
	for _, kind := range []faults.Kind{faults.Throttle, faults.Unavailable} {
		if err := c.Faults().Add(faults.Fault{Kind: kind, Probability: 0.025, Count: -1}); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	got := c.runFor(t, limit+time.Minute, accountB, "onboard-accounts", map[string]any{"accounts": []string{"*"}})
	took := time.Since(began)
	t.Logf("%d accounts in %v; %d failed steps: %.600s", n, took.Round(100*time.Millisecond), len(got.failures), got.failures)
	if took > limit {
		t.Errorf("it took %v, at most %v is allowed", took, limit)
	}
	got.must(t)
	accounts, err := db.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	joined, other := 0, 0
	for _, a := range accounts {
		if a.State == soc.AccountJoined {
			joined++
		} else if a.UID != broken && other < 5 {
			other++
			t.Errorf("account %s is %s: %s; next: %s", a.UID, a.State, a.Reason, a.Next)
		}
	}
	if joined != n-1 {
		t.Errorf("%d accounts joined, want %d", joined, n-1)
	}
	failed, _ := got.Output["failed"].([]any)
	if len(failed) != 1 {
		t.Fatalf("the report names %d accounts, want the one that cannot be entered; the flow: %.2000s", len(failed), got.why)
	}
	if f, _ := failed[0].(map[string]any); f["account"] != broken || !strings.Contains(fmt.Sprint(f["next"]), "ResourceDirectoryAccountAccessRole") {
		t.Errorf("the report says %v of the account that did not join", f)
	}
	// Nor can it be said to have left while nobody can enter it.
	out := c.run(t, accountB, "remove-accounts", map[string]any{"accounts": []string{broken}})
	if a, err := db.Account(t.Context(), broken); err != nil || a.State != soc.AccountFailed || !strings.Contains(a.Next, "ResourceDirectoryAccountAccessRole") {
		t.Errorf("an account that cannot be entered after its removal: %+v, %v; %s", a, err, out.why)
	}
	if entries, _, err := db.VerifyAudit(t.Context()); err != nil || entries < n-1 {
		t.Errorf("audit: %d entries, %v", entries, err)
	}
	if trail, err := db.SearchAudit(t.Context(), store.AuditQuery{Action: "account.join", Limit: 2 * n}); err != nil || len(trail) != n-1 {
		t.Errorf("%d accounts joined by the trail, %v; want %d", len(trail), err, n-1)
	}
	if slices.ContainsFunc(accounts, func(a soc.Account) bool { return a.UID == accountA || a.UID == accountB }) {
		t.Error("the management account or the administrator is in scope")
	}
}
