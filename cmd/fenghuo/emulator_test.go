package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/resourcemanager"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/sts"
	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// served is an emulator that runs as a process of its own.
type served struct {
	cmd    *exec.Cmd
	line   string // what it printed when it was ready
	rest   io.Reader
	stderr bytes.Buffer
}

// serve starts the command and waits for its first line.
func serve(t *testing.T, args ...string) *served {
	t.Helper()
	s := &served{cmd: exec.CommandContext(t.Context(), "fenghuo", append([]string{"emulator", "--listen", "127.0.0.1:0"}, args...)...)}
	s.cmd.Stderr = &s.stderr
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill() }) // has ended already when the test went well
	r := bufio.NewReader(stdout)
	if s.line, err = r.ReadString('\n'); err != nil {
		t.Fatalf("the emulator did not get ready: %v\n%s", err, &s.stderr)
	}
	s.rest = r
	return s
}

// end sends a signal and returns the exit code and what was printed after the first line.
func (s *served) end(t *testing.T, sig syscall.Signal) (code int, printed string) {
	t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(s.rest)
	if err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Wait() // the exit code says it
	return s.cmd.ProcessState.ExitCode(), string(b) + s.stderr.String()
}

var readyLine = regexp.MustCompile(`^fenghuo emulator ready at (http://127\.0\.0\.1:\d+), world (\S+), (\d+) accounts; keys: GET (\S+)\n$`)

type info struct {
	Endpoint string
	Region   string
	Accounts []infoAccount
	Hosts    map[string]string
}

type infoAccount struct {
	UID             string `json:"uid"`
	Name            string `json:"name"`
	Kind            string `json:"kind"`
	AccessKeyID     string `json:"access_key_id"`
	AccessKeySecret string `json:"access_key_secret"`
}

func getInfo(t *testing.T, url string) info {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var out info
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s, %v", url, res.Status, err)
	}
	return out
}

// TestEmulatorServesClients starts the command as a person does and uses nothing but the line that it prints: the keys,
// the official SDK, and our client of the Log Service.
func TestEmulatorServesClients(t *testing.T) {
	t.Parallel()
	s := serve(t, "--world", "example")
	ready := readyLine.FindStringSubmatch(s.line)
	if ready == nil {
		t.Fatalf("ready line %q", s.line)
	}
	in := getInfo(t, ready[4])
	checkInfo(t, in, ready[1])
	for _, a := range in.Accounts {
		if got := callerIdentity(t, in, a); got != a.UID {
			t.Errorf("GetCallerIdentity with the keys of %s: account %s", a.UID, got)
		}
	}
	if got, want := members(t, in, in.Accounts[0]), []string{in.Accounts[1].UID, in.Accounts[2].UID, in.Accounts[3].UID, in.Accounts[4].UID}; !cmp.Equal(got, want) {
		t.Errorf("ListAccounts as %s: %v, want %v", in.Accounts[0].UID, got, want)
	}
	w, err := emulator.LoadWorld("example")
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range w.Accounts {
		for _, l := range a.Logstores {
			if n := logs(t, in, in.Accounts[i], l); n == 0 {
				t.Errorf("account %s: no logs in %s/%s", a.UID, l.Project, l.Logstore)
			}
		}
	}
	if code, printed := s.end(t, syscall.SIGTERM); code != 0 || printed != "" {
		t.Errorf("after SIGTERM: exit code %d, and it printed %q; want 0 and nothing", code, printed)
	}
}

func checkInfo(t *testing.T, in info, endpoint string) {
	t.Helper()
	if in.Endpoint != endpoint || in.Region != "cn-hangzhou" {
		t.Errorf("endpoint %q, region %q; the ready line says %q", in.Endpoint, in.Region, endpoint)
	}
	var accounts [][3]string
	for _, a := range in.Accounts {
		accounts = append(accounts, [3]string{a.UID, a.Name, a.Kind})
		if a.AccessKeyID == "" || a.AccessKeySecret == "" {
			t.Errorf("account %s has no keys", a.UID)
		}
	}
	want := [][3]string{
		{"1100000000000001", "fenghuo-root", "management"},
		{"1100000000000002", "security", "administrator"},
		{"1100000000000003", "shop", "member"},
		{"1100000000000004", "payments", "member"},
		{"1100000000000005", "data", "member"},
	}
	if d := cmp.Diff(want, accounts); d != "" {
		t.Fatalf("accounts (-want +got):\n%s", d)
	}
	for _, service := range []string{"sts", "ram", "resourcemanager", "fnf", "fc", "log", "ros"} {
		if "http://"+in.Hosts[service] != endpoint {
			t.Errorf("host of %s: %q", service, in.Hosts[service])
		}
	}
}

// callerIdentity asks with the official SDK whose keys these are.
func callerIdentity(t *testing.T, in info, a infoAccount) string {
	t.Helper()
	c, err := sts.NewClientWithAccessKey(in.Region, a.AccessKeyID, a.AccessKeySecret)
	if err != nil {
		t.Fatal(err)
	}
	c.Domain = in.Hosts["sts"]
	q := sts.CreateGetCallerIdentityRequest()
	q.Scheme = "http"
	res, err := c.GetCallerIdentity(q)
	if err != nil {
		t.Fatal(err)
	}
	return res.AccountId
}

// members lists the directory with the official SDK.
func members(t *testing.T, in info, a infoAccount) (uids []string) {
	t.Helper()
	c, err := resourcemanager.NewClientWithAccessKey(in.Region, a.AccessKeyID, a.AccessKeySecret)
	if err != nil {
		t.Fatal(err)
	}
	c.Domain = in.Hosts["resourcemanager"]
	q := resourcemanager.CreateListAccountsRequest()
	q.Scheme = "http"
	res, err := c.ListAccounts(q)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range res.Accounts.Account {
		uids = append(uids, m.AccountId)
	}
	slices.Sort(uids)
	return uids
}

// logs counts the log groups of a Logstore, as its account reads them.
func logs(t *testing.T, in info, a infoAccount, l emulator.WorldLogstore) (groups int) {
	t.Helper()
	c := sls.New(sls.Config{
		Endpoint: in.Endpoint, Region: in.Region, Account: a.UID,
		Credentials: func(context.Context) (sls.Credentials, error) {
			return sls.Credentials{AccessKeyID: a.AccessKeyID, AccessKeySecret: a.AccessKeySecret}, nil
		},
	}).Project(l.Project)
	shards, err := c.ListShards(t.Context(), l.Logstore)
	if err != nil || len(shards) != l.Shards {
		t.Errorf("account %s: %d shards of %s, want %d: %v", a.UID, len(shards), l.Logstore, l.Shards, err)
	}
	for _, s := range shards {
		from, err := c.Cursor(t.Context(), l.Logstore, s.ID, "begin")
		if err != nil {
			t.Fatal(err)
		}
		end, err := c.Cursor(t.Context(), l.Logstore, s.ID, "end")
		if err != nil {
			t.Fatal(err)
		}
		if end == from {
			continue
		}
		page, err := c.Pull(t.Context(), l.Logstore, s.ID, from, sls.PullOptions{})
		if err != nil {
			t.Fatal(err)
		}
		groups += page.Count
	}
	return groups
}

// TestEmulatorEndsWithInterrupt shows that Ctrl-C ends it as SIGTERM does, and that the empty world has no directory.
func TestEmulatorEndsWithInterrupt(t *testing.T) {
	t.Parallel()
	s := serve(t, "--world", "empty")
	if !readyLine.MatchString(s.line) {
		t.Errorf("ready line %q", s.line)
	}
	if code, printed := s.end(t, syscall.SIGINT); code != 0 || printed != "" {
		t.Errorf("after SIGINT: exit code %d, and it printed %q; want 0 and nothing", code, printed)
	}
}

// TestEmulatorTakesFaults: a plan strikes calls of the command's emulator, which counts and records them.
func TestEmulatorTakesFaults(t *testing.T) {
	t.Parallel()
	plan := filepath.Join(t.TempDir(), "plan.yaml")
	if err := os.WriteFile(plan, []byte("seed: 1\nfaults:\n  - {kind: throttle, service: Sts, operation: GetCallerIdentity, count: 2}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, "--world", "empty", "--faults", plan)
	ready := readyLine.FindStringSubmatch(s.line)
	if ready == nil {
		t.Fatalf("ready line %q", s.line)
	}
	in := getInfo(t, ready[4])
	k := in.Accounts[0]
	c := openapi.New(openapi.Config{
		Endpoint: in.Endpoint, Region: in.Region, Account: k.UID,
		Credentials: openapi.Static(openapi.Credentials{AccessKeyID: k.AccessKeyID, AccessKeySecret: k.AccessKeySecret}),
	})
	if _, err := c.Call(t.Context(), openapi.Request{Product: "sts", Version: "2015-04-01", Action: "GetCallerIdentity"}); err != nil {
		t.Errorf("a client that tries again: %v", err)
	}
	var faults struct{ Hits []int }
	ask(t, in.Endpoint+"/_emulator/faults", &faults)
	var calls struct {
		Calls []struct{ Caller, Code, Fault string }
	}
	ask(t, in.Endpoint+"/_emulator/calls?operation=GetCallerIdentity", &calls)
	if len(faults.Hits) != 1 || faults.Hits[0] != 2 || len(calls.Calls) != 3 || calls.Calls[1].Fault != "throttle" || calls.Calls[1].Code != "Throttling.User" || calls.Calls[2].Fault != "" {
		t.Errorf("hits %v, calls %+v", faults.Hits, calls.Calls)
	}
	if code, _ := s.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func ask(t *testing.T, url string, out any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(out); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s, %v", url, res.Status, err)
	}
}

// TestEmulatorLogOptions: --log-quotas and --log-delay reach a client of the Log Service.
func TestEmulatorLogOptions(t *testing.T) {
	t.Parallel()
	s := serve(t, "--world", "example", "--log-quotas", "--log-delay", "1h")
	ready := readyLine.FindStringSubmatch(s.line)
	if ready == nil {
		t.Fatalf("ready line %q", s.line)
	}
	in := getInfo(t, ready[4])
	a := in.Accounts[2]
	client := sls.New(sls.Config{
		Endpoint: in.Endpoint, Region: in.Region, Account: a.UID,
		Credentials: func(context.Context) (sls.Credentials, error) {
			return sls.Credentials{AccessKeyID: a.AccessKeyID, AccessKeySecret: a.AccessKeySecret}, nil
		},
	})
	p := client.Project("actiontrail-" + a.UID + "-cn-hangzhou")
	made := 0
	var err error
	for ; err == nil && made < 300; made++ {
		err = p.CreateLogstore(t.Context(), sls.LogstoreInfo{Name: fmt.Sprintf("store-%03d", made), TTLDays: 1, Shards: 1})
	}
	var e *soc.Error
	if !errors.As(err, &e) || e.Code != "ProjectQuotaExceed" || made != 200 { // 199 beside the one that is there
		t.Errorf("call %d: %v", made, err)
	}
	if names, err := p.ListLogstores(t.Context()); err != nil || len(names) != 1 {
		t.Errorf("new Logstores show at once: %v, %v", names, err)
	}
	s.end(t, syscall.SIGTERM)
}
