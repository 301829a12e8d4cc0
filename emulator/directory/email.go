package directory

import (
	"net/mail"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// validEmail tells whether a text is a plain address.
func validEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}

// memberIn is the member that AccountId names.
func (t *tree) memberIn(c *gateway.Call) (*member, error) {
	id := c.Get("AccountId")
	if id == "" {
		return nil, missing("AccountId")
	}
	if t.members[id] == nil {
		return nil, noAccount(id)
	}
	return t.members[id], nil
}

// handleChangeEmail asks the new address to be confirmed, see [Service.ConfirmEmail]. Its codes are those of the page.
func (s *Service) handleChangeEmail(t *tree, c *gateway.Call) (any, error) {
	m, err := t.memberIn(c)
	switch {
	case err != nil:
		return nil, err
	case c.Get("Email") == "":
		return nil, missing("Email")
	case !validEmail(c.Get("Email")):
		return nil, invalid("Email", "The e-mail address %q is invalid.", c.Get("Email"))
	case m.newEmail != "":
		return nil, gateway.Errorf(400, "NotSupportedOperation.Account.EmailModify", "The e-mail address of the account is being changed.")
	}
	m.newEmail = c.Get("Email")
	return nil, nil
}

// changing is the member of a call whose address is being changed.
func (t *tree) changing(c *gateway.Call) (*member, error) {
	m, err := t.memberIn(c)
	if err == nil && m.newEmail == "" {
		err = gateway.Errorf(404, "EntityNotExists.EmailModifyRecord", "The e-mail address of the account %s is not being changed.", m.id)
	}
	return m, err
}

// handleRetryEmail sends nothing: nobody has a mailbox here.
func (s *Service) handleRetryEmail(t *tree, c *gateway.Call) (any, error) {
	_, err := t.changing(c)
	return nil, err
}

func (s *Service) handleCancelEmail(t *tree, c *gateway.Call) (any, error) {
	m, err := t.changing(c)
	if err == nil {
		m.newEmail = ""
	}
	return nil, err
}

// ConfirmEmail confirms the new address of a member, or the promotion of a resource account, as the owner of the mailbox
// does with the link in the message. It fails when none waits.
func (s *Service) ConfirmEmail(managementID, accountID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.owned(managementID)
	if err != nil {
		return err
	}
	m := t.members[accountID]
	switch {
	case m == nil:
		return noAccount(accountID)
	case m.verifying():
		m.promotion.state, m.email, m.asCloud = "PromoteSuccess", m.promotion.email, true
	case m.newEmail != "":
		m.email, m.newEmail = m.newEmail, ""
	default:
		return noAccount(accountID)
	}
	m.modified = s.o.Clock()
	return nil
}

// emailStatus is the EmailStatus that GetAccount shows.
//
// Assumption: WAIT_MODIFY while a new address waits for its confirmation, otherwise nothing.
func (m *member) emailStatus() string {
	if m.newEmail != "" {
		return "WAIT_MODIFY"
	}
	return ""
}
