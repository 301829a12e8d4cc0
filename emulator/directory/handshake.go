package directory

import (
	"cmp"
	"slices"
	"time"
	"unicode/utf8"
)

// invitationLife is how long an invitation can be answered.
const invitationLife = 14 * 24 * time.Hour

// invite is an invitation ("handshake").
type invite struct {
	id, target, note  string
	entity, kind      string // how the account was named: by id (Account) or Email
	from              *tree
	parent            string
	state             string // Pending, Accepted, Cancelled, Declined; Expired follows from the clock
	created, modified time.Time
	tags              []tag
}

func (h *invite) expires() time.Time { return h.created.Add(invitationLife) }

func (h *invite) status(now time.Time) string {
	if h.state == "Pending" && !now.Before(h.expires()) {
		return "Expired"
	}
	return h.state
}

func (s *Service) invite(t *tree, target, note, parent string, tags []tag) (*invite, error) {
	if target == "" {
		return nil, missing("TargetEntity")
	}
	if utf8.RuneCountInString(note) > 1024 {
		return nil, invalid("Note.Length", "A note has at most 1,024 characters.")
	}
	if parent != "" && !t.hasFolder(parent) {
		return nil, invalid("ParentFolderId", "The folder %s does not exist.", parent)
	}
	if err := checkTags(tags); err != nil {
		return nil, err
	}
	account, ok := s.o.Accounts(target)
	if !ok {
		return nil, invalid("TargetEntity", "The account %s does not exist.", target)
	}
	if err := s.checkInvitation(t, target, account); err != nil {
		return nil, err
	}
	now := s.o.Clock()
	h := &invite{
		id: s.newID("h", t.master), target: target, note: note, from: t, parent: cmp.Or(parent, t.rootID),
		state: "Pending", created: now, modified: now, tags: tags,
	}
	s.handshakes[h.id] = h
	t.invited = append(t.invited, now)
	return h, nil
}

func (s *Service) checkInvitation(t *tree, target string, account Account) error {
	now := s.o.Clock()
	switch {
	case target == t.master || s.memberOf[target] == t:
		return conflict("EntityAlreadyExists.ResourceDir.Account", "The account %s is already in the resource directory.", target)
	case s.memberOf[target] != nil || s.directories[target] != nil:
		return conflict("NotSupport.AccountInAnotherResourceDirectory", "The account %s belongs to another resource directory.", target)
	}
	pending := 0
	for _, h := range s.handshakes {
		if h.from != t || h.status(now) != "Pending" {
			continue
		}
		if h.target == target {
			return conflict("EntityAlreadyExists.Handshake", "An invitation of the account %s is pending.", target)
		}
		pending++
	}
	owner, _ := s.o.Accounts(t.master)
	if account.Enterprise != owner.Enterprise || !account.Verified {
		return conflict("LegalEntityMismatch", "The account %s belongs to another legal entity.", target)
	}
	if err := s.membersFull(t); err != nil {
		return err
	}
	t.invited = slices.DeleteFunc(t.invited, func(at time.Time) bool { return now.Sub(at) >= 24*time.Hour })
	if pending >= s.o.Limits.PendingInvitations || len(t.invited) >= s.o.Limits.InvitationsPerDay {
		return tooManyInvitations()
	}
	return nil
}

// tooManyInvitations answers both limits on invitations.
//
// Assumption: LimitExceeded.InvitationRate is the code of the daily limit and of the limit on pending ones; the sheet
// lists the code without saying which limit it belongs to.
func tooManyInvitations() error {
	return conflict("LimitExceeded.InvitationRate", "Too many invitations were sent.")
}

// pending finds an invitation that can still be answered by the account that allowed accepts.
func (s *Service) pending(id string, allowed func(*invite) bool) (*invite, error) {
	if id == "" {
		return nil, missing("HandshakeId")
	}
	h := s.handshakes[id]
	if h == nil || !allowed(h) {
		return nil, noHandshake(id)
	}
	if st := h.status(s.o.Clock()); st != "Pending" {
		return nil, conflict("HandshakeStatusMismatch", "The handshake is %s, not Pending.", st)
	}
	return h, nil
}

// accept makes the invited account a member. The caller must run the hook without the lock.
func (s *Service) accept(id, accountID string) (*invite, func(), error) {
	h, err := s.pending(id, func(h *invite) bool { return h.target == accountID })
	if err != nil {
		return nil, nil, err
	}
	t := h.from
	if s.directories[t.master] != t {
		return nil, nil, gone(t.id)
	}
	if s.memberOf[accountID] != nil || s.directories[accountID] != nil {
		return nil, nil, conflict("NotSupport.AccountInAnotherResourceDirectory", "The account %s belongs to another resource directory.", accountID)
	}
	account, _ := s.o.Accounts(accountID)
	if !account.Verified {
		return nil, nil, conflict("NotSupport.Account.RealNameType", "The account %s has no enterprise real-name verification.", accountID)
	}
	if err := s.membersFull(t); err != nil {
		return nil, nil, err
	}
	now := s.o.Clock()
	h.state, h.modified = "Accepted", now
	if !t.hasFolder(h.parent) {
		h.parent = t.rootID
	}
	t.members[accountID] = &member{
		id: accountID, name: account.Name, displayName: t.freeName(account.Name, accountID),
		folder: h.parent, joined: now, modified: now, tags: h.tags,
	}
	s.join(t, accountID)
	return h, func() { s.afterJoin(accountID, t.master) }, nil
}

// freeName is the display name of an account that joined by invitation.
//
// Assumption: it is the account's name, or the account id when that name is taken or empty.
func (t *tree) freeName(name, accountID string) string {
	if t.checkDisplayName(name, "") != nil {
		return accountID
	}
	return name
}

// listHandshakes are the invitations that keep, newest first.
func (s *Service) listHandshakes(keep func(*invite) bool) []*invite {
	var out []*invite
	for _, h := range s.handshakes {
		if keep(h) {
			out = append(out, h)
		}
	}
	slices.SortFunc(out, func(a, b *invite) int {
		return cmp.Or(b.created.Compare(a.created), cmp.Compare(a.id, b.id))
	})
	return out
}
