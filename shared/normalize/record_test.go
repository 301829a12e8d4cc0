package normalize

import (
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/sigma"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// log is fields for tests: key, value, key, value, ….
type log []string

func (l log) Fields() iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		for i := 0; i+1 < len(l); i += 2 {
			if !yield([]byte(l[i]), []byte(l[i+1])) {
				return
			}
		}
	}
}

// fixed is a log that allocates nothing.
type fixed iter.Seq2[[]byte, []byte]

func (f fixed) Fields() iter.Seq2[[]byte, []byte] { return iter.Seq2[[]byte, []byte](f) }

const (
	shop     = "1100000000000003"
	payments = "1100000000000004"
)

func record(t testing.TB, template, topic string, l log) *Record {
	t.Helper()
	tmpl, ok := Lookup(template)
	if !ok {
		t.Fatalf("no template %s", template)
	}
	r := NewRecord()
	r.Reset(tmpl, []byte(topic), l)
	return r
}

func TestPaths(t *testing.T) {
	t.Parallel()
	tests := []struct {
		template, field string
		want            []sigma.Path
	}{
		{"alibaba_cloud_actiontrail_event", "userIdentity.type", []sigma.Path{{Key: "event", Sub: "userIdentity.type"}}},
		{"alibaba_cloud_actiontrail_event", "event.eventName", []sigma.Path{{Key: "event", Sub: "eventName"}}},
		{"alibaba_cloud_actiontrail_event", "__topic__", []sigma.Path{{Key: "__topic__"}}},
		{"alibaba_cloud_waf_flow", "c-ip", []sigma.Path{{Key: "real_client_ip"}}},
		{"alibaba_cloud_sas_log", "host_ip", []sigma.Path{{Key: "host_ip"}, {Key: "ip"}}},
		{"alibaba_cloud_sas_log", "ParentImage", []sigma.Path{{Key: "parent_proc_path"}, {Key: "pfilepath"}}},
		{"alibaba_cloud_sas_log", "detail.filepath", []sigma.Path{{Key: "detail.filepath"}, {Key: "detail", Sub: "filepath"}}},
		{"alibaba_cloud_oss_access", "bucket", []sigma.Path{{Key: "bucket"}}},
	}
	for _, tt := range tests {
		tmpl, _ := Lookup(tt.template)
		if diff := cmp.Diff(tt.want, tmpl.Paths(tt.field)); diff != "" {
			t.Errorf("%s of %s: %s", tt.field, tt.template, diff)
		}
	}
}

func TestEntities(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, template, topic string
		log                   log
		want                  []soc.Entity
	}{
		{"assume role", "alibaba_cloud_actiontrail_event", "", log{"event", `{"sourceIpAddress":"203.0.113.66","userIdentity":{"type":"ram-user","accountId":"` + shop +
			`","userName":"ci-deploy","accessKeyId":"LTAI5tEXAMPLE1"},"requestParameters":{"RoleArn":"acs:ram::` + payments + `:role/ops"},"responseElements":{"Credentials":{"AccessKeyId":"STS.NEXAMPLE1"}}}`}, []soc.Entity{
			{Type: soc.EntityIP, Value: "203.0.113.66", Part: "attacker"},
			{Type: soc.EntityAccessKey, Value: "LTAI5tEXAMPLE1", Account: shop, Part: "attacker"},
			{Type: soc.EntityUser, Value: "ci-deploy", Account: shop, Part: "means"},
			{Type: soc.EntityRole, Value: "ops", Account: payments, Part: "means"},
			{Type: soc.EntityAccessKey, Value: "STS.NEXAMPLE1", Account: payments, Part: "means"},
		}},
		{"session opens a bucket", "alibaba_cloud_actiontrail_event", "", log{"event", `{"sourceIpAddress":"oss.aliyuncs.com","userIdentity":{"type":"assumed-role","accountId":"` + payments +
			`","userName":"ops:s1","accessKeyId":"STS.NEXAMPLE1"},"resourceType":"ACS::RAM::Role;ACS::OSS::Bucket","resourceName":"r;b-one,b-two"}`}, []soc.Entity{
			{Type: soc.EntityAccessKey, Value: "STS.NEXAMPLE1", Account: payments, Part: "attacker"},
			{Type: soc.EntityRole, Value: "ops", Account: payments, Part: "means"},
			{Type: soc.EntityBucket, Value: "b-one", Account: shop, Part: "victim"},
			{Type: soc.EntityBucket, Value: "b-two", Account: shop, Part: "victim"},
		}},
		{"new key for a user", "alibaba_cloud_actiontrail_event", "", log{"event", `{"serviceName":"Ims","userIdentity":{"type":"root-account","accountId":"` + shop +
			`"},"requestParameters":{"UserName":"backup-svc"},"responseElements":{"AccessKey":{"AccessKeyId":"LTAI5tEXAMPLE2"}}}`}, []soc.Entity{
			{Type: soc.EntityUser, Value: "root", Account: shop, Part: "means"},
			{Type: soc.EntityAccessKey, Value: "LTAI5tEXAMPLE2", Account: shop, Part: "means"},
			{Type: soc.EntityUser, Value: "backup-svc", Account: shop, Part: "means"},
		}},
		{"hostile values", "alibaba_cloud_actiontrail_event", "", log{"event", `{"sourceIpAddress":"10.0.0.1","userIdentity":{"type":"ram-user","accountId":"../../x","userName":"a\u0000b","accessKeyId":"<script>"},` +
			`"requestParameters":{"RoleArn":"acs:ram::1:role/x"},"resourceType":"ACS::OSS::Bucket","resourceName":"UPPER"}`}, nil},
		{"waf", "alibaba_cloud_waf_flow", "waf_access_log", log{"real_client_ip", "198.51.100.77", "host", "Pay.Example.net:443", "upstream_addr", "10.20.1.5:443, 10.20.1.6:443"}, []soc.Entity{
			{Type: soc.EntityIP, Value: "198.51.100.77", Part: "attacker"},
			{Type: soc.EntityDomain, Value: "pay.example.net", Part: "victim"},
			{Type: soc.EntityHost, Value: "10.20.1.5", Account: shop, Part: "victim"},
			{Type: soc.EntityHost, Value: "10.20.1.6", Account: shop, Part: "victim"},
		}},
		{"waf without client and origin", "alibaba_cloud_waf_flow", "", log{"real_client_ip", "-", "remote_addr", "2001:db8::7", "host", "192.0.2.1", "upstream_addr", "-"}, []soc.Entity{
			{Type: soc.EntityIP, Value: "2001:db8::7", Part: "attacker"},
		}},
		{"firewall out", "alibaba_cloud_cfw_flow", "", log{"direction", "out", "src_ip", "192.0.2.30", "src_private_ip", "10.20.1.5", "dst_ip", "192.0.2.66"}, []soc.Entity{
			{Type: soc.EntityIP, Value: "192.0.2.66", Part: "attacker"},
			{Type: soc.EntityHost, Value: "10.20.1.5", Account: shop, Part: "victim"},
		}},
		{"firewall in", "alibaba_cloud_cfw_flow", "", log{"direction", "in", "src_ip", "198.51.100.9", "dst_ip", "192.0.2.30"}, []soc.Entity{
			{Type: soc.EntityIP, Value: "198.51.100.9", Part: "attacker"},
		}},
		{"process, old names", "alibaba_cloud_sas_log", "aegis-log-process", log{"ip", "10.20.1.5", "instance_id", "i-bp1"}, []soc.Entity{
			{Type: soc.EntityHost, Value: "10.20.1.5", Account: shop, Part: "victim"},
			{Type: soc.EntityHost, Value: "i-bp1", Account: shop, Part: "victim"},
		}},
		{"login, old names", "alibaba_cloud_sas_log", "aegis-log-login", log{"warn_ip", "198.51.100.9"}, []soc.Entity{
			{Type: soc.EntityIP, Value: "198.51.100.9", Part: "attacker"},
		}},
		{"oss by a role", "alibaba_cloud_oss_access", "", log{"client_ip", "203.0.113.66", "access_id", "STS.NEXAMPLE2", "bucket", "corp-backup", "extend_information", "30,data-ops,s2," + payments}, []soc.Entity{
			{Type: soc.EntityIP, Value: "203.0.113.66", Part: "attacker"},
			{Type: soc.EntityAccessKey, Value: "STS.NEXAMPLE2", Part: "attacker"},
			{Type: soc.EntityBucket, Value: "corp-backup", Account: shop, Part: "victim"},
			{Type: soc.EntityRole, Value: "data-ops", Account: payments, Part: "means"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, record(t, tt.template, tt.topic, tt.log).Entities(shop)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEventTime(t *testing.T) {
	t.Parallel()
	tests := []struct {
		template string
		log      log
		want     string
	}{
		{"alibaba_cloud_actiontrail_event", log{"event", `{"eventTime":"2026-01-01T00:00:00Z"}`}, "2026-01-01T00:00:00Z"},
		{"alibaba_cloud_waf_flow", log{"time", "2026-01-01T10:00:00+08:00"}, "2026-01-01T02:00:00Z"},
		{"alibaba_cloud_cfw_flow", log{"start_time", "1767225600"}, "2026-01-01T00:00:00Z"},
		{"alibaba_cloud_sas_log", log{"start_time", "1767225600"}, "2026-01-01T00:00:00Z"},
		{"alibaba_cloud_sas_log", log{"start_time", "999999999999999999"}, ""},
		{"alibaba_cloud_waf_flow", log{"time", "yesterday"}, ""},
		{"alibaba_cloud_oss_access", log{"time", "27/Feb/2018:13:58:45"}, ""},
	}
	for _, tt := range tests {
		got := ""
		if at, ok := record(t, tt.template, "", tt.log).EventTime(); ok {
			got = at.Format(time.RFC3339)
		}
		if got != tt.want {
			t.Errorf("%s %v: %q, want %q", tt.template, tt.log, got, tt.want)
		}
	}
}

func TestEnvelope(t *testing.T) {
	t.Parallel()
	origin := soc.Origin{Account: shop, Region: "cn-hangzhou", Template: "alibaba_cloud_cfw_flow", Project: "p", Logstore: "l", Shard: 2, Cursor: 9}
	r := record(t, "alibaba_cloud_cfw_flow", "cloudfirewall_access_log", log{"start_time", "1767225600", "end_time", "1767225660"})
	got := r.Envelope(origin, "1100000000000002", 5, time.Unix(1, 0))
	want := []Field{
		{"schema", "NETWORK_SESSION_ACTIVITY"},
		{"start_time", "1767225600"},
		{"end_time", "1767225660"},
		{"vendor_id", "alibaba_cloud"},
		{"product_id", "alibaba_cloud_cfw"},
		{"log_code", "alibaba_cloud_cfw_flow"},
		{"main_user_id", "1100000000000002"},
		{"user_id", shop},
		{"region_id", "cn-hangzhou"},
		{"log_uuid", "p/l/2/9/5"},
		{"raw_project", "p"},
		{"raw_logstore", "l"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	r = record(t, "alibaba_cloud_waf_flow", "", log{"request_traceid", "abc"})
	if got := r.Envelope(origin, "", 0, time.Unix(77, 0)); got[9].Value != "abc" || got[1].Value != "77" || got[2].Value != "77" {
		t.Errorf("%v", got)
	}
}

func TestErr(t *testing.T) {
	t.Parallel()
	tests := []struct {
		template string
		log      log
		bad      bool
	}{
		{"alibaba_cloud_actiontrail_event", log{"event", "{}"}, false},
		{"alibaba_cloud_actiontrail_event", log{"event", "{"}, true},
		{"alibaba_cloud_actiontrail_event", log{"other", "{}"}, true},
		{"alibaba_cloud_sas_log", log{"detail", "{"}, false},
		{"alibaba_cloud_waf_flow", make(log, 2*(maxFields+1)), true},
	}
	for _, tt := range tests {
		r := record(t, tt.template, "", tt.log)
		r.Field(sigma.Path{Key: "detail", Sub: "x"})
		if err := r.Err(); (err != nil) != tt.bad {
			t.Errorf("%s %.40v: %v", tt.template, tt.log, err)
		}
	}
}

func TestReadingAllocatesNothing(t *testing.T) {
	tmpl, _ := Lookup("alibaba_cloud_actiontrail_event")
	r := NewRecord()
	key, value := []byte("event"), []byte(`{"eventName":"x\u0041","userIdentity":{"type":"ram-user"}}`)
	var l Fields = fixed(func(yield func([]byte, []byte) bool) { yield(key, value) })
	path, missing := sigma.Path{Key: "event", Sub: "userIdentity.type"}, sigma.Path{Key: "event", Sub: "nope"}
	seen := 0
	n := testing.AllocsPerRun(100, func() {
		r.Reset(tmpl, nil, l)
		if _, s := r.Field(path); s == sigma.Value {
			seen++
		}
		r.Field(missing)
		r.Field(sigma.Path{Key: "event", Sub: "eventName"})
	})
	if n != 0 || seen == 0 {
		t.Errorf("%v allocations, %d values", n, seen)
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain": "plain", "a\x00b\u202e": "a\uFFFDb\uFFFD", "\xff": "\uFFFD", strings.Repeat("x", 20): strings.Repeat("x", 10), "123456789中": "123456789",
	} {
		if got := cut([]byte(in), 10); got != want {
			t.Errorf("cut(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestGenericSources(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		template, topic string
		want            sigma.LogSource
	}{
		{"alibaba_cloud_sas_log", "aegis-log-process", sigma.LogSource{Product: "alibabacloud", Service: "sas", Category: "process_creation"}},
		{"alibaba_cloud_sas_log", "local-dns", sigma.LogSource{Product: "alibabacloud", Service: "sas", Category: "dns"}},
		{"alibaba_cloud_sas_log", "sas-security-log", sigma.LogSource{Product: "alibabacloud", Service: "sas"}},
		{"alibaba_cloud_waf_flow", "waf_access_log", sigma.LogSource{Product: "alibabacloud", Service: "waf"}},
	} {
		tmpl, _ := Lookup(tt.template)
		if got := tmpl.SourceOf([]byte(tt.topic)); got != tt.want {
			t.Errorf("%s %s: %v", tt.template, tt.topic, got)
		}
	}
	for rule, want := range map[sigma.LogSource]int{
		{Category: "webserver"}:                            2, // WAF, and the web records of Security Center
		{Category: "firewall"}:                             1,
		{Category: "dns"}:                                  1,
		{Category: "process_creation", Product: "linux"}:   1,
		{Category: "process_creation", Product: "windows"}: 0,
		{Category: "proxy"}:                                0,
		{Product: "alibabacloud", Service: "sas"}:          5,
	} {
		n := 0
		for _, s := range Sources() {
			if rule.Covers(s.LogSource) || slices.ContainsFunc(s.Also, rule.Covers) {
				n++
			}
		}
		if n != want {
			t.Errorf("%v applies to %d sources, want %d", rule, n, want)
		}
	}
}
