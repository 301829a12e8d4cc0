package fc

import (
	"context"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// roleValidity is how long the credentials of a function's role live: 36 h, fixed (accounts.md §4.5).
const roleValidity = 36 * time.Hour

type assumedRole struct {
	caller  auth.Caller
	keys    auth.Keys
	renewAt time.Time
}

// assume takes a role for a service principal. Roles are asked for again after Limits.RoleRefresh, so that a role that
// was deleted or no longer trusts the service is noticed soon and the keys of an invocation are always fresh.
func (s *Service) assume(ctx context.Context, accountID, roleARN, principal, session string) (assumedRole, *Error) {
	now, key := s.o.Clock(), principal+" "+session+" "+roleARN
	s.mu.Lock()
	r, ok := s.accountOf(accountID).roles[key]
	s.mu.Unlock()
	if ok && now.Before(r.renewAt) {
		return r, nil
	}
	caller, keys, err := s.o.Roles.AssumeServiceRole(ctx, roleARN, principal, session, roleValidity)
	if err == nil && caller.AccountID != accountID {
		err = errorf(403, "AccessDenied", "the role belongs to another account")
	}
	if err != nil {
		s.mu.Lock()
		delete(s.accountOf(accountID).roles, key)
		s.mu.Unlock()
		return assumedRole{}, errorf(403, "AccessDenied", "the service %s cannot assume role '%s': %v", principal, roleARN, err)
	}
	r = assumedRole{caller: caller, keys: keys, renewAt: now.Add(s.o.Limits.RoleRefresh)}
	s.mu.Lock()
	s.accountOf(accountID).roles[key] = r
	s.mu.Unlock()
	return r, nil
}

// require asks for one permission.
func (s *Service) require(ctx context.Context, c auth.Caller, action, resource string) *Error {
	req := auth.Request{Caller: c, Action: action, Resource: resource}
	if !s.o.Auth.Authorize(ctx, req).Allowed {
		return denied(req)
	}
	return nil
}
