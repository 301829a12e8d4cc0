package e2e

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/cmd/fenghuo/demo"
	"github.com/fenghuo-soc/fenghuo/emulator"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/web"
)

// tell tells the story of the demo with options that the test changes. What it tells is in the log of a failed test.
func tell(t *testing.T, o demo.Options) (demo.Score, error) {
	t.Helper()
	needFunctions(t)
	if o.Root == "" {
		o.Root = root
	}
	o.Binaries = binaries
	o.Tell = func(l demo.Line) {
		t.Logf("%6.1fs %-6s %-2s %s", l.At.Seconds(), l.Tone, l.Who, strings.ReplaceAll(l.EN, "\n", " "))
	}
	return demo.Run(t.Context(), o)
}

// patience is how long stories wait for what must come when nothing is broken on purpose.
const patience = 2 * time.Minute

// TestStory tells the story as it is, and looks at what it leaves behind: the score, logs that can be searched across
// accounts, addresses that are blocked once, and a cloud that had nothing to deny.
func TestStory(t *testing.T) {
	var before []string
	score, err := tell(t, demo.Options{Seed: 1, Records: 6000, Patience: patience, At: func(_ context.Context, stage demo.Stage, s *emulator.Server) error {
		c := cloud{Server: s}
		switch stage {
		case demo.StageRespond: // later the owner of E breaks a role
			t.Run("nothing was denied", func(t *testing.T) {
				for _, d := range s.IAM().Denied() {
					t.Errorf("%s on %s for %s", d.Action, d.Resource, d.Caller)
				}
			})
			before = blocked(t, c)
		case demo.StageScore:
			checkBlocked(t, before, blocked(t, c))
			t.Run("every grant is used", func(t *testing.T) { checkGrants(t, c) })
			t.Run("audit trail", func(t *testing.T) { checkTrail(t, c) })
			t.Run("search across accounts", func(t *testing.T) { searchStream(t, c) })
			t.Run("the examples of the console", func(t *testing.T) { runExamples(t, c) })
			t.Run("a cloud from a snapshot", func(t *testing.T) { restored(t, c) })
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	perfect(t, score)
}

// restored begins the cloud again from a snapshot of it, with all that Fenghuo has made there, and looks for the same.
func restored(t *testing.T, c cloud) {
	before := blocked(t, c)
	var b []byte
	eventually(t, patience, "a moment at which nothing runs", func() bool {
		var err error
		if b, err = c.Snapshot(t.Context()); err != nil {
			t.Log(err)
		}
		return err == nil
	})
	functions := len(c.FC().Functions(accountB))
	if err := c.Restore(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	t.Logf("the snapshot has %.1f MB", float64(len(b))/(1<<20))
	if d := cmp.Diff(before, blocked(t, c)); d != "" {
		t.Errorf("blocked addresses: %s", d)
	}
	if got := len(c.FC().Functions(accountB)); got != functions || got == 0 {
		t.Errorf("%d functions, before %d", got, functions)
	}
	searchStream(t, c)
	if got := c.run(t, accountB, "apply-scope", map[string]any{}); got.text("status") != "refused" { // by its function, which runs again
		t.Errorf("a flow without a scope document ended as %s", got.why)
	}
}

// perfect checks the score: both attacks are events and nothing else is, no record is lost and no alert comes twice, and
// every task is done.
func perfect(t *testing.T, s demo.Score) {
	t.Helper()
	if !s.Pass || s.Found != 2 || s.Expected != 2 || s.False != 0 || s.Written == 0 || s.Collected != s.Written || s.Parked != 0 ||
		s.Twice != 0 || s.Tasks == 0 || s.Done != s.Tasks || s.Undone == 0 {
		t.Errorf("score %+v", s)
	}
}

// searchStream finds the same call in the logs of three accounts, with one query in one place.
func searchStream(t *testing.T, c cloud) {
	const query = "event.eventName: PutBucketAcl"
	stream := c.project(accountB, "fenghuo-"+accountB+"-cn-hangzhou")
	now := time.Now()
	search := func(query string) []map[string]string {
		t.Helper()
		got, err := stream.GetLogsComplete(t.Context(), "stream", sls.Query{From: now.Add(-time.Hour), To: now.Add(time.Minute), Query: query})
		if err != nil {
			t.Fatal(err)
		}
		return got.Logs
	}
	for _, l := range search(query) {
		if !strings.Contains(l["event"], `"PutBucketAcl"`) {
			t.Errorf("a log that does not match: %v", l)
		}
	}
	for _, uid := range members {
		found := search(query + " and __tag__:fenghuo_account: " + uid)
		if len(found) == 0 {
			t.Errorf("no PutBucketAcl of account %s is found", uid)
		}
		for _, l := range found {
			if l["__tag__:fenghuo_account"] != uid || !strings.Contains(l["event"], uid) {
				t.Errorf("account %s: a log of another one: %v", uid, l)
			}
		}
	}
}

// runExamples asks what the search page offers: each example has an answer in what the story leaves behind, and each column a
// value in its first row.
func runExamples(t *testing.T, c cloud) {
	central := c.project(accountB, "fenghuo-"+accountB+"-cn-hangzhou")
	now := time.Now()
	for _, e := range web.Examples() {
		got, err := central.GetLogsComplete(t.Context(), e.Store, sls.Query{From: now.Add(-24 * time.Hour), To: now.Add(time.Minute), Query: e.Query})
		if err != nil {
			t.Errorf("example %s: %v", e.ID, err)
			continue
		}
		if len(got.Logs) == 0 || !got.Complete {
			t.Errorf("example %s finds %d rows, complete %t", e.ID, len(got.Logs), got.Complete)
			continue
		}
		for _, column := range got.Columns {
			if v := got.Logs[0][column]; v == "" || v == "null" {
				t.Errorf("example %s: the first row has no %s: %v", e.ID, column, got.Logs[0])
			}
		}
	}
}

// blocked returns the addresses that are blocked, and checks that each of them is blocked once in each of two products of
// C and D, and none in E. How many the playbooks block depends on what they saw of the attack when they were planned.
func blocked(t *testing.T, c cloud) []string {
	t.Helper()
	seen := map[string]map[string]int{}
	for _, uid := range members {
		for _, b := range c.Products().BlockedIPs(uid) {
			ip, _, _ := strings.Cut(b.IP, "/")
			if seen[ip] == nil {
				seen[ip] = map[string]int{}
			}
			seen[ip][b.Product+" of "+uid]++
		}
	}
	want := map[string]int{"waf of " + accountC: 1, "waf of " + accountD: 1, "cloudfirewall of " + accountC: 1, "cloudfirewall of " + accountD: 1}
	for ip, places := range seen {
		if d := cmp.Diff(want, places); d != "" {
			t.Errorf("rules that block %s (-want +got):\n%s", ip, d)
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// checkBlocked looks at the addresses before and after the undo of one run.
func checkBlocked(t *testing.T, before, after []string) {
	t.Helper()
	if len(before) < 2 || len(after) == 0 || len(after) >= len(before) {
		t.Errorf("blocked before the undo: %v, after it: %v", before, after)
	}
}
