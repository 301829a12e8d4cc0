package fc

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// shelf is an object store with one bucket of the account, and one of another.
type shelf map[string][]byte

func (shelf) Owner(bucket string) (string, bool) {
	owner, ok := map[string]string{"inbox": acct, "foreign": other}[bucket]
	return owner, ok
}

func (s shelf) Object(bucket, key string) (string, []byte, bool) {
	owner, _ := s.Owner(bucket)
	data, ok := s[bucket+"/"+key]
	return owner, data, ok
}

func change(name, key string) ObjectEvent {
	return ObjectEvent{
		Account: acct, Bucket: "inbox", Key: key, Name: name, ETag: "E", Size: 5, Delta: 2, RequestID: "r", Principal: acct, SourceIP: "192.0.2.1",
		At: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC),
	}
}

// TestOSSTrigger: an event reaches the functions that want it, with the documented body; others do not.
func TestOSSTrigger(t *testing.T) {
	t.Parallel()
	f := start(t, Options{Objects: shelf{}})
	f.create(nil)
	source := map[string]any{"sourceArn": "acs:oss:cn-hangzhou:" + acct + ":inbox", "invocationRole": logRole}
	config := map[string]any{"events": []string{"oss:ObjectCreated:*"}, "filter": map[string]any{"key": map[string]any{"prefix": "in/", "suffix": ".gz"}}}
	made := f.api(201, acct, "POST", "functions/echo/triggers", trigger0("files", "oss", config, source))
	for _, quiet := range []ObjectEvent{change("ObjectRemoved:DeleteObject", "in/a.gz"), change("ObjectCreated:PutObject", "out/a.gz"), change("ObjectCreated:PutObject", "in/a.txt")} {
		f.ObjectChanged(quiet)
	}
	elsewhere := change("ObjectCreated:PutObject", "in/a.gz")
	elsewhere.Bucket = "other"
	f.ObjectChanged(elsewhere)
	f.ObjectChanged(change("ObjectCreated:PutObject", "in/a.gz"))
	text := f.waitMark("event ", 1)
	f.waitIdle()
	if n := strings.Count(f.waitMark("event ", 1), "event "); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
	var got, want any
	if err := json.Unmarshal([]byte(strings.TrimPrefix(strings.TrimSpace(text), "event ")), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(`{"events":[{"eventName":"ObjectCreated:PutObject","eventSource":"acs:oss","eventTime":"2026-01-02T03:04:05.006Z","eventVersion":"1.0","region":"cn-hangzhou",
		"oss":{"bucket":{"arn":"acs:oss:cn-hangzhou:`+acct+`:inbox","name":"inbox","ownerIdentity":"`+acct+`","virtualBucket":""},
		"object":{"deltaSize":2,"eTag":"E","key":"in/a.gz","size":5},"ossSchemaVersion":"1.0","ruleId":"`+made["triggerId"].(string)+`"},
		"requestParameters":{"sourceIPAddress":"192.0.2.1"},"responseElements":{"requestId":"r"},"userIdentity":{"principalId":"`+acct+`"}}]}`), &want); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("event (-want +got):\n%s", d)
	}
	f.iam.deny(logRole, true)
	f.advance(time.Hour) // the role is asked for again
	f.ObjectChanged(change("ObjectCreated:PutObject", "in/b.gz"))
	for range rounds {
		if strings.Contains(strings.Join(f.Logs(acct, "echo"), "\n"), "OSS trigger files: AccessDenied") {
			return
		}
		f.pause()
	}
	t.Errorf("log %q, want a role that is refused", f.Logs(acct, "echo"))
}

func TestOSSTriggerRules(t *testing.T) {
	t.Parallel()
	f := start(t, Options{Objects: shelf{}})
	f.create(nil)
	arn := "acs:oss:cn-hangzhou:" + acct + ":inbox"
	for name, tt := range map[string]struct {
		events       []string
		source, role string
		want         string
	}{
		"no events":      {nil, arn, logRole, "events must not be empty"},
		"an event":       {[]string{"ObjectCreated:*"}, arn, logRole, "is not oss:ObjectCreated:*"},
		"no source":      {[]string{"oss:ObjectCreated:*"}, "", logRole, "sourceArn must be acs:oss"},
		"another region": {[]string{"oss:ObjectCreated:*"}, strings.Replace(arn, "hangzhou", "beijing", 1), logRole, "must be in region"},
		"absent bucket":  {[]string{"oss:ObjectCreated:*"}, strings.Replace(arn, "inbox", "outbox", 1), logRole, "has no bucket 'outbox'"},
		"foreign bucket": {[]string{"oss:ObjectCreated:*"}, strings.Replace(arn, "inbox", "foreign", 1), logRole, "has no bucket 'foreign'"},
		"no role":        {[]string{"oss:ObjectCreated:*"}, arn, "", "invocationRole must be"},
	} {
		e := f.api(400, acct, "POST", "functions/echo/triggers", trigger0("x", "oss", map[string]any{"events": tt.events}, map[string]any{"sourceArn": tt.source, "invocationRole": tt.role}))
		if !strings.Contains(e["Message"].(string), tt.want) {
			t.Errorf("%s: %v, want %q", name, e, tt.want)
		}
	}
	for i := range maxOSSTriggers {
		f.api(201, acct, "POST", "functions/echo/triggers", trigger0("t"+string(rune('a'+i)), "oss", map[string]any{"events": []string{"oss:ObjectRemoved:*"}}, map[string]any{"sourceArn": arn, "invocationRole": logRole}))
	}
	if e := f.api(400, acct, "POST", "functions/echo/triggers", trigger0("more", "oss", map[string]any{"events": []string{"oss:ObjectRemoved:*"}}, map[string]any{"sourceArn": arn, "invocationRole": logRole})); e["Code"] != "LimitExceeded" {
		t.Errorf("a trigger too many: %v", e)
	}
	f.api(200, acct, "PUT", "functions/echo/triggers/ta", map[string]any{"description": "changed"})
}

// TestCodeInABucket: a package can be in a bucket of the account, and its checksum is compared.
func TestCodeInABucket(t *testing.T) {
	t.Parallel()
	data, err := base64.StdEncoding.DecodeString(echoZip)
	if err != nil {
		t.Fatal(err)
	}
	f := start(t, Options{Objects: shelf{"inbox/code.zip": data, "foreign/code.zip": data}})
	code := func(bucket, key, checksum string) map[string]any {
		return map[string]any{"code": map[string]string{"ossBucketName": bucket, "ossObjectName": key, "checksum": checksum}, "customRuntimeConfig": nil}
	}
	f.create(code("inbox", "code.zip", ""))
	if r := f.invoke("x"); string(r.Body) != "x" {
		t.Errorf("%+v", r)
	}
	for name, body := range map[string]map[string]any{
		"absent": code("inbox", "none", ""), "of another account": code("foreign", "code.zip", ""), "checksum": code("inbox", "code.zip", "1"),
		"both": {"code": map[string]string{"ossBucketName": "inbox", "ossObjectName": "code.zip", "zipFile": smallZip}},
	} {
		if e := f.api(400, acct, "PUT", "functions/echo", body); e["Code"] != "InvalidArgument" {
			t.Errorf("%s: %v", name, e)
		}
	}
	none := start(t, Options{})
	none.create(nil)
	none.api(400, acct, "PUT", "functions/echo", code("inbox", "code.zip", ""))
	none.api(503, acct, "POST", "functions/echo/triggers", trigger0("x", "oss", map[string]any{"events": []string{"oss:ObjectCreated:*"}}, nil))
}
