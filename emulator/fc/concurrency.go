package fc

import (
	"net/http"
	"slices"
	"strings"
)

// Concurrency is the reserved concurrency of a function as the API shows it.
type Concurrency struct {
	FunctionARN         string `json:"functionArn"`
	ReservedConcurrency int    `json:"reservedConcurrency"`
}

// putConcurrency reserves a part of the account's concurrency for one function, which then has no more than that.
//
// Assumption: it counts instances, all versions together; and the reservations of an account cannot exceed its limit.
func (s *Service) putConcurrency(q *apiCall) (any, *Error) {
	var in struct {
		ReservedConcurrency *int `json:"reservedConcurrency"`
	}
	if err := strictJSON(q.body, &in); err != nil {
		return nil, invalid("concurrency configuration: %v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.lookup(q.caller.AccountID, q.name)
	switch n, all := in.ReservedConcurrency, s.o.Limits.InstancesPerAccount; {
	case f == nil:
		return nil, notFound("Function", q.name)
	case n == nil || *n < 0:
		return nil, invalid("reservedConcurrency must be a number of at least 0")
	case s.accountOf(f.account).reservedBut(f)+*n > all:
		return nil, errorf(http.StatusBadRequest, "LimitExceeded", "the account has %d instances, no more can be reserved", all)
	}
	f.reserved = in.ReservedConcurrency
	return s.concurrencyOf(f), nil
}

// reservedBut needs Service.mu. It is what other functions than f have reserved.
func (a *account) reservedBut(f *function) int {
	sum := 0
	for _, other := range a.functions {
		if other != f && other.reserved != nil {
			sum += *other.reserved
		}
	}
	return sum
}

// room needs s.mu. It refuses another instance beyond the limits.
func (s *Service) room(f *function, rev *revision) *Error {
	a, l := s.accountOf(f.account), s.o.Limits
	if f.reserved != nil {
		if n := len(f.allInstances()); n >= *f.reserved {
			return errorf(http.StatusTooManyRequests, "ResourceExhausted",
				"function '%s' has %d instances of %d that are reserved for it", f.name, n, *f.reserved)
		}
	} else if shared := l.InstancesPerAccount - a.reservedBut(f); a.unreserved() >= shared {
		return errorf(http.StatusTooManyRequests, "ResourceExhausted",
			"the account has %d instances outside of reservations: no more are allowed", shared)
	}
	if n := len(rev.instances); n >= l.InstancesPerFunction {
		return errorf(http.StatusTooManyRequests, "ResourceExhausted", "function '%s' has %d instances: no more are allowed", f.name, n)
	}
	return nil
}

// unreserved needs Service.mu. It counts the instances of functions without a reservation.
func (a *account) unreserved() int {
	n := a.instances
	for _, f := range a.functions {
		if f.reserved != nil {
			n -= len(f.allInstances())
		}
	}
	return n
}

func (s *Service) concurrencyOf(f *function) Concurrency {
	return Concurrency{FunctionARN: s.functionARN(f.account, f.name), ReservedConcurrency: *f.reserved}
}

// noConcurrency is the answer for an absent configuration.
//
// Assumption: the code, named like that of an absent asynchronous configuration.
func noConcurrency(name string) *Error {
	return errorf(http.StatusNotFound, "ConcurrencyConfigNotFound", "function '%s' has no concurrency configuration", name)
}

func (s *Service) getConcurrency(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.lookup(q.caller.AccountID, q.name)
	switch {
	case f == nil:
		return nil, notFound("Function", q.name)
	case f.reserved == nil:
		return nil, noConcurrency(q.name)
	}
	return s.concurrencyOf(f), nil
}

func (s *Service) deleteConcurrency(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.lookup(q.caller.AccountID, q.name)
	switch {
	case f == nil:
		return nil, notFound("Function", q.name)
	case f.reserved == nil:
		return nil, noConcurrency(q.name)
	}
	f.reserved = nil
	return nil, nil
}

func (s *Service) listConcurrency(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Concurrency{}
	for _, f := range s.accountOf(q.caller.AccountID).functions {
		if only := q.query.Get("functionName"); f.reserved != nil && (only == "" || f.name == only) {
			list = append(list, s.concurrencyOf(f))
		}
	}
	slices.SortFunc(list, func(a, b Concurrency) int { return strings.Compare(a.FunctionARN, b.FunctionARN) })
	page, next, err := paginate(q, list, func(c Concurrency) string { return c.FunctionARN })
	return map[string]any{"configs": page, "nextToken": next}, err
}
