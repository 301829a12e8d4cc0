package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

const data = "1100000000000005"

// document is a scope document as JSON.
func document(include, more string) string {
	return `{"version":1,"site":"cn","include":` + include + more + `}`
}

func applyScope(t *testing.T, h *handler, run, doc, hash string) scopeResult {
	t.Helper()
	r := call[scopeResult](t, h, fmt.Sprintf(`{"operation":"apply-scope","run_id":%q,"input":{"scope":%s,"hash":%q,"by":"a person"}}`, run, doc, hash))
	for _, s := range r.Slices {
		call[sliceResult](t, h, fmt.Sprintf(`{"operation":%q,"run_id":%q,"slice":%d}`, s.Action, s.RunID, s.Slice))
	}
	return r
}

func accountOf(t *testing.T, db *store.DB, uid string) soc.Account {
	t.Helper()
	a, err := db.Account(t.Context(), uid)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestScopeDocument(t *testing.T) {
	t.Parallel()
	h, db, _ := newHandler(t, admin, shop, payments, data)
	all := document(`{"all":true}`, `,"response":{"accounts":["`+shop+`"]}`)
	p := call[scopeResult](t, h, `{"operation":"plan-scope","input":{"scope":`+all+`}}`)
	if p.Status != "ok" || p.Joins != 3 || p.Leaves != 0 || p.Plan == nil || len(p.Plan.Join) != 3 || !p.Plan.Join[0].Response || p.Plan.Join[1].Response {
		t.Fatalf("plan %+v", p)
	}
	if list, err := db.Accounts(t.Context()); err != nil || len(list) > 0 {
		t.Fatalf("a plan stored %v, %v", list, err)
	}
	if r := applyScope(t, h, "r1", all, p.Hash); r.Status != "ok" || r.Plan != nil || len(r.Slices) != 1 || r.Leavers != "" {
		t.Fatalf("apply %+v", r)
	}
	if a, b := accountOf(t, db, shop), accountOf(t, db, payments); a.State != soc.AccountJoined || !a.Response || b.State != soc.AccountJoined || b.Response {
		t.Errorf("response belongs to one account only: %+v %+v", a, b)
	}
	// Leaving needs the hash of the plan that was shown.
	less := document(`{"all":true}`, `,"exclude":{"accounts":["`+payments+`"]}`)
	if r := applyScope(t, h, "r2", less, ""); r.Status != "refused" || !strings.Contains(r.Reason, "hash") || accountOf(t, db, payments).State != soc.AccountJoined {
		t.Errorf("an unseen leaving: %+v", r)
	}
	p = call[scopeResult](t, h, `{"operation":"plan-scope","input":{"scope":`+less+`}}`)
	if p.Leaves != 1 || p.Changes != 1 || p.Keeps != 1 {
		t.Errorf("plan %+v", p)
	}
	if r := applyScope(t, h, "r3", less, p.Hash); r.Status != "ok" || r.Leavers != "r3-leave" || len(r.Slices) != 2 {
		t.Errorf("apply %+v", r)
	}
	if r := call[reportResult](t, h, `{"operation":"report","run_id":"r3"}`); r.Status != "ok" || r.LeftCount != 1 || r.JoinedCount != 1 {
		t.Errorf("report %+v", r)
	}
	if r := applyScope(t, h, "r4", less, p.Hash); r.Status != "refused" {
		t.Errorf("a hash of yesterday: %+v", r)
	}
	// A step that is tried again finds the runs of its first try.
	if r := applyScope(t, h, "r3", less, p.Hash); r.Status != "ok" || r.Leavers != "r3-leave" || len(r.Slices) != 2 {
		t.Errorf("the same step again: %+v", r)
	}
	for name, doc := range map[string]string{
		"other site": `{"version":1,"site":"intl","include":{"all":true}}`, "nothing": document(`{}`, ""), "misspelled": document(`{"all":true}`, `,"exlude":{}`),
	} {
		if r := call[scopeResult](t, h, `{"operation":"plan-scope","input":{"scope":`+doc+`}}`); r.Status != "refused" || r.Reason == "" {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// TestFollow: the scope follows the directory by itself.
func TestFollow(t *testing.T) {
	t.Parallel()
	h, db, roles := newHandler(t, admin, shop, payments, data)
	d := h.members.(*membersStub)
	applyScope(t, h, "r1", document(`{"all":true}`, `,"new_accounts":"join","exclude":{"accounts":["`+data+`"]}`), "")
	if err := db.SavePolicies(t.Context(), "s", []soc.Policy{{Template: "alibaba_cloud_waf_flow", Account: payments, Enabled: true}}, store.AuditEntry{}); err != nil {
		t.Fatal(err)
	}
	if err := db.SaveDataSource(t.Context(), soc.DataSource{
		Name: soc.DataSourceName("alibaba_cloud_waf_flow", "cn-hangzhou", payments), Template: "alibaba_cloud_waf_flow",
		Account: payments, Region: "cn-hangzhou", Enabled: true, Health: soc.Healthy,
	}); err != nil {
		t.Fatal(err)
	}
	follow := func() followResult {
		t.Helper()
		return call[followResult](t, h, `{"triggerName":"every-five-minutes","triggerTime":"2026-01-02T03:04:05Z","payload":""}`)
	}
	if f := follow(); f.Status != "ok" || f.Checked != 2 || len(f.Repaired)+len(f.Joined)+len(f.Departed) > 0 {
		t.Fatalf("a quiet run: %+v", f)
	}
	// Renamed, drifted, and a new account.
	d.name[shop], roles.drifted[shop] = "shop-two", true
	d.uids = append(d.uids, nobody)
	if f := follow(); !slices.Equal(f.Renamed, []string{shop}) || !slices.Equal(f.Repaired, []string{shop}) || !slices.Equal(f.Joined, []string{nobody}) {
		t.Errorf("%+v", f)
	}
	if a := accountOf(t, db, shop); a.Name != "shop-two" || a.State != soc.AccountJoined {
		t.Errorf("renamed and repaired: %+v; it stays joined", a)
	}
	// Suspended, and back.
	d.deletion[shop] = "Deleting"
	if f := follow(); !slices.Equal(f.Suspended, []string{shop}) || accountOf(t, db, shop).State != soc.AccountSuspended {
		t.Errorf("suspended: %+v", f)
	}
	if f := follow(); len(f.Suspended) > 0 {
		t.Errorf("suspended twice: %+v", f)
	}
	delete(d.deletion, shop)
	if f := follow(); !slices.Equal(f.Resumed, []string{shop}) || accountOf(t, db, shop).State != soc.AccountJoined {
		t.Errorf("resumed: %+v", f)
	}
	// Departed: out of scope, policies off, data source kept, an event.
	d.uids = slices.DeleteFunc(d.uids, func(u string) bool { return u == payments })
	if f := follow(); !slices.Equal(f.Departed, []string{payments}) {
		t.Errorf("departed: %+v", f)
	}
	if a := accountOf(t, db, payments); a.State != soc.AccountLeft || a.Next == "" {
		t.Errorf("departed: %+v", a)
	}
	policies, _ := db.Policies(t.Context())
	sources, _ := db.DataSources(t.Context())
	if len(policies) != 1 || policies[0].Enabled || len(sources) != 1 || sources[0].Enabled {
		t.Errorf("policies %+v, sources %+v: want them off and there", policies, sources)
	}
	if f := follow(); len(f.Departed)+len(f.Joined) > 0 {
		t.Errorf("again: %+v", f)
	}
	trail, err := db.SearchAudit(t.Context(), store.AuditQuery{Account: payments, Action: org.ChangeDisable})
	if err != nil || len(trail) != 1 || trail[0].Actor != "onboard" || !strings.Contains(trail[0].Before, `"enabled":true`) || !strings.Contains(trail[0].After, `"enabled":false`) {
		t.Errorf("the policies that went off are told of: %+v, %v", trail, err)
	}
	incidents, err := db.Incidents(t.Context(), store.IncidentFilter{Limit: 10})
	var rules []string
	for _, i := range incidents {
		rules = append(rules, i.Rules...)
	}
	slices.Sort(rules)
	if want := []string{"account.depart", "account.suspend", "roles.repair"}; err != nil || !slices.Equal(rules, want) {
		t.Errorf("events %v, %v; want %v", rules, err, want)
	}
	checkTrail(t, db, map[string]int{"account.join": 3, "account.rename": 1, "roles.repair": 1, "account.suspend": 1, "account.resume": 1, "account.depart": 1, "scope.apply": 1})
}

func checkTrail(t *testing.T, db *store.DB, want map[string]int) {
	t.Helper()
	if _, _, err := db.VerifyAudit(t.Context()); err != nil {
		t.Error(err)
	}
	for action, n := range want {
		got, err := db.SearchAudit(t.Context(), store.AuditQuery{Action: action})
		if err != nil || len(got) != n {
			t.Errorf("%d entries %s, %v; want %d: %+v", len(got), action, err, n, got)
		}
		for _, e := range got {
			if e.Actor == "" || e.Origin == "" || e.At.IsZero() || e.After == "" || e.Hash == "" {
				t.Errorf("an entry without who, when, from where or after: %+v", e)
			}
		}
	}
}

// TestFollowDoubtsTheDirectory: that nearly everybody left at once is not believed, and somebody is told. Those that are
// there are followed all the same.
func TestFollowDoubtsTheDirectory(t *testing.T) {
	t.Parallel()
	uids := []string{admin}
	for i := range 10 {
		uids = append(uids, fmt.Sprintf("13%014d", i))
	}
	h, db, roles := newHandler(t, uids...)
	applyScope(t, h, "r1", document(`{"all":true}`, ""), "")
	stub := h.members.(*membersStub)
	stub.uids = uids[:4]
	stub.name[uids[2]] = "renamed"
	roles.drifted[uids[3]] = true
	for i, run := range []string{"f1", "f2"} {
		f := call[followResult](t, h, `{"operation":"follow","run_id":"`+run+`"}`)
		if f.Status != "partial" || len(f.Departed) > 0 || !slices.ContainsFunc(f.Problems, func(p refusal) bool { return strings.Contains(p.Reason, "7 of 10") && p.Next != "" }) {
			t.Errorf("%s: %+v", run, f)
		}
		if i == 0 && (!slices.Equal(f.Renamed, []string{uids[2]}) || !slices.Equal(f.Repaired, []string{uids[3]})) {
			t.Errorf("the others were not followed: %+v", f)
		}
	}
	if a := accountOf(t, db, uids[8]); a.State != soc.AccountJoined {
		t.Errorf("%+v", a)
	}
	list, err := db.Incidents(t.Context(), store.IncidentFilter{Open: true})
	if n := len(slices.DeleteFunc(list, func(i soc.Incident) bool { return !slices.Contains(i.Rules, org.ChangeDepart) })); err != nil || n != 1 {
		t.Errorf("%d security events of the doubt, %v; want one a day", n, err)
	}
}

// TestReceiptAndWindow: what an owner is given, and that it holds nothing of others.
func TestReceiptAndWindow(t *testing.T) {
	t.Parallel()
	h, db, _ := newHandler(t, admin, shop, payments)
	applyScope(t, h, "r1", document(`{"all":true}`, `,"response":{"accounts":["`+shop+`"]}`), "")
	for _, uid := range []string{shop, payments} {
		if err := db.SaveDataSource(t.Context(), soc.DataSource{
			Name: soc.DataSourceName("alibaba_cloud_waf_flow", "cn-hangzhou", uid), Template: "alibaba_cloud_waf_flow",
			Account: uid, Region: "cn-hangzhou", Enabled: true, Health: soc.Healthy, Stores: []soc.LogStore{{Project: "p-" + uid, Logstore: "l", Shards: 2}},
		}); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := invoke(t, h, `{"operation":"window","account":"`+shop+`"}`)
	if err != nil {
		t.Fatal(err)
	}
	var w windowResult
	if err := json.Unmarshal(raw, &w); err != nil {
		t.Fatal(err)
	}
	if w.Status != "ok" || w.State != soc.AccountJoined || w.Since.IsZero() || len(w.Sources) != 1 || len(w.Roles) != 2 || len(w.Changes) != 1 {
		t.Errorf("window %s", raw)
	}
	changes := func(a string) bool { return !strings.HasPrefix(a, "log:Get") && !strings.HasPrefix(a, "log:List") }
	if c := w.Roles[0]; c.Name != "fenghuo-collector" || !c.ExternalID || len(c.TrustedBy) != 3 || len(c.Grants) == 0 || slices.ContainsFunc(c.Grants, func(g org.Grant) bool { return slices.ContainsFunc(g.Actions, changes) }) {
		t.Errorf("collector %+v", c)
	}
	if strings.Contains(string(raw), payments) {
		t.Errorf("the window of %s holds something of %s: %s", shop, payments, raw)
	}
	p := call[planResult](t, h, `{"operation":"plan","action":"leave","run_id":"r2","input":{"accounts":["`+shop+`"]}}`)
	if p.Status != "ok" {
		t.Fatalf("%+v", p)
	}
	call[sliceResult](t, h, `{"operation":"leave","run_id":"r2","slice":0}`)
	receipts, err := db.Receipts(t.Context(), shop)
	if err != nil || len(receipts) != 1 || len(receipts[0].Roles) == 0 {
		t.Fatalf("receipts %+v, %v", receipts, err)
	}
	until := map[string]time.Time{}
	for _, k := range receipts[0].Kept {
		until[k.What] = k.Until
	}
	if got := until["collected logs"].Sub(receipts[0].LeftAt); len(until) != 4 || got != 7*24*time.Hour || !until["alerts"].IsZero() {
		t.Errorf("kept %+v", receipts[0].Kept)
	}
	if w := call[windowResult](t, h, `{"operation":"window","account":"`+shop+`"}`); w.State != soc.AccountLeft || len(w.Receipts) != 1 {
		t.Errorf("window after leaving %+v", w)
	}
	for _, uid := range []string{"x", nobody} {
		if w := call[windowResult](t, h, `{"operation":"window","account":"`+uid+`"}`); w.Status != "refused" {
			t.Errorf("window of %q: %+v", uid, w)
		}
	}
	a := call[auditResult](t, h, `{"operation":"audit","account":"`+shop+`","text":"FENGHUO-COLLECTOR"}`)
	if a.Status != "ok" || a.Chain != 5 || len(a.Entries) != 2 || a.Last == "" {
		t.Errorf("audit %+v", a)
	}
}

func TestVerifyIsData(t *testing.T) {
	t.Parallel()
	h, db, roles := newHandler(t, shop, payments)
	for _, a := range []soc.Account{{UID: shop, State: soc.AccountJoined}, {UID: payments, State: soc.AccountJoined}, {UID: "1100000000000005", State: soc.AccountLeft}} {
		if err := db.SaveAccount(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	roles.throttled[payments] = true
	got := call[verifyResult](t, h, `{"operation":"verify"}`)
	seen := map[string]verified{}
	for _, v := range got.Accounts {
		seen[v.Account] = v
	}
	if c, d := seen[shop], seen[payments]; got.Status != org.StatusOK || len(seen) != 2 || !c.Reached || len(c.Roles) != 1 || c.Roles[0].State != org.RoleUnchanged || d.Reached || d.Kind != soc.Throttled {
		t.Errorf("%+v", got)
	}
	if got := call[verifyResult](t, h, `{"operation":"verify","account":"`+shop+`"}`); len(got.Accounts) != 1 {
		t.Errorf("one account: %+v", got)
	}
}

// TestRepairThatFailsIsTold: roles that differ and cannot be put right blind the SOC in the member, so that is a security
// event, one a day; that create-roles does not answer is none.
func TestRepairThatFailsIsTold(t *testing.T) {
	t.Parallel()
	h, db, roles := newHandler(t, admin, shop, payments)
	applyScope(t, h, "r1", document(`{"all":true}`, ""), "")
	roles.refused[shop], roles.drifted[shop], roles.throttled[payments] = "a control policy denies UpdateRole", true, true
	for range 2 {
		if f := call[followResult](t, h, `{"operation":"follow"}`); len(f.Problems) != 2 {
			t.Errorf("%+v", f)
		}
	}
	list, err := db.Incidents(t.Context(), store.IncidentFilter{Open: true})
	if err != nil || len(list) != 1 || !slices.Equal(list[0].Accounts, []string{shop}) || list[0].Level != soc.High {
		t.Fatalf("%+v, %v", list, err)
	}
	if lines, err := db.Timeline(t.Context(), list[0].ID); err != nil || len(lines) != 1 || !strings.Contains(lines[0].Text, "control policy") {
		t.Errorf("%+v, %v", lines, err)
	}
}

// TestDifferenceFromTheDocumentIsTold: members that were moved out of what the document chooses stay, with their response,
// until it is applied again; somebody is told, once, and not while the document is being applied.
func TestDifferenceFromTheDocumentIsTold(t *testing.T) {
	t.Parallel()
	h, db, _ := newHandler(t, admin, shop, payments, data)
	stub, real := h.members.(*membersStub), h.now
	var later time.Duration
	h.now = func() time.Time { return real().Add(later) }
	stub.tags = map[string][]org.Tag{shop: {{Key: "soc"}, {Key: "respond"}}, payments: {{Key: "soc"}}}
	applyScope(t, h, "r1", document(`{"tags":[{"key":"soc"}]}`, `,"response":{"tags":[{"key":"respond"}]}`), "")
	look := func(differs ...string) []soc.Incident {
		t.Helper()
		if f := call[followResult](t, h, `{"operation":"follow"}`); !slices.Equal(f.Differs, differs) || len(f.Departed)+len(f.Joined) > 0 {
			t.Errorf("%+v, want %v to differ", f, differs)
		}
		list, err := db.Incidents(t.Context(), store.IncidentFilter{Open: true})
		if err != nil {
			t.Fatal(err)
		}
		return slices.DeleteFunc(list, func(i soc.Incident) bool { return !slices.Contains(i.Rules, org.ChangeScope) })
	}
	if got := look(); len(got) > 0 {
		t.Errorf("nothing differs: %+v", got)
	}
	stub.tags = map[string][]org.Tag{shop: {{Key: "soc"}}, data: {{Key: "respond"}}} // payments is not chosen, shop not for response
	if got := look(payments, shop); len(got) > 0 {
		t.Errorf("the document was just applied: %+v", got)
	}
	later = 2 * settling
	got := look(payments, shop)
	if len(got) != 1 || len(look(payments, shop)) != 1 {
		t.Fatalf("%d security events, want one: %+v", len(got), got)
	}
	lines, err := db.Timeline(t.Context(), got[0].ID)
	if err != nil || len(lines) != 1 || !strings.Contains(lines[0].Text, payments+" is in scope and not chosen") || !strings.Contains(lines[0].Text, shop+" has a responder role") {
		t.Errorf("%+v, %v", lines, err)
	}
	if a := accountOf(t, db, shop); a.State != soc.AccountJoined || !a.Response {
		t.Errorf("something was taken unseen: %+v", a)
	}
	stub.tags[payments] = []org.Tag{{Key: "soc"}}
	if got := look(shop); len(got) != 2 {
		t.Errorf("another difference: %d security events", len(got))
	}
}

// TestRepairIsToldAfterACrash: a run that dies after the repair and before it is written down leaves it to the next one.
func TestRepairIsToldAfterACrash(t *testing.T) {
	t.Parallel()
	h, db, roles := newHandler(t, admin, shop)
	applyScope(t, h, "r1", document(`{"all":true}`, ""), "")
	roles.drifted[shop], roles.dies[shop] = true, true
	if f := call[followResult](t, h, `{"operation":"follow","run_id":"f1"}`); len(f.Problems) != 1 || len(f.Repaired) > 0 {
		t.Errorf("the run that died: %+v", f)
	}
	for i, run := range []string{"f2", "f3"} {
		if f := call[followResult](t, h, `{"operation":"follow","run_id":"`+run+`"}`); len(f.Problems) > 0 || (len(f.Repaired) == 1) != (i == 0) {
			t.Errorf("%s: %+v", run, f)
		}
	}
	trail, err := db.SearchAudit(t.Context(), store.AuditQuery{Account: shop, Action: org.ChangeRoles})
	if err != nil || len(trail) != 1 || !strings.Contains(trail[0].Detail, "fenghuo-collector drifted (trust)") {
		t.Errorf("%+v, %v", trail, err)
	}
	if list, err := db.Incidents(t.Context(), store.IncidentFilter{Open: true}); err != nil || len(list) != 1 {
		t.Errorf("%d security events, %v", len(list), err)
	}
	if a := accountOf(t, db, shop); a.State != soc.AccountJoined || differed(a.Roles) {
		t.Errorf("%+v", a)
	}
}
