package directory

import (
	"context"
	"strconv"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

func (s *Service) threatAnalysisOperations() map[string]gateway.Operation {
	return securityOperations(map[string]func(context.Context, *gateway.Call) (any, error){
		"ListRdUsers":               s.listRDUsers,
		"DescribeServiceStatus":     s.describeServiceStatus,
		"EnableServiceForCloudSiem": s.enableThreatAnalysis,
		"EnableAccessForCloudSiem":  s.enableAccess,
		"DescribeAuth":              s.describeAuth,
	})
}

// data is the older answer of cloud-siem: {RequestId, Data}.
func data(v any) object { return object{"Data": v} }

// listRDUsers lists the members. Account ids are numbers here, unlike everywhere else.
//
// Assumption: Joined tells whether the member has the service-linked role of threat analysis, JoinedTime is when the
// member joined the directory, and DelegatedOrNot whether it administers threat analysis.
func (s *Service) listRDUsers(_ context.Context, c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.administered(c, ThreatAnalysis())
	if err != nil {
		return nil, err
	}
	list := []object{}
	for _, m := range t.sorted(func(*member) bool { return true }) {
		list = append(list, object{
			"SubUserId": number(m.id), "SubUserName": m.displayName, "MainUserId": number(c.Caller.AccountID),
			"Joined": s.o.Roles.HasServiceLinkedRole(m.id, roleCloudSiem), "JoinedTime": iso(m.joined),
			"DelegatedOrNot": t.isDelegate(ThreatAnalysis(), m.id),
		})
	}
	return data(list), nil
}

// number is an account id as cloud-siem writes it. Account ids have 16 digits.
func number(accountID string) int64 {
	n, err := strconv.ParseInt(accountID, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// describeServiceStatus tells whether threat analysis has trusted access to the caller's directory.
func (s *Service) describeServiceStatus(_ context.Context, c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.directories[c.Caller.AccountID]
	if t == nil {
		t = s.memberOf[c.Caller.AccountID]
	}
	if t == nil {
		return data(false), nil
	}
	_, on := t.trusted[ThreatAnalysis()]
	return data(on), nil
}

func (s *Service) enableThreatAnalysis(_ context.Context, c *gateway.Call) (any, error) {
	if err := s.switchOn(c, ThreatAnalysis()); err != nil {
		return nil, err
	}
	return data(true), nil
}

// actingFor is the account a cloud-siem call is about: the member in RoleFor, which only an administrator may name, or
// the caller's own.
func (s *Service) actingFor(c *gateway.Call) (string, error) {
	own, other := c.Caller.AccountID, c.Get("RoleFor")
	if other == "" || other == own {
		return own, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.administered(c, ThreatAnalysis())
	if err != nil {
		return "", err
	}
	if t.members[other] == nil {
		return "", noPermission("The account %s is not a member of the resource directory.", other)
	}
	return other, nil
}

func (s *Service) enableAccess(_ context.Context, c *gateway.Call) (any, error) {
	id, err := s.actingFor(c)
	if err != nil {
		return nil, err
	}
	if err := s.o.Roles.EnsureServiceLinkedRole(id, roleCloudSiem); err != nil {
		return nil, err
	}
	return data(true), nil
}

func (s *Service) describeAuth(_ context.Context, c *gateway.Call) (any, error) {
	id, err := s.actingFor(c)
	if err != nil {
		return nil, err
	}
	return data(s.o.Roles.HasServiceLinkedRole(id, roleCloudSiem)), nil
}
