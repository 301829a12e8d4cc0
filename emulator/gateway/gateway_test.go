package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/faults"
)

type allowAll struct{}

func (allowAll) Authorize(context.Context, auth.Request) auth.Decision {
	return auth.Decision{Allowed: true}
}

// allowOnly allows one action and remembers what it was asked.
type allowOnly struct {
	action string
	asked  *[]auth.Request
}

func (a allowOnly) Authorize(_ context.Context, r auth.Request) auth.Decision {
	*a.asked = append(*a.asked, r)
	if r.Action == a.action {
		return auth.Decision{Allowed: true}
	}
	return auth.Decision{Detail: &auth.Denial{PolicyType: "AccountLevelIdentityBasedPolicy", AuthAction: r.Action, NoPermissionType: "ImplicitDeny"}}
}

// echo answers the parameters of the call.
func echo(action string) map[string]Operation {
	return map[string]Operation{action: {Handle: func(_ context.Context, c *Call) (any, error) {
		out := map[string]string{}
		for k := range c.Params {
			out[k] = c.Get(k)
		}
		return out, nil
	}}}
}

func call(h http.Handler, r *http.Request) (int, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// signedV1 builds a signed GET; the parameters given replace or (when "-") remove the common ones.
func signedV1(secret string, at time.Time, change map[string]string) *http.Request {
	p := url.Values{
		"AccessKeyId": {vectorKey}, "Action": {"AssumeRole"}, "Version": {"2015-04-01"}, "Format": {"JSON"},
		"Timestamp": {at.UTC().Format("2006-01-02T15:04:05Z")}, "SignatureMethod": {"HMAC-SHA1"}, "SignatureVersion": {"1.0"},
		"SignatureNonce": {NewRequestID()},
	}
	for k, v := range change {
		if p.Set(k, v); v == "-" {
			p.Del(k)
		}
	}
	if change["Signature"] == "" {
		p.Set("Signature", signV1(secret, stringToSignV1("GET", p)))
	}
	return httptest.NewRequest("GET", "/?"+p.Encode(), nil)
}

type wireError struct {
	RequestID          string `json:"RequestId"`
	HostID             string `json:"HostId"`
	Code, Message      string
	Recommend          string
	AccessDeniedDetail *auth.Denial
}

func decodeError(t *testing.T, body string) wireError {
	t.Helper()
	var e wireError
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatalf("answer is not JSON: %v\n%s", err, body)
	}
	if e.RequestID == "" || e.HostID == "" || e.Recommend == "" {
		t.Errorf("error body lacks a field: %s", body)
	}
	return e
}

func TestChecks(t *testing.T) {
	t.Parallel()
	const minute = time.Minute
	tests := []struct {
		name   string
		secret string
		skew   time.Duration
		change map[string]string
		status int
		code   string
	}{
		{name: "good", status: 200},
		{name: "15 minutes late", skew: -15 * minute, status: 200},
		{name: "15 minutes early", skew: 15 * minute, status: 200},
		{name: "too late", skew: -15*minute - time.Second, status: 400, code: "InvalidTimeStamp.Expired"},
		{name: "too early", skew: 15*minute + time.Second, status: 400, code: "InvalidTimeStamp.Expired"},
		{name: "time format", change: map[string]string{"Timestamp": "2026-01-02 03:04:05"}, status: 400, code: "InvalidTimeStamp.Format"},
		{name: "no time", change: map[string]string{"Timestamp": "-"}, status: 400, code: "IllegalTimestamp"},
		{name: "no key", change: map[string]string{"AccessKeyId": "-"}, status: 400, code: "MissingAccessKeyId"},
		{name: "no signature", change: map[string]string{"Signature": "-"}, status: 400, code: "MissingSignature"},
		{name: "no nonce", change: map[string]string{"SignatureNonce": "-"}, status: 400, code: "MissingSignatureNonce"},
		{name: "method", change: map[string]string{"SignatureMethod": "HMAC-MD5"}, status: 400, code: "IncompleteSignature"},
		{name: "unknown key", change: map[string]string{"AccessKeyId": "LTAIx"}, status: 404, code: "InvalidAccessKeyId.NotFound"},
		{name: "inactive key", change: map[string]string{"AccessKeyId": "off"}, status: 400, code: "InvalidAccessKeyId.Inactive"},
		{name: "token", change: map[string]string{"AccessKeyId": "STS.a", "SecurityToken": "ta"}, status: 200},
		{name: "no token", change: map[string]string{"AccessKeyId": "STS.a"}, status: 400, code: "MissingSecurityToken"},
		{name: "nonsense token", change: map[string]string{"AccessKeyId": "STS.a", "SecurityToken": "x"}, status: 400, code: "InvalidSecurityToken.Malformed"},
		{name: "token of another key", change: map[string]string{"AccessKeyId": "STS.a", "SecurityToken": "tb"}, status: 400, code: "InvalidSecurityToken.MismatchWithAccessKey"},
		{name: "token with a long-term key", change: map[string]string{"SecurityToken": "ta"}, status: 400, code: "InvalidSecurityToken.MismatchWithAccessKey"},
		{name: "expired token", change: map[string]string{"AccessKeyId": "STS.b", "SecurityToken": "tb"}, status: 400, code: "InvalidSecurityToken.Expired"},
		{name: "wrong secret", secret: "no", status: 400, code: "SignatureDoesNotMatch"},
		{name: "key before signature", secret: "no", change: map[string]string{"AccessKeyId": "LTAIx"}, status: 404, code: "InvalidAccessKeyId.NotFound"},
		{name: "time before signature", secret: "no", skew: time.Hour, status: 400, code: "InvalidTimeStamp.Expired"},
		{name: "signature before route", secret: "no", change: map[string]string{"Action": "Nope"}, status: 400, code: "SignatureDoesNotMatch"},
		{name: "unknown action", change: map[string]string{"Action": "Nope"}, status: 404, code: "InvalidApi.NotFound"},
		{name: "unknown version", change: map[string]string{"Version": "1999-01-01"}, status: 404, code: "InvalidProduct.NotFound"},
		{name: "no action", change: map[string]string{"Action": "-"}, status: 400, code: "MissingAction"},
		{name: "no version", change: map[string]string{"Version": "-"}, status: 400, code: "MissingVersion"},
	}
	keys := keyring{
		vectorKey: {Secret: "s", Active: true}, "off": {Secret: "s"},
		"STS.a": {Secret: "s", Active: true, Token: "ta", Expires: vectorTime.Add(time.Second)},
		"STS.b": {Secret: "s", Active: true, Token: "tb", Expires: vectorTime},
	}
	g := New(Options{Credentials: keys, Authorizer: allowAll{}, Clock: func() time.Time { return vectorTime }})
	g.Register("Sts", "2015-04-01", echo("AssumeRole"))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.secret == "" {
				tt.secret = "s"
			}
			status, body := call(g, signedV1(tt.secret, vectorTime.Add(tt.skew), tt.change))
			if status != tt.status {
				t.Fatalf("status %d, want %d: %s", status, tt.status, body)
			}
			if tt.code != "" {
				if e := decodeError(t, body); e.Code != tt.code {
					t.Errorf("code %s, want %s (%s)", e.Code, tt.code, e.Message)
				}
			}
		})
	}
}

func TestMismatchMessageEndsWithServerString(t *testing.T) {
	t.Parallel()
	r := signedV1("no", vectorTime, nil)
	_, body := call(vectorGateway(), r)
	want := "server string to sign is:" + stringToSignV1("GET", r.URL.Query())
	if e := decodeError(t, body); !strings.HasSuffix(e.Message, want) {
		t.Errorf("message %q does not end with %q", e.Message, want)
	}
}

func TestNonceIsBurntBySuccessOnly(t *testing.T) {
	t.Parallel()
	g := vectorGateway()
	send := func(secret, nonce string) string {
		_, body := call(g, signedV1(secret, vectorTime, map[string]string{"SignatureNonce": nonce}))
		return body
	}
	if body := send("no", "n"); !strings.Contains(body, "SignatureDoesNotMatch") {
		t.Fatal(body)
	}
	if body := send(vectorSecret, "n"); strings.Contains(body, "Code") {
		t.Fatalf("nonce was burnt by a bad signature: %s", body)
	}
	if body := send(vectorSecret, "n"); !strings.Contains(body, "SignatureNonceUsed") {
		t.Errorf("second use: %s", body)
	}
}

func TestNonces(t *testing.T) {
	t.Parallel()
	n := newNonces(1000)
	at := vectorTime
	if !n.use("a", "1", at) || n.use("a", "1", at.Add(window-1)) || !n.use("b", "1", at) {
		t.Error("a nonce is unique per key and window")
	}
	if !n.use("a", "1", at.Add(window)) {
		t.Error("a nonce may come again after the window")
	}
	for i := range 10_000 {
		n.use("a", strconv.Itoa(i+10), at)
		if len(n.now)+len(n.past) > 1001 {
			t.Fatalf("%d nonces remembered", len(n.now)+len(n.past))
		}
	}
	if n.use("a", "10009", at) {
		t.Error("the newest nonce was forgotten")
	}
}

func TestPermissionsAndDenial(t *testing.T) {
	t.Parallel()
	var asked []auth.Request
	ran := false
	g := New(Options{
		Credentials: keyring{vectorKey: {Secret: "s", Active: true}}, Authorizer: allowOnly{"x:Read", &asked},
		Clock: func() time.Time { return vectorTime },
	})
	two := func(*Call) []Permission {
		return []Permission{{Action: "x:Read", Resource: "acs:x:::a", Context: map[string]string{"k": "v"}}, {Action: "x:Write", Resource: "acs:x:::b"}}
	}
	g.Register("X", "2020-01-01", map[string]Operation{"Do": {
		Permissions: two, Denied: "Forbidden.RAM",
		Handle: func(context.Context, *Call) (any, error) { ran = true; return nil, nil },
	}})
	status, body := call(g, signedV1("s", vectorTime, map[string]string{"Version": "2020-01-01", "Action": "Do", "Tag.1.Key": "team", "Tag.1.Value": "soc"}))
	e := decodeError(t, body)
	if status != 403 || e.Code != "Forbidden.RAM" || e.AccessDeniedDetail == nil || ran {
		t.Fatalf("status %d, ran %v: %s", status, ran, body)
	}
	for _, part := range []string{"Action: x:Write", "Resource: acs:x:::b", "Caller: acs:ram::1100000000000001:user/" + vectorKey} {
		if !strings.Contains(e.Message, part) {
			t.Errorf("message %q lacks %q", e.Message, part)
		}
	}
	want := map[string]string{"k": "v", "acs:RequestTag/team": "soc"}
	if diff := cmp.Diff(want, asked[0].Context); diff != "" || len(asked) != 2 || asked[0].Caller.SourceIP != "192.0.2.1" {
		t.Errorf("asked %+v\n%s", asked, diff)
	}
}

func TestAnswersAndLog(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	log := map[string]Entry{}
	g := New(Options{
		Credentials: keyring{vectorKey: {Secret: "s", Active: true}}, Authorizer: allowAll{}, Clock: func() time.Time { return vectorTime },
		Log: func(e Entry) { mu.Lock(); defer mu.Unlock(); log[e.Action] = e },
	})
	answer := func(v any, err error) Operation {
		return Operation{Handle: func(context.Context, *Call) (any, error) { return v, err }}
	}
	g.Register("X", "2020-01-01", map[string]Operation{
		"Nil": answer(nil, nil), "Empty": answer(struct{}{}, nil), "Struct": answer(struct{ A int }{7}, nil),
		"List": answer([]int{1}, nil), "Foreign": answer(nil, errors.New("boom")), "Own": answer(nil, Errorf(409, "Conflict", "no")),
	})
	for action, want := range map[string]struct {
		status int
		part   string
	}{
		"Nil": {200, `{"RequestId":"`}, "Empty": {200, `{"RequestId":"`}, "Struct": {200, `,"A":7}`},
		"List": {500, "InternalError"}, "Foreign": {500, "boom"}, "Own": {409, `"Code":"Conflict"`},
	} {
		status, body := call(g, signedV1("s", vectorTime, map[string]string{"Version": "2020-01-01", "Action": action, "RegionId": "cn-hangzhou"}))
		if status != want.status || !strings.Contains(body, want.part) || !json.Valid([]byte(body)) {
			t.Errorf("%s: status %d, body %s", action, status, body)
		}
		e := log[action]
		if e.Status != want.status || e.Product != "X" || e.Region != "cn-hangzhou" || e.AccountID == "" || !strings.Contains(body, e.RequestID) {
			t.Errorf("%s: log %+v", action, e)
		}
	}
	if diff := cmp.Diff([]string{"X 2020-01-01 Empty", "X 2020-01-01 Foreign", "X 2020-01-01 List", "X 2020-01-01 Nil", "X 2020-01-01 Own", "X 2020-01-01 Struct"}, g.Actions()); diff != "" {
		t.Error(diff)
	}
}

// TestFaultsInside: throttling and server errors of a plan strike calls that services make to each other.
func TestFaultsInside(t *testing.T) {
	t.Parallel()
	plan, err := faults.New(faults.Plan{Faults: []faults.Fault{
		{Kind: faults.Unavailable, Operation: "AssumeRole", Account: "other"},
		{Kind: faults.TimeoutBefore, Operation: "AssumeRole", Count: -1},
		{Kind: faults.Throttle, Operation: "AssumeRole", Service: "Sts", Count: 2},
	}}, faults.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	g := vectorGateway()
	g.inside = plan.Inside
	do := func() *Error {
		ctx := faults.WithRefusal(t.Context(), faults.Answer{Status: 500, Code: "OfTheCallOutside"})
		_, e := g.Do(ctx, auth.Caller{AccountID: "me"}, "2015-04-01", "AssumeRole", map[string]string{"A": "b"})
		return e
	}
	for range 2 {
		if e := do(); e == nil || e.Code != "Throttling.User" || e.Status != 400 {
			t.Fatalf("got %v, want the fault", e)
		}
	}
	if e := do(); e != nil {
		t.Errorf("third call: %v", e)
	}
}

func TestDo(t *testing.T) {
	t.Parallel()
	g := vectorGateway()
	out, e := g.Do(t.Context(), auth.Caller{}, "2015-04-01", "AssumeRole", map[string]string{"A": "b"})
	if e != nil || out["A"] != "b" || out["RequestId"] == "" {
		t.Errorf("got %v, %v", out, e)
	}
	if _, e := g.Do(t.Context(), auth.Caller{}, "2015-04-01", "Nope", nil); e == nil || e.Code != "InvalidApi.NotFound" {
		t.Errorf("got %v, want InvalidApi.NotFound", e)
	}
}

func TestRegisterTwicePanics(t *testing.T) {
	t.Parallel()
	for name, register := range map[string]func(g *Gateway){
		"operation": func(g *Gateway) { g.Register("Sts", "2015-04-01", echo("AssumeRole")) },
		"version":   func(g *Gateway) { g.Register("Other", "2015-04-01", echo("X")) },
		"handler":   func(g *Gateway) { g.Register("Y", "2", map[string]Operation{"X": {}}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			register(vectorGateway())
		})
	}
}

func TestInt(t *testing.T) {
	t.Parallel()
	c := &Call{Params: url.Values{"A": {"7"}, "B": {"x"}, "C": {""}}}
	if n, err := c.Int("A", 1); n != 7 || err != nil {
		t.Error(n, err)
	}
	if n, err := c.Int("C", 1); n != 1 || err != nil {
		t.Error(n, err)
	}
	_, err := c.Int("B", 1)
	if e, ok := errors.AsType[*Error](err); !ok || e.Code != "InvalidParameter.B" || e.Status != 400 {
		t.Error(err)
	}
}

// TestSDK drives the gateway with the official client, which has its own opinion about every byte.
func TestSDK(t *testing.T) {
	t.Parallel()
	g := New(Options{Credentials: keyring{"ak": {Secret: "sk", Active: true}}, Authorizer: allowAll{}})
	g.Register("Sts", "2015-04-01", echo("AssumeRole"))
	srv := httptest.NewServer(g)
	t.Cleanup(srv.Close)
	send := func(secret string) (string, error) {
		c, err := sdk.NewClientWithOptions("cn-hangzhou", sdk.NewConfig().WithScheme("HTTP"), credentials.NewAccessKeyCredential("ak", secret))
		if err != nil {
			t.Fatal(err)
		}
		r := requests.NewCommonRequest()
		r.Domain, r.Product, r.Version, r.ApiName, r.Method = strings.TrimPrefix(srv.URL, "http://"), "Sts", "2015-04-01", "AssumeRole", "POST"
		r.QueryParams["Odd"] = "a b+c*~/%é"
		r.FormParams["Form"] = `{"Version":"1"}`
		resp, err := c.ProcessCommonRequest(r)
		if err != nil {
			return "", err
		}
		return resp.GetHttpContentString(), nil
	}
	body, err := send("sk")
	if err != nil || !strings.Contains(body, `"Odd":"a b+c*~/%é"`) || !strings.Contains(body, `"SignatureType":""`) {
		t.Errorf("got %s, %v", body, err)
	}
	_, err = send("wrong")
	se, ok := errors.AsType[*sdkerrors.ServerError](err)
	if !ok || se.ErrorCode() != "SignatureDoesNotMatch" || !strings.HasPrefix(se.Recommend(), "InvalidAccessKeySecret") {
		t.Errorf("got %v, want the SDK to see a wrong secret", err)
	}
}
