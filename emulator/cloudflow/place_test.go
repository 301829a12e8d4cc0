package cloudflow

import (
	"fmt"
	"strings"
	"testing"
)

// TestBrokenTextNamesItsPlace reads text with one fault each, with both kinds of line ends.
func TestBrokenTextNamesItsPlace(t *testing.T) {
	t.Parallel()
	const head = "Type: StateMachine\nSpecVersion: v1\nName: f\nStartAt: A\n"
	json := "{\n\t\"Type\": \"StateMachine\", \"SpecVersion\": \"v1\", \"Name\": \"f\", \"StartAt\": \"A\",\n\t\"States\": [\n\t\t%s\n\t]\n}\n"
	tests := []struct{ name, text, want string }{
		{"colon in plain text", head + "Description: 说明: 中: 文\nStates: []\n", "5:16: not YAML: mapping values"},
		{"indentation", flowOf("  - Name: A\n    Type: Pass\n   End: true\n"), "8:4: not YAML: did not find expected '-'"},
		{"text after a quoted one", flowOf("  - Name: \"A\" b\n    Type: Pass\n"), "6:3: not YAML: did not find expected key"},
		{"no colon", flowOf("  - Name: A\n    Type Pass\n    End: true\n"), "7:5: not YAML: could not find expected ':'"},
		{"tab", flowOf("  - Name: A\n\t\tType: Pass\n    End: true\n"), "7:1: not YAML: found a tab"},
		{"quote that is not closed", flowOf("  - Name: \"A\n    Type: Pass\n    End: true\n"), "6:3: not YAML: found unexpected end of stream"},
		{"quote that is not closed on line 1", "Type: 'StateMachine\nSpecVersion: v1\n", "1:1: not YAML: found unexpected end of stream"},
		{"brace that is not closed", flowOf("  - Name: A\n    InputConstructor: {a: 1\n    Type: Pass\n"), "7:5: not YAML: did not find expected ',' or '}'"},
		{"brace too many", flowOf("  - {Name: A, Type: Pass}}\n  - {Name: B, Type: Pass}\n"), "6:3: not YAML: did not find expected"},
		{"control character", head + "Description: 中\x01文\n", "5:15: not YAML: control characters"},
		{"escape", head + "Description: \"中\\q文\"\n", "5:16: not YAML: found unknown escape"},
		{"character that begins nothing", flowOf("  - Name: A\n    Type: @Pass\n"), "7:11: not YAML: found character that cannot start"},
		{"alias without anchor", "# *nope\n" + flowOf("  - Name: A\n    Type: *nope\n    End: true\n"), "8:11: not YAML: unknown anchor 'nope'"},
		{"second document", flowOf("  - {Name: A, Type: Succeed}\n---\nName: g\n"), "7:1: a second document begins here"},
		{"broken second document", flowOf("  - {Name: A, Type: Succeed}\n---\nName: [g\n"), "8:1: not YAML: did not find expected ','"},
		{"JSON without a comma", fmt.Sprintf(json, `{"Name": "A" "Type": "Pass"}`), "4:16: not YAML"},
		{"JSON with an unknown field", fmt.Sprintf(json, `{"Name": "A", "Type": "Pass", "Ende": true, "End": true}`), "4:33: unknown field Ende"},
		{"JSON with escapes of its own", fmt.Sprintf(json, `{"Name": "A", "Type": "Succeed", "Description": "\ud83d\ude00 \/ \\/ \\ud83d"}`), ""},
		{"no StartAt", "Type: StateMachine\nSpecVersion: v1\nName: f\nStates:\n  - {Name: A, Type: Succeed}\n", "1:1: there is no StartAt"},
		{"number that JSON does not have", flowOf("  - {Name: A, Type: Pass, End: true, InputConstructor: {n: .nan}}\n"), "6:60: .nan is no number"},
		{"constant and expression", flowOf("  - {Name: A, Type: Wait, Seconds: 1, Seconds.$: $Input.n, End: true}\n"), "6:50: A has both Seconds and Seconds.$"},
		{"target of a Catch", flowOf("  - Name: A\n    Type: Parallel\n    Branches: [{StartAt: B, States: [{Name: B, Type: Succeed}]}]\n    Catch:\n      - {Errors: [FnF.ALL], OutputConstructor: {a: 1}, Next: Z}\n    End: true\n"), `10:62: Catch of A leads to "Z"`},
		{"no Parameters", flowOf("  - {Name: A, Type: Task, Action: FC:InvokeFunction, End: true}\n"), "6:5: A needs Parameters with resourceArn and invocationType"},
		{"parameter that is missing", flowOf("  - {Name: A, Type: Task, Action: HTTP:Request, Parameters: {url.$: $Input.u}, End: true}\n"), "6:61: Parameters of A need method"},
		{"parameter that there is not", flowOf("  - {Name: A, Type: Task, Action: FNF:StartExecution, Parameters: {resourceArn: acs:fnf:::flow/f, name: x}, End: true}\n"), `6:105: A: unknown parameter "name"; there are resourceArn, executionName and input`},
		{"expression for a parameter that there is not", flowOf("  - {Name: A, Type: Task, Action: FC:InvokeFunction, Parameters: {resourceArn: acs:fc:::functions/f/LATEST, invocationType: Sync, boddy.$: $Input}, End: true}\n"), `6:140: A: unknown parameter "boddy"`},
		{"function of FC 2.0", flowOf("  - {Name: A, Type: Task, Action: FC:InvokeFunction, Parameters: {resourceArn: acs:fc:::services/s.q/functions/f, invocationType: Sync}, End: true}\n"), `6:80: A: "acs:fc:::services/s.q/functions/f" names no function and qualifier`},
		{"kind of invocation", flowOf("  - {Name: A, Type: Task, Action: FC:InvokeFunction, Parameters: {resourceArn: acs:fc:::functions/f/LATEST, invocationType: sync}, End: true}\n"), `6:125: A: invocationType is "sync"; it is Sync or Async`},
		{"method", flowOf("  - {Name: A, Type: Task, Action: HTTP:Request, Parameters: {url: 'https://a.b/', method: TRACE}, End: true}\n"), `6:91: A: method is "TRACE"`},
		{"token that nobody gets", flowOf("  - {Name: A, Type: Task, Action: FC:InvokeFunction, TaskMode: WaitForCustomCallback, Timeout: 9, Parameters: {resourceArn: acs:fc:::functions/f/LATEST, invocationType: Sync, body: {t.$: $Context.Execution.Name}}, End: true}\n"), "6:111: A waits for a callback, and its Parameters do not pass"},
		{"token in an object", flowOf("  - {Name: A, Type: Task, Action: FC:InvokeFunction, TaskMode: WaitForCustomCallback, Timeout: 9, Parameters: {resourceArn: acs:fc:::functions/f/LATEST, invocationType: Sync, body: {t.$: $Context.Current}}, End: true}\n"), ""},
		{"fraction", flowOf("  - {Name: A, Type: Wait, Seconds: 1.9, End: true}\n"), "6:36: want a whole number"},
		{"name that no flow can have", strings.Replace(flowOf("  - {Name: A, Type: Succeed}\n"), "Name: f", "Name: 3 f", 1), `3:7: no flow can have the name "3 f"`},
		{"member of the context", flowOf("  - {Name: A, Type: Pass, End: true, OutputConstructor: {a.$: $Context.Execution.ID}}\n"), "6:63: A: $Context.Execution has Name, Input, RoleArn"},
		{"part of the context", flowOf("  - {Name: A, Type: Pass, End: true, InputConstructor: {a.$: 'length($Context.Step)'}}\n"), "6:62: A: $Context has Execution, Current"},
		{"token without a callback", flowOf("  - {Name: A, Type: Pass, End: true, OutputConstructor: {a.$: $Context.Current.TaskToken}}\n"), "6:63: A: there is no $Context.Current.TaskToken at this place"},
		{"error that nobody caught", flowOf("  - {Name: A, Type: Wait, Seconds.$: $Context.Current.Error.Code, End: true}\n"), "6:38: A: there is no $Context.Current.Error at this place"},
		{"output before the work", flowOf("  - {Name: A, Type: Map, ItemsPath: $Context.Current.Output.l, Processor: {StartAt: B, States: [{Name: B, Type: Succeed}]}, End: true}\n"), "6:37: A: there is no $Context.Current.Output at this place"},
		{"all of the context", flowOf("  - {Name: A, Type: Pass, End: true, InputConstructor: {a.$: $Context.Execution.Input.x.y, b.$: $Context.Current, c.$: $Context.Current.Input.Foo, n.$: $Context.Current.RetryCount}, OutputConstructor: {o.$: $Context.Current.Output.x}}\n"), ""},
		{"circle", flowOf("  - {Name: A, Type: Pass, Next: B}\n  - {Name: B, Type: Pass, Next: C}\n  - {Name: C, Type: Pass, Next: B}\n"), "6:5: A leads round in a circle"},
		{"circle in a branch", flowOf("  - Name: A\n    Type: Parallel\n    Branches:\n      - {StartAt: B, States: [{Name: B, Type: Pass, Next: B}]}\n    End: true\n"), "9:31: B leads round in a circle"},
		{"circle with a way out", flowOf("  - Name: A\n    Type: Choice\n    Branches: [{Condition: $Input.n > 1, Next: B}]\n    Default: C\n  - {Name: B, Type: Pass, Next: A}\n  - {Name: C, Type: Succeed}\n"), ""},
		{"rule behind all", flowOf("  - Name: A\n    Type: Parallel\n    Branches: [{StartAt: B, States: [{Name: B, Type: Succeed}]}]\n    Retry:\n      - {Errors: [FnF.ALL], Description: d, MaxAttempts: 1, IntervalSeconds: 1}\n      - {Errors: [FC.Unknown], Description: d, MaxAttempts: 1, IntervalSeconds: 1}\n    End: true\n"), "11:9: a rule of Retry of A stands behind one for FnF.ALL"},
		{"Chinese before an error", flowOf("  - Name: A\n    Type: Choice\n    Branches: [{Condition: '$Input.名字 ~ 1', Next: B}]\n    Default: B\n  - {Name: B, Type: Succeed}\n"), "8:28: unexpected character '~' at character 11 of"},
	}
	for _, tc := range tests {
		for _, ends := range []string{"\n", "\r\n"} {
			t.Run(fmt.Sprintf("%s %q", tc.name, ends), func(t *testing.T) {
				t.Parallel()
				var all []string
				for _, p := range Check(strings.ReplaceAll(tc.text, "\n", ends), nil) {
					all = append(all, fmt.Sprintf("%d:%d: %s", p.Line, p.Column, p.Message))
				}
				if got := strings.Join(all, "\n"); tc.want == "" && got != "" || !strings.HasPrefix(got, tc.want) {
					t.Errorf("problems:\n%s\nwant first %q", got, tc.want)
				}
			})
		}
	}
}
