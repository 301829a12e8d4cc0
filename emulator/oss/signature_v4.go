package oss

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	schemeV4   = "OSS4-HMAC-SHA256"
	requestV4  = "aliyun_v4_request"
	basicISO   = "20060102T150405Z"
	noPayload  = "UNSIGNED-PAYLOAD"
	dateHeader = "x-oss-date"
)

// authorizationV4 is "OSS4-HMAC-SHA256 Credential=<id>/<date>/<region>/oss/aliyun_v4_request,AdditionalHeaders=a;b,
// Signature=<hex>", as the official client (alibabacloud-oss-go-sdk-v2) writes it.
type authorizationV4 struct {
	id, date, region string
	additional       []string // names of signed headers beyond those that always are; lower case, sorted
	signature        string
}

// parseV4 reads the header; what says what is wrong with it.
func parseV4(header string) (a authorizationV4, what string) {
	var credential string
	rest, _ := strings.CutPrefix(header, schemeV4)
	for part := range strings.SplitSeq(rest, ",") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(part), "="); name {
		case "Credential":
			credential = value
		case "AdditionalHeaders":
			a.additional = strings.Split(strings.ToLower(value), ";")
		case "Signature":
			a.signature = value
		}
	}
	scope := strings.Split(credential, "/")
	if n := len(scope); n < 5 || a.signature == "" {
		return a, "Credential and Signature are needed"
	} else if scope = scope[n-5:]; scope[3] != "oss" || scope[4] != requestV4 {
		return a, "the scope of Credential ends with oss/" + requestV4
	}
	a.id, a.date, a.region = scope[0], scope[1], scope[2]
	return a, ""
}

// claimV4 reads what a request says about itself.
//
// Assumption: a malformed header, a date or a region of the scope that is not that of the request or of the bucket is 400
// InvalidArgument, and a request without x-oss-date is 403 AccessDenied.
func (s *Service) claimV4(r *http.Request, header string) (claim, *failure) {
	a, what := parseV4(header)
	if what == "" && a.region != s.o.Region {
		what = "the buckets are in region " + s.o.Region
	}
	at, err := time.Parse(basicISO, r.Header.Get(dateHeader))
	switch {
	case what == "" && err != nil:
		return claim{}, fail(http.StatusForbidden, "AccessDenied", "OSS authentication requires a valid x-oss-date.")
	case what == "" && at.Format("20060102") != a.date:
		what = "the date of Credential is not that of x-oss-date"
	}
	if what != "" {
		return claim{}, fail(http.StatusBadRequest, "InvalidArgument", "The Authorization header is not valid: "+what+".")
	}
	return claim{a.id, a.signature, at, func(secret string) string { return a.sign(secret, r) }}, nil
}

// sign computes the signature of a request with the headers that the client listed.
func (a authorizationV4) sign(secret string, r *http.Request) string {
	scope := a.date + "/" + a.region + "/oss/" + requestV4
	sum := sha256.Sum256([]byte(a.canonical(r)))
	text := schemeV4 + "\n" + r.Header.Get(dateHeader) + "\n" + scope + "\n" + hex.EncodeToString(sum[:])
	key := []byte("aliyun_v4" + secret)
	for _, part := range []string{a.date, a.region, "oss", requestV4, text} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key)
}

// canonical is the text whose hash is signed: method, bucket and object, query, headers, their additional names, payload.
func (a authorizationV4) canonical(r *http.Request) string {
	name, object := target(r)
	path := "/"
	if name != "" {
		path += name + "/" + object
	}
	payload := r.Header.Get("x-oss-content-sha256")
	if payload == "" {
		payload = noPayload
	}
	return r.Method + "\n" + escape(path) + "\n" + canonicalQuery(r.URL.RawQuery) + "\n" + a.headers(r.Header) + "\n" +
		strings.Join(a.additional, ";") + "\n" + payload
}

// headers are those of the service, content-type and content-md5, and the additional ones.
func (a authorizationV4) headers(h http.Header) string {
	var lines []string
	for name, values := range h {
		lower := strings.ToLower(name)
		if !strings.HasPrefix(lower, "x-oss-") && lower != "content-type" && lower != "content-md5" && !slices.Contains(a.additional, lower) {
			continue
		}
		trimmed := make([]string, len(values))
		for i, v := range values {
			trimmed[i] = strings.TrimSpace(v)
		}
		lines = append(lines, lower+":"+strings.Join(trimmed, ",")+"\n")
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// canonicalQuery sorts the parameters as they were sent; one without value has no equals sign.
func canonicalQuery(raw string) string {
	var list []string
	for part := range strings.SplitSeq(strings.ReplaceAll(raw, "+", "%20"), "&") {
		if part != "" {
			list = append(list, part)
		}
	}
	slices.SortFunc(list, func(a, b string) int {
		nameA, _, _ := strings.Cut(a, "=")
		nameB, _, _ := strings.Cut(b, "=")
		return strings.Compare(nameA, nameB)
	})
	for i, part := range list {
		list[i] = strings.TrimSuffix(part, "=")
	}
	return strings.Join(list, "&")
}

// escape is percent-encoding of everything but letters, digits and - _ . ~ /
func escape(path string) string {
	var b strings.Builder
	for i := range len(path) {
		c := path[i]
		if c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("-_.~/", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}
