package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/flow"
	"github.com/fenghuo-soc/fenghuo/shared/collect"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// roleSet are the roles that onboarding makes in a member: two of services, two of ours.
var roleSet = []string{"AliyunServiceRoleForSasCloudSiem", "AliyunServiceRoleForSasRd", "fenghuo-collector", "fenghuo-responder"}

// sourcesOf are the templates of the example world that have logs in each member.
var sourcesOf = map[string][]string{
	accountC: {"alibaba_cloud_actiontrail_event", "alibaba_cloud_waf_flow", "alibaba_cloud_cfw_flow"},
	accountD: {"alibaba_cloud_actiontrail_event", "alibaba_cloud_waf_flow", "alibaba_cloud_cfw_flow", "alibaba_cloud_sas_log"},
	accountE: {"alibaba_cloud_actiontrail_event", "alibaba_cloud_oss_access"},
}

// TestScope tells the life of members in scope: refused, joined, integrated, read, and removed again. Its parts build on
// each other.
func TestScope(t *testing.T) {
	t.Parallel()
	c := start(t, world(t, "example"))
	c.deploy(t, "roles-administrator", "roles-management", "delegate", "create-roles", "onboard", "integrate", "discover", "collect",
		"flow-setup-delegation", "flow-onboard-accounts", "flow-apply-integration", "flow-remove-accounts")
	c.run(t, accountA, "setup-delegation", map[string]any{"administrator": accountB}).must(t)
	db := c.open(t)
	for _, part := range []struct {
		name string
		test func(*testing.T, cloud, *store.DB)
	}{
		{"onboarding refuses bad input", refuseOnboarding},
		{"onboarding makes four roles", onboard},
		{"integration refuses bad input", refuseIntegration},
		{"integration makes data sources", integrate},
		{"a second run changes nothing", again},
		{"Full Access needs the hash of its plan", fullAccess},
		{"a removed account is not read any more", remove},
	} {
		if !t.Run(part.name, func(t *testing.T) { part.test(t, c, db) }) {
			return
		}
	}
}

func refuseOnboarding(t *testing.T, c cloud, db *store.DB) {
	for name, tt := range map[string]struct {
		input any
		says  []string
	}{
		"unknown account": {map[string]any{"accounts": []string{"1100000000000009"}, "response": true}, []string{"1100000000000009", "not a settled member", "invite it"}},
		"malformed uid":   {map[string]any{"accounts": []string{"11"}, "response": true}, []string{`"11" is not an account id`, "16 digits"}},
		"uid as a number": {map[string]any{"accounts": []int{1100000000000003}}, []string{"number"}},
		"management":      {map[string]any{"accounts": []string{accountA}}, []string{accountA, "not taken into scope"}},
		"administrator":   {map[string]any{"accounts": []string{accountB}}, []string{accountB, "not taken into scope"}},
		"empty list":      {map[string]any{"accounts": []string{}}, []string{"no account is named", "every member"}},
		"missing field":   {map[string]any{"response": true}, []string{"no account is named"}},
		"unknown field":   {map[string]any{"accounts": []string{accountC}, "respond": true}, []string{"respond"}},
		"twice":           {map[string]any{"accounts": []string{accountC, accountC}}, []string{accountC, "twice"}},
	} {
		got := c.run(t, accountB, "onboard-accounts", tt.input)
		if got.Status != flow.Failed || got.text("status") != "refused" {
			t.Errorf("%s: the flow ended as %s", name, got.why)
		}
		for _, part := range tt.says {
			if !strings.Contains(got.text("reason")+fmt.Sprint(got.Output["refused"]), part) {
				t.Errorf("%s: the output does not say %q: %v", name, part, got.Output)
			}
		}
	}
	for _, uid := range members {
		if have := c.roles(t, uid); len(have) > 0 {
			t.Errorf("account %s has roles after refused runs: %v", uid, have)
		}
	}
	if got := c.state(t, db); got.joined() > 0 {
		t.Errorf("accounts joined by refused runs: %v", got.Accounts)
	}
}

func onboard(t *testing.T, c cloud, db *store.DB) {
	got := c.run(t, accountB, "onboard-accounts", map[string]any{"accounts": []string{"*"}, "response": true}).must(t)
	if got.text("status") != "ok" || len(got.Output["joined"].([]any)) != 3 {
		t.Errorf("output %v", got.Output)
	}
	for _, uid := range members {
		if d := cmp.Diff(roleSet, names(c.roles(t, uid))); d != "" {
			t.Errorf("roles in account %s (-want +got):\n%s", uid, d)
		}
	}
	if n := c.state(t, db).joined(); n != 3 {
		t.Errorf("%d accounts joined, want 3", n)
	}
}

func refuseIntegration(t *testing.T, c cloud, db *store.DB) {
	before := c.state(t, db)
	for name, tt := range map[string]struct {
		input any
		says  []string
	}{
		"unknown policy":  {integration("increment", []string{"alibaba_cloud_waf"}, members, ""), []string{"alibaba_cloud_waf"}},
		"no policy":       {integration("increment", []string{}, members, ""), []string{"no template is named", "recommended"}},
		"unknown mode":    {integration("overwrite", []string{"recommended"}, members, ""), []string{`unknown mode "overwrite"`, "increment"}},
		"foreign account": {integration("increment", []string{"recommended"}, []string{"1100000000000009"}, ""), []string{"no account of the input has joined"}},
		"no hash":         {integration("full", []string{"recommended"}, members, ""), []string{"only with the hash of its plan", "run the flow again"}},
		"wrong hash":      {integration("full", []string{"recommended"}, members, strings.Repeat("0", 64)), []string{"not the one that was shown"}},
		"hash of nothing": {integration("increment", []string{"recommended"}, members, "x"), []string{"not the one that was shown"}},
	} {
		got := c.run(t, accountB, "apply-integration", tt.input)
		if got.Status != flow.Failed || got.text("status") != "refused" {
			t.Errorf("%s: the flow ended as %s", name, got.why)
		}
		for _, part := range tt.says {
			if !strings.Contains(got.text("reason"), part) {
				t.Errorf("%s: reason %q does not say %q", name, got.text("reason"), part)
			}
		}
	}
	if d := cmp.Diff(before, c.state(t, db)); d != "" {
		t.Errorf("refused runs changed something (-before +after):\n%s", d)
	}
}

// integration is the input of apply-integration.
func integration(mode string, policies, accounts []string, hash string) map[string]any {
	return map[string]any{"policies": policies, "mode": mode, "accounts": accounts, "auto_add": true, "hash": hash}
}

var everything = integration("increment", []string{"recommended", "alibaba_cloud_oss_access"}, []string{"*"}, "")

func integrate(t *testing.T, c cloud, db *store.DB) {
	c.run(t, accountB, "apply-integration", everything).must(t)
	got := c.state(t, db)
	for uid, templates := range sourcesOf {
		for _, template := range templates {
			name := template + "_cn-hangzhou_" + uid
			if s, ok := got.Sources[name]; !ok || !s.Enabled || len(s.Stores) == 0 {
				t.Errorf("data source %s: %+v", name, s)
			}
		}
	}
	shards := 0
	for _, a := range c.World().Accounts {
		for _, l := range a.Logstores {
			shards += l.Shards
		}
	}
	if len(got.Shards) != shards {
		t.Errorf("%d shards, the members have %d:\n%v", len(got.Shards), shards, got.Shards)
	}
}

func again(t *testing.T, c cloud, db *store.DB) {
	before, roles := c.state(t, db), c.allRoles(t)
	c.run(t, accountA, "setup-delegation", map[string]any{"administrator": accountB}).must(t)
	c.run(t, accountB, "onboard-accounts", map[string]any{"accounts": members, "response": true}).must(t)
	c.run(t, accountB, "apply-integration", everything).must(t)
	if d := cmp.Diff(before, c.state(t, db)); d != "" {
		t.Errorf("state (-first +second):\n%s", d)
	}
	if d := cmp.Diff(roles, c.allRoles(t)); d != "" {
		t.Errorf("roles (-first +second):\n%s", d)
	}
	for _, uid := range members {
		a, err := db.Account(t.Context(), uid)
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Roles) != len(roleSet) || slices.ContainsFunc(a.Roles, func(r soc.RoleState) bool { return r.State != "unchanged" }) {
			t.Errorf("the second run says of the roles in %s: %v", uid, a.Roles)
		}
	}
}

// fullAccess switches OSS logs of E off through Full Access, and on again.
func fullAccess(t *testing.T, c cloud, db *store.DB) {
	source := "alibaba_cloud_oss_access_cn-hangzhou_" + accountE
	full := func(hash string) map[string]any {
		return integration("full", []string{"alibaba_cloud_actiontrail_event"}, []string{accountE}, hash)
	}
	shown := c.run(t, accountB, "apply-integration", full(""))
	hash := shown.text("hash")
	if len(hash) != 64 || !strings.Contains(shown.text("summary"), "stop") || !c.state(t, db).Sources[source].Enabled {
		t.Fatalf("a refused plan shows its hash and summary and changes nothing: %s", shown.why)
	}
	c.run(t, accountB, "apply-integration", full(hash)).must(t)
	if got := c.state(t, db).Sources; got[source].Enabled || !got["alibaba_cloud_actiontrail_event_cn-hangzhou_"+accountE].Enabled {
		t.Errorf("Full Access did not switch OSS off and only OSS: %+v", got)
	}
	stale := c.run(t, accountB, "apply-integration", full(hash))
	if stale.Status != flow.Failed || !strings.Contains(stale.text("reason"), "not the one that was shown") || stale.text("hash") == hash {
		t.Errorf("a hash of yesterday was taken: %s", stale.why)
	}
	c.run(t, accountB, "apply-integration", everything).must(t)
	if !c.state(t, db).Sources[source].Enabled {
		t.Error("Increment Access did not switch OSS on again")
	}
}

func remove(t *testing.T, c cloud, db *store.DB) {
	written := c.write(t, 1, 600)
	c.awaitRecords(t, db, written)
	got := c.run(t, accountB, "remove-accounts", map[string]any{"accounts": []string{accountE}}).must(t)
	if gone, _ := got.Output["left"].([]any); len(gone) != 1 || gone[0] != accountE {
		t.Errorf("output %v", got.Output)
	}
	if have := c.roles(t, accountE); slices.ContainsFunc(names(have), func(n string) bool { return strings.HasPrefix(n, "fenghuo-") }) {
		t.Errorf("roles left in E: %v", names(have))
	}
	after := c.state(t, db)
	for _, template := range sourcesOf[accountE] {
		if s, ok := after.Sources[template+"_cn-hangzhou_"+accountE]; !ok || s.Enabled {
			t.Errorf("data source %s of E: it is to be kept and switched off: %+v", template, s)
		}
	}
	if after.joined() != 2 || after.Accounts[accountE].State != soc.AccountLeft {
		t.Errorf("accounts %v", after.Accounts)
	}
	left := time.Now()
	// Logs of all three accounts: those of C and D arrive, and those of E do not.
	for uid, n := range c.write(t, 2, 600) {
		if uid != accountE {
			written[uid] += n
		}
	}
	c.awaitRecords(t, db, written)
	// A turn that began before E left tries once more and finds the role gone, unless it is over.
	eventually(t, 2*collect.TurnTime, "the end of reading E", func() bool {
		return time.Since(left) > collect.TurnTime+collect.IdlePoll || !slices.ContainsFunc(shardsOf(t, db, accountE), func(h store.ShardState) bool { return h.Error == "" })
	})
	if got := records(t, db)[accountE]; got != written[accountE] {
		t.Errorf("%d records of E were read, want the %d from before it left", got, written[accountE])
	}
}
