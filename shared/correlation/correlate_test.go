package correlation

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

const (
	shop     = "1100000000000003"
	payments = "1100000000000004"
	data     = "1100000000000005"
)

var start = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

func ip(v, part string) soc.Entity { return soc.Entity{Type: soc.EntityIP, Value: v, Part: part} }
func key(v string) soc.Entity {
	return soc.Entity{Type: soc.EntityAccessKey, Value: v, Part: "attacker"}
}

func host(account, v string) soc.Entity {
	return soc.Entity{Type: soc.EntityHost, Value: v, Account: account, Part: "victim"}
}

func alert(id, rule string, l soc.Level, account string, minute int, es ...soc.Entity) soc.Alert {
	return soc.Alert{
		ID: id, RuleID: rule, RuleTitle: "Title of " + rule, Level: l, Account: account,
		EventTime: start.Add(time.Duration(minute) * time.Minute), Entities: es,
	}
}

func leakedKey() []soc.Alert {
	attacker := ip("203.0.113.66", "attacker")
	return []soc.Alert{
		alert("a1", "probe", soc.Medium, shop, 0, attacker, key("LTAI5tExampleKey0001")),
		alert("a2", "admin", soc.Critical, shop, 4, attacker, key("LTAI5tExampleKey0001")),
		alert("a3", "assume", soc.High, shop, 8, key("LTAI5tExampleKey0001"), soc.Entity{Type: soc.EntityAccessKey, Value: "STS.NSession1", Part: "means"}),
		alert("a4", "chain", soc.High, payments, 9, key("STS.NSession1"), soc.Entity{Type: soc.EntityAccessKey, Value: "STS.NSession2", Part: "means"}),
		alert("a5", "public", soc.Critical, data, 12, key("STS.NSession2"), soc.Entity{Type: soc.EntityBucket, Value: "corp-backup", Part: "victim"}),
		alert("a6", "download", soc.High, data, 70, soc.Entity{Type: soc.EntityBucket, Value: "corp-backup", Part: "victim"}),
	}
}

func webIntrusion() []soc.Alert {
	attacker := ip("198.51.100.77", "attacker")
	return []soc.Alert{
		alert("w1", "sqli", soc.Medium, shop, 0, attacker),
		alert("w2", "sqli", soc.Medium, payments, 1, attacker),
		alert("w3", "log4shell", soc.Critical, payments, 5, attacker, host(payments, "10.20.1.5")),
		alert("w4", "curl-sh", soc.Critical, payments, 6, host(payments, "10.20.1.5")),
		alert("w5", "mining", soc.Critical, payments, 9, host(payments, "10.20.1.5"), ip("192.0.2.66", "attacker")),
	}
}

func TestStoriesAreOneIncidentEach(t *testing.T) {
	t.Parallel()
	noise := []soc.Alert{ // scanners on the same host, an engineer who was refused once
		alert("n1", "sqli", soc.Medium, payments, 3, ip("192.0.2.10", "attacker"), host(payments, "10.20.1.5")),
		alert("n2", "scan", soc.Medium, payments, 4, ip("192.0.2.11", "attacker"), host(payments, "10.20.1.5")),
		alert("n3", "probe", soc.Medium, shop, 5, ip("192.0.2.12", "attacker"), key("LTAI5tEngineer00001")),
	}
	out := Correlate(Input{Loose: append(append(leakedKey(), webIntrusion()...), noise...), Now: start})
	if len(out.Changes) != 2 || len(out.Merges) != 0 {
		t.Fatalf("got %d changes and %d merges, want 2 and 0", len(out.Changes), len(out.Merges))
	}
	got := out.Changes[0].Incident
	if out.Changes[0].Alerts[0].ID != "a1" {
		got = out.Changes[1].Incident
	}
	want := soc.Incident{
		ID: soc.IncidentID("a1"), State: soc.IncidentNew, Level: soc.Critical,
		Title:    "Title of admin and 5 other kinds of alerts in 3 accounts (203.0.113.66)",
		TitleZH:  "Title of admin等 6 类告警，涉及 3 个账号（203.0.113.66）",
		Accounts: []string{shop, payments, data}, Alerts: 6,
		Rules:     []string{"admin", "assume", "chain", "download", "probe", "public"},
		FirstSeen: start, LastSeen: start.Add(70 * time.Minute), OpenedAt: start, UpdatedAt: start,
	}
	want.Entities = got.Entities
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("incident (-want +got):\n%s", d)
	}
	for _, c := range out.Changes {
		if c.Alerts[0].ID == "w1" && !strings.HasSuffix(c.Incident.Title, "(198.51.100.77)") {
			t.Errorf("title %q does not name the address of most alerts", c.Incident.Title)
		}
		for _, id := range c.Attach {
			if strings.HasPrefix(id, "n") {
				t.Errorf("noise %s is in incident %q", id, c.Incident.Title)
			}
		}
	}
}

func TestWhatIsNoIncident(t *testing.T) {
	t.Parallel()
	attacker := ip("203.0.113.9", "attacker")
	private := ip("10.0.0.1", "attacker")
	tests := []struct {
		name   string
		alerts []soc.Alert
		allow  *AllowList
		want   int
	}{
		{"one rule many times", []soc.Alert{alert("1", "r", soc.Critical, shop, 0, attacker), alert("2", "r", soc.Critical, payments, 1, attacker)}, nil, 0},
		{"two rules below the threshold", []soc.Alert{alert("1", "r", soc.Critical, shop, 0, attacker), alert("2", "s", soc.Low, shop, 1, attacker)}, nil, 0},
		{"repeats do not add up", []soc.Alert{alert("1", "r", soc.Medium, shop, 0, attacker), alert("2", "s", soc.Medium, shop, 1, attacker), alert("3", "s", soc.Medium, shop, 2, attacker), alert("4", "s", soc.Medium, shop, 3, attacker)}, nil, 0},
		{"two high ones", []soc.Alert{alert("1", "r", soc.High, shop, 0, attacker), alert("2", "s", soc.High, shop, 60, attacker)}, nil, 1},
		{"too far apart", []soc.Alert{alert("1", "r", soc.High, shop, 0, attacker), alert("2", "s", soc.High, shop, 61, attacker)}, nil, 0},
		{"chained over more than a window", []soc.Alert{alert("1", "r", soc.High, shop, 0, attacker), alert("2", "r", soc.High, shop, 50, attacker), alert("3", "s", soc.High, shop, 100, attacker)}, nil, 1},
		{"allowed address", []soc.Alert{alert("1", "r", soc.High, shop, 0, attacker), alert("2", "s", soc.High, shop, 1, attacker)}, &AllowList{Networks: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}}, 0},
		{"allowed key", []soc.Alert{alert("1", "r", soc.High, shop, 0, key("LTAIx")), alert("2", "s", soc.High, shop, 1, key("LTAIx"))}, &AllowList{Entities: map[string]bool{"access_key:LTAIx": true}}, 0},
		{"private address in two accounts", []soc.Alert{alert("1", "r", soc.High, shop, 0, private), alert("2", "s", soc.High, payments, 1, private)}, nil, 0},
		{"private address in one account", []soc.Alert{alert("1", "r", soc.High, shop, 0, private), alert("2", "s", soc.High, shop, 1, private)}, nil, 1},
		{"mapped and plain form of an address", []soc.Alert{alert("1", "r", soc.High, shop, 0, ip("::ffff:203.0.113.9", "attacker")), alert("2", "s", soc.High, shop, 1, attacker)}, nil, 1},
		{"same user name in two accounts", []soc.Alert{alert("1", "r", soc.High, shop, 0, soc.Entity{Type: soc.EntityUser, Value: "ci"}), alert("2", "s", soc.High, payments, 1, soc.Entity{Type: soc.EntityUser, Value: "ci"})}, nil, 0},
		{"service name in the address field", []soc.Alert{alert("1", "r", soc.High, shop, 0, ip("ecs.aliyuncs.com", "attacker")), alert("2", "s", soc.High, shop, 1, ip("ecs.aliyuncs.com", "attacker"))}, nil, 0},
		{"loopback", []soc.Alert{alert("1", "r", soc.High, shop, 0, ip("127.0.0.1", "")), alert("2", "s", soc.High, shop, 1, ip("127.0.0.1", ""))}, nil, 0},
		{"no entities", []soc.Alert{alert("1", "r", soc.Critical, shop, 0), alert("2", "s", soc.Critical, shop, 1)}, nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := len(Correlate(Input{Loose: tt.alerts, Allow: tt.allow, Now: start}).Changes); got != tt.want {
				t.Errorf("got %d incidents, want %d", got, tt.want)
			}
		})
	}
}

func TestLateAlertMergesTwoIncidents(t *testing.T) {
	t.Parallel()
	a := Correlate(Input{Loose: leakedKey()[:2], Now: start.Add(time.Minute)}).Changes[0]
	b := Correlate(Input{Loose: leakedKey()[3:], Now: start.Add(2 * time.Minute)}).Changes[0]
	open := []Existing{{b.Incident, b.Alerts}, {a.Incident, a.Alerts}}
	out := Correlate(Input{Open: open, Loose: leakedKey()[2:3], Now: start.Add(3 * time.Minute)})
	if len(out.Changes) != 1 || len(out.Merges) != 1 {
		t.Fatalf("got %d changes and %d merges, want 1 and 1", len(out.Changes), len(out.Merges))
	}
	c, m := out.Changes[0], out.Merges[0]
	if c.Incident.ID != a.Incident.ID || c.Opened || m.Into != a.Incident.ID || m.Closed.ID != b.Incident.ID {
		t.Errorf("the younger incident did not merge into the older: %+v %+v", c, m)
	}
	if d := cmp.Diff([]string{"a3", "a4", "a5", "a6"}, c.Attach); d != "" {
		t.Errorf("attached (-want +got):\n%s", d)
	}
	if m.Closed.State != soc.IncidentClosed || c.Incident.Alerts != 6 {
		t.Errorf("closed state %q, alerts %d", m.Closed.State, c.Incident.Alerts)
	}
	again := Correlate(Input{Open: []Existing{{c.Incident, c.Alerts}}, Loose: leakedKey(), Now: start.Add(time.Hour)})
	if len(again.Changes)+len(again.Merges) != 0 {
		t.Errorf("alerts delivered again changed something: %+v", again)
	}
}

func TestTitleHoldsNoLogText(t *testing.T) {
	t.Parallel()
	evil := "<script>alert(1)</script>"
	alerts := []soc.Alert{
		alert("1", "r", soc.High, shop, 0, key(evil), ip(evil, "attacker"), ip("203.0.113.1%"+evil, "attacker")),
		alert("2", "s", soc.High, shop, 1, key(evil)),
	}
	c := Correlate(Input{Loose: alerts, Now: start, TitleZH: func(id string) string { return "规则" + id }}).Changes
	if len(c) != 1 || strings.Contains(c[0].Incident.Title+c[0].Incident.TitleZH, "script") {
		t.Fatalf("got %+v", c)
	}
	if want := "规则r等 2 类告警，账号 " + shop; c[0].Incident.TitleZH != want {
		t.Errorf("title %q, want %q", c[0].Incident.TitleZH, want)
	}
}

func TestEntitiesAreBounded(t *testing.T) {
	t.Parallel()
	var alerts []soc.Alert
	for i := range 300 {
		alerts = append(alerts, alert(fmt.Sprint(i), fmt.Sprint("r", i%3), soc.High, shop, 0,
			ip("203.0.113.5", "attacker"), host(shop, fmt.Sprintf("host-%03d", i))))
	}
	es := Correlate(Input{Loose: alerts, Now: start}).Changes[0].Incident.Entities
	if len(es) != MaxEntities || es[len(es)-1].Value != "203.0.113.5" {
		t.Errorf("got %d entities ending in %+v, want %d with the attacker kept", len(es), es[len(es)-1], MaxEntities)
	}
}

func BenchmarkCorrelate(b *testing.B) {
	var alerts []soc.Alert
	for i := range 2000 {
		alerts = append(alerts, alert(fmt.Sprint(i), fmt.Sprint("r", i%12), soc.Medium, shop, i%600,
			ip(fmt.Sprintf("203.0.113.%d", i%200), "attacker"), key(fmt.Sprint("LTAI5tKeyOfUser", i%50))))
	}
	b.ReportAllocs()
	for b.Loop() {
		Correlate(Input{Loose: alerts, Now: start})
	}
}
