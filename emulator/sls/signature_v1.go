package sls

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha1" // the first signature version is defined over SHA-1
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

func (s *Service) authenticateV1(r *http.Request, rest string, now time.Time) (auth.Caller, error) {
	digest, err := v1Digest(r.Header.Get("x-log-signaturemethod"))
	if err != nil {
		return auth.Caller{}, err
	}
	date := dateV1(r.Header)
	if date == "" {
		return auth.Caller{}, failf(http.StatusBadRequest, "MissingDate", "neither Date nor x-log-date exists")
	}
	at, err := http.ParseTime(date)
	if err != nil {
		return auth.Caller{}, failf(http.StatusBadRequest, "InvalidDateFormat", "Date %s must follow RFC822", date)
	}
	if err = checkSkew(at, now); err != nil {
		return auth.Caller{}, err
	}
	id, signature, _ := strings.Cut(rest, ":")
	cred, err := s.credential(id, r, now)
	if err != nil {
		return auth.Caller{}, err
	}
	mac := hmac.New(digest, []byte(cred.Secret))
	mac.Write([]byte(stringToSignV1(r, date)))
	if want := base64.StdEncoding.EncodeToString(mac.Sum(nil)); !hmac.Equal([]byte(want), []byte(signature)) {
		return auth.Caller{}, signatureNotMatch(signature)
	}
	return callerOf(cred, r), nil
}

// dateV1 is the time that signature v1 covers.
//
// Assumption: when Date and x-log-date differ, Date wins.
func dateV1(h http.Header) string { return cmp.Or(h.Get("Date"), h.Get("x-log-date")) }

func v1Digest(method string) (func() hash.Hash, error) {
	switch method {
	case "hmac-sha1":
		return sha1.New, nil
	case "hmac-sha256":
		return sha256.New, nil
	case "":
		return nil, failf(http.StatusBadRequest, "MissingSignatureMethod", "x-log-signaturemethod does not exist")
	}
	return nil, failf(http.StatusBadRequest, "InvalidSignatureMethod", "signature method %s is not supported", method)
}

// stringToSignV1 is the text that signature v1 covers.
func stringToSignV1(r *http.Request, date string) string {
	h := r.Header
	lines := []string{r.Method, strings.TrimSpace(h.Get("Content-MD5")), strings.TrimSpace(h.Get("Content-Type")), strings.TrimSpace(date)}
	for _, name := range slices.Sorted(headerNames(h)) {
		if isSigned(name) && name != "x-log-date" {
			lines = append(lines, name+":"+strings.TrimSpace(h.Get(name)))
		}
	}
	resource := requestPath(r)
	if params := parameters(r.URL.RawQuery); len(params) > 0 {
		texts := make([]string, len(params))
		for i, p := range params {
			texts[i] = p.name
			if p.hasValue {
				texts[i] += "=" + p.value
			}
		}
		resource += "?" + strings.Join(texts, "&")
	}
	return strings.Join(append(lines, resource), "\n")
}
