package emulator

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/faults"
)

const faultGo = "2015-04-01"

// errorOf asks for the caller's identity with the official Go SDK and returns "status code" of the error, or its text. The
// client waits for patience.
func errorOf(t *testing.T, s *Server, uid string, patience time.Duration) string {
	t.Helper()
	w := &cloudWorld{s, t}
	k := s.Operator(uid)
	c := w.client(k.AccessKeyID, k.AccessKeySecret, "")
	c.SetReadTimeout(patience)
	c.GetConfig().WithAutoRetry(false)
	text, ok := w.try(c, faultGo, "GetCallerIdentity")
	if ok {
		return ""
	}
	return text
}

// TestFaultsMeetOfficialClient: what the official SDK sees of each kind of fault that strikes calls of OpenAPIs, and that
// the next call is served.
func TestFaultsMeetOfficialClient(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault faults.Fault
		want  string // part of the error
	}{
		"throttling":      {faults.Fault{Kind: faults.Throttle}, "400 Throttling.User"},
		"own words":       {faults.Fault{Kind: faults.Throttle, Status: 429, Code: "Throttling.Api"}, "429 Throttling.Api"},
		"5xx":             {faults.Fault{Kind: faults.Unavailable}, "503 ServiceUnavailable"},
		"time-out before": {faults.Fault{Kind: faults.TimeoutBefore}, "Timeout"},
		"time-out after":  {faults.Fault{Kind: faults.TimeoutAfter}, "Timeout"},
		"cut":             {faults.Fault{Kind: faults.CutAnswer}, "EOF"},
		"slow":            {faults.Fault{Kind: faults.Slow, Wait: 10 * time.Second}, "Timeout"},
		"clock skew":      {faults.Fault{Kind: faults.ClockSkew}, "400 InvalidTimeStamp.Expired"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.fault.Operation, tt.fault.Account = "GetCallerIdentity", testMember
			s := startWith(t, tt.fault)
			if got := errorOf(t, s, "1100000000000001", time.Minute); got != "" {
				t.Errorf("another account met %s", got)
			}
			patience := time.Minute
			if tt.want == "Timeout" {
				patience = 300 * time.Millisecond
			}
			if got := errorOf(t, s, testMember, patience); !strings.Contains(got, tt.want) && !strings.Contains(got, "deadline exceeded") {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if got := errorOf(t, s, testMember, time.Minute); got != "" {
				t.Errorf("the call after it met %s", got)
			}
		})
	}
}

// TestFaultsComeAfterSignature: throttling does not hide that a signature is wrong, as in the cloud.
func TestFaultsComeAfterSignature(t *testing.T) {
	t.Parallel()
	s := startWith(t, faults.Fault{Kind: faults.Throttle, Count: -1})
	w := &cloudWorld{s, t}
	if got, _ := w.try(w.client(s.Operator(testMember).AccessKeyID, "wrong", ""), faultGo, "GetCallerIdentity"); !strings.Contains(got, "SignatureDoesNotMatch") {
		t.Errorf("got %q", got)
	}
	if got := errorOf(t, s, testMember, time.Minute); !strings.Contains(got, "Throttling.User") {
		t.Errorf("got %q", got)
	}
}

// TestFaultsRepeat: the same seed strikes the same calls of two clouds, another seed others.
func TestFaultsRepeat(t *testing.T) {
	t.Parallel()
	pattern := func(seed uint64) (out []bool) {
		w, err := LoadWorld("empty")
		if err != nil {
			t.Fatal(err)
		}
		s, err := Start(Options{World: w, Faults: faults.Plan{Seed: seed, Faults: []faults.Fault{{Kind: faults.Throttle, Probability: 0.4, Count: -1}}}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := s.Close(context.Background()); err != nil {
				t.Error(err)
			}
		}()
		for range 30 {
			out = append(out, errorOf(t, s, testMember, time.Minute) != "")
		}
		return out
	}
	one := pattern(7)
	if d := cmp.Diff(one, pattern(7)); d != "" {
		t.Errorf("one seed, two patterns: %s", d)
	}
	if cmp.Equal(one, pattern(8)) {
		t.Error("two seeds, one pattern")
	}
}

// TestFaultsNameCalls: a fault for a service or an operation that is not there would never strike; it is refused, and with it
// the plan that it stands in.
func TestFaultsNameCalls(t *testing.T) {
	t.Parallel()
	s := startSmall(t)
	for _, tt := range []struct{ service, operation, want string }{
		{"", "", ""},
		{"sls", "", ""},
		{"", "PullLogs", ""},
		{"Sls", "GetProject", ""},
		{"Sls", "listproject", ""},
		{"FC", "HTTPTrigger", ""},
		{"FC", "InvokeFunction", ""},
		{"Oss", "PutObject", ""},
		{"ResourceDirectoryMaster", "ListAccounts", ""},
		{"", "ListAcounts", `no service has the operation "ListAcounts"`},
		{"Slss", "", `there is no service "Slss"; there are Cloudfw, Ecs, FC`},
		{"Sts", "PullLogs", `Sts has no operation "PullLogs"`},
		{"Sls", "Get*", `Sls has no operation "Get*"`},
	} {
		err := s.Faults().Add(faults.Fault{Kind: faults.Slow, Wait: 1, Service: tt.service, Operation: tt.operation})
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %s: %v, want %q", tt.service, tt.operation, err, tt.want)
		}
	}
	before := len(s.Faults().Hits())
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Endpoint()+"/_emulator/faults", strings.NewReader(`{"faults":[{"kind":"throttle"},{"kind":"throttle","operation":"Nope"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if status, body := send(t, r); status != 400 || !strings.Contains(body, "fault 2: no service has the operation") || len(s.Faults().Hits()) != before {
		t.Errorf("half a plan: %d %s, %d faults were %d", status, body, len(s.Faults().Hits()), before)
	}
	w, err := ParseWorld("small", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Start(Options{World: w, Faults: faults.Plan{Faults: []faults.Fault{{Kind: faults.Throttle, Service: "Stss"}}}}); err == nil || !strings.Contains(err.Error(), `fault 1: there is no service "Stss"`) {
		t.Errorf("start: %v", err)
	}
}
