package function

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
)

const algorithm = "ACS3-HMAC-SHA256"

// sign sets the headers of a request of an operation and its Authorization (fc.md §4.5).
func sign(r *http.Request, action string, body []byte, c openapi.Credentials, now time.Time, nonce string) {
	r.Header.Set("x-acs-version", apiVersion)
	r.Header.Set("x-acs-action", action)
	r.Header.Set("x-acs-date", now.UTC().Format("2006-01-02T15:04:05Z"))
	r.Header.Set("x-acs-signature-nonce", nonce)
	r.Header.Set("x-acs-content-sha256", hash(body))
	if c.SecurityToken != "" {
		r.Header.Set("x-acs-accesskey-id", c.AccessKeyID)
		r.Header.Set("x-acs-security-token", c.SecurityToken)
	}
	canonical, names := canonicalRequest(r)
	m := hmac.New(sha256.New, []byte(c.AccessKeySecret))
	m.Write([]byte(algorithm + "\n" + hash([]byte(canonical))))
	r.Header.Set("Authorization", algorithm+" Credential="+c.AccessKeyID+",SignedHeaders="+names+",Signature="+hex.EncodeToString(m.Sum(nil)))
}

// canonicalRequest writes what is signed, and the names of the signed headers: x-acs-*, host and content-type. The query
// is empty or already in canonical form.
func canonicalRequest(r *http.Request) (canonical, signed string) {
	values := map[string]string{"host": r.URL.Host}
	if r.Host != "" {
		values["host"] = r.Host
	}
	for name, v := range r.Header {
		n := strings.ToLower(name)
		if len(v) > 0 && (strings.HasPrefix(n, "x-acs-") || n == "content-type") {
			values[n] = strings.TrimSpace(v[0])
		}
	}
	names := make([]string, 0, len(values))
	for n := range values {
		names = append(names, n)
	}
	slices.Sort(names)
	var b strings.Builder
	path := strings.NewReplacer("+", "%20", "*", "%2A", "%7E", "~").Replace(r.URL.EscapedPath())
	b.WriteString(r.Method + "\n" + path + "\n" + r.URL.RawQuery + "\n")
	for _, n := range names {
		b.WriteString(n + ":" + values[n] + "\n")
	}
	signed = strings.Join(names, ";")
	b.WriteString("\n" + signed + "\n" + r.Header.Get("x-acs-content-sha256"))
	return b.String(), signed
}

func hash(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}
