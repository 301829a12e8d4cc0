package normalize

import (
	"net/netip"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// cut makes text that is safe to show of a hostile value: valid UTF-8 without control characters, no longer than limit.
func cut(v []byte, limit int) string {
	if len(v) > limit {
		v = v[:limit]
		for len(v) > 0 && !utf8.RuneStart(v[len(v)-1]) {
			v = v[:len(v)-1]
		}
		if len(v) > 0 && v[len(v)-1] >= utf8.RuneSelf {
			v = v[:len(v)-1]
		}
	}
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control) {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(string(v), "\uFFFD"))
}

// Shapes of identifiers that become entities. What does not fit is dropped, never shortened: a wrong entity would link
// alerts that have nothing to do with each other.
var (
	accountUID = regexp.MustCompile(`^[0-9]{16}$`)
	keyID      = regexp.MustCompile(`^(LTAI|STS\.|TMP\.)[0-9A-Za-z]{4,96}$`)
	userName   = regexp.MustCompile(`^[0-9A-Za-z._@-]{1,128}$`)
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)
	hostName   = regexp.MustCompile(`^[0-9A-Za-z._-]{1,128}$`)
	domainName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,62}\.)+[a-z0-9-]{1,63}$`)
	roleARN    = regexp.MustCompile(`^acs:ram::([0-9]{16}):role/([0-9A-Za-z._-]{1,64})$`)
)

// address reads an IP address, with or without a port.
func address(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		ap, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Addr{}, false
		}
		a = ap.Addr()
	}
	a = a.WithZone("").Unmap()
	return a, a.IsValid() && !a.IsUnspecified() && !a.IsLoopback() && !a.IsMulticast()
}
