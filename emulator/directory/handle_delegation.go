package directory

import (
	"cmp"
	"slices"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

func (s *Service) handleRegister(c *gateway.Call) (any, error) { return s.delegate(c, s.register) }

func (s *Service) handleDeregister(c *gateway.Call) (any, error) { return s.delegate(c, s.deregister) }

func (s *Service) delegate(c *gateway.Call, do func(t *tree, accountID, principal string) error) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.owned(c.Caller.AccountID)
	if err != nil {
		return nil, err
	}
	return nil, do(t, c.Get("AccountId"), c.Get("ServicePrincipal"))
}

func (s *Service) handleListDelegates(c *gateway.Call) (any, error) {
	p, err := readPage(c)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.owned(c.Caller.AccountID)
	if err != nil {
		return nil, err
	}
	type row struct {
		principal, account string
		since              time.Time
	}
	var rows []row
	for principal, of := range t.delegates {
		if want := c.Get("ServicePrincipal"); want != "" && want != principal {
			continue
		}
		for account, since := range of {
			rows = append(rows, row{principal, account, since})
		}
	}
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(b.since.Compare(a.since), cmp.Compare(a.principal, b.principal), cmp.Compare(a.account, b.account))
	})
	return paged(p, "Accounts", "Account", rows, func(r row) object {
		m := t.members[r.account]
		return object{
			"AccountId": m.id, "DisplayName": m.displayName, "JoinMethod": m.joinMethod(),
			"ServicePrincipal": r.principal, "DelegationEnabledTime": epoch(r.since),
		}
	}), nil
}

func (s *Service) handleListDelegatedServices(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.owned(c.Caller.AccountID)
	if err != nil {
		return nil, err
	}
	id := c.Get("AccountId")
	if id == "" {
		return nil, missing("AccountId")
	}
	if t.members[id] == nil {
		return nil, noAccount(id)
	}
	list := []object{}
	for _, principal := range t.delegatedServices(id) {
		list = append(list, object{
			"ServicePrincipal": principal, "Status": "ENABLED",
			"DelegationEnabledTime": epoch(t.delegates[principal][id]),
		})
	}
	return object{"DelegatedServices": object{"DelegatedService": list}}, nil
}

func (s *Service) handleListTrusted(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.readable(c.Caller.AccountID)
	if err != nil {
		return nil, err
	}
	if admin := c.Get("AdminAccountId"); admin != "" && admin != t.master && len(t.delegatedServices(admin)) == 0 {
		return nil, noAccount(admin)
	}
	list := []object{}
	for _, principal := range sortedKeys(t.trusted) {
		if admin := c.Get("AdminAccountId"); admin == "" || t.administers(principal, admin) {
			list = append(list, object{"ServicePrincipal": principal, "EnableTime": iso(t.trusted[principal])})
		}
	}
	return object{"EnabledServicePrincipals": object{"EnabledServicePrincipal": list}}, nil
}

func sortedKeys(m map[string]time.Time) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
