package iam

import (
	"strings"
	"unicode/utf8"
)

// trustDocument checks a trust policy: length, grammar, and that the principals are there.
func (s *Service) trustDocument(text, parameter string) (*document, error) {
	if utf8.RuneCountInString(text) > s.limits.TrustLength {
		return nil, invalid(parameter+".Length", "The length of %s must be at most %d characters.", parameter, s.limits.TrustLength)
	}
	d, err := parsePolicy(text, trustPolicy)
	if err != nil {
		return nil, malformedDocument(parameter, err)
	}
	for _, st := range d.statements {
		for _, p := range st.principals.ram {
			if !s.principalExists(p) {
				return nil, unknownPrincipal(parameter, p)
			}
		}
	}
	return d, nil
}

// principalExists looks up a normalised principal ARN.
func (s *Service) principalExists(arn string) bool {
	accountID, entity, _ := strings.Cut(strings.TrimPrefix(arn, "acs:ram::"), ":")
	a := s.accounts[accountID]
	kind, name, _ := strings.Cut(entity, "/")
	switch {
	case a == nil:
		return false
	case kind == "role":
		return a.role(name) != nil
	case kind == "user":
		return a.users[name] != nil
	}
	return true // root
}
