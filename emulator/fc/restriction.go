package fc

import "net/http"

// Restriction tells that a function must not be invoked.
type Restriction struct {
	Disable          bool   `json:"disable"`
	Reason           string `json:"reason"`
	LastModifiedTime string `json:"lastModifiedTime"`
}

// disableInvocation stops a function from being invoked: no new instances, idle ones are destroyed, and on request the
// running ones too.
func (s *Service) disableInvocation(q *apiCall) (any, *Error) {
	var in struct {
		AbortOngoingRequest bool   `json:"abortOngoingRequest"`
		Reason              string `json:"reason"`
	}
	if len(q.body) > 0 {
		if err := strictJSON(q.body, &in); err != nil {
			return nil, invalid("%v", err)
		}
	}
	s.mu.Lock()
	f := s.lookup(q.caller.AccountID, q.name)
	if f == nil {
		s.mu.Unlock()
		return nil, notFound("Function", q.name)
	}
	f.blocked = &Restriction{Disable: true, Reason: in.Reason, LastModifiedTime: stamp(s.o.Clock())}
	var abort []*instance
	for _, in := range f.allInstances() {
		if in.busy == 0 && !in.dead {
			in.dead = true
			s.backgroundLocked(func() { s.shutdown(s.hard, in) })
		} else {
			abort = append(abort, in)
		}
	}
	s.mu.Unlock()
	if in.AbortOngoingRequest {
		for _, in := range abort {
			s.discard(in)
		}
	}
	return map[string]bool{"success": true}, nil
}

func (s *Service) enableInvocation(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.lookup(q.caller.AccountID, q.name)
	if f == nil {
		return nil, notFound("Function", q.name)
	}
	f.blocked = nil
	return map[string]bool{"success": true}, nil
}

// disabled is the refusal of a call of a function that must not be invoked.
//
// Assumption: the status and the code; only the operation is documented.
func disabled(f *function) *Error {
	return errorf(http.StatusForbidden, "FunctionInvocationDisabled", "the invocation of function '%s' is disabled: %s", f.name, f.blocked.Reason)
}
