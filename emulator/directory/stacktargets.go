package directory

import (
	"slices"
	"strings"
)

// ResourceOrchestration is the trusted service of stack groups (accounts.md §4.3).
const ResourceOrchestration = "ros.aliyuncs.com"

// StackTargets returns the members that are named or lie below the folders, sorted, for the management account or a
// delegated administrator of Resource Orchestration Service. The management account itself is never among them.
func (s *Service) StackTargets(callerAccount string, folders, accounts []string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.directories[callerAccount]
	if t == nil {
		t = s.memberOf[callerAccount]
	}
	if t == nil || !t.administers(ResourceOrchestration, callerAccount) {
		return nil, noPermission("The account %s neither manages the resource directory nor administers %s.", callerAccount, ResourceOrchestration)
	}
	for _, f := range folders {
		if !t.hasFolder(f) && f != t.rootID {
			return nil, noFolder(f)
		}
	}
	var out []string
	for _, uid := range accounts {
		if t.members[uid] == nil {
			return nil, noAccount(uid)
		}
	}
	for id, m := range t.members {
		below := strings.Split(t.path(m.folder), "/")
		if slices.Contains(accounts, id) || slices.ContainsFunc(folders, func(f string) bool { return slices.Contains(below, f) }) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out, nil
}
