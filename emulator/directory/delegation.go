package directory

import (
	"slices"
	"time"
)

// SecurityCenter is the service principal of Security Center as a trusted service.
//
// Assumption: sas.aliyuncs.com, the spelling of its service-linked role; the identifier is not documented.
func SecurityCenter() string { return "sas.aliyuncs.com" }

// ThreatAnalysis is the service principal of Security Center – Threat Analysis (Agentic SOC) as a trusted service.
//
// Assumption: cloudsiem.sas.aliyuncs.com, the spelling of its service-linked role; the identifier is not documented.
func ThreatAnalysis() string { return "cloudsiem.sas.aliyuncs.com" }

// confirmed are the trusted services whose identifiers are known; accounts sheet, section 2.5.
var confirmed = []string{
	"cloudfw.aliyuncs.com", "config.aliyuncs.com", "actiontrail.aliyuncs.com", "cloudsso.aliyuncs.com", "ros.aliyuncs.com", "audit.log.aliyuncs.com",
}

// TrustedServices are [SecurityCenter], [ThreatAnalysis] and the services whose identifiers are documented.
func TrustedServices() []string {
	return append([]string{SecurityCenter(), ThreatAnalysis()}, confirmed...)
}

// delegateLimit is how many delegated administrators a service may have.
//
// Assumption: 10 for every service; it is documented for Security Center.
func (s *Service) delegateLimit(principal string) int {
	if n, ok := s.o.DelegateLimit[principal]; ok {
		return n
	}
	return 10
}

// register makes a member the delegated administrator of a service. In the console, becoming administrator of Security
// Center also makes the account administrator of its threat analysis; through this API each is registered by itself.
func (s *Service) register(t *tree, accountID, principal string) error {
	if err := s.checkDelegation(accountID, principal); err != nil {
		return err
	}
	if accountID == t.master {
		return conflict("CannotRegisterMasterAsDelegatedAdministrator", "The management account cannot be a delegated administrator.")
	}
	if t.members[accountID] == nil {
		return notMember(accountID)
	}
	if _, on := t.trusted[principal]; !on && s.o.RequireTrustedAccess {
		return noTrustedAccess(principal)
	}
	of := t.delegates[principal]
	if _, ok := of[accountID]; ok {
		return conflict("AccountAlreadyRegistered", "The account %s is already a delegated administrator of %s.", accountID, principal)
	}
	if len(of) >= s.delegateLimit(principal) {
		return conflict("DelegatedAccountNumberExceeded", "The service %s has the maximum number of delegated administrators.", principal)
	}
	if of == nil {
		of = map[string]time.Time{}
		t.delegates[principal] = of
	}
	of[accountID] = s.o.Clock()
	return nil
}

// noTrustedAccess answers a registration before the service has trusted access (only with RequireTrustedAccess).
//
// Assumption: the cloud's code is unknown; 409 InvalidParameter.ServicePrincipal.
func noTrustedAccess(principal string) error {
	return conflict("InvalidParameter.ServicePrincipal", "Trusted access of %s is not enabled.", principal)
}

func (s *Service) deregister(t *tree, accountID, principal string) error {
	if err := s.checkDelegation(accountID, principal); err != nil {
		return err
	}
	if _, ok := t.delegates[principal][accountID]; !ok {
		return conflict("AccountNotRegistered", "The account %s is not a delegated administrator of %s.", accountID, principal)
	}
	delete(t.delegates[principal], accountID)
	if principal == SecurityCenter() {
		delete(t.monitored, accountID)
	}
	return nil
}

func (s *Service) checkDelegation(accountID, principal string) error {
	switch {
	case accountID == "":
		return missing("AccountId")
	case principal == "":
		return missing("ServicePrincipal")
	case !slices.Contains(s.o.TrustedServices, principal):
		return conflict("InvalidParameter.ServicePrincipal", "The service principal %s is invalid.", principal)
	}
	return nil
}

// delegatedServices are the principals an account administers, sorted.
func (t *tree) delegatedServices(accountID string) []string {
	var out []string
	for principal, of := range t.delegates {
		if _, ok := of[accountID]; ok {
			out = append(out, principal)
		}
	}
	slices.Sort(out)
	return out
}

func (t *tree) isDelegate(principal, accountID string) bool {
	_, ok := t.delegates[principal][accountID]
	return ok
}

// administers is true for the management account and for a delegated administrator of the service.
func (t *tree) administers(principal, accountID string) bool {
	return accountID == t.master || t.isDelegate(principal, accountID)
}

// owned is the directory of a management account.
func (s *Service) owned(accountID string) (*tree, error) {
	if t := s.directories[accountID]; t != nil {
		return t, nil
	}
	return nil, notManagement(accountID)
}

// readable is the directory whose structure an account may read: its own, or one where it is a delegated administrator.
func (s *Service) readable(accountID string) (*tree, error) {
	if t := s.memberOf[accountID]; t != nil && len(t.delegatedServices(accountID)) > 0 {
		return t, nil
	}
	return s.owned(accountID)
}
