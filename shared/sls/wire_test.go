package sls

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// vectorClient signs as the vectors of sls.md §1.7 and keeps what it sends.
func vectorClient(t *testing.T, v4, sha256 bool, token string) (*Project, *bytes.Buffer) {
	t.Helper()
	var sent bytes.Buffer
	c := New(Config{
		Endpoint: "http://cn-hangzhou.log.aliyuncs.com", Region: "cn-hangzhou", SignV4: v4, SignSHA256: sha256, UserAgent: "test",
		Credentials: func(context.Context) (Credentials, error) { return Credentials{vectorKey, vectorSecret, token}, nil },
		Now:         func() time.Time { return vectorTime },
		HTTPClient: &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			if err := r.Write(&sent); err != nil {
				t.Error(err)
			}
			h := header("x-log-progress", "Complete", "x-log-cursor", "MTY3MjYyODY0NTEyMzQ1Njc4OQ==", "x-log-count", "0", "x-log-bodyrawsize", "0")
			resp := answer(200, "[]")
			if r.URL.Query().Get("type") == "logs" || r.Method != http.MethodGet {
				resp = answer(200, "")
			} else if r.URL.Path == "/logstores/waf-access" && r.URL.RawQuery == "" {
				resp = answer(200, "{}")
				h = header()
			}
			if r.URL.Query().Get("type") == "histogram" {
				h.Del("x-log-bodyrawsize")
			}
			resp.Header = h
			return resp, nil
		})},
	})
	return c.Project("demo-project"), &sent
}

// TestRequestsOnTheWire compares whole requests, byte by byte, with files that carry the signatures of the vectors. V1-f
// is no request of ours: see TestSignatureOfOthers.
func TestRequestsOnTheWire(t *testing.T) {
	t.Parallel()
	pull := func(p *Project) error {
		_, err := p.Pull(t.Context(), "waf-access", 0, Cursor(1672628645123456789), PullOptions{})
		return err
	}
	put := func(p *Project) error {
		return p.Put(t.Context(), "waf-access", vectorGroup(t), PutOptions{Balanced: true})
	}
	histogram := func(p *Project) error {
		_, _, err := p.GetHistograms(t.Context(), "waf-access", time.Unix(1672628000, 0), time.Unix(1672629000, 0), `status: 200 and uri:"/a?b"`, 0)
		return err
	}
	tests := []struct {
		name       string
		v4, sha256 bool
		token      string
		call       func(*Project) error
		signature  string
	}{
		{"V1-a", false, false, vectorToken, pull, "uQZJJN34iIk0wNTeKgCJnsx8Qyk="},
		{"V1-b", false, false, "", put, "dpbQJl0VnoWZLpQiDrr0nWJUi0k="},
		{"V1-c", false, false, "", histogram, "xB6pRuElQBKcy/cGpKANfck/F7A="},
		{"V1-d", false, true, "", func(p *Project) error { _, err := p.GetLogstore(t.Context(), "waf-access"); return err }, "20cLhF6/M9Fe4VpaVx34ugiAqtn/FXmF6BYw2ZV8cZU="},
		{"V1-e", false, true, "", func(p *Project) error {
			return p.UpdateConsumerGroup(t.Context(), "waf-access", ConsumerGroup{Name: "cg1", Timeout: 60, Order: true})
		}, "rzYo/v7E20mYX59QfZxVa5uhwhQZtF4C31DKSHBfIY4="},
		{"V4-a", true, false, vectorToken, pull, "5e9b698224171870c970244c298fe073e9ecad2e22b9ee1f0e161debad088fa9"},
		{"V4-b", true, false, "", put, "5bfcd2a32f6109bca078aba95e28859096d48cf6716a249add5345a1558e0f2a"},
		{"V4-c", true, false, "", histogram, "62cb236cb38fa8c1fc20735b9de4a73981fb95eab9c68140c6b2f638269c9575"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, sent := vectorClient(t, tt.v4, tt.sha256, tt.token)
			if err := tt.call(p); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(sent.String(), tt.signature) {
				t.Errorf("the signature is not the vector's %s", tt.signature)
			}
			want, err := os.ReadFile(filepath.Join("testdata", "wire", tt.name+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), printable(sent.Bytes())); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

// printable writes a request as a file: lines end with LF, a body that is not text is in hex.
func printable(b []byte) string {
	head, body, _ := strings.Cut(string(b), "\r\n\r\n")
	head = strings.ReplaceAll(head, "\r\n", "\n")
	if strings.Contains(head, "protobuf\n") && body != "" {
		body = fmt.Sprintf("%x", body)
	}
	return head + "\n\n" + body + "\n"
}
