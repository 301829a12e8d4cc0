package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/detection"
	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

const (
	project = "fenghuo-1100000000000002-cn-hangzhou"
	shop    = "1100000000000003"
	base    = 1_700_000_000_000_000_000
)

var now = time.Date(2026, 3, 1, 10, 0, 0, 123, time.UTC)

const rule = `
title: SQL injection
id: 11111111-2222-4333-8444-555555555555
status: experimental
level: high
logsource: {product: alibabacloud, service: waf}
detection:
  sel: {final_rule_type: sqli}
  condition: sel
fields: [host, real_client_ip]
tags: [attack.t1190]
`

// logstore answers pulls, and keeps what is written and parked.
type logstore struct {
	groups  [][]byte
	written [][]byte
	parked  []store.Parked
	putErr  error
}

func (l *logstore) Pull(_ context.Context, _ string, _ int, from sls.Cursor, o sls.PullOptions) (*sls.Page, error) {
	page := &sls.Page{Next: from}
	for i := int(from - base); i < len(l.groups) && page.Next < o.End; i++ {
		page.Raw = append(page.Raw, 0x0a)
		page.Raw = binary.AppendUvarint(page.Raw, uint64(len(l.groups[i])))
		page.Raw = append(page.Raw, l.groups[i]...)
		page.Count++
		page.Next++
	}
	return page, nil
}

func (l *logstore) PutLogs(_ context.Context, name string, raw []byte, _ string) error {
	if name != "alerts" {
		return errors.New("wrote to " + name)
	}
	if l.putErr == nil {
		l.written = append(l.written, raw)
	}
	return l.putErr
}

func (l *logstore) Park(_ context.Context, p store.Parked) error {
	l.parked = append(l.parked, p)
	return nil
}

var origin = soc.Origin{
	Account: shop, Region: "cn-hangzhou", Template: "alibaba_cloud_waf_flow", Source: "s", Project: "wafnew", Logstore: "wafnew-logstore",
	Shard: 0, Cursor: 42, ReadAt: now.Add(-time.Second),
}

// waf makes a group of WAF logs, one for each rule type.
func waf(o soc.Origin, types ...string) []byte {
	var b sls.Builder
	b.SetTopic("waf_access_log")
	for _, k := range types {
		b.StartLog(uint32(now.Unix()-5), 7)
		b.Field("time", now.Add(-5*time.Second).Format(time.RFC3339))
		b.Field("host", "shop.example.com")
		b.Field("real_client_ip", "198.51.100.77")
		b.Field("final_rule_type", k)
	}
	return sls.AppendTags(nil, b.Bytes(), o.Tags())
}

func setup(t *testing.T, groups ...[]byte) (*handler, *logstore, fc.LogTriggerEvent) {
	t.Helper()
	d, problems, err := detection.Load(fstest.MapFS{"waf/sqli/rule.yaml": {Data: []byte(rule)}})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	raw, err := os.ReadFile("testdata/trigger.json")
	if err != nil {
		t.Fatal(err)
	}
	var in fc.LogTriggerEvent
	if err := json.Unmarshal(raw, &in); err != nil {
		t.Fatal(err)
	}
	l := &logstore{groups: groups}
	return &handler{rules: d, in: l, out: l, parked: l, project: project, logstore: "stream", alerts: "alerts", now: func() time.Time { return now }}, l, in
}

func TestAlertsAreWrittenAsLogs(t *testing.T) {
	t.Parallel()
	h, l, in := setup(t, waf(origin, "xss", "sqli", "sqli"))
	out, err := h.handle(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(result{Groups: 1, Records: 3, Alerts: 2, RuleSet: h.rules.Hash()}, out); d != "" {
		t.Errorf("result (-want +got):\n%s", d)
	}
	if len(l.written) != 1 {
		t.Fatalf("%d writes", len(l.written))
	}
	g, err := sls.ParseGroup(l.written[0])
	if err != nil {
		t.Fatal(err)
	}
	for i, log := range g.Logs() {
		body, _ := log.Get("alert")
		var a soc.Alert
		if err := json.Unmarshal(body, &a); err != nil {
			t.Fatal(err)
		}
		if a.Record != origin.Record(i+1) || a.ID != soc.AlertID(a.RuleID, a.Record) || a.Account != shop || a.Level != soc.High {
			t.Errorf("alert %+v", a)
		}
		for key, want := range map[string]string{
			"id": a.ID, "rule_id": a.RuleID, "level": "high", "account": shop, "region": "cn-hangzhou",
			"title": "SQL injection", "event_time": a.EventTime.Format(time.RFC3339Nano),
		} {
			if got, _ := log.Get(key); string(got) != want {
				t.Errorf("field %s is %q, want %q", key, got, want)
			}
		}
		if sec, ns := log.Time(); sec != uint32(now.Unix()) || ns != 123 {
			t.Errorf("log time %d.%d", sec, ns)
		}
	}
	again, _, _ := setup(t, waf(origin, "xss", "sqli", "sqli"))
	second := &logstore{groups: l.groups}
	again.in, again.out = second, second
	if _, err := again.handle(t.Context(), in); err != nil || string(second.written[0]) != string(l.written[0]) {
		t.Errorf("the same range gave other alerts (%v)", err)
	}
}

func TestPoisonIsParkedAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	trail := origin
	trail.Template, trail.Cursor = "alibaba_cloud_actiontrail_event", 50
	unknown := origin
	unknown.Template, unknown.Cursor = "no_such_template", 51
	var bare sls.Builder
	bare.StartLog(1, 0)
	h, l, in := setup(t, waf(trail, "sqli"), waf(unknown, "sqli"), bare.Bytes(), waf(origin, "sqli"))
	out, err := h.handle(t.Context(), in)
	if err != nil || out.Parked != 3 || out.Alerts != 1 || out.Groups != 4 {
		t.Fatalf("result %+v, error %v", out, err)
	}
	var where []string
	for _, p := range l.parked {
		where = append(where, soc.RecordID{Project: p.Project, Logstore: p.Logstore, Shard: p.Shard, Cursor: p.Cursor, Index: p.Index}.String()+" "+p.Account)
	}
	want := []string{"wafnew/wafnew-logstore/0/50/0 " + shop, "wafnew/wafnew-logstore/0/51/-1 " + shop, project + "/stream/1/1700000000000000002/-1 "}
	if d := cmp.Diff(want, where); d != "" {
		t.Errorf("parked (-want +got):\n%s", d)
	}
}

func TestManyAlertsAreWrittenInBatches(t *testing.T) {
	t.Parallel()
	h, l, in := setup(t, waf(origin, strings.Split(strings.Repeat("sqli ", 2500)+"xss", " ")...))
	out, err := h.handle(t.Context(), in)
	if err != nil || out.Alerts != 2500 || len(l.written) != 3 {
		t.Errorf("result %+v in %d writes, error %v", out, len(l.written), err)
	}
}

func TestFailedWriteIsAnError(t *testing.T) {
	t.Parallel()
	h, l, in := setup(t, waf(origin, "sqli"))
	l.putErr = &soc.Error{Kind: soc.Unavailable, Op: "put logs"}
	if _, err := h.handle(t.Context(), in); soc.KindOf(err) != soc.Unavailable {
		t.Errorf("got %v, want Unavailable", err)
	}
	in.Source.ProjectName = "other"
	if _, err := h.handle(t.Context(), in); soc.KindOf(err) != soc.Invalid {
		t.Errorf("foreign project: %v", err)
	}
}
