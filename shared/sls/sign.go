package sls

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	apiVersion   = "0.6.0"
	methodSHA1   = "hmac-sha1"
	methodSHA256 = "hmac-sha256"
	dateV4       = "20060102T150405Z"
	schemeV4     = "SLS4-HMAC-SHA256"
	terminator4  = "aliyun_v4_request"
)

// signable is a request as the signatures see it. path is escaped as it is sent; query values are decoded.
type signable struct {
	method, host, path string
	query              url.Values
	header             http.Header
	body               []byte
}

// Headers by their canonical names, so that setting and getting them costs nothing more.
const (
	hAuthorization = "Authorization"
	hBodyRawSize   = "X-Log-Bodyrawsize"
	hCompressType  = "X-Log-Compresstype"
	hProject       = "X-Log-Project"
	hContentType   = "Content-Type"
	hContentMD5    = "Content-Md5"
	hMethod        = "X-Log-Signaturemethod"
	hVersion       = "X-Log-Apiversion"
	hToken         = "X-Acs-Security-Token"
	hDateV4        = "X-Log-Date"
	hSHA256        = "X-Log-Content-Sha256"
)

// lowerNames saves lowering the names of the headers that we set.
var lowerNames = map[string]string{
	hBodyRawSize: "x-log-bodyrawsize", hCompressType: "x-log-compresstype", hProject: "x-log-project", hMethod: "x-log-signaturemethod",
	hVersion: "x-log-apiversion", hToken: "x-acs-security-token", hDateV4: "x-log-date", hSHA256: "x-log-content-sha256", "X-Log-Mode": "x-log-mode",
}

func set(h http.Header, name, value string) { h[name] = []string{value} }

// signV1 sets the headers of signature v1 and Authorization (sls.md §1.5). method is the digest.
func signV1(s signable, c Credentials, now time.Time, method string) {
	set(s.header, "Date", now.UTC().Format(http.TimeFormat))
	set(s.header, hMethod, method)
	set(s.header, hVersion, apiVersion)
	if c.SecurityToken != "" {
		set(s.header, hToken, c.SecurityToken)
	}
	if len(s.body) > 0 {
		sum := md5.Sum(s.body)
		set(s.header, hContentMD5, strings.ToUpper(hex.EncodeToString(sum[:])))
	}
	set(s.header, hAuthorization, "LOG "+c.AccessKeyID+":"+signatureV1(s, c.AccessKeySecret))
}

// signatureV1 computes the signature over headers that are already set.
func signatureV1(s signable, secret string) string {
	newHash := sha1.New
	if s.header.Get(hMethod) == methodSHA256 {
		newHash = sha256.New
	}
	b := make([]byte, 0, 1024)
	for _, part := range [...]string{s.method, s.header.Get(hContentMD5), s.header.Get(hContentType), s.header.Get("Date")} {
		b = append(append(b, part...), '\n')
	}
	var room [16]signedHeader
	for _, h := range signedHeaders(room[:0], s.header, "x-log-date") {
		b = h.appendTo(b)
	}
	b = append(b, s.path...)
	sep := byte('?')
	for _, k := range sortedKeys(s.query) {
		b = append(append(append(append(b, sep), k...), '='), s.query.Get(k)...)
		sep = '&'
	}
	return base64.StdEncoding.EncodeToString(sum(newHash, []byte(secret), b))
}

// signV4 sets the headers of signature v4 and Authorization (sls.md §1.6).
func signV4(s signable, c Credentials, region string, now time.Time) {
	date := now.UTC().Format(dateV4)
	set(s.header, hDateV4, date)
	set(s.header, hVersion, apiVersion)
	if c.SecurityToken != "" {
		set(s.header, hToken, c.SecurityToken)
	}
	h := sha256.Sum256(s.body)
	set(s.header, hSHA256, hex.EncodeToString(h[:]))
	set(s.header, hAuthorization, schemeV4+" Credential="+c.AccessKeyID+"/"+scopeV4(date, region)+
		",Signature="+signatureV4(s, c.AccessKeySecret, region))
}

func scopeV4(date, region string) string { return date[:8] + "/" + region + "/sls/" + terminator4 }

// canonicalV4 writes the canonical request over headers that are already set.
func canonicalV4(s signable) string {
	var room [16]signedHeader
	list := append(signedHeaders(room[:0], s.header, ""), signedHeader{"host", s.host})
	if ct := s.header.Get(hContentType); ct != "" {
		list = append(list, signedHeader{"content-type", strings.TrimSpace(ct)})
	}
	slices.SortFunc(list, func(a, b signedHeader) int { return strings.Compare(a.name, b.name) })
	var query []byte
	for _, k := range sortedKeys(s.query) {
		if len(query) > 0 {
			query = append(query, '&')
		}
		query = appendEscaped(query, k)
		if v := s.query.Get(k); v != "" {
			query = appendEscaped(append(query, '='), v)
		}
	}
	b := []byte(s.method + "\n" + s.path + "\n" + string(query) + "\n")
	names := make([]string, len(list))
	for i, h := range list {
		b = h.appendTo(b)
		names[i] = h.name
	}
	return string(b) + "\n" + strings.Join(names, ";") + "\n" + s.header.Get(hSHA256)
}

func signatureV4(s signable, secret, region string) string {
	date := s.header.Get(hDateV4)
	canonical := sha256.Sum256([]byte(canonicalV4(s)))
	text := schemeV4 + "\n" + date + "\n" + scopeV4(date, region) + "\n" + hex.EncodeToString(canonical[:])
	return hex.EncodeToString(sum(sha256.New, keyV4(secret, date[:8], region), []byte(text)))
}

func keyV4(secret, day, region string) []byte {
	key := []byte("aliyun_v4" + secret)
	for _, part := range [...]string{day, region, "sls", terminator4} {
		key = sum(sha256.New, key, []byte(part))
	}
	return key
}

func sum(newHash func() hash.Hash, key, text []byte) []byte {
	m := hmac.New(newHash, key)
	m.Write(text)
	return m.Sum(nil)
}

// signedHeader is a header as it is signed.
type signedHeader struct{ name, value string }

func (h signedHeader) appendTo(b []byte) []byte {
	return append(append(append(append(b, h.name...), ':'), h.value...), '\n')
}

// signedHeaders appends the x-log- and x-acs- headers but one, in order, with lower-case names and trimmed values.
func signedHeaders(list []signedHeader, h http.Header, except string) []signedHeader {
	for name, v := range h {
		n, ok := lowerNames[name]
		if !ok {
			n = strings.ToLower(name)
		}
		if len(v) == 0 || n == except || !strings.HasPrefix(n, "x-log-") && !strings.HasPrefix(n, "x-acs-") {
			continue
		}
		list = append(list, signedHeader{n, strings.TrimSpace(v[0])})
	}
	slices.SortFunc(list, func(a, b signedHeader) int { return strings.Compare(a.name, b.name) })
	return list
}

func sortedKeys(q url.Values) []string {
	keys := make([]string, 0, 8)
	for k := range q {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// appendEscaped leaves A-Z a-z 0-9 - _ . ~ and writes the rest as upper-case percent escapes (RFC 3986).
func appendEscaped(b []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '~':
			b = append(b, c)
		default:
			b = append(b, '%', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
		}
	}
	return b
}
