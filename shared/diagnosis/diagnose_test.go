package diagnosis

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/catalog"
	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

const (
	shop   = "1100000000000003"
	region = "cn-hangzhou"
	waf    = "alibaba_cloud_waf_flow"
	store  = "wafnew-logstore"
)

var (
	now     = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	project = "wafnew-project-" + shop + "-" + region
	source  = soc.DataSourceName(waf, region, shop)
)

type fake struct {
	enter, project, logstore, span error
	begin, end                     int64
	arrived                        time.Time
	errArrived                     error
}

func (f *fake) Enter(context.Context, string) (Reader, error)  { return f, f.enter }
func (f *fake) Project(context.Context, string) error          { return f.project }
func (f *fake) Logstore(context.Context, string, string) error { return f.logstore }
func (f *fake) Span(context.Context, string, string, int) (int64, int64, error) {
	return f.begin, f.end, f.span
}

func (f *fake) ArrivedAt(_ context.Context, _, _ string, _ int, position int64) (time.Time, error) {
	if position < f.begin || position >= f.end {
		return time.Time{}, kind(soc.Invalid) // nothing is there
	}
	return f.arrived, f.errArrived
}

func kind(k soc.Kind) error { return &soc.Error{Kind: k, Op: "read"} }

func TestAccount(t *testing.T) {
	t.Parallel()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		spoil  func(s *State, f *fake)
		last   string // id of the last check
		result org.Verdict
	}{
		"healthy":                {nil, "arrival", org.Pass},
		"never in scope":         {func(s *State, _ *fake) { s.Accounts = nil }, "scope", org.Fail},
		"failed to join":         {func(s *State, _ *fake) { s.Accounts[0].State, s.Accounts[0].Reason = soc.AccountFailed, "why" }, "scope", org.Fail},
		"trust removed":          {func(_ *State, f *fake) { f.enter = kind(soc.Denied) }, "roles", org.Fail},
		"role deleted":           {func(_ *State, f *fake) { f.enter = kind(soc.NotFound) }, "roles", org.Fail},
		"STS is down":            {func(_ *State, f *fake) { f.enter = kind(soc.Unavailable) }, "roles", org.Unknown},
		"no policy":              {func(s *State, _ *fake) { s.Policies[0].Enabled = false }, "policies", org.Fail},
		"no source":              {func(s *State, _ *fake) { s.Sources = nil }, "logstore", org.Fail},
		"no Logstore":            {func(s *State, _ *fake) { s.Sources[0].Stores = nil }, "logstore", org.Fail},
		"no Logstore yet":        {func(s *State, _ *fake) { s.Sources[0].Stores, s.Policies[0].UpdatedAt = nil, now }, "logstore", org.Unknown},
		"project deleted":        {func(_ *State, f *fake) { f.project = kind(soc.NotFound) }, "logstore", org.Fail},
		"Logstore deleted":       {func(_ *State, f *fake) { f.logstore = kind(soc.NotFound) }, "logstore", org.Fail},
		"names refused":          {func(_ *State, f *fake) { f.logstore = kind(soc.Denied) }, "reads", org.Fail},
		"reads refused":          {func(_ *State, f *fake) { f.span = kind(soc.Denied) }, "reads", org.Fail},
		"SLS is down":            {func(_ *State, f *fake) { f.span = kind(soc.Unavailable) }, "reads", org.Unknown},
		"no shard yet":           {func(s *State, _ *fake) { s.Shards = nil }, "reads", org.Unknown},
		"empty":                  {func(_ *State, f *fake) { f.begin, f.end = 7, 7 }, "arrival", org.Fail},
		"empty and fresh":        {func(s *State, f *fake) { f.begin, f.end, s.Policies[0].UpdatedAt = 7, 7, now }, "arrival", org.Unknown},
		"not collected":          {func(s *State, _ *fake) { s.Shards[0].LastRead = now.Add(-time.Hour) }, "arrival", org.Fail},
		"does not keep up":       {func(_ *State, f *fake) { f.arrived = now.Add(-time.Hour) }, "arrival", org.Fail},
		"behind, but fresh":      {func(s *State, f *fake) { f.arrived, s.Policies[0].UpdatedAt = now.Add(-time.Hour), now }, "arrival", org.Unknown},
		"nothing waits":          {func(s *State, f *fake) { s.Shards[0].Cursor = 9 }, "arrival", org.Pass},
		"nothing new for long":   {func(s *State, f *fake) { s.Shards[0].Cursor, s.Shards[0].LastLog = 9, now.Add(-time.Hour) }, "arrival", org.Pass},
		"read before expiry":     {func(s *State, f *fake) { f.begin = 6 }, "arrival", org.Pass},
		"times are not answered": {func(_ *State, f *fake) { f.errArrived = kind(soc.Unavailable) }, "arrival", org.Pass},
		"times are refused":      {func(_ *State, f *fake) { f.errArrived = kind(soc.Denied) }, "reads", org.Fail},
		"never collected":        {func(s *State, _ *fake) { s.Shards[0].LastRead, s.Shards[0].HasCursor = time.Time{}, false }, "arrival", org.Fail},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := State{
				Catalog: c, Region: region,
				Accounts: []soc.Account{{UID: shop, State: soc.AccountJoined}},
				Policies: []soc.Policy{{Template: waf, Account: shop, Enabled: true, UpdatedAt: now.Add(-time.Hour)}, {Template: waf, Account: "other", Enabled: true}},
				Sources:  []soc.DataSource{{Name: source, Template: waf, Account: shop, Region: region, Stores: []soc.LogStore{{Project: project, Logstore: store, Shards: 1}}}},
				Shards:   []Shard{{Source: source, Project: project, Logstore: store, Cursor: 5, HasCursor: true, LastRead: now}},
			}
			f := &fake{begin: 1, end: 9, arrived: now.Add(-30 * time.Second)}
			if tt.spoil != nil {
				tt.spoil(&s, f)
			}
			got, err := Account(t.Context(), s, f, shop, now)
			if err != nil || len(got) == 0 {
				t.Fatalf("%v, %v", got, err)
			}
			last := got[len(got)-1]
			if last.ID != tt.last || last.Result != tt.result {
				t.Errorf("last check %s is %s (%s), want %s to be %s", last.ID, last.Result, last.Evidence, tt.last, tt.result)
			}
			for i, f := range got {
				if f.Account != shop || f.Evidence == "" || f.EvidenceZH == "" {
					t.Errorf("finding without account or evidence: %+v", f)
				}
				if (f.Result != org.Pass) != (f.Fix != "" && f.FixZH != "") {
					t.Errorf("only what did not pass needs a fix: %+v", f)
				}
				if i < len(got)-1 && f.Result != org.Pass {
					t.Errorf("%s did not pass, but its chain went on", f.ID)
				}
			}
		})
	}
}

// TestLag: the finding says how much waits, since when, when the source was last read and how old its newest log is, in
// words and in numbers.
func TestLag(t *testing.T) {
	t.Parallel()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	arrived, newest := now.Add(-7*time.Minute), now.Add(-8*time.Minute)
	s := State{
		Catalog: c, Region: region,
		Accounts: []soc.Account{{UID: shop, State: soc.AccountJoined}},
		Policies: []soc.Policy{{Template: waf, Account: shop, Enabled: true, UpdatedAt: now.Add(-time.Hour)}},
		Sources:  []soc.DataSource{{Name: source, Template: waf, Account: shop, Region: region, Stores: []soc.LogStore{{Project: project, Logstore: store, Shards: 2}}}},
		Shards: []Shard{
			{Source: source, Project: project, Logstore: store, Shard: 0, Cursor: 9, HasCursor: true, LastRead: now.Add(-time.Hour)}, // nothing waits in it
			{Source: source, Project: project, Logstore: store, Shard: 1, Cursor: 5, HasCursor: true, LastRead: now.Add(-10 * time.Second), LastLog: newest},
		},
	}
	got, err := Account(t.Context(), s, &fake{begin: 1, end: 9, arrived: arrived}, shop, now)
	if err != nil {
		t.Fatal(err)
	}
	last := got[len(got)-1]
	want := Lag{Groups: 4, Shard: project + "/" + store + "/1", Since: arrived, LastRead: now.Add(-time.Hour), LastLog: newest}
	if last.ID != ArrivalCheck || last.Result != org.Fail || last.Lag == nil || *last.Lag != want || last.Lag.Wait(now) != 7*time.Minute {
		t.Errorf("%+v, lag %+v", last, last.Lag)
	}
	for _, part := range []string{"4 groups", "(7m0s)", "/1", "8m0s ago"} {
		if !strings.Contains(last.Evidence, part) || !strings.Contains(last.Fix, "keep up") {
			t.Errorf("the finding does not say %q: %s; %s", part, last.Evidence, last.Fix)
		}
	}
}
