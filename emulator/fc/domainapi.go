package fc

import (
	"net/http"
	"slices"
	"strings"
)

// createCustomDomain binds a domain.
//
// Assumption: a name that any account has bound is 409 DomainNameAlreadyExists; the functions of the routes must exist.
func (s *Service) createCustomDomain(q *apiCall) (any, *Error) {
	d := &Domain{AccountID: q.caller.AccountID, APIVersion: strings.Trim(prefix, "/")}
	if err := d.merge(q.fields); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.domains[d.DomainName] != nil {
		return nil, exists("DomainName", d.DomainName)
	}
	if err := s.checkDomainTargets(d); err != nil {
		return nil, err
	}
	d.CreatedTime = stamp(s.o.Clock())
	d.LastModifiedTime = d.CreatedTime
	s.domains[d.DomainName] = d
	return d.view(), nil
}

// checkDomainTargets needs s.mu.
func (s *Service) checkDomainTargets(d *Domain) *Error {
	for _, r := range d.RouteConfig.Routes {
		f := s.lookup(d.AccountID, r.FunctionName)
		if f == nil {
			return notFound("Function", r.FunctionName)
		}
		if _, err := s.resolve(f, r.Qualifier); err != nil {
			return err
		}
	}
	return nil
}

// lookupDomain needs s.mu. The domains of other accounts do not exist for the caller.
func (s *Service) lookupDomain(q *apiCall) (*Domain, *Error) {
	if d := s.domains[strings.ToLower(q.sub)]; d != nil && d.AccountID == q.caller.AccountID {
		return d, nil
	}
	return nil, notFound("DomainName", q.sub)
}

func (s *Service) getCustomDomain(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.lookupDomain(q)
	if err != nil {
		return nil, err
	}
	return d.view(), nil
}

func (s *Service) updateCustomDomain(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.lookupDomain(q)
	if err != nil {
		return nil, err
	}
	next := *d
	next.RouteConfig.Routes = slices.Clone(d.RouteConfig.Routes) // checking fills in qualifiers
	if err := next.merge(q.fields); err != nil {
		return nil, err
	}
	if next.DomainName != d.DomainName {
		return nil, invalid("domainName cannot be changed")
	}
	if err := s.checkDomainTargets(&next); err != nil {
		return nil, err
	}
	next.LastModifiedTime = stamp(s.o.Clock())
	s.domains[next.DomainName] = &next
	return next.view(), nil
}

func (s *Service) deleteCustomDomain(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.lookupDomain(q)
	if err != nil {
		return nil, err
	}
	delete(s.domains, d.DomainName)
	return nil, nil
}

func (s *Service) listCustomDomains(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Domain{}
	for _, d := range s.domains {
		if d.AccountID == q.caller.AccountID && strings.HasPrefix(d.DomainName, q.query.Get("prefix")) {
			list = append(list, d.view())
		}
	}
	slices.SortFunc(list, func(a, b Domain) int { return strings.Compare(a.DomainName, b.DomainName) })
	page, next, err := paginate(q, list, func(d Domain) string { return d.DomainName })
	return map[string]any{"customDomains": page, "nextToken": next}, err
}

// ServeDomain serves a request whose host is a custom domain.
//
// Assumption: the function of the route must have an HTTP trigger for the qualifier, as the guide of FC 2.0 says; a path
// without a route is 404 RouteNotFound; TLS ends before the emulator, so every domain is served over HTTP.
func (s *Service) ServeDomain(w http.ResponseWriter, r *http.Request) {
	id := newRequestID()
	s.mu.Lock()
	f, t, rule, err := s.domainTarget(r)
	s.mu.Unlock()
	if err != nil {
		triggerError(w, id, err)
		return
	}
	s.serveTrigger(w, r, f, t, rule, id)
}

// domainTarget needs s.mu.
func (s *Service) domainTarget(r *http.Request) (*function, *trigger, webRule, *Error) {
	d := s.domainAt(r.Host)
	if d == nil {
		return nil, nil, webRule{}, notFound("DomainName", r.Host)
	}
	route := d.match(r.URL.Path)
	if route == nil {
		return nil, nil, webRule{}, errorf(http.StatusNotFound, "RouteNotFound", "domain '%s' has no route for path '%s'", d.DomainName, r.URL.Path)
	}
	f := s.lookup(d.AccountID, route.FunctionName)
	if f == nil {
		return nil, nil, webRule{}, notFound("Function", route.FunctionName)
	}
	t := f.httpTrigger(route.Qualifier)
	if t == nil {
		return nil, nil, webRule{}, errorf(http.StatusNotFound, "TriggerNotFound", "function '%s' has no HTTP trigger for %s", f.name, route.Qualifier)
	}
	return f, t, domainRule(d, route, t), nil
}

// domainRule is who may call a route and how.
//
// Assumption: the authentication of the domain and the methods of the route take the place of those of the HTTP trigger
// where they are given.
func domainRule(d *Domain, route *DomainRoute, t *trigger) webRule {
	rule := webRule{t.http.AuthType, t.http.Methods}
	if d.AuthConfig != nil && d.AuthConfig.AuthType != "" {
		rule.auth = d.AuthConfig.AuthType
	}
	if len(route.Methods) > 0 {
		rule.methods = route.Methods
	}
	return rule
}
