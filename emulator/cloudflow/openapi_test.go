package cloudflow

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// office is a product with one operation in two versions.
type office struct {
	caller  auth.Caller
	version string
	params  map[string]string
	refuse  *gateway.Error
}

func (o *office) Versions(product, operation string) []string {
	if strings.EqualFold(product, "Ecs") && operation == "DescribeInstances" {
		return []string{"2011-01-01", "2014-05-26"}
	}
	return nil
}

func (o *office) Do(_ context.Context, caller auth.Caller, version, _ string, params map[string]string) (map[string]any, *gateway.Error) {
	o.caller, o.version, o.params = caller, version, maps.Clone(params)
	if o.refuse != nil {
		return nil, o.refuse
	}
	return map[string]any{"RequestId": "r", "TotalCount": json.Number("2")}, nil
}

const ecsFlow = `
  - Name: A
    Type: Task
    Action: ECS:DescribeInstances
    Parameters:
      PageSize: 10
      DryRun: false
      Tag: [{Key: env, Value.$: $Input.env}]
    OutputConstructor: {n.$: 'intAdd($Output.TotalCount, 1)'}
    Catch:
      - {Errors: [ECS.Forbidden.RAM], Description: d, OutputConstructor: {code.$: $Context.Current.Error.Code}, Next: B}
    End: true
  - {Name: B, Type: Succeed}
`

// TestOpenAPIActions: the request is made with the flow's role, the newest version and the API's own names; the answer is
// the output, and what refuses it can be caught.
func TestOpenAPIActions(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		refuse *gateway.Error
		assume Assumptions
		want   string
		region string
	}{
		"answer":     {nil, Assumptions{}, `{"n":3}`, "cn-hangzhou"},
		"refusal":    {gateway.Errorf(403, "Forbidden.RAM", "no"), Assumptions{}, `{"code":"ECS.Forbidden.RAM"}`, "cn-hangzhou"},
		"another":    {nil, Assumptions{APIRegion: func(string) string { return "cn-beijing" }}, `{"n":3}`, "cn-beijing"},
		"error name": {gateway.Errorf(403, "X", "no"), Assumptions{APIErrorName: func(p, _ string) string { return p + ".Forbidden.RAM" }}, `{"code":"ECS.Forbidden.RAM"}`, "cn-hangzhou"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, o := &stage{}, &office{refuse: tt.refuse}
			svc := New(Options{Region: "cn-hangzhou", Invoker: s, Roles: s, Authorizer: s, API: o, Assume: tt.assume})
			t.Cleanup(svc.Close)
			if v := svc.runFlow(t, flowOf(ecsFlow), `{"env":"prod"}`).view(); v.Output != tt.want {
				t.Errorf("%s %s, want %s", v.Status, v.Output, tt.want)
			}
			want := map[string]string{"PageSize": "10", "DryRun": "false", "Tag.1.Key": "env", "Tag.1.Value": "prod", "RegionId": tt.region}
			if d := cmp.Diff(want, o.params); d != "" || o.version != "2014-05-26" || o.caller.Name != "acs:ram::1:role/flow" {
				t.Errorf("version %s, caller %s, parameters (-want +got):\n%s", o.version, o.caller.Name, d)
			}
		})
	}
}

// TestAbsentActions: a flow with an action that this cloud does not have is refused when it is made, by the action's name.
func TestAbsentActions(t *testing.T) {
	t.Parallel()
	s := &stage{}
	for name, tt := range map[string]struct {
		api    API
		action string
		want   string
	}{
		"operation": {&office{}, "ECS:StopTheWorld", `action "ECS:StopTheWorld" of A is not emulated: this cloud has no such operation`},
		"no APIs":   {nil, "ECS:DescribeInstances", `action "ECS:DescribeInstances" of A is not emulated`},
		"MNS":       {&office{}, "MNS:SendMessage", "this cloud has no Message Service"},
		"OSS":       {&office{}, "OSS:PutObject", "this cloud has no Object Storage Service that flows can call"},
	} {
		svc := New(Options{Invoker: s, Roles: s, Authorizer: s, API: tt.api})
		t.Cleanup(svc.Close)
		_, err := svc.compile("f", flowOf("  - {Name: A, Type: Task, Action: '"+tt.action+"', End: true}\n"), "Standard")
		if err == nil || err.Code != "InvalidArgument" || !strings.Contains(err.Message, tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

// TestTargetsOutside: what belongs to another account or region is refused, and so are parameters of the wrong type.
func TestTargetsOutside(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ action, params, want string }{
		"function of another region":  {"FC:InvokeFunction", "{resourceArn: 'acs:fc:cn-beijing::functions/f/LATEST', invocationType: Sync}", "its own account and region only"},
		"function of another account": {"FC:InvokeFunction", "{resourceArn: 'acs:fc::2:functions/f/LATEST', invocationType: Sync}", "its own account and region only"},
		"function of FC 2.0":          {"FC:InvokeFunction", "{resourceArn: 'acs:fc:::services/s.LATEST/functions/f', invocationType: Sync}", "names no function and qualifier"},
		"flow of another region":      {"FNF:StartExecution", "{resourceArn: 'acs:fnf:cn-beijing::flow/f'}", "its own account and region only"},
		"flow of another account":     {"FNF:StartExecution", "{resourceArn: 'acs:fnf::2:flow/f'}", "its own account and region only"},
		"no flow":                     {"FNF:StartExecution", "{resourceArn: 'acs:fnf:::flow/'}", "names no flow"},
		"not a flow's ARN":            {"FNF:StartExecution", "{resourceArn: 'x:flow/f'}", "is not acs:fnf:{region}::flow/{name}"},
		"input that is no object":     {"FNF:StartExecution", "{resourceArn: 'acs:fnf:::flow/f', input: [1]}", "input is an array"},
		"name that is no text":        {"FNF:StartExecution", "{resourceArn: 'acs:fnf:::flow/f', executionName: 7}", "executionName is a number"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			svc := newService(t, &stage{})
			x := svc.runFlow(t, flowOf("  - {Name: A, Type: Task, Action: '"+tt.action+"', Parameters: "+tt.params+", End: true}\n"), `{}`)
			if x.view().Status != "Failed" || x.code != "InvalidArgument" || !strings.Contains(x.detail, tt.want) {
				t.Errorf("%s %s: %s, want %q", x.view().Status, x.code, x.detail, tt.want)
			}
		})
	}
}

// TestTimeoutForms: text and numbers both count; what is neither fails the state instead of meaning for ever.
func TestTimeoutForms(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ timeout, code string }{
		"number":          {"Timeout: 5", errTimeout},
		"text":            {"Timeout: '5'", errTimeout},
		"computed":        {"Timeout.$: $Input.five", errTimeout},
		"computed text":   {"Timeout.$: $Input.text", errTimeout},
		"computed object": {"Timeout.$: $Input", errExpression},
		"below zero":      {"Timeout.$: '-1'", errExpression},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &stage{functions: map[string]func(map[string]any, int) InvocationResult{"fn": func(map[string]any, int) InvocationResult { return answer(map[string]any{}) }}}
				svc := New(Options{Invoker: s, Roles: s, Authorizer: s})
				defer svc.Close()
				began := time.Now()
				x := svc.runFlow(t, flowOf("  - Name: A\n    Type: Task\n    Action: FC:InvokeFunction\n    TaskMode: WaitForCustomCallback\n    "+tt.timeout+
					"\n    Parameters: {resourceArn: acs:fc:::functions/fn/LATEST, invocationType: Sync}\n    End: true\n"), `{"five":5,"text":"5"}`)
				if took := time.Since(began); x.code != tt.code || tt.code == errTimeout && took != 5*time.Second {
					t.Errorf("%s after %v: %s, want %s", x.code, took, x.detail, tt.code)
				}
			})
		})
	}
}

// TestGlobalLimits: a key of $Global has at most 128 bytes, a value 256 KiB.
func TestGlobalLimits(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("k", maxGlobalKey)
	for name, tt := range map[string]struct{ constructor, code string }{
		"longest key": {"{" + long + ": 1}", ""},
		"long key":    {"{" + long + "k: 1}", errDataLimit},
		"long value":  {"{a.$: 'toArray($Input.t, $Input.t, $Input.t, $Input.t, $Input.t)'}", errDataLimit},
		"value":       {"{a.$: 'toArray($Input.t, $Input.t, $Input.t, $Input.t)'}", ""},
	} {
		svc := newService(t, &stage{})
		x := svc.runFlow(t, flowOf("  - {Name: A, Type: Pass, GlobalConstructor: "+tt.constructor+", End: true}\n"), `{"t":"`+strings.Repeat("x", 60<<10)+`"}`)
		if x.code != tt.code {
			t.Errorf("%s: %q %s, want %q", name, x.code, x.detail, tt.code)
		}
	}
}

// TestDeleteFlow: executions stop after the state that they are in, and the name is free at once.
func TestDeleteFlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := New(Options{Invoker: &stage{}, Roles: &stage{}, Authorizer: &stage{}})
		defer svc.Close()
		text := flowOf("  - {Name: A, Type: Wait, Seconds: 60, Next: B}\n  - {Name: B, Type: Wait, Seconds: 60, End: true}\n")
		svc.mustCreate(t, text)
		x, err := svc.start(startOptions{account: "1", flow: "f", name: "x"})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		synctest.Wait()
		if _, code := svc.api(t, "DeleteFlow", "Name", "f"); code != "" {
			t.Fatal(code)
		}
		if _, code := svc.api(t, "DescribeExecution", "FlowName", "f", "ExecutionName", "x"); code != "FlowNotExists" {
			t.Errorf("history of a deleted flow: %q", code)
		}
		svc.mustCreate(t, text)
		<-x.done
		if took := time.Since(began); took != time.Minute {
			t.Errorf("it ran for %v, want the 60 s of its first state", took)
		}
	})
}

// TestRequestLimits: a request of more than 1,024 KiB, a flow beyond the quota, a call without a name.
func TestRequestLimits(t *testing.T) {
	t.Parallel()
	svc := newService(t, &stage{})
	if _, code := svc.api(t, "CreateFlow", "Name", "f", "Description", "d", "Type", "FDL", "Definition", strings.Repeat("#", maxRequest+1)); code != "EntityTooLarge" {
		t.Errorf("a large request: %q", code)
	}
	for _, action := range []string{"DescribeFlow", "DeleteFlow", "UpdateFlow"} {
		if _, code := svc.api(t, action); code != "MissingRequiredParams" {
			t.Errorf("%s without Name: %q", action, code)
		}
	}
	svc.mu.Lock()
	for i := range maxFlows {
		svc.flows[fmt.Sprintf("1/full%d", i)] = &flow{account: "1"}
	}
	svc.mu.Unlock()
	if _, code := svc.api(t, "CreateFlow", "Name", "f", "Description", "d", "Type", "FDL", "Definition", passes("1")); code != "QuotaExceeded" {
		t.Errorf("one flow too many: %q", code)
	}
}

// TestConcurrentExecutions: a flow that starts itself and waits is ended by the limit on executions that run at once.
func TestConcurrentExecutions(t *testing.T) {
	t.Parallel()
	svc := newService(t, &stage{})
	svc.most = 20
	x := svc.runFlow(t, flowOf("  - {Name: A, Type: Task, Action: 'FNF:StartExecution', TaskMode: WaitForSystemCallback, Parameters: {resourceArn: 'acs:fnf:::flow/f'}, End: true}\n"), `{}`)
	if n := len(svc.Executions("1", "f")); x.view().Status != "Failed" || n != 20 {
		t.Errorf("%s with %d executions, want Failed with 20", x.view().Status, n)
	}
	svc.wg.Wait()
	if left := svc.running["1"]; left != 0 {
		t.Errorf("%d executions that have ended count as running", left)
	}
}

// TestEnvironmentOfExecutions: executions show the environment that the flow had at their start; what a flow cannot have is
// refused.
func TestEnvironmentOfExecutions(t *testing.T) {
	t.Parallel()
	svc := newService(t, &stage{})
	const first, second = `{"Variables":[{"Name":"A","Value":"1"}]}`, `{"Variables":[{"Name":"A","Value":"2"}]}`
	for name, mode := range map[string]string{"f": "", "g": "Express"} {
		text := strings.Replace(passes("1"), "Name: f", "Name: "+name, 1)
		if _, code := svc.api(t, "CreateFlow", "Name", name, "Description", "d", "Type", "FDL", "Definition", text, "Environment", first, "ExecutionMode", mode); code != "" {
			t.Fatal(code)
		}
	}
	if _, code := svc.api(t, "StartExecution", "FlowName", "f", "ExecutionName", "x"); code != "" {
		t.Fatal(code)
	}
	if _, code := svc.api(t, "UpdateFlow", "Name", "f", "Environment", second); code != "" {
		t.Fatal(code)
	}
	described, _ := svc.api(t, "DescribeExecution", "FlowName", "f", "ExecutionName", "x")
	answered, _ := svc.api(t, "StartSyncExecution", "FlowName", "g")
	for name, out := range map[string]map[string]any{"standard": described, "express": answered} {
		if text, err := json.Marshal(out["Environment"]); err != nil || string(text) != first {
			t.Errorf("%s: %s %v", name, text, err)
		}
	}
	for name, params := range map[string][]string{
		"storage": {"CreateFlow", "Name", "h", "Description", "d", "Type", "FDL", "Definition", passes("1"), "ExternalStorageLocation", "/b"},
		"type":    {"UpdateFlow", "Name", "f", "Type", "DEFAULT"},
	} {
		if _, code := svc.api(t, params[0], params[1:]...); code != "InvalidArgument" {
			t.Errorf("%s: %q", name, code)
		}
	}
}
