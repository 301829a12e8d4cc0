package directory

import (
	"cmp"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"
)

// member is an account of a directory other than the management account.
type member struct {
	id, name, displayName string
	folder                string
	created               bool // created inside the directory; otherwise invited
	joined, modified      time.Time
	tags                  []tag
	deletion              string // DeletionStatus while the account is being closed
}

type tag struct{ Key, Value string }

func (m *member) kind() string {
	if m.created {
		return "ResourceAccount"
	}
	return "CloudAccount"
}

func (m *member) joinMethod() string {
	if m.created {
		return "created"
	}
	return "invited"
}

func (m *member) status() string {
	if m.created {
		return "CreateSuccess"
	}
	return "InviteSuccess"
}

func (m *member) matches(filter []tag) bool {
	for _, want := range filter {
		if !slices.ContainsFunc(m.tags, func(t tag) bool {
			return t.Key == want.Key && (want.Value == "" || t.Value == want.Value)
		}) {
			return false
		}
	}
	return true
}

// sorted are the members that keep, newest first as the cloud lists them.
func (t *tree) sorted(keep func(*member) bool) []*member {
	var out []*member
	for _, m := range t.members {
		if keep(m) {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b *member) int {
		return cmp.Or(b.joined.Compare(a.joined), cmp.Compare(a.id, b.id))
	})
	return out
}

var accountPrefix = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]$`)

func (t *tree) checkDisplayName(name, self string) error {
	n := utf8.RuneCountInString(name)
	switch {
	case n == 0:
		return missing("Account.DisplayName")
	case n < 2 || n > 50:
		return invalid("Account.DisplayName.Length", "A display name has 2 to 50 characters.")
	}
	for _, m := range t.members {
		if m.displayName == name && m.id != self {
			return conflict("InvalidParameter.Account.DisplayName.AlreadyUsed", "The display name %s is in use.", name)
		}
	}
	return nil
}

// createAccount makes a resource account. The caller must run the returned hook without the lock.
func (s *Service) createAccount(t *tree, displayName, prefix, parent string, tags []tag) (m *member, after func(), err error) {
	if err := t.checkDisplayName(displayName, ""); err != nil {
		return nil, nil, err
	}
	switch n := len(prefix); {
	case n == 0: // the cloud picks a prefix
	case n < 2 || n > 37:
		return nil, nil, invalid("Account.AccountNamePrefix.Length", "An account name prefix has 2 to 37 characters.")
	case !accountPrefix.MatchString(prefix):
		return nil, nil, invalid("Account.AccountNamePrefix", "The account name prefix %q is invalid.", prefix)
	}
	if parent == "" {
		parent = t.rootID
	}
	if !t.hasFolder(parent) {
		return nil, nil, invalid("ParentFolderId", "The folder %s does not exist.", parent)
	}
	if len(t.members) >= s.o.Limits.Members {
		return nil, nil, conflict("LimitExceeded.Account", "The number of members exceeds the limit.")
	}
	id, now := s.newAccountID(t.master), s.o.Clock()
	if prefix == "" {
		prefix = "m" + id
	}
	name := prefix + "@" + t.id + ".aliyunid.com"
	m = &member{id: id, name: name, displayName: displayName, folder: parent, created: true, joined: now, modified: now, tags: tags}
	t.members[id] = m
	s.join(t, id)
	owner, _ := s.o.Accounts(t.master)
	return m, func() {
		if s.o.CreateAccount != nil {
			s.o.CreateAccount(id, Account{Name: name, Enterprise: owner.Enterprise, Verified: owner.Verified})
		}
		s.afterJoin(id, t.master)
	}, nil
}

// join notes that the account is a member now.
func (s *Service) join(t *tree, id string) {
	s.memberOf[id] = t
	s.places.put(id, t, t.members[id].folder)
}

func (s *Service) afterJoin(memberID, managementID string) {
	if s.o.OnJoin != nil {
		s.o.OnJoin(memberID, managementID)
	}
}

func (s *Service) moveAccount(t *tree, id, destination string) error {
	m := t.members[id]
	if m == nil {
		return noAccount(id)
	}
	if !t.hasFolder(destination) {
		return noFolder(destination)
	}
	m.folder, m.modified = destination, s.o.Clock()
	s.places.put(id, t, destination)
	return nil
}

func (s *Service) renameAccount(t *tree, id, name string) (*member, error) {
	m := t.members[id]
	if m == nil {
		return nil, noAccount(id)
	}
	if err := t.checkDisplayName(name, id); err != nil {
		return nil, err
	}
	m.displayName, m.modified = name, s.o.Clock()
	return m, nil
}

func (s *Service) removeAccount(t *tree, id string) error {
	m := t.members[id]
	if m == nil {
		return noAccount(id)
	}
	if m.created {
		return conflict("AccountTypeOrStatusMismatch", "The account %s is a resource account and cannot be removed.", id)
	}
	if len(t.delegatedServices(id)) > 0 {
		return conflict("Deny.TrustedService", "The account %s is used by a trusted service.", id)
	}
	delete(t.members, id)
	delete(s.memberOf, id)
	s.places.remove(id)
	for owner, list := range t.monitored {
		t.monitored[owner] = slices.DeleteFunc(list, func(x string) bool { return x == id })
	}
	return nil
}
