package emulator

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/faults"
	"github.com/fenghuo-soc/fenghuo/emulator/record"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

const (
	testMember  = "1100000000000003"
	testProject = "actiontrail-1100000000000003-cn-hangzhou"
	testStore   = "actiontrail_audit"
)

func startWith(t *testing.T, list ...faults.Fault) *Server {
	t.Helper()
	w, err := LoadWorld("example")
	if err != nil {
		t.Fatal(err)
	}
	w.Logs.Records = 0
	s, err := Start(Options{World: w, Faults: faults.Plan{Seed: 1, Faults: list}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil { // the test's own context has ended by now
			t.Error(err)
		}
	})
	return s
}

// logsOf is a client of a member's Log Service that tries nothing again for longer than ctx.
func logsOf(s *Server) *sls.Project { return logsIn(s, testMember, testProject) }

// logsIn is a client of a project with the keys of an account's operator.
func logsIn(s *Server, uid, project string) *sls.Project {
	k := s.Operator(uid)
	return sls.New(sls.Config{
		Endpoint: s.Endpoint(), Region: "cn-hangzhou", Account: uid,
		Credentials: func(context.Context) (sls.Credentials, error) {
			return sls.Credentials{AccessKeyID: k.AccessKeyID, AccessKeySecret: k.AccessKeySecret}, nil
		},
	}).Project(project)
}

func batch(t *testing.T, s *Server) []byte {
	t.Helper()
	now := time.Now()
	for b := range s.Traffic(1).Noise(200, now.Add(-time.Minute), now) {
		if b.Project == testProject {
			return b.Encode()
		}
	}
	t.Fatal("the noise has nothing for " + testProject)
	return nil
}

// groups counts the LogGroups of the Logstore.
func groups(t *testing.T, s *Server) (n int64) {
	t.Helper()
	shards, err := s.SLS().Shards(testProject, testStore)
	if err != nil {
		t.Fatal(err)
	}
	for _, sh := range shards {
		n += sh.End - sh.Begin
	}
	return n
}

func calls(t *testing.T, s *Server, query url.Values) []record.Call {
	t.Helper()
	res, err := http.Get(s.Endpoint() + "/_emulator/calls?" + query.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var out struct{ Calls []record.Call }
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", res.StatusCode, err)
	}
	return out.Calls
}

// TestFaultsOfWrites: whether the effect is there after each kind of broken write.
func TestFaultsOfWrites(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind    faults.Kind
		verdict record.Verdict
		groups  int64
	}{
		"before": {faults.TimeoutBefore, record.Cut, 0},
		"after":  {faults.TimeoutAfter, record.Cut, 1},
		"busy":   {faults.Unavailable, record.Failed, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startWith(t, faults.Fault{Kind: tt.kind, Operation: "PutLogs", Count: -1, Account: testMember})
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			if err := logsOf(s).PutLogs(ctx, testStore, batch(t, s), ""); err == nil {
				t.Error("the write succeeded")
			}
			if n := groups(t, s); (n > 0) != (tt.groups > 0) {
				t.Errorf("%d groups were written, want %d", n, tt.groups)
			}
			cut := s.Calls().Calls(record.Filter{Fault: true, Operation: "PutLogs"})
			for range 200 { // the last call ends when the server notices that the client gave up
				if len(cut) > 0 {
					break
				}
				<-time.After(5 * time.Millisecond)
				cut = s.Calls().Calls(record.Filter{Fault: true, Operation: "PutLogs"})
			}
			if len(cut) == 0 || cut[0].Verdict != tt.verdict || cut[0].Fault != string(tt.kind) {
				t.Errorf("calls %+v", cut)
			}
		})
	}
}

// TestClientsSurvive: what our own client of the Log Service does not notice, because it tries again.
func TestClientsSurvive(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]faults.Fault{
		"cut answer":  {Kind: faults.CutAnswer, Operation: "ListShards"},
		"throttled":   {Kind: faults.Throttle, Operation: "ListShards"},
		"slow":        {Kind: faults.Slow, Wait: time.Millisecond, Operation: "ListShards"},
		"server busy": {Kind: faults.Unavailable, Operation: "ListShards", Count: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startWith(t, f)
			shards, err := logsOf(s).ListShards(t.Context(), testStore)
			if err != nil || len(shards) != 2 || s.Faults().Hits()[0] == 0 {
				t.Errorf("%d shards, %v, hits %v", len(shards), err, s.Faults().Hits())
			}
		})
	}
}

// TestShardSplits: the shard that a reader asks for splits just before it is read; what it held stays readable.
func TestShardSplits(t *testing.T) {
	t.Parallel()
	s := startWith(t, faults.Fault{Kind: faults.SplitShard, Operation: "PullLogs"})
	p := logsOf(s)
	if err := p.PutLogs(t.Context(), testStore, batch(t, s), "00000000000000000000000000000001"); err != nil {
		t.Fatal(err)
	}
	from, err := p.Cursor(t.Context(), testStore, 0, "begin")
	if err != nil {
		t.Fatal(err)
	}
	page, err := p.Pull(t.Context(), testStore, 0, from, sls.PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for range page.Groups() {
		n++
	}
	shards, err := s.SLS().Shards(testProject, testStore)
	if err != nil || n != 1 || len(shards) != 4 || shards[0].Status != "readonly" {
		t.Errorf("%d groups, shards %+v, %v", n, shards, err)
	}
}

// TestCredentialsDie: the services themselves say what became of a key.
func TestCredentialsDie(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind faults.Kind
		code string
	}{
		"expired": {faults.Expire, "InvalidSecurityToken.Expired"},
		"revoked": {faults.Revoke, "InvalidAccessKeyId.NotFound"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startWith(t, faults.Fault{Kind: tt.kind, Operation: "GetCallerIdentity", Skip: 1})
			_, k, err := s.IAM().AssumeServiceRole(t.Context(), ensureRole(t, s), "fc.aliyuncs.com", "test", time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			c := openapi.New(openapi.Config{
				Endpoint: s.Endpoint(), Region: "cn-hangzhou", Account: testMember,
				Credentials: openapi.Static(openapi.Credentials{AccessKeyID: k.AccessKeyID, AccessKeySecret: k.AccessKeySecret, SecurityToken: k.SecurityToken}),
			})
			identity := openapi.Request{Product: "sts", Version: "2015-04-01", Action: "GetCallerIdentity"}
			if _, err := c.Call(t.Context(), identity); err != nil {
				t.Fatalf("before the fault: %v", err)
			}
			for range 2 { // it stays so
				if _, err := c.Call(t.Context(), identity); err == nil || openapi.Code(err) != tt.code {
					t.Errorf("code %s: %v", openapi.Code(err), err)
				}
			}
		})
	}
}

func ensureRole(t *testing.T, s *Server) string {
	t.Helper()
	trust := `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":["fc.aliyuncs.com"]}}]}`
	if err := s.IAM().EnsureRole(testMember, "test-role", trust); err != nil {
		t.Fatal(err)
	}
	return "acs:ram::" + testMember + ":role/test-role"
}

// TestCallsAreRecorded: caller, action, resource and verdict of calls to all three families, and the filters.
func TestCallsAreRecorded(t *testing.T) {
	t.Parallel()
	s := startWith(t)
	if _, err := logsOf(s).ListShards(t.Context(), testStore); err != nil {
		t.Fatal(err)
	}
	if _, err := logsOf(s).ListShards(t.Context(), "none"); soc.KindOf(err) != soc.NotFound {
		t.Fatal(err)
	}
	k := s.User(testMember, "ci-deploy") // may do nothing
	c := openapi.New(openapi.Config{
		Endpoint: s.Endpoint(), Region: "cn-hangzhou", Account: testMember,
		Credentials: openapi.Static(openapi.Credentials{AccessKeyID: k.AccessKeyID, AccessKeySecret: k.AccessKeySecret}),
	})
	role := "acs:ram::" + testMember + ":role/resourcedirectoryaccountaccessrole"
	if _, err := c.Call(t.Context(), openapi.Request{
		Product: "sts", Version: "2015-04-01", Action: "AssumeRole",
		Form: map[string]string{"RoleArn": role, "RoleSessionName": "test"},
	}); soc.KindOf(err) != soc.Denied {
		t.Fatalf("AssumeRole: %v", err)
	}
	type line struct {
		Service, Operation, Caller, Action, Resource string
		Verdict                                      record.Verdict
		Code                                         string
	}
	var got []line
	for _, c := range calls(t, s, url.Values{"account": {testMember}}) {
		l := line{c.Service, c.Operation, c.Caller, "", "", c.Verdict, c.Code}
		if len(c.Questions) > 0 {
			l.Action, l.Resource = c.Questions[0].Action, c.Questions[0].Resource
		}
		if c.RequestID == "" || c.Number == 0 || c.Took <= 0 {
			t.Errorf("call %+v", c)
		}
		got = append(got, l)
	}
	operator, store := "acs:ram::"+testMember+":user/operator", "acs:log:cn-hangzhou:"+testMember+":project/"+testProject+"/logstore/"
	want := []line{
		{"Sls", "ListShards", operator, "log:ListShards", store + testStore, record.Allowed, ""},
		{"Sls", "ListShards", operator, "log:ListShards", store + "none", record.Failed, "LogStoreNotExist"},
		{"Sts", "AssumeRole", "acs:ram::" + testMember + ":user/ci-deploy", "sts:AssumeRole", role, record.Denied, "NoPermission"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if n := len(calls(t, s, url.Values{"verdict": {"denied"}, "action": {"sts:*"}})); n != 1 {
		t.Errorf("%d denied calls", n)
	}
	for _, bad := range []string{"verdikt=denied", "limit=0", "limit=x", "fault=perhaps", "verdict=deny"} {
		res, err := http.Get(s.Endpoint() + "/_emulator/calls?" + bad)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: status %d", bad, res.StatusCode)
		}
	}
}
