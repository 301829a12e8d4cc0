package gateway

import (
	"net/http"
	"net/url"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// Authenticate verifies an ACS3-HMAC-SHA256 signature with its SignedHeaders, and key, token, time and nonce. body is
// the whole body of the request. ROA services use it; the caller's SourceIP is the peer's address.
func (g *Gateway) Authenticate(r *http.Request, body []byte) (auth.Caller, *Error) {
	a, ok := parseAuthorization(r.Header.Get("Authorization"))
	if !ok {
		return auth.Caller{}, Errorf(http.StatusBadRequest, "IncompleteSignature",
			"The request signature does not conform to %s: Credential, SignedHeaders and Signature are needed.", acs3)
	}
	if name := a.unsigned(r.Header); name != "" {
		return auth.Caller{}, Errorf(http.StatusBadRequest, "IncompleteSignature",
			"The request signature does not conform to %s: header %s is not in SignedHeaders.", acs3, name)
	}
	return g.verify(claim{
		accessKeyID:  a.accessKeyID,
		token:        r.Header.Get("x-acs-security-token"),
		timestamp:    r.Header.Get("x-acs-date"),
		nonce:        r.Header.Get("x-acs-signature-nonce"),
		signature:    a.signature,
		stringToSign: func() string { return a.stringToSignACS3(r, body) },
		sign:         signACS3,
		mismatch: func(text string) string {
			return "Specified signature does not match our calculation. server StringToSign is [" + text + "]"
		},
	}, r)
}

// authenticateV1 verifies Signature V1 over the merged parameters.
func (g *Gateway) authenticateV1(r *http.Request, params url.Values) (auth.Caller, *Error) {
	for _, name := range []string{"AccessKeyId", "Signature"} {
		if params.Get(name) == "" {
			return auth.Caller{}, Missing(name)
		}
	}
	if m := params.Get("SignatureMethod"); m != "HMAC-SHA1" {
		return auth.Caller{}, Errorf(http.StatusBadRequest, "IncompleteSignature",
			"The request signature does not conform to Aliyun standards: SignatureMethod %q is not supported.", m)
	}
	return g.verify(claim{
		accessKeyID:  params.Get("AccessKeyId"),
		token:        params.Get("SecurityToken"),
		timestamp:    params.Get("Timestamp"),
		nonce:        params.Get("SignatureNonce"),
		signature:    params.Get("Signature"),
		stringToSign: func() string { return stringToSignV1(r.Method, params) },
		sign:         signV1,
		mismatch: func(text string) string {
			return "Specified signature is not matched with our calculation. server string to sign is:" + text
		},
	}, r)
}
