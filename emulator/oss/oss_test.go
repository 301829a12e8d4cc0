package oss

import (
	"context"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

type cloud struct {
	keys map[string]auth.Credential
	may  func(auth.Request) bool
}

func (c cloud) Credential(id string) (auth.Credential, bool) { k, ok := c.keys[id]; return k, ok }
func (c cloud) Authorize(_ context.Context, r auth.Request) auth.Decision {
	return auth.Decision{Allowed: c.may(r)}
}

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func newService() *Service {
	c := cloud{keys: map[string]auth.Credential{
		"data":  {Caller: auth.Caller{AccountID: "5", ARN: "acs:ram::5:user/operator"}, Secret: "s5", Active: true},
		"shop":  {Caller: auth.Caller{AccountID: "3", ARN: "acs:ram::3:user/operator"}, Secret: "s3", Active: true},
		"weak":  {Caller: auth.Caller{AccountID: "5", Name: "weak"}, Secret: "w", Active: true},
		"off":   {Secret: "o"},
		"STS.1": {Caller: auth.Caller{AccountID: "5"}, Secret: "t", Token: "token", Expires: now.Add(time.Hour), Active: true},
		"STS.2": {Caller: auth.Caller{AccountID: "5"}, Secret: "t", Token: "token", Expires: now.Add(-time.Hour), Active: true},
	}, may: func(r auth.Request) bool {
		return r.Caller.Name != "weak" && strings.HasPrefix(r.Resource, "acs:oss:oss-cn-hangzhou:"+r.Caller.AccountID+":")
	}}
	s := New(Options{Credentials: c, Authorizer: c, Clock: func() time.Time { return now }, Region: "cn-hangzhou"})
	s.Seed("5", "corp-backup", "public-read")
	return s
}

func request(method, url, id, secret string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, url, nil)
	r.Header.Set("Date", now.Format(http.TimeFormat))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	r.Header.Set("Authorization", "OSS "+id+":"+Sign(secret, r))
	return r
}

func do(s *Service, r *http.Request) (int, failure, string) {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var f failure
	_ = xml.Unmarshal(w.Body.Bytes(), &f)
	return w.Code, f, w.Body.String()
}

// TestBucketIsClosed: both forms of addresses, what GetBucketAcl shows, and a bucket that is made by setting its list.
func TestBucketIsClosed(t *testing.T) {
	t.Parallel()
	s := newService()
	if code, _, body := do(s, request("GET", "http://127.0.0.1:1/corp-backup/?acl", "data", "s5")); code != 200 ||
		!strings.Contains(body, "<AccessControlPolicy><Owner><ID>5</ID><DisplayName>5</DisplayName></Owner><AccessControlList><Grant>public-read</Grant></AccessControlList></AccessControlPolicy>") {
		t.Errorf("%d %s", code, body)
	}
	if code, _, body := do(s, request("PUT", "http://corp-backup.oss-cn-hangzhou.aliyuncs.com/?acl", "STS.1", "t", "x-oss-acl", "private", "x-oss-security-token", "token")); code != 200 || body != "" {
		t.Errorf("%d %s", code, body)
	}
	if owner, acl, ok := s.ACL("corp-backup"); owner != "5" || acl != "private" || !ok {
		t.Errorf("%s %s %v", owner, acl, ok)
	}
	if code, _, _ := do(s, request("PUT", "http://corp-backup.oss-cn-hangzhou.aliyuncs.com/?acl", "data", "s5")); code != 200 {
		t.Errorf("no list: %d", code)
	}
	if _, acl, _ := s.ACL("corp-backup"); acl != "private" {
		t.Error("a request without list changed it")
	}
	if code, _, _ := do(s, request("PUT", "http://new-bucket.oss-cn-hangzhou.aliyuncs.com/?acl", "data", "s5", "x-oss-acl", "public-read-write")); code != 200 {
		t.Errorf("a new bucket: %d", code)
	}
	if _, acl, _ := s.ACL("new-bucket"); acl != "public-read-write" {
		t.Errorf("new bucket: %q", acl)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	const base = "http://corp-backup.oss-cn-hangzhou.aliyuncs.com/"
	tampered := request("PUT", base+"?acl", "data", "s5", "x-oss-acl", "private")
	tampered.Header.Set("x-oss-acl", "public-read-write")
	unsigned := httptest.NewRequest("GET", base+"?acl", nil)
	for name, tt := range map[string]struct {
		r      *http.Request
		status int
		code   string
	}{
		"secret":           {request("GET", base+"?acl", "data", "wrong"), 403, "SignatureDoesNotMatch"},
		"tampered":         {tampered, 403, "SignatureDoesNotMatch"},
		"key":              {request("GET", base+"?acl", "nobody", "x"), 403, "InvalidAccessKeyId"},
		"disabled key":     {request("GET", base+"?acl", "off", "o"), 403, "InvalidAccessKeyId"},
		"no token":         {request("GET", base+"?acl", "STS.1", "t"), 403, "InvalidSecurityToken"},
		"expired token":    {request("GET", base+"?acl", "STS.2", "t", "x-oss-security-token", "token"), 403, "SecurityTokenExpired"},
		"old":              {request("GET", base+"?acl", "data", "s5", "Date", now.Add(-16*time.Minute).Format(http.TimeFormat)), 403, "RequestTimeTooSkewed"},
		"no date":          {request("GET", base+"?acl", "data", "s5", "Date", "x"), 403, "AccessDenied"},
		"unsigned":         {unsigned, 403, "AccessDenied"},
		"no permission":    {request("GET", base+"?acl", "weak", "w"), 403, "AccessDenied"},
		"another's bucket": {request("PUT", base+"?acl", "shop", "s3", "x-oss-acl", "private"), 403, "AccessDenied"},
		"no bucket":        {request("GET", "http://none.oss-cn-hangzhou.aliyuncs.com/?acl", "data", "s5"), 404, "NoSuchBucket"},
		"bad name":         {request("GET", "http://127.0.0.1/A_b/?acl", "data", "s5"), 400, "InvalidBucketName"},
		"list":             {request("PUT", base+"?acl", "data", "s5", "x-oss-acl", "secret"), 400, "InvalidArgument"},
		"objects":          {request("GET", base+"dump.sql?tagging", "data", "s5"), 501, "NotImplemented"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService()
			if status, f, body := do(s, tt.r); status != tt.status || f.Code != tt.code || f.RequestID == "" || f.HostID != tt.r.Host {
				t.Errorf("%d %s", status, body)
			}
			if _, acl, _ := s.ACL("corp-backup"); acl != "public-read" {
				t.Error("a refused call changed the list")
			}
		})
	}
}

func FuzzServe(f *testing.F) {
	s := newService()
	f.Add("PUT", "/b/?acl", "OSS data:x", "private")
	f.Add("GET", "/?acl=&acl", "OSS4-HMAC-SHA256", "")
	f.Add("GET", "/b?acl&=&a=b", "OSS4-HMAC-SHA256 Credential=data/20260102/cn-hangzhou/oss/aliyun_v4_request,AdditionalHeaders=;host,Signature=x", "private")
	f.Fuzz(func(t *testing.T, method, path, authorization, acl string) {
		r := httptest.NewRequest("GET", "http://corp-backup.oss-cn-hangzhou.aliyuncs.com/", nil)
		r.Method = method
		r.URL.Path, r.URL.RawQuery, _ = strings.Cut(path, "?")
		r.Header.Set("Authorization", authorization)
		r.Header.Set("x-oss-acl", acl)
		if code, _, body := do(s, r); code == 200 {
			t.Errorf("an unsigned request succeeded: %s", body)
		}
	})
}

// TestSignatureVector is the example of the API reference.
func TestSignatureVector(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("PUT", "http://oss-example.oss-cn-hangzhou.aliyuncs.com/nelson", nil)
	for name, v := range map[string]string{
		"Content-MD5": "ODBGOERFMDMzQTczRUY3NUE3NzA5QzdFNUYzMDQxNEM=", "Content-Type": "text/html", "Date": "Thu, 17 Nov 2005 18:49:58 GMT",
		"X-OSS-Meta-Author": "foo@bar.com", "X-OSS-Magic": "abracadabra",
	} {
		r.Header.Set(name, v)
	}
	if got := Sign("OtxrzxIsfpFjA7SwPzILwy8Bw21TLhquhboDYROV", r); got != "26NBxoKdsyly4EDv6inkoDft/yA=" {
		t.Errorf("signature %s", got)
	}
}
