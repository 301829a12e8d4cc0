package directory

import (
	"strings"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

func (s *Service) handleCreateAccount(c *gateway.Call) (any, error) {
	if c.Get("ResellAccountType") != "" {
		return nil, notSupported("ResellAccountType", "no reseller accounts")
	}
	view, after, err := func() (object, func(), error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		t, err := s.owned(c.Caller.AccountID)
		if err != nil {
			return nil, nil, err
		}
		m, after, err := s.createAccount(t, newAccount{
			displayName: c.Get("DisplayName"), prefix: c.Get("AccountNamePrefix"), parent: c.Get("ParentFolderId"), payer: c.Get("PayerAccountId"),
			tags: readTags(c), dry: dryRun(c),
		})
		if err != nil || m == nil {
			return nil, nil, err
		}
		v := memberView(t, m)
		v["AccountName"] = m.name
		delete(v, "ResourceDirectoryPath")
		return v, after, nil
	}()
	if err != nil || after == nil {
		return nil, err
	}
	after()
	return object{"Account": view}, nil
}

func (s *Service) handleGetAccount(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.readable(c.Caller.AccountID)
	if err != nil {
		return nil, err
	}
	id := c.Get("AccountId")
	if id == "" {
		return nil, missing("AccountId")
	}
	m := t.members[id]
	if m == nil {
		return nil, noAccount(id)
	}
	v := memberView(t, m)
	v["AccountName"] = m.name
	if stage := t.deletions[id].stage(s.o.Clock(), s.o.DeletionDelay); stage != "" {
		v["DeletionStatus"] = stage
	}
	v["IdentityInformation"] = s.identityInformation(id)
	if status := m.emailStatus(); status != "" {
		v["EmailStatus"] = status
	}
	if m.deletion != "" {
		v["DeletionStatus"] = m.deletion
	}
	if c.Get("IncludeTags") == "true" {
		v["Tags"] = tagViews(m.tags)
	}
	return object{"Account": v}, nil
}

func (s *Service) handleListAccounts(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.readable(c.Caller.AccountID)
	if err != nil {
		return nil, err
	}
	filter, keyword := readTags(c), ""
	if c.Version == "2022-04-19" {
		keyword = c.Get("QueryKeyword")
	}
	list := t.sorted(func(m *member) bool { return m.matches(filter) && hasKeyword(m, keyword) })
	view := listView(t, c)
	if c.Version == "2022-04-19" && (c.Get("MaxResults") != "" || c.Get("NextToken") != "") {
		return tokenPage(c, list, view)
	}
	p, err := readPage(c)
	if err != nil {
		return nil, err
	}
	return paged(p, "Accounts", "Account", list, view), nil
}

func hasKeyword(m *member, keyword string) bool {
	return strings.Contains(m.displayName, keyword) || strings.Contains(m.id, keyword)
}

func listView(t *tree, c *gateway.Call) func(*member) object {
	return func(m *member) object {
		v := memberView(t, m)
		if c.Get("IncludeTags") == "true" {
			v["Tags"] = object{"Tag": tagViews(m.tags)}
		}
		return v
	}
}

func tokenPage(c *gateway.Call, list []*member, view func(*member) object) (any, error) {
	offset, limit, err := readToken(c)
	if err != nil {
		return nil, err
	}
	offset = min(offset, len(list))
	end := min(offset+limit, len(list))
	out := make([]object, 0, limit)
	for _, m := range list[offset:end] {
		out = append(out, view(m))
	}
	answer := object{"Accounts": object{"Account": out}, "TotalCount": len(list), "MaxResults": limit}
	if end < len(list) {
		answer["NextToken"] = nextToken(end)
	}
	return answer, nil
}

func (s *Service) handleListAccountsForParent(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, id, err := s.folderOf(c, "ParentFolderId")
	if err != nil {
		return nil, err
	}
	p, err := readPage(c)
	if err != nil {
		return nil, err
	}
	filter, keyword := readTags(c), c.Get("QueryKeyword")
	list := t.sorted(func(m *member) bool { return m.folder == id && m.matches(filter) && hasKeyword(m, keyword) })
	return paged(p, "Accounts", "Account", list, listView(t, c)), nil
}

func (s *Service) handleMoveAccount(c *gateway.Call) (any, error) {
	_, err := s.inOwned(func(t *tree, c *gateway.Call) (any, error) {
		for _, p := range []string{"AccountId", "DestinationFolderId"} {
			if c.Get(p) == "" {
				return nil, missing(p)
			}
		}
		return nil, s.moveAccount(t, c.Get("AccountId"), c.Get("DestinationFolderId"))
	})(c)
	if err == nil && s.o.OnMove != nil {
		s.o.OnMove(c.Get("AccountId"), c.Caller.AccountID)
	}
	return nil, err
}

// handleUpdateAccount changes the display name, the type, or both; nothing when one of them cannot be.
func (s *Service) handleUpdateAccount(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.owned(c.Caller.AccountID)
	if err != nil {
		return nil, err
	}
	switch {
	case fromRoot(c):
		return nil, conflict("CallerIdentityError", "Only a RAM user or RAM role of the management account may update a member.")
	case c.Get("AccountId") == "":
		return nil, missing("AccountId")
	case c.Get("NewDisplayName") == "" && c.Get("NewAccountType") == "":
		return nil, conflict("MissingDisplayNameOrAccountType", "Either NewDisplayName or NewAccountType is needed.")
	}
	m := t.members[c.Get("AccountId")]
	if m == nil {
		return nil, noAccount(c.Get("AccountId"))
	}
	name, kind := c.Get("NewDisplayName"), c.Get("NewAccountType")
	if name != "" {
		err = t.checkDisplayName(name, m.id)
	}
	if kind != "" && err == nil {
		err = s.checkType(t, m, kind)
	}
	if err != nil {
		return nil, err
	}
	if name != "" {
		m.displayName = name
	}
	if kind != "" {
		m.changeType(kind)
	}
	m.modified = s.o.Clock()
	return object{"Account": memberView(t, m)}, nil
}

func (s *Service) handleRemoveAccount(c *gateway.Call) (any, error) {
	id := c.Get("AccountId")
	if id == "" {
		return nil, missing("AccountId")
	}
	master, err := func() (string, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		t, err := s.owned(c.Caller.AccountID)
		if err != nil {
			return "", err
		}
		return t.master, s.removeAccount(t, id)
	}()
	if err != nil {
		return nil, err
	}
	if s.o.OnLeave != nil {
		s.o.OnLeave(id, master)
	}
	return nil, nil
}
