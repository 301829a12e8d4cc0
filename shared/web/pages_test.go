package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

func contains(s, part string) bool { return strings.Contains(s, part) }

func countRows(t *testing.T, page string) int {
	t.Helper()
	_, table, ok := strings.Cut(page, "<tbody>")
	if !ok {
		t.Fatalf("no table in %.300s", page)
	}
	table, _, _ = strings.Cut(table, "</tbody>")
	return strings.Count(table, "<tr")
}

// TestPagesTell looks for what a reader must find on each page of the seeded state.
func TestPagesTell(t *testing.T) {
	t.Parallel()
	h, db, _ := newConsole(t, Options{StreamDays: 3, Titles: Titles{
		Playbook: func(name string, zh bool) string { return map[string]string{"block-ip": "Block IP address"}[name] },
	}})
	s := seed(t, db, same)
	on := []soc.Policy{{Template: "alibaba_cloud_cfw_flow", Account: uidD, Enabled: true, UpdatedAt: testNow.Add(-4 * time.Minute)}}
	must(t, db.SavePolicies(t.Context(), "on", on, store.AuditEntry{}))
	for target, parts := range map[string][]string{
		"/": {
			"2 of 3 accounts joined.", "1 data source failed.", "1 data source is silent.", "1 security event is open.", "1 approval waits for you.",
			`href="/events?state=open"`, `href="/response#approvals"`, uidC, "shop", "Delayed", "half within 1.8 s", `role="img"`,
		},
		"/events": {"Bucket made public and 3 more signs", "Critical", `href="/events/` + s.Incident.ID + `"`, uidE, "2026-03-01 09:10:00 +00:00"},
		"/events/" + s.Incident.ID: {
			"Alerts: 4.", "it took 36 min", "1 of the records arrived late", "203.0.113.66", "attacker", "T1550.001", "actiontrail-" + uidD + "/actiontrail_audit/1/1002/2",
			"late by 11 min", "Happened", "Arrived", "PutBucketAcl", "ServiceUnavailable", "Retry 1 failed task", "Undo 1 task", "Waits for approval", "ram_disable_access_key",
		},
		"/response":         {"Block IP address", "Approve 2 tasks", "Reject", "23 h left", "Block 203.0.113.66 in WAF", uidC, uidD, "nothing is done", "Partly done"},
		"/accounts":         {"NoPermission", "control policies", "fenghuo-collector", "Failed", uidE},
		"/accounts/" + uidD: {"payments", "fenghuo-collector", "acs:ram::1100000000000002:role/fenghuo-collect", "log:GetCursorOrData", "Last read", "ram_disable_access_key", "Playbooks may not act", "24.0 MiB"},
		"/sources":          {"no record for 2 h 12 min", "18,250", "24.0 MiB", "wafnew-project/wafnew-logstore/0/77/3", "field is no number", "Silent", "for 4 min"},
		"/search":           {"The stream keeps logs for 3 days.", "Log storage is off"},
	} {
		status, body := ask(t, h, target, "")
		if status != http.StatusOK {
			t.Errorf("%s answers %d", target, status)
		}
		text := body + inspect(t, target, body)
		for _, p := range parts {
			if !contains(text, p) {
				t.Errorf("%s does not show %q", target, p)
			}
		}
		if contains(text, "%!") || contains(text, "&lt;nil&gt;") {
			t.Errorf("%s has a formatting fault", target)
		}
	}
	if _, body := ask(t, h, "/events", ""); contains(body, "selected=\"selected\">Closed") {
		t.Error("the filter claims what was not chosen")
	}
}

func TestEmptyPagesTellTheNextStep(t *testing.T) {
	t.Parallel()
	h, _, cloud := newConsole(t, Options{LogStorage: true})
	for target, part := range map[string]string{
		"/": "Run the flow onboard-accounts", "/events": "Clear the filters", "/response": "Nothing waits for approval", "/accounts": "onboard-accounts",
		"/sources": "apply-integration", "/search?query=nothing": "Search a longer range", "/search": "kept longer in the Logstore archive",
	} {
		status, body := ask(t, h, target, "")
		if status != http.StatusOK || !contains(body, part) {
			t.Errorf("%s answers %d without %q", target, status, part)
		}
		inspect(t, target, body)
	}
	cloud.find = func(LogQuery) (LogResult, error) {
		return LogResult{}, &soc.Error{Kind: soc.NotFound, Op: "search logs", Code: "IndexConfigNotExist", Next: "make an index"}
	}
	if status, body := ask(t, h, "/search?query=kept", ""); status != http.StatusOK || !contains(body, "IndexConfigNotExist") || !contains(body, `value="kept"`) {
		t.Errorf("a refused search answers %d and loses its query or its reason", status)
	}
}

func TestAlertHours(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) soc.Alert { return soc.Alert{EventTime: testNow.Add(d), Level: soc.High} }
	c := alertHours([]soc.Alert{at(0), at(-1), at(-time.Hour), at(-23 * time.Hour), at(-23*time.Hour - 1), at(time.Hour)}, testNow.Add(time.Minute))
	if c.Total != 4 || c.Hours[23].Sum != 1 || c.Hours[22].Sum != 2 || c.Hours[0].Sum != 1 || c.Most != 2 {
		t.Errorf("total %d, most %d, last %d, before %d, first %d", c.Total, c.Most, c.Hours[23].Sum, c.Hours[22].Sum, c.Hours[0].Sum)
	}
}

func TestDelaysLeaveOutWhatWasThereBefore(t *testing.T) {
	t.Parallel()
	alert := func(written, took time.Duration) soc.Alert {
		return soc.Alert{Account: uidC, WrittenAt: testNow.Add(written), CreatedAt: testNow.Add(written + took)}
	}
	accounts := []soc.Account{{UID: uidC, JoinedAt: testNow.Add(-time.Hour)}}
	alerts := []soc.Alert{alert(-2*time.Hour, time.Hour), alert(-time.Hour, time.Second), alert(-time.Minute, 3*time.Second), alert(-30*time.Hour, time.Second)}
	if p50, p95, n := delays(alerts, accounts, testNow.Add(-24*time.Hour)); p50 != time.Second || p95 != 3*time.Second || n != 2 {
		t.Errorf("P50 %v, P95 %v of %d", p50, p95, n)
	}
}

func TestRepeatedAlertsAreOneMoment(t *testing.T) {
	t.Parallel()
	v := eventView{alerts: map[string]soc.Alert{}}
	for i, rule := range []string{"r", "r", "r", "s", "r"} {
		id := string(rune('a' + i))
		v.alerts[id] = soc.Alert{ID: id, RuleID: rule}
		v.Timeline = append(v.Timeline, soc.TimelineEntry{At: testNow.Add(time.Duration(i) * time.Second), Kind: "alert", Account: uidC, Ref: id})
	}
	got := v.Moments()
	if len(got) != 3 || got[0].Times != 3 || !got[0].Until.Equal(testNow.Add(2*time.Second)) || got[1].Times != 1 || got[2].Ref != "e" {
		t.Errorf("%+v", got)
	}
}

func TestSourceThatIsOffIsNeverHealthy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   soc.DataSource
		want soc.Health
	}{{soc.DataSource{Health: soc.Healthy}, soc.Off}, {soc.DataSource{Enabled: true}, soc.Initialising}, {soc.DataSource{Enabled: true, Health: soc.Silent}, soc.Silent}, {soc.DataSource{Enabled: true, Health: "fine"}, soc.Initialising}} {
		if got := healthOf(c.in); got != c.want {
			t.Errorf("%+v is %s, want %s", c.in, got, c.want)
		}
	}
}
