package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/fc"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

const (
	administrator = "1100000000000002"
	project       = "fenghuo-1100000000000002-cn-hangzhou"
	base          = 1_700_000_000_000_000_000
)

var now = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// logstore answers pulls, and keeps what is written and parked.
type logstore struct {
	groups  [][]byte
	written [][]byte
	parked  []store.Parked
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
	if name != "archive" {
		return errors.New("wrote to " + name)
	}
	l.written = append(l.written, raw)
	return nil
}

func (l *logstore) Park(_ context.Context, p store.Parked) error {
	l.parked = append(l.parked, p)
	return nil
}

func trigger(t *testing.T) fc.LogTriggerEvent {
	t.Helper()
	raw, err := os.ReadFile("testdata/trigger.json")
	if err != nil {
		t.Fatal(err)
	}
	var in fc.LogTriggerEvent
	if err := json.Unmarshal(raw, &in); err != nil {
		t.Fatal(err)
	}
	return in
}

func TestRecordsGetTheEnvelope(t *testing.T) {
	t.Parallel()
	origin := soc.Origin{
		Account: "1100000000000003", Region: "cn-hangzhou", Template: "alibaba_cloud_waf_flow", Project: "wafnew",
		Logstore: "wafnew-logstore", Cursor: 42, ReadAt: now,
	}
	var b sls.Builder
	b.SetTopic("waf_access_log")
	b.StartLog(uint32(now.Unix()), 9)
	b.Field("user_id", "9999999999999999") // what a tenant says about the owner does not count
	b.Field("host", "shop.example.com")
	b.Field("record_id", "mine")
	bad := origin
	bad.Template, bad.Cursor = "alibaba_cloud_actiontrail_event", 43
	l := &logstore{groups: [][]byte{sls.AppendTags(nil, b.Bytes(), origin.Tags()), sls.AppendTags(nil, b.Bytes(), bad.Tags()), b.Bytes()}}
	h := &handler{
		on: true, in: l, out: l, parked: l, project: project, logstore: "stream", archive: "archive", administrator: administrator,
		now: func() time.Time { return now },
	}
	out, err := h.handle(t.Context(), trigger(t))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(result{Status: "ok", Groups: 3, Records: 1, Parked: 2}, out); d != "" {
		t.Errorf("result (-want +got):\n%s", d)
	}
	if len(l.written) != 1 || len(l.parked) != 2 || l.parked[0].Cursor != 43 || l.parked[1].Cursor != base+2 {
		t.Fatalf("%d writes, parked %+v", len(l.written), l.parked)
	}
	g, err := sls.ParseGroup(l.written[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, log := range g.Logs() {
		for key, want := range map[string]string{
			"user_id": "1100000000000003", "main_user_id": administrator, "host": "shop.example.com",
			"record_id": "wafnew/wafnew-logstore/0/42/0", "log_code": "alibaba_cloud_waf_flow", "raw_project": "wafnew", "region_id": "cn-hangzhou",
		} {
			if got, _ := log.Get(key); string(got) != want {
				t.Errorf("field %s is %q, want %q", key, got, want)
			}
		}
		seen := map[string]bool{}
		for k := range log.Fields() {
			if seen[string(k)] {
				t.Errorf("field %s is there twice", k)
			}
			seen[string(k)] = true
		}
		if sec, ns := log.Time(); sec != uint32(now.Unix()) || ns != 9 {
			t.Errorf("time %d.%d", sec, ns)
		}
	}
}

func TestOldRecordsAreStoredUnderNow(t *testing.T) {
	t.Parallel()
	for sec, want := range map[int64]bool{
		now.Unix(): true, now.Add(-6 * 24 * time.Hour).Unix(): true, now.Add(-8 * 24 * time.Hour).Unix(): false,
		now.Add(10 * time.Minute).Unix(): true, now.Add(time.Hour).Unix(): false, 0: false,
	} {
		if got := storable(sec, now); got != want {
			t.Errorf("log of %v: storable %v, want %v", time.Unix(sec, 0).UTC(), got, want)
		}
	}
}

func TestOffDoesNothing(t *testing.T) {
	t.Parallel()
	if out, err := (&handler{}).handle(t.Context(), trigger(t)); err != nil || out.Status != "off" {
		t.Errorf("result %+v, error %v", out, err)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for value, ok := range map[string]bool{"on": true, "off": true, "": false, "yes": false} {
		if err := (&config{Storage: value}).Validate(); (err == nil) != ok {
			t.Errorf("SOC_LOG_STORAGE=%q: %v", value, err)
		}
	}
}
