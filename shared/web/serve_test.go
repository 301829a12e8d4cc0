package web

import (
	"net"
	"net/http"
	"os"
	"testing"
)

// TestServe shows the pages over the seeded store on FENGHUO_WEB_ADDR, for looking at them; it does nothing otherwise.
func TestServe(t *testing.T) {
	addr := os.Getenv("FENGHUO_WEB_ADDR")
	if addr == "" {
		t.Skip("set FENGHUO_WEB_ADDR=127.0.0.1:8080 to look at the pages")
	}
	h, db, cloud := newConsole(t, Options{StreamDays: 3, Titles: Titles{Template: func(id string, zh bool) string {
		return map[string]string{"alibaba_cloud_actiontrail_event": "ActionTrail management events", "alibaba_cloud_waf_flow": "WAF access logs", "alibaba_cloud_cfw_flow": "Cloud Firewall traffic logs", "alibaba_cloud_oss_access": "OSS access logs", "alibaba_cloud_sas_log": "Security Center logs"}[id]
	}}})
	seed(t, db, same)
	cloud.find = func(LogQuery) (LogResult, error) {
		return LogResult{Complete: true, Count: 2, Logs: []map[string]string{
			{"__time__": "1772359140", "__tag__:fenghuo_account": uidC, "__tag__:fenghuo_template": "alibaba_cloud_waf_flow", "request_path": "/cart?id=1%27", "real_client_ip": "203.0.113.66", "status": "200"},
			{"__time__": "1772359100", "__tag__:fenghuo_account": uidE, "__tag__:fenghuo_template": "alibaba_cloud_actiontrail_event", "event": `{"eventName":"PutBucketAcl","userAgent":"aliyun-cli/3.0.200","sourceIpAddress":"203.0.113.66","requestParameters":{"bucketName":"customer-exports","x-oss-acl":"public-read"},"eventRW":"Write"}`},
		}}, nil
	}
	l, err := net.Listen("tcp", addr)
	must(t, err)
	t.Logf("http://%s/?token=%s", addr, testToken)
	must(t, http.Serve(l, h))
}
