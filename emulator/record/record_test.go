package record

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

type verdicts map[string]bool

func (v verdicts) Authorize(_ context.Context, r auth.Request) auth.Decision {
	return auth.Decision{Allowed: v[r.Action]}
}

var collector = auth.Caller{Type: auth.Role, AccountID: "3", Name: "fenghuo-collector", Session: "s", ARN: "acs:ram::3:role/fenghuo-collector/s"}

func numbers(calls []Call) (out []int64) {
	for _, c := range calls {
		out = append(out, c.Number)
	}
	return out
}

// TestCalls: questions land in the call they belong to, verdicts follow, filters choose.
func TestCalls(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	l := New(func() time.Time { return now })
	a := l.Authorizer(verdicts{"log:ListShards": true})
	one := func(service, operation, action string, status int, code, fault string) {
		ctx, c := l.Begin(t.Context(), Call{Service: service, Operation: operation, Caller: collector.ARN, Account: "3"})
		if action != "" {
			a.Authorize(ctx, auth.Request{Caller: collector, Action: action, Resource: "acs:log:cn:3:project/p/logstore/l"})
		}
		now = now.Add(time.Second)
		l.End(c, status, code, "r", fault)
	}
	one("Sls", "ListShards", "log:ListShards", 200, "", "")
	one("Sls", "PullLogs", "log:GetCursorOrData", 401, "Unauthorized", "")
	one("Sts", "AssumeRole", "", 400, "Throttling.User", "throttle")
	one("Sls", "PutLogs", "", 0, "", "cut-answer")
	for name, tt := range map[string]struct {
		f    Filter
		want []int64
	}{
		"all":       {Filter{}, []int64{1, 2, 3, 4}},
		"newest":    {Filter{Limit: 2}, []int64{3, 4}},
		"service":   {Filter{Service: "sls"}, []int64{1, 2, 4}},
		"operation": {Filter{Operation: "P*Logs"}, []int64{2, 4}},
		"caller":    {Filter{Caller: "role/fenghuo-COLLECTOR", Operation: "AssumeRole"}, []int64{3}},
		"account":   {Filter{Account: "4"}, nil},
		"denied":    {Filter{Verdict: Denied}, []int64{2}},
		"failed":    {Filter{Verdict: Failed}, []int64{3}},
		"cut":       {Filter{Verdict: Cut}, []int64{4}},
		"fault":     {Filter{Fault: true}, []int64{3, 4}},
		"action":    {Filter{Action: "log:*"}, []int64{1, 2}},
		"resource":  {Filter{Resource: "acs:log:*:project/p/*"}, []int64{1, 2}},
		"no such":   {Filter{Resource: "acs:log:*:project/q/*"}, nil},
	} {
		if d := cmp.Diff(tt.want, numbers(l.Calls(tt.f))); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	if c := l.Calls(Filter{Limit: 1, Operation: "ListShards"})[0]; c.Took != time.Second || c.Verdict != Allowed || !c.Questions[0].Allowed ||
		c.Questions[0].Caller != "acs:ram::3:role/fenghuo-collector" {
		t.Errorf("first call %+v", c)
	}
	want := []Use{
		{Caller: "acs:ram::3:role/fenghuo-collector", Action: "log:GetCursorOrData", Resource: "acs:log:cn:3:project/p/logstore/l", Account: "3", Denied: 1},
		{Caller: "acs:ram::3:role/fenghuo-collector", Action: "log:ListShards", Resource: "acs:log:cn:3:project/p/logstore/l", Account: "3", Allowed: 1},
	}
	if d := cmp.Diff(want, l.Uses()); d != "" {
		t.Errorf("uses (-want +got):\n%s", d)
	}
}

// TestBounds: the oldest calls are forgotten, and a call keeps a bounded number of questions while the uses count all.
func TestBounds(t *testing.T) {
	t.Parallel()
	l := New(nil)
	for range maxCalls + 10 {
		_, c := l.Begin(t.Context(), Call{})
		l.End(c, 200, "", "", "")
	}
	if got := l.Calls(Filter{}); len(got) != maxCalls || got[0].Number != 11 || got[maxCalls-1].Number != maxCalls+10 {
		t.Errorf("%d calls from %d to %d", len(got), got[0].Number, got[len(got)-1].Number)
	}
	ctx, c := l.Begin(t.Context(), Call{Service: "ros"})
	for range maxQuestions + 5 {
		l.Ask(ctx, collector, "ram:CreateRole", "*", true)
	}
	l.End(c, 200, "", "", "")
	if n := len(l.Calls(Filter{Service: "ros"})[0].Questions); n != maxQuestions {
		t.Errorf("%d questions kept", n)
	}
	if n := l.Uses()[0].Allowed; n != maxQuestions+5 {
		t.Errorf("%d uses", n)
	}
}

func TestConcurrent(t *testing.T) {
	t.Parallel()
	l := New(nil)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				ctx, c := l.Begin(context.Background(), Call{Service: "Sls"})
				l.Ask(ctx, collector, "log:ListShards", "*", true)
				l.Calls(Filter{Limit: 1})
				l.End(c, 200, "", "", "")
			}
		})
	}
	wg.Wait()
	if n := l.Uses()[0].Allowed; n != 400 {
		t.Errorf("%d uses, want 400", n)
	}
}

func BenchmarkCall(b *testing.B) {
	l := New(nil)
	b.ReportAllocs()
	for b.Loop() {
		ctx, c := l.Begin(b.Context(), Call{Service: "Sls", Operation: "PutLogs"})
		l.Ask(ctx, collector, "log:PostLogStoreLogs", "acs:log:cn-hangzhou:3:project/p/logstore/l", true)
		l.End(c, 200, "", "", "")
	}
}
