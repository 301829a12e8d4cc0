package e2e

import (
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/fc"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// checkTrail compares the audit trail with what the story left: one entry for each task that was done, and for each that
// was undone, and the policies that the entries tell of are those of the store. The chain is whole, for the command too,
// and the window of a member shows what was done in it.
func checkTrail(t *testing.T, c cloud) {
	functions := c.FC().Functions(accountB)
	i := slices.IndexFunc(functions, func(f fc.Function) bool { return f.FunctionName == "onboard" })
	c.db = functions[i].EnvironmentVariables["SOC_STORE"]
	db := c.open(t)
	if n, _, err := db.VerifyAudit(t.Context()); err != nil || n == 0 {
		t.Errorf("the chain has %d entries, %v", n, err)
	}
	entries := func(q store.AuditQuery) []store.AuditEntry {
		t.Helper()
		q.Limit = 100_000
		list, err := db.SearchAudit(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		slices.Reverse(list) // oldest first
		return list
	}

	runs, err := db.Runs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tasks := 0
	for _, r := range runs {
		for _, k := range r.Tasks {
			want := map[string]int{}
			switch k.State {
			case soc.TaskSucceeded:
				want["response.execute"] = 1
			case soc.TaskUndone:
				want["response.execute"], want["response.undo"] = 1, 1
			}
			got := map[string]int{}
			for _, e := range entries(store.AuditQuery{Account: k.Account, Text: k.ID}) {
				if (strings.HasPrefix(e.Detail, "Done: ") || strings.HasPrefix(e.Detail, "Undone: ")) && strings.HasPrefix(e.Origin, r.ID+" request ") && strings.HasPrefix(e.Actor, "respond, approved by console") && strings.Contains(e.After, k.Target) {
					got[e.Action]++
				}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("task %s, %s, in %s (-want +got):\n%s", k.ID, k.State, k.Account, d)
			}
			tasks++
		}
	}
	if tasks == 0 {
		t.Error("no task is in the store")
	}

	type state struct {
		Enabled bool
		AutoAdd bool `json:"auto_add"`
	}
	told, have := map[string]state{}, map[string]state{}
	for _, e := range entries(store.AuditQuery{Text: "integrate"}) {
		var after map[string]state
		if e.Actor != "integrate" {
			continue
		}
		if err := json.Unmarshal([]byte(e.After), &after); err != nil || e.Before == "" || e.Origin == "" {
			t.Errorf("entry %+v: %v", e, err)
		}
		for template, s := range after {
			told[e.Account+" "+template] = s
		}
	}
	policies, err := db.Policies(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range policies {
		have[p.Account+" "+p.Template] = state{p.Enabled, p.AutoAdd}
	}
	if d := cmp.Diff(have, told); d != "" || len(have) == 0 {
		t.Errorf("policies (-store +trail):\n%s", d)
	}
	t.Logf("%d tasks, policies of %v", tasks, slices.Sorted(maps.Keys(have)))

	if out, errs, code := c.fenghuo(t, accountB, "members", "audit", "--action", "response.execute"); code != 0 || !strings.Contains(out, "is whole") || !strings.Contains(out, "在账号中执行响应") {
		t.Errorf("audit: %d\n%s%s", code, out, errs)
	}
	out, errs, code := c.fenghuo(t, accountB, "members", "window", accountC, "--html")
	for _, want := range []string{"Response in the account", "在账号中执行响应", "Integration policies applied", "approved by console"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("the window of C ends with %d and lacks %q: %s", code, want, errs)
		}
	}
}

// auditByCommand searches and verifies the trail with the command, and with a hash that was kept.
func (c cloud) auditByCommand(t *testing.T) {
	t.Helper()
	out, errs, code := c.fenghuo(t, accountB, "members", "audit", "--verify")
	_, hash, ok := strings.Cut(strings.TrimSpace(out), "last hash is ")
	if code != 0 || !ok || len(hash) != 64 {
		t.Fatalf("verify: %d\n%s%s", code, out, errs)
	}
	for name, tt := range map[string]struct {
		args []string
		code int
		want string
	}{
		"a hash that was kept":  {[]string{"--verify", "--hash", hash}, 0, "is whole"},
		"a hash of another end": {[]string{"--verify", "--hash", strings.Repeat("0", 64)}, 1, "cut off"},
		"who":                   {[]string{"--by", accountB, "--since", "999h", "--action", "scope.apply"}, 0, "2 entries shown"},
		"who never was":         {[]string{"--by", "nobody"}, 0, "0 entries shown"},
		"before all":            {[]string{"--until", "2001-01-01"}, 0, "0 entries shown"},
		"no time":               {[]string{"--since", "soon"}, 1, ""},
	} {
		if out, errs, code := c.fenghuo(t, accountB, append([]string{"members", "audit"}, tt.args...)...); code != tt.code || !strings.Contains(out, tt.want) {
			t.Errorf("%s: %d\n%s%s", name, code, out, errs)
		}
	}
}

// rawTrail opens the store's file behind the store's back.
func (c cloud) rawTrail(t *testing.T) *sql.DB {
	t.Helper()
	raw, err := sql.Open("sqlite", strings.TrimPrefix(c.db, "sqlite:")+"?_pragma=busy_timeout(60000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	return raw
}

// cutTrail takes the newest entries out of the trail, after a regular run has logged its last hash.
func (c cloud) cutTrail(t *testing.T) func() error {
	t.Helper()
	raw := c.rawTrail(t)
	return func() error {
		c.follow(t)
		if err := c.awaitLog(t.Context(), c.project(accountB, "fenghuo-"+accountB+"-cn-hangzhou"), `"`+org.TrailStands+`"`); err != nil {
			return err
		}
		for _, q := range []string{
			`DROP TRIGGER audit_is_not_deleted`, `CREATE TABLE cut AS SELECT * FROM audit`, `DELETE FROM audit WHERE seq > (SELECT min(seq) FROM audit)`,
		} {
			if _, err := raw.ExecContext(t.Context(), q); err != nil {
				return err
			}
		}
		return nil
	}
}

// mendTrail puts the entries back.
func (c cloud) mendTrail(t *testing.T) func() error {
	t.Helper()
	raw := c.rawTrail(t)
	return func() error {
		for _, q := range []string{`DELETE FROM audit`, `INSERT INTO audit SELECT * FROM cut`, `DROP TABLE cut`} {
			if _, err := raw.ExecContext(t.Context(), q); err != nil {
				return err
			}
		}
		return nil
	}
}
