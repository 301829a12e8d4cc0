package openapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi/openapitest"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

func TestDo(t *testing.T) {
	t.Parallel()
	api := openapitest.Serve(t, func(c openapitest.Call) any {
		if c.Action != "CreateRole" || c.Version != "2015-05-01" || c.Method != "POST" || c.Get("RoleName") != "a b*~/+" || c.Form.Get("Body") != `{"x":"é"}` {
			t.Errorf("call = %+v", c)
		}
		return map[string]any{"RequestId": "R", "Role": map[string]string{"RoleName": c.Get("RoleName")}}
	})
	var out struct{ Role struct{ RoleName string } }
	err := api.Do(t.Context(), openapi.Request{
		Product: "Ram", Version: "2015-05-01", Action: "CreateRole", Host: "ram.aliyuncs.com",
		Query: map[string]string{"RoleName": "a b*~/+"}, Form: map[string]string{"Body": `{"x":"é"}`},
	}, &out)
	if err != nil || out.Role.RoleName != "a b*~/+" {
		t.Errorf("Do = %+v, %v", out, err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	api := openapitest.Serve(t, func(openapitest.Call) any {
		return openapitest.Error{Status: 403, Code: "NoPermission", Message: "no " + strings.Repeat("x", 2000)}
	})
	_, err := api.Call(t.Context(), openapi.Request{Product: "Ram", Version: "2015-05-01", Action: "GetRole", Resource: "role/x"})
	var e *soc.Error
	if !errors.As(err, &e) {
		t.Fatalf("error = %v", err)
	}
	if e.Kind != soc.Denied || e.Code != "NoPermission" || e.RequestID != "REQ-1" || e.Account != openapitest.Account || e.Op != "GetRole" || e.Resource != "role/x" || e.Next == "" {
		t.Errorf("error = %+v", e)
	}
	if len(e.Error()) > 800 {
		t.Errorf("error has %d bytes", len(e.Error()))
	}
}

func TestKindOf(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status int
		code   string
		want   soc.Kind
	}{
		{400, "Throttling.User", soc.Throttled},
		{400, "Throttling", soc.Throttled},
		{429, "Odd", soc.Throttled},
		{409, "ConcurrentCallNotSupported", soc.Throttled},
		{503, "ResourceThrottled", soc.Throttled},
		{429, "ResourceExhausted", soc.Throttled},
		{409, "ConcurrentUpdateError", soc.Throttled},
		{503, "ServiceUnavailable", soc.Unavailable},
		{500, "InternalError", soc.Unavailable},
		{502, "", soc.Unavailable},
		{403, "NoPermission", soc.Denied},
		{403, "Forbidden.RAM", soc.Denied},
		{404, "InvalidAccessKeyId.NotFound", soc.Denied},
		{400, "SignatureDoesNotMatch", soc.Denied},
		{400, "InvalidSecurityToken.Expired", soc.Denied},
		{403, "AccessDenied", soc.Denied},
		{403, "InvalidAccessKeyID", soc.Denied},
		{409, "CallerIdentityError", soc.Denied},
		{404, "EntityNotExist.Role", soc.NotFound},
		{404, "EntityNotExists.Account", soc.NotFound},
		{404, "FlowNotExists", soc.NotFound},
		{404, "FunctionNotFound", soc.NotFound},
		{404, "ResourceDirectoryNotInUse", soc.NotFound},
		{400, "Defense.Control.DefenseRuleNotExist", soc.NotFound},
		{409, "EntityAlreadyExists.Role", soc.Conflict},
		{400, "ExecutionAlreadyExists", soc.Conflict},
		{409, "DeleteConflict.Role.Policy", soc.Conflict},
		{409, "LimitExceeded.Role", soc.Conflict},
		{409, "LegalEntityMismatch", soc.Conflict},
		{412, "PreconditionFailed", soc.Conflict},
		{404, "InvalidApi.NotFound", soc.Unsupported},
		{400, "ActionNotSupported", soc.Unsupported},
		{400, "InvalidParameter.RoleName.Length", soc.Invalid},
		{400, "MalformedPolicyDocument", soc.Invalid},
		{418, "", soc.Invalid},
		{302, "", soc.Internal},
	}
	for _, tt := range tests {
		if got := openapi.KindOf(tt.status, tt.code); got != tt.want {
			t.Errorf("KindOf(%d, %q) = %s, want %s", tt.status, tt.code, got, tt.want)
		}
	}
}

// transport answers in process, for tests of time.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(r *http.Request, status int, body string) (*http.Response, error) {
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", Header: http.Header{}, Request: r,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

func clientOf(f transport) *openapi.Client {
	return openapi.New(openapi.Config{Credentials: openapi.Static(openapitest.Credentials), Account: openapitest.Account, Transport: f})
}

var ping = openapi.Request{Product: "Ram", Version: "2015-05-01", Action: "GetRole", Host: "ram.aliyuncs.com"}

func TestRetries(t *testing.T) {
	t.Parallel()
	throttled := func(r *http.Request) (*http.Response, error) {
		return answer(r, 400, `{"Code":"Throttling.User","Message":"slow"}`)
	}
	down := func(r *http.Request) (*http.Response, error) { return answer(r, 503, `<html>`) }
	reset := func(*http.Request) (*http.Response, error) { return nil, errors.New("connection reset") }
	denied := func(r *http.Request) (*http.Response, error) {
		return answer(r, 403, `{"Code":"NoPermission","Message":"no"}`)
	}
	tests := []struct {
		name  string
		once  bool
		first []transport
		calls int
		kind  soc.Kind
	}{
		{"throttled twice", false, []transport{throttled, throttled}, 3, ""},
		{"down, reset", false, []transport{down, reset}, 3, ""},
		{"down for ever", false, []transport{down, down, down, down, down}, 4, soc.Unavailable},
		{"denied", false, []transport{denied}, 1, soc.Denied},
		{"throttled, once", true, []transport{throttled}, 2, ""},
		{"down, once", true, []transport{down}, 1, soc.Unavailable},
		{"reset, once", true, []transport{reset}, 1, soc.Unavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				nonces := map[string]bool{}
				api := clientOf(func(r *http.Request) (*http.Response, error) {
					if r.URL.Scheme != "https" || r.URL.Host != "ram.aliyuncs.com" {
						t.Errorf("sent to %s", r.URL)
					}
					nonces[r.URL.Query().Get("SignatureNonce")] = true
					if n := len(nonces); n <= len(tt.first) {
						return tt.first[n-1](r)
					}
					return answer(r, 200, `{}`)
				})
				r := ping
				r.Once = tt.once
				_, err := api.Call(t.Context(), r)
				if soc.KindOf(err) != tt.kind || len(nonces) != tt.calls {
					t.Errorf("error = %v after %d calls with nonces of their own, want kind %q after %d", err, len(nonces), tt.kind, tt.calls)
				}
			})
		})
	}
}

func TestContextAndTimeout(t *testing.T) {
	t.Parallel()
	hang := transport(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	synctest.Test(t, func(t *testing.T) {
		api := clientOf(hang)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begin := time.Now()
		if _, err := api.Call(ctx, ping); soc.KindOf(err) != soc.Timeout || time.Since(begin) != 3*time.Second {
			t.Errorf("deadline of the caller: %v after %v", err, time.Since(begin))
		}
		if _, err := api.Call(ctx, ping); soc.KindOf(err) != soc.Timeout {
			t.Errorf("context that is over: %v", err)
		}
		r := ping
		r.Once = true
		begin = time.Now()
		if _, err := api.Call(t.Context(), r); soc.KindOf(err) != soc.Unavailable || time.Since(begin) != 10*time.Second {
			t.Errorf("time-out of an attempt: %v after %v", err, time.Since(begin))
		}
	})
}

// TestHostileAnswers holds what would break the SDK: it must come out as an error.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"code is a number": `{"Code":7,"Message":{}}`, "details are text": `{"Code":"NoPermission","AccessDeniedDetail":"x"}`, "not JSON": "\x00", "empty": "",
	} {
		api := clientOf(func(r *http.Request) (*http.Response, error) { return answer(r, 403, body) })
		if _, err := api.Call(t.Context(), ping); err == nil || soc.KindOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	endless := clientOf(func(r *http.Request) (*http.Response, error) {
		resp, _ := answer(r, 200, "")
		resp.Body, resp.ContentLength = io.NopCloser(zeros{}), -1
		return resp, nil
	})
	r := ping
	r.Once = true
	if _, err := endless.Call(t.Context(), r); err == nil {
		t.Error("an endless answer was read")
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestSecretsStayInside(t *testing.T) {
	t.Parallel()
	secret := func(text string) bool {
		return strings.Contains(text, openapitest.Credentials.AccessKeySecret) || strings.Contains(text, openapitest.Credentials.SecurityToken)
	}
	for name, f := range map[string]transport{
		"network": func(*http.Request) (*http.Response, error) { return nil, errors.New("refused") },
		"signature": func(r *http.Request) (*http.Response, error) {
			return answer(r, 400, `{"Code":"SignatureDoesNotMatch","Message":"Specified signature is not matched. server string to sign is:POST&`+openapitest.Credentials.SecurityToken+`"}`)
		},
		"echo without a code": func(r *http.Request) (*http.Response, error) { return answer(r, 400, r.URL.RawQuery) },
	} {
		r := ping
		r.Once = true
		_, err := clientOf(f).Call(t.Context(), r)
		if err == nil || secret(err.Error()) {
			t.Errorf("%s: error %v", name, err)
		}
		var e *soc.Error
		if errors.As(err, &e) && secret(fmt.Sprintf("%+v", e.Err)) {
			t.Errorf("%s: cause %+v", name, e.Err)
		}
	}
	var log bytes.Buffer
	c := openapitest.Credentials
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "c", c)
	if text := log.String() + fmt.Sprintf("%v %+v %#v", c, c, c); secret(text) {
		t.Errorf("secret in %s", text)
	}
}

func TestMalformedConfig(t *testing.T) {
	t.Parallel()
	if _, err := openapi.New(openapi.Config{}).Call(t.Context(), ping); soc.KindOf(err) != soc.Invalid {
		t.Errorf("no credentials: %v", err)
	}
	refused := openapi.New(openapi.Config{Credentials: func(context.Context) (openapi.Credentials, error) {
		return openapi.Credentials{}, &soc.Error{Kind: soc.Denied, Err: errors.New("no")}
	}})
	if _, err := refused.Call(t.Context(), ping); soc.KindOf(err) != soc.Denied {
		t.Errorf("credentials refused: %v", err)
	}
	odd := openapi.New(openapi.Config{Endpoint: "127.0.0.1", Credentials: openapi.Static(openapitest.Credentials)})
	if _, err := odd.Call(t.Context(), ping); soc.KindOf(err) != soc.Invalid {
		t.Errorf("malformed endpoint: %v", err)
	}
}

// TestConcurrent calls through one client and through its relatives at the same time; it means most under -race.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	api := openapitest.Serve(t, func(openapitest.Call) any { calls.Add(1); return map[string]string{} })
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			c := api
			if i%2 == 1 {
				c = api.As(fmt.Sprint(i), openapi.Static(openapitest.Credentials)).In("cn-shanghai")
			}
			for range 5 {
				if _, err := c.Call(t.Context(), ping); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if calls.Load() != 80 {
		t.Errorf("%d calls arrived, want 80", calls.Load())
	}
}
