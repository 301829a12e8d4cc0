package sls

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The vectors of sls.md §1.7.
const (
	vectorKey    = "testAccessKeyId"
	vectorSecret = "testAccessKeySecret"
	vectorHost   = "demo-project.cn-hangzhou.log.aliyuncs.com"
	vectorRaw    = "0a2b08a593c99d06120d0a067374617475731203323030120f0a0375726912082f613f623d6320642515cd5b071a03776166220831302e302e302e31320a0a04686f737412026831"
	vectorToken  = "CAIStesttoken"
)

var vectorTime = time.Date(2023, 1, 2, 3, 4, 5, 0, time.UTC)

func vectorBody(t testing.TB) []byte {
	t.Helper()
	b, err := hex.DecodeString("f039" + vectorRaw)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func TestSignatureVectors(t *testing.T) {
	t.Parallel()
	pull := url.Values{"count": {"1000"}, "cursor": {"MTY3MjYyODY0NTEyMzQ1Njc4OQ=="}, "type": {"logs"}}
	histogram := url.Values{"from": {"1672628000"}, "query": {`status: 200 and uri:"/a?b"`}, "to": {"1672629000"}, "topic": {""}, "type": {"histogram"}}
	put := header("Content-Type", "application/x-protobuf", "x-log-bodyrawsize", "72", "x-log-compresstype", "lz4")
	tests := []struct {
		name         string
		method, path string
		query        url.Values
		header       http.Header
		body         []byte
		token        string
		v4           bool
		want         string
	}{
		{name: "V1-a", method: "GET", path: "/logstores/waf-access/shards/0", query: pull, header: header("x-log-bodyrawsize", "0"), token: vectorToken, want: "uQZJJN34iIk0wNTeKgCJnsx8Qyk="},
		{name: "V1-b", method: "POST", path: "/logstores/waf-access/shards/lb", header: put, body: vectorBody(t), want: "dpbQJl0VnoWZLpQiDrr0nWJUi0k="},
		{name: "V1-c", method: "GET", path: "/logstores/waf-access", query: histogram, header: header("x-log-bodyrawsize", "0"), want: "xB6pRuElQBKcy/cGpKANfck/F7A="},
		{name: "V4-a", v4: true, method: "GET", path: "/logstores/waf-access/shards/0", query: pull, header: header("x-log-bodyrawsize", "0"), token: vectorToken, want: "5e9b698224171870c970244c298fe073e9ecad2e22b9ee1f0e161debad088fa9"},
		{name: "V4-b", v4: true, method: "POST", path: "/logstores/waf-access/shards/lb", header: put, body: vectorBody(t), want: "5bfcd2a32f6109bca078aba95e28859096d48cf6716a249add5345a1558e0f2a"},
		{name: "V4-c", v4: true, method: "GET", path: "/logstores/waf-access", query: histogram, header: header("x-log-bodyrawsize", "0"), want: "62cb236cb38fa8c1fc20735b9de4a73981fb95eab9c68140c6b2f638269c9575"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := signable{method: tt.method, host: vectorHost, path: tt.path, query: tt.query, header: tt.header.Clone(), body: tt.body}
			cred := Credentials{vectorKey, vectorSecret, tt.token}
			want := "LOG " + vectorKey + ":" + tt.want
			if tt.v4 {
				signV4(s, cred, "cn-hangzhou", vectorTime)
				want = "SLS4-HMAC-SHA256 Credential=" + vectorKey + "/20230102/cn-hangzhou/sls/aliyun_v4_request,Signature=" + tt.want
			} else {
				signV1(s, cred, vectorTime, methodSHA1)
			}
			if got := s.header.Get("Authorization"); got != want {
				t.Errorf("Authorization = %q, want %q", got, want)
			}
		})
	}
}

// TestSignatureOfOthers computes what the npm clients send (V1-d to V1-f): SHA-256, no raw size, no content type.
func TestSignatureOfOthers(t *testing.T) {
	t.Parallel()
	date := []string{"Date", "Mon, 02 Jan 2023 03:04:05 GMT", "x-log-apiversion", "0.6.0"}
	tests := []struct {
		name, method, path, want string
		header                   []string
	}{
		{
			"V1-d", "GET", "/logstores/waf-access", "20cLhF6/M9Fe4VpaVx34ugiAqtn/FXmF6BYw2ZV8cZU=",
			[]string{"x-log-bodyrawsize", "0", "x-log-signaturemethod", "hmac-sha256"},
		},
		{
			"V1-e", "PUT", "/logstores/waf-access/consumergroups/cg1", "rzYo/v7E20mYX59QfZxVa5uhwhQZtF4C31DKSHBfIY4=",
			[]string{"Content-Type", "application/json", "Content-MD5", "A23C92B4DB1B64EC96FD9DC8346030E1", "x-log-bodyrawsize", "27", "x-log-signaturemethod", "hmac-sha256"},
		},
		{
			"V1-f", "GET", "/logstores/waf-access", "ANlWWXwzIW/nJ/GBsczxgjv+XKw=",
			[]string{"Content-Type", "application/json", "x-log-signaturemethod", "hmac-sha1"},
		},
		{
			"x-log-date is not signed", "GET", "/logstores/waf-access", "ANlWWXwzIW/nJ/GBsczxgjv+XKw=",
			[]string{"Content-Type", "application/json", "x-log-signaturemethod", "hmac-sha1", "x-log-date", "Mon, 02 Jan 2023 03:04:05 GMT"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := signable{method: tt.method, host: vectorHost, path: tt.path, header: header(append(tt.header, date...)...)}
			if got := signatureV1(s, vectorSecret); got != tt.want {
				t.Errorf("signature = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSignatureV4Intermediates(t *testing.T) {
	t.Parallel()
	s := signable{
		method: "GET", host: vectorHost, path: "/logstores/waf-access/shards/0", header: header("x-log-bodyrawsize", "0"),
		query: url.Values{"count": {"1000"}, "cursor": {"MTY3MjYyODY0NTEyMzQ1Njc4OQ=="}, "type": {"logs"}},
	}
	signV4(s, Credentials{vectorKey, vectorSecret, vectorToken}, "cn-hangzhou", vectorTime)
	canonical := canonicalV4(s)
	if sum := sha256.Sum256([]byte(canonical)); hex.EncodeToString(sum[:]) != "a82cc35345c121bc7be7ec523485d9581e0a24f1a6fdf82d70eeb4af72be26b6" {
		t.Errorf("hash of the canonical request differs; it is\n%s", canonical)
	}
	if !strings.Contains(canonical, "\nhost;x-acs-security-token;x-log-apiversion;x-log-bodyrawsize;x-log-content-sha256;x-log-date\n") {
		t.Errorf("signed names are missing in\n%s", canonical)
	}
	if got := hex.EncodeToString(keyV4(vectorSecret, "20230102", "cn-hangzhou")); got != "69c0a8ac8e991c30c7db0c8e22c15864e589f6bdc24bf4e38b14b75bc244fc0a" {
		t.Errorf("signing key = %s", got)
	}
}
