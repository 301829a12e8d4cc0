package emulator

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/snapshot"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// TestSnapshotTypes: every field of every service can be written, or says that it is no state.
func TestSnapshotTypes(t *testing.T) {
	t.Parallel()
	if bad := snapshot.Check(startWith(t).cloud().state(&kept{}), known()); len(bad) > 0 {
		t.Errorf("name them in NoState and repair them in Restored:\n%s", strings.Join(bad, "\n"))
	}
}

// TestSnapshotAndReset: what was made in a cloud is there in another one that begins from its snapshot, and works; a
// second snapshot is the same; a reset begins with the world again.
func TestSnapshotAndReset(t *testing.T) {
	t.Parallel()
	s := startSmall(t)
	const uid = "1100000000000003"
	w := &cloudWorld{s, t}
	timed(t, s, uid)
	if status, body := roa(t, s, uid, "POST", "/functions/hourly/versions", map[string]any{}); status != 201 {
		t.Fatalf("%d %s", status, body)
	}
	flows(t, s, uid, "CreateFlow", map[string]string{"Name": "wait", "Type": "FDL", "Definition": strings.Replace(flowText, "Wait\n    Seconds: 300", "Pass", 1), "Description": "d"})
	flows(t, s, uid, "CreateSchedule", map[string]string{"FlowName": "wait", "ScheduleName": "hourly", "CronExpression": "0 0 * * * *", "Enable": "true"})
	flows(t, s, uid, "StartExecution", map[string]string{"FlowName": "wait", "ExecutionName": "first"})
	until(t, "the end of the flow", func() bool {
		return flows(t, s, uid, "DescribeExecution", map[string]string{"FlowName": "wait", "ExecutionName": "first"})["Status"] == "Succeeded"
	})
	w.must(uid, "2015-05-01", "CreateRole", "RoleName", "reader", "AssumeRolePolicyDocument",
		`{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::`+uid+`:root"]},"Condition":{"StringEquals":{"sts:ExternalId":"external-id"}}}]}`)
	w.must(uid, "2015-05-01", "CreatePolicy", "PolicyName", "p", "PolicyDocument",
		`{"Version":"1","Statement":[{"Effect":"Allow","Action":"log:*","Resource":"acs:log:*:*:project/shop-*","Condition":{"IpAddress":{"acs:SourceIp":["127.0.0.0/8"]}}}]}`)
	w.must(uid, "2015-05-01", "AttachPolicyToRole", "PolicyType", "Custom", "PolicyName", "p", "RoleName", "reader")
	session := w.must(uid, faultGo, "AssumeRole", "RoleArn", "acs:ram::"+uid+":role/reader", "RoleSessionName", "session", "ExternalId", "external-id")["Credentials"].(map[string]any)
	w.must(uid, rosAPI, "CreateStack", "StackName", "st", "RegionId", "cn-hangzhou", "TemplateBody",
		`{"ROSTemplateFormatVersion":"2015-09-01","Resources":{"P":{"Type":"ALIYUN::SLS::Project","Properties":{"Name":"stack-logs-of-3"}}}}`)
	if err := logsIn(s, uid, "shop-logs").PutLogs(t.Context(), "audit", oneGroup(t), ""); err != nil {
		t.Fatal(err)
	}

	status, taken := 0, ""
	until(t, "a moment without calls", func() bool {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Endpoint()+"/_emulator/snapshot", nil)
		if err != nil {
			t.Fatal(err)
		}
		status, taken = send(t, r)
		return status != http.StatusConflict
	})
	if status != http.StatusOK {
		t.Fatalf("snapshot: %d %s", status, taken)
	}
	world, err := LoadWorld("empty")
	if err != nil {
		t.Fatal(err)
	}
	other := serve(t, Options{World: world, Snapshot: []byte(taken)})
	sameAgain(t, other, []byte(taken))
	w = &cloudWorld{other, t}
	if got := tasks(t, other, uid); got != 0 {
		t.Errorf("%d tasks", got)
	}
	if err := other.Advance(2 * time.Hour); err != nil {
		t.Fatal(err)
	}
	until(t, "runs of the restored timer, from restored code", func() bool { return tasks(t, other, uid) > 0 })
	until(t, "the restored schedule", func() bool {
		list, _ := flows(t, other, uid, "ListExecutions", map[string]string{"FlowName": "wait"})["Executions"].([]any)
		return len(list) > 1
	})
	if got := len(w.must(uid, rosAPI, "ListStacks", "RegionId", "cn-hangzhou")["Stacks"].([]any)); got != 1 {
		t.Errorf("%d stacks", got)
	}
	if _, err := logsWith(other, uid, session).ListShards(t.Context(), "audit"); soc.KindOf(err) != soc.Denied {
		t.Errorf("the session of an hour is over after two: %v", err)
	}

	if got := ownRoute(t, s, http.MethodPost, "reset", "", nil); got != http.StatusOK {
		t.Fatalf("reset: %d", got)
	}
	if got := logCount(t, s); got != 0 {
		t.Errorf("%d groups after a reset", got)
	}
	if status, _ := roa(t, s, uid, "GET", "/functions/hourly", nil); status != http.StatusNotFound {
		t.Errorf("the function is there after a reset: %d", status)
	}
	if got := ownRoute(t, s, http.MethodPost, "snapshot", taken, nil); got != http.StatusOK {
		t.Fatalf("restore: %d", got)
	}
	if got := logCount(t, s); got != 1 {
		t.Errorf("%d groups after a restore", got)
	}
	if _, err := logsWith(s, uid, session).ListShards(t.Context(), "audit"); err != nil {
		t.Errorf("the session and its conditions after a restore: %v", err)
	}
	if got := ownRoute(t, s, http.MethodPost, "snapshot", "nonsense", nil); got != http.StatusBadRequest || logCount(t, s) != 1 {
		t.Errorf("nonsense: %d", got)
	}
}

// logsWith is a client of the project with a session's keys.
func logsWith(s *Server, uid string, session map[string]any) *sls.Project {
	return sls.New(sls.Config{
		Endpoint: s.Endpoint(), Region: "cn-hangzhou", Account: uid,
		Credentials: func(context.Context) (sls.Credentials, error) {
			return sls.Credentials{AccessKeyID: session["AccessKeyId"].(string), AccessKeySecret: session["AccessKeySecret"].(string), SecurityToken: session["SecurityToken"].(string)}, nil
		},
	}).Project("shop-logs")
}

func logCount(t *testing.T, s *Server) int64 {
	t.Helper()
	list, err := s.SLS().Shards("shop-logs", "audit")
	if err != nil {
		t.Fatal(err)
	}
	return list[0].End - list[0].Begin
}

// sameAgain takes a snapshot of a cloud that began from one, and compares.
func sameAgain(t *testing.T, s *Server, first []byte) {
	t.Helper()
	second, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(unpacked(t, first), unpacked(t, second)); d != "" {
		t.Errorf("the second snapshot differs:\n%.3000s", d)
	}
}

func unpacked(t *testing.T, b []byte) (out map[string]any) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(z).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSnapshotStopsFlows: a flow that runs is stopped in the cloud that begins from the snapshot, and runs on in the first.
func TestSnapshotStopsFlows(t *testing.T) {
	t.Parallel()
	s := startSmall(t)
	const uid = "1100000000000003"
	flows(t, s, uid, "CreateFlow", map[string]string{"Name": "wait", "Type": "FDL", "Definition": flowText, "Description": "d"})
	flows(t, s, uid, "StartExecution", map[string]string{"FlowName": "wait", "ExecutionName": "first"})
	first := map[string]string{"FlowName": "wait", "ExecutionName": "first"}
	until(t, "the run", func() bool { return flows(t, s, uid, "DescribeExecution", first)["Status"] == "Running" })
	b, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other := serve(t, Options{World: s.World(), Snapshot: b})
	if got := flows(t, other, uid, "DescribeExecution", first); got["Status"] != "Stopped" {
		t.Errorf("the restored execution: %v", got)
	}
	if err := s.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	until(t, "the end of the first", func() bool { return flows(t, s, uid, "DescribeExecution", first)["Status"] == "Succeeded" })
}

func TestGate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var g gate
		soon, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if !g.enter(t.Context()) || g.shut(soon) {
			t.Fatal("the gate shut with a call inside")
		}
		g.leave()
		if !g.shut(t.Context()) || g.shut(t.Context()) {
			t.Fatal("an empty gate did not shut once")
		}
		short, cancelShort := context.WithTimeout(t.Context(), time.Second)
		defer cancelShort()
		if g.enter(short) {
			t.Error("a call came through a shut gate")
		}
		done := make(chan bool)
		go func() { done <- g.enter(t.Context()) }()
		g.reopen()
		if !<-done {
			t.Error("a call did not come through an open gate")
		}
	})
}

// TestRestoredSettings: limits, quotas and delays are those of the world that the snapshot was taken of, also in a cloud that
// was started with another world. A reset begins with that one.
func TestRestoredSettings(t *testing.T) {
	t.Parallel()
	first := startSmall(t)
	taken, err := first.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	world, err := LoadWorld("empty")
	if err != nil {
		t.Fatal(err)
	}
	started := serve(t, Options{World: world, Snapshot: taken})
	restored := serve(t, Options{World: world})
	if err := restored.Restore(t.Context(), taken); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*Server{"started": started, "restored": restored} {
		w := &cloudWorld{s, t}
		trust := `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":"acs:ram::` + uidC + `:root"}}]}`
		for _, role := range []string{"first", "second"} {
			w.must(uidC, "2015-05-01", "CreateRole", "RoleName", role, "AssumeRolePolicyDocument", trust)
		}
		k := s.Operator(uidC)
		if _, code := w.as(w.client(k.AccessKeyID, k.AccessKeySecret, ""), "2015-05-01", "CreateRole", "RoleName", "third", "AssumeRolePolicyDocument", trust); code != "409 LimitExceeded.Role" {
			t.Errorf("%s: a role beyond the limit: %q", name, code)
		}
		p := logsIn(s, uidC, "shop-logs")
		if err := p.CreateLogstore(t.Context(), logstore("second")); err != nil {
			t.Fatal(err)
		}
		if err := p.CreateLogstore(t.Context(), logstore("third")); err == nil || !strings.Contains(err.Error(), "ProjectQuotaExceed") {
			t.Errorf("%s: a third Logstore: %v", name, err)
		}
		if err := s.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := len(s.World().Accounts); got != len(world.Accounts) {
			t.Errorf("%s: %d accounts after a reset", name, got)
		}
	}
}
