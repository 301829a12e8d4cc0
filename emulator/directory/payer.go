package directory

import "github.com/fenghuo-soc/fenghuo/emulator/gateway"

// payerOf is who pays for a member: itself unless told otherwise.
func (m *member) payerOf() string {
	if m.payer != "" {
		return m.payer
	}
	return m.id
}

// mayPay checks an account that shall pay for members: it is in the directory and of the same enterprise.
func (s *Service) mayPay(t *tree, payer, memberEnterprise string) error {
	if payer != t.master && t.members[payer] == nil {
		return conflict("NotSupport.PayerAccountInAnotherResourceDirectory", "The account %s is not in the resource directory.", payer)
	}
	if a, _ := s.o.Accounts(payer); a.Enterprise != memberEnterprise {
		return conflict("InconsistentEnterpriseNameError", "The account %s belongs to another enterprise.", payer)
	}
	return nil
}

func (t *tree) accountName(id string) string {
	if id == t.master {
		return t.masterName
	}
	return t.members[id].name
}

func (s *Service) handleGetPayer(t *tree, c *gateway.Call) (any, error) {
	m, err := t.memberIn(c)
	if err != nil {
		return nil, err
	}
	payer := m.payerOf()
	if payer != t.master && t.members[payer] == nil {
		payer = m.id // the payer has left
	}
	return object{"PayerAccountId": payer, "PayerAccountName": t.accountName(payer)}, nil
}

// handleUpdatePayer is ResourceDirectoryMaster's alone. Its codes are those of the page.
//
// Assumption: AccountTypeMismatch is the code for a member that is being deleted; the page says "type or status".
func (s *Service) handleUpdatePayer(t *tree, c *gateway.Call) (any, error) {
	m, err := t.memberIn(c)
	payer := c.Get("PayerAccountId")
	switch {
	case err != nil:
		return nil, err
	case payer == "":
		return nil, missing("PayerAccountId")
	case t.deletions[m.id].stage(s.o.Clock(), s.o.DeletionDelay) != "":
		return nil, conflict("AccountTypeMismatch", "The account %s is being deleted.", m.id)
	}
	own, _ := s.o.Accounts(m.id)
	if err := s.mayPay(t, payer, own.Enterprise); err != nil {
		return nil, err
	}
	m.payer, m.modified = payer, s.o.Clock()
	return nil, nil
}

// handlePrecheckPayer tells whether an account could pay for others: {Result, Reasons}.
//
// Assumption: the parameter is BillingAccountId, and the reasons are the codes that UpdatePayerForAccount would answer;
// accounts here have no invoices, credit or unpaid bills to check.
func (s *Service) handlePrecheckPayer(t *tree, c *gateway.Call) (any, error) {
	payer := c.Get("BillingAccountId")
	if payer == "" {
		return nil, missing("BillingAccountId")
	}
	own, _ := s.o.Accounts(t.master)
	reasons := []object{}
	if err := s.mayPay(t, payer, own.Enterprise); err != nil {
		e := err.(*gateway.Error) // mayPay answers with nothing else
		reasons = append(reasons, object{"Code": e.Code, "Message": e.Message})
	}
	return object{"Result": len(reasons) == 0, "Reasons": reasons}, nil
}
