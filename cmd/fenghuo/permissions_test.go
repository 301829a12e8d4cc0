package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/fenghuo-soc/fenghuo/emulator"
	"github.com/fenghuo-soc/fenghuo/emulator/prover"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

const proverAccount = "1100000000000003"

// TestPermissionsJudge: calls of a role against a running emulator, through its signed interface, and what the command
// says of them. A grant that nothing used and a use that nothing grants each end it with exit code 1.
func TestPermissionsJudge(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		granted, used string // statement of the policy; actions of RAM
		system        string // a system policy of the role
		ok            bool
		want          string
	}{
		"used and granted":       {`"Action":"ram:ListUsers"`, "ListUsers", "", true, "used and not granted\n  nothing\n\nevery grant is used or excused"},
		"granted and never used": {`"Action":["ram:ListUsers","ram:ListGroups"]`, "ListUsers", "", false, "NOT EXCUSED: take it out"},
		"used and not granted":   {`"Action":"ram:ListUsers"`, "ListUsers ListGroups", "", false, "used and not granted\n  member/fenghuo-test  ram:ListGroups"},
		"a pattern of actions":   {`"Action":"ram:List*"`, "ListUsers", "", false, "ram:List*  NOT EXCUSED: it allows more"},
		"all actions but one":    {`"NotAction":"ram:ListGroups"`, "ListUsers", "", false, "* except ram:ListGroups"},
		"a system policy":        {`"Action":"ram:ListUsers"`, "ListUsers", "AliyunLogReadOnlyAccess", false, "log:Get*"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, err := emulator.LoadWorld("empty")
			if err != nil {
				t.Fatal(err)
			}
			s, err := emulator.Start(emulator.Options{World: w})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close(t.Context())
			as := func(k openapi.Credentials) *openapi.Client {
				return openapi.New(openapi.Config{Endpoint: s.Endpoint(), Region: "cn-hangzhou", Account: proverAccount, Credentials: openapi.Static(k)})
			}
			k := s.Operator(proverAccount)
			operator := as(openapi.Credentials{AccessKeyID: k.AccessKeyID, AccessKeySecret: k.AccessKeySecret})
			do := func(action string, form map[string]string) {
				t.Helper()
				if err := operator.Do(t.Context(), openapi.Request{Product: "Ram", Version: "2015-05-01", Action: action, Form: form}, nil); err != nil {
					t.Fatal(err)
				}
			}
			do("CreateRole", map[string]string{"RoleName": "fenghuo-test", "AssumeRolePolicyDocument": `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::` + proverAccount + `:root"]}}]}`})
			do("CreatePolicy", map[string]string{"PolicyName": "p", "PolicyDocument": `{"Version":"1","Statement":[{"Effect":"Allow",` + tt.granted + `,"Resource":"*"}]}`})
			do("AttachPolicyToRole", map[string]string{"PolicyName": "p", "PolicyType": "Custom", "RoleName": "fenghuo-test"})
			if tt.system != "" {
				do("AttachPolicyToRole", map[string]string{"PolicyName": tt.system, "PolicyType": "System", "RoleName": "fenghuo-test"})
			}
			var got struct {
				Credentials struct{ AccessKeyId, AccessKeySecret, SecurityToken string } //nolint:revive // as the answer has it
			}
			if err := operator.Do(t.Context(), openapi.Request{Product: "Sts", Version: "2015-04-01", Action: "AssumeRole", Form: map[string]string{
				"RoleArn": "acs:ram::" + proverAccount + ":role/fenghuo-test", "RoleSessionName": "prover",
			}}, &got); err != nil {
				t.Fatal(err)
			}
			role := as(openapi.Credentials{AccessKeyID: got.Credentials.AccessKeyId, AccessKeySecret: got.Credentials.AccessKeySecret, SecurityToken: got.Credentials.SecurityToken})
			for i, action := range strings.Fields(tt.used) {
				err := role.Do(t.Context(), openapi.Request{Product: "Ram", Version: "2015-05-01", Action: action}, nil)
				if i == 0 && err != nil || i > 0 && soc.KindOf(err) != soc.Denied {
					t.Fatalf("%s: %v", action, err)
				}
			}
			report := prove(s, s.IAM().Grants(proverAccount))
			report.Stale = nil // the exceptions are for the roles of template.yaml
			checkJudgement(t, report, tt.ok, tt.want)
		})
	}
}

func checkJudgement(t *testing.T, report prover.Report, ok bool, want string) {
	t.Helper()
	var out bytes.Buffer
	err := (&permissionsCommand{}).tell(&out, report)
	var code exitCode
	if (err == nil) != ok || err != nil && (!errors.As(err, &code) || int(code) != 1) {
		t.Errorf("it ended with %v", err)
	}
	if !strings.Contains(out.String(), want) {
		t.Errorf("it says:\n%s\nwant %q", &out, want)
	}
	out.Reset()
	err = (&permissionsCommand{JSON: true}).tell(&out, report)
	var again prover.Report
	if jerr := json.Unmarshal(out.Bytes(), &again); (err == nil) != ok || jerr != nil || !slices.ContainsFunc(again.Roles, func(r prover.Role) bool { return r.Label == "member/fenghuo-test" }) {
		t.Errorf("as JSON: %v, %v\n%s", err, jerr, &out)
	}
}
