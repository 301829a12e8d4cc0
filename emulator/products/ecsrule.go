package products

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// groupRules reads the rules of a call: Permissions.N.<name>, or the names alone for one rule.
func groupRules(c *gateway.Call) ([]GroupRule, error) {
	var prefixes []string
	for n := 1; ; n++ {
		p := fmt.Sprintf("Permissions.%d.", n)
		if !slices.ContainsFunc(ruleNames, func(name string) bool { return c.Get(p+name) != "" }) {
			break
		}
		prefixes = append(prefixes, p)
	}
	alone := slices.ContainsFunc(ruleNames, func(name string) bool { return c.Get(name) != "" })
	switch {
	case alone && len(prefixes) > 0:
		return nil, invalid("Permissions", "Parameters with and without the prefix Permissions.N cannot be given together.")
	case len(prefixes) == 0:
		prefixes = []string{""}
	}
	var out []GroupRule
	for _, p := range prefixes {
		r, err := groupRule(c, p)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

var ruleNames = []string{"IpProtocol", "PortRange", "SourceCidrIp", "Ipv6SourceCidrIp", "SourceGroupId", "SourcePrefixListId", "Policy", "Priority", "NicType"}

// groupRule reads and checks one rule.
//
// Assumption: all malformed values answer 400; the rules of the emulator's groups, which are of the VPC type, are
// intranet when no NicType is given. Source ports and destinations are refused.
func groupRule(c *gateway.Call, prefix string) (GroupRule, error) {
	get := func(name string) string { return c.Get(prefix + name) }
	malformed := func(code, what string) (GroupRule, error) {
		return GroupRule{}, gateway.Errorf(400, code, "The specified %s is not valid.", prefix+what)
	}
	for _, name := range []string{"SourcePortRange", "DestCidrIp", "Ipv6DestCidrIp"} {
		if get(name) != "" {
			return GroupRule{}, invalid(name, "The emulator has no rules with %s.", name)
		}
	}
	r := GroupRule{
		Protocol: strings.ToUpper(get("IpProtocol")), Ports: get("PortRange"), CIDR: get("SourceCidrIp"), CIDR6: get("Ipv6SourceCidrIp"),
		Group: get("SourceGroupId"), PrefixList: get("SourcePrefixListId"), Description: get("Description"), NicType: get("NicType"), Policy: "Accept", Priority: 1,
	}
	if r.NicType == "" {
		r.NicType = "intranet"
	}
	if p := strings.ToLower(get("Policy")); p == "drop" {
		r.Policy = "Drop"
	} else if p != "" && p != "accept" {
		return malformed("InvalidPolicy.Malformed", "Policy")
	}
	if text := get("Priority"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 100 {
			return malformed("InvalidPriority.Malformed", "Priority")
		}
		r.Priority = n
	}
	sources := 0
	for _, v := range []string{r.CIDR, r.CIDR6, r.Group, r.PrefixList} {
		if v != "" {
			sources++
		}
	}
	switch {
	case r.Protocol == "":
		return GroupRule{}, missing(prefix + "IpProtocol")
	case !slices.Contains([]string{"TCP", "UDP", "ICMP", "ICMPV6", "GRE", "ALL"}, r.Protocol):
		return malformed("InvalidIpProtocol.ValueNotSupported", "IpProtocol")
	case r.Ports == "":
		return GroupRule{}, missing(prefix + "PortRange")
	case !validPorts(r.Protocol, r.Ports):
		return malformed("InvalidIpPortRange.Malformed", "PortRange")
	case sources != 1:
		return GroupRule{}, invalid("SourceCidrIp", "A rule needs one of SourceCidrIp, Ipv6SourceCidrIp, SourceGroupId and SourcePrefixListId.")
	case r.CIDR != "" && !validFamily(r.CIDR, false):
		return malformed("InvalidSourceCidrIp.Malformed", "SourceCidrIp")
	case r.CIDR6 != "" && !validFamily(r.CIDR6, true):
		return malformed("InvalidIpv6SourceCidrIp.Malformed", "Ipv6SourceCidrIp")
	case r.NicType != "internet" && r.NicType != "intranet":
		return malformed("InvalidNicType.ValueNotSupported", "NicType")
	}
	return r, nil
}

// validPorts: 1/200 for TCP and UDP, -1/-1 for the others.
func validPorts(protocol, ports string) bool {
	if ports == "-1/-1" {
		return true
	}
	from, to, ok := strings.Cut(ports, "/")
	a, err := strconv.Atoi(from)
	b, berr := strconv.Atoi(to)
	return ok && err == nil && berr == nil && (protocol == "TCP" || protocol == "UDP") && 1 <= a && a <= b && b <= 65535
}

func validFamily(s string, six bool) bool {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Addr().Is6() == six
	}
	a, err := netip.ParseAddr(s)
	return err == nil && a.Zone() == "" && a.Is6() == six
}

// repeated reads a list parameter: name.1, name.2, …
func repeated(c *gateway.Call, name string) (out []string) {
	for n := 1; ; n++ {
		v := c.Get(name + "." + strconv.Itoa(n))
		if v == "" {
			return out
		}
		out = append(out, v)
	}
}
