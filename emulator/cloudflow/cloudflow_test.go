package cloudflow

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// stage is a world with functions that answer as the test says.
type stage struct {
	mu        sync.Mutex
	functions map[string]func(body map[string]any, try int) InvocationResult
	calls     []string // function names in order
	payloads  []string
}

func (s *stage) InvokeFunction(_ context.Context, in Invocation) InvocationResult {
	s.mu.Lock()
	defer s.mu.Unlock()
	try := 0
	for _, c := range s.calls {
		if c == in.Function {
			try++
		}
	}
	s.calls = append(s.calls, in.Function)
	s.payloads = append(s.payloads, string(in.Payload))
	f := s.functions[in.Function]
	if f == nil {
		return InvocationResult{Code: "FunctionNotFound", Message: "no " + in.Function}
	}
	var body map[string]any
	_ = json.Unmarshal(in.Payload, &body)
	return f(body, try)
}

func (s *stage) AssumeServiceRole(_ context.Context, arn, service, session string, _ time.Duration) (auth.Caller, auth.Keys, error) {
	return auth.Caller{Type: auth.Role, AccountID: "1", Name: arn, Session: session, ARN: arn + "/" + session}, auth.Keys{}, nil
}

func (s *stage) Authorize(context.Context, auth.Request) auth.Decision {
	return auth.Decision{Allowed: true}
}

func answer(v any) InvocationResult {
	b, _ := json.Marshal(v)
	return InvocationResult{Body: b}
}

func newService(t *testing.T, s *stage) *Service {
	svc := New(Options{Region: "cn-hangzhou", Invoker: s, Roles: s, Authorizer: s})
	t.Cleanup(svc.Close)
	return svc
}

func (s *Service) mustCreate(t *testing.T, text string) string {
	t.Helper()
	d, problems := Parse(text)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if problems := d.Check(nil); len(problems) > 0 {
		t.Fatal(problems)
	}
	c := &gateway.Call{Caller: auth.Caller{AccountID: "1"}, Params: map[string][]string{"Name": {d.Name}, "Definition": {text}, "Description": {"d"}, "Type": {"FDL"}, "RoleArn": {"acs:ram::1:role/flow"}}}
	if _, err := s.createFlow(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return d.Name
}

func (s *Service) runFlow(t *testing.T, text, input string) *execution {
	t.Helper()
	x, err := s.start(startOptions{account: "1", flow: s.mustCreate(t, text), input: input})
	if err != nil {
		t.Fatal(err)
	}
	<-x.done
	return x
}

func flowOf(states string) string {
	return "Type: StateMachine\nSpecVersion: v1\nName: f\nStartAt: A\nStates:\n" + states
}

func TestRun(t *testing.T) {
	t.Parallel()
	call := func(more string) string {
		return `  - Name: A
    Type: Task
    Action: FC:InvokeFunction
    Parameters:
      resourceArn: acs:fc:::functions/fn/LATEST
      invocationType: Sync
      body: {n.$: $Input.n, fixed: $Input}
` + more
	}
	tests := []struct {
		name, flow, input, status, output, code string
		fn                                      func(map[string]any, int) InvocationResult
	}{
		{name: "pass keeps its input", flow: "  - {Name: A, Type: Pass, End: true}\n", input: `{"x":1}`, status: "Succeeded", output: `{"x":1}`},
		{
			name: "constructors replace", flow: "  - Name: A\n    Type: Pass\n    InputConstructor: {a: 1, b.$: $Input.x}\n    OutputConstructor: {sum.$: 'intAdd($Input.a, $Input.b)', all.$: $Output}\n    End: true\n",
			input: `{"x":2}`, status: "Succeeded", output: `{"all":{"a":1,"b":2},"sum":3}`,
		},
		{
			name: "function result is under Body", flow: call("    OutputConstructor: {got.$: $Output.Body.double}\n    End: true\n"), input: `{"n":4}`,
			fn: func(b map[string]any, _ int) InvocationResult {
				if b["fixed"] != "$Input" {
					return answer(map[string]any{"double": "expression without .$ was evaluated"})
				}
				return answer(map[string]any{"double": b["n"].(float64) * 2})
			}, status: "Succeeded", output: `{"got":8}`,
		},
		{
			name: "default output is the wrapper", flow: call("    End: true\n"), input: `{"n":4}`,
			fn:     func(map[string]any, int) InvocationResult { return InvocationResult{Body: []byte("plain")} },
			status: "Succeeded", output: `{"Body":"plain"}`,
		},
		{
			name: "choice and fail", flow: "  - Name: A\n    Type: Choice\n    Branches:\n      - {Condition: '$Input.n > 3', Next: B}\n    Default: C\n  - {Name: B, Type: Fail, Code: TooMuch, Detail: more than 3, OutputConstructor: {n.$: $Input.n}}\n  - {Name: C, Type: Succeed}\n",
			input: `{"n":4}`, status: "Failed", output: `{"n":4}`, code: "TooMuch",
		},
		{
			name: "choice default", flow: "  - Name: A\n    Type: Choice\n    Branches:\n      - {Condition: '$Input.n > 3', Next: B}\n    Default: C\n  - {Name: B, Type: Fail, Code: TooMuch}\n  - {Name: C, Type: Succeed}\n",
			input: `{"n":3}`, status: "Succeeded", output: `{"n":3}`,
		},
		{
			name: "map keeps order", flow: "  - Name: A\n    Type: Map\n    ItemsPath: $Input.list\n    Processor:\n      StartAt: I\n      States:\n        - {Name: I, Type: Pass, OutputConstructor: {v.$: $Input.k}, End: true}\n    End: true\n",
			input: `{"list":[{"k":3},{"k":1},{"k":2}]}`, status: "Succeeded", output: `{"Items":[{"v":3},{"v":1},{"v":2}]}`,
		},
		{
			name: "map refuses scalars", flow: "  - Name: A\n    Type: Map\n    ItemsPath: $Input.list\n    Processor:\n      StartAt: I\n      States:\n        - {Name: I, Type: Succeed}\n    End: true\n",
			input: `{"list":[1]}`, status: "Failed", code: errDataLimit,
		},
		{
			name: "parallel", flow: "  - Name: A\n    Type: Parallel\n    Branches:\n      - StartAt: X\n        States:\n          - {Name: X, Type: Pass, OutputConstructor: {x: 1}, End: true}\n      - StartAt: Y\n        States:\n          - {Name: Y, Type: Pass, OutputConstructor: {y.$: $Input.n}, End: true}\n    End: true\n",
			input: `{"n":9}`, status: "Succeeded", output: `{"Branch0":{"x":1},"Branch1":{"y":9}}`,
		},
		{name: "missing path is loud", flow: "  - {Name: A, Type: Pass, OutputConstructor: {x.$: $Input.nope}, End: true}\n", input: `{}`, status: "Failed", code: errExpression},
		{
			name: "error of FC is caught by name", flow: call("    Catch:\n      - {Errors: [FC.FunctionNotFound], OutputConstructor: {why.$: $Context.Current.Error.Code, n.$: $Input.n}, Next: B}\n    End: true\n  - {Name: B, Type: Succeed}\n"),
			input: `{"n":1}`, status: "Succeeded", output: `{"n":1,"why":"FC.FunctionNotFound"}`,
		},
		{
			name: "function error is no success", flow: call("    End: true\n"), input: `{"n":1}`,
			fn: func(map[string]any, int) InvocationResult {
				return InvocationResult{ErrorType: "UnhandledInvocationError", Body: []byte(`{"errorMessage":"boom"}`)}
			}, status: "Failed", code: "FC.UnhandledInvocationError",
		},
		{
			name: "global travels", flow: "  - {Name: A, Type: Pass, GlobalConstructor: {g.$: $Output.n}, OutputConstructor: {}, Next: B}\n  - {Name: B, Type: Pass, OutputConstructor: {g.$: $Global.g}, End: true}\n",
			input: `{"n":5}`, status: "Succeeded", output: `{"g":5}`,
		},
		{
			name: "64 KiB", flow: "  - {Name: A, Type: Pass, OutputConstructor: {a.$: '[$Input.s, $Input.s]'}, End: true}\n",
			input: `{"s":"` + strings.Repeat("x", 40<<10) + `"}`, status: "Failed", code: errDataLimit,
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := &stage{functions: map[string]func(map[string]any, int) InvocationResult{}}
			if tc.fn != nil {
				s.functions["fn"] = tc.fn
			}
			x := newService(t, s).runFlow(t, flowOf(tc.flow), tc.input)
			if x.status != tc.status || x.code != tc.code || (tc.output != "" && x.output != tc.output) {
				t.Errorf("%s %s (%s: %s)\nwant %s %s (%s)", x.status, x.output, x.code, x.detail, tc.status, tc.output, tc.code)
			}
		})
	}
}

func TestRetryPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{}
		s.functions = map[string]func(map[string]any, int) InvocationResult{"fn": func(_ map[string]any, try int) InvocationResult {
			if try < 4 {
				return InvocationResult{Code: "ResourceThrottled", Message: "busy"}
			}
			return answer(map[string]any{"ok": true})
		}}
		svc := New(Options{Invoker: s, Roles: s, Authorizer: s})
		defer svc.Close()
		begin := time.Now()
		x := svc.runFlow(t, flowOf(`  - Name: A
    Type: Task
    Action: FC:InvokeFunction
    Parameters: {resourceArn: acs:fc:::functions/fn/LATEST, invocationType: Sync, body: {}}
    Retry:
      - {Errors: [FC.ResourceThrottled], Description: busy, MaxAttempts: 4, IntervalSeconds: 2, BackoffRate: 2, MaxBackoffSeconds: 6}
    OutputConstructor: {tries.$: $Context.Current.RetryCount}
    End: true
`), `{}`)
		if x.output != `{"tries":4}` {
			t.Errorf("%s %s %s", x.status, x.output, x.detail)
		}
		if got, want := time.Since(begin), (2+4+6+6)*time.Second; got != want {
			t.Errorf("paused %v, want %v", got, want)
		}
	})
}

func TestCallback(t *testing.T) {
	t.Parallel()
	flow := flowOf(`  - Name: A
    Type: Task
    Action: FC:InvokeFunction
    TaskMode: WaitForCustomCallback
    Timeout: 60
    Parameters: {resourceArn: acs:fc:::functions/ask/LATEST, invocationType: Sync, body: {token.$: $Context.Current.TaskToken}}
    OutputConstructor: {decision.$: $Output.decision}
    Catch:
      - {Errors: [FnF.ALL], OutputConstructor: {decision.$: $Context.Current.Error.Code}, Next: B}
    End: true
  - {Name: B, Type: Succeed}
`)
	for _, tc := range []struct{ name, want string }{
		{"succeeded", `{"decision":"approved"}`}, {"failed", `{"decision":"NotNow"}`}, {"nobody answers", `{"decision":"` + errTimeout + `"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				token := make(chan string, 1)
				s := &stage{functions: map[string]func(map[string]any, int) InvocationResult{"ask": func(b map[string]any, _ int) InvocationResult {
					token <- b["token"].(string)
					return answer(map[string]any{})
				}}}
				svc := New(Options{Invoker: s, Roles: s, Authorizer: s})
				defer svc.Close()
				x, gerr := svc.start(startOptions{account: "1", flow: svc.mustCreate(t, flow), name: "run", input: `{}`})
				if gerr != nil {
					t.Fatal(gerr)
				}
				tok := <-token
				if _, err := svc.reportTask("2", tok, report{}); err == nil {
					t.Error("another account answered")
				}
				var id int
				var err *gateway.Error
				last := "TaskTimedOut"
				switch tc.name {
				case "succeeded":
					last = "TaskSucceeded"
					id, err = svc.reportTask("1", tok, report{output: map[string]any{"decision": "approved"}})
				case "failed":
					last = "TaskFailed"
					id, err = svc.reportTask("1", tok, report{err: failf("NotNow", "")})
				}
				if err != nil {
					t.Fatal(err)
				}
				<-x.done
				want := []string{"ExecutionStarted", "StepEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted", last}
				var got []string
				for _, e := range x.events[:len(want)] {
					got = append(got, e.Type)
				}
				if d := cmp.Diff(want, got); d != "" || id != 0 && id != len(want) {
					t.Errorf("event %d of the answer; %s", id, d)
				}
				if x.output != tc.want {
					t.Errorf("%s %s %s, want %s", x.status, x.output, x.detail, tc.want)
				}
				if _, err := svc.reportTask("1", tok, report{}); err == nil {
					t.Error("a used token was taken again")
				}
			})
		})
	}
}

// TestAnswerBeforeTheInvocationReturns: a function may report its task before it has answered itself.
func TestAnswerBeforeTheInvocationReturns(t *testing.T) {
	t.Parallel()
	var svc *Service
	s := &stage{functions: map[string]func(map[string]any, int) InvocationResult{"ask": func(b map[string]any, _ int) InvocationResult {
		if id, err := svc.reportTask("1", b["token"].(string), report{output: map[string]any{"n": 1.0}}); err != nil || id != 6 {
			t.Errorf("event %d, %v", id, err)
		}
		return answer(map[string]any{})
	}}}
	svc = newService(t, s)
	x := svc.runFlow(t, flowOf("  - {Name: A, Type: Task, Action: FC:InvokeFunction, TaskMode: WaitForCustomCallback, Timeout: 60, Parameters: {resourceArn: acs:fc:::functions/ask/LATEST, invocationType: Sync, body: {token.$: $Context.Current.TaskToken}}, End: true}\n"), `{}`)
	var got []string
	for _, e := range x.events[2:6] {
		got = append(got, e.Type)
	}
	if d := cmp.Diff([]string{"TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"}, got); d != "" || x.output != `{"n":1}` {
		t.Errorf("%s %s", x.output, d)
	}
}

// TestSizesCountWhatIsThere: characters that JSON encoders like to escape count as they are.
func TestSizesCountWhatIsThere(t *testing.T) {
	t.Parallel()
	s := &stage{functions: map[string]func(map[string]any, int) InvocationResult{"fn": func(b map[string]any, _ int) InvocationResult { return answer(b) }}}
	flow := flowOf("  - {Name: A, Type: Task, Action: FC:InvokeFunction, Parameters: {resourceArn: acs:fc:::functions/fn/LATEST, invocationType: Sync, body: {n.$: length($Input.text), tag: <a&b>}}, OutputConstructor: {text.$: $Input.text, n.$: $Output.Body.n}, End: true}\n")
	text := strings.Repeat("<", 60_000)
	x := newService(t, s).runFlow(t, flow, `{"text":"`+text+`"}`)
	if want := `{"n":60000,"text":"` + text + `"}`; x.status != "Succeeded" || x.output != want {
		t.Errorf("%s %s %.100s", x.status, x.detail, x.output)
	}
	if want := `{"n":60000,"tag":"<a&b>"}`; s.payloads[0] != want {
		t.Errorf("payload %s, want %s", s.payloads[0], want)
	}
}

// TestCatchWithoutOutput: the choice of catchInput, where a flow does not say what the next state gets; and a callback
// without a Timeout is waited for.
func TestCatchWithoutOutput(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := newService(t, &stage{})
		x := svc.runFlow(t, flowOf("  - {Name: A, Type: Task, Action: FC:InvokeFunction, Parameters: {resourceArn: acs:fc:::functions/none/LATEST, invocationType: Sync}, Catch: [{Errors: [FnF.ALL], Next: B}], Next: B}\n  - {Name: B, Type: Succeed}\n"), `{}`)
		if x.output != `{"Code":"FC.FunctionNotFound","Detail":"no none"}` {
			t.Errorf("%s %s", x.status, x.output)
		}
		s := &stage{functions: map[string]func(map[string]any, int) InvocationResult{"ask": func(map[string]any, int) InvocationResult { return answer(nil) }}}
		svc = newService(t, s)
		text := flowOf("  - {Name: A, Type: Task, Action: FC:InvokeFunction, TaskMode: WaitForCustomCallback, Parameters: {resourceArn: acs:fc:::functions/ask/LATEST, invocationType: Sync, body: {t.$: $Context.Current.TaskToken}}, End: true}\n")
		waits, err := svc.start(startOptions{account: "1", flow: svc.mustCreate(t, text), input: `{}`})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * 24 * time.Hour)
		if waits.ended() {
			t.Errorf("%s after a month", waits.view().Status)
		}
	})
}

// TestNoRole: whatever a task calls, the flow must have a role.
func TestNoRole(t *testing.T) {
	t.Parallel()
	svc := newService(t, &stage{})
	for _, action := range []string{
		"HTTP:Request, Parameters: {url: 'http://127.0.0.1:1/', method: GET}",
		"FC:InvokeFunction, Parameters: {resourceArn: acs:fc:::functions/fn/LATEST, invocationType: Sync}",
		"FNF:StartExecution, Parameters: {resourceArn: acs:fnf:::flow/f}",
	} {
		text := flowOf("  - {Name: A, Type: Task, End: true, Action: " + action + "}\n")
		c := &gateway.Call{Caller: auth.Caller{AccountID: "1"}, Params: map[string][]string{"Name": {"f"}, "Definition": {text}, "Description": {"d"}, "Type": {"FDL"}}}
		if _, err := svc.createFlow(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		x, gerr := svc.start(startOptions{account: "1", flow: "f", input: `{}`})
		if gerr != nil {
			t.Fatal(gerr)
		}
		if <-x.done; x.status != "Failed" || x.code != "AccessDenied" {
			t.Errorf("%s: %s %s", action, x.status, x.code)
		}
		if _, err := svc.deleteFlow(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
}

func TestIdempotentByName(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	s := &stage{functions: map[string]func(map[string]any, int) InvocationResult{"fn": func(map[string]any, int) InvocationResult {
		<-gate
		return answer(map[string]any{})
	}}}
	svc := newService(t, s)
	name := svc.mustCreate(t, flowOf("  - Name: A\n    Type: Task\n    Action: FC:InvokeFunction\n    Parameters: {resourceArn: acs:fc:::functions/fn/LATEST, invocationType: Sync, body: {}}\n    End: true\n"))
	a, _ := svc.start(startOptions{account: "1", flow: name, name: "same", input: "{}"})
	b, err := svc.start(startOptions{account: "1", flow: name, name: "same", input: "{}"})
	if err != nil || a != b {
		t.Errorf("second start of a running execution: %v, same = %v", err, a == b)
	}
	close(gate)
	<-a.done
	if _, err := svc.start(startOptions{account: "1", flow: name, name: "same", input: "{}"}); err == nil || err.Code != "ExecutionAlreadyExists" {
		t.Errorf("start of an ended execution: %v, want ExecutionAlreadyExists", err)
	}
	if _, err := svc.start(startOptions{account: "1", flow: name, name: "9 lives", input: "{}"}); err == nil || err.Code != "InvalidArgument" {
		t.Errorf("bad name: %v", err)
	}
	if _, err := svc.start(startOptions{account: "1", flow: name, name: "", input: "[1]"}); err == nil || err.Code != "InvalidArgument" {
		t.Errorf("input that is no object: %v", err)
	}
	if _, err := svc.start(startOptions{account: "1", flow: "none", name: "", input: "{}"}); err == nil || err.Code != "FlowNotExists" {
		t.Errorf("unknown flow: %v", err)
	}
}

func TestEventLimitEndsALoop(t *testing.T) {
	t.Parallel()
	x := newService(t, &stage{}).runFlow(t, flowOf("  - {Name: A, Type: Pass, Next: B}\n  - {Name: B, Type: Pass, Next: A}\n"), `{}`)
	if x.status != "Failed" || x.code != errEventLimit {
		t.Errorf("%s %s", x.status, x.code)
	}
}

func TestHistoryNamesSteps(t *testing.T) {
	t.Parallel()
	x := newService(t, &stage{}).runFlow(t, flowOf("  - {Name: A, Type: Pass, Next: B}\n  - {Name: B, Type: Succeed}\n"), `{}`)
	var got []string
	for _, e := range x.events {
		got = append(got, strings.TrimSpace(e.Type+" "+e.StepName))
	}
	want := []string{"ExecutionStarted", "StepEntered A", "StepSucceeded A", "StepExited A", "StepEntered B", "StepSucceeded B", "StepExited B", "ExecutionSucceeded"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestProblemsNameTheirLine(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"empty", "", "line 1, column 1: the definition is empty"},
		{"old language", "version: v1\ntype: flow\nsteps: []\n", "line 1, column 1: this is the old flow definition language"},
		{"unknown field", flowOf("  - {Name: A, Type: Pass, End: true, Nxt: B}\n"), "line 6, column 38: unknown field Nxt on a state of type Pass"},
		{"wrong type", flowOf("  - {Name: A, Type: Loop, End: true}\n"), `line 6, column 5: unknown state type "Loop"`},
		{"bad target", flowOf("  - {Name: A, Type: Pass, Next: Z}\n"), `A leads to "Z", and there is no such state`},
		{"no way on", flowOf("  - {Name: A, Type: Pass}\n"), "A needs Next"},
		{"unreachable", flowOf("  - {Name: A, Type: Pass, End: true}\n  - {Name: B, Type: Succeed}\n"), "line 7, column 5: no path leads to B"},
		{"twice", flowOf("  - {Name: A, Type: Pass, Next: A}\n  - {Name: A, Type: Succeed}\n"), "two states are named A"},
		{"bad expression", flowOf("  - {Name: A, Type: Pass, OutputConstructor: {x.$: 'Input.x'}, End: true}\n"), `unknown name "Input"`},
		{"output in parameters", flowOf("  - Name: A\n    Type: Task\n    Action: FC:InvokeFunction\n    Parameters: {resourceArn: acs:fc:::functions/f/LATEST, invocationType: Sync, body: {x.$: $Output.y}}\n    End: true\n"), "Parameters of A uses $Output"},
		{"function in condition", flowOf("  - Name: A\n    Type: Choice\n    Branches:\n      - {Condition: 'length($Input.x) > 1', Next: B}\n    Default: B\n  - {Name: B, Type: Succeed}\n"), "conditions take no functions"},
		{"unknown function", flowOf("  - {Name: A, Type: Pass, OutputConstructor: {x.$: toJson($Input)}, End: true}\n"), "calls toJson, which is no documented function"},
		{"retry without attempts", flowOf("  - Name: A\n    Type: Map\n    ItemsPath: $Input.l\n    Processor: {StartAt: I, States: [{Name: I, Type: Succeed}]}\n    Retry: [{Errors: [FnF.ALL], Description: d, IntervalSeconds: 1}]\n    End: true\n"), "a Retry rule needs MaxAttempts"},
		{"callback without timeout", flowOf("  - Name: A\n    Type: Task\n    Action: FC:InvokeFunction\n    TaskMode: WaitForCustomCallback\n    Parameters: {resourceArn: acs:fc:::functions/f/LATEST, invocationType: Sync}\n    End: true\n"), "it could wait for ever"},
		{"action of an absent service", flowOf("  - Name: A\n    Type: Task\n    Action: MNS:SendMessage\n    End: true\n"), `line 8, column 13: A: action "MNS:SendMessage" is not emulated: this cloud has no Message Service`},
		{"action of EventBridge", flowOf("  - Name: A\n    Type: Task\n    Action: EventBridge:PutEvents\n    End: true\n"), `line 8, column 13: A: action "EventBridge:PutEvents" is not emulated: this cloud has no EventBridge`},
		{"no action", flowOf("  - Name: A\n    Type: Task\n    Action: DescribeInstances\n    End: true\n"), `line 8, column 13: A: action "DescribeInstances" is not {product}:{operation}`},
		{"OpenAPI action that waits", flowOf("  - Name: A\n    Type: Task\n    Action: ECS:DescribeInstances\n    TaskMode: WaitForCustomCallback\n    Timeout: 9\n    End: true\n"), `line 9, column 15: ECS:DescribeInstances does not support TaskMode "WaitForCustomCallback"`},
		{"timeout that is no number", flowOf("  - Name: A\n    Type: Task\n    Action: HTTP:Request\n    Timeout: 10s\n    End: true\n"), "line 9, column 14: it is 10s; 0 to 604800 seconds are allowed"},
		{"no YAML", "Type: StateMachine\nStates:\n  - a: b: c\n", "line 3, column 9: not YAML: mapping values are not allowed"},
		{"next outside its scope", flowOf("  - Name: A\n    Type: Map\n    ItemsPath: $Input.l\n    Processor: {StartAt: I, States: [{Name: I, Type: Pass, Next: B}]}\n    Next: B\n  - {Name: B, Type: Succeed}\n"), `I leads to "B", and there is no such state in this scope`},
		{"alias", "Type: StateMachine\nStates: &a [*a]\n", "line 2, column 13: whether definitions may use YAML aliases"},
		{"wait too long", flowOf("  - {Name: A, Type: Wait, Seconds: 301, End: true}\n"), "301 is not between 1 and 300"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var all []string
			for _, p := range Check(tc.text, nil) {
				all = append(all, p.Error())
			}
			if !slices.ContainsFunc(all, func(s string) bool { return strings.Contains(s, tc.want) }) {
				t.Errorf("problems:\n%s\nwant one with %q", strings.Join(all, "\n"), tc.want)
			}
		})
	}
}

func TestShippedFlowsAreSound(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../workflows/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("../../workflows/playbooks/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if files = append(files, more...); len(files) < 7 {
		t.Fatalf("found %d flows", len(files))
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if d, _ := Parse(string(text)); d != nil && d.Name != strings.TrimSuffix(filepath.Base(f), ".yaml") {
			t.Errorf("%s is named %s", f, d.Name)
		}
		known := func(fn string) bool {
			_, err := os.Stat(filepath.Join("../../functions", fn))
			return err == nil
		}
		for _, p := range Check(string(text), known) {
			t.Errorf("%s: %v", f, p)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(flowOf("  - {Name: A, Type: Pass, End: true}\n"))
	f.Add("Type: StateMachine\nStates: [1, {Type: Map}]\n")
	f.Add("a: &a [*a]\n")
	f.Add("{\"Type\": \"StateMachine\" \"States\": []}")
	f.Add("Type: StateMachine\nStates: [\n---\n\tx: *y\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		lines := strings.Count(s, "\n") + strings.Count(s, "\r") + strings.Count(s, "\u0085") + strings.Count(s, "\u2028") + strings.Count(s, "\u2029")
		for _, p := range Check(s, nil) {
			if p.Line < 1 || p.Column < 1 || p.Line > lines+2 || p.Message == "" {
				t.Errorf("%q: a problem at %d:%d: %q", s, p.Line, p.Column, p.Message)
			}
		}
	})
}
