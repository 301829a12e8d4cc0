package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/ram"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// roles reads the roles that SOC and services have in an account, as its operator, each with what it may do.
func (c cloud) roles(t *testing.T, uid string) map[string]string {
	t.Helper()
	api := ram.New(c.as(uid))
	all, err := api.ListRoles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, r := range all {
		if !strings.HasPrefix(r.Name, "fenghuo-") && !strings.HasPrefix(r.Name, "AliyunServiceRoleForSas") {
			continue
		}
		full, err := api.GetRole(t.Context(), r.Name)
		if err != nil {
			t.Fatal(err)
		}
		policies, err := api.ListPoliciesForRole(t.Context(), r.Name)
		if err != nil {
			t.Fatal(err)
		}
		out[r.Name] = fmt.Sprintf("%+v %+v", full, policies)
	}
	return out
}

func (c cloud) allRoles(t *testing.T) map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, uid := range members {
		out[uid] = c.roles(t, uid)
	}
	return out
}

func names(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for n := range m {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// state is what a person set up, without times, counters and health.
type state struct {
	Accounts map[string]soc.Account
	Policies []soc.Policy
	Sources  map[string]soc.DataSource
	Shards   []string
}

func (s state) joined() (n int) {
	for _, a := range s.Accounts {
		if a.State == soc.AccountJoined {
			n++
		}
	}
	return n
}

func (c cloud) state(t *testing.T, db *store.DB) state {
	t.Helper()
	accounts, err := db.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := state{Accounts: map[string]soc.Account{}, Sources: map[string]soc.DataSource{}}
	for _, a := range accounts {
		a.UpdatedAt, a.Roles = time.Time{}, nil // what the last run did to the roles, which roles shows
		s.Accounts[a.UID] = a
	}
	if s.Policies, err = db.Policies(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range s.Policies {
		s.Policies[i].UpdatedAt = time.Time{}
	}
	sources, err := db.DataSources(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range sources {
		s.Sources[d.Name] = soc.DataSource{Name: d.Name, Template: d.Template, Account: d.Account, Region: d.Region, Stores: d.Stores, Enabled: d.Enabled}
	}
	shards, err := db.Shards(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range shards {
		s.Shards = append(s.Shards, h.Source+" "+h.Shard.String())
	}
	return s
}

// write writes ordinary logs into the members' Logstores and returns how many records each account got.
func (c cloud) write(t *testing.T, seed uint64, n int) map[string]int {
	t.Helper()
	out := map[string]int{}
	now := time.Now()
	for b := range c.Traffic(seed).Noise(n, now.Add(-time.Minute), now) {
		if err := c.project(b.AccountUID, b.Project).PutLogs(t.Context(), b.Logstore, b.Encode(), ""); err != nil {
			t.Fatal(err)
		}
		out[b.AccountUID] += len(b.Logs)
	}
	return out
}

// records counts what was read, by account.
func records(t *testing.T, db *store.DB) map[string]int {
	t.Helper()
	sources, err := db.DataSources(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, d := range sources {
		out[d.Account] += int(d.Records)
	}
	return out
}

func shardsOf(t *testing.T, db *store.DB, uid string) []store.ShardState {
	t.Helper()
	all, err := db.Shards(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(h store.ShardState) bool { return h.Account != uid })
}

// awaitRecords waits until the accounts have given at least so many records.
func (c cloud) awaitRecords(t *testing.T, db *store.DB, want map[string]int) {
	t.Helper()
	eventually(t, patience, fmt.Sprintf("the records %v", want), func() bool {
		got := records(t, db)
		for uid, n := range want {
			if got[uid] < n {
				return false
			}
		}
		return true
	})
}
