package products

import (
	"slices"
	"strconv"
	"strings"
)

// applications are the values of ApplicationName that the documentation of Cloud Firewall lists.
var applications = []string{
	"ANY", "HTTP", "HTTPS", "MySQL", "SMTP", "SMTPS", "RDP", "VNC", "SSH", "Redis", "MQTT", "MongoDB", "Memcache", "SSL",
}

// checkTraffic checks what of a policy says which traffic it is for: ports, application and IP version. A port that is
// given is one or a range, such as 22 or 22/80.
func (p *policy) checkTraffic() error {
	switch {
	case !slices.Contains(applications, p.application):
		return invalid("ApplicationName", "ApplicationName is one of %s.", strings.Join(applications, ", "))
	case p.ipVersion != "4" && p.ipVersion != "6":
		return invalid("IpVersion", "IpVersion is 4 or 6.")
	case p.portType == "group" && p.portGroup == "":
		return missing("DestPortGroup")
	case p.portType == "group":
		return invalid("DestPortGroup", "There is no address book %q of ports.", p.portGroup) // books are of the type ip here
	case p.portType != "" && p.portType != "port":
		return invalid("DestPortType", "DestPortType is port or group.")
	case p.portType == "port" && p.port == "":
		return missing("DestPort")
	case p.port != "" && !validPort(p.port):
		return invalid("DestPort", "%q is neither a port nor a range such as 22/80.", p.port)
	}
	return nil
}

func validPort(text string) bool {
	from, to, ranged := strings.Cut(text, "/")
	first, err := strconv.ParseUint(from, 10, 16)
	if err != nil || !ranged {
		return err == nil
	}
	last, err := strconv.ParseUint(to, 10, 16)
	return err == nil && first <= last
}
