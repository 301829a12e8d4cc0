package directory

import (
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// deletion is the way of a member out of existence: a check that may be asked for, then the deletion itself.
type deletion struct {
	checked time.Time // when CheckAccountDelete was called; zero = never
	begun   time.Time // when DeleteAccount was called; zero = never
	done    bool      // the member is gone
}

// The stages of a deletion (accounts sheet, section 2.2). Each of the first two lasts Options.DeletionDelay.
func (d *deletion) stage(now time.Time, delay time.Duration) string {
	switch {
	case d == nil || d.begun.IsZero():
		return ""
	case d.done:
		return "Success"
	case now.Before(d.begun.Add(delay)):
		return "Checking"
	}
	return "Deleting"
}

func (t *tree) deletionStatus() string {
	if t.mayDelete {
		return "Enabled"
	}
	return "Disabled"
}

// settle deletes the members whose time has come, and tells the other services.
func (s *Service) settle() {
	type gone struct{ member, master string }
	var list []gone
	s.mu.Lock()
	now := s.o.Clock()
	for _, t := range s.directories {
		for id, d := range t.deletions {
			if d.begun.IsZero() || d.done || now.Before(d.begun.Add(2*s.o.DeletionDelay)) {
				continue
			}
			d.done = true
			s.leave(t, id)
			list = append(list, gone{id, t.master})
		}
	}
	s.mu.Unlock()
	for _, g := range list {
		if s.o.OnLeave != nil {
			s.o.OnLeave(g.member, g.master)
		}
		if s.o.OnDelete != nil {
			s.o.OnDelete(g.member)
		}
	}
}

// handleSetDeletion lets members be deleted, or forbids it.
func (s *Service) handleSetDeletion(c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.memberOf[c.Caller.AccountID] != nil {
		return nil, gateway.Errorf(403, "MemberAccountAccessDenied", "A member may not change the permission to delete members.")
	}
	t, err := s.owned(c.Caller.AccountID)
	if err != nil {
		return nil, err
	}
	switch c.Get("Status") {
	case "Enabled":
		t.mayDelete = true
	case "Disabled":
		t.mayDelete = false
	case "":
		return nil, missing("Status")
	default:
		return nil, invalid("Status", "The status is Enabled or Disabled.")
	}
	return object{"MemberDeletionStatus": t.deletionStatus(), "ManagementAccountId": t.master, "ResourceDirectoryId": t.id}, nil
}

// deletable finds the member that a call wants to check or delete, with its deletion.
func (s *Service) deletable(t *tree, c *gateway.Call) (*member, *deletion, error) {
	m := t.members[c.Get("AccountId")]
	switch {
	case fromRoot(c):
		return nil, nil, conflict("CallerIdentityError.DeleteAccount", "Only a RAM user or RAM role of the management account may delete a member.")
	case c.Get("AccountId") == "":
		return nil, nil, missing("AccountId")
	case m == nil:
		return nil, nil, noAccount(c.Get("AccountId"))
	case m.kind() != "ResourceAccount":
		return nil, nil, conflict("MemberTypeError.DeleteAccount", "The account %s is not a resource account.", m.id)
	}
	d := t.deletions[m.id]
	if d == nil {
		d = &deletion{}
		t.deletions[m.id] = d
	}
	if !d.begun.IsZero() {
		return nil, nil, conflict("ExistProcessingDeleteFlow.DeleteAccount", "The account %s is being deleted.", m.id)
	}
	return m, d, nil
}

func (s *Service) handleCheckDelete(t *tree, c *gateway.Call) (any, error) {
	_, d, err := s.deletable(t, c)
	if err != nil {
		return nil, err
	}
	d.checked = s.o.Clock()
	return nil, nil
}

// handleCheckResult tells whether the member could be deleted.
//
// Assumption: a member that was never checked has no result, 404 EntityNotExists.Account; the ids of check items are
// not published, so that of a delegated administrator is RD_DelegatedAdministrator.
func (s *Service) handleCheckResult(t *tree, c *gateway.Call) (any, error) {
	id := c.Get("AccountId")
	d := t.deletions[id]
	switch {
	case id == "":
		return nil, missing("AccountId")
	case t.members[id] == nil || d == nil || d.checked.IsZero():
		return nil, noAccount(id)
	case s.o.Clock().Before(d.checked.Add(s.o.DeletionDelay)):
		return object{"AccountDeletionCheckResultInfo": object{"Status": "PreChecking"}}, nil
	}
	info := object{"Status": "PreCheckComplete", "AllowDelete": "true", "AbandonableChecks": []object{}}
	if len(t.delegatedServices(id)) > 0 {
		info["AllowDelete"] = "false"
		info["NotAllowReason"] = []object{{
			"CheckId": "RD_DelegatedAdministrator", "CheckName": "Resource Directory",
			"Description": "The member is a delegated administrator of a trusted service.",
		}}
	}
	return object{"AccountDeletionCheckResultInfo": info}, nil
}

// handleDelete begins a deletion. No member has pay-as-you-go resources here, so it is direct: type 0.
//
// Assumption: while the directory does not let members be deleted, the code is NoLicense.ResourceDirectory. The limit
// behind QuotaExceeded.DeleteAccount is not documented and not enforced.
func (s *Service) handleDelete(c *gateway.Call) (any, error) {
	_, err := s.inOwned(func(t *tree, c *gateway.Call) (any, error) {
		m, d, err := s.deletable(t, c)
		switch {
		case err != nil:
			return nil, err
		case !t.mayDelete:
			return nil, conflict("NoLicense.ResourceDirectory", "The resource directory does not let members be deleted.")
		case len(t.delegatedServices(m.id)) > 0:
			return nil, conflict("RemoveConfilctAccountAsDelegatedAdministator", "The account %s is a delegated administrator.", m.id)
		}
		d.begun = s.o.Clock()
		return nil, nil
	})(c)
	if err != nil {
		return nil, err
	}
	s.settle()
	return object{"DeletionType": "0"}, nil
}

// handleDeletionStatus tells how far a deletion is, also after the member is gone.
//
// Assumption: a member that nobody deletes is 404 EntityNotExists.Account.
func (s *Service) handleDeletionStatus(t *tree, c *gateway.Call) (any, error) {
	id := c.Get("AccountId")
	d := t.deletions[id]
	switch {
	case id == "":
		return nil, missing("AccountId")
	case d == nil || d.begun.IsZero():
		return nil, noAccount(id)
	}
	v := object{"AccountId": id, "Status": d.stage(s.o.Clock(), s.o.DeletionDelay), "DeletionType": "0", "CreateTime": zoned(d.begun), "FailReasonList": []object{}}
	if d.done {
		v["DeletionTime"] = zoned(d.begun.Add(2 * s.o.DeletionDelay))
	}
	return object{"RdAccountDeletionStatus": v}, nil
}

// zoned is a time of deletions, for example 2022-08-23T17:05:30+08:00.
func zoned(t time.Time) string {
	return t.In(time.FixedZone("", 8*60*60)).Format(time.RFC3339)
}
