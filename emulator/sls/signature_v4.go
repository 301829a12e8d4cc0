package sls

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

func (s *Service) authenticateV4(r *http.Request, body []byte, rest string, now time.Time) (auth.Caller, error) {
	date := r.Header.Get("x-log-date")
	if date == "" {
		return auth.Caller{}, failf(http.StatusBadRequest, "MissingDate", "x-log-date does not exist")
	}
	at, err := time.Parse(v4Time, date)
	if err != nil {
		return auth.Caller{}, failf(http.StatusBadRequest, "InvalidDateFormat", "x-log-date %s must be yyyymmddThhmmssZ", date)
	}
	if err = s.checkSkew(at, now); err != nil {
		return auth.Caller{}, err
	}
	id, scope, signature, ok := splitV4(rest)
	region, validScope := scopeRegion(scope, date)
	if !ok || !validScope {
		return auth.Caller{}, signatureNotMatch(signature)
	}
	cred, err := s.credential(id, r, now)
	if err != nil {
		return auth.Caller{}, err
	}
	sum := sha256.Sum256(body)
	if r.Header.Get("x-log-content-sha256") != hex.EncodeToString(sum[:]) {
		return auth.Caller{}, signatureNotMatch(signature)
	}
	key := keyV4(cred.Secret, date[:8], region)
	for _, host := range hostForms(r.Host) {
		canonical := sha256.Sum256([]byte(canonicalV4(r, host)))
		text := strings.Join([]string{v4Method, date, scope, hex.EncodeToString(canonical[:])}, "\n")
		want := hex.EncodeToString(hmac256(key, text))
		if hmac.Equal([]byte(want), []byte(signature)) {
			return callerOf(cred, r), nil
		}
	}
	return auth.Caller{}, signatureNotMatch(signature)
}

// splitV4 takes "Credential={id}/{scope},Signature={hex}" apart.
func splitV4(rest string) (id, scope, signature string, ok bool) {
	credential, sig, ok1 := strings.Cut(rest, ",")
	credential, ok2 := strings.CutPrefix(strings.TrimSpace(credential), "Credential=")
	sig, ok3 := strings.CutPrefix(strings.TrimSpace(sig), "Signature=")
	id, scope, ok4 := strings.Cut(credential, "/")
	return id, scope, sig, ok1 && ok2 && ok3 && ok4
}

// scopeRegion checks a scope yyyymmdd/{region}/sls/aliyun_v4_request against the date and returns its region.
func scopeRegion(scope, date string) (region string, ok bool) {
	parts := strings.Split(scope, "/")
	if len(parts) != 4 || parts[0] != date[:8] || parts[2] != "sls" || parts[3] != "aliyun_v4_request" {
		return "", false
	}
	return parts[1], true
}

// hostForms are the hosts a client may have signed: as received, and without port for those behind a proxy.
func hostForms(host string) []string {
	if bare, _, err := net.SplitHostPort(host); err == nil {
		return []string{host, bare}
	}
	return []string{host}
}

// canonicalV4 is the canonical request of signature v4.
func canonicalV4(r *http.Request, host string) string {
	values := map[string]string{"host": host}
	if ct := r.Header.Get("Content-Type"); ct != "" {
		values["content-type"] = strings.TrimSpace(ct)
	}
	for name := range headerNames(r.Header) {
		if isSigned(name) && !strings.HasPrefix(name, "x-log-meta-") {
			values[name] = strings.TrimSpace(r.Header.Get(name))
		}
	}
	var names, headers, query []string
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		headers = append(headers, name+":"+values[name])
	}
	for _, p := range parameters(r.URL.RawQuery) {
		text := escapeV4(p.name)
		if p.value != "" {
			text += "=" + escapeV4(p.value)
		}
		query = append(query, text)
	}
	return strings.Join([]string{
		r.Method, requestPath(r), strings.Join(query, "&"), strings.Join(headers, "\n"), "",
		strings.Join(names, ";"), r.Header.Get("x-log-content-sha256"),
	}, "\n")
}

func keyV4(secret, day, region string) []byte {
	key := []byte("aliyun_v4" + secret)
	for _, text := range []string{day, region, "sls", "aliyun_v4_request"} {
		key = hmac256(key, text)
	}
	return key
}

func hmac256(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// escapeV4 encodes by RFC 3986: everything but A-Z a-z 0-9 - _ . ~ is escaped.
func escapeV4(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}
