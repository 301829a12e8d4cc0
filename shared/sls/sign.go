package sls

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	apiVersion  = "0.6.0"
	methodSHA1  = "hmac-sha1"
	dateV4      = "20060102T150405Z"
	schemeV4    = "SLS4-HMAC-SHA256"
	terminator4 = "aliyun_v4_request"
)

// signable is a request as the signatures see it. path is escaped as it is sent; query values are decoded.
type signable struct {
	method, host, path string
	query              url.Values
	header             http.Header
	body               []byte
}

// signV1 sets the headers of signature v1 and Authorization (sls.md §1.5).
func signV1(s signable, c Credentials, now time.Time) {
	s.header.Set("Date", now.UTC().Format(http.TimeFormat))
	s.header.Set("x-log-signaturemethod", methodSHA1)
	s.header.Set("x-log-apiversion", apiVersion)
	if c.SecurityToken != "" {
		s.header.Set("x-acs-security-token", c.SecurityToken)
	}
	if len(s.body) > 0 {
		s.header.Set("Content-MD5", fmt.Sprintf("%X", md5.Sum(s.body)))
	}
	s.header.Set("Authorization", "LOG "+c.AccessKeyID+":"+signatureV1(s, c.AccessKeySecret))
}

// signatureV1 computes the signature over headers that are already set.
func signatureV1(s signable, secret string) string {
	newHash := sha1.New
	if s.header.Get("x-log-signaturemethod") == "hmac-sha256" {
		newHash = sha256.New
	}
	var b strings.Builder
	for _, part := range []string{s.method, s.header.Get("Content-MD5"), s.header.Get("Content-Type"), s.header.Get("Date")} {
		b.WriteString(part)
		b.WriteByte('\n')
	}
	names, values := signedHeaders(s.header, "x-log-date")
	for _, n := range names {
		b.WriteString(n + ":" + values[n] + "\n")
	}
	b.WriteString(s.path)
	sep := byte('?')
	for _, k := range sortedKeys(s.query) {
		b.WriteByte(sep)
		b.WriteString(k + "=" + s.query.Get(k))
		sep = '&'
	}
	return base64.StdEncoding.EncodeToString(sum(newHash, []byte(secret), b.String()))
}

// signV4 sets the headers of signature v4 and Authorization (sls.md §1.6).
func signV4(s signable, c Credentials, region string, now time.Time) {
	date := now.UTC().Format(dateV4)
	s.header.Set("x-log-date", date)
	s.header.Set("x-log-apiversion", apiVersion)
	if c.SecurityToken != "" {
		s.header.Set("x-acs-security-token", c.SecurityToken)
	}
	h := sha256.Sum256(s.body)
	s.header.Set("x-log-content-sha256", hex.EncodeToString(h[:]))
	s.header.Set("Authorization", schemeV4+" Credential="+c.AccessKeyID+"/"+scopeV4(date, region)+
		",Signature="+signatureV4(s, c.AccessKeySecret, region))
}

func scopeV4(date, region string) string { return date[:8] + "/" + region + "/sls/" + terminator4 }

// canonicalV4 writes the canonical request over headers that are already set.
func canonicalV4(s signable) string {
	names, values := signedHeaders(s.header, "")
	names, values["host"] = append(names, "host"), s.host
	if ct := s.header.Get("Content-Type"); ct != "" {
		names, values["content-type"] = append(names, "content-type"), strings.TrimSpace(ct)
	}
	slices.Sort(names)
	var query []string
	for _, k := range sortedKeys(s.query) {
		pair := escape3986(k)
		if v := s.query.Get(k); v != "" {
			pair += "=" + escape3986(v)
		}
		query = append(query, pair)
	}
	var b strings.Builder
	b.WriteString(s.method + "\n" + s.path + "\n" + strings.Join(query, "&") + "\n")
	for _, n := range names {
		b.WriteString(n + ":" + values[n] + "\n")
	}
	b.WriteString("\n" + strings.Join(names, ";") + "\n" + s.header.Get("x-log-content-sha256"))
	return b.String()
}

func signatureV4(s signable, secret, region string) string {
	date := s.header.Get("x-log-date")
	canonical := sha256.Sum256([]byte(canonicalV4(s)))
	text := schemeV4 + "\n" + date + "\n" + scopeV4(date, region) + "\n" + hex.EncodeToString(canonical[:])
	return hex.EncodeToString(sum(sha256.New, keyV4(secret, date[:8], region), text))
}

func keyV4(secret, day, region string) []byte {
	key := sum(sha256.New, []byte("aliyun_v4"+secret), day)
	key = sum(sha256.New, key, region)
	key = sum(sha256.New, key, "sls")
	return sum(sha256.New, key, terminator4)
}

func sum(newHash func() hash.Hash, key []byte, text string) []byte {
	m := hmac.New(newHash, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// signedHeaders returns the x-log- and x-acs- headers: lower-case names in order and trimmed values.
func signedHeaders(h http.Header, except string) ([]string, map[string]string) {
	var names []string
	values := make(map[string]string)
	for name, v := range h {
		n := strings.ToLower(name)
		if len(v) == 0 || n == except || !strings.HasPrefix(n, "x-log-") && !strings.HasPrefix(n, "x-acs-") {
			continue
		}
		names = append(names, n)
		values[n] = strings.TrimSpace(v[0])
	}
	slices.Sort(names)
	return names, values
}

func sortedKeys(q url.Values) []string {
	keys := make([]string, 0, len(q))
	for k := range q {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// escape3986 leaves A-Z a-z 0-9 - _ . ~ and writes the rest as upper-case percent escapes.
func escape3986(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}
