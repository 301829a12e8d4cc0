package directory

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// folder is a folder below the root folder.
type folder struct {
	id, name, parent string
	created          time.Time
	tags             []tag
}

func (t *tree) hasFolder(id string) bool { return id == t.rootID || t.folders[id] != nil }

// path is rd-x/r-x/fd-x… down to the folder.
func (t *tree) path(folderID string) string {
	var below []string
	for id := folderID; id != t.rootID; id = t.folders[id].parent {
		below = append(below, id)
	}
	slices.Reverse(below)
	return strings.Join(append([]string{t.id, t.rootID}, below...), "/")
}

// depth is the number of levels below the root folder; the root folder has 0.
func (t *tree) depth(folderID string) int { return strings.Count(t.path(folderID), "/") - 1 }

// children are the direct subfolders, oldest first.
func (t *tree) children(parent string) []*folder {
	var out []*folder
	for _, f := range t.folders {
		if f.parent == parent {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b *folder) int {
		return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.id, b.id))
	})
	return out
}

// CheckFolderName checks the length of the name of a folder.
func CheckFolderName(name string) error {
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		return missing("Folder.Name")
	case n > 24:
		return invalid("Folder.Name.Length", "A folder name has 1 to 24 characters.")
	}
	return nil
}

func (t *tree) checkFolderName(parent, name, self string) error {
	if err := CheckFolderName(name); err != nil {
		return err
	}
	for _, f := range t.children(parent) {
		if f.name == name && f.id != self {
			return invalid("Folder.Name.AlreadyUsed", "The folder name %s is in use.", name)
		}
	}
	return nil
}

func (s *Service) createFolder(t *tree, parent, name string, tags []tag) (*folder, error) {
	if parent == "" {
		parent = t.rootID
	}
	if !t.hasFolder(parent) {
		return nil, noFolder(parent)
	}
	if err := t.checkFolderName(parent, name, ""); err != nil {
		return nil, err
	}
	if len(t.folders) >= s.o.Limits.Folders {
		return nil, conflict("QuotaExceeded.Folder.Count", "The number of folders exceeds the limit.")
	}
	if t.depth(parent) >= s.o.Limits.FolderDepth {
		return nil, conflict("LimitExceeded.Folder.Depth", "The folder level exceeds the limit.")
	}
	if err := checkTags(tags); err != nil {
		return nil, err
	}
	f := &folder{id: s.newID("fd", t.master), name: name, parent: parent, created: s.o.Clock(), tags: tags}
	t.folders[f.id] = f
	t.control.cover(f.id, f.created)
	return f, nil
}

func (t *tree) renameFolder(id, name string) (*folder, error) {
	f := t.folders[id]
	if f == nil {
		return nil, noFolder(id)
	}
	if err := t.checkFolderName(f.parent, name, id); err != nil {
		return nil, err
	}
	f.name = name
	return f, nil
}

func (t *tree) deleteFolder(id string) error {
	if t.folders[id] == nil {
		return noFolder(id)
	}
	if len(t.children(id)) > 0 {
		return conflict("DeleteConflict.Folder.SubFolder", "The folder has subfolders.")
	}
	for _, m := range t.members {
		if m.folder == id {
			return conflict("DeleteConflict.Folder.Account", "The folder has members.")
		}
	}
	delete(t.folders, id)
	delete(t.control.attached, id)
	t.unbind(id)
	return nil
}
