package directory

import "sync"

// places remembers where every account of every directory stands. It has a lock of its own that is never held while
// anything else is called, so the identity service may ask while it answers this package.
type places struct {
	mu sync.RWMutex
	at map[string]place
}

type place struct {
	management, directory, path string
	control                     [][]string // control policies, see tree.levels
}

func (p *places) put(accountID string, t *tree, folder string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at[accountID] = place{t.master, t.id, t.path(folder) + "/" + accountID, t.levels(accountID)}
}

func (p *places) remove(accountID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.at, accountID)
}

func (p *places) get(accountID string) (place, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	at, ok := p.at[accountID]
	return at, ok
}

// MemberOf returns the management account of the directory a member belongs to. The management account is no member.
func (s *Service) MemberOf(accountID string) (managementID string, ok bool) {
	at, ok := s.places.get(accountID)
	if !ok || at.management == accountID {
		return "", false
	}
	return at.management, true
}

// PathOf returns rd-…/r-…/fd-…/<account> of a member or a management account, "" for an account without directory.
func (s *Service) PathOf(accountID string) string {
	at, _ := s.places.get(accountID)
	return at.path
}

// ControlPolicies returns the documents that bind an identity of caller when it works in account, as levels from the
// account up to the root folder: every level must allow. It is nil outside directories, while the feature is off, and
// for the management account, which control policies do not bind. It may be called from a hook.
func (s *Service) ControlPolicies(caller, account string) [][]string {
	at, ok := s.places.get(account)
	if !ok || caller == at.management {
		return nil
	}
	return at.control
}

// PrincipalRD returns the values of the condition keys acs:PrincipalRDId and acs:PrincipalRDPath for identities of the
// account; both are "" outside a directory. It may be called from a hook.
//
// Assumption: the management account has the path <directory>/<root folder>/<account>.
func (s *Service) PrincipalRD(accountID string) (rdID, rdPath string) {
	at, _ := s.places.get(accountID)
	return at.directory, at.path
}
