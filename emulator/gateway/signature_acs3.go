package gateway

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
)

const acs3 = "ACS3-HMAC-SHA256"

// authorization is a parsed ACS3 Authorization header.
type authorization struct {
	accessKeyID string
	signed      []string // header names, lower case, in the order given
	signature   string
}

// parseAuthorization reads `ACS3-HMAC-SHA256 Credential=…,SignedHeaders=a;b,Signature=…`. ok is false when a part is
// missing or the scheme is another one.
func parseAuthorization(header string) (a authorization, ok bool) {
	rest, found := strings.CutPrefix(header, acs3+" ")
	if !found {
		return a, false
	}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			a.accessKeyID = value
		case "SignedHeaders":
			a.signed = strings.Split(strings.ToLower(value), ";")
		case "Signature":
			a.signature = value
		}
	}
	return a, a.accessKeyID != "" && a.signature != "" && len(a.signed) > 0 && a.signed[0] != ""
}

// mustBeSigned are the headers that decide what a request does; a signature that does not cover one that is present
// would let it be exchanged.
//
// Assumption: the cloud refuses such a signature; clients always sign them (accounts.md §1.4).
var mustBeSigned = []string{"host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"}

// unsigned returns the first header that is present and decides, but is not in the list; "" when there is none.
func (a authorization) unsigned(h http.Header) string {
	for _, name := range mustBeSigned {
		if (name == "host" || h.Get(name) != "") && !slices.Contains(a.signed, name) {
			return name
		}
	}
	return ""
}

// stringToSignACS3 is scheme, newline and hash of the canonical request, which is built from the headers that the
// client listed. Source: accounts.md §1.4, fc.md §4.5.
func (a authorization) stringToSignACS3(r *http.Request, body []byte) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n" + canonicalPath(r) + "\n" + canonicalQuery(r.URL.Query(), "") + "\n")
	for _, name := range a.signed {
		value := strings.Join(r.Header.Values(name), ",")
		if name == "host" {
			value = r.Host
		}
		b.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
	}
	b.WriteString("\n" + strings.Join(a.signed, ";") + "\n" + hexSHA256(body))
	return acs3 + "\n" + hexSHA256([]byte(b.String()))
}

// signACS3 computes hex(HMAC-SHA256(secret, text)).
func signACS3(secret, text string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// canonicalPath is the path as it was sent, with the three characters that encoders disagree about made equal.
func canonicalPath(r *http.Request) string {
	p := r.URL.EscapedPath()
	if p == "" {
		return "/"
	}
	return strings.NewReplacer("+", "%20", "*", "%2A", "%7E", "~").Replace(p)
}

func hexSHA256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
