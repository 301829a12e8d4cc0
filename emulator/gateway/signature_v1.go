package gateway

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/url"
	"slices"
)

// stringToSignV1 is the text that Signature V1 signs. params is the merged query and form; Signature is left out and
// empty values are kept. Source: accounts.md §1.3.
func stringToSignV1(method string, params url.Values) string {
	return string(appendEncoded([]byte(method+"&%2F&"), canonicalQuery(params, "Signature")))
}

// signV1 computes base64(HMAC-SHA1(secret + "&", text)).
func signV1(secret, text string) string {
	mac := hmac.New(sha1.New, []byte(secret+"&"))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// canonicalQuery sorts by name, then value, and encodes both per RFC 3986. The name skip is left out.
func canonicalQuery(params url.Values, skip string) string {
	names := make([]string, 0, len(params))
	for name := range params {
		if name != skip {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	b := make([]byte, 0, 512)
	for _, name := range names {
		values := params[name]
		if len(values) > 1 {
			values = slices.Sorted(slices.Values(values))
		}
		for _, v := range values {
			if len(b) > 0 {
				b = append(b, '&')
			}
			b = appendEncoded(b, name)
			b = append(b, '=')
			b = appendEncoded(b, v)
		}
	}
	return string(b)
}

// appendEncoded is percent-encoding per RFC 3986: everything but letters, digits and - _ . ~
func appendEncoded(dst []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '~':
			dst = append(dst, c)
		default:
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		}
	}
	return dst
}
