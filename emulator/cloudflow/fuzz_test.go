package cloudflow

import (
	"encoding/json"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/fc"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// FuzzRun runs whatever the checks accept, on any input: it ends, within its limits, and a second run goes the same way.
func FuzzRun(f *testing.F) {
	for seed := range uint64(20) {
		f.Add((&generator{r: rand.New(rand.NewPCG(seed, seed))}).flow(), `{"n":0,"l":[{"n":1,"l":[]}]}`)
	}
	f.Add(flowOf(ecsFlow), `{"env":"prod"}`)
	f.Add(flowOf("  - {Name: A, Type: Task, Action: 'HTTP:Request', Parameters: {url: 'http://x', method: Get}, End: true}\n"), `{}`)
	f.Fuzz(func(t *testing.T, text, input string) {
		d, problems := Parse(text)
		if d == nil || len(problems)+len(d.Check(nil)) > 0 || !nameRule.MatchString(d.Name) {
			return
		}
		if strings.Contains(text, "StartExecution") {
			return // a flow that starts itself goes on in another execution
		}
		status, events := trial(t, d.Name, text, input)
		again, history := trial(t, d.Name, text, input)
		if status == "" {
			return // the flow or its input was refused
		}
		if !slices.Contains([]string{"Succeeded", "Failed", "TimedOut"}, status) || len(events) > maxEvents {
			t.Errorf("%s after %d events", status, len(events))
		}
		if strings.Contains(text, "uuid") || strings.Contains(text, "randomInt") {
			return // it is random by nature
		}
		if diff := cmp.Diff(events, history); status != again || diff != "" {
			t.Errorf("%s, then %s (-first +second):\n%s", status, again, diff)
		}
	})
}

// trial runs a flow once in a time of its own.
func trial(t *testing.T, name, text, input string) (status string, events []Event) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{functions: map[string]func(map[string]any, int) InvocationResult{"fn": func(b map[string]any, _ int) InvocationResult { return answer(b) }}}
		svc := New(Options{Region: "cn-hangzhou", Invoker: s, Roles: s, Authorizer: s, API: &office{}, Sequential: true})
		defer svc.Close()
		if _, code := svc.api(t, "CreateFlow", "Name", name, "Definition", text, "Description", "d", "Type", "FDL", "RoleArn", "acs:ram::1:role/flow"); code != "" {
			return
		}
		x, err := svc.start(startOptions{account: "1", flow: name, name: "x", input: input})
		if err != nil {
			return
		}
		select {
		case <-x.done:
		case <-time.After(2 * 365 * 24 * time.Hour):
			t.Fatal("it does not end")
		}
		status, events = x.view().Status, x.events
	})
	return status, events
}

// FuzzCall: whatever an operation is asked, it answers JSON, or with a code and a status of the API.
func FuzzCall(f *testing.F) {
	for _, seed := range [][2]string{
		{"CreateFlow", "Name=f&Description=d&Type=FDL&Definition=" + url.QueryEscape(passes("1"))},
		{"UpdateFlow", "Name=g&Definition=x&Environment=" + url.QueryEscape(`{"Variables":[{"Name":"A","Value":"1"}]}`)},
		{"ListFlows", "Limit=1&NextToken=1"},
		{"StartExecution", "FlowName=g&ExecutionName=x&Input={}&Qualifier=1"},
		{"ListExecutions", "FlowName=g&StartedTimeBegin=2026-01-01T00:00:00Z&MetadataOnly=true&Limit=5"},
		{"GetExecutionHistory", "FlowName=g&ExecutionName=x&Limit=999&NextToken=-1"},
		{"StopExecution", "FlowName=g&ExecutionName=x&Error=e&Cause=c"},
		{"ReportTaskSucceeded", "TaskToken=t&Output={}"},
		{"ReportTaskFailed", "TaskToken=t&Error=e"},
		{"CreateSchedule", "FlowName=g&ScheduleName=s&CronExpression=" + url.QueryEscape("@every 1m") + "&Payload={}&Enable=true"},
		{"UpdateSchedule", "FlowName=g&ScheduleName=s&CronExpression=" + url.QueryEscape("0 0 12 * * ?")},
		{"PublishFlowVersion", "FlowName=g"},
		{"CreateFlowAlias", "FlowName=g&Name=a&RoutingConfigurations=" + url.QueryEscape(`[{"Version":"1","Weight":100}]`)},
		{"DescribeMapRun", ""},
		{"DeleteFlow", "Name=f"},
	} {
		f.Add(seed[0], seed[1])
	}
	s := &stage{}
	svc := New(Options{Region: "cn-hangzhou", Invoker: s, Roles: s, Authorizer: s, Poll: -1, Cron: func(text string) (Schedule, error) { return fc.ParseSchedule(text) }})
	f.Cleanup(svc.Close)
	g := gateway.New(gateway.Options{Authorizer: s})
	svc.Register(g)
	caller := auth.Caller{Type: auth.User, AccountID: "1"}
	if _, e := g.Do(f.Context(), caller, "2019-03-15", "CreateFlow", map[string]string{"Name": "g", "Description": "d", "Type": "FDL", "Definition": strings.Replace(passes("1"), "Name: f", "Name: g", 1)}); e != nil {
		f.Fatal(e)
	}
	f.Fuzz(func(t *testing.T, action, query string) {
		values, err := url.ParseQuery(query)
		if err != nil || action == "StartSyncExecution" || values.Get("WaitTimeSeconds") != "" || action == "DeleteFlow" && values.Get("Name") == "g" {
			return // these wait, or take away what the others need
		}
		params := map[string]string{}
		for k := range values {
			params[k] = values.Get(k)
		}
		out, e := g.Do(t.Context(), caller, "2019-03-15", action, params)
		if e != nil && (e.Code == "" || e.Status < 400 || e.Status >= 500) {
			t.Errorf("%s %q: %+v", action, query, e)
		}
		if _, err := json.Marshal(out); e == nil && (err != nil || out["RequestId"] == nil) {
			t.Errorf("%s %q: %v %v", action, query, out, err)
		}
	})
}
