package demo

import (
	"slices"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/traffic"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	expect := []traffic.Incident{
		{Name: "key", Accounts: []string{"3", "4"}, Entities: []traffic.Entity{{Type: "ip", Value: "203.0.113.66"}}},
		{Name: "web", Accounts: []string{"3"}, Entities: []traffic.Entity{{Type: "ip", Value: "198.51.100.77"}}},
	}
	event := func(id, ip string, accounts ...string) soc.Incident {
		return soc.Incident{ID: id, Accounts: accounts, Entities: []soc.Entity{{Type: soc.EntityIP, Value: ip}}}
	}
	closed := event("d", "192.0.2.1", "3")
	closed.State = soc.IncidentClosed
	for _, tc := range []struct {
		name         string
		events       []soc.Incident
		found, wrong int
	}{
		{"both", []soc.Incident{event("a", "203.0.113.66", "3", "4"), event("b", "198.51.100.77", "3")}, 2, 0},
		{"an account is missing", []soc.Incident{event("a", "203.0.113.66", "3")}, 0, 1},
		{"an account too many", []soc.Incident{event("b", "198.51.100.77", "3", "4")}, 0, 1},
		{"an entity is missing", []soc.Incident{event("a", "192.0.2.9", "3", "4")}, 0, 1},
		{"one attack counts once", []soc.Incident{event("b", "198.51.100.77", "3"), event("c", "198.51.100.77", "3")}, 1, 1},
		{"closed ones do not count", []soc.Incident{closed}, 0, 0},
	} {
		var s Score
		s.judge(expect, tc.events)
		if s.Expected != 2 || s.Found != tc.found || s.False != tc.wrong || len(s.match) != tc.found {
			t.Errorf("%s: %+v, want %d found and %d false", tc.name, s, tc.found, tc.wrong)
		}
	}
}

func TestDelaysLeaveOldLogsOut(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	alert := func(index int, written time.Time, delay time.Duration) soc.Alert {
		return soc.Alert{RuleID: "r", Record: soc.RecordID{Index: index}, WrittenAt: written, CreatedAt: written.Add(delay)}
	}
	s := Score{attackFrom: from}
	s.delays([]soc.Alert{
		alert(0, from.Add(-time.Minute), time.Hour), alert(1, from, time.Second), alert(2, from, 2*time.Second),
		alert(3, from, 9*time.Second), alert(3, from, 9*time.Second),
	})
	if s.Alerts != 5 || s.Twice != 1 || s.DelayP50 != 2 || s.DelayP95 != 9 {
		t.Errorf("%+v, want 5 alerts, 1 twice, P50 2 s, P95 9 s", s)
	}
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(i + 1)
	}
	for _, tc := range []struct {
		values []float64
		p      int
		want   float64
	}{{nil, 50, 0}, {[]float64{7}, 50, 7}, {[]float64{7}, 95, 7}, {hundred, 50, 50}, {hundred, 95, 95}, {[]float64{1, 2}, 95, 2}} {
		if got := percentile(tc.values, tc.p); got != tc.want {
			t.Errorf("P%d of %d values = %v, want %v", tc.p, len(tc.values), got, tc.want)
		}
	}
}

func TestFinishNamesWhatIsShort(t *testing.T) {
	t.Parallel()
	good := Score{Expected: 2, Found: 2, Written: 9, Collected: 9, Tasks: 3, Done: 3}
	good.finish(time.Second)
	if !good.Pass || len(good.Short) != 0 {
		t.Errorf("a full score: %+v", good)
	}
	declined := Score{Expected: 2, Found: 2, Written: 9, Collected: 9, Tasks: 3, Done: 1, Rejected: 2} // a person's no is no failure
	if declined.finish(time.Second); !declined.Pass {
		t.Errorf("rejected tasks make the score short: %v", declined.Short)
	}
	for _, spoil := range []func(*Score){
		func(s *Score) { s.Found = 1 }, func(s *Score) { s.False = 1 }, func(s *Score) { s.Collected = 8 },
		func(s *Score) { s.Parked = 1 }, func(s *Score) { s.Twice = 1 }, func(s *Score) { s.Done = 2 }, func(s *Score) { s.Tasks, s.Done = 0, 0 },
	} {
		s := Score{Expected: 2, Found: 2, Written: 9, Collected: 9, Tasks: 3, Done: 3}
		spoil(&s)
		s.finish(time.Second)
		if s.Pass || len(slices.Compact(s.Short)) != 1 {
			t.Errorf("%+v: want exactly one thing short", s)
		}
	}
}
