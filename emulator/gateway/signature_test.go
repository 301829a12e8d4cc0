package gateway

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// The vectors of accounts.md §1.3, §1.4 and fc.md §4.5.
const (
	vectorKey    = "LTAI5tExampleAK"
	vectorSecret = "exampleSecret0123456789abcdef"
	vectorNonce  = "0123456789abcdef0123456789abcdef"
	vectorRole   = "acs:ram::1234567890123456:role/soc-member-exec"
	emptyHash    = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

var vectorTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func vectorV1() url.Values {
	return url.Values{
		"AccessKeyId": {vectorKey}, "Action": {"AssumeRole"}, "Version": {"2015-04-01"}, "Format": {"JSON"},
		"RegionId": {"cn-hangzhou"}, "Timestamp": {"2026-01-02T03:04:05Z"}, "SignatureMethod": {"HMAC-SHA1"},
		"SignatureVersion": {"1.0"}, "SignatureType": {""}, "SignatureNonce": {vectorNonce},
		"RoleArn": {vectorRole}, "RoleSessionName": {"soc~worker*1 a+b"}, "DurationSeconds": {"900"},
	}
}

func TestStringToSignV1(t *testing.T) {
	t.Parallel()
	const want = `POST&%2F&AccessKeyId%3DLTAI5tExampleAK%26Action%3DAssumeRole%26DurationSeconds%3D900%26Format%3DJSON%26RegionId%3Dcn-hangzhou%26RoleArn%3Dacs%253Aram%253A%253A1234567890123456%253Arole%252Fsoc-member-exec%26RoleSessionName%3Dsoc~worker%252A1%2520a%252Bb%26SignatureMethod%3DHMAC-SHA1%26SignatureNonce%3D0123456789abcdef0123456789abcdef%26SignatureType%3D%26SignatureVersion%3D1.0%26Timestamp%3D2026-01-02T03%253A04%253A05Z%26Version%3D2015-04-01`
	if got := stringToSignV1("POST", vectorV1()); got != want {
		t.Errorf("string to sign\n got %s\nwant %s", got, want)
	}
}

// vectorGateway knows the key pair of the vectors and answers AssumeRole with the parameters it saw.
func vectorGateway() *Gateway {
	g := New(Options{
		Credentials: keyring{
			vectorKey:     {Secret: vectorSecret, Active: true},
			"STS.Example": {Secret: vectorSecret, Active: true, Token: "tok/en==", Expires: vectorTime.Add(time.Hour)},
			"testak":      {Secret: "testsk", Active: true},
		},
		Authorizer: allowAll{},
		Clock:      func() time.Time { return vectorTime },
	})
	g.Register("Sts", "2015-04-01", echo("AssumeRole"))
	return g
}

func TestVectorsV1(t *testing.T) {
	t.Parallel()
	popCore := vectorV1()
	popCore.Del("SignatureType")
	popCore.Del("RegionId")
	tests := []struct {
		name, method, signature, body string
		params                        url.Values
	}{
		{"V1-A", "POST", "XIpeHYeQQiGUvUsdGdoX4RCd6MA=", "", vectorV1()},
		{"V1-B", "POST", "z5eOvA2Ldk4Svl/r+H1AhGU7X3Q=", "Policy=%7B%22Version%22%3A%221%22%2C%22Statement%22%3A%5B%5D%7D", vectorV1()},
		{"V1-C", "GET", "vsIfRELDaXOEluv2ZJE2YGcb+yk=", "", popCore},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			form, err := url.ParseQuery(tt.body)
			if err != nil {
				t.Fatal(err)
			}
			all := maps.Clone(tt.params)
			maps.Copy(all, form)
			if got := signV1(vectorSecret, stringToSignV1(tt.method, all)); got != tt.signature {
				t.Errorf("signed: %s, want %s", got, tt.signature)
			}
			tt.params.Set("Signature", tt.signature)
			r := httptest.NewRequest(tt.method, "/?"+tt.params.Encode(), strings.NewReader(tt.body))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if status, body := call(vectorGateway(), r); status != http.StatusOK {
				t.Errorf("status %d: %s", status, body)
			}
			tt.params.Set("RoleSessionName", "other")
			r = httptest.NewRequest(tt.method, "/?"+tt.params.Encode(), strings.NewReader(tt.body))
			if status, _ := call(vectorGateway(), r); status != http.StatusBadRequest {
				t.Errorf("changed parameter: status %d, want 400", status)
			}
		})
	}
}

// TestFormWins covers pop-core's POST, with everything in the form, and a name that occurs in query and form.
func TestFormWins(t *testing.T) {
	t.Parallel()
	form := vectorV1()
	form.Set("Signature", "XIpeHYeQQiGUvUsdGdoX4RCd6MA=")
	r := httptest.NewRequest("POST", "/?DurationSeconds=1", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	status, body := call(vectorGateway(), r)
	if status != http.StatusOK || !strings.Contains(body, `"DurationSeconds":"900"`) {
		t.Errorf("status %d: %s", status, body)
	}
}

func acs3Request(method, target, host, body, authorization string, headers map[string]string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = host
	for k, v := range headers {
		r.Header.Set(k, v)
	}
	r.Header.Set("Authorization", authorization)
	return r
}

func TestVectorsACS3(t *testing.T) {
	t.Parallel()
	rpc := func(extra map[string]string) map[string]string {
		h := map[string]string{
			"x-acs-action": "AssumeRole", "x-acs-version": "2015-04-01", "x-acs-date": "2026-01-02T03:04:05Z",
			"x-acs-signature-nonce": vectorNonce, "x-acs-content-sha256": emptyHash,
		}
		for k, v := range extra {
			h[k] = v
		}
		return h
	}
	const signed = "x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version"
	tests := []struct {
		name, target, host, body, key, signed, hash, signature string
		headers                                                map[string]string
		now                                                    time.Time
	}{
		{
			name:   "V3-A",
			target: "/?RoleArn=acs%3Aram%3A%3A1234567890123456%3Arole%2Fsoc-member-exec&RoleSessionName=soc~worker%2A1+a%2Bb&DurationSeconds=900",
			host:   "127.0.0.1:18080", key: vectorKey, signed: "host;" + signed, headers: rpc(nil), now: vectorTime,
			hash:      "b96572e26cfec703503a82506b9ea15072bac57465646fe2f16329755cc1d93f",
			signature: "f99d36a75a08e30b80fa2c45b2118a40f06b9501baaa9141d8121e5cb87d38fc",
		},
		{
			name: "V3-B", target: "/", host: "127.0.0.1:18080", body: "Policy=%7B%22Version%22%3A%221%22%7D", key: vectorKey,
			signed: "content-type;host;" + signed, now: vectorTime,
			headers: rpc(map[string]string{
				"content-type":         "application/x-www-form-urlencoded",
				"x-acs-content-sha256": "9ecc4567f4ea0001be53af406868db9ed33f8a5076a7a69b2b8523ec20b1319c",
			}),
			hash:      "151a13d6b32b251341f80b28e65083a2ffc4aaa6bb5c7e9cc24b99a859223be9",
			signature: "c0c57ac23b7207ca5db2a863e0b28e613cb7fb9445937d3500a4b212a25ceae6",
		},
		{
			name: "V3-C", target: "/?RoleArn=" + url.QueryEscape(vectorRole), host: "127.0.0.1:18080", key: "STS.Example",
			signed:  "host;x-acs-accesskey-id;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-security-token;x-acs-signature-nonce;x-acs-version",
			headers: rpc(map[string]string{"x-acs-accesskey-id": "STS.Example", "x-acs-security-token": "tok/en=="}), now: vectorTime,
			hash:      "598ae2b06648ae71cc41e573e8098c261e63e6860d7febf921d174ad1da7168f",
			signature: "722390c817a0a82bd1527779c8fc4b72aed4efafbb6ebf4c757c863843f8fff4",
		},
		{
			name: "FC", target: "/2023-03-30/functions/hello/invocations?qualifier=LATEST", host: "127.0.0.1:9000", body: `{"a":1}`,
			key: "testak", signed: "content-type;host;" + signed, now: time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC),
			headers: map[string]string{
				"content-type": "application/octet-stream", "x-acs-action": "InvokeFunction", "x-acs-version": "2023-03-30",
				"x-acs-date": "2025-01-02T03:04:05Z", "x-acs-signature-nonce": "n-1", "x-fc-log-type": "None",
				"x-acs-content-sha256": "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862",
			},
			hash:      "f75a00d7738a634f178e9f57e173a2003cbae3415088e43eeb4aa7192711a974",
			signature: "1f34b4e75fa2e1f080e0aeabeeb71354f6560c57f37eadf68e6275749f83715a",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := vectorGateway()
			g.clock = func() time.Time { return tt.now }
			header := acs3 + " Credential=" + tt.key + ",SignedHeaders=" + tt.signed + ",Signature=" + tt.signature
			r := acs3Request("POST", tt.target, tt.host, tt.body, header, tt.headers)
			a, ok := parseAuthorization(header)
			if !ok {
				t.Fatalf("header %q does not parse", header)
			}
			if got, want := a.stringToSignACS3(r, []byte(tt.body)), acs3+"\n"+tt.hash; got != want {
				t.Errorf("string to sign %q, want %q", got, want)
			}
			caller, e := g.Authenticate(r, []byte(tt.body))
			if e != nil || caller.AccessKeyID != tt.key {
				t.Errorf("Authenticate: %+v, %v", caller, e)
			}
			if _, e := g.Authenticate(r, []byte(tt.body+" ")); e == nil || e.Code != "SignatureDoesNotMatch" {
				t.Errorf("changed body: %v, want SignatureDoesNotMatch", e)
			}
		})
	}
}

func TestACS3MessageAndRefusals(t *testing.T) {
	t.Parallel()
	g := vectorGateway()
	headers := map[string]string{"x-acs-date": "2026-01-02T03:04:05Z", "x-acs-signature-nonce": "n", "x-acs-action": "X"}
	tests := []struct{ name, header, code, contains string }{
		{"mismatch", acs3 + " Credential=" + vectorKey + ",SignedHeaders=host;x-acs-action;x-acs-date;x-acs-signature-nonce,Signature=00", "SignatureDoesNotMatch", "server StringToSign is [ACS3-HMAC-SHA256\n"},
		{"unsigned nonce", acs3 + " Credential=" + vectorKey + ",SignedHeaders=host;x-acs-action;x-acs-date,Signature=00", "IncompleteSignature", "x-acs-signature-nonce"},
		{"no signature", acs3 + " Credential=" + vectorKey + ",SignedHeaders=host", "IncompleteSignature", ""},
		{"other scheme", "FC ak:x", "IncompleteSignature", ""},
		{"none", "", "IncompleteSignature", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, e := g.Authenticate(acs3Request("POST", "/", "h", "", tt.header, headers), nil)
			if e == nil || e.Code != tt.code || e.Status != http.StatusBadRequest || !strings.Contains(e.Message, tt.contains) {
				t.Errorf("got %+v, want %s with %q", e, tt.code, tt.contains)
			}
		})
	}
}

func FuzzParseAuthorization(f *testing.F) {
	f.Add(acs3 + " Credential=a,SignedHeaders=host;x-acs-date,Signature=0f")
	f.Add(acs3 + " Credential=,SignedHeaders=,Signature=")
	f.Add(acs3 + " ,,,==")
	f.Fuzz(func(t *testing.T, header string) {
		a, ok := parseAuthorization(header)
		if ok && (a.accessKeyID == "" || a.signature == "" || len(a.signed) == 0) {
			t.Errorf("%q parsed with a part missing: %+v", header, a)
		}
	})
}

// FuzzCanonicalQuery: what canonicalQuery writes decodes to what went in, whatever the bytes.
func FuzzCanonicalQuery(f *testing.F) {
	f.Add("a", "b c*~", "Signature", "x")
	f.Add("", "", "ü", "%zz+&=")
	f.Fuzz(func(t *testing.T, n1, v1, n2, v2 string) {
		in := url.Values{n1: {v1}}
		if n2 != n1 {
			in[n2] = []string{v2}
		}
		out, err := url.ParseQuery(canonicalQuery(in, "\x00none"))
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range in {
			if out.Get(k) != v[0] {
				t.Errorf("%q: got %q, want %q", k, out.Get(k), v[0])
			}
		}
	})
}

func BenchmarkSignatureV1(b *testing.B) {
	b.ReportAllocs()
	params := vectorV1()
	for b.Loop() {
		signV1(vectorSecret, stringToSignV1("POST", params))
	}
}

// keyring is a fixed set of credentials; caller and account follow from the key.
type keyring map[string]auth.Credential

func (k keyring) Credential(id string) (auth.Credential, bool) {
	c, ok := k[id]
	c.Caller = auth.Caller{Type: auth.User, AccountID: "1100000000000001", Name: id, ARN: "acs:ram::1100000000000001:user/" + id}
	return c, ok
}

func (k keyring) KnowsToken(token string) bool {
	for _, c := range k {
		if token != "" && c.Token == token {
			return true
		}
	}
	return false
}
