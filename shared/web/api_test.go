package web

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

func TestAPI(t *testing.T) {
	t.Parallel()
	h, db, cloud := newConsole(t, Options{})
	s := seed(t, db, same)
	want := counts{
		Accounts: 3, Joined: 2, OpenEvents: 1, Approvals: 1, Alerts: 4,
		Sources: map[soc.Health]int{soc.Healthy: 4, soc.Delayed: 1, soc.Silent: 1, soc.Failed: 1, soc.Initialising: 1, soc.Off: 1},
	}
	if got := read[counts](t, h, "/api/overview"); !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	got := read[event](t, h, "/api/events/"+s.Incident.ID)
	if !cmp.Equal(got.Event, s.Incident) || !cmp.Equal(got.Alerts, s.Alerts) || len(got.Runs) != 2 || len(got.Runs[0].Tasks) != 2 || len(got.Timeline) != 7 {
		t.Errorf("event %+v", got)
	}
	if got := read[soc.Run](t, h, "/api/runs/"+s.Done.ID); !cmp.Equal(got, s.Done) {
		t.Error(cmp.Diff(s.Done, got))
	}
	lists := map[string]int{
		"/api/accounts": 3, "/api/sources": 9, "/api/approvals": 1, "/api/parked": 1, "/api/alerts": 4, "/api/runs": 2,
		"/api/alerts?since=" + testNow.Add(-20*time.Minute).Format(time.RFC3339): 1, "/api/events": 1, "/api/events?state=closed": 0, "/api/events?level=critical&account=" + uidD: 1, "/api/events?offset=7": 0,
	}
	for target, n := range lists {
		list := -1
		for name, raw := range read[map[string]json.RawMessage](t, h, target) {
			var items []json.RawMessage
			if name != "total" {
				must(t, json.Unmarshal(raw, &items))
				list = len(items)
			}
			if string(raw) == "null" {
				t.Errorf("%s: %s is null", target, name)
			}
		}
		if list != n {
			t.Errorf("%s has %d items, want %d", target, list, n)
		}
	}
	if got := read[LogResult](t, h, "/api/search?query=x"); !got.Complete || got.Logs == nil || len(cloud.asked) != 1 {
		t.Errorf("search %+v, asked %+v", got, cloud.asked)
	}
}

func TestAPIRefuses(t *testing.T) {
	t.Parallel()
	h, _, cloud := newConsole(t, Options{RequestID: nil})
	for target, want := range map[string]int{
		"/api/events/nothing": 404, "/api/runs/%00": 404, "/api/nothing": 404, "/api/events?state=x": 400, "/api/events?level=x": 400,
		"/api/events?account=x": 400, "/api/events?offset=-1": 400, "/api/events?limit=x": 400, "/api/alerts?since=yesterday": 400, "/api/search?from=2&to=1": 400,
		"/api/search?account=%22or": 400, "/api/search?store=functions": 400, "/api/search?store=archive": 400, "/api/search?store=alerts&template=t": 400, "/events?state=x": 400, "/events/nothing": 404, "/sources?health=x": 400, "/nothing": 404, "/events?offset=x": 400, "/response?offset=x": 400,
	} {
		if status, body := ask(t, h, target, ""); status != want {
			t.Errorf("%s answers %d: %.200s", target, status, body)
		}
	}
	cloud.find = func(LogQuery) (LogResult, error) {
		return LogResult{}, &soc.Error{Kind: soc.Invalid, Op: "search logs", Code: "ParameterInvalid", RequestID: "R3"}
	}
	if status, body := ask(t, h, "/api/search?query=%7C", ""); status != http.StatusBadRequest || refused(t, body).Code != "ParameterInvalid" || refused(t, body).RequestID != "R3" {
		t.Errorf("search: %d %s", status, body)
	}
}

func TestLogQuery(t *testing.T) {
	t.Parallel()
	h, _, cloud := newConsole(t, Options{LogStorage: true})
	end := testNow.Add(time.Second)
	for target, want := range map[string]LogQuery{
		"query=":                     {Store: "stream", From: testNow.Add(-time.Hour), To: end, Limit: 100},
		"query=a&range=24h&offset=9": {Store: "stream", From: testNow.Add(-24 * time.Hour), To: end, Query: "a", Limit: 100, Offset: 9},
		"query=a&from=2026-03-01T08:00:00Z&to=1772355600": {Store: "stream", From: testNow.Add(-2 * time.Hour), To: testNow.Add(-time.Hour + time.Second), Query: "a", Limit: 100},
		"query=a+or+b&account=" + uidC:                    {Store: "stream", From: testNow.Add(-time.Hour), To: end, Query: `__tag__:fenghuo_account: "` + uidC + `" and (a or b)`, Limit: 100},
		"query=%22x%7Cy%22+%7C+SELECT+1&template=t":       {Store: "stream", From: testNow.Add(-time.Hour), To: end, Query: `__tag__:fenghuo_template: "t" and ("x|y") | SELECT 1`, Limit: 100},
		"query=x&store=alerts&account=" + uidC:            {Store: "alerts", From: testNow.Add(-time.Hour), To: end, Query: `account: "` + uidC + `" and (x)`, Limit: 100},
		"query=x&store=archive&account=" + uidC:           {Store: "archive", From: testNow.Add(-time.Hour), To: end, Query: `user_id: "` + uidC + `" and (x)`, Limit: 100},
		"store=archive&template=t":                        {Store: "archive", From: testNow.Add(-time.Hour), To: end, Query: `log_code: "t"`, Limit: 100},
	} {
		cloud.asked = nil
		read[LogResult](t, h, "/api/search?"+target)
		if len(cloud.asked) != 1 || !cmp.Equal(cloud.asked[0], want) {
			t.Errorf("%s asks %s", target, cmp.Diff([]LogQuery{want}, cloud.asked))
		}
	}
}

func TestEventsArePaged(t *testing.T) {
	t.Parallel()
	h, db, _ := newConsole(t, Options{})
	s := seed(t, db, same)
	for i := range 2 * pageRows {
		e := s.Incident
		e.ID, e.Level = soc.IncidentID(string(rune('A'+i))), soc.Low
		must(t, db.SaveIncident(t.Context(), e, nil))
	}
	if got := read[struct{ Total int }](t, h, "/api/events?limit=5"); got.Total != 2*pageRows+1 {
		t.Errorf("total %d", got.Total)
	}
	for target, rows := range map[string]int{"/events": pageRows, "/events?offset=100": 1, "/events?level=critical": 1, "/events?level=low&offset=50": pageRows} {
		_, body := ask(t, h, target, "")
		if got := countRows(t, body); got != rows {
			t.Errorf("%s shows %d rows, want %d", target, got, rows)
		}
	}
	if _, body := ask(t, h, "/events?level=low", ""); !contains(body, `/events?level=low&amp;offset=50`) {
		t.Error("the next page loses the filter")
	}
}

func BenchmarkOverview(b *testing.B) {
	h, db, _ := newConsole(b, Options{})
	s := seed(b, db, same)
	var alerts []soc.Alert
	for i := range 2000 {
		a := s.Alerts[i%4]
		a.Record.Cursor = int64(5000 + i)
		a.ID = soc.AlertID(a.RuleID, a.Record)
		alerts = append(alerts, a)
	}
	if _, err := db.InsertAlerts(b.Context(), alerts); err != nil {
		b.Fatal(err)
	}
	if list, err := db.Alerts(b.Context(), store.AlertFilter{}); err != nil || len(list) < 2000 {
		b.Fatal(len(list), err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if status, _ := ask(b, h, "/", ""); status != http.StatusOK {
			b.Fatal(status)
		}
	}
}
