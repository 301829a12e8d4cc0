package correlation

import (
	"net/netip"
	"slices"
	"sort"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// AllowList names what is too common to link alerts: the organisation's own egress addresses, scanners, content
// delivery, a deployment key. The zero value and nil allow nothing. It is read only and safe for concurrent use.
type AllowList struct {
	Networks []netip.Prefix  // addresses that never link
	Entities map[string]bool // [soc.Entity.Key] of entities that never link
}

func (l *AllowList) has(e soc.Entity) bool {
	if l == nil {
		return false
	}
	if l.Entities[e.Key()] {
		return true
	}
	if e.Type != soc.EntityIP || len(l.Networks) == 0 {
		return false
	}
	ip, err := netip.ParseAddr(e.Value)
	return err == nil && slices.ContainsFunc(l.Networks, func(p netip.Prefix) bool { return p.Contains(ip.Unmap()) })
}

// linkKey returns the key under which e links alert a to others, or "" when it does not link:
//   - what the allow list names, and addresses that mean no machine (loopback, unspecified, multicast, link-local);
//   - text in an address field that is no address (ActionTrail writes a service name when a service made the call);
//   - a victim (host, domain, bucket, or anything marked so) of an alert below high: everybody on the internet knocks on
//     the same web site, so being aimed at links nobody; being reached does.
//
// Private addresses, users, roles and hosts are unique only within an account and link only there.
func linkKey(a soc.Alert, e soc.Entity, allow *AllowList) string {
	if e.Value == "" || allow.has(e) {
		return ""
	}
	if victim(e) && a.Level < soc.High {
		return ""
	}
	owner := e.Account
	if owner == "" {
		owner = a.Account
	}
	switch e.Type {
	case soc.EntityUser, soc.EntityRole, soc.EntityHost:
		return string(e.Type) + ":" + owner + ":" + e.Value
	case soc.EntityIP:
		return ipKey(e.Value, a.Account)
	default:
		return e.Key()
	}
}

func victim(e soc.Entity) bool {
	switch e.Type {
	case soc.EntityHost, soc.EntityDomain, soc.EntityBucket:
		return e.Part != "attacker"
	default:
		return e.Part == "victim"
	}
}

func ipKey(value, account string) string {
	ip, err := netip.ParseAddr(value)
	if err != nil || ip.Zone() != "" {
		return ""
	}
	ip = ip.Unmap()
	switch {
	case ip.IsLoopback(), ip.IsUnspecified(), ip.IsMulticast(), ip.IsLinkLocalUnicast():
		return ""
	case ip.IsPrivate():
		return "ip:" + account + ":" + ip.String()
	default:
		return "ip:" + ip.String()
	}
}

// node is an alert in the graph and, if it has one, the index of its incident.
type node struct {
	alert    soc.Alert
	incident int // index into Input.Open, or -1
}

// components returns the nodes that hang together, each component and their list in a fixed order (by event time, then
// id). Alerts of one incident always hang together.
func components(nodes []node, allow *AllowList) [][]node {
	sort.Slice(nodes, func(i, j int) bool { return before(nodes[i].alert, nodes[j].alert) })
	sets := newSets(len(nodes))
	last := make(map[string]int) // link key → newest node so far that has it
	home := make(map[int]int)    // incident → its first node
	for i, n := range nodes {
		if n.incident >= 0 {
			if first, ok := home[n.incident]; ok {
				sets.join(first, i)
			} else {
				home[n.incident] = i
			}
		}
		for _, e := range n.alert.Entities {
			key := linkKey(n.alert, e, allow)
			if key == "" {
				continue
			}
			if j, ok := last[key]; ok && n.alert.EventTime.Sub(nodes[j].alert.EventTime) <= Window {
				sets.join(j, i)
			}
			last[key] = i
		}
	}
	return sets.groups(nodes)
}

func before(a, b soc.Alert) bool {
	if !a.EventTime.Equal(b.EventTime) {
		return a.EventTime.Before(b.EventTime)
	}
	return strings.Compare(a.ID, b.ID) < 0
}

// sets is a disjoint-set forest with path halving; the smaller index is the root, so that roots keep the order.
type sets []int

func newSets(n int) sets {
	s := make(sets, n)
	for i := range s {
		s[i] = i
	}
	return s
}

func (s sets) root(i int) int {
	for s[i] != i {
		s[i] = s[s[i]]
		i = s[i]
	}
	return i
}

func (s sets) join(a, b int) {
	a, b = s.root(a), s.root(b)
	s[max(a, b)] = min(a, b)
}

func (s sets) groups(nodes []node) [][]node {
	at := make(map[int]int)
	var out [][]node
	for i, n := range nodes {
		r := s.root(i)
		k, ok := at[r]
		if !ok {
			k = len(out)
			at[r] = k
			out = append(out, nil)
		}
		out[k] = append(out[k], n)
	}
	return out
}
