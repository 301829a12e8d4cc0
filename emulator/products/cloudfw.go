package products

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// firewall is the Cloud Firewall of an account.
type firewall struct {
	in, out []*policy // the first has the highest priority
	books   []*book
}

// policy is an access control policy of the internet border.
type policy struct {
	uuid, direction, action, description        string
	source, sourceType                          string
	destination, destinationType                string
	proto, port, portType, portGroup, ipVersion string
	application                                 string
	release                                     string // true or false
	created                                     time.Time
}

// SeedCloudFirewall gives an account Cloud Firewall.
func (s *Service) SeedCloudFirewall(account string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.firewalls[account] = &firewall{}
}

func (f *firewall) blocks(out []Block) []Block {
	for _, p := range f.in {
		if p.action != "drop" || p.release != "true" {
			continue
		}
		for _, ip := range f.addresses(p.sourceType, p.source) {
			out = append(out, Block{"cloudfirewall", p.uuid, ip, p.description})
		}
	}
	return out
}

// addresses are the networks a source or destination stands for; those of domains and locations are not known.
func (f *firewall) addresses(kind, value string) []string {
	switch kind {
	case "net":
		return []string{value}
	case "group":
		if b := f.book(value); b != nil {
			return b.addresses
		}
	}
	return nil
}

func (f *firewall) list(direction string) *[]*policy {
	if direction == "in" {
		return &f.in
	}
	return &f.out
}

// owned is the caller's Cloud Firewall. The caller holds the lock.
//
// Assumption: an account that has not bought it gets 400 ErrorNotBuyUser with the message "not buy user"; the message
// is known from the handling in public clients, the code is not.
func (s *Service) owned(c *gateway.Call) (*firewall, error) {
	f := s.firewalls[c.Caller.AccountID]
	if f == nil {
		return nil, gateway.Errorf(400, "ErrorNotBuyUser", "not buy user")
	}
	return f, nil
}

// allowedValues of AddControlPolicy.
var allowedValues = []struct {
	name   string
	values []string
}{
	{"Direction", []string{"in", "out"}},
	{"AclAction", []string{"accept", "drop", "log"}},
	{"SourceType", []string{"net", "group", "location"}},
	{"DestinationType", []string{"net", "group", "domain", "location"}},
	{"Proto", []string{"ANY", "TCP", "UDP", "ICMP"}},
}

func (s *Service) addPolicy(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.owned(c)
	if err != nil {
		return nil, err
	}
	for _, a := range allowedValues {
		switch v := c.Get(a.name); {
		case v == "":
			return nil, missing(a.name)
		case !slices.Contains(a.values, v):
			return nil, invalid(a.name, "%s is one of %s.", a.name, strings.Join(a.values, ", "))
		}
	}
	for _, name := range []string{"Source", "Destination", "Description", "NewOrder"} {
		if c.Get(name) == "" {
			return nil, missing(name)
		}
	}
	p, err := f.readPolicy(c)
	if err != nil {
		return nil, err
	}
	order, err := c.Int("NewOrder", 0)
	if err != nil {
		return nil, err
	}
	list := f.list(p.direction)
	if order == -1 {
		order = len(*list) + 1
	}
	if order < 1 || order > len(*list)+1 {
		return nil, invalid("NewOrder", "The priority is -1 for the lowest one, or 1 to %d.", len(*list)+1)
	}
	p.uuid, p.created = s.newUUID(c.Caller.AccountID), s.clock()
	*list = slices.Insert(*list, order-1, p)
	return object{"AclUuid": p.uuid}, nil
}

func (f *firewall) readPolicy(c *gateway.Call) (*policy, error) {
	p := &policy{
		direction: c.Get("Direction"), action: c.Get("AclAction"), description: c.Get("Description"), source: c.Get("Source"),
		sourceType: c.Get("SourceType"), destination: c.Get("Destination"), destinationType: c.Get("DestinationType"), proto: c.Get("Proto"),
		port: c.Get("DestPort"), portType: c.Get("DestPortType"), portGroup: c.Get("DestPortGroup"), ipVersion: c.Get("IpVersion"),
		application: c.Get("ApplicationName"), release: c.Get("Release"),
	}
	for _, end := range []struct{ name, kind, value string }{{"Source", p.sourceType, p.source}, {"Destination", p.destinationType, p.destination}} {
		switch {
		case end.kind == "net" && !validNet(end.value):
			return nil, invalid(end.name, "%q is no CIDR block.", end.value)
		case end.kind == "group" && f.book(end.value) == nil:
			return nil, invalid(end.name, "There is no address book %q.", end.value)
		}
	}
	switch {
	case p.application == "":
		p.application = c.Get("ApplicationNameList.1")
	case p.release != "" && p.release != "true" && p.release != "false":
		return nil, invalid("Release", "Release is true or false.")
	}
	if p.application == "" {
		return nil, missing("ApplicationName")
	}
	p.release = cmp.Or(p.release, "true")
	p.ipVersion = cmp.Or(p.ipVersion, "4")
	return p, p.checkTraffic()
}

// describePolicies lists by priority. Counts and page are text here, as the SDK expects them.
func (s *Service) describePolicies(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.owned(c)
	if err != nil {
		return nil, err
	}
	number, size, err := page(c, "CurrentPage", "PageSize")
	if err != nil {
		return nil, err
	}
	var rows []object
	for _, direction := range []string{"in", "out"} {
		if !matches(c.Get("Direction"), direction) {
			continue
		}
		for i, p := range *f.list(direction) {
			if p.matches(c) {
				rows = append(rows, f.view(p, i+1))
			}
		}
	}
	return textPage("Policys", rows, number, size), nil
}

func (p *policy) matches(c *gateway.Call) bool {
	return matches(c.Get("AclUuid"), p.uuid) && matches(c.Get("AclAction"), p.action) && matches(c.Get("Proto"), p.proto) &&
		matches(c.Get("Release"), p.release) && strings.Contains(p.source, c.Get("Source")) &&
		strings.Contains(p.destination, c.Get("Destination")) && strings.Contains(p.description, c.Get("Description"))
}

func (f *firewall) view(p *policy, order int) object {
	version, err := strconv.Atoi(p.ipVersion)
	if err != nil {
		version = 4
	}
	v := object{
		"AclUuid": p.uuid, "Direction": p.direction, "AclAction": p.action, "Description": p.description, "Order": order,
		"Source": p.source, "SourceType": p.sourceType, "Destination": p.destination, "DestinationType": p.destinationType,
		"Proto": p.proto, "DestPort": p.port, "DestPortType": p.portType, "DestPortGroup": p.portGroup, "ApplicationName": p.application,
		"ApplicationNameList": []string{p.application}, "Release": p.release, "IpVersion": version, "HitTimes": 0, "CreateTime": p.created.Unix(),
	}
	if p.sourceType == "group" {
		v["SourceGroupType"], v["SourceGroupCidrs"] = "ip", f.addresses("group", p.source)
	}
	if p.destinationType == "group" {
		v["DestinationGroupType"], v["DestinationGroupCidrs"] = "ip", f.addresses("group", p.destination)
	}
	return v
}

func textPage(name string, rows []object, number, size int) object {
	list := cut(rows, number, size)
	if list == nil {
		list = []object{}
	}
	return object{name: list, "TotalCount": strconv.Itoa(len(rows)), "PageNo": strconv.Itoa(number), "PageSize": strconv.Itoa(size)}
}

// deletePolicy removes a policy. Without Direction both lists are searched.
//
// Assumption: the code for an unknown AclUuid is not documented; 400 InvalidParameter.AclUuid.
func (s *Service) deletePolicy(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.owned(c)
	if err != nil {
		return nil, err
	}
	uuid := c.Get("AclUuid")
	if uuid == "" {
		return nil, missing("AclUuid")
	}
	for _, direction := range []string{"in", "out"} {
		list := f.list(direction)
		i := slices.IndexFunc(*list, func(p *policy) bool { return p.uuid == uuid })
		if i >= 0 && matches(c.Get("Direction"), direction) {
			*list = slices.Delete(*list, i, i+1)
			return nil, nil
		}
	}
	return nil, invalid("AclUuid", "The policy %s does not exist.", uuid)
}
