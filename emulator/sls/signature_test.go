package sls

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

const rawB = "0a2b08a593c99d06120d0a067374617475731203323030120f0a0375726912082f613f623d6320642515cd5b071a03776166220831302e302e302e31320a0a04686f737412026831"

// TestVectors runs the signatures of the official SDKs through the verifier; any change of one byte must be refused.
func TestVectors(t *testing.T) {
	t.Parallel()
	bodyB, err := hex.DecodeString("f039" + rawB)
	if err != nil {
		t.Fatal(err)
	}
	pull := "/logstores/waf-access/shards/0?count=1000&cursor=MTY3MjYyODY0NTEyMzQ1Njc4OQ%3D%3D&type=logs"
	histogram := "/logstores/waf-access?from=1672628000&query=status%3A+200+and+uri%3A%22%2Fa%3Fb%22&to=1672629000&topic=&type=histogram"
	token := map[string]string{"x-acs-security-token": "CAIStesttoken"}
	lz4B := map[string]string{"Content-Type": "application/x-protobuf", "x-log-bodyrawsize": "72", "x-log-compresstype": "lz4"}
	cases := []struct {
		name, method, target string
		header               map[string]string
		body                 []byte
		algorithm, signature string
	}{
		{"V1-a", "GET", pull, with(token, "x-log-bodyrawsize", "0"), nil, "hmac-sha1", "uQZJJN34iIk0wNTeKgCJnsx8Qyk="},
		{"V1-b", "POST", "/logstores/waf-access/shards/lb", with(lz4B, "Content-MD5", "5039B889BE306680A4DFAED77A25E115"), bodyB, "hmac-sha1", "dpbQJl0VnoWZLpQiDrr0nWJUi0k="},
		{"V1-c", "GET", histogram, with(nil, "x-log-bodyrawsize", "0"), nil, "hmac-sha1", "xB6pRuElQBKcy/cGpKANfck/F7A="},
		{"V1-d", "GET", "/logstores/waf-access", with(nil, "x-log-bodyrawsize", "0"), nil, "hmac-sha256", "20cLhF6/M9Fe4VpaVx34ugiAqtn/FXmF6BYw2ZV8cZU="},
		{"V1-e", "PUT", "/logstores/waf-access/consumergroups/cg1", map[string]string{"Content-Type": "application/json", "Content-MD5": "A23C92B4DB1B64EC96FD9DC8346030E1", "x-log-bodyrawsize": "27"}, []byte(`{"order":true,"timeout":60}`), "hmac-sha256", "rzYo/v7E20mYX59QfZxVa5uhwhQZtF4C31DKSHBfIY4="},
		{"V1-f", "GET", "/logstores/waf-access?", map[string]string{"Content-Type": "application/json"}, nil, "hmac-sha1", "ANlWWXwzIW/nJ/GBsczxgjv+XKw="},
		{"V4-a", "GET", pull, with(token, "x-log-bodyrawsize", "0"), nil, "v4", "5e9b698224171870c970244c298fe073e9ecad2e22b9ee1f0e161debad088fa9"},
		{"V4-b", "POST", "/logstores/waf-access/shards/lb", lz4B, bodyB, "v4", "5bfcd2a32f6109bca078aba95e28859096d48cf6716a249add5345a1558e0f2a"},
		{"V4-c", "GET", histogram, with(nil, "x-log-bodyrawsize", "0"), nil, "v4", "62cb236cb38fa8c1fc20735b9de4a73981fb95eab9c68140c6b2f638269c9575"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cred := auth.Credential{Secret: "testAccessKeySecret", Token: c.header["x-acs-security-token"], Active: true}
			now := time.Date(2023, 1, 2, 3, 14, 0, 0, time.UTC)
			s := New(Options{Credentials: keys{"testAccessKeyId": cred}, Authorizer: &policy{}, Clock: func() time.Time { return now }})
			verify := func(target, signature string) error {
				r := httptest.NewRequest(c.method, "http://demo-project.cn-hangzhou.log.aliyuncs.com"+target, strings.NewReader(string(c.body)))
				r.Header.Set("x-log-apiversion", "0.6.0")
				for k, v := range c.header {
					r.Header.Set(k, v)
				}
				if c.algorithm == "v4" {
					r.Header.Set("x-log-date", "20230102T030405Z")
					r.Header.Set("x-log-content-sha256", sha(c.body))
					r.Header.Set("Authorization", "SLS4-HMAC-SHA256 Credential=testAccessKeyId/20230102/cn-hangzhou/sls/aliyun_v4_request,Signature="+signature)
				} else {
					r.Header.Set("x-log-signaturemethod", c.algorithm)
					r.Header.Set("Date", "Mon, 02 Jan 2023 03:04:05 GMT")
					r.Header.Set("x-log-date", "Mon, 02 Jan 2023 03:04:05 GMT") // as Python sends it
					r.Header.Set("Authorization", "LOG testAccessKeyId:"+signature)
				}
				_, err := s.authenticate(r, c.body, now)
				return err
			}
			if err := verify(c.target, c.signature); err != nil {
				t.Errorf("refused: %v", err)
			}
			for target, signature := range map[string]string{
				strings.Replace(c.target, "waf-", "waf_", 1): c.signature,
				c.target: strings.ToUpper(c.signature),
			} {
				var e *Error
				if err := verify(target, signature); !errors.As(err, &e) || e.Code != "SignatureNotMatch" || e.Status != 401 {
					t.Errorf("a changed request was answered %v", err)
				}
			}
		})
	}
}

// TestVectorTexts compares what is signed, step by step, with the texts of the sheet.
func TestVectorTexts(t *testing.T) {
	t.Parallel()
	vector := func(target string, header map[string]string) *http.Request {
		r := httptest.NewRequest("GET", "http://demo-project.cn-hangzhou.log.aliyuncs.com"+target, nil)
		r.Header.Set("x-log-apiversion", "0.6.0")
		r.Header.Set("x-log-bodyrawsize", "0")
		for name, v := range header {
			r.Header.Set(name, v)
		}
		return r
	}
	const date = "Mon, 02 Jan 2023 03:04:05 GMT"
	pull := "/logstores/waf-access/shards/0?count=1000&cursor=MTY3MjYyODY0NTEyMzQ1Njc4OQ%3D%3D&type=logs"
	histogram := "/logstores/waf-access?from=1672628000&query=status%3A+200+and+uri%3A%22%2Fa%3Fb%22&to=1672629000&topic=&type=histogram"
	sha1, token := map[string]string{"x-log-signaturemethod": "hmac-sha1"}, map[string]string{"x-acs-security-token": "CAIStesttoken"}
	got := stringToSignV1(vector(pull, with(token, "x-log-signaturemethod", "hmac-sha1")), date)
	want := strings.Join([]string{
		"GET", "", "", date, "x-acs-security-token:CAIStesttoken", "x-log-apiversion:0.6.0", "x-log-bodyrawsize:0",
		"x-log-signaturemethod:hmac-sha1", "/logstores/waf-access/shards/0?count=1000&cursor=MTY3MjYyODY0NTEyMzQ1Njc4OQ==&type=logs",
	}, "\n")
	if got != want {
		t.Errorf("V1-a signs %q, want %q", got, want)
	}
	got = stringToSignV1(vector(histogram, sha1), date)
	if want = `/logstores/waf-access?from=1672628000&query=status: 200 and uri:"/a?b"&to=1672629000&topic=&type=histogram`; !strings.HasSuffix(got, "\n"+want) {
		t.Errorf("V1-c signs %q, want the resource %q", got, want)
	}
	v4 := map[string]string{"x-log-date": "20230102T030405Z", "x-log-content-sha256": sha(nil)}
	for target, want := range map[string]string{
		pull: "a82cc35345c121bc7be7ec523485d9581e0a24f1a6fdf82d70eeb4af72be26b6", histogram: "91fac71fcb9a9acea65d2acfb1df683992e353a478256a05985a5ecc68447469",
	} {
		header := v4
		if target == pull {
			header = with(v4, "x-acs-security-token", "CAIStesttoken")
		}
		if got := canonicalV4(vector(target, header), "demo-project.cn-hangzhou.log.aliyuncs.com"); sha([]byte(got)) != want {
			t.Errorf("the canonical request has another hash than %s: %s", want, got)
		}
	}
	if got := hex.EncodeToString(keyV4("testAccessKeySecret", "20230102", "cn-hangzhou")); got != "69c0a8ac8e991c30c7db0c8e22c15864e589f6bdc24bf4e38b14b75bc244fc0a" {
		t.Errorf("signing key %s", got)
	}
}

func with(m map[string]string, key, value string) map[string]string {
	m = maps.Clone(m)
	if m == nil {
		m = map[string]string{}
	}
	m[key] = value
	return m
}

func sha(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

func TestAuthenticationErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.seed("audit", 1)
	sts := credential(accountC, "STS.x")
	sts.Token, sts.Expires = "token", start.Add(time.Hour)
	expired := credential(accountC, "STS.old")
	expired.Token, expired.Expires = "token", start
	inactive := credential(accountC, "off")
	inactive.Active = false
	w.keys["STS.x"], w.keys["STS.old"], w.keys["off"] = sts, expired, inactive
	late := start.Add(-16 * time.Minute).Format(time.RFC1123)
	late = strings.Replace(late, "UTC", "GMT", 1)
	cases := []struct {
		name   string
		r      request
		status int
		code   string
	}{
		{"v1", request{}, 200, ""},
		{"v1 sha256", request{sha256: true}, 200, ""},
		{"v4", request{v4: true}, 200, ""},
		{"v4 with sts", request{v4: true, key: "STS.x"}, 200, ""},
		{"sts", request{key: "STS.x"}, 200, ""},
		{"wrong token", request{key: "STS.x", header: map[string]string{"x-acs-security-token": "other"}}, 401, "Unauthorized"},
		{"token with a long-term key", request{header: map[string]string{"x-acs-security-token": "token"}}, 401, "Unauthorized"},
		{"expired token", request{key: "STS.old"}, 401, "Unauthorized"},
		{"inactive key", request{key: "off"}, 401, "Unauthorized"},
		{"unknown key", request{key: "nobody"}, 401, "Unauthorized"},
		{"unsigned", request{unsigned: true, header: map[string]string{"x-log-apiversion": "0.6.0"}}, 400, "MissAccessKeyId"},
		{"no version", request{unsigned: true}, 400, "MissingAPIVersion"},
		{"other version", request{header: map[string]string{"x-log-apiversion": "0.4.0"}}, 400, "InvalidAPIVersion"},
		{"other method", request{header: map[string]string{"x-log-signaturemethod": "md5"}}, 400, "InvalidSignatureMethod"},
		{"no method", request{unsigned: true, header: map[string]string{"x-log-apiversion": "0.6.0", "Authorization": "LOG c:x"}}, 400, "MissingSignatureMethod"},
		{"no date", request{unsigned: true, header: map[string]string{"x-log-apiversion": "0.6.0", "x-log-signaturemethod": "hmac-sha1", "Authorization": "LOG c:x"}}, 400, "MissingDate"},
		{"bad date", request{header: map[string]string{"Date": "yesterday"}}, 400, "InvalidDateFormat"},
		{"late", request{header: map[string]string{"Date": late}}, 400, "RequestTimeExpired"},
		{"wrong digest", request{method: "POST", target: "/logstores", body: []byte("{}"), header: map[string]string{"Content-MD5": "00"}}, 400, "PostBodyInvalid"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := c.r
			r.project = "shop-logs"
			if r.method == "" {
				r.method, r.target = "GET", "/logstores/audit"
			}
			if a := w.do(r); a.status != c.status || a.code() != c.code {
				t.Errorf("got %d %s, want %d %s", a.status, a.body, c.status, c.code)
			}
		})
	}
}

// TestScopeV4 signs correctly with scopes that the service must not accept.
func TestScopeV4(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	date := start.Format(v4Time)
	for scope, ok := range map[string]bool{
		date[:8] + "/cn-hangzhou/sls/aliyun_v4_request": true,
		"20260503/cn-hangzhou/sls/aliyun_v4_request":    false,
		date[:8] + "/cn-hangzhou/oss/aliyun_v4_request": false,
		date[:8] + "/cn-hangzhou/sls":                   false,
	} {
		r := httptest.NewRequest("GET", "http://p.sls.test/logstores", nil)
		r.Header.Set("x-log-apiversion", "0.6.0")
		r.Header.Set("x-log-date", date)
		r.Header.Set("x-log-content-sha256", sha(nil))
		key := []byte("aliyun_v4" + w.keys["c"].Secret)
		for _, part := range strings.Split(scope, "/") {
			key = hmac256(key, part)
		}
		text := strings.Join([]string{v4Method, date, scope, sha([]byte(canonicalV4(r, "p.sls.test")))}, "\n")
		r.Header.Set("Authorization", v4Method+" Credential=c/"+scope+",Signature="+hex.EncodeToString(hmac256(key, text)))
		if _, err := w.s.authenticate(r, nil, start); (err == nil) != ok {
			t.Errorf("%s: %v", scope, err)
		}
	}
}

func TestSplitHost(t *testing.T) {
	t.Parallel()
	for host, want := range map[string][2]string{
		"p.cn-hangzhou.log.aliyuncs.com":          {"p", "cn-hangzhou"},
		"p.cn-hangzhou-intranet.log.aliyuncs.com": {"p", "cn-hangzhou"},
		"cn-hangzhou.log.aliyuncs.com":            {"", "cn-hangzhou"},
		"cn-beijing-share.log.aliyuncs.com":       {"", "cn-beijing"},
		"p.cn-beijing.sls.aliyuncs.com":           {"p", "cn-beijing"},
		"p.log-global.aliyuncs.com":               {"p", ""},
		"p.127.0.0.1":                             {"p", ""},
		"127.0.0.1":                               {"", ""},
		"p.sls.test":                              {"p", ""},
		"p.cn-hangzhou.sls.test":                  {"p", "cn-hangzhou"},
		"sls.test":                                {"", ""},
		"p.example.com":                           {"", ""},
	} {
		project, region := splitHost(host, []string{"sls.test"})
		if got := [2]string{project, region}; got != want {
			t.Errorf("%s: got %q, want %q", host, got, want)
		}
	}
}
