package org

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

type statement struct {
	Effect    string
	Action    any
	Resource  any
	Principal map[string]any
	Condition map[string]map[string]string
}

func statements(t *testing.T, doc string) []statement {
	t.Helper()
	var d struct{ Statement []statement }
	if err := json.Unmarshal([]byte(doc), &d); err != nil {
		t.Fatal(err)
	}
	return d.Statement
}

func list(v any) []string { return values(v, func(s string) string { return s }) }

func granted(t *testing.T, r Role) []string {
	t.Helper()
	var out []string
	for _, p := range r.Policies {
		for _, s := range statements(t, p.Document) {
			out = append(out, list(s.Action)...)
		}
	}
	slices.Sort(out)
	return out
}

func TestMemberRoles(t *testing.T) {
	t.Parallel()
	set := memberSet(t, false)
	if len(set.Roles) != 1 || set.Roles[0].Name != collector || len(set.Absent) != 1 || set.Absent[0].Name != responder {
		t.Fatalf("without response: roles %v, absent %v", set.Roles, set.Absent)
	}
	set = memberSet(t, true)
	if len(set.Roles) != 2 || len(set.Absent) != 0 {
		t.Fatalf("with response: roles %v, absent %v", set.Roles, set.Absent)
	}
	want := []string{"log:GetCursorOrData", "log:GetLogStore", "log:GetProject", "log:ListLogStores", "log:ListProject", "log:ListShards"}
	if diff := cmp.Diff(want, granted(t, set.Roles[0])); diff != "" {
		t.Errorf("collector's actions (-want +got):\n%s", diff)
	}
	for role, trusted := range map[int][]string{0: {"collect", "diagnose", "discover"}, 1: {"respond"}} {
		s := statements(t, set.Roles[role].Trust)
		var arns []string
		for _, f := range trusted {
			arns = append(arns, "acs:ram::"+admin+":role/fenghuo-"+f)
		}
		if len(s) != 1 || !cmp.Equal(list(s[0].Principal["RAM"]), arns) || s[0].Condition["StringEquals"]["sts:ExternalId"] != secret {
			t.Errorf("trust of %s = %+v, want only %v with the external id", set.Roles[role].Name, s, arns)
		}
	}
	for _, s := range statements(t, set.Roles[0].Policies[0].Document) {
		for _, r := range list(s.Resource) {
			if !strings.HasPrefix(r, "acs:log:*:"+shop+":project/") {
				t.Errorf("collector may read %s, outside of the member", r)
			}
		}
	}
}

// TestTemplateRoles checks what holds for every role of the template, in every kind of account.
func TestTemplateRoles(t *testing.T) {
	t.Parallel()
	want := map[string][]string{
		"management": {"fenghuo-broker", "fenghuo-create-roles", "fenghuo-delegate", "fenghuo-flow"},
		"administrator": {
			"fenghuo-archive", "fenghuo-collect", "fenghuo-console", "fenghuo-correlate", "fenghuo-detect", "fenghuo-diagnose",
			"fenghuo-discover", "fenghuo-flow", "fenghuo-integrate", "fenghuo-notify", "fenghuo-onboard", "fenghuo-respond", "fenghuo-trigger",
		},
		"member": {collector},
	}
	for kind, names := range want {
		roles, _, err := renderRoles(templateBytes(t), map[string]string{
			"AccountKind": kind, "AdministratorAccountId": admin,
			"ManagementAccountId": mgmt, "ExternalId": secret,
		}, map[string]string{"ALIYUN::AccountId": shop, "ALIYUN::Region": "cn-hangzhou"})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range roles {
			got = append(got, r.Name)
			for _, a := range granted(t, r) {
				if strings.Contains(a, "*") {
					t.Errorf("%s: %s grants %s; actions are named one by one", kind, r.Name, a)
				}
			}
			for _, p := range r.Policies {
				if p.Name != r.Name {
					t.Errorf("%s: policy %s of %s; policy names are shared by the account, so each carries its role's name", kind, p.Name, r.Name)
				}
			}
			for _, s := range statements(t, r.Trust) {
				if s.Principal["RAM"] != nil && s.Condition["StringEquals"]["sts:ExternalId"] != secret {
					t.Errorf("%s: %s trusts another account without an external id", kind, r.Name)
				}
			}
		}
		if diff := cmp.Diff(names, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
}

func TestMemberRolesRefuses(t *testing.T) {
	t.Parallel()
	good := Member{Account: shop, Administrator: admin, Management: mgmt, ExternalID: secret}
	for name, m := range map[string]Member{
		"short uid":         {Account: "11", Administrator: admin, Management: mgmt, ExternalID: secret},
		"no external id":    {Account: shop, Administrator: admin, Management: mgmt},
		"short external id": {Account: shop, Administrator: admin, Management: mgmt, ExternalID: "abc"},
		"odd external id":   {Account: shop, Administrator: admin, Management: mgmt, ExternalID: `x"},"y":"0123456789`},
	} {
		_, err := MemberRoles(templateBytes(t), m)
		if soc.KindOf(err) != soc.Invalid {
			t.Errorf("%s: got %v, want Invalid", name, err)
		}
		if m.ExternalID != "" && err != nil && strings.Contains(err.Error(), m.ExternalID) {
			t.Errorf("%s: the error shows the external id: %v", name, err)
		}
	}
	const head = "Parameters:\n" +
		"  AccountKind: {Type: String}\n  AdministratorAccountId: {Type: String}\n  ManagementAccountId: {Type: String}\n" +
		"  ExternalId: {Type: String}\n  Response: {Type: String}\n"
	for name, body := range map[string]string{
		"not YAML":         "\t",
		"no role":          head,
		"not a role":       head + "Resources: {A: {Type: 'ALIYUN::SLS::Project', Properties: {Name: x}}}",
		"unknown function": head + "Resources: {A: {Type: 'ALIYUN::RAM::Role', Properties: {RoleName: {'Fn::Jq': [a, b]}}}}",
		"unknown property": head + "Resources: {A: {Type: 'ALIYUN::RAM::Role', Properties: {RoleName: a, PolicyAttachments: {}}}}",
		"unknown ref":      head + "Resources: {A: {Type: 'ALIYUN::RAM::Role', Properties: {RoleName: {Ref: Nobody}}}}",
		"no trust":         head + "Resources: {A: {Type: 'ALIYUN::RAM::Role', Properties: {RoleName: a}}}",
		"unknown if":       head + "Resources: {A: {Type: 'ALIYUN::RAM::Role', Condition: Nobody}}",
	} {
		if _, err := MemberRoles([]byte(body), good); soc.KindOf(err) != soc.Invalid {
			t.Errorf("%s: got %v, want Invalid", name, err)
		}
	}
}

func TestEval(t *testing.T) {
	t.Parallel()
	const head = "Parameters: {P: {Type: String, Default: x}}\nConditions:\n" +
		"  Yes: {'Fn::Equals': [{Ref: P}, x]}\n  No: {'Fn::Not': [{'Fn::Equals': [{Ref: P}, x]}]}\n" +
		"  Any: {'Fn::Or': [{'Fn::Equals': [a, b]}, {'Fn::Equals': [1, '1']}]}\n"
	tpl, err := parseTemplate([]byte(head), nil, map[string]string{"ALIYUN::AccountId": shop})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"Yes": true, "No": false, "Any": true} {
		if got, err := tpl.condition(name); err != nil || got != want {
			t.Errorf("condition %s = %v, %v; want %v", name, got, err, want)
		}
	}
	got, err := tpl.eval(map[string]any{"a": []any{
		map[string]any{"Fn::Sub": "${P}/${ALIYUN::AccountId}"},
		map[string]any{"Fn::If": []any{"No", "then", map[string]any{"Ref": "P"}}},
	}})
	if want := any(map[string]any{"a": []any{"x/" + shop, "x"}}); err != nil || !cmp.Equal(got, want) {
		t.Errorf("eval = %v, %v; want %v", got, err, want)
	}
}

func TestSameDocument(t *testing.T) {
	t.Parallel()
	doc := func(s string) string { return `{"Version":"1","Statement":` + s + `}` }
	const trust = `{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":%s},"Condition":{"StringEquals":{%q:%s}}}`
	base := doc("[" + fmt.Sprintf(trust, `["acs:ram::`+admin+`:role/A","acs:ram::`+admin+`:role/b"]`, "sts:ExternalId", `"X"`) + "]")
	for name, tt := range map[string]struct {
		other string
		same  bool
	}{
		"one statement, other order, other case": {doc(fmt.Sprintf(trust, `["acs:ram:*:`+admin+`:role/b","acs:ram::`+admin+`:role/a"]`, "STS:externalid", `["X"]`)), true},
		"other external id":                      {doc(fmt.Sprintf(trust, `["acs:ram::`+admin+`:role/A","acs:ram::`+admin+`:role/b"]`, "sts:ExternalId", `"x"`)), false},
		"one principal less":                     {doc(fmt.Sprintf(trust, `"acs:ram::`+admin+`:role/A"`, "sts:ExternalId", `"X"`)), false},
		"one more statement":                     {doc("[" + fmt.Sprintf(trust, `["acs:ram::`+admin+`:role/A","acs:ram::`+admin+`:role/b"]`, "sts:ExternalId", `"X"`) + `,{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":"*"}}]`), false},
		"not JSON":                               {"x", false},
		"other version":                          {strings.Replace(base, `"1"`, `"2"`, 1), false},
	} {
		if got := sameDocument(base, tt.other); got != tt.same {
			t.Errorf("%s: same = %v, want %v", name, got, tt.same)
		}
	}
}

func FuzzCanonical(f *testing.F) {
	f.Add(`{"Version":"1","Statement":[{"Effect":"Allow","Action":["a:B"],"Resource":"acs:ram:*:1:role/X","Condition":{"Bool":{"k":true}}}]}`)
	f.Add(`{"Version":"1","Statement":{"Principal":{"RAM":[1,null]}}}`)
	f.Fuzz(func(t *testing.T, doc string) {
		once, err := canonical(doc)
		if err == nil && !sameDocument(doc, doc) {
			t.Errorf("%q differs from itself (%q)", doc, once)
		}
	})
}

func FuzzTemplate(f *testing.F) {
	f.Add([]byte("Parameters: {AccountKind: {Type: String}, AdministratorAccountId: {Type: String}, ManagementAccountId: {Type: String}, " +
		"ExternalId: {Type: String}, Response: {Type: String}}\nConditions: {M: {'Fn::Equals': [{Ref: AccountKind}, member]}}\n" +
		"Resources: {A: {Type: 'ALIYUN::RAM::Role', Condition: M, Properties: {RoleName: {'Fn::Sub': '${ALIYUN::AccountId}'}}}}"))
	f.Add([]byte("Resources: {A: {Type: 'ALIYUN::RAM::Role', Properties: {RoleName: {'Fn::If': [x, 1]}}}}"))
	f.Fuzz(func(_ *testing.T, body []byte) {
		_, _ = MemberRoles(body, Member{Account: shop, Administrator: admin, Management: mgmt, ExternalID: secret}) // must not panic
	})
}
