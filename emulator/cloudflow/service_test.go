package cloudflow

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// api calls an operation as account 1 does, past permissions, and gives the answer or the error's code.
func (s *Service) api(t *testing.T, action string, params ...string) (map[string]any, string) {
	t.Helper()
	g := gateway.New(gateway.Options{Authorizer: &stage{}})
	s.Register(g)
	p := map[string]string{}
	for i := 0; i < len(params); i += 2 {
		p[params[i]] = params[i+1]
	}
	out, e := g.Do(t.Context(), auth.Caller{Type: auth.User, AccountID: "1"}, "2019-03-15", action, p)
	if e != nil {
		return nil, e.Code
	}
	return out, ""
}

const pass = "Type: StateMachine\nSpecVersion: v1\nName: f\nStartAt: A\nStates:\n  - {Name: A, Type: Pass, OutputConstructor: {version: %, at.$: $Input}, End: true}\n"

func passes(version string) string { return strings.Replace(pass, "%", version, 1) }

func (s *Service) end(t *testing.T, flow, name string) executionView {
	t.Helper()
	s.mu.Lock()
	x := s.flows["1/"+flow].executions[name]
	s.mu.Unlock()
	<-x.done
	return x.view()
}

// TestVersionsAndAliases: executions run what their qualifier means at their start.
func TestVersionsAndAliases(t *testing.T) {
	t.Parallel()
	s := &stage{}
	picked := "2"
	svc := New(Options{Invoker: s, Roles: s, Authorizer: s, Assume: Assumptions{PickVersion: func(w map[string]int) string {
		if d := cmp.Diff(map[string]int{"1": 90, "2": 10}, w); d != "" {
			t.Error(d)
		}
		return picked
	}}})
	t.Cleanup(svc.Close)
	svc.mustCreate(t, passes("one"))
	for _, v := range []string{"one", "two"} {
		if _, e := svc.api(t, "UpdateFlow", "Name", "f", "Definition", passes(v)); e != "" {
			t.Fatal(e)
		}
		if _, e := svc.api(t, "PublishFlowVersion", "FlowName", "f", "Description", v); e != "" {
			t.Fatal(e)
		}
	}
	if _, e := svc.api(t, "UpdateFlow", "Name", "f", "Definition", passes("latest")); e != "" {
		t.Fatal(e)
	}
	for _, c := range [][]string{
		{"CreateFlowAlias", "FlowName", "f", "Name", "live", "RoutingConfigurations", `[{"Version":"1","Weight":100}]`},
		{"CreateFlowAlias", "FlowName", "f", "Name", "canary", "RoutingConfigurations", `[{"Version":"1","Weight":90},{"Version":"2","Weight":10}]`},
	} {
		if _, e := svc.api(t, c[0], c[1:]...); e != "" {
			t.Fatal(e)
		}
	}
	for name, tt := range map[string]struct{ qualifier, want string }{
		"none": {"", "latest"}, "LATEST": {"LATEST", "latest"}, "number": {"1", "one"}, "alias": {"live", "one"}, "two": {"canary", "two"},
	} {
		if _, e := svc.api(t, "StartExecution", "FlowName", "f", "ExecutionName", "x"+name, "Qualifier", tt.qualifier, "Input", "{}"); e != "" {
			t.Fatal(e)
		}
		if v := svc.end(t, "f", "x"+name); v.Output != `{"at":{},"version":"`+tt.want+`"}` {
			t.Errorf("%s: %s", name, v.Output)
		}
	}
	if out, e := svc.api(t, "ListExecutions", "FlowName", "f", "Qualifier", "live", "MetadataOnly", "true"); e != "" || len(out["Executions"].([]any)) != 1 ||
		out["Executions"].([]any)[0].(map[string]any)["FlowDefinition"] != "" {
		t.Errorf("by qualifier: %v %s", out, e)
	}
	if out, e := svc.api(t, "DescribeFlow", "Name", "f", "FlowVersion", "1"); e != "" || out["Definition"] != passes("one") {
		t.Errorf("version 1: %v %s", out, e)
	}
	if out, e := svc.api(t, "ListFlowVersions", "FlowName", "f", "Limit", "1"); e != "" || out["NextToken"] != "1" || out["FlowVersions"].([]any)[0].(map[string]any)["Version"] != "2" {
		t.Errorf("versions: %v %s", out, e)
	}
	for name, tt := range map[string]struct {
		call []string
		code string
	}{
		"no such version":   {[]string{"StartExecution", "FlowName", "f", "Qualifier", "9"}, "FlowVersionNotExists"},
		"no such alias":     {[]string{"StartExecution", "FlowName", "f", "Qualifier", "dead"}, "FlowAliasNotExists"},
		"no such flow":      {[]string{"PublishFlowVersion", "FlowName", "g"}, "FlowNotExists"},
		"version in use":    {[]string{"DeleteFlowVersion", "FlowName", "f", "FlowVersion", "1"}, "PreconditionFailed"},
		"no version to go":  {[]string{"DeleteFlowVersion", "FlowName", "f", "FlowVersion", "7"}, "FlowVersionNotExists"},
		"alias twice":       {[]string{"CreateFlowAlias", "FlowName", "f", "Name", "live", "RoutingConfigurations", `[{"Version":"1","Weight":100}]`}, "FlowAliasAlreadyExists"},
		"alias to nothing":  {[]string{"CreateFlowAlias", "FlowName", "f", "Name", "x", "RoutingConfigurations", `[{"Version":"8","Weight":100}]`}, "FlowVersionNotExists"},
		"weights":           {[]string{"UpdateFlowAlias", "FlowName", "f", "Name", "live", "RoutingConfigurations", `[{"Version":"1","Weight":50},{"Version":"2","Weight":40}]`}, "InvalidArgument"},
		"three versions":    {[]string{"UpdateFlowAlias", "FlowName", "f", "Name", "live", "RoutingConfigurations", `[{},{},{}]`}, "InvalidArgument"},
		"number as alias":   {[]string{"CreateFlowAlias", "FlowName", "f", "Name", "12", "RoutingConfigurations", `[{"Version":"1","Weight":100}]`}, "InvalidArgument"},
		"alias not there":   {[]string{"DescribeFlowAlias", "FlowName", "f", "Name", "dead"}, "FlowAliasNotExists"},
		"missing parameter": {[]string{"CreateFlowAlias", "FlowName", "f", "Name", "x"}, "MissingRequiredParams"},
		"map run":           {[]string{"DescribeMapRun", "FlowName", "f"}, "ActionNotSupported"},
		"map run of a list": {[]string{"ListExecutions", "FlowName", "f", "MapRunName", "x"}, "ActionNotSupported"},
		"bad window":        {[]string{"ListExecutions", "FlowName", "f", "StartedTimeBegin", "noon"}, "InvalidArgument"},
		"bad environment":   {[]string{"UpdateFlow", "Name", "f", "Environment", `{"Variables":[{"Value":"x"}]}`}, "InvalidArgument"},
	} {
		if _, e := svc.api(t, tt.call[0], tt.call[1:]...); e != tt.code {
			t.Errorf("%s: %q, want %q", name, e, tt.code)
		}
	}
	for _, c := range [][]string{
		{"UpdateFlowAlias", "FlowName", "f", "Name", "canary", "RoutingConfigurations", `[{"Version":"1","Weight":100}]`},
		{"DeleteFlowVersion", "FlowName", "f", "FlowVersion", "2"},
		{"DeleteFlowAlias", "FlowName", "f", "Name", "canary"},
	} {
		if _, e := svc.api(t, c[0], c[1:]...); e != "" {
			t.Errorf("%v: %s", c, e)
		}
	}
	if out, _ := svc.api(t, "ListFlowAliases", "FlowName", "f"); len(out["FlowAliases"].([]any)) != 1 {
		t.Errorf("aliases left: %v", out)
	}
}

// every is a schedule of whole minutes.
type every time.Duration

func (e every) Next(t time.Time) time.Time {
	return t.Truncate(time.Duration(e)).Add(time.Duration(e))
}

// TestSchedules: flows start by the clock, not while the schedule is off, and a jump is made up for in part.
func TestSchedules(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{}
		svc := New(Options{Invoker: s, Roles: s, Authorizer: s, Poll: time.Second, Cron: func(text string) (Schedule, error) {
			d, err := time.ParseDuration(strings.TrimPrefix(text, "@every "))
			return every(d), err
		}})
		defer svc.Close()
		svc.mustCreate(t, passes("x"))
		count := func() int { return len(svc.Executions("1", "f")) }
		out, e := svc.api(t, "CreateSchedule", "FlowName", "f", "ScheduleName", "s", "CronExpression", "@every 1m", "Payload", `{"by":"clock"}`)
		if e != "" || out["Enable"] != true || out["ScheduleId"] == "" || out["Payload"] != `{"by":"clock"}` {
			t.Fatalf("%v %s", out, e)
		}
		time.Sleep(150 * time.Second)
		synctest.Wait()
		if n := count(); n != 2 {
			t.Errorf("%d executions after two and a half minutes", n)
		}
		if v := svc.end(t, "f", svc.Executions("1", "f")[0]); v.Output != `{"at":{"by":"clock"},"version":"x"}` {
			t.Errorf("output %s", v.Output)
		}
		if out, e := svc.api(t, "UpdateSchedule", "FlowName", "f", "ScheduleName", "s", "Enable", "false", "Description", "off"); e != "" || out["Enable"] != false {
			t.Fatalf("%v %s", out, e)
		}
		time.Sleep(time.Hour)
		if n := count(); n != 2 {
			t.Errorf("%d executions while it was off", n)
		}
		if _, e := svc.api(t, "UpdateSchedule", "FlowName", "f", "ScheduleName", "s", "Enable", "true", "CronExpression", "@every 10m"); e != "" {
			t.Fatal(e)
		}
		time.Sleep(10*time.Minute + 2*time.Second)
		synctest.Wait()
		if n := count(); n != 3 {
			t.Errorf("%d executions after it was on again", n)
		}
		if out, e := svc.api(t, "DescribeSchedule", "FlowName", "f", "ScheduleName", "s"); e != "" || out["CronExpression"] != "@every 10m" || out["Description"] != "off" {
			t.Errorf("%v %s", out, e)
		}
		if out, _ := svc.api(t, "ListSchedules", "FlowName", "f"); len(out["Schedules"].([]any)) != 1 {
			t.Errorf("%v", out)
		}
		for name, tt := range map[string]struct {
			call []string
			code string
		}{
			"twice":    {[]string{"CreateSchedule", "FlowName", "f", "ScheduleName", "s", "CronExpression", "@every 1m"}, "ScheduleAlreadyExists"},
			"cron":     {[]string{"CreateSchedule", "FlowName", "f", "ScheduleName", "t", "CronExpression", "often"}, "InvalidArgument"},
			"payload":  {[]string{"CreateSchedule", "FlowName", "f", "ScheduleName", "t", "CronExpression", "@every 1m", "Payload", "[1]"}, "InvalidArgument"},
			"enable":   {[]string{"UpdateSchedule", "FlowName", "f", "ScheduleName", "s", "Enable", "yes"}, "InvalidArgument"},
			"no such":  {[]string{"DescribeSchedule", "FlowName", "f", "ScheduleName", "t"}, "ScheduleNotExists"},
			"no flow":  {[]string{"ListSchedules", "FlowName", "g"}, "FlowNotExists"},
			"no name":  {[]string{"DeleteSchedule", "FlowName", "f"}, "MissingRequiredParams"},
			"bad name": {[]string{"CreateSchedule", "FlowName", "f", "ScheduleName", "1 t", "CronExpression", "@every 1m"}, "InvalidArgument"},
		} {
			if _, e := svc.api(t, tt.call[0], tt.call[1:]...); e != tt.code {
				t.Errorf("%s: %q, want %q", name, e, tt.code)
			}
		}
		if _, e := svc.api(t, "DeleteSchedule", "FlowName", "f", "ScheduleName", "s"); e != "" {
			t.Error(e)
		}
		time.Sleep(time.Hour)
		if n := count(); n != 3 {
			t.Errorf("%d executions after the schedule was deleted", n)
		}
	})
}

// TestMissedTimes: when the clock jumps, eight times are made up for.
func TestMissedTimes(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	s := &stage{}
	svc := New(Options{
		Invoker: s, Roles: s, Authorizer: s, Poll: -1, Clock: func() time.Time { return now },
		Cron: func(string) (Schedule, error) { return every(time.Minute), nil },
	})
	t.Cleanup(svc.Close)
	svc.mustCreate(t, passes("x"))
	if _, e := svc.api(t, "CreateSchedule", "FlowName", "f", "ScheduleName", "s", "CronExpression", "x"); e != "" {
		t.Fatal(e)
	}
	now = now.Add(24 * time.Hour)
	svc.Tick()
	svc.Tick()
	if n := len(svc.Executions("1", "f")); n != maxMissed {
		t.Errorf("%d executions, want %d", n, maxMissed)
	}
}

// TestExpress: what express flows may not do, and how they are started.
func TestExpress(t *testing.T) {
	t.Parallel()
	s := &stage{}
	svc := newService(t, s)
	create := func(name, states string) string {
		text := strings.Replace(flowOf(states), "Name: f", "Name: "+name, 1)
		_, e := svc.api(t, "CreateFlow", "Name", name, "Definition", text, "Description", "d", "Type", "FDL", "ExecutionMode", "Express",
			"Environment", `{"Variables":[{"Name":"a","Value":"b"}]}`, "ResourceGroupId", "rg-1")
		return e
	}
	if e := create("fast", "  - {Name: A, Type: Pass, End: true}\n"); e != "" {
		t.Fatal(e)
	}
	if out, e := svc.api(t, "DescribeFlow", "Name", "fast"); e != "" || out["ResourceGroupId"] != "rg-1" ||
		out["Environment"].(map[string]any)["Variables"].([]any)[0].(map[string]any)["Name"] != "a" {
		t.Errorf("%v %s", out, e)
	}
	if e := create("waits", "  - {Name: A, Type: Wait, Seconds: 21, End: true}\n"); e != "InvalidArgument" {
		t.Errorf("a wait of 21 s: %q", e)
	}
	if e := create("calls", "  - Name: M\n    Type: Map\n    ItemsPath: $Input.l\n    End: true\n    Processor:\n      StartAt: A\n      States:\n        - Name: A\n          Type: Task\n          Action: FC:InvokeFunction\n          TaskMode: WaitForCustomCallback\n          Timeout: 5\n          Parameters: {resourceArn: acs:fc:::functions/f/LATEST, invocationType: Sync}\n          End: true\n"); e != "InvalidArgument" {
		t.Errorf("a callback in an inner scope: %q", e)
	}
	if _, e := svc.api(t, "StartExecution", "FlowName", "fast"); e != "ActionNotSupported" {
		t.Errorf("StartExecution: %q", e)
	}
	if _, e := svc.api(t, "CreateSchedule", "FlowName", "fast", "ScheduleName", "s", "CronExpression", "@every 1m"); e != "ActionNotSupported" {
		t.Errorf("CreateSchedule: %q", e)
	}
	out, e := svc.api(t, "StartSyncExecution", "FlowName", "fast", "ExecutionName", "x", "Input", `{"a":1}`)
	if e != "" || out["Status"] != "Succeeded" || out["Output"] != `{"a":1}` || !strings.HasPrefix(out["Name"].(string), "x:") {
		t.Errorf("%v %s", out, e)
	}
	if out, e := svc.api(t, "ListFlows", "ResourceGroupId", "rg-2"); e != "" || len(out["Flows"].([]any)) != 0 {
		t.Errorf("another resource group: %v %s", out, e)
	}
}

// TestTokenOfAnExecution: CallbackFnFTaskToken reports the end of an execution to the task that waits for it.
func TestTokenOfAnExecution(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ child, want string }{
		"succeeded": {"  - {Name: A, Type: Pass, OutputConstructor: {n: 7}, End: true}\n", `{"result":{"n":7}}`},
		"failed":    {"  - {Name: A, Type: Fail, Code: Broken}\n", `{"result":"FNF.ExecutionFailed"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var svc *Service
			s := &stage{functions: map[string]func(map[string]any, int) InvocationResult{"start": func(b map[string]any, _ int) InvocationResult {
				if _, err := svc.start(startOptions{account: "1", flow: "child", token: b["token"].(string)}); err != nil {
					t.Error(err)
				}
				return answer(map[string]any{})
			}}}
			svc = newService(t, s)
			svc.mustCreate(t, strings.Replace(flowOf(tt.child), "Name: f", "Name: child", 1))
			x := svc.runFlow(t, flowOf(`  - Name: A
    Type: Task
    Action: FC:InvokeFunction
    TaskMode: WaitForCustomCallback
    Timeout: 60
    Parameters: {resourceArn: acs:fc:::functions/start/LATEST, invocationType: Sync, body: {token.$: $Context.Current.TaskToken}}
    OutputConstructor: {result.$: $Output}
    Catch:
      - {Errors: [FnF.ALL], OutputConstructor: {result.$: $Context.Current.Error.Code}, Next: B}
    End: true
  - {Name: B, Type: Succeed}
`), `{}`)
			if v := x.view(); v.Output != tt.want {
				t.Errorf("%s %s, want %s", v.Status, v.Output, tt.want)
			}
		})
	}
}

// TestHTTP: request, answer, and the token that goes out in a header.
func TestHTTP(t *testing.T) {
	t.Parallel()
	var svc *Service
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if token := r.Header.Get(tokenHeader); token != "" {
			w.WriteHeader(http.StatusAccepted)
			go func() { _, _ = svc.reportTask("1", token, report{output: map[string]any{"said": "later"}}) }()
			return
		}
		w.Header().Set("X-Seen", r.Method+" "+r.Header.Get("X-A")+" "+string(b))
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "text")
	}))
	t.Cleanup(server.Close)
	s := &stage{}
	svc = New(Options{Invoker: s, Roles: s, Authorizer: s, HTTP: server.Client()})
	t.Cleanup(svc.Close)
	task := func(name, mode, parameters string) string {
		return strings.Replace(flowOf("  - Name: A\n    Type: Task\n    Action: HTTP:Request\n    TaskMode: "+mode+"\n    Timeout: 30\n    Parameters: "+parameters+
			"\n    OutputConstructor: {out.$: $Output}\n    Catch:\n      - {Errors: [FnF.ALL], OutputConstructor: {out.$: $Context.Current.Error.Code}, Next: B}\n    End: true\n  - {Name: B, Type: Succeed}\n"), "Name: f", "Name: "+name, 1)
	}
	for name, tt := range map[string]struct{ mode, parameters, want string }{
		"object":    {RequestComplete, `{url: "` + server.URL + `/x", method: Post, headers: {X-A: one}, body: {n: 1}}`, `"X-Seen":"POST one {\"n\":1}"`},
		"text":      {RequestComplete, `{url: "` + server.URL + `", method: PUT, body: plain}`, `"Body":"text","Code":418`},
		"callback":  {WaitForCustomCallback, `{url: "` + server.URL + `", method: GET}`, `{"out":{"said":"later"}}`},
		"method":    {RequestComplete, `{url: "` + server.URL + `", method: TRACE}`, `"InvalidArgument"`},
		"url":       {RequestComplete, `{url: "/x", method: GET}`, `"InvalidArgument"`},
		"parameter": {RequestComplete, `{url: "` + server.URL + `", method: GET, retries: 3}`, `"InvalidArgument"`},
		"nobody":    {RequestComplete, `{url: "http://127.0.0.1:1/", method: GET}`, `"HTTP.RequestFailed"`},
	} {
		x := svc.runFlow(t, task(name, tt.mode, tt.parameters), `{}`)
		if v := x.view(); !strings.Contains(v.Output, tt.want) {
			t.Errorf("%s: %s %s, want %s", name, v.Status, v.Output, tt.want)
		}
	}
}

// TestSystemCallback: the mode asks for a run until its end, and only with an asynchronous invocation.
func TestSystemCallback(t *testing.T) {
	t.Parallel()
	types := map[string]string{}
	s := &recording{stage: &stage{functions: map[string]func(map[string]any, int) InvocationResult{"fn": func(map[string]any, int) InvocationResult { return answer(map[string]any{"n": 1}) }}}, types: types}
	svc := New(Options{Invoker: s, Roles: s, Authorizer: s})
	t.Cleanup(svc.Close)
	for name, tt := range map[string]struct{ mode, kind, invoked, output string }{
		"until":    {WaitForSystemCallback, "Async", InvokeUntil, `{"o":{"Body":{"n":1}}}`},
		"accepted": {RequestComplete, "Async", InvokeAsync, `{"o":{}}`},
		"sync":     {RequestComplete, "Sync", InvokeSync, `{"o":{"Body":{"n":1}}}`},
	} {
		x := svc.runFlow(t, strings.Replace(flowOf("  - Name: A\n    Type: Task\n    Action: FC:InvokeFunction\n    TaskMode: "+tt.mode+
			"\n    Parameters: {resourceArn: acs:fc:::functions/fn/LATEST, invocationType: "+tt.kind+"}\n    OutputConstructor: {o.$: $Output}\n    End: true\n"), "Name: f", "Name: "+name, 1), `{}`)
		if v := x.view(); v.Output != tt.output || types["last"] != tt.invoked {
			t.Errorf("%s: invoked %s, output %s", name, types["last"], v.Output)
		}
	}
}

type recording struct {
	*stage
	types map[string]string
}

func (r *recording) InvokeFunction(ctx context.Context, in Invocation) InvocationResult {
	r.types["last"] = in.Type
	return r.stage.InvokeFunction(ctx, in)
}

// TestAssumptionsCanBeReplaced: each choice decides what the flow does.
func TestAssumptionsCanBeReplaced(t *testing.T) {
	t.Parallel()
	s := &stage{functions: map[string]func(map[string]any, int) InvocationResult{
		"raw":  func(map[string]any, int) InvocationResult { return InvocationResult{Body: []byte("raw")} },
		"fail": func(map[string]any, int) InvocationResult { return InvocationResult{ErrorType: "Boom"} },
	}}
	call := func(fn string) string {
		return "  - Name: A\n    Type: Task\n    Action: FC:InvokeFunction\n    Parameters: {resourceArn: acs:fc:::functions/" + fn + "/LATEST, invocationType: Sync}\n    OutputConstructor: {o.$: $Output.Answer}\n    Catch:\n      - {Errors: [Boom.X, FC.FunctionNotFound], OutputConstructor: {code.$: $Context.Current.Error.Code}, Next: B}\n    End: true\n  - {Name: B, Type: Succeed}\n"
	}
	output := func(expression string) string {
		return "  - {Name: A, Type: Pass, OutputConstructor: {o.$: '" + expression + "'}, End: true}\n"
	}
	for name, tt := range map[string]struct {
		assume       Assumptions
		states, want string
	}{
		"missing path":  {Assumptions{MissingPath: func(string, string) (any, error) { return nil, nil }}, output("$Input.none"), `{"o":null}`},
		"merge":         {Assumptions{MergeConflict: func(_ string, _, y any) (any, error) { return y, nil }}, output("jsonMerge($Input.a, $Input.b)"), `{"o":{"k":2}}`},
		"map order":     {Assumptions{MapOrder: func(map[string]any) []string { return []string{"z"} }}, output("mapKeys($Input.a)"), `{"o":["z"]}`},
		"wrapper":       {Assumptions{FunctionOutput: func(b []byte) map[string]any { return map[string]any{"Answer": string(b)} }}, call("raw"), `{"o":"raw"}`},
		"error name":    {Assumptions{FunctionErrorName: func(typ string) string { return typ + ".X" }}, call("fail"), `{"code":"Boom.X"}`},
		"own errors":    {Assumptions{ErrorName: func(code string) string { return strings.Replace(code, errExpression, "Boom.X", 1) }}, call("raw"), `{"code":"Boom.X"}`},
		"mixed types":   {Assumptions{CompareDifferentTypes: func(string, any, any) (any, error) { return true, nil }}, "  - {Name: A, Type: Choice, Branches: [{Condition: '$Input.n == \"1\"', Next: Y}], Default: N}\n  - {Name: Y, Type: Pass, OutputConstructor: {o: y}, End: true}\n  - {Name: N, Type: Succeed}\n", `{"o":"y"}`},
		"catch input":   {Assumptions{CatchInput: func(code, _ string) map[string]any { return map[string]any{"was": code} }}, strings.Replace(call("gone"), ", OutputConstructor: {code.$: $Context.Current.Error.Code}", "", 1), `{"was":"FC.FunctionNotFound"}`},
		"scalar items":  {Assumptions{ItemInput: func(v any) (map[string]any, error) { return map[string]any{"v": v}, nil }}, "  - Name: A\n    Type: Map\n    ItemsPath: $Input.l\n    Processor: {StartAt: P, States: [{Name: P, Type: Pass, End: true}]}\n    End: true\n", `{"Items":[{"v":5}]}`},
		"function":      {Assumptions{Function: func(name string) func([]any) (any, error) { return func([]any) (any, error) { return name, nil } }}, output("toBase64(1)"), `{"o":"toBase64"}`},
		"failed output": {Assumptions{FailedOutput: func(map[string]any) map[string]any { return map[string]any{"x": 1} }}, "  - {Name: A, Type: Fail, Code: C}\n", `{"x":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			svc := New(Options{Invoker: s, Roles: s, Authorizer: s, Assume: tt.assume})
			t.Cleanup(svc.Close)
			params := map[string][]string{"Name": {"f"}, "Definition": {flowOf(tt.states)}, "Description": {"d"}, "Type": {"FDL"}, "RoleArn": {"acs:ram::1:role/flow"}}
			if _, err := svc.createFlow(t.Context(), &gateway.Call{Caller: auth.Caller{AccountID: "1"}, Params: params}); err != nil {
				t.Fatal(err)
			}
			x, err := svc.start(startOptions{account: "1", flow: "f", input: `{"a":{"k":1},"b":{"k":2},"n":1,"l":[5]}`})
			if err != nil {
				t.Fatal(err)
			}
			<-x.done
			if v := x.view(); v.Output != tt.want {
				t.Errorf("%s %q %q, want %s", v.Status, v.Output, x.detail, tt.want)
			}
		})
	}
}

// TestNothingCatchesTheEnd: a flow that is stopped or that times out goes no further, whatever it catches.
func TestNothingCatchesTheEnd(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"stopped": "ExecutionStopped", "out of time": "ExecutionTimedOut"} {
		synctest.Test(t, func(t *testing.T) {
			svc := newService(t, &stage{})
			text := flowOf("  - Name: A\n    Type: Parallel\n    Branches: [{StartAt: W, States: [{Name: W, Type: Wait, Seconds: 300, End: true}]}]\n    Catch: [{Errors: [FnF.ALL], OutputConstructor: {a: 1}, Next: B}]\n    Retry: [{Errors: [FnF.ALL], Description: r, MaxAttempts: 3, IntervalSeconds: 1}]\n    Next: B\n  - {Name: B, Type: Succeed}\n")
			svc.mustCreate(t, strings.Replace(text, "StartAt: A\n", "StartAt: A\nTimeout: 60\n", 1))
			if _, e := svc.api(t, "StartExecution", "FlowName", "f", "ExecutionName", "x"); e != "" {
				t.Fatal(e)
			}
			synctest.Wait()
			if name == "stopped" {
				if _, e := svc.api(t, "StopExecution", "FlowName", "f", "ExecutionName", "x"); e != "" {
					t.Fatal(e)
				}
			}
			svc.end(t, "f", "x")
			out, _ := svc.api(t, "GetExecutionHistory", "FlowName", "f", "ExecutionName", "x")
			var got []string
			for _, e := range out["Events"].([]any) {
				got = append(got, e.(map[string]any)["Type"].(string))
			}
			if d := cmp.Diff([]string{"ExecutionStarted", "StepEntered", "BranchEntered", "StepEntered", "BranchExited", want}, got); d != "" {
				t.Errorf("%s: %s", name, d)
			}
		})
	}
}

func TestStopExecution(t *testing.T) {
	t.Parallel()
	svc := newService(t, &stage{})
	svc.mustCreate(t, flowOf("  - {Name: A, Type: Wait, Seconds: 300, End: true}\n"))
	if _, e := svc.api(t, "StartExecution", "FlowName", "f", "ExecutionName", "x"); e != "" {
		t.Fatal(e)
	}
	if _, e := svc.api(t, "StopExecution", "FlowName", "f", "ExecutionName", "x", "Error", strings.Repeat("e", 129)); e != "InvalidArgument" {
		t.Errorf("a long error: %q", e)
	}
	if _, e := svc.api(t, "StopExecution", "FlowName", "f", "ExecutionName", "x", "Error", "Enough", "Cause", "of it"); e != "" {
		t.Fatal(e)
	}
	if _, e := svc.api(t, "StopExecution", "FlowName", "f", "ExecutionName", "x", "Error", "Again"); e != "" && e != "ExecutionAlreadyCompleted" {
		t.Errorf("while it stops: %q", e)
	}
	if v := svc.end(t, "f", "x"); v.Status != "Stopped" || v.StoppedTime == "" {
		t.Errorf("%+v", v)
	}
	if _, e := svc.api(t, "StopExecution", "FlowName", "f", "ExecutionName", "x"); e != "ExecutionAlreadyCompleted" {
		t.Errorf("twice: %q", e)
	}
	out, _ := svc.api(t, "GetExecutionHistory", "FlowName", "f", "ExecutionName", "x")
	events := out["Events"].([]any)
	last := events[len(events)-1].(map[string]any)
	var detail struct{ Emulator struct{ Code string } }
	if err := json.Unmarshal([]byte(last["EventDetail"].(string)), &detail); err != nil || last["Type"] != "ExecutionStopped" || detail.Emulator.Code != "Enough" {
		t.Errorf("last event %v", last)
	}
}

// noPassRole allows everything but to hand a role to CloudFlow.
type noPassRole struct{ asked auth.Request }

func (n *noPassRole) Authorize(_ context.Context, r auth.Request) auth.Decision {
	if r.Action == "ram:PassRole" {
		n.asked = r
	}
	return auth.Decision{Allowed: r.Action != "ram:PassRole"}
}

// TestPassRole: whoever gives a flow a role must be allowed to hand that role to the service.
func TestPassRole(t *testing.T) {
	t.Parallel()
	svc, rules := newService(t, &stage{}), &noPassRole{}
	g := gateway.New(gateway.Options{Authorizer: rules})
	svc.Register(g)
	do := func(action, role string) string {
		p := map[string]string{"Name": "f", "Definition": passes("1"), "Description": "d", "Type": "FDL", "RoleArn": role}
		if _, e := g.Do(t.Context(), auth.Caller{Type: auth.User, AccountID: "1"}, "2019-03-15", action, p); e != nil {
			return e.Code
		}
		return ""
	}
	for _, tt := range []struct{ action, role, want string }{
		{"CreateFlow", "acs:ram::1:role/flow", "AccessDenied"}, {"CreateFlow", "", ""}, {"UpdateFlow", "acs:ram::1:role/flow", "AccessDenied"}, {"UpdateFlow", "", ""},
	} {
		rules.asked = auth.Request{}
		if got := do(tt.action, tt.role); got != tt.want || rules.asked.Resource != tt.role {
			t.Errorf("%s with role %q: %q, want %q; asked for %+v", tt.action, tt.role, got, tt.want, rules.asked)
		}
		if tt.role != "" && rules.asked.Context["acs:Service"] != "fnf.aliyuncs.com" {
			t.Errorf("the condition key acs:Service is %q", rules.asked.Context["acs:Service"])
		}
	}
}

// TestListFlowsOfAGroup: pages hold the flows that were asked for, and the last one has no token.
func TestListFlowsOfAGroup(t *testing.T) {
	t.Parallel()
	svc := newService(t, &stage{})
	for i, group := range []string{"one", "two", "one", "two", "one"} {
		name := string(rune('a' + i))
		if _, e := svc.api(t, "CreateFlow", "Name", name, "Definition", strings.Replace(passes("1"), "Name: f", "Name: "+name, 1), "Description", "d", "Type", "FDL", "ResourceGroupId", group); e != "" {
			t.Fatal(e)
		}
	}
	var got []string
	token := ""
	for range 2 {
		out, e := svc.api(t, "ListFlows", "ResourceGroupId", "one", "Limit", "2", "NextToken", token)
		if e != "" {
			t.Fatal(e)
		}
		for _, f := range out["Flows"].([]any) {
			got = append(got, f.(map[string]any)["Name"].(string))
		}
		token, _ = out["NextToken"].(string)
	}
	if d := cmp.Diff([]string{"a", "c", "e"}, got); d != "" || token != "" {
		t.Errorf("token %q, %s", token, d)
	}
}
