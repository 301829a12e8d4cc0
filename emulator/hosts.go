package emulator

import (
	"net"
	"strings"
)

// customDomain is the suffix of the custom domains of this cloud. A function with an HTTP trigger is served at
// <function>.<account>.fc.test as at a custom domain: unlike the default domain under fcapp.run, which makes browsers
// download pages, it passes answers through. Domains of one's own are bound with CreateCustomDomain.
//
// Assumption: every function with an HTTP trigger has such a domain, without route, certificate or registration.
const customDomain = ".fc.test"

// TriggerHost returns the host name under which a function's HTTP trigger is served as at a custom domain, "" when it has
// none. Requests with that Host sent to the endpoint reach the function.
func (s *Server) TriggerHost(account, function string) string {
	for _, t := range s.fc.Triggers(account, function) {
		if t.TriggerType == "http" {
			return function + "." + account + customDomain
		}
	}
	return ""
}

// resolve finds the function behind a default or custom domain.
func (s *Server) resolve(host string) (account, function string, ok bool) {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	if label, found := strings.CutSuffix(name, customDomain); found {
		function, account, found = strings.Cut(label, ".")
		return account, function, found
	}
	return s.fc.Resolve(host)
}
