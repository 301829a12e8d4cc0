package sls

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const alertParts = `"displayName":"Errors","schedule":{"type":"FixedRate","interval":"5m"},"configuration":{"version":"2.0",` +
	`"queryList":[{"storeType":"log","store":"audit","query":"error","start":"-5m","end":"now"}],"severityConfigurations":[{"severity":8}]}`

func TestAlerts(t *testing.T) {
	t.Parallel()
	for _, kind := range []struct{ path, arn, noun string }{{"/alerts", "alert", "Alert"}, {"/jobs", "job", "Job"}} {
		w := newWorld(t, nil)
		w.seed("audit", 1)
		arn := "acs:log:cn-hangzhou:" + accountC + ":project/shop-logs/" + kind.arn + "/"
		r := func(method, target, body string) request {
			return request{method: method, target: kind.path + target, project: "shop-logs", body: []byte(body)}
		}
		runSteps(t, w, []step{
			{"create", r("POST", "", `{"name":"errors","type":"Alert",`+alertParts+`}`), 200, "", "log:Create" + kind.noun + " " + arn + "errors"},
			{"again", r("POST", "", `{"name":"errors",`+alertParts+`}`), 400, "JobAlreadyExist", ""},
			{"no name", r("POST", "", `{`+alertParts+`}`), 400, "ParameterInvalid", ""},
			{"no schedule", r("POST", "", `{"name":"x","displayName":"x"}`), 400, "ParameterInvalid", ""},
			{"a schedule of another kind", r("POST", "", `{"name":"x","displayName":"x","schedule":{"type":"Yearly"},"configuration":{"queryList":[{}]}}`), 400, "ParameterInvalid", ""},
			{"cron without time", r("POST", "", `{"name":"x","displayName":"x","schedule":{"type":"Cron"},"configuration":{"queryList":[{}]}}`), 400, "ParameterInvalid", ""},
			{"no query", r("POST", "", `{"name":"x","displayName":"x","schedule":{"type":"Daily"},"configuration":{}}`), 400, "ParameterInvalid", ""},
			{"a query of another kind", r("POST", "", `{"name":"x","displayName":"x","schedule":{"type":"Daily"},"configuration":{"queryList":[{"storeType":"sql"}]}}`), 400, "ParameterInvalid", ""},
			{"another severity", r("POST", "", `{"name":"x","displayName":"x","schedule":{"type":"Daily"},"configuration":{"queryList":[{}],"severityConfigurations":[{"severity":7}]}}`), 400, "ParameterInvalid", ""},
			{"no JSON", r("POST", "", `{`), 400, "ParameterInvalid", ""},
			{"enable twice", r("PUT", "/errors?action=enable", ""), 400, "ParameterInvalid", "log:Enable" + kind.noun + " " + arn + "errors"},
			{"disable", r("PUT", "/errors?action=disable", ""), 200, "", "log:Disable" + kind.noun + " " + arn + "errors"},
			{"update", r("PUT", "/errors", `{`+alertParts+`,"description":"new"}`), 200, "", "log:Update" + kind.noun + " " + arn + "errors"},
			{"update by another name", r("PUT", "/errors", `{"name":"x",`+alertParts+`}`), 400, "ParameterInvalid", ""},
			{"absent", r("GET", "/absent", ""), 404, "JobNotExist", ""},
			{"list", r("GET", "", ""), 200, "", "log:List" + kind.noun + "s " + arn + "*"},
		})
		var got map[string]any
		w.do(r("GET", "/errors", "")).decode(t, &got)
		delete(got, "configuration")
		want := map[string]any{
			"name": "errors", "type": "Alert", "state": "DISABLED", "status": "DISABLED", "description": "new", "displayName": "Errors",
			"schedule":   map[string]any{"type": "FixedRate", "interval": "5m"},
			"createTime": float64(start.Unix()), "lastModifiedTime": float64(start.Unix()),
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		for query, total := range map[string]int{"": 1, "?logstore=audit": 1, "?logstore=other": 0, "?offset=1": 1} {
			var list struct{ Count, Total int }
			w.do(r("GET", query, "")).decode(t, &list)
			if list.Total != total {
				t.Errorf("%s lists %+v, want %d", query, list, total)
			}
		}
		if a := w.do(r("PUT", "/errors?action=enable", "")); a.status != 200 {
			t.Errorf("enable: %s", a.body)
		}
		if a := w.do(r("PUT", "/errors?action=enable", "")); string(a.body) != `{"errorCode":"ParameterInvalid","errorMessage":"The job to enable has already enabled"}` {
			t.Errorf("enable twice: %s", a.body)
		}
		runSteps(t, w, []step{
			{"delete", r("DELETE", "/errors", ""), 200, "", "log:Delete" + kind.noun + " " + arn + "errors"},
			{"gone", r("DELETE", "/errors", ""), 404, "JobNotExist", ""},
		})
	}
}
