package response

import (
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

var now = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

func load(t *testing.T) *Book {
	t.Helper()
	b, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func attacker(v string) soc.Entity {
	return soc.Entity{Type: soc.EntityIP, Value: v, Part: "attacker"}
}

func accessKey(v, account string) soc.Entity {
	return soc.Entity{Type: soc.EntityAccessKey, Value: v, Account: account, Part: "attacker"}
}

func situation(es ...soc.Entity) Situation {
	src := func(template, uid string) soc.DataSource {
		return soc.DataSource{Template: template, Account: uid, Enabled: true, Stores: []soc.LogStore{{Project: "p", Logstore: "l"}}}
	}
	return Situation{
		RunID:    "run-1",
		Incident: soc.Incident{ID: "i1", Level: soc.Critical, Accounts: []string{shop, payments, data}, Entities: es},
		Accounts: []soc.Account{
			{UID: shop, State: soc.AccountJoined, Response: true},
			{UID: payments, State: soc.AccountJoined, Response: true},
			{UID: data, State: soc.AccountJoined, Response: false},
		},
		Sources: []soc.DataSource{
			src("alibaba_cloud_waf_flow", shop), src("alibaba_cloud_cfw_flow", shop), src("alibaba_cloud_waf_flow", payments),
			{Template: "alibaba_cloud_cfw_flow", Account: payments, Enabled: true}, // switched on, but no Logstore was found
		},
		Now: now,
	}
}

// lines renders tasks as account, action and target.
func lines(p Plan) []string {
	var out []string
	for _, t := range p.Tasks {
		out = append(out, strings.TrimSpace(t.Account+" "+t.Action+" "+t.Target+" "+t.Params[ParamUsers]))
	}
	return out
}

func TestBlockPlanUsesProductsThatAreThere(t *testing.T) {
	t.Parallel()
	p, err := load(t).Plan("block-ip", situation(attacker("203.0.113.66"), soc.Entity{Type: soc.EntityIP, Value: "198.51.100.1", Part: "victim"}))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		shop + " waf_block_ip 203.0.113.66", payments + " waf_block_ip 203.0.113.66", shop + " cfw_block_ip 203.0.113.66",
	}
	if d := cmp.Diff(want, lines(p)); d != "" {
		t.Errorf("tasks (-want +got):\n%s", d)
	}
	if !p.NeedsApproval || p.Refused || p.Reason != "" {
		t.Errorf("plan %+v", p)
	}
	for _, text := range []string{
		"Block IP address: 3 tasks", "- not: 203.0.113.66 response is switched off in account " + data,
		"- not: 203.0.113.66 account " + payments + " has no enabled source alibaba_cloud_cfw_flow",
	} {
		if !strings.Contains(p.Summary, text) {
			t.Errorf("summary lacks %q:\n%s", text, p.Summary)
		}
	}
	if p.Tasks[0].ID != soc.TaskID("run-1", shop, WAFBlockIP, "203.0.113.66") || p.Tasks[0].State != soc.TaskPlanned {
		t.Errorf("task %+v", p.Tasks[0])
	}
}

func TestBlockPlanCoversAccountsThatWereNotAttacked(t *testing.T) {
	t.Parallel()
	s := situation(attacker("203.0.113.66"))
	s.Incident.Accounts = []string{shop}
	p, err := load(t).Plan("block-ip", s)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{shop + " waf_block_ip 203.0.113.66", payments + " waf_block_ip 203.0.113.66", shop + " cfw_block_ip 203.0.113.66"}
	if d := cmp.Diff(want, lines(p)); d != "" {
		t.Errorf("tasks (-want +got):\n%s", d)
	}
	if len(p.Skipped) != 0 {
		t.Errorf("skipped %+v: accounts outside the incident that cannot act are not worth a line", p.Skipped)
	}
}

func TestGuardRefusesTargets(t *testing.T) {
	t.Parallel()
	own := Own{Networks: []netip.Prefix{netip.MustParsePrefix("47.96.0.0/16")}, AccessKeys: []string{"LTAI5tPayroll00001"}}
	for _, ip := range []string{
		"10.1.2.3", "192.168.0.1", "172.16.0.1", "127.0.0.1", "::1", "0.0.0.0", "224.0.0.1", "169.254.1.1",
		"100.100.100.200", "255.255.255.255", "fd00::1", "fe80::1", "fe80::1%eth0", "47.96.1.1", "::ffff:47.96.1.1", "::ffff:10.0.0.1",
		"ecs.aliyuncs.com", "1.2.3.4/0", "", "203.0.113.1\n", "198.18.0.1",
	} {
		if got, err := own.checkIP(ip); err == nil {
			t.Errorf("address %q may be blocked as %v", ip, got)
		}
	}
	for _, ip := range []string{"203.0.113.66", "8.8.8.8", "2001:db8::7", "::ffff:203.0.113.66"} {
		if _, err := own.checkIP(ip); err != nil {
			t.Errorf("address %q: %v", ip, err)
		}
	}
	for _, k := range []string{"STS.NSession", "LTAI5tPayroll00001", "LTAI", "LTAI5t' or 1=1", ""} {
		if own.checkKey(k) == nil {
			t.Errorf("key %q may be disabled", k)
		}
	}
	for _, u := range []string{"", "fenghuo-ops", "Fenghuo", "a b", "x,y", "<b>", strings.Repeat("x", 65)} {
		if own.checkUser(u) == nil {
			t.Errorf("keys of user %q may be disabled", u)
		}
	}
}

func TestTooManyTargetsRefuseThePlan(t *testing.T) {
	t.Parallel()
	var es []soc.Entity
	for i := range 21 {
		es = append(es, attacker(netip.AddrFrom4([4]byte{203, 0, 113, byte(i + 1)}).String()))
	}
	p, err := load(t).Plan("block-ip", situation(es...))
	if err != nil {
		t.Fatal(err)
	}
	if !p.Refused || len(p.Tasks) != 0 || !strings.Contains(p.Reason, "21 targets") {
		t.Errorf("plan %+v", p)
	}
}

func TestKeyPlanFindsTheOwner(t *testing.T) {
	t.Parallel()
	user := func(name, account string) soc.Entity {
		return soc.Entity{Type: soc.EntityUser, Value: name, Account: account}
	}
	s := situation(accessKey("LTAI5tLeakedKey0001", shop), accessKey("STS.NSession1", payments),
		accessKey("LTAI5tForeign00001", data), accessKey("LTAI5tNobodys00001", payments))
	s.Alerts = []soc.Alert{
		{ID: "1", Account: shop, Entities: []soc.Entity{accessKey("LTAI5tLeakedKey0001", shop), user("ci-deploy", shop)}},
		{ID: "2", Account: shop, Entities: []soc.Entity{accessKey("LTAI5tLeakedKey0001", shop), user("ci-deploy", shop), user("backdoor", shop)}},
		{ID: "3", Account: shop, Entities: []soc.Entity{user("other", shop)}},
	}
	p, err := load(t).Plan("disable-access-key", s)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{shop + " ram_disable_access_key LTAI5tLeakedKey0001 ci-deploy,backdoor"}, lines(p)); d != "" {
		t.Errorf("tasks (-want +got):\n%s", d)
	}
	want := []Skip{
		{data, "LTAI5tForeign00001", "response is switched off in account " + data},
		{payments, "LTAI5tNobodys00001", "no RAM user is known as its owner"},
	}
	if d := cmp.Diff(want, p.Skipped); d != "" {
		t.Errorf("skipped (-want +got):\n%s", d)
	}
}

func TestNothingToDo(t *testing.T) {
	t.Parallel()
	b := load(t)
	p, err := b.Plan("block-ip", situation(attacker("<script>\n10.0.0.1")))
	if err != nil || len(p.Tasks) != 0 || p.Reason != `nothing to act on: "<script>\n10.0.0.1" is not an IP address` {
		t.Errorf("plan %+v, error %v", p, err)
	}
	if _, err := b.Plan("no-such", situation()); soc.KindOf(err) != soc.NotFound {
		t.Errorf("unknown playbook: %v", err)
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	leaked := []soc.Alert{{Techniques: []string{"T1078.004"}}}
	tests := []struct {
		name   string
		inc    soc.Incident
		alerts []soc.Alert
		want   []string
	}{
		{"attacker and key", soc.Incident{Level: soc.Critical, Entities: []soc.Entity{attacker("203.0.113.1"), accessKey("LTAIx", "")}}, leaked, []string{"block-ip", "disable-access-key"}},
		{"only temporary key", soc.Incident{Level: soc.Critical, Entities: []soc.Entity{accessKey("STS.x", "")}}, leaked, nil},
		{"other technique", soc.Incident{Level: soc.Critical, Entities: []soc.Entity{accessKey("LTAIx", "")}}, []soc.Alert{{Techniques: []string{"T1190"}}}, nil},
		{"medium", soc.Incident{Level: soc.Medium, Entities: []soc.Entity{attacker("203.0.113.1")}}, nil, nil},
		{"victim address", soc.Incident{Level: soc.High, Entities: []soc.Entity{{Type: soc.EntityIP, Value: "203.0.113.1", Part: "victim"}}}, nil, nil},
		{"closed", soc.Incident{State: soc.IncidentClosed, Level: soc.Critical, Entities: []soc.Entity{attacker("203.0.113.1")}}, nil, nil},
	}
	b := load(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, r := range b.Match(tt.inc, tt.alerts) {
				got = append(got, r.Playbook)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestParseRefusesBadBooks(t *testing.T) {
	t.Parallel()
	good := "- {name: p, max_targets: 1, actions: [{name: waf_block_ip}]}"
	for name, files := range map[string][2]string{
		"unknown field":    {"[]", "- {name: p, colour: red}"},
		"unknown action":   {"[]", "- {name: p, max_targets: 1, actions: [{name: format_disk}]}"},
		"no limit":         {"[]", "- {name: p, actions: [{name: waf_block_ip}]}"},
		"unknown playbook": {"- {id: r, levels: [high], playbook: q}", good},
		"unknown level":    {"- {id: r, levels: [hgih], playbook: p}", good},
		"not yaml":         {"[", good},
	} {
		if _, err := parse([]byte(files[0]), []byte(files[1])); soc.KindOf(err) != soc.Invalid {
			t.Errorf("%s: got %v, want Invalid", name, err)
		}
	}
}

func FuzzCheckIP(f *testing.F) {
	for _, s := range []string{"203.0.113.66", "::ffff:10.0.0.1", "fe80::1%lo", "1.2.3.4/0", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ip, err := Own{}.checkIP(s)
		if err == nil && (ip.IsPrivate() || ip.IsLoopback() || ip.Is4In6() || ip.Zone() != "" || !ip.IsGlobalUnicast()) {
			t.Errorf("%q may be blocked as %v", s, ip)
		}
	})
}
