package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/ram"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

func readRoot(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// plain is a JSON document in one form.
func plain(document string) string {
	var v any
	if json.Unmarshal([]byte(document), &v) != nil {
		return document
	}
	b, _ := json.Marshal(v)
	return string(b)
}

// followed is what a regular run answers.
type followed struct {
	Status, Reason                                          string
	Renamed, Departed, Suspended, Resumed, Joined, Repaired []string
	Checked                                                 int
	Problems                                                []struct{ Account, Reason, Next string }
}

func (c cloud) follow(t *testing.T) followed {
	t.Helper()
	var out followed
	c.onboard(t, map[string]any{"operation": "follow"}, &out)
	return out
}

// driftAndRepair changes the collector role of C in six ways, each as somebody in C could. A regular run finds and
// repairs each, while C stays joined and its logs go on to be collected.
func (c cloud) driftAndRepair(t *testing.T, db *store.DB) {
	t.Helper()
	const role = "fenghuo-collector"
	api := ram.New(c.as(accountC))
	good := c.collectorOf(t, accountC)
	detach := func() error { return api.DetachPolicyFromRole(t.Context(), ram.Custom, role, role) }
	for name, spoil := range map[string]func() error{
		"trust widened": func() error {
			_, err := api.UpdateRole(t.Context(), role, ram.RoleUpdate{TrustPolicy: strings.Replace(good["trust"], ":role/fenghuo-collect\"", ":root\"", 1)})
			return err
		},
		"external id dropped": func() error {
			var d map[string]any
			if err := json.Unmarshal([]byte(good["trust"]), &d); err != nil {
				return err
			}
			delete(d["Statement"].([]any)[0].(map[string]any), "Condition")
			b, _ := json.Marshal(d)
			_, err := api.UpdateRole(t.Context(), role, ram.RoleUpdate{TrustPolicy: string(b)})
			return err
		},
		"policy added":    func() error { return api.AttachPolicyToRole(t.Context(), ram.System, "AdministratorAccess", role) },
		"policy detached": detach,
		"policy widened": func() error {
			_, err := api.SetPolicy(t.Context(), role, `{"Version":"1","Statement":[{"Effect":"Allow","Action":"log:*","Resource":"*"}]}`)
			return err
		},
		"role deleted": func() error {
			if err := detach(); err != nil {
				return err
			}
			return api.DeleteRole(t.Context(), role)
		},
	} {
		if err := spoil(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := c.follow(t); !slices.Equal(d.Repaired, []string{accountC}) || d.Status != "ok" {
			t.Errorf("%s: the regular run answers %+v", name, d)
		}
		if got := c.collectorOf(t, accountC); !mapsEqual(got, good) {
			t.Errorf("%s: repaired to %v", name, got)
		}
		if a, err := db.Account(t.Context(), accountC); err != nil || a.State != soc.AccountJoined {
			t.Errorf("%s: account %+v, %v; it is to stay joined", name, a, err)
		}
	}
	if d := c.follow(t); len(d.Repaired) > 0 {
		t.Errorf("a quiet run repaired %v", d.Repaired)
	}
	if trail, err := db.SearchAudit(t.Context(), store.AuditQuery{Action: "roles.repair", Account: accountC}); err != nil || len(trail) != 6 {
		t.Errorf("%d repairs in the trail, %v; want 6", len(trail), err)
	} else if !slices.ContainsFunc(trail, func(e store.AuditEntry) bool { return strings.Contains(e.Detail, "fenghuo-collector repaired (trust)") }) {
		t.Errorf("no repair tells what differed: %+v", trail)
	}
	if list, err := db.Incidents(t.Context(), store.IncidentFilter{Open: true}); err != nil || !slices.ContainsFunc(list, func(i soc.Incident) bool {
		return slices.Contains(i.Rules, "roles.repair") && slices.Contains(i.Accounts, accountC)
	}) {
		t.Errorf("no security event tells of the changed roles: %+v, %v", list, err)
	}
	had := records(t, db)[accountC]
	fresh := c.write(t, 6, 300)
	defer func() {
		if t.Failed() {
			t.Logf("records %v, had %d, fresh %v", records(t, db), had, fresh)
			for _, h := range shardsOf(t, db, accountC) {
				t.Logf("%s: %q, again at %v", h.Shard, h.Error, h.RetryAt)
			}
		}
	}()
	eventually(t, patience, "the logs of C after the repairs", func() bool { return records(t, db)[accountC] >= had+fresh[accountC] })
}

func mapsEqual(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
}

// command builds the command once.
var command = sync.OnceValues(func() (string, error) {
	bin := filepath.Join(binaries, "command")
	build := exec.Command("go", "build", "-o", bin, "./cmd/fenghuo")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the command: %w\n%s", err, out)
	}
	return bin, nil
})

// fenghuo runs the command with the keys of an account's operator.
func (c cloud) fenghuo(t *testing.T, uid string, args ...string) (stdout string, stderr string, code int) {
	t.Helper()
	bin, err := command()
	if err != nil {
		t.Fatal(err)
	}
	k := c.Operator(uid)
	cmd := exec.CommandContext(t.Context(), bin, args...)
	cmd.Env = append(os.Environ(), "SOC_ENDPOINT="+c.Endpoint(), "SOC_SLS_ENDPOINT="+c.Endpoint(), "ALIBABA_CLOUD_ACCESS_KEY_ID="+k.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET="+k.AccessKeySecret)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err = cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// TestScopeFollowsTheDirectory keeps the scope in a document, applies it with the command, and lets the directory change:
// folders, tags, new members, renames, invitations, accounts that are closed or go.
func TestScopeFollowsTheDirectory(t *testing.T) {
	t.Parallel()
	w := crowd(t, 6)
	w.Directory.Members = w.Directory.Members[:6] // the sixth member is invited later
	c := start(t, w)
	c.deploy(t, accountFunctions...)
	// This test makes every regular run itself: the timer would run, too, whenever the clock of the cloud jumps.
	if err := c.functionAPI(t.Context(), http.MethodDelete, "DeleteTrigger", "functions/onboard/triggers/every-five-minutes", nil); err != nil {
		t.Fatal(err)
	}
	c.run(t, accountA, "setup-delegation", map[string]any{"administrator": accountB}).must(t)
	db := c.open(t)
	m := func(i int) string { return w.Accounts[2+i].UID }
	rd := c.as(accountA)
	change := func(action string, query map[string]string) map[string]any {
		t.Helper()
		var out map[string]any
		if err := rd.Do(t.Context(), openapi.Request{Product: "ResourceManager", Version: "2020-03-31", Action: action, Host: "resourcemanager.aliyuncs.com", Query: query}, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	folder := change("CreateFolder", map[string]string{"FolderName": "prod"})["Folder"].(map[string]any)["FolderId"].(string)
	change("MoveAccount", map[string]string{"AccountId": m(0), "DestinationFolderId": folder})
	if err := c.Directory().Tag(accountA, m(1), "env", "prod"); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "scope.yaml")
	write := func(more string) {
		t.Helper()
		body := "version: 1\nsite: cn\ninclude:\n  folders: [" + folder + "]\n  tags: [{key: env, value: prod}]\n  accounts: [\"" + m(2) + "\"]\nresponse: {folders: [" + folder + "]}\nnew_accounts: join\n" + more
		if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	state := func(uid string) soc.AccountState {
		t.Helper()
		a, err := db.Account(t.Context(), uid)
		if err != nil && soc.KindOf(err) != soc.NotFound {
			t.Fatal(err)
		}
		return a.State
	}

	write("")
	out, errs, code := c.fenghuo(t, accountB, "members", "plan", file)
	if code != 3 || !strings.Contains(out, "3 join, 0 leave, 0 change") || !strings.Contains(out, "joins "+m(0)+" member 0 (response on)") {
		t.Fatalf("plan: %d\n%s%s", code, out, errs)
	}
	if _, errs, code := c.fenghuo(t, accountB, "members", "report", "nosuch"); code != 1 || !strings.Contains(errs, "nosuch") || strings.Contains(errs, "json:") {
		t.Errorf("report of a run that never was: %d\n%s", code, errs)
	}
	if list, err := db.Accounts(t.Context()); err != nil || len(list) > 0 {
		t.Fatalf("the plan changed the scope: %v, %v", list, err)
	}
	if out, errs, code = c.fenghuo(t, accountB, "members", "apply", file); code != 0 || !strings.Contains(out, "3 accounts are in") {
		t.Fatalf("apply: %d\n%s%s", code, out, errs)
	}
	for i, want := range []soc.AccountState{soc.AccountJoined, soc.AccountJoined, soc.AccountJoined, "", ""} {
		if got := state(m(i)); got != want {
			t.Errorf("member %d is %q, want %q", i, got, want)
		}
	}
	if have := names(c.roles(t, m(0))); !slices.Contains(have, "fenghuo-responder") {
		t.Errorf("response is on in member 0: %v", have)
	}
	if have := names(c.roles(t, m(1))); slices.Contains(have, "fenghuo-responder") {
		t.Errorf("response is off in member 1: %v", have)
	}

	// A member moves into the folder, one is renamed.
	change("MoveAccount", map[string]string{"AccountId": m(3), "DestinationFolderId": folder})
	change("UpdateAccount", map[string]string{"AccountId": m(1), "NewDisplayName": "renamed"})
	f := c.follow(t)
	if !slices.Equal(f.Joined, []string{m(3)}) || !slices.Equal(f.Renamed, []string{m(1)}) {
		t.Errorf("moved and renamed: %+v", f)
	}
	if a, err := db.Account(t.Context(), m(1)); err != nil || a.Name != "renamed" {
		t.Errorf("%+v, %v", a, err)
	}

	// Invitations: one pending, one declined; the account joins when it accepts.
	last := m(5)
	change("InviteAccountToResourceDirectory", map[string]string{"TargetEntity": last, "TargetType": "Account", "ParentFolderId": folder})
	if out, errs, code = c.fenghuo(t, accountA, "members", "invitations"); code != 0 || !strings.Contains(out, last+" Pending: the owner") {
		t.Errorf("invitations: %d\n%s%s", code, out, errs)
	}
	if f := c.follow(t); len(f.Joined) > 0 {
		t.Errorf("an account that was only invited joined: %+v", f)
	}
	c.answerInvitation(t, last, "DeclineHandshake")
	if out, _, _ = c.fenghuo(t, accountA, "members", "invitations"); !strings.Contains(out, last+" Declined: ask the owner") {
		t.Errorf("invitations:\n%s", out)
	}
	// The next one expires: it cannot be accepted any more, nobody joins by it, and the operator is told to invite again.
	change("InviteAccountToResourceDirectory", map[string]string{"TargetEntity": last, "TargetType": "Account"})
	for _, step := range []struct {
		days int
		says string
	}{{13, last + " Pending: the owner"}, {1, last + " Expired: invite the account again"}} {
		if err := c.Advance(time.Duration(step.days) * 24 * time.Hour); err != nil {
			t.Fatal(err)
		}
		if out, errs, code = c.fenghuo(t, accountA, "members", "invitations"); code != 0 || !strings.Contains(out, step.says) {
			t.Errorf("invitations, %d days later: %d, want %q in\n%s%s", step.days, code, step.says, out, errs)
		}
	}
	if err := c.tryInvitation(t, last, "AcceptHandshake"); soc.KindOf(err) != soc.Conflict {
		t.Errorf("an expired invitation is accepted: %v", err)
	}
	if f := c.follow(t); len(f.Joined) > 0 {
		t.Errorf("an account joined by an expired invitation: %+v", f)
	}
	change("InviteAccountToResourceDirectory", map[string]string{"TargetEntity": last, "TargetType": "Account"})
	c.answerInvitation(t, last, "AcceptHandshake")
	change("MoveAccount", map[string]string{"AccountId": last, "DestinationFolderId": folder})
	if f := c.follow(t); !slices.Equal(f.Joined, []string{last}) {
		t.Errorf("accepted: %+v", f)
	}

	// An account is being closed, and is not after all; another one goes.
	for _, step := range []struct {
		status string
		want   soc.AccountState
	}{{"Checking", soc.AccountJoined}, {"Deleting", soc.AccountSuspended}, {"DeleteFailed", soc.AccountJoined}} {
		if err := c.Directory().Close(accountA, m(2), step.status); err != nil {
			t.Fatal(err)
		}
		c.follow(t)
		if got := state(m(2)); got != step.want {
			t.Errorf("deletion status %s: the account is %s, want %s", step.status, got, step.want)
		}
	}
	change("RemoveCloudAccount", map[string]string{"AccountId": m(2)})
	if f := c.follow(t); !slices.Equal(f.Departed, []string{m(2)}) || state(m(2)) != soc.AccountLeft {
		t.Errorf("departed: %+v", f)
	}
	incidents, err := db.Incidents(t.Context(), store.IncidentFilter{Open: true})
	if err != nil || !slices.ContainsFunc(incidents, func(i soc.Incident) bool { return slices.Contains(i.Rules, "account.depart") }) {
		t.Errorf("no event tells of the departure: %+v, %v", incidents, err)
	}

	// Leaving by the document needs the hash that was shown.
	write("exclude: {tags: [{key: env}]}\n")
	if out, errs, code = c.fenghuo(t, accountB, "members", "apply", file); code == 0 || !strings.Contains(errs, "hash") || state(m(1)) != soc.AccountJoined {
		t.Errorf("apply without hash: %d\n%s%s", code, out, errs)
	}
	out, _, _ = c.fenghuo(t, accountB, "members", "plan", file)
	i := strings.Index(out, "hash ")
	if i < 0 {
		t.Fatal(out)
	}
	if out, errs, code = c.fenghuo(t, accountB, "members", "apply", file, "--hash", strings.TrimSpace(out[i+5:])); code != 0 || state(m(1)) != soc.AccountLeft {
		t.Errorf("apply with hash: %d\n%s%s", code, out, errs)
	}

	// What was done can be read, and the member's owner can be given the window.
	if out, errs, code = c.fenghuo(t, accountB, "members", "audit", "--account", m(1)); code != 0 || !strings.Contains(out, "account.leave") || !strings.Contains(out, "is whole") {
		t.Errorf("audit: %d\n%s%s", code, out, errs)
	}
	c.auditByCommand(t)
	if trail, err := db.SearchAudit(t.Context(), store.AuditQuery{Action: "scope.apply"}); err != nil || len(trail) != 2 || !strings.Contains(trail[0].Actor, accountB) || trail[0].Before == "" {
		t.Errorf("who applied which document: %+v, %v", trail, err)
	}
	if out, errs, code = c.fenghuo(t, accountB, "members", "window", m(0), "--html"); code != 0 || !strings.Contains(out, "fenghuo-collector") || !strings.Contains(out, m(0)) || strings.Contains(out, m(1)) {
		t.Errorf("window: %d\n%s%s", code, out, errs)
	}
	if out, errs, code = c.fenghuo(t, accountB, "members", "window", "12"); code == 0 || !strings.Contains(errs, "16 digits") {
		t.Errorf("window of nobody: %d\n%s%s", code, out, errs)
	}
}

// answerInvitation answers the pending invitation of an account, as that account.
func (c cloud) answerInvitation(t *testing.T, uid, action string) {
	t.Helper()
	if err := c.tryInvitation(t, uid, action); err != nil {
		t.Fatal(err)
	}
}

// tryInvitation answers the pending invitation of an account, or one that has expired.
func (c cloud) tryInvitation(t *testing.T, uid, action string) error {
	t.Helper()
	api := c.as(uid)
	var list struct {
		Handshakes struct {
			Handshake []struct{ HandshakeId, Status string }
		}
	}
	request := openapi.Request{Product: "ResourceManager", Version: "2020-03-31", Action: "ListHandshakesForAccount", Host: "resourcemanager.aliyuncs.com"}
	if err := api.Do(t.Context(), request, &list); err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, h := range list.Handshakes.Handshake {
		ids[h.Status] = h.HandshakeId
	}
	id := cmp.Or(ids["Pending"], ids["Expired"])
	if id == "" {
		t.Fatalf("account %s has no invitation: %v", uid, ids)
	}
	request.Action, request.Query = action, map[string]string{"HandshakeId": id}
	return api.Do(t.Context(), request, nil)
}
