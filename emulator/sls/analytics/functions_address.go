package analytics

import (
	"database/sql/driver"
	"encoding/binary"
	"net/netip"
)

// addressFunctions are about IPv4 addresses and their networks, which are texts as 10.1.2.3/8. Functions that need to
// know where an address is used are not offered: nothing here knows it.
//
// Assumption: what is no address or no network ends the statement, as in Presto, whose functions have these names. That
// TRY makes null of it follows.
func addressFunctions() map[string][]function {
	network := func(result Type, f func(first, last netip.Addr) (driver.Value, error)) []function {
		return forms(function{args: []Type{Varchar}, result: result, run: func(v values) (driver.Value, error) {
			p, err := prefixOf(v[0])
			if err != nil {
				return nil, err
			}
			return f(p.Addr(), lastOf(p))
		}})
	}
	return map[string][]function{
		"ip_to_domain": forms(one(Varchar, Varchar, domainOf)),
		"ip_prefix": forms(function{args: []Type{Varchar, Bigint}, result: Varchar, run: func(v values) (driver.Value, error) {
			ip, err := addressOf(v[0])
			if err != nil {
				return nil, err
			}
			if n := v[1].(int64); n < 0 || n > 32 {
				return nil, dataf("IPv4 subnet size must be in range [0, 32]")
			}
			return netip.PrefixFrom(ip, int(v[1].(int64))).Masked().String(), nil
		}}),
		"ip_subnet_min": network(Varchar, func(first, _ netip.Addr) (driver.Value, error) { return first.String(), nil }),
		"ip_subnet_max": network(Varchar, func(_, last netip.Addr) (driver.Value, error) { return last.String(), nil }),
		"ip_subnet_range": network(Array, func(first, last netip.Addr) (driver.Value, error) {
			return array(values{first.String(), last.String()})
		}),
		"is_subnet_of": forms(function{args: []Type{Varchar, Varchar}, result: Boolean, run: func(v values) (driver.Value, error) {
			p, err := prefixOf(v[0])
			if err != nil {
				return nil, err
			}
			ip, err := addressOf(v[1])
			return truth(err == nil && p.Contains(ip)), err
		}}),
		"is_prefix_subnet_of": forms(function{args: []Type{Varchar, Varchar}, result: Boolean, run: func(v values) (driver.Value, error) {
			outer, err := prefixOf(v[0])
			if err != nil {
				return nil, err
			}
			inner, err := prefixOf(v[1])
			return truth(err == nil && outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())), err
		}}),
	}
}

func addressOf(v driver.Value) (netip.Addr, error) {
	ip, err := netip.ParseAddr(v.(string))
	if err != nil || !ip.Is4() {
		return ip, dataf("Cannot cast value to IPADDRESS: %.100s", v)
	}
	return ip, nil
}

// prefixOf reads a network; bits behind its length do not count.
func prefixOf(v driver.Value) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(v.(string))
	if err != nil || !p.Addr().Is4() {
		return p, dataf("Cannot cast value to IPPREFIX: %.100s", v)
	}
	return p.Masked(), nil
}

func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().As4()
	n := binary.BigEndian.Uint32(b[:]) | uint32(uint64(1)<<(32-p.Bits())-1)
	binary.BigEndian.PutUint32(b[:], n)
	return netip.AddrFrom4(b)
}

// domainOf tells private addresses from public ones.
//
// Assumption: private are those of RFC 1918 and the loopback; what is no IPv4 address is invalid.
func domainOf(text string) string {
	ip, err := netip.ParseAddr(text)
	switch {
	case err != nil || !ip.Is4():
		return "invalid"
	case ip.IsPrivate() || ip.IsLoopback():
		return "intranet"
	}
	return "internet"
}
