package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/catalog"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
	"github.com/fenghuo-soc/fenghuo/shared/window"
)

const (
	testToken = "correct horse battery staple"
	uidC      = "1100000000000003"
	uidD      = "1100000000000004"
	uidE      = "1100000000000005"
)

var testNow = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// fakeCloud is the flows and logs of a test. Its function fields answer; it remembers what was asked.
type fakeCloud struct {
	mu       sync.Mutex
	report   func(token, output string) error
	start    func(flow, name, input string) error
	find     func(q LogQuery) (LogResult, error)
	reported []string
	started  []string
	asked    []LogQuery
}

func (f *fakeCloud) Start(_ context.Context, flow, name, input string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.started = append(f.started, flow+" "+name+" "+input)
	if f.start != nil {
		return f.start(flow, name, input)
	}
	return nil
}

func (f *fakeCloud) Report(_ context.Context, token, output string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reported = append(f.reported, token+" "+output)
	if f.report != nil {
		return f.report(token, output)
	}
	return nil
}

func (f *fakeCloud) Search(_ context.Context, q LogQuery) (LogResult, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, q)
	if f.find != nil {
		return f.find(q)
	}
	return LogResult{Complete: true}, nil
}

// newConsole returns a console over an empty store, with the clock at testNow.
func newConsole(t testing.TB, o Options) (http.Handler, *store.DB, *fakeCloud) {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "soc.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	cloud := &fakeCloud{}
	sum := sha256.Sum256([]byte(testToken))
	o.Store, o.Flows, o.Logs, o.TokenSHA256 = db, cloud, cloud, hex.EncodeToString(sum[:])
	if o.Now == nil {
		o.Now = func() time.Time { return testNow }
	}
	template, err := os.ReadFile(filepath.Join("..", "..", "template.yaml"))
	must(t, err)
	templates, err := catalog.Load()
	must(t, err)
	o.Window = window.Viewer{Store: db, Catalog: templates, Template: template, Administrator: "1100000000000002", Management: "1100000000000001", Now: o.Now}.Look
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return h, db, cloud
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// seeded is what seed wrote.
type seeded struct {
	Incident soc.Incident
	Alerts   []soc.Alert
	Run      soc.Run // waits for approval
	Done     soc.Run // partly done: one task succeeded, one failed
}

// seed writes a realistic event over three accounts. Every text that can come from outside goes through dirty.
func seed(t testing.TB, db *store.DB, dirty func(string) string) seeded {
	t.Helper()
	ctx := t.Context()
	at := func(d time.Duration) time.Time { return testNow.Add(d) }
	for i, a := range []soc.Account{
		{UID: uidC, Name: "shop", State: soc.AccountJoined, Response: true, JoinedAt: at(-48 * time.Hour), Roles: []soc.RoleState{{Name: dirty("fenghuo-collector"), State: "created"}, {Name: "fenghuo-responder", State: dirty("repaired")}}},
		{UID: uidD, Name: "payments", State: soc.AccountJoined, JoinedAt: at(-48 * time.Hour), Roles: []soc.RoleState{{Name: "fenghuo-collector", State: "unchanged"}}},
		{UID: uidE, Name: "data", State: soc.AccountFailed, Reason: dirty("the role fenghuo-collector could not be made: NoPermission"), Next: dirty("let the owner of the account check its control policies")},
	} {
		a.Name, a.UpdatedAt = dirty(a.Name), at(-time.Duration(i)*time.Hour)
		must(t, db.SaveAccount(ctx, a))
	}
	sources := []soc.DataSource{
		{Template: "alibaba_cloud_actiontrail_event", Account: uidC, Health: soc.Healthy, Enabled: true},
		{Template: "alibaba_cloud_waf_flow", Account: uidC, Health: soc.Delayed, Enabled: true, Detail: "the newest record is 14 min old"},
		{Template: "alibaba_cloud_cfw_flow", Account: uidC, Health: soc.Healthy, Enabled: true},
		{Template: "alibaba_cloud_actiontrail_event", Account: uidD, Health: soc.Healthy, Enabled: true},
		{Template: "alibaba_cloud_waf_flow", Account: uidD, Health: soc.Silent, Enabled: true, Detail: "no record for 2 h 12 min"},
		{Template: "alibaba_cloud_cfw_flow", Account: uidD, Health: soc.Initialising, Enabled: true, Detail: "no Logstore was found yet"},
		{Template: "alibaba_cloud_sas_log", Account: uidD, Health: soc.Healthy, Enabled: false},
		{Template: "alibaba_cloud_actiontrail_event", Account: uidE, Health: soc.Failed, Enabled: true, Detail: "assume role in account 1100000000000005: NoPermission"},
		{Template: "alibaba_cloud_oss_access", Account: uidE, Health: soc.Healthy, Enabled: true},
	}
	var shards []store.NewShard
	for _, d := range sources {
		d.Region, d.Name = "cn-hangzhou", soc.DataSourceName(d.Template, "cn-hangzhou", d.Account)
		d.Detail = dirty(d.Detail)
		d.Stores = []soc.LogStore{{Project: dirty("project-" + d.Account), Logstore: dirty("audit"), Shards: 2}}
		must(t, db.SaveDataSource(ctx, d))
		shards = append(shards, store.NewShard{Shard: store.Shard{Source: d.Name, Account: d.Account, Region: d.Region, Template: d.Template, Project: "project-" + d.Account, Logstore: d.Template, Shard: 0}})
	}
	if _, err := db.AddShards(ctx, shards); err != nil {
		t.Fatal(err)
	}
	leases, err := db.ClaimShards(ctx, "worker", 100, time.Minute, testNow)
	must(t, err)
	for i, l := range leases {
		must(t, db.CommitRange(ctx, store.Range{Lease: l, From: 0, To: 40, Groups: 40, Records: 18250 + i, Bytes: 24 << 20, LastLogAt: at(-time.Duration(20+i*95) * time.Second), ReadAt: at(-8 * time.Second)}))
	}
	for _, d := range sources { // reading made them healthy
		d.Region, d.Name, d.Detail = "cn-hangzhou", soc.DataSourceName(d.Template, "cn-hangzhou", d.Account), dirty(d.Detail)
		d.Stores = []soc.LogStore{{Project: dirty("project-" + d.Account), Logstore: dirty("audit"), Shards: 2}}
		must(t, db.SaveDataSource(ctx, d))
	}
	must(t, db.Park(ctx, store.Parked{Project: dirty("wafnew-project"), Logstore: "wafnew-logstore", Cursor: 77, Index: 3, Account: uidD, Error: dirty("field is no number"), At: at(-time.Hour)}))

	var s seeded
	attacker := soc.Entity{Type: soc.EntityIP, Value: dirty("203.0.113.66"), Part: "attacker"}
	key := soc.Entity{Type: soc.EntityAccessKey, Value: dirty("LTAI5tEXAMPLEEXAMPLE0001"), Account: uidC, Part: "means"}
	victim := soc.Entity{Type: soc.EntityBucket, Value: dirty("customer-exports"), Account: uidE, Part: "victim"}
	role := soc.Entity{Type: soc.EntityRole, Value: dirty("ops-admin"), Account: uidD, Part: "means"}
	for i, a := range []soc.Alert{
		{RuleTitle: "SQL injection passed", Level: soc.Medium, Account: uidC, Template: "alibaba_cloud_waf_flow", Entities: []soc.Entity{attacker}, Evidence: map[string]string{"request_path": "/cart?id=1%27%20or%201=1", "real_client_ip": "203.0.113.66", "http_user_agent": "sqlmap/1.8"}},
		{RuleTitle: "AccessKey created for another user", Level: soc.High, Account: uidC, Template: "alibaba_cloud_actiontrail_event", Techniques: []string{"T1098.001"}, Entities: []soc.Entity{attacker, key}, Evidence: map[string]string{"eventName": "CreateAccessKey", "sourceIpAddress": "203.0.113.66"}},
		{RuleTitle: "Role session from another account assumes a further role", Level: soc.High, Account: uidD, Template: "alibaba_cloud_actiontrail_event", Techniques: []string{"T1550.001"}, Entities: []soc.Entity{attacker, key, role}, Evidence: map[string]string{"eventName": "AssumeRole"}},
		{RuleTitle: "Bucket made public", Level: soc.Critical, Account: uidE, Template: "alibaba_cloud_actiontrail_event", Techniques: []string{"T1530"}, Entities: []soc.Entity{attacker, role, victim}, Late: true, Evidence: map[string]string{"eventName": "PutBucketAcl", "requestParameters.bucketName": "customer-exports"}},
	} {
		a.RuleID = dirty("b603d07b-c799-4a29-affa-292e06363a6" + string(rune('0'+i)))
		a.RuleTitle, a.RuleSet, a.Region = dirty(a.RuleTitle), dirty("8c2e41d0"), dirty("cn-hangzhou")
		a.Record = soc.RecordID{Project: dirty("actiontrail-" + a.Account), Logstore: dirty("actiontrail_audit"), Shard: 1, Cursor: int64(1000 + i), Index: i}
		for k, v := range a.Evidence {
			delete(a.Evidence, k)
			a.Evidence[dirty(k)] = dirty(v)
		}
		a.ID = soc.AlertID(a.RuleID, a.Record)
		a.EventTime = at(-time.Duration(50-12*i) * time.Minute)
		a.WrittenAt = a.EventTime.Add(40 * time.Second)
		if a.Late {
			a.WrittenAt = a.EventTime.Add(11 * time.Minute)
		}
		a.ReadAt, a.CreatedAt = a.WrittenAt.Add(time.Second), a.WrittenAt.Add(1800*time.Millisecond)
		s.Alerts = append(s.Alerts, a)
	}
	if _, err := db.InsertAlerts(ctx, s.Alerts); err != nil {
		t.Fatal(err)
	}
	s.Incident = soc.Incident{
		ID: soc.IncidentID(s.Alerts[0].ID), Title: dirty("Bucket made public and 3 more signs from 203.0.113.66 in 3 accounts"), TitleZH: dirty("来自 203.0.113.66 的 Bucket 公开及另外 3 个迹象，涉及 3 个账号"),
		Level: soc.Critical, State: soc.IncidentNew, Accounts: []string{uidC, uidD, uidE}, Entities: []soc.Entity{key, victim, attacker, role}, Alerts: 4,
		Rules: []string{s.Alerts[0].RuleID, s.Alerts[1].RuleID}, FirstSeen: s.Alerts[0].EventTime, LastSeen: s.Alerts[3].EventTime, OpenedAt: at(-49 * time.Minute), UpdatedAt: at(-time.Minute),
	}
	ids := make([]string, len(s.Alerts))
	for i, a := range s.Alerts {
		ids[i] = a.ID
		must(t, db.AddTimeline(ctx, s.Incident.ID, "alert:"+a.ID, soc.TimelineEntry{At: a.EventTime, Account: a.Account, Kind: "alert", Actor: "detect", Text: a.RuleTitle, Level: a.Level, Ref: a.ID}))
	}
	must(t, db.SaveIncident(ctx, s.Incident, ids))
	must(t, db.AddTimeline(ctx, s.Incident.ID, "opened", soc.TimelineEntry{At: s.Incident.OpenedAt, Kind: "opened", Actor: "correlate", Text: s.Incident.Title, Level: s.Incident.Level}))

	s.Run = seedRun(t, db, s.Incident.ID, "block-ip", soc.RunWaiting, dirty, soc.TaskPlanned, soc.TaskPlanned)
	must(t, db.SaveApproval(ctx, soc.Approval{ID: s.Run.ID, RunID: s.Run.ID, Playbook: s.Run.Playbook, AskedAt: at(-5 * time.Minute), Deadline: at(23 * time.Hour), Token: "secret/task+token"}))
	must(t, db.AddTimeline(ctx, s.Incident.ID, "asked", soc.TimelineEntry{At: at(-5 * time.Minute), Kind: "approval", Actor: "playbook block-ip", Text: "Playbook block-ip waits for approval of 2 tasks.", Ref: s.Run.ID}))
	s.Done = seedRun(t, db, s.Incident.ID, "disable-access-key", soc.RunPartial, dirty, soc.TaskSucceeded, soc.TaskFailed)
	must(t, db.AddTimeline(ctx, s.Incident.ID, "task:1", soc.TimelineEntry{At: at(-3 * time.Minute), Account: uidD, Kind: "task", Actor: dirty("playbook disable-access-key"), Text: dirty("Failed: Disable the key (Forbidden)"), Ref: s.Done.Tasks[1].ID}))
	must(t, db.Audit(ctx, store.AuditEntry{At: at(-3 * time.Minute), Actor: dirty("respond"), Action: dirty("ram_disable_access_key"), Account: uidD, Detail: s.Incident.ID + dirty(" key disabled"), Before: dirty(`{"status":"Active"}`), After: dirty(`{"status":"Inactive"}`)}))
	return s
}

func seedRun(t testing.TB, db *store.DB, incident, playbook string, state soc.RunState, dirty func(string) string, results ...soc.TaskState) soc.Run {
	t.Helper()
	run := soc.Run{
		ID: soc.RunID(playbook, incident), Playbook: playbook, IncidentID: incident, State: state, StartedBy: dirty("block-attacking-address"),
		CreatedAt: testNow.Add(-6 * time.Minute), UpdatedAt: testNow.Add(-3 * time.Minute),
	}
	if _, err := db.SaveRun(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		uid := []string{uidC, uidD}[i%2]
		k := soc.Task{RunID: run.ID, Account: uid, Action: dirty("waf_block_ip"), Target: "203.0.113.66", Summary: dirty("Block 203.0.113.66 in WAF"), SummaryZH: dirty("在 WAF 中封禁 203.0.113.66"), State: r}
		if r != soc.TaskPlanned {
			k.Attempts, k.UpdatedAt = 1+2*(i%2), testNow.Add(-3*time.Minute)
		}
		if r == soc.TaskFailed {
			k.Reason = dirty("AddControlPolicy in account 1100000000000004: ServiceUnavailable: the request has failed due to a temporary failure of the server (request 4C467B38-3910-447D-87BC-AC049166F216)")
		}
		k.ID = soc.TaskID(run.ID, uid, k.Action, k.Target)
		run.Tasks = append(run.Tasks, k)
	}
	must(t, db.SaveTasks(t.Context(), run.Tasks))
	return run
}

func same(s string) string { return s }
