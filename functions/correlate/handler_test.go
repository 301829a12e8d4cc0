package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/response"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

const (
	shop     = "1100000000000003"
	payments = "1100000000000004"
	project  = "fenghuo-1100000000000002-cn-hangzhou"
	base     = 1_700_000_000_000_000_000
)

var now = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// logstore answers every pull with all its groups from the cursor on.
type logstore [][]byte

func (l logstore) Pull(_ context.Context, _ string, _ int, from sls.Cursor, o sls.PullOptions) (*sls.Page, error) {
	page := &sls.Page{Next: from}
	for i := int(from - base); i < len(l) && page.Next < o.End; i++ {
		page.Raw = append(page.Raw, 0x0a)
		page.Raw = binary.AppendUvarint(page.Raw, uint64(len(l[i])))
		page.Raw = append(page.Raw, l[i]...)
		page.Count++
		page.Next++
	}
	return page, nil
}

func group(t *testing.T, alerts ...soc.Alert) []byte {
	t.Helper()
	var b sls.Builder
	for _, a := range alerts {
		body, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		b.StartLog(1, 0)
		b.Field("alert", string(body))
	}
	return b.Bytes()
}

func alert(n int, rule string, l soc.Level, account string, es ...soc.Entity) soc.Alert {
	r := soc.RecordID{Project: "p", Logstore: "l", Cursor: int64(n)}
	return soc.Alert{
		ID: soc.AlertID(rule, r), RuleID: rule, RuleTitle: "Rule " + rule, Level: l, Account: account, Record: r,
		EventTime: now.Add(time.Duration(n) * time.Minute), Entities: es,
	}
}

var attacker = soc.Entity{Type: soc.EntityIP, Value: "198.51.100.77", Part: "attacker"}

type flows struct {
	started map[string]string
	err     error
}

func (f *flows) start(_ context.Context, flow, name, input string) error {
	if f.err != nil {
		return f.err
	}
	f.started[flow+" "+name] = input
	return nil
}

func setup(t *testing.T) (*handler, *store.DB, *flows) {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "soc.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	book, err := response.Load()
	if err != nil {
		t.Fatal(err)
	}
	f := &flows{started: map[string]string{}}
	return &handler{
		alerts: db, incidents: db, runs: db, lock: db.WithLock, project: project, logstore: "alerts",
		start: f.start, book: book, titleZH: func(string) string { return "" }, now: func() time.Time { return now },
	}, db, f
}

func recorded(t *testing.T, name string) event {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var e event
	if err := json.Unmarshal(raw, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAlertsBecomeOneIncidentAndOneRun(t *testing.T) {
	t.Parallel()
	h, db, f := setup(t)
	h.in = logstore{
		group(t, alert(0, "sqli", soc.Medium, shop, attacker), alert(1, "sqli", soc.Medium, payments, attacker)),
		group(t, alert(2, "log4shell", soc.Critical, payments, attacker)),
	}
	trigger := recorded(t, "trigger.json")
	got, err := h.handle(t.Context(), trigger)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(result{Alerts: 3, New: 3, Opened: 1, Responses: 1}, got); d != "" {
		t.Errorf("result (-want +got):\n%s", d)
	}
	incidents, err := db.Incidents(t.Context(), store.IncidentFilter{})
	if err != nil || len(incidents) != 1 || incidents[0].Alerts != 3 {
		t.Fatalf("incidents %+v, error %v", incidents, err)
	}
	run := soc.RunID("block-ip", incidents[0].ID)
	want := `{"incident_id":"` + incidents[0].ID + `","mode":"execute","run_id":"` + run + `"}`
	if d := cmp.Diff(map[string]string{"block-ip " + run: want}, f.started); d != "" {
		t.Errorf("executions (-want +got):\n%s", d)
	}
	timeline, err := db.Timeline(t.Context(), incidents[0].ID)
	if err != nil || len(timeline) != 5 { // opened, three alerts, response
		t.Errorf("timeline %+v, error %v", timeline, err)
	}

	// The same range again changes nothing; nor does a second start, since the run is planned still.
	if got, err = h.handle(t.Context(), trigger); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(result{Alerts: 3}, got); d != "" {
		t.Errorf("again (-want +got):\n%s", d)
	}
	if len(f.started) != 1 {
		t.Errorf("executions %v", f.started)
	}
}

func TestTimerMakesGoodAFailedStart(t *testing.T) {
	t.Parallel()
	h, db, f := setup(t)
	h.in = logstore{group(t, alert(0, "a", soc.Critical, shop, attacker), alert(1, "b", soc.High, shop, attacker))}
	f.err = &soc.Error{Kind: soc.Unavailable, Op: "StartExecution"}
	got, err := h.handle(t.Context(), recorded(t, "trigger.json"))
	if err != nil || len(got.Errors) != 1 || got.Opened != 1 {
		t.Fatalf("result %+v, error %v", got, err)
	}
	f.err = nil
	if got, err = h.handle(t.Context(), recorded(t, "timer.json")); err != nil || len(got.Errors) != 0 || len(f.started) != 1 {
		t.Errorf("result %+v, executions %v, error %v", got, f.started, err)
	}
	incidents, err := db.Incidents(t.Context(), store.IncidentFilter{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.SetRunState(t.Context(), soc.RunID("block-ip", incidents[0].ID), soc.RunRejected, now); err != nil {
		t.Fatal(err)
	}
	f.started = map[string]string{}
	if _, err = h.handle(t.Context(), recorded(t, "timer.json")); err != nil || len(f.started) != 0 {
		t.Errorf("a rejected run was started again: %v, error %v", f.started, err)
	}
}

// TestWhatJoinsLaterGetsARunOfItsOwn lets a second address join after the first run ended.
func TestWhatJoinsLaterGetsARunOfItsOwn(t *testing.T) {
	t.Parallel()
	h, db, f := setup(t)
	key := soc.Entity{Type: soc.EntityAccessKey, Value: "LTAI5tEXAMPLEEXAMPLE", Account: shop, Part: "means"}
	h.in = logstore{group(t, alert(0, "a", soc.Critical, shop, attacker, key), alert(1, "b", soc.High, shop, attacker, key))}
	if _, err := h.handle(t.Context(), recorded(t, "trigger.json")); err != nil {
		t.Fatal(err)
	}
	incidents, err := db.Incidents(t.Context(), store.IncidentFilter{})
	if err != nil || len(incidents) != 1 {
		t.Fatal(incidents, err)
	}
	id := incidents[0].ID
	second := attacker
	second.Value = "198.51.100.99"
	h.in = logstore{group(t, alert(2, "c", soc.High, shop, second, key))}
	f.started = map[string]string{}
	if err := db.SetRunState(t.Context(), soc.RunID("block-ip", id), soc.RunWaiting, now); err != nil {
		t.Fatal(err)
	}
	if got, err := h.handle(t.Context(), recorded(t, "trigger.json")); err != nil || got.Grown != 1 || len(f.started) != 0 {
		t.Fatalf("while the first waits: %+v, %v, %v", got, f.started, err)
	}
	if err := db.SetRunState(t.Context(), soc.RunID("block-ip", id), soc.RunDone, now); err != nil {
		t.Fatal(err)
	}
	for range 2 { // it is started once
		if _, err := h.handle(t.Context(), recorded(t, "timer.json")); err != nil {
			t.Fatal(err)
		}
	}
	next := soc.FollowUpID("block-ip", id, 1)
	if _, ok := f.started["block-ip "+next]; !ok || len(f.started) != 1 {
		t.Errorf("started %v, want %s", f.started, next)
	}
	runs, err := db.RunsOf(t.Context(), id)
	if err != nil || len(runs) != 2 {
		t.Fatal(runs, err)
	}
	if err := db.SetRunState(t.Context(), next, soc.RunDone, now); err != nil {
		t.Fatal(err)
	}
	f.started = map[string]string{}
	if _, err := h.handle(t.Context(), recorded(t, "timer.json")); err != nil || len(f.started) != 0 {
		t.Errorf("nothing joined: %v, %v", f.started, err)
	}
}

func TestLaterAlertsGrowAndMergeIncidents(t *testing.T) {
	t.Parallel()
	h, db, _ := setup(t)
	key := soc.Entity{Type: soc.EntityAccessKey, Value: "STS.NSession", Part: "means"}
	trigger := recorded(t, "trigger.json")
	h.in = logstore{group(t, alert(0, "a", soc.Critical, shop, attacker), alert(1, "b", soc.High, shop, attacker))}
	if _, err := h.handle(t.Context(), trigger); err != nil {
		t.Fatal(err)
	}
	now2 := now.Add(time.Second)
	h.now = func() time.Time { return now2 }
	h.in = logstore{group(t, alert(5, "c", soc.Critical, payments, key), alert(6, "d", soc.High, payments, key))}
	if got, err := h.handle(t.Context(), trigger); err != nil || got.Opened != 1 {
		t.Fatalf("result %+v, error %v", got, err)
	}
	h.in = logstore{group(t, alert(3, "e", soc.High, shop, attacker, key))}
	got, err := h.handle(t.Context(), trigger)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(result{Alerts: 1, New: 1, Grown: 1, Merged: 1}, got); d != "" {
		t.Errorf("result (-want +got):\n%s", d)
	}
	open, err := db.Incidents(t.Context(), store.IncidentFilter{Open: true})
	if err != nil || len(open) != 1 || open[0].Alerts != 5 || len(open[0].Accounts) != 2 || !open[0].OpenedAt.Equal(now) {
		t.Errorf("open %+v, error %v", open, err)
	}
	loose, err := db.Alerts(t.Context(), store.AlertFilter{IncidentID: open[0].ID})
	if err != nil || len(loose) != 5 {
		t.Errorf("%d alerts in the incident, error %v", len(loose), err)
	}
}

func TestWhatIsNoAlertIsParked(t *testing.T) {
	t.Parallel()
	h, db, _ := setup(t)
	forged := alert(1, "b", soc.High, shop, attacker)
	forged.ID = "chosen-by-hand"
	var b sls.Builder
	b.StartLog(1, 0)
	b.Field("alert", "{not json")
	b.StartLog(1, 0)
	b.Field("other", "x")
	h.in = logstore{b.Bytes(), group(t, forged, alert(0, "a", soc.High, shop, attacker))}
	got, err := h.handle(t.Context(), recorded(t, "trigger.json"))
	if err != nil || got.Parked != 3 || got.Alerts != 1 {
		t.Errorf("result %+v, error %v", got, err)
	}
	if items, err := db.ParkedItems(t.Context()); err != nil || len(items) != 3 {
		t.Errorf("parked %+v, error %v", items, err)
	}
}

func TestForeignLogstoreIsRefused(t *testing.T) {
	t.Parallel()
	h, _, _ := setup(t)
	e := recorded(t, "trigger.json")
	e.Source.LogstoreName = "stream"
	if _, err := h.handle(t.Context(), e); soc.KindOf(err) != soc.Invalid {
		t.Errorf("got %v, want Invalid", err)
	}
}

func TestLockErrorIsReturned(t *testing.T) {
	t.Parallel()
	h, _, _ := setup(t)
	h.lock = func(context.Context, string, time.Duration, func(context.Context) error) error {
		return errors.New("held")
	}
	if _, err := h.handle(t.Context(), recorded(t, "timer.json")); err == nil {
		t.Error("a batch that was not correlated looks done")
	}
}
