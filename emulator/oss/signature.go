package oss

import (
	"crypto/hmac"
	"crypto/sha1" // the signature is defined with it
	"encoding/base64"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// maxSkew is how far the time of a request may be from ours.
const maxSkew = 15 * time.Minute

// signed are the query parameters that are part of the signed resource.
var signed = []string{"acl"}

// authenticate verifies signature V1: "OSS <id>:<base64 of HMAC-SHA1>". V4 is refused by name.
//
// Assumption: key, token and time are checked before the signature.
func (s *Service) authenticate(r *http.Request) (auth.Caller, *failure) {
	header := r.Header.Get("Authorization")
	if strings.HasPrefix(header, "OSS4-HMAC-SHA256") {
		return auth.Caller{}, fail(http.StatusNotImplemented, "NotImplemented", "The emulator verifies OSS signature V1 only; set the client to signature version 1.")
	}
	rest, ok := strings.CutPrefix(header, "OSS ")
	id, signature, found := strings.Cut(rest, ":")
	if !ok || !found {
		return auth.Caller{}, fail(http.StatusForbidden, "AccessDenied", "The request is not signed.")
	}
	now := s.o.Clock()
	cred, ok := s.o.Credentials.Credential(id)
	token := r.Header.Get("x-oss-security-token")
	switch {
	case !ok:
		return auth.Caller{}, fail(http.StatusForbidden, "InvalidAccessKeyId", "The OSS Access Key Id you provided does not exist in our records.")
	case !cred.Active:
		return auth.Caller{}, fail(http.StatusForbidden, "InvalidAccessKeyId", "The OSS Access Key Id you provided is disabled.")
	case cred.Token != token:
		return auth.Caller{}, fail(http.StatusForbidden, "InvalidSecurityToken", "The security token you provided is invalid.")
	case token != "" && !now.Before(cred.Expires):
		return auth.Caller{}, fail(http.StatusForbidden, "SecurityTokenExpired", "The security token you provided has expired.")
	}
	at, err := http.ParseTime(r.Header.Get("Date"))
	if err != nil {
		return auth.Caller{}, fail(http.StatusForbidden, "AccessDenied", "Invalid Date header.")
	}
	if s.o.Wall().Sub(at).Abs() > maxSkew {
		return auth.Caller{}, fail(http.StatusForbidden, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")
	}
	if !hmac.Equal([]byte(signature), []byte(Sign(cred.Secret, r))) {
		return auth.Caller{}, fail(http.StatusForbidden, "SignatureDoesNotMatch",
			"The request signature we calculated does not match the signature you provided. Check your key and signing method.")
	}
	c := cred.Caller
	c.AccessKeyID = id
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		c.SourceIP = host
	}
	return c, nil
}

// Sign computes signature V1 of a request whose headers are complete.
func Sign(secret string, r *http.Request) string {
	var b strings.Builder
	for _, part := range []string{r.Method, r.Header.Get("Content-MD5"), r.Header.Get("Content-Type"), r.Header.Get("Date")} {
		b.WriteString(part + "\n")
	}
	own := map[string]string{}
	for name, values := range r.Header {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-oss-") {
			own[lower] = strings.TrimSpace(strings.Join(values, ","))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(own)) {
		b.WriteString(name + ":" + own[name] + "\n")
	}
	name, object := target(r)
	b.WriteString("/" + name + "/" + object)
	query := r.URL.Query()
	mark := "?"
	for _, p := range signed {
		if v, ok := query[p]; ok {
			b.WriteString(mark + p)
			if v[0] != "" {
				b.WriteString("=" + v[0])
			}
			mark = "&"
		}
	}
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(b.String()))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
