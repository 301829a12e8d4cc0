package response

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
)

// Own is what no response may touch. The zero value protects only what is protected always.
type Own struct {
	Networks   []netip.Prefix // the organisation's addresses: offices, egress, load balancers
	AccessKeys []string       // keys that the organisation depends on
}

// reserved are the address ranges that no attacker on the internet has, or that Alibaba Cloud uses inside (100.64/10).
// The documentation ranges (RFC 5737, RFC 3849) are not here: examples and the demo use them as attackers.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
}

// checkIP returns the address in its plain form, or why it must not be blocked.
func (o Own) checkIP(text string) (netip.Addr, error) {
	ip, err := netip.ParseAddr(text)
	if err != nil || ip.Zone() != "" {
		return netip.Addr{}, fmt.Errorf("is not an IP address")
	}
	ip = ip.Unmap()
	switch {
	case ip.IsPrivate(), ip.IsLoopback(), ip.IsLinkLocalUnicast(), ip.IsUnspecified(), ip.IsMulticast():
		return netip.Addr{}, fmt.Errorf("is a private or local address")
	}
	for _, p := range reserved {
		if p.Contains(ip) {
			return netip.Addr{}, fmt.Errorf("is in the reserved range %s", p)
		}
	}
	for _, p := range o.Networks {
		if p.Contains(ip) {
			return netip.Addr{}, fmt.Errorf("is one of the organisation's own addresses (%s)", p)
		}
	}
	return ip, nil
}

var (
	longTermKey = regexp.MustCompile(`^LTAI[0-9A-Za-z]{8,60}$`)
	userName    = regexp.MustCompile(`^[0-9A-Za-z._@-]{1,64}$`)
)

// checkKey returns why an access key must not be disabled, or nil.
func (o Own) checkKey(id string) error {
	if !longTermKey.MatchString(id) {
		return fmt.Errorf("is not a long-term AccessKey id")
	}
	for _, k := range o.AccessKeys {
		if k == id {
			return fmt.Errorf("is a key that the organisation depends on")
		}
	}
	return nil
}

// checkUser returns why a RAM user's keys must not be disabled, or nil. Users that begin with "fenghuo" are ours.
func (o Own) checkUser(name string) error {
	if !userName.MatchString(name) {
		return fmt.Errorf("has a user name that RAM does not allow")
	}
	if strings.HasPrefix(strings.ToLower(name), "fenghuo") {
		return fmt.Errorf("belongs to this security operations centre")
	}
	return nil
}
