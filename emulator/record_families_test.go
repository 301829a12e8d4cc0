package emulator

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/record"
)

// TestEveryServiceIsRecorded: calls to OSS, Function Compute, CloudFlow and an unknown place are in the record, with
// caller, action, resource and verdict, and the uses count them.
func TestEveryServiceIsRecorded(t *testing.T) {
	t.Parallel()
	s := startWith(t)
	const uid = "1100000000000005"
	k := s.Operator(uid)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Endpoint()+"/?acl", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "corp-backup.oss-cn-hangzhou.aliyuncs.com"
	r.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	mac := hmac.New(sha1.New, []byte(k.AccessKeySecret))
	mac.Write([]byte("GET\n\n\n" + r.Header.Get("Date") + "\n/corp-backup/?acl"))
	r.Header.Set("Authorization", "OSS "+k.AccessKeyID+":"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	if status, body := send(t, r); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	if status, body := roa(t, s, uid, "GET", "/functions/none", nil); status != http.StatusNotFound {
		t.Fatalf("%d %s", status, body)
	}
	flows(t, s, uid, "ListFlows", nil)
	type line struct {
		Service, Operation, Caller, Action, Resource string
		Verdict                                      record.Verdict
		Code                                         string
	}
	var got []line
	for _, c := range calls(t, s, url.Values{"account": {uid}}) {
		l := line{c.Service, c.Operation, c.Caller, "", "", c.Verdict, c.Code}
		if len(c.Questions) > 0 {
			l.Action, l.Resource = c.Questions[0].Action, c.Questions[0].Resource
		}
		got = append(got, l)
	}
	operator := "acs:ram::" + uid + ":user/operator"
	want := []line{
		{"Oss", "GetBucketAcl", operator, "oss:GetBucketAcl", "acs:oss:oss-cn-hangzhou:" + uid + ":corp-backup", record.Allowed, ""},
		{"FC", "GetFunction", operator, "fc:GetFunction", "acs:fc:cn-hangzhou:" + uid + ":functions/none", record.Failed, "FunctionNotFound"},
		{"fnf", "ListFlows", operator, "fnf:ListFlows", "acs:fnf:cn-hangzhou:" + uid + ":flow/*", record.Allowed, ""},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	var uses struct{ Uses []record.Use }
	ownRoute(t, s, http.MethodGet, "uses", "", &uses)
	n := 0
	for _, u := range uses.Uses {
		if u.Caller == operator && u.Allowed == 1 {
			n++
		}
	}
	if n != len(want) {
		t.Errorf("%d uses of the operator in %+v", n, uses.Uses)
	}
}
