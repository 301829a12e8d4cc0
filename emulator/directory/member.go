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
	asResource            bool   // invited, and turned into a resource account
	deletion              string // DeletionStatus that a world or test has set
}

type tag struct{ Key, Value string }

func (m *member) kind() string {
	if m.created || m.asResource {
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
// With dry it only checks: m and after are nil.
func (s *Service) createAccount(t *tree, displayName, prefix, parent string, tags []tag, dry bool) (m *member, after func(), err error) {
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
	if err := checkTags(tags); err != nil || dry {
		return nil, nil, err
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
	t.control.cover(id, s.o.Clock())
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
	if t.deletions[id].stage(s.o.Clock(), s.o.DeletionDelay) != "" {
		return conflict("AccountTypeOrStatusMismatch", "The account %s is being deleted.", id)
	}
	m.folder, m.modified = destination, s.o.Clock()
	s.places.put(id, t, destination)
	return nil
}

func (s *Service) renameAccount(t *tree, m *member, name string) error {
	if err := t.checkDisplayName(name, m.id); err != nil {
		return err
	}
	m.displayName, m.modified = name, s.o.Clock()
	return nil
}

// changeType turns an invited account into a resource account. The other way needs e-mail and phone, which no account
// has here, so it is refused as the cloud refuses an account without them.
func (s *Service) changeType(m *member, kind string) error {
	switch {
	case kind != "ResourceAccount" && kind != "CloudAccount":
		return invalid("NewAccountType", "The type is ResourceAccount or CloudAccount.")
	case kind == m.kind():
		return conflict("AccountTypeMismatch", "The account %s is a %s already.", m.id, kind)
	case kind == "CloudAccount":
		return conflict("MissingSecurityInfo", "The account %s has no security phone and e-mail.", m.id)
	case s.o.HasRootKey != nil && s.o.HasRootKey(m.id):
		return conflict("PrimaryAkInUse", "The account %s has an AccessKey of its root.", m.id)
	}
	m.asResource, m.modified = true, s.o.Clock()
	return nil
}

func (s *Service) removeAccount(t *tree, id string) error {
	m := t.members[id]
	if m == nil {
		return noAccount(id)
	}
	if m.kind() == "ResourceAccount" {
		return conflict("AccountTypeOrStatusMismatch", "The account %s is a resource account and cannot be removed.", id)
	}
	if len(t.delegatedServices(id)) > 0 {
		return conflict("Deny.TrustedService", "The account %s is used by a trusted service.", id)
	}
	s.leave(t, id)
	return nil
}

// leave takes a member out of everything that the directory knows of it, but not out of the history of deletions.
func (s *Service) leave(t *tree, id string) {
	delete(t.members, id)
	delete(t.control.attached, id)
	delete(s.memberOf, id)
	s.places.remove(id)
	for owner, list := range t.monitored {
		t.monitored[owner] = slices.DeleteFunc(list, func(x string) bool { return x == id })
	}
}
