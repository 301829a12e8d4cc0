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

// claim is what a request says about itself, whatever the signature.
type claim struct {
	id, signature string
	at            time.Time
	sign          func(secret string) string
}

// claimV1 reads "OSS <id>:<base64 of HMAC-SHA1>".
func claimV1(r *http.Request, header string) (claim, *failure) {
	rest, ok := strings.CutPrefix(header, "OSS ")
	id, signature, found := strings.Cut(rest, ":")
	if !ok || !found {
		return claim{}, fail(http.StatusForbidden, "AccessDenied", "The request is not signed; presigned addresses are not offered here.")
	}
	at, err := http.ParseTime(r.Header.Get("Date"))
	if err != nil {
		return claim{}, fail(http.StatusForbidden, "AccessDenied", "OSS authentication requires a valid Date.")
	}
	return claim{id, signature, at, func(secret string) string { return Sign(secret, r) }}, nil
}

// authenticate verifies signature V1 or V4. The error reference of OSS lists the codes with status 403.
//
// Assumption: the form of the header, key, token and time are checked before the signature, in this order; a token that is
// not that of the key is InvalidSecurityToken, although there is AccessKeyIdAndSecurityTokenNotMatch too.
func (s *Service) authenticate(r *http.Request) (auth.Caller, *failure) {
	header := r.Header.Get("Authorization")
	q, f := claimV1(r, header)
	if strings.HasPrefix(header, schemeV4) {
		q, f = s.claimV4(r, header)
	}
	if f != nil {
		return auth.Caller{}, f
	}
	now := s.o.Clock()
	cred, ok := s.o.Credentials.Credential(q.id)
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
	case s.o.Wall().Sub(q.at).Abs() > maxSkew:
		return auth.Caller{}, fail(http.StatusForbidden, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")
	case !hmac.Equal([]byte(q.signature), []byte(q.sign(cred.Secret))):
		return auth.Caller{}, fail(http.StatusForbidden, "SignatureDoesNotMatch",
			"The request signature we calculated does not match the signature you provided. Check your key and signing method.")
	}
	c := cred.Caller
	c.AccessKeyID, c.Secure = q.id, r.TLS != nil
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
