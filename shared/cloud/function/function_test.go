package function

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// TestSignatureVector is the vector of fc.md §4.5.
func TestSignatureVector(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:9000/2023-03-30/functions/hello/invocations?qualifier=LATEST", nil)
	r.Header = http.Header{}
	r.Header.Set("Content-Type", "application/octet-stream")
	r.Header.Set("x-fc-invocation-type", "Sync") // not signed
	sign(r, "InvokeFunction", []byte(`{"a":1}`), openapi.Credentials{AccessKeyID: "ak", AccessKeySecret: "testsk"}, time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC), "n-1")
	canonical, names := canonicalRequest(r)
	if sum := sha256.Sum256([]byte(canonical)); hex.EncodeToString(sum[:]) != "f75a00d7738a634f178e9f57e173a2003cbae3415088e43eeb4aa7192711a974" {
		t.Errorf("hash of the canonical request differs; it is\n%s", canonical)
	}
	want := "ACS3-HMAC-SHA256 Credential=ak,SignedHeaders=" + names + ",Signature=1f34b4e75fa2e1f080e0aeabeeb71354f6560c57f37eadf68e6275749f83715a"
	if got := r.Header.Get("Authorization"); got != want {
		t.Errorf("Authorization = %q\nwant %q", got, want)
	}
}

var cred = openapi.Credentials{AccessKeyID: "STS.k", AccessKeySecret: "the-secret", SecurityToken: "the-token"}

func fake(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return New(Config{Endpoint: srv.URL, Region: "cn-hangzhou", Account: "1100000000000001", Credentials: openapi.Static(cred)})
}

func TestInvoke(t *testing.T) {
	t.Parallel()
	c := fake(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != "POST" || r.URL.Path != "/2023-03-30/functions/create-roles/invocations" || r.Header.Get("x-fc-invocation-type") != "Sync" {
			t.Errorf("request %s %s %v", r.Method, r.URL, r.Header)
		}
		if r.Header.Get("x-acs-security-token") != "the-token" || r.Header.Get("x-acs-content-sha256") != hash(body) {
			t.Errorf("headers %v", r.Header)
		}
		got := r.Header.Get("Authorization")
		names := regexp.MustCompile(`SignedHeaders=([^,]*),`).FindStringSubmatch(got)
		for _, n := range []string{"host", "content-type", "x-acs-security-token", "x-acs-signature-nonce", "x-acs-date"} {
			if len(names) < 2 || !strings.Contains(";"+names[1]+";", ";"+n+";") {
				t.Errorf("%s is not signed: %v", n, names)
			}
		}
		w.Header().Set("x-fc-request-id", "1-a")
		_, _ = w.Write(body)
	})
	out, err := c.Invoke(t.Context(), "create-roles", []byte(`{"operation":"ensure"}`))
	if err != nil || string(out) != `{"operation":"ensure"}` {
		t.Errorf("Invoke = %s, %v", out, err)
	}
}

func TestFunctionFails(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body, errorType string
		kind                  soc.Kind
		account, message      string
	}{
		{"ours", `{"errorMessage":"join: refused","errorType":"Denied","account":"1100000000000003","next":"repair the role"}`, "UnhandledInvocationError", soc.Denied, "1100000000000003", "join: refused"},
		{"throttled inside", `{"errorMessage":"slow","errorType":"Throttled"}`, "UnhandledInvocationError", soc.Throttled, "1100000000000001", "slow"},
		{"time-out", `{"errorMessage":"Function timed out after 3 seconds"}`, "UnhandledInvocationError", soc.Internal, "1100000000000001", "Function timed out after 3 seconds"},
		{"type of somebody else", `{"errorMessage":"x","errorType":"KeyError"}`, "HandledInvocationError", soc.Internal, "1100000000000001", "x"},
		{"not JSON", `boom`, "InitializationError", soc.Internal, "1100000000000001", "function failed with InitializationError and no readable error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			c := fake(t, func(w http.ResponseWriter, _ *http.Request) {
				calls++
				w.Header().Set("x-fc-error-type", tt.errorType)
				w.Header().Set("x-fc-request-id", "1-a")
				_, _ = io.WriteString(w, tt.body)
			})
			_, err := c.Invoke(t.Context(), "f", nil)
			var e *soc.Error
			var f *Failed
			if !errors.As(err, &e) || !errors.As(err, &f) {
				t.Fatalf("error = %v", err)
			}
			if e.Kind != tt.kind || e.Account != tt.account || e.RequestID != "1-a" || f.Message != tt.message || f.PlatformType != tt.errorType {
				t.Errorf("error = %+v, cause %+v", e, f)
			}
			if calls != 1 {
				t.Errorf("a function that failed ran %d times", calls)
			}
		})
	}
}

func TestCallFails(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status int
		body   string
		want   soc.Kind
	}{
		{404, `{"RequestId":"R","Code":"FunctionNotFound","Message":"no"}`, soc.NotFound},
		{403, `{"Code":"AccessDenied"}`, soc.Denied},
		{400, `{"Code":"InvalidArgument"}`, soc.Invalid},
		{500, `{"Code":"InternalServerError"}`, soc.Unavailable},
		{502, `<html>`, soc.Unavailable},
		{302, ``, soc.Internal},
	}
	for _, tt := range tests {
		c := fake(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, tt.body)
		})
		if _, err := c.Invoke(t.Context(), "f", nil); soc.KindOf(err) != tt.want {
			t.Errorf("%d %s: %v, want %s", tt.status, tt.body, err, tt.want)
		}
	}
}

// transport answers in process, for tests of time.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestThrottlingIsRepeated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		c := New(Config{Region: "cn-hangzhou", Account: "11", Credentials: openapi.Static(cred), Transport: transport(func(r *http.Request) (*http.Response, error) {
			calls++
			if r.URL.Host != "11.cn-hangzhou.fc.aliyuncs.com" || r.URL.Scheme != "https" {
				t.Errorf("sent to %s", r.URL)
			}
			status, body := 429, `{"Code":"ResourceExhausted"}`
			if calls == 3 {
				status, body = 202, ""
			}
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
		})})
		if err := c.InvokeAsync(t.Context(), "f", nil); err != nil || calls != 3 {
			t.Errorf("%v after %d calls", err, calls)
		}
	})
}

func TestContextAndSecrets(t *testing.T) {
	t.Parallel()
	calls := 0
	c := New(Config{Account: "11", Credentials: openapi.Static(cred), Transport: transport(func(*http.Request) (*http.Response, error) {
		calls++
		return nil, errors.New("connection reset")
	})})
	_, err := c.Invoke(t.Context(), "f", nil)
	if soc.KindOf(err) != soc.Unavailable || calls != 1 || strings.Contains(err.Error(), "the-") {
		t.Errorf("reset: %v after %d calls; the function may have run", err, calls)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Invoke(ctx, "f", nil); soc.KindOf(err) != soc.Timeout {
		t.Errorf("ended context: %v", err)
	}
	if _, err := New(Config{}).Invoke(t.Context(), "f", nil); soc.KindOf(err) != soc.Invalid {
		t.Errorf("no credentials: %v", err)
	}
}
