package waf

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi/openapitest"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

type object = map[string]any

const instance = "waf_v3prepaid_public_cn-x"

func TestInstance(t *testing.T) {
	t.Parallel()
	id := instance
	c := New(openapitest.Serve(t, func(call openapitest.Call) any {
		if call.Action != "DescribeInstance" || call.Version != "2021-10-01" || call.Get("RegionId") != "cn-hangzhou" {
			t.Errorf("call = %+v", call)
		}
		return object{"InstanceId": id}
	}))
	if got, err := c.Instance(t.Context()); err != nil || got != instance {
		t.Errorf("Instance = %q, %v", got, err)
	}
	id = ""
	if _, err := c.Instance(t.Context()); soc.KindOf(err) != soc.NotFound {
		t.Errorf("no instance: %v, want NotFound", err)
	}
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	c := New(openapitest.Serve(t, func(call openapitest.Call) any {
		if call.Get("InstanceId") != instance || call.Get("DefenseScene") != "ip_blacklist" {
			t.Errorf("call = %+v", call)
		}
		if call.Action == "CreateDefenseTemplate" {
			if call.Get("TemplateName") != "fenghuo" || call.Get("TemplateType") != "user_default" || call.Get("TemplateStatus") != "1" || call.Get("TemplateOrigin") != "custom" {
				t.Errorf("call = %+v", call)
			}
			return object{"TemplateId": 12}
		}
		return object{"Templates": []object{{"TemplateId": 12, "TemplateName": "fenghuo", "DefenseScene": "ip_blacklist", "TemplateType": "user_default", "TemplateStatus": 1}}, "TotalCount": 1}
	}))
	if id, err := c.CreateTemplate(t.Context(), instance, "fenghuo", IPBlacklist, DefaultTemplate); err != nil || id != 12 {
		t.Errorf("CreateTemplate = %d, %v", id, err)
	}
	got, err := c.Templates(t.Context(), instance, IPBlacklist)
	if diff := cmp.Diff([]Template{{ID: 12, Name: "fenghuo", Scene: "ip_blacklist", Type: "user_default", Status: 1}}, got); diff != "" || err != nil {
		t.Errorf("Templates: %v (-want +got):\n%s", err, diff)
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	var ids any = "20111098"
	c := New(openapitest.Serve(t, func(call openapitest.Call) any {
		switch call.Action {
		case "CreateDefenseRule":
			var rules []object
			if err := json.Unmarshal([]byte(call.Get("Rules")), &rules); err != nil {
				t.Error(err)
			}
			want := []object{{"name": "fenghuo-1", "remoteAddr": []any{"198.51.100.7"}, "action": "block", "status": 1.0}}
			if diff := cmp.Diff(want, rules); diff != "" || call.Get("TemplateId") != "12" || call.Get("DefenseScene") != "ip_blacklist" {
				t.Errorf("call = %+v (-want +got):\n%s", call, diff)
			}
			return object{"RuleIds": ids}
		case "DescribeDefenseRules":
			page, _ := strconv.Atoi(call.Get("PageNumber"))
			all := []object{
				{"RuleId": 1, "TemplateId": 12, "RuleName": "a", "DefenseScene": "ip_blacklist", "Status": 1, "Config": `{"remoteAddr":["198.51.100.7"],"action":"block"}`},
				{"RuleId": 2, "TemplateId": 99, "RuleName": "other", "DefenseScene": "ip_blacklist"},
				{"RuleId": 3, "TemplateId": 12, "RuleName": "b", "DefenseScene": "ip_blacklist", "Config": `[{"remoteAddr":["203.0.113.0/24"],"action":"monitor"}]`},
				{"RuleId": 4, "TemplateId": 12, "RuleName": "c", "DefenseScene": "cc", "Config": `not json`},
			}
			return object{"Rules": all[(page-1)*2 : page*2], "TotalCount": 4} // a server that makes smaller pages
		case "DeleteDefenseRule":
			if call.Get("RuleIds") != "1" || call.Get("TemplateId") != "12" {
				t.Errorf("call = %+v", call)
			}
			return openapitest.Error{Status: 400, Code: "Defense.Control.DefenseRuleNotExist"}
		}
		return nil
	}))
	rule := Rule{Name: "fenghuo-1", Addresses: []string{"198.51.100.7"}, Action: "block", Enabled: true}
	for _, ids = range []any{"20111098", "20111098,20111099", 20111098, []int{20111098}, []string{"20111098"}} {
		if id, err := c.CreateRule(t.Context(), instance, 12, rule); err != nil || id != 20111098 {
			t.Errorf("CreateRule with ids %v = %d, %v", ids, id, err)
		}
	}
	ids = nil
	if id, err := c.CreateRule(t.Context(), instance, 12, rule); err != nil || id != 0 {
		t.Errorf("CreateRule without ids = %d, %v; want 0", id, err)
	}
	got, err := c.Rules(t.Context(), instance, 12)
	want := []Rule{
		{ID: 1, Template: 12, Scene: IPBlacklist, Name: "a", Addresses: []string{"198.51.100.7"}, Action: "block", Enabled: true},
		{ID: 3, Template: 12, Scene: IPBlacklist, Name: "b", Addresses: []string{"203.0.113.0/24"}, Action: "monitor"},
		{ID: 4, Template: 12, Scene: "cc", Name: "c"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("Rules: %v (-want +got):\n%s", err, diff)
	}
	if err := c.DeleteRule(t.Context(), instance, 12, 1); err != nil {
		t.Errorf("DeleteRule of a rule that is gone: %v", err)
	}
}
