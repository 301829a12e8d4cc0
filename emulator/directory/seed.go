package directory

import (
	"errors"
	"fmt"
	"time"
)

// Enable gives the account a resource directory without the checks of EnableResourceDirectory. It fails when the
// account has one or is a member.
func (s *Service) Enable(managementID string) error {
	s.mu.Lock()
	err := s.open(managementID, "")
	s.mu.Unlock()
	if err != nil {
		return err
	}
	s.afterEnable(managementID)
	return nil
}

func (s *Service) afterEnable(managementID string) {
	if s.o.OnEnable != nil {
		s.o.OnEnable(managementID)
	}
}

// open makes an empty directory.
func (s *Service) open(managementID, name string) error {
	if err := s.mayOpen(managementID); err != nil {
		return err
	}
	if name == "" {
		account, _ := s.o.Accounts(managementID)
		name = account.Name
	}
	s.put(managementID, name)
	return nil
}

// mayOpen tells whether an account can have a directory of its own.
func (s *Service) mayOpen(managementID string) error {
	if s.directories[managementID] != nil {
		return conflict("EntityAlreadyExists.ResourceDirectory", "The resource directory of the account %s is already enabled.", managementID)
	}
	if s.memberOf[managementID] != nil {
		return conflict("NotSupport.AccountInAnotherResourceDirectory", "The account %s belongs to another resource directory.", managementID)
	}
	return nil
}

func (s *Service) put(managementID, name string) {
	s.directories[managementID] = &tree{
		id: s.newID("rd", managementID), rootID: s.newID("r", managementID),
		master: managementID, masterName: name, created: s.o.Clock(),
		folders: map[string]*folder{}, members: map[string]*member{}, trusted: map[string]time.Time{},
		delegates: map[string]map[string]time.Time{}, monitored: map[string][]string{},
		control:   control{policies: map[string]*controlPolicy{}, attached: map[string][]binding{}},
		deletions: map[string]*deletion{},
	}
	t := s.directories[managementID]
	s.places.put(managementID, t, t.rootID)
}

// AddMember puts an account into the root folder of a directory without invitation. The join method is created or
// invited.
func (s *Service) AddMember(managementID, accountID, displayName, joinMethod string) error {
	if joinMethod != "created" && joinMethod != "invited" {
		return fmt.Errorf("directory: join method %q is neither created nor invited", joinMethod)
	}
	s.mu.Lock()
	err := s.addMember(managementID, accountID, displayName, joinMethod == "created")
	s.mu.Unlock()
	if err != nil {
		return err
	}
	s.afterJoin(accountID, managementID)
	return nil
}

func (s *Service) addMember(managementID, accountID, displayName string, created bool) error {
	t, err := s.owned(managementID)
	if err != nil {
		return err
	}
	if s.memberOf[accountID] != nil || s.directories[accountID] != nil {
		return errors.New("directory: the account " + accountID + " already belongs to a directory")
	}
	if err := t.checkDisplayName(displayName, ""); err != nil {
		return err
	}
	account, _ := s.o.Accounts(accountID)
	now := s.o.Clock()
	t.members[accountID] = &member{
		id: accountID, name: account.Name, displayName: displayName, folder: t.rootID,
		created: created, joined: now, modified: now,
	}
	s.join(t, accountID)
	return nil
}

// AddFolder makes a folder below parent, or below the root folder when parent is "". It returns the folder id.
func (s *Service) AddFolder(managementID, parent, name string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.owned(managementID)
	if err != nil {
		return "", err
	}
	f, err := s.createFolder(t, parent, name, nil)
	if err != nil {
		return "", err
	}
	return f.id, nil
}

// PutMember puts a member into a folder, as MoveAccount does.
func (s *Service) PutMember(managementID, accountID, folderID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.owned(managementID)
	if err != nil {
		return err
	}
	return s.moveAccount(t, accountID, folderID)
}

// Tag gives a member a tag, as its owner does in the console of tags.
func (s *Service) Tag(managementID, accountID, key, value string) error {
	return s.change(managementID, accountID, func(m *member) { m.tags = append(m.tags, tag{key, value}) })
}

// Close gives a member a deletion status: Checking, Deleting, CheckFailed, DeleteFailed, or "" for none.
func (s *Service) Close(managementID, accountID, deletionStatus string) error {
	return s.change(managementID, accountID, func(m *member) { m.deletion = deletionStatus })
}

func (s *Service) change(managementID, accountID string, f func(*member)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.owned(managementID)
	if err != nil {
		return err
	}
	m := t.members[accountID]
	if m == nil {
		return noAccount(accountID)
	}
	f(m)
	return nil
}
