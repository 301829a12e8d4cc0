package directory

import (
	"fmt"
	"slices"
	"strings"
)

// Trust gives a service trusted access to a directory, as the service itself does when its console is used.
func (s *Service) Trust(managementID, servicePrincipal string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.owned(managementID)
	if err != nil {
		return err
	}
	if !slices.Contains(s.o.TrustedServices, servicePrincipal) {
		return fmt.Errorf("directory: %s is no trusted service", servicePrincipal)
	}
	if _, on := t.trusted[servicePrincipal]; !on {
		t.trusted[servicePrincipal] = s.o.Clock()
	}
	return nil
}

// Distrust takes trusted access back, as its service does when it is switched off there. Delegations stay as they are.
func (s *Service) Distrust(managementID, servicePrincipal string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.owned(managementID)
	if err == nil {
		delete(t.trusted, servicePrincipal)
	}
	return err
}

// Administered returns the management account of the directory in which an account administers a service: as management
// account, or as delegated administrator. The service must have trusted access.
func (s *Service) Administered(accountID, servicePrincipal string) (managementID string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range []*tree{s.directories[accountID], s.memberOf[accountID]} {
		if t == nil {
			continue
		}
		if _, on := t.trusted[servicePrincipal]; on && t.administers(servicePrincipal, accountID) {
			return t.master, true
		}
	}
	return "", false
}

// MembersBelow lists the members in a folder and in all folders below it, sorted; ok is false without such a folder.
func (s *Service) MembersBelow(managementID, folderID string) (members []string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.directories[managementID]
	if t == nil || !t.hasFolder(folderID) {
		return nil, false
	}
	for id, m := range t.members {
		if slices.Contains(strings.Split(t.path(m.folder), "/"), folderID) {
			members = append(members, id)
		}
	}
	slices.Sort(members)
	return members, true
}

// RoleUsage tells what uses a service-linked role of this package in an account, as region → resources: the directory
// that the account is in, or the monitoring of the account. It is nil for a role that may go.
//
// Assumption: the region is cn-hangzhou, and a resource is the ARN of the account in its directory.
func (s *Service) RoleUsage(accountID, serviceName string) map[string][]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.directories[accountID]
	if t == nil {
		t = s.memberOf[accountID]
	}
	used := false
	switch {
	case t == nil:
	case serviceName == "resourcemanager.aliyuncs.com":
		used = true
	case serviceName == roleSasRD || serviceName == roleCloudSiem:
		for _, list := range t.monitored {
			used = used || slices.Contains(list, accountID)
		}
	}
	if !used {
		return nil
	}
	at, _ := s.places.get(accountID)
	return map[string][]string{"cn-hangzhou": {"acs:resourcemanager:*:" + at.management + ":account/" + at.path}}
}
