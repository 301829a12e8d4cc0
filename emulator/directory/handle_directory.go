package directory

import (
	"slices"
	"strings"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

func (s *Service) handleEnable(c *gateway.Call) (any, error) {
	switch c.Get("EnableMode") {
	case "CurrentAccount":
	case "NewManagementAccount":
		return s.enableNew(c)
	case "":
		return nil, missing("EnableMode")
	default:
		return nil, invalid("EnableMode", "The enable mode is CurrentAccount or NewManagementAccount.")
	}
	return s.enable(c)
}

func (s *Service) handleInit(c *gateway.Call) (any, error) { return s.enable(c) }

func (s *Service) enable(c *gateway.Call) (any, error) {
	id := c.Caller.AccountID
	view, err := func() (object, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if account, ok := s.o.Accounts(id); !ok || !account.Verified {
			return nil, conflict("EnterpriseRealNameVerificationError", "The account %s has no enterprise real-name verification.", id)
		}
		if dryRun(c) {
			return nil, s.mayOpen(id)
		}
		if err := s.open(id, c.Get("MAName")); err != nil {
			return nil, err
		}
		return directoryView(s.directories[id], false), nil
	}()
	if err != nil || dryRun(c) {
		return nil, err
	}
	s.afterEnable(id)
	return object{"ResourceDirectory": view}, nil
}

func (s *Service) handleGetDirectory(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.directories[c.Caller.AccountID]
	if t == nil {
		t = s.memberOf[c.Caller.AccountID]
	}
	if t == nil {
		return nil, gateway.Errorf(404, "ResourceDirectoryNotInUse", "The account %s is in no resource directory.", c.Caller.AccountID)
	}
	v := directoryView(t, true)
	v["IdentityInformation"] = s.identityInformation(t.master)
	return object{"ResourceDirectory": v}, nil
}

func (s *Service) handleDestroy(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.owned(c.Caller.AccountID)
	if err != nil {
		return nil, err
	}
	if len(t.members) > 0 {
		return nil, conflict("DeleteConflict.ResourceDirectory.Account", "The resource directory has members.")
	}
	delete(s.directories, t.master)
	s.places.remove(t.master)
	return nil, nil
}

func (s *Service) handleCreateFolder(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.owned(c.Caller.AccountID)
	if err != nil {
		return nil, err
	}
	f, err := s.createFolder(t, c.Get("ParentFolderId"), c.Get("FolderName"), readTags(c))
	if err != nil {
		return nil, err
	}
	return object{"Folder": folderView(t, f.id, false)}, nil
}

func (s *Service) handleGetFolder(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, id, err := s.folderOf(c, "FolderId")
	if err != nil {
		return nil, err
	}
	return object{"Folder": folderView(t, id, true)}, nil
}

// folderOf is the existing folder that a reading call names.
func (s *Service) folderOf(c *gateway.Call, parameter string) (*tree, string, error) {
	t, err := s.readable(c.Caller.AccountID)
	if err != nil {
		return nil, "", err
	}
	id := c.Get(parameter)
	if id == "" && parameter == "ParentFolderId" {
		id = t.rootID
	}
	if id == "" {
		return nil, "", missing(parameter)
	}
	if !t.hasFolder(id) {
		return nil, "", noFolder(id)
	}
	return t, id, nil
}

func (s *Service) handleUpdateFolder(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.owned(c.Caller.AccountID)
	if err != nil {
		return nil, err
	}
	if c.Get("FolderId") == "" {
		return nil, missing("FolderId")
	}
	f, err := t.renameFolder(c.Get("FolderId"), c.Get("NewFolderName"))
	if err != nil {
		return nil, err
	}
	return object{"Folder": folderView(t, f.id, false)}, nil
}

func (s *Service) handleDeleteFolder(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.owned(c.Caller.AccountID)
	if err != nil {
		return nil, err
	}
	if c.Get("FolderId") == "" {
		return nil, missing("FolderId")
	}
	return nil, t.deleteFolder(c.Get("FolderId"))
}

func (s *Service) handleListFolders(c *gateway.Call) (any, error) {
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
	list := slices.DeleteFunc(t.children(id), func(f *folder) bool { return !strings.Contains(f.name, c.Get("QueryKeyword")) })
	return paged(p, "Folders", "Folder", list, func(f *folder) object { return folderView(t, f.id, false) }), nil
}

func (s *Service) handleListAncestors(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, id, err := s.folderOf(c, "ChildId")
	if err != nil {
		return nil, err
	}
	list := []object{}
	for _, above := range strings.Split(t.path(id), "/")[1:] {
		if above != id {
			list = append(list, folderView(t, above, false))
		}
	}
	return object{"Folders": object{"Folder": list}}, nil
}

// dryRun is true for a call of the 2022 version that only wants to know whether it would succeed.
//
// Assumption: a dry run that finds nothing wrong answers RequestId alone.
func dryRun(c *gateway.Call) bool { return c.Version == "2022-04-19" && c.Get("DryRun") == "true" }

// fromRoot is true for the account owner itself.
func fromRoot(c *gateway.Call) bool { return c.Caller.Type == auth.Root }
