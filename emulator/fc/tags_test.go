package fc

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func TestTags(t *testing.T) {
	t.Parallel()
	f := start(t, Options{})
	f.create(map[string]any{"tags": []any{map[string]any{"key": "team", "value": "a"}}})
	f.create(map[string]any{"functionName": "other"})
	arn := func(name string) string { return "acs:fc:cn-hangzhou:" + acct + ":functions/" + name }
	tag := func(more ...any) map[string]any {
		return map[string]any{"resourceType": "function", "resourceId": []string{arn("echo"), arn("other")}, "tag": more}
	}
	f.invoke("x")
	f.api(204, acct, "POST", "tags-v2", tag(map[string]any{"key": "team", "value": "b"}, map[string]any{"key": "env", "value": ""}))
	f.invoke("x")
	if n := len(f.api(200, acct, "GET", "functions/echo/instances", nil)["instances"].([]any)); n != 1 || len(f.Functions(acct)[0].Tags) != 2 {
		t.Errorf("%d instances, tags %v: a tag replaces no instance", n, f.Functions(acct)[0].Tags)
	}
	list := func(query ...string) string {
		v := url.Values{"ResourceType": {"ALIYUN::FC::FUNCTION"}}
		for i := 0; i < len(query); i += 2 {
			v.Set(query[i], query[i+1])
		}
		var out []string
		got := f.api(200, acct, "GET", "tags-v2?"+v.Encode(), nil)
		for _, r := range got["TagResources"].([]any) {
			m := r.(map[string]any)
			out = append(out, fmt.Sprintf("%s %s=%s", strings.TrimPrefix(m["ResourceId"].(string), arn("")), m["TagKey"], m["TagValue"]))
		}
		return strings.Join(append(out, fmt.Sprint(got["NextToken"])), "; ")
	}
	f.api(204, acct, "DELETE", "tags-v2?ResourceType=function&TagKey="+url.QueryEscape(`["team"]`)+"&ResourceId="+url.QueryEscape(`["`+arn("other")+`"]`), nil)
	for _, tt := range []struct{ query, want string }{
		{"", "echo env=; echo team=b; other env=; "},
		{`ResourceId ["` + arn("other") + `"]`, "other env=; "},
		{`Tag [{"key":"team","value":"b"}]`, "echo env=; echo team=b; "},
		{`Tag [{"key":"team","value":"a"}]`, ""},
		{"Limit 2", "echo env=; echo team=b; " + arn("other") + " env"},
	} {
		if got := list(strings.Fields(tt.query)...); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.query, got, tt.want)
		}
	}
	f.api(204, acct, "DELETE", "tags-v2?ResourceType=function&All=true&ResourceId="+url.QueryEscape(`["`+arn("echo")+`"]`), nil)
	if got := list(); got != "other env=; " {
		t.Errorf("after All: %q", got)
	}
	many := make([]any, maxTags)
	for i := range many {
		many[i] = map[string]any{"key": fmt.Sprint("k", i)}
	}
	for name, tt := range map[string]struct {
		status int
		body   any
	}{
		"absent function": {404, map[string]any{"resourceType": "function", "resourceId": []string{arn("none")}, "tag": many[:1]}},
		"another account": {400, map[string]any{"resourceType": "function", "resourceId": []string{strings.Replace(arn("echo"), acct, other, 1)}, "tag": many[:1]}},
		"another type":    {400, map[string]any{"resourceType": "layer", "resourceId": []string{arn("echo")}, "tag": many[:1]}},
		"too many":        {400, map[string]any{"resourceType": "function", "resourceId": []string{arn("other")}, "tag": many}},
		"reserved key":    {400, tag(map[string]any{"key": "acs:x"})},
		"long value":      {400, tag(map[string]any{"key": "k", "value": strings.Repeat("v", 129)})},
		"no tags":         {400, tag()},
	} {
		if got := f.api(tt.status, acct, "POST", "tags-v2", tt.body); got["Code"] == "" {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := fmt.Sprint(f.api(200, acct, "GET", "regions", nil)["Regions"]); !strings.Contains(got, "RegionId:cn-hangzhou") {
		t.Errorf("regions: %s", got)
	}
}
