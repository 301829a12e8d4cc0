// Package openapitest is the cloud's side of an OpenAPI call, for tests of the packages that make them. It checks every
// signature (V1, accounts.md §1.3) and hands the test the action and the parameters.
package openapitest

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
)

// Credentials are what clients of a test sign with.
var Credentials = openapi.Credentials{AccessKeyID: "STS.test", AccessKeySecret: "test-secret", SecurityToken: "test-token"}

// Account is the uid that errors name.
const Account = "1100000000000003"

// Call is one call as it arrived.
type Call struct {
	Action, Version, Method string
	Params                  url.Values // query and body
	Form                    url.Values // body only
}

// Get returns a parameter.
func (c Call) Get(name string) string { return c.Params.Get(name) }

// Error is an answer that is an error of the cloud.
type Error struct {
	Status        int
	Code, Message string
}

// Serve starts a server that answers calls with what handle returns: an [Error], or anything that is encoded as JSON.
func Serve(t testing.TB, handle func(Call) any) *openapi.Client {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		checkSignature(t, r)
		status, body := 200, handle(Call{Action: r.Form.Get("Action"), Version: r.Form.Get("Version"), Method: r.Method, Params: r.Form, Form: r.PostForm})
		if e, ok := body.(Error); ok {
			status, body = e.Status, map[string]string{"RequestId": "REQ-1", "HostId": r.Host, "Code": e.Code, "Message": e.Message, "Recommend": ""}
		}
		w.Header().Set("Content-Type", "application/json;charset=utf-8")
		w.WriteHeader(status)
		if err := json.NewEncoder(w).Encode(body); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(srv.Close)
	return openapi.New(openapi.Config{
		Endpoint: srv.URL, Region: "cn-hangzhou", Credentials: openapi.Static(Credentials), Account: Account,
		Transport: srv.Client().Transport,
	})
}

func checkSignature(t testing.TB, r *http.Request) {
	t.Helper()
	if r.Form.Get("AccessKeyId") != Credentials.AccessKeyID || r.Form.Get("SecurityToken") != Credentials.SecurityToken {
		t.Errorf("%s: signed by %q", r.Form.Get("Action"), r.Form.Get("AccessKeyId"))
	}
	if got, want := r.Form.Get("Signature"), Signature(r.Method, r.Form, Credentials.AccessKeySecret); got != want {
		t.Errorf("%s: signature %q, want %q", r.Form.Get("Action"), got, want)
	}
}

// Signature computes signature V1 over parameters.
func Signature(method string, params url.Values, secret string) string {
	var keys []string
	for k := range params {
		if k != "Signature" {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	var pairs []string
	for _, k := range keys {
		pairs = append(pairs, escape(k)+"="+escape(params.Get(k)))
	}
	m := hmac.New(sha1.New, []byte(secret+"&"))
	m.Write([]byte(method + "&%2F&" + escape(strings.Join(pairs, "&"))))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
