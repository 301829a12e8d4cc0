package gateway

import (
	"cmp"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/faults"
)

// TestOrderOfChecks starts with a request in which everything is wrong and mends one thing after the other: each step
// must meet the next error of accounts.md §1.8. It does so with Signature V1 and with ACS3.
func TestOrderOfChecks(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"V1", "ACS3"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			o := &orderWorld{scheme: scheme, keys: keyring{}, at: vectorTime.Add(-time.Hour), secret: "wrong", action: "Nope", body: "%zz"}
			g := New(Options{Credentials: o.keys, Authorizer: o, Clock: func() time.Time { return vectorTime }})
			g.Register("X", "2020-01-01", map[string]Operation{"Do": {
				Permissions: func(*Call) []Permission { return []Permission{{Action: "x:Do", Resource: "*"}} },
				Handle: func(_ context.Context, c *Call) (any, error) {
					if c.Get("Name") == "" {
						return nil, Missing("Name")
					}
					return nil, Errorf(http.StatusConflict, "EntityAlreadyExists.X", "It exists.")
				},
			}})
			throttled := true
			nonce := "used-before"
			g.nonces.use("STS.k", nonce, vectorTime)
			credential := auth.Credential{Secret: "s", Token: "token", Expires: vectorTime.Add(time.Hour)}
			for _, step := range []struct {
				mend func()
				want string
			}{
				{func() {}, "InvalidParameter"}, // not parseable
				{func() { o.body = "" }, "InvalidAccessKeyId.NotFound"},
				{func() { o.keys["STS.k"] = credential }, "InvalidAccessKeyId.Inactive"},
				{func() { credential.Active = true; o.keys["STS.k"] = credential }, "MissingSecurityToken"},
				{func() { o.token = "nonsense" }, "InvalidSecurityToken.Malformed"},
				{func() { o.token = "token" }, "InvalidTimeStamp.Expired"},
				{func() { o.at = vectorTime }, "SignatureDoesNotMatch"},
				{func() { o.secret = "s" }, "SignatureNonceUsed"},
				{func() { nonce = "" }, "InvalidApi.NotFound"},
				{func() { o.action = "Do" }, "Throttling.User"},
				{func() { throttled = false }, "NoPermission"},
				{func() { o.allow = true }, "MissingName"},
				{func() { o.name = "n" }, "EntityAlreadyExists.X"},
			} {
				step.mend()
				used := nonce
				if used == "" {
					used = NewRequestID()
				}
				r := o.request(used)
				if throttled { // a fault waits from the first call on, and comes in its turn
					r = r.WithContext(faults.WithRefusal(r.Context(), faults.Answer{Status: 400, Code: "Throttling.User"}))
				}
				status, body := call(g, r)
				if e := decodeError(t, body); e.Code != step.want || status == 200 {
					t.Fatalf("got %d %s (%s), want %s", status, e.Code, e.Message, step.want)
				}
			}
		})
	}
}

type orderWorld struct {
	scheme                            string
	keys                              keyring
	at                                time.Time
	secret, token, action, name, body string
	version, stamp                    string // "" = the version of the gateway, and at; a stamp of - is none
	malformed                         bool   // the signature's form is wrong
	allow                             bool
}

func (o *orderWorld) Authorize(context.Context, auth.Request) auth.Decision {
	return auth.Decision{Allowed: o.allow}
}

// request is a POST with a form body, signed with the scheme.
func (o *orderWorld) request(nonce string) *http.Request {
	form := url.Values{}
	if o.name != "" {
		form.Set("Name", o.name)
	}
	body := form.Encode() + o.body
	version, stamp := cmp.Or(o.version, "2020-01-01"), strings.TrimPrefix(cmp.Or(o.stamp, o.at.Format("2006-01-02T15:04:05Z")), "-")
	if o.scheme == "ACS3" {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		for k, v := range map[string]string{
			"Content-Type": "application/x-www-form-urlencoded", "x-acs-action": o.action, "x-acs-version": version,
			"x-acs-date": stamp, "x-acs-signature-nonce": nonce,
		} {
			r.Header.Set(k, v)
		}
		if o.token != "" {
			r.Header.Set("x-acs-security-token", o.token)
			r.Header.Set("x-acs-accesskey-id", "STS.k")
		}
		var signed []string
		for _, k := range []string{"content-type", "host", "x-acs-accesskey-id", "x-acs-action", "x-acs-date", "x-acs-security-token", "x-acs-signature-nonce", "x-acs-version"} {
			if k == "host" || r.Header.Get(k) != "" {
				signed = append(signed, k)
			}
		}
		a := authorization{accessKeyID: "STS.k", signed: signed}
		r.Header.Set("Authorization", acs3+" Credential=STS.k,SignedHeaders="+strings.Join(signed, ";")+map[bool]string{true: ",Sign=", false: ",Signature="}[o.malformed]+signACS3(o.secret, a.stringToSignACS3(r, []byte(body))))
		return r
	}
	p := url.Values{
		"AccessKeyId": {"STS.k"}, "Action": {o.action}, "Version": {version}, "Format": {"JSON"}, "SignatureNonce": {nonce},
		"Timestamp": {stamp}, "SignatureMethod": {"HMAC-SHA1"}, "SignatureVersion": {"1.0"},
	}
	if o.malformed {
		p.Set("SignatureMethod", "HMAC-SHA256")
	}
	if o.token != "" {
		p.Set("SecurityToken", o.token)
	}
	all := url.Values{}
	for _, m := range []url.Values{p, form} {
		for k := range m {
			all.Set(k, m.Get(k))
		}
	}
	p.Set("Signature", signV1(o.secret, stringToSignV1(http.MethodPost, all)))
	r := httptest.NewRequest(http.MethodPost, "/?"+p.Encode(), strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// FuzzServe: whatever comes, the answer is one JSON object with a request id, and nothing panics.
func FuzzServe(f *testing.F) {
	f.Add("GET", "/?Action=AssumeRole&Version=2015-04-01", "", "", "")
	f.Add("POST", "/", "Action=A&AccessKeyId=x&Signature=y&SignatureMethod=HMAC-SHA1", "application/x-www-form-urlencoded", "")
	f.Add("POST", "/?a=%zz", "%", "application/x-www-form-urlencoded; charset=x", "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host;host,Signature=0")
	f.Add("PUT", "/x", "{}", "application/json", "ACS3-HMAC-SHA256")
	f.Fuzz(func(t *testing.T, method, target, body, contentType, authorization string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || method != "GET" && method != "POST" && method != "PUT" {
			return
		}
		r := httptest.NewRequest(method, "/", strings.NewReader(body))
		r.URL = u
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Authorization", authorization)
		status, answer := call(vectorGateway(), r)
		if status == http.StatusOK {
			t.Fatalf("an unsigned request is answered: %s", answer)
		}
		decodeError(t, answer)
	})
}
