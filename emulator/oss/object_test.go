package oss

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestObjects: what is put can be read and deleted by its owner, and each change is told once.
func TestObjects(t *testing.T) {
	t.Parallel()
	s := newService()
	var changes []Change
	s.o.Changed = func(c Change) {
		c.RequestID, c.SourceIP = "", ""
		changes = append(changes, c)
	}
	const url = "http://corp-backup.oss-cn-hangzhou.aliyuncs.com/a/b.txt"
	put := func(body string, headers ...string) *http.Request {
		r := request("PUT", url, "data", "s5", append([]string{"Content-Type", "text/plain"}, headers...)...)
		r.Body = http.NoBody
		if body != "" {
			r.Body = httptest.NewRequest("PUT", url, strings.NewReader(body)).Body
		}
		return r
	}
	for _, tt := range []struct {
		name   string
		r      *http.Request
		status int
		want   string // code of an error, else the body
	}{
		{"absent", request("GET", url, "data", "s5"), 404, "NoSuchKey"},
		{"bad digest", put("hello", "Content-MD5", "eA=="), 400, "InvalidDigest"},
		{"put", put("hello", "Content-MD5", "XUFAKrxLKna5cZ2REBfFkg=="), 200, ""},
		{"get", request("GET", url, "data", "s5"), 200, "hello"},
		{"head", request("HEAD", url, "data", "s5"), 200, "hello"}, // a real connection drops the body
		{"put again", put("hi"), 200, ""},
		{"of another account", request("GET", url, "shop", "s3"), 403, "AccessDenied"},
		{"without permission", request("GET", url, "weak", "w"), 403, "AccessDenied"},
		{"no bucket", request("GET", strings.Replace(url, "corp-backup", "nothing", 1), "data", "s5"), 404, "NoSuchBucket"},
		{"a part", request("PUT", url+"?partNumber=1", "data", "s5"), 501, "NotImplemented"},
		{"a copy", request("PUT", url, "data", "s5", "x-oss-copy-source", "/corp-backup/x"), 501, "NotImplemented"},
		{"delete", request("DELETE", url, "data", "s5"), 204, ""},
		{"delete again", request("DELETE", url, "data", "s5"), 204, ""},
	} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, tt.r)
		if w.Code != tt.status || tt.status < 400 && w.Body.String() != tt.want || !strings.Contains(w.Body.String(), tt.want) || w.Header().Get("x-oss-request-id") == "" {
			t.Errorf("%s: %d %s, want %d %s", tt.name, w.Code, w.Body, tt.status, tt.want)
		}
		if tag := w.Header().Get("ETag"); tt.name == "get" && tag != `"5D41402ABC4B2A76B9719D911017C592"` {
			t.Errorf("ETag %s", tag)
		}
	}
	change := Change{Account: "5", Bucket: "corp-backup", Key: "a/b.txt", Principal: "5", At: now}
	first, second, third := change, change, change
	first.Event, first.ETag, first.Size, first.Delta = "ObjectCreated:PutObject", "5D41402ABC4B2A76B9719D911017C592", 5, 5
	second.Event, second.ETag, second.Size, second.Delta = "ObjectCreated:PutObject", "49F68A5C8493EC2C0BF489821C21FC3B", 2, -3
	third.Event, third.ETag, third.Delta = "ObjectRemoved:DeleteObject", second.ETag, -2
	if d := cmp.Diff([]Change{first, second, third}, changes); d != "" {
		t.Errorf("changes (-want +got):\n%s", d)
	}
}
