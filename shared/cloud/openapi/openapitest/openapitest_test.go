package openapitest

import (
	"net/url"
	"testing"
)

// TestSignatureVectors holds the check itself against accounts.md §1.3.
func TestSignatureVectors(t *testing.T) {
	t.Parallel()
	base := map[string]string{
		"AccessKeyId": "LTAI5tExampleAK", "Action": "AssumeRole", "Version": "2015-04-01", "Format": "JSON", "RegionId": "cn-hangzhou",
		"Timestamp": "2026-01-02T03:04:05Z", "SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0", "SignatureType": "",
		"SignatureNonce": "0123456789abcdef0123456789abcdef", "RoleArn": "acs:ram::1234567890123456:role/soc-member-exec",
		"RoleSessionName": "soc~worker*1 a+b", "DurationSeconds": "900",
	}
	tests := []struct {
		name, method, want string
		change             func(url.Values)
	}{
		{"V1-A", "POST", "XIpeHYeQQiGUvUsdGdoX4RCd6MA=", func(url.Values) {}},
		{"V1-B", "POST", "z5eOvA2Ldk4Svl/r+H1AhGU7X3Q=", func(v url.Values) { v.Set("Policy", `{"Version":"1","Statement":[]}`) }},
		{"V1-C", "GET", "vsIfRELDaXOEluv2ZJE2YGcb+yk=", func(v url.Values) { v.Del("SignatureType"); v.Del("RegionId") }},
	}
	for _, tt := range tests {
		v := url.Values{"Signature": {"ignored"}}
		for k, s := range base {
			v.Set(k, s)
		}
		tt.change(v)
		if got := Signature(tt.method, v, "exampleSecret0123456789abcdef"); got != tt.want {
			t.Errorf("%s = %q, want %q", tt.name, got, tt.want)
		}
	}
}
