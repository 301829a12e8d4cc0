package emulator

import (
	"archive/zip"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
)

// own sends a request to the emulator's own interface and decodes the answer.
func ownRoute(t *testing.T, s *Server, method, path, body string, out any) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.Endpoint()+"/_emulator/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	status, text := send(t, r)
	if out != nil {
		if err := json.Unmarshal([]byte(text), out); err != nil {
			t.Fatalf("%s %s: %d %s", method, path, status, text)
		}
	}
	return status
}

// roa calls an operation of Function Compute, signed with ACS3 as the official client does.
func roa(t *testing.T, s *Server, uid, method, path string, in any) (status int, body string) {
	t.Helper()
	var data []byte
	if in != nil {
		var err error
		if data, err = json.Marshal(in); err != nil {
			t.Fatal(err)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), method, s.Endpoint()+"/2023-03-30"+path, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	sum := func(b []byte) string { h := sha256.Sum256(b); return hex.EncodeToString(h[:]) }
	h := map[string]string{
		"host": r.URL.Host, "x-acs-action": "Any", "x-acs-content-sha256": sum(data), "x-acs-date": time.Now().UTC().Format("2006-01-02T15:04:05Z"),
		"x-acs-signature-nonce": uuid.NewString(), "x-acs-version": "2023-03-30",
	}
	names := []string{"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"}
	canonical := method + "\n" + r.URL.Path + "\n" + r.URL.RawQuery + "\n"
	for _, n := range names {
		canonical += n + ":" + h[n] + "\n"
		if n != "host" {
			r.Header.Set(n, h[n])
		}
	}
	canonical += "\n" + strings.Join(names, ";") + "\n" + sum(data)
	k := s.Operator(uid)
	mac := hmac.New(sha256.New, []byte(k.AccessKeySecret))
	mac.Write([]byte("ACS3-HMAC-SHA256\n" + sum([]byte(canonical))))
	r.Header.Set("Authorization", fmt.Sprintf("ACS3-HMAC-SHA256 Credential=%s,SignedHeaders=%s,Signature=%x", k.AccessKeyID, strings.Join(names, ";"), mac.Sum(nil)))
	if data != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return send(t, r)
}

// program is a package whose program ends at once.
func program(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: "bootstrap"}
	h.SetMode(0o755)
	f, err := z.CreateHeader(h)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(f, "#!/bin/sh\nexit 3\n")
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// timed makes a function in the account with a timer of every hour, whose runs are tasks that can be listed.
func timed(t *testing.T, s *Server, uid string) {
	t.Helper()
	for _, c := range []struct {
		method, path string
		in           any
		status       int
	}{
		{"POST", "/functions", map[string]any{
			"functionName": "hourly", "runtime": "custom.debian10", "handler": "h", "code": map[string]any{"zipFile": program(t)},
			"customRuntimeConfig": map[string]any{"command": []string{"/code/bootstrap"}, "port": 9000},
		}, 200},
		{"PUT", "/functions/hourly/async-invoke-config", map[string]any{"asyncTask": true, "maxAsyncRetryAttempts": 0}, 200},
		{"POST", "/functions/hourly/triggers", map[string]any{
			"triggerName": "clock", "triggerType": "timer", "triggerConfig": `{"cronExpression":"@every 1h","enable":true}`,
		}, 200},
	} {
		if status, body := roa(t, s, uid, c.method, c.path, c.in); status/100 != c.status/100 {
			t.Fatalf("%s %s: %d %s", c.method, c.path, status, body)
		}
	}
}

func tasks(t *testing.T, s *Server, uid string) int {
	t.Helper()
	status, body := roa(t, s, uid, "GET", "/functions/hourly/async-tasks", nil)
	var out struct{ Tasks []any }
	if err := json.Unmarshal([]byte(body), &out); err != nil || status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	return len(out.Tasks)
}

// until waits for what happens in the background.
func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !cond(); {
		if time.Now().After(end) {
			t.Fatal(what + " did not come")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

const flowText = `Type: StateMachine
SpecVersion: v1
Name: wait
StartAt: Pause
States:
  - Name: Pause
    Type: Wait
    Seconds: 300
    End: true
`

// flows is a client of CloudFlow with the operator's keys.
func flows(t *testing.T, s *Server, uid, action string, form map[string]string) map[string]any {
	t.Helper()
	k := s.Operator(uid)
	c := openapi.New(openapi.Config{
		Endpoint: s.Endpoint(), Region: "cn-hangzhou", Account: uid,
		Credentials: openapi.Static(openapi.Credentials{AccessKeyID: k.AccessKeyID, AccessKeySecret: k.AccessKeySecret}),
	})
	var out map[string]any
	if err := c.Do(t.Context(), openapi.Request{Product: "fnf", Version: "2019-03-15", Action: action, Form: form}, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestDayInSeconds: one jump of the clock over the emulator's own interface is seen by timers of functions, schedules and
// Wait states of flows, temporary keys and the retention of logs.
func TestDayInSeconds(t *testing.T) {
	t.Parallel()
	s := startSmall(t)
	const uid = "1100000000000003"
	timed(t, s, uid)
	flows(t, s, uid, "CreateFlow", map[string]string{"Name": "wait", "Type": "FDL", "Definition": flowText, "Description": "d", "ExecutionMode": "Standard"})
	flows(t, s, uid, "CreateSchedule", map[string]string{"FlowName": "wait", "ScheduleName": "hourly", "CronExpression": "@every 1h", "Enable": "true"})
	flows(t, s, uid, "StartExecution", map[string]string{"FlowName": "wait", "ExecutionName": "first"})
	logs := logsIn(s, uid, "shop-logs")
	if err := logs.PutLogs(t.Context(), "audit", oneGroup(t), ""); err != nil {
		t.Fatal(err)
	}
	trust := `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":["fc.aliyuncs.com"]}}]}`
	if err := s.IAM().EnsureRole(uid, "r", trust); err != nil {
		t.Fatal(err)
	}
	_, key, err := s.IAM().AssumeServiceRole(t.Context(), "acs:ram::"+uid+":role/r", "fc.aliyuncs.com", "s", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	w := &cloudWorld{s, t}
	c := w.client(key.AccessKeyID, key.AccessKeySecret, key.SecurityToken)
	if problem, ok := w.try(c, faultGo, "GetCallerIdentity"); !ok {
		t.Fatal(problem)
	}

	var clock struct {
		Now  time.Time
		Rate float64
	}
	if ownRoute(t, s, "GET", "clock", "", &clock); !clock.Now.Equal(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)) || clock.Rate != 0 {
		t.Errorf("the clock shows %+v", clock)
	}
	if ownRoute(t, s, "POST", "clock", `{"advance":"24h"}`, &clock); !clock.Now.Equal(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("after a day the clock shows %+v", clock)
	}

	until(t, "runs of the timer", func() bool { return tasks(t, s, uid) == 8 }) // a jump makes up for so many
	until(t, "the end of the Wait state", func() bool {
		return flows(t, s, uid, "DescribeExecution", map[string]string{"FlowName": "wait", "ExecutionName": "first"})["Status"] == "Succeeded"
	})
	until(t, "executions of the schedule", func() bool {
		list, _ := flows(t, s, uid, "ListExecutions", map[string]string{"FlowName": "wait", "Limit": "50"})["Executions"].([]any)
		return len(list) >= 2
	})
	if problem, _ := w.try(c, faultGo, "GetCallerIdentity"); !strings.Contains(problem, "InvalidSecurityToken.Expired") {
		t.Errorf("a temporary key of an hour after a day: %q", problem)
	}
	first := func() sls.Cursor {
		at, err := logs.Cursor(t.Context(), "audit", 0, "begin")
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	before := first()
	if err := s.Advance(8 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if after := first(); after == before {
		t.Error("logs that are kept for seven days are there after nine")
	}

	for body, want := range map[string]int{`{"advance":"-1h"}`: 400, `{"rate":-1}`: 400, `{}`: 400, `{"rewind":"1h"}`: 400, `{"rate":60}`: 200} {
		if got := ownRoute(t, s, "POST", "clock", body, nil); got != want {
			t.Errorf("%s: status %d, want %d", body, got, want)
		}
	}
}

// oneGroup is a LogGroup with one log.
func oneGroup(t *testing.T) []byte {
	t.Helper()
	now := time.Now()
	w, err := LoadWorld("example")
	if err != nil {
		t.Fatal(err)
	}
	for b := range (&cloud{world: w}).traffic(1).Noise(50, now.Add(-time.Minute), now) {
		return b.Encode()
	}
	t.Fatal("no noise")
	return nil
}

// TestGenerators: ordinary records keep coming by the clock of the cloud, and the attack begins when it is due.
func TestGenerators(t *testing.T) {
	t.Parallel()
	w, err := LoadWorld("example")
	if err != nil {
		t.Fatal(err)
	}
	rate := 0.0
	w.Clock = WorldClock{Start: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Rate: &rate}
	w.Logs = WorldLogs{Seed: 1, PerMinute: 200, Attack: time.Hour}
	s := serve(t, Options{World: w})
	if n := groups(t, s); n != 0 {
		t.Errorf("%d groups at once", n)
	}
	if err := s.Advance(10 * time.Minute); err != nil {
		t.Fatal(err)
	}
	until(t, "records of ten minutes", func() bool { return groups(t, s) > 0 })
	shards := func() (n int64) {
		list, err := s.SLS().Shards("oss-log-1100000000000005-cn-hangzhou", "oss-log-store")
		if err != nil {
			t.Fatal(err)
		}
		return list[0].End
	}
	before := shards()
	for range 90 {
		if err := s.Advance(time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "the end of the attack", func() bool { return shards() > before })
}
