package sls

import (
	"cmp"
	"crypto/hmac"
	"crypto/md5" // Content-MD5 is part of the protocol
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

const (
	maxSkew   = 15 * time.Minute
	v4Method  = "SLS4-HMAC-SHA256"
	v4Time    = "20060102T150405Z"
	tokenName = "x-acs-security-token"
)

// authenticate verifies the signature of a request, in either version, and returns who signed it.
func (s *Service) authenticate(r *http.Request, body []byte, now time.Time) (auth.Caller, error) {
	if err := checkVersion(r.Header.Get("x-log-apiversion")); err != nil {
		return auth.Caller{}, err
	}
	if err := checkDigest(r, body); err != nil {
		return auth.Caller{}, err
	}
	authorization := r.Header.Get("Authorization")
	if rest, ok := strings.CutPrefix(authorization, v4Method+" "); ok {
		return s.authenticateV4(r, body, rest, now)
	}
	rest, ok := strings.CutPrefix(authorization, "LOG ")
	if !ok {
		return auth.Caller{}, missingAuthorization()
	}
	return s.authenticateV1(r, rest, now)
}

func checkVersion(version string) error {
	switch version {
	case "0.6.0":
		return nil
	case "":
		return failf(http.StatusBadRequest, "MissingAPIVersion", "x-log-apiversion does not exist")
	}
	return failf(http.StatusBadRequest, "InvalidAPIVersion", "the API version is not 0.6.0")
}

// missingAuthorization is the answer to a request that is not signed.
//
// Assumption: 400 MissAccessKeyId. The code is documented; for which requests it is answered is not.
func missingAuthorization() error {
	return failf(http.StatusBadRequest, "MissAccessKeyId", "the request carries no Authorization header that names an AccessKeyId")
}

// checkDigest compares Content-MD5 with the body as sent.
//
// Assumption: a wrong digest is 400 PostBodyInvalid; no text names the code.
func checkDigest(r *http.Request, body []byte) error {
	want := r.Header.Get("Content-MD5")
	if want == "" {
		return nil
	}
	if sum := md5.Sum(body); !strings.EqualFold(want, hex.EncodeToString(sum[:])) {
		return failf(http.StatusBadRequest, "PostBodyInvalid", "Content-MD5 does not fit the body")
	}
	return nil
}

type parameter struct {
	name, value string // decoded
	hasValue    bool   // written with "="
}

// parameters are the query parameters sorted by name, then value.
func parameters(raw string) []parameter {
	var list []parameter
	for _, part := range strings.Split(raw, "&") {
		if part == "" {
			continue
		}
		name, value, has := strings.Cut(part, "=")
		n, err1 := url.QueryUnescape(name)
		v, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			n, v = name, value
		}
		list = append(list, parameter{n, v, has})
	}
	slices.SortStableFunc(list, func(a, b parameter) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.value, b.value))
	})
	return list
}

func requestPath(r *http.Request) string { return cmp.Or(r.URL.EscapedPath(), "/") }

func headerNames(h http.Header) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for name := range h {
			if !yield(strings.ToLower(name)) {
				return
			}
		}
	}
}

func isSigned(name string) bool {
	return strings.HasPrefix(name, "x-log-") || strings.HasPrefix(name, "x-acs-")
}

func checkSkew(at, now time.Time) error {
	if d := now.Sub(at); d > maxSkew || d < -maxSkew {
		return failf(http.StatusBadRequest, "RequestTimeExpired", "The request time %s is more than 15 minutes away from the server time %s",
			at.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return nil
}

// credential finds the credential of a key id and checks that it may be used now with the token that was sent.
func (s *Service) credential(id string, r *http.Request, now time.Time) (auth.Credential, error) {
	if id == "" {
		return auth.Credential{}, missingAuthorization()
	}
	cred, ok := s.opts.Credentials.Credential(id)
	token := r.Header.Get(tokenName)
	switch {
	case !ok:
		return cred, unauthorizedf("AccessKeyId not found: %s", id)
	case !cred.Active:
		return cred, unauthorizedf("AccessKeyId is inactive: %s", id)
	case !hmac.Equal([]byte(cred.Token), []byte(token)):
		return cred, unauthorizedf("the security token is missing or does not belong to AccessKeyId %s", id)
	case !cred.Expires.IsZero() && !now.Before(cred.Expires):
		return cred, unauthorizedf("the security token of AccessKeyId %s has expired", id)
	}
	return cred, nil
}

func callerOf(cred auth.Credential, r *http.Request) auth.Caller {
	caller := cred.Caller
	caller.SourceIP = sourceIP(r)
	return caller
}

func signatureNotMatch(signature string) error {
	return &Error{Status: http.StatusUnauthorized, Code: "SignatureNotMatch", Message: fmt.Sprintf("signature %s not match", signature)}
}
