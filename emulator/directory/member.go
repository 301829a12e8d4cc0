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
	asCloud               bool   // created, and turned into a cloud account
	email, newEmail       string // newEmail waits for its confirmation
	phone                 string
	code                  *sentCode // for a phone that is not bound yet
	payer                 string    // "" = itself
	promotion             *promotion
	deletion              string // DeletionStatus that a world or test has set
}

type tag struct{ Key, Value string }

func (m *member) kind() string {
	if !m.asCloud && (m.created || m.asResource) {
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
	switch {
	case m.promotion != nil:
		return m.promotion.status()
	case m.asCloud:
		return "PromoteSuccess"
	case m.created:
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

var displayName = regexp.MustCompile(`^[\p{L}\p{N}_. -]+$`)

// CheckDisplayName checks the name of a member: 2 to 50 letters, digits, underscores, periods, hyphens and spaces.
func CheckDisplayName(name string) error {
	n := utf8.RuneCountInString(name)
	switch {
	case n == 0:
		return missing("Account.DisplayName")
	case n < 2 || n > 50:
		return invalid("Account.DisplayName.Length", "A display name has 2 to 50 characters.")
	case !displayName.MatchString(name):
		return invalid("Account.DisplayName", "A display name has letters, digits, underscores, periods, hyphens and spaces only.")
	}
	return nil
}

func (t *tree) checkDisplayName(name, self string) error {
	if err := CheckDisplayName(name); err != nil {
		return err
	}
	for _, m := range t.members {
		if m.displayName == name && m.id != self {
			return conflict("InvalidParameter.Account.DisplayName.AlreadyUsed", "The display name %s is in use.", name)
		}
	}
	return nil
}

// newAccount is what CreateResourceAccount asks for.
type newAccount struct {
	displayName, prefix, parent, payer string
	tags                               []tag
	dry                                bool // only check
}

// createAccount makes a resource account. The caller must run the returned hook without the lock.
// With dry it only checks: m and after are nil.
func (s *Service) createAccount(t *tree, in newAccount) (m *member, after func(), err error) {
	if err := s.checkNew(t, &in); err != nil || in.dry {
		return nil, nil, err
	}
	id, now := s.newAccountID(t.master), s.o.Clock()
	if in.prefix == "" {
		in.prefix = "m" + id
	}
	name := t.fullName(in.prefix)
	m = &member{
		id: id, name: name, displayName: in.displayName, folder: in.parent, created: true, joined: now, modified: now, tags: in.tags, payer: in.payer,
	}
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

func (t *tree) fullName(prefix string) string { return prefix + "@" + t.id + ".aliyunid.com" }

// nameTaken refuses a second account of one name; names are unique in a directory.
//
// Assumption: the code is EntityAlreadyExists.ResourceDirectory.Account, which is listed without its cause.
func nameTaken(name string) error {
	return conflict("EntityAlreadyExists.ResourceDirectory.Account", "The account name %s exists already.", name)
}

// membersFull refuses one member more than a directory may have.
//
// Assumption: also the acceptance of an invitation does, which could be sent while there was room; the code is that of the
// invitation.
func (s *Service) membersFull(t *tree) error {
	if len(t.members) < s.o.Limits.Members {
		return nil
	}
	return conflict("LimitExceeded.Account", "The number of members exceeds the limit.")
}

// checkNew checks an account to be made and puts it into the root folder when it names none.
func (s *Service) checkNew(t *tree, in *newAccount) error {
	if err := t.checkDisplayName(in.displayName, ""); err != nil {
		return err
	}
	switch n := len(in.prefix); {
	case n == 0: // the cloud picks a prefix
	case n < 2 || n > 37:
		return invalid("Account.AccountNamePrefix.Length", "An account name prefix has 2 to 37 characters.")
	case !accountPrefix.MatchString(in.prefix):
		return invalid("Account.AccountNamePrefix", "The account name prefix %q is invalid.", in.prefix)
	}
	if in.parent == "" {
		in.parent = t.rootID
	}
	if !t.hasFolder(in.parent) {
		return invalid("ParentFolderId", "The folder %s does not exist.", in.parent)
	}
	for _, m := range t.members {
		if in.prefix != "" && m.name == t.fullName(in.prefix) {
			return nameTaken(m.name)
		}
	}
	if in.payer != "" {
		owner, _ := s.o.Accounts(t.master)
		if err := s.mayPay(t, in.payer, owner.Enterprise); err != nil {
			return err
		}
	}
	if err := s.membersFull(t); err != nil {
		return err
	}
	return checkTags(in.tags)
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

// changeType turns a cloud account into a resource account, or the other way round.
func (m *member) changeType(kind string) {
	m.asCloud, m.asResource = kind == "CloudAccount" && m.created, kind == "ResourceAccount" && !m.created
	m.promotion = nil
}

// checkType tells whether the type of a member can change. A cloud account needs a security phone and an e-mail address.
func (s *Service) checkType(t *tree, m *member, kind string) error {
	owner, _ := s.o.Accounts(t.master)
	self, known := s.o.Accounts(m.id)
	switch {
	case kind != "ResourceAccount" && kind != "CloudAccount":
		return invalid("NewAccountType", "The type is ResourceAccount or CloudAccount.")
	case kind == m.kind():
		return conflict("AccountTypeMismatch", "The account %s is a %s already.", m.id, kind)
	case known && self.Enterprise != owner.Enterprise:
		return conflict("LegalEntityDifferent", "The account %s belongs to another legal entity now.", m.id)
	case kind == "CloudAccount" && (m.phone == "" || m.email == ""):
		return conflict("MissingSecurityInfo", "The account %s has no security phone and e-mail.", m.id)
	case kind == "ResourceAccount" && s.o.HasRootKey != nil && s.o.HasRootKey(m.id):
		return conflict("PrimaryAkInUse", "The account %s has an AccessKey of its root.", m.id)
	}
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
	t.unbind(id)
	for owner, list := range t.monitored {
		t.monitored[owner] = slices.DeleteFunc(list, func(x string) bool { return x == id })
	}
}
