package directory

import (
	"strconv"
	"time"
)

// iso is a time as the directory writes it, for example 2021-06-15T06:39:08.521Z.
func iso(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// epoch is a time as the delegation operations write it: milliseconds as text.
func epoch(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

func itoa(n int) string { return strconv.Itoa(n) }

type object = map[string]any

func directoryView(t *tree, full bool) object {
	v := object{
		"ResourceDirectoryId": t.id, "RootFolderId": t.rootID, "MasterAccountId": t.master,
		"MasterAccountName": t.masterName, "CreateTime": iso(t.created),
	}
	if full {
		v["ControlPolicyStatus"] = t.control.enablement()
		v["MemberDeletionStatus"] = t.deletionStatus()
	}
	return v
}

func folderView(t *tree, id string, path bool) object {
	v := object{"FolderId": id}
	if f := t.folders[id]; f != nil {
		v["FolderName"], v["ParentFolderId"], v["CreateTime"] = f.name, f.parent, iso(f.created)
	} else {
		v["FolderName"], v["CreateTime"] = "root", iso(t.created)
	}
	if path {
		v["ResourceDirectoryPath"] = t.path(id)
	}
	return v
}

func memberView(t *tree, m *member) object {
	return object{
		"AccountId": m.id, "DisplayName": m.displayName, "FolderId": m.folder, "JoinMethod": m.joinMethod(),
		"JoinTime": iso(m.joined), "ModifyTime": iso(m.modified), "ResourceDirectoryId": t.id,
		"ResourceDirectoryPath": t.path(m.folder) + "/" + m.id, "Status": m.status(), "Type": m.kind(),
	}
}

func tagViews(tags []tag) []object {
	out := make([]object, 0, len(tags))
	for _, t := range tags {
		out = append(out, object{"Key": t.Key, "Value": t.Value})
	}
	return out
}

// identityInformation is the real-name verification that GetResourceDirectory shows of the management account and
// GetAccount of a member. It is text; the documents give examples only: "*** Co., Ltd." for a directory.
//
// Assumption: it is the name of the enterprise, in full and spelled alike for all its accounts, and empty without
// enterprise verification.
func (s *Service) identityInformation(accountID string) string {
	if a, _ := s.o.Accounts(accountID); a.Verified {
		return a.Enterprise
	}
	return ""
}

// handshakeView shows the real names only to the invited account.
func (s *Service) handshakeView(h *invite, viewer string) object {
	v := object{
		"HandshakeId": h.id, "Status": h.status(s.o.Clock()), "TargetEntity": h.entity, "TargetType": h.kind,
		"Note": h.note, "MasterAccountId": h.from.master, "MasterAccountName": h.from.masterName,
		"ResourceDirectoryId": h.from.id, "CreateTime": iso(h.created), "ModifyTime": iso(h.modified),
		"ExpireTime": iso(h.expires()),
	}
	if viewer == h.target {
		owner, _ := s.o.Accounts(h.from.master)
		self, _ := s.o.Accounts(h.target)
		v["MasterAccountRealName"], v["InvitedAccountRealName"] = owner.Enterprise, self.Enterprise
	}
	return v
}
