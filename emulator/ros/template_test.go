package ros

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const head = "ROSTemplateFormatVersion: '2015-09-01'\n"

// attach is a small valid resource; %s stands for its role name.
func attachTo(id, role string) string {
	return "  " + id + ":\n    Type: ALIYUN::RAM::AttachPolicyToRole\n    Properties: {PolicyType: System, PolicyName: p, RoleName: " + role + "}\n"
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body, code, path string
		line                   int
	}{
		{"no version", "Resources: {}\n", codeVersion, "ROSTemplateFormatVersion", 1},
		{"wrong version", "ROSTemplateFormatVersion: '2010-09-09'\n", codeVersion, "ROSTemplateFormatVersion", 1},
		{"unknown section", head + "Rules: {}\n", codeSection, "Rules", 2},
		{"not a mapping", "- a\n", codeSchema, "Template", 0},
		{"broken", "a: [", codeSchema, "Template", 0},
		{"alias", head + "Metadata: &a {x: 1}\nDescription: *a\n", codeSchema, "Template.Description", 3},
		{"twice", head + "Metadata: {a: 1, a: 2}\n", codeSchema, "Template.Metadata", 2},
		{"unknown type", head + "Resources: {R: {Type: ALIYUN::ECS::Instance}}\n", codeValidation, "Resources.R.Type", 2},
		{"unknown property", head + "Resources:\n" + attachTo("R", "r, Colour: red"), codeValidation, "Resources.R.Properties.Colour", 5},
		{"missing property", head + "Resources:\n  R: {Type: 'ALIYUN::RAM::AttachPolicyToRole', Properties: {PolicyType: System, PolicyName: p}}\n", codeValidation, "Resources.R.Properties.RoleName", 3},
		{"wrong value", head + "Resources:\n  R: {Type: 'ALIYUN::RAM::AttachPolicyToRole', Properties: {PolicyType: Odd, PolicyName: p, RoleName: r}}\n", codePropertyType, "Resources.R.Properties.PolicyType", 3},
		{"list for text", head + "Resources:\n" + attachTo("R", "[a]"), codePropertyType, "Resources.R.Properties.RoleName", 5},
		{"unknown function", head + "Resources:\n" + attachTo("R", "{'Fn::Jq': [a, b]}"), codeSchema, "Resources.R.Properties.RoleName", 5},
		{"unknown short function", head + "Resources:\n" + attachTo("R", "!Jq [a, b]"), codeSchema, "Resources.R.Properties.RoleName", 5},
		{"function beside keys", head + "Resources:\n" + attachTo("R", "{'Fn::Join': ['', []], a: b}"), codeSchema, "Resources.R.Properties.RoleName", 5},
		{"unknown reference", head + "Resources:\n" + attachTo("R", "{Ref: Nobody}"), codeReference, "Resources.R.Properties.RoleName.Ref", 5},
		{"unknown attribute", head + "Resources:\n" + attachTo("R", "{'Fn::GetAtt': [S, Arn]}") + attachTo("S", "s"), codeAttribute, "Resources.R.Properties.RoleName.Fn::GetAtt", 5},
		{"unknown name in Sub", head + "Resources:\n" + attachTo("R", "{'Fn::Sub': 'x${Nobody}'}"), codeReference, "Resources.R.Properties.RoleName.Fn::Sub", 5},
		{"open Sub", head + "Resources:\n" + attachTo("R", "{'Fn::Sub': 'x${'}"), codeSchema, "Resources.R.Properties.RoleName.Fn::Sub", 5},
		{"arguments", head + "Resources:\n" + attachTo("R", "{'Fn::Join': [',']}"), codeSchema, "Resources.R.Properties.RoleName", 5},
		{"cycle", head + "Resources:\n" + attachTo("R", "{Ref: S}") + attachTo("S", "{Ref: R}"), codeCircular, "Resources.R", 4},
		{"itself", head + "Resources:\n" + attachTo("R", "{Ref: R}"), codeCircular, "Resources.R", 4},
		{"unknown condition", head + "Resources:\n  R: {Type: 'ALIYUN::RAM::AttachPolicyToRole', Condition: C, Properties: {PolicyType: System, PolicyName: p, RoleName: r}}\n", codeReference, "Resources.R", 3},
		{"unknown dependency", head + "Resources:\n  R: {Type: 'ALIYUN::RAM::AttachPolicyToRole', DependsOn: X, Properties: {PolicyType: System, PolicyName: p, RoleName: r}}\n", codeReference, "Resources.R.DependsOn", 3},
		{"odd condition", head + "Conditions: {C: {'Fn::Join': [a, []]}}\n", codeSchema, "Conditions.C", 2},
		{"parameter type", head + "Parameters: {P: {Type: Colour}}\n", codeSchema, "Parameters.P.Type", 2},
		{"parameter attribute", head + "Parameters: {P: {Type: String, Colour: red}}\n", codeSchema, "Parameters.P.Colour", 2},
		{"output without value", head + "Outputs: {O: {Description: x}}\n", codeSchema, "Outputs.O", 2},
		{"too long", head + "Description: '" + strings.Repeat("x", maxTemplate) + "'\n", codeSchema, "Template", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := ParseTemplate(tt.body)
			var got *TemplateError
			if !errors.As(err, &got) {
				t.Fatalf("error = %v", err)
			}
			if got.Code != tt.code || got.Path != tt.path || got.Line != tt.line {
				t.Errorf("got %s %s line %d (%s), want %s %s line %d", got.Code, got.Path, got.Line, got.Message, tt.code, tt.path, tt.line)
			}
		})
	}
}

func TestEval(t *testing.T) {
	t.Parallel()
	const body = head + `
Parameters:
  Name: {Type: String, Default: n}
  List: {Type: CommaDelimitedList, Default: 'a, b,c'}
  Number: {Type: Number, Default: 30}
  Json: {Type: Json, Default: {k: [1, true]}}
Mappings: {M: {cn-hangzhou: {x: 7}}}
Conditions:
  Yes: {'Fn::Equals': [{Ref: Number}, '30']}
  No: {'Fn::Not': [Yes]}
  Both: {'Fn::And': [Yes, {'Fn::Or': [No, Yes]}]}
Outputs:
  Ref: {Value: {Ref: Name}}
  Sub: {Value: {'Fn::Sub': ['${Name}-${Own}-${!Name}-${ALIYUN::Region}', {Own: {Ref: Number}}]}}
  Join: {Value: !Join ['+', !Ref List]}
  Select: {Value: {'Fn::Select': ['2', {Ref: List}]}}
  Find: {Value: {'Fn::FindInMap': [M, {Ref: 'ALIYUN::Region'}, x]}}
  If: {Value: {'Fn::If': [Both, {a: {Ref: 'ALIYUN::NoValue'}, b: [1, {Ref: 'ALIYUN::NoValue'}]}, x]}}
  Json: {Value: {Ref: Json}}
  Date: {Value: 2015-09-01}
  Hidden: {Condition: No, Value: x}
`
	p, err := prepare(body, nil, &stack{account: "1", region: "cn-hangzhou", name: "s", id: "i"})
	if err != nil {
		t.Fatal(err)
	}
	list, err := p.outputs()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]any{}
	for _, o := range list {
		got[o.key] = o.value
	}
	want := map[string]any{
		"Ref": "n", "Sub": "n-30-${Name}-cn-hangzhou", "Join": "a+b+c", "Select": "c", "Find": 7,
		"If": map[string]any{"b": []any{1}}, "Json": map[string]any{"k": []any{1.0, true}}, "Date": "2015-09-01",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParameters(t *testing.T) {
	t.Parallel()
	const body = head + `
Parameters:
  S: {Type: String, AllowedPattern: 'a+', MinLength: 2, MaxLength: 3, NoEcho: true}
  N: {Type: Number, MinValue: 1, MaxValue: 9, Default: 5}
  B: {Type: Boolean, Default: true}
  C: {Type: String, AllowedValues: [x, y], Default: x}
  J: {Type: Json, Default: '{}'}
`
	for _, tt := range []struct{ key, value, code string }{
		{"S", "aa", ""},
		{"S", "a", codeValidation},
		{"S", "aaaa", codeValidation},
		{"S", "ab", codeValidation},
		{"N", "9", ""},
		{"N", "10", codeValidation},
		{"N", "NaN", codeValidation},
		{"N", "x", codeValidation},
		{"B", "False", ""},
		{"B", "maybe", codeValidation},
		{"C", "y", ""},
		{"C", "z", codeValidation},
		{"J", "[1]", ""},
		{"J", "{", codeValidation},
		{"X", "", codeUnknownParam},
	} {
		given := []parameterValue{{tt.key, tt.value}}
		if tt.key != "S" {
			given = append(given, parameterValue{"S", "aaa"})
		}
		_, err := prepare(body, given, &stack{})
		var e *TemplateError
		if errors.As(err, &e) != (tt.code != "") || tt.code != "" && e.Code != tt.code {
			t.Errorf("%s=%q: %v, want %q", tt.key, tt.value, err, tt.code)
		}
		if tt.key == "S" && err != nil && strings.Contains(err.Error(), `"`+tt.value) {
			t.Errorf("the error repeats a secret: %v", err)
		}
	}
	if _, err := prepare(body, nil, &stack{}); err == nil {
		t.Error("a parameter without default is not required")
	}
}

// TestConditionCycle: conditions that name each other end in an error, not in endless recursion.
func TestConditionCycle(t *testing.T) {
	t.Parallel()
	_, err := prepare(head+"Conditions: {A: {'Fn::Not': [B]}, B: {'Fn::Not': [A]}}\nOutputs: {O: {Condition: A, Value: x}}\n", nil, &stack{})
	if err != nil {
		t.Fatal(err) // conditions are evaluated when they are needed
	}
	p, err := prepare(head+"Conditions: {A: {'Fn::Not': [B]}, B: {'Fn::Not': [A]}}\nResources:\n"+
		"  R: {Type: 'ALIYUN::RAM::AttachPolicyToRole', Condition: A, Properties: {PolicyType: System, PolicyName: p, RoleName: r}}\n", nil, &stack{})
	var e *TemplateError
	if !errors.As(err, &e) || e.Code != codeCircular {
		t.Errorf("plan %v, error %v", p, err)
	}
}

func FuzzParseTemplate(f *testing.F) {
	for _, seed := range []string{
		head, head + "Resources:\n" + attachTo("R", "!Sub '${ALIYUN::Region}'"),
		`{"ROSTemplateFormatVersion":"2015-09-01","Parameters":{"P":{"Type":"Number","Default":1}},"Outputs":{"O":{"Value":{"Ref":"P"}}}}`,
		head + "Conditions: {C: {'Fn::Equals': [1, '1']}}\nOutputs: {O: {Value: !If [C, !Select [0, [1]], !GetAtt a.b]}}\n",
		head + "Outputs: {O: {Value: {'Fn::Join': [',', {Ref: 'ALIYUN::NoValue'}]}}}\n", "a: &a [*a]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		p, err := prepare(body, nil, &stack{account: "1", region: "r", name: "s", id: "i"})
		if err != nil {
			var e *TemplateError
			if !errors.As(err, &e) {
				t.Fatalf("not a TemplateError: %v", err)
			}
			return
		}
		for _, r := range p.order {
			_, _ = p.properties(r)
		}
		_, _ = p.outputs()
	})
}

func BenchmarkParseTemplate(b *testing.B) {
	body := head + "Resources:\n" + attachTo("R", "{'Fn::Sub': 'a-${ALIYUN::Region}'}") + attachTo("S", "{Ref: R}")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseTemplate(body); err != nil {
			b.Fatal(err)
		}
	}
}
