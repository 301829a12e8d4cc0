package emulator

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/faults"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
)

// small is a world of three accounts in folders, with everything that a world can say.
const small = `region: cn-hangzhou
clock: {start: 2026-03-01T00:00:00Z, rate: 0}
accounts:
  - {uid: "1100000000000001", name: root, kind: management, enterprise: E, verified: true, root_key: true}
  - {uid: "1100000000000002", name: security, kind: administrator, enterprise: E, verified: true}
  - uid: "1100000000000003"
    name: shop
    kind: member
    enterprise: E
    verified: true
    email: shop@example.com
    users: [ci]
    security_groups: [{id: sg-1, vpc: vpc-1}]
    instances: [{id: i-1, vpc: vpc-1, security_groups: [sg-1]}]
    alerts: [{id: 7, level: serious, instance: i-1}]
    buckets: [{name: shop-backup, acl: private}]
    logstores:
      - {project: shop-logs, logstore: audit, shards: 1, ttl: 7}
ram:
  limits: {roles: 4, assume_role_per_second: -1}
  deletion_delay: 1m
log_service:
  quotas: {logstores: 2}
  propagation_delay: 2m
directory:
  enabled: true
  members: ["1100000000000002"]
  limits: {members: 3, folders: 3}
  delegated_administrators: {ros.aliyuncs.com: 1}
  trusted_services: [ros.aliyuncs.com]
  deletion_delay: 2m
  serial_writes: true
  folders:
    - {path: Core, members: ["1100000000000002"]}
    - {path: Core/Production, members: ["1100000000000003"]}
`

func startSmall(t *testing.T, list ...faults.Fault) *Server {
	t.Helper()
	w, err := ParseWorld("small", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, Options{World: w, Faults: faults.Plan{Faults: list}})
}

func serve(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	return s
}

// TestWorldErrors: what is wrong with a world is told with line and column.
func TestWorldErrors(t *testing.T) {
	t.Parallel()
	if _, err := ParseWorld("small", []byte(small)); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ old, new, want string }{
		"syntax":              {"accounts:", "accounts: [", "line 3"},
		"unknown field":       {"root_key: true", "rootkey: true", `world w:4:92: there is no field "rootkey" here; there are alerts, buckets`},
		"unknown at the top":  {"region:", "regoin:", `world w:1:1: there is no field "regoin" here`},
		"twice":               {"name: shop\n", "name: shop\n    name: other\n", `world w:8:5: field "name" stands twice`},
		"unquoted uid":        {`"1100000000000003"` + "\n    name", `1100000000000003` + "\n    name", "world w:6:10: 1100000000000003 is a number and a text is wanted: put it in quotes"},
		"no number":           {"shards: 1", "shards: one", "world w:18:55: cannot unmarshal"},
		"no list":             {`members: ["1100000000000002"]` + "\n  limits", "members: x\n  limits", "world w:27:12: this is no list"},
		"no duration":         {"propagation_delay: 2m", "propagation_delay: soon", "world w:24:22: "},
		"short uid":           {`"1100000000000003"` + "\n    name", `"11"` + "\n    name", `world w:6:10: uid "11" is not 16 digits`},
		"kind":                {"kind: member", "kind: guest", `world w:8:11: account 1100000000000003 has kind "guest"`},
		"no management":       {"kind: management", "kind: member", "0 accounts are of kind management"},
		"stranger in folder":  {`Core/Production, members: ["1100000000000003"]`, `Core/Production, members: ["1100000000000009"]`, "world w:35:41: member 1100000000000009 of the directory is no account"},
		"in two folders":      {`Core/Production, members: ["1100000000000003"]`, `Core/Production, members: ["1100000000000002"]`, "world w:35:41: member 1100000000000002 stands in two folders"},
		"child before parent": {"{path: Core,", "{path: Base,", "world w:35:14: folder Core/Production stands before its parent Core"},
		"rate":                {"rate: 0", "rate: -1", "world w:2:44: rate -1 is not between"},
		"time":                {"start: 2026-03-01T00:00:00Z", "start: yesterday", "world w:2:16: "},
		"logs of nobody":      {"directory:\n", "logs: {seed: 1, per_minute: 5}\ndirectory:\n", "world w:25:7: the logs are of"},
		"directory off":       {"enabled: true", "enabled: false", "world w:26:3: the directory has members or folders but is not enabled"},
		"second document":     {"ram:\n", "---\nram:\n", "world w:19:1: a second document begins here"},
		"region":              {"cn-hangzhou", "cn hangzhou", `world w:1:9: region "cn hangzhou" is not one`},
		"e-mail":              {"enterprise: E, verified: true, root", "enterprise: E, verified: true, email: shop@example.com, root", "the e-mail address shop@example.com stands twice"},
		"user":                {"users: [ci]", "users: [c i]", "InvalidParameter.UserName.InvalidChars"},
		"operator":            {"users: [ci]", "users: [operator]", "user operator stands twice"},
		"security group":      {"[{id: sg-1,", "[{id: sg-1, vpc: vpc-2}, {id: sg-1,", `security group "sg-1" has no id or stands twice`},
		"unknown group":       {"security_groups: [sg-1]}", "security_groups: [sg-1, sg-2]}", "has no security group sg-2"},
		"group elsewhere":     {"[{id: sg-1, vpc: vpc-1}", "[{id: sg-1, vpc: vpc-2}", "has no security group sg-1"},
		"level":               {"level: serious", "level: grave", `level "grave" is not`},
		"alert of nobody":     {"instance: i-1}", "instance: i-2}", `has no instance "i-2"`},
		"alerts alike":        {"alerts: [", "alerts: [{id: 7, level: remind, instance: i-1}, ", "alert 7 has no id above 0 of its own"},
		"access list":         {"acl: private", "acl: secret", `access list "secret" is not one of private`},
		"buckets alike":       {"buckets: [", "buckets: [{name: shop-backup, acl: private}, ", "bucket shop-backup stands twice"},
		"project":             {"project: shop-logs", "project: Shop", "project name Shop is invalid"},
		"too many shards":     {"shards: 1", "shards: 101", "shardCount must be within range"},
		"name of a member":    {"name: shop\n", "name: s\n", "A display name has 2 to 50 characters"},
		"members alike":       {"name: shop\n", "name: security\n", "the name security stands twice"},
		"folder name":         {"Core/Production", "Core/A-name-of-more-than-24-chars", "A folder name has 1 to 24 characters"},
		"folders":             {"folders: 3}", "folders: 1}", "folder Core/Production is beyond the limits"},
		"trusted service":     {"trusted_services: [ros", "trusted_services: [rose", "rose.aliyuncs.com is no trusted service"},
		"administrators":      {"{ros.aliyuncs.com: 1}", "{x.aliyuncs.com: 1}", "x.aliyuncs.com is no trusted service"},
		"limit of RAM":        {"roles: 4", "roles: -4", "a limit is below 0"},
		"limit of directory":  {"members: 3", "members: -3", "a limit is below 0"},
		"delay":               {"deletion_delay: 1m", "deletion_delay: -1m", "a delay is below 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(small, tt.old, tt.new, 1)
			if text == small {
				t.Fatal("nothing was replaced")
			}
			if _, err := ParseWorld("w", []byte(text)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
	for _, text := range []string{"", "[]", "region: x", "region: x\naccounts: []"} {
		if _, err := ParseWorld("w", []byte(text)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func FuzzParseWorld(f *testing.F) {
	f.Add([]byte(small))
	for _, name := range []string{"example", "empty"} {
		b, err := worlds.ReadFile("worlds/" + name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		w, err := ParseWorld("w", text)
		if err == nil && w.Management().UID == "" {
			t.Error("a world without management account was taken")
		}
	})
}

// TestLoadWorld: names, files, and what is neither.
func TestLoadWorld(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "small.yaml")
	if err := os.WriteFile(file, []byte(small), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"example", "empty", file} {
		if _, err := LoadWorld(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := LoadWorld("emtpy"); err == nil || !strings.Contains(err.Error(), "it is example, empty, or the path of a file") {
		t.Errorf("a typo: %v", err)
	}
}

// TestWorldThroughOfficialClient: folders, members, the root's key, quotas and the clock are what the official client sees.
func TestWorldThroughOfficialClient(t *testing.T) {
	t.Parallel()
	s := startSmall(t)
	w := &cloudWorld{s, t}
	root := s.Root(uidA)
	c := w.client(root.AccessKeyID, root.AccessKeySecret, "")
	if out, code := w.as(c, faultGo, "GetCallerIdentity"); code != "" || out["IdentityType"] != "Account" {
		t.Errorf("root key: %s %v", code, out)
	}
	folders := w.must(uidA, rd, "ListFoldersForParent")["Folders"].(map[string]any)["Folder"].([]any)
	core := folders[0].(map[string]any)
	if len(folders) != 1 || core["FolderName"] != "Core" || core["CreateTime"] != "2026-03-01T00:00:00+08:00" && !strings.HasPrefix(core["CreateTime"].(string), "2026-03-01") {
		t.Errorf("folders %v", folders)
	}
	for _, uid := range []string{"1100000000000002", "1100000000000003"} {
		account := w.must(uidA, rd, "GetAccount", "AccountId", uid)["Account"].(map[string]any)
		path, _ := account["ResourceDirectoryPath"].(string)
		want := 4 // rd/root/Core/account
		if uid == "1100000000000003" {
			want = 5
		}
		if got := len(strings.Split(path, "/")); got != want {
			t.Errorf("account %s stands at %s", uid, path)
		}
	}
	p := logsIn(s, "1100000000000003", "shop-logs")
	if err := p.CreateLogstore(t.Context(), logstore("second")); err != nil {
		t.Fatal(err)
	}
	if err := p.CreateLogstore(t.Context(), logstore("third")); err == nil || !strings.Contains(err.Error(), "ProjectQuotaExceed") {
		t.Errorf("a third Logstore: %v", err)
	}
	if _, err := logsIn(s, "1100000000000003", "shop-logs").ListShards(t.Context(), "second"); err == nil {
		t.Error("a Logstore is there before its delay is over")
	}
	if err := s.Advance(2 * time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, err := p.ListShards(t.Context(), "second"); err != nil {
		t.Errorf("after the delay: %v", err)
	}
}

// TestWorldSettings: limits and delays of RAM and of the directory are those of the world.
func TestWorldSettings(t *testing.T) {
	t.Parallel()
	const ram = "2015-05-01"
	s := startSmall(t)
	w := &cloudWorld{s, t}
	as := func(uid, version, action, want string, params ...string) {
		t.Helper()
		k := s.Operator(uid)
		if _, code := w.as(w.client(k.AccessKeyID, k.AccessKeySecret, ""), version, action, params...); code != want {
			t.Errorf("%s %v: %q, want %q", action, params, code, want)
		}
	}
	trust := `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":"acs:ram::` + uidC + `:root"}}]}`
	for _, name := range []string{"first", "second"} { // two more are of the directory
		as(uidC, ram, "CreateRole", "", "RoleName", name, "AssumeRolePolicyDocument", trust)
	}
	as(uidC, ram, "CreateRole", "409 LimitExceeded.Role", "RoleName", "third", "AssumeRolePolicyDocument", trust)

	w.must(uidC, ram, "CreateServiceLinkedRole", "ServiceName", "sas.aliyuncs.com")
	task := w.must(uidC, ram, "DeleteServiceLinkedRole", "RoleName", "AliyunServiceRoleForSas")["DeletionTaskId"].(string)
	for _, want := range []string{"IN_PROGRESS", "SUCCEEDED"} {
		if got := w.must(uidC, ram, "GetServiceLinkedRoleDeletionStatus", "DeletionTaskId", task)["Status"]; got != want {
			t.Errorf("deletion is %v, want %s", got, want)
		}
		if err := s.Advance(time.Minute); err != nil {
			t.Fatal(err)
		}
	}

	as(uidA, rd, "CreateFolder", "", "FolderName", "Third")
	as(uidA, rd, "CreateFolder", "409 QuotaExceeded.Folder.Count", "FolderName", "Fourth")
	as(uidA, rd, "RegisterDelegatedAdministrator", "", "AccountId", uidB, "ServicePrincipal", "ros.aliyuncs.com")
	as(uidA, rd, "RegisterDelegatedAdministrator", "409 DelegatedAccountNumberExceeded", "AccountId", uidC, "ServicePrincipal", "ros.aliyuncs.com")
	made := w.must(uidA, rd, "CreateResourceAccount", "DisplayName", "made")["Account"].(map[string]any)["AccountId"].(string)
	as(uidA, rd, "CreateResourceAccount", "409 LimitExceeded.Account", "DisplayName", "too many")
	as(uidA, rd, "SetMemberDeletionPermission", "", "Status", "Enabled")
	as(uidA, rd, "DeleteAccount", "", "AccountId", made)
	for _, want := range []string{"Checking", "Deleting", "Success"} {
		if got := w.must(uidA, rd, "GetAccountDeletionStatus", "AccountId", made)["RdAccountDeletionStatus"].(map[string]any)["Status"]; got != want {
			t.Errorf("the account is %v, want %s", got, want)
		}
		if err := s.Advance(2 * time.Minute); err != nil {
			t.Fatal(err)
		}
	}
}

func logstore(name string) sls.LogstoreInfo {
	return sls.LogstoreInfo{Name: name, TTLDays: 30, Shards: 1}
}

// every calls f with the keys of a world.
func every(t reflect.Type, f func(key string)) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return
	}
	for i := range t.NumField() {
		if key := t.Field(i).Tag.Get("yaml"); key != "" {
			f(key)
			every(t.Field(i).Type, f)
		}
	}
}

// TestDocumentedWorld: every key is documented, and the world in the documents is one that starts.
func TestDocumentedWorld(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/emulator.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "## A world of your own")
	_, rest, _ = strings.Cut(rest, "```yaml\n")
	example, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("there is no example")
	}
	w, err := ParseWorld("docs", []byte(example))
	if err != nil {
		t.Fatal(err)
	}
	every(reflect.TypeFor[World](), func(key string) {
		if !regexp.MustCompile(`\b` + key + `:`).Match(text) {
			t.Errorf("the documents do not say %s", key)
		}
	})
	in := serve(t, Options{World: w}).Info()
	if len(in.Accounts) != 3 || in.Accounts[2].RootKeyID == "" {
		t.Errorf("accounts %+v", in.Accounts)
	}
}
