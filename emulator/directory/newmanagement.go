package directory

import (
	"regexp"
	"strings"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// VerificationCode is the code that SendVerificationCodeForEnableRD would send by phone.
//
// Assumption: it is 000000 here, since nobody has a phone. The account that asked becomes a member as if it had been
// invited.
func VerificationCode() string { return "000000" }

const managementSuffix = "@rdadmin.aliyunid.com"

var managementPrefix = regexp.MustCompile(`^[A-Za-z0-9]+([_.-][A-Za-z0-9]+)*$`)

// enableNew makes an account that manages a new directory, with the calling account as its first member.
func (s *Service) enableNew(c *gateway.Call) (any, error) {
	own := c.Caller.AccountID
	id, account, err := s.planNew(c)
	if err != nil || dryRun(c) {
		return nil, err
	}
	name := c.Get("MAName")
	if s.o.CreateAccount != nil {
		s.o.CreateAccount(id, Account{Name: name, Enterprise: account.Enterprise, Verified: true})
	}
	s.mu.Lock()
	err = s.open(id, name)
	if err == nil {
		err = s.addMember(id, own, s.directories[id].freeName(account.Name, own), false)
	}
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	view := directoryView(s.directories[id], false)
	s.mu.Unlock()
	s.afterEnable(id)
	s.afterJoin(own, id)
	return object{"ResourceDirectory": view}, nil
}

// planNew checks the request and picks the id of the management account.
func (s *Service) planNew(c *gateway.Call) (id string, current Account, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own, name := c.Caller.AccountID, c.Get("MAName")
	current, ok := s.o.Accounts(own)
	prefix, suffixed := strings.CutSuffix(name, managementSuffix)
	switch {
	case !ok || !current.Verified:
		return "", current, conflict("EnterpriseRealNameVerificationError", "The account %s has no enterprise real-name verification.", own)
	case !suffixed || len(prefix) < 2 || len(prefix) > 50 || !managementPrefix.MatchString(prefix):
		return "", current, conflict("InvalidParameter.ManagementAccountName", "The name of the management account is <prefix>%s.", managementSuffix)
	case c.Get("MASecureMobilePhone") == "":
		return "", current, conflict("MissingSecureMobilePhone", "A phone number for the management account is needed.")
	case c.Get("VerificationCode") != VerificationCode():
		return "", current, conflict("Invalid.VerificationCode", "The verification code is wrong.")
	}
	for _, t := range s.directories {
		if t.masterName == name {
			return "", current, conflict("InvalidParameter.ManagementAccountName.AlreadyUsed", "The name %s is in use.", name)
		}
	}
	if err := s.mayOpen(own); err != nil {
		return "", current, err
	}
	return s.newAccountID(own), current, nil
}

// handleSendCode sends nothing: the code is VerificationCode.
func (s *Service) handleSendCode(c *gateway.Call) (any, error) {
	if c.Get("SecureMobilePhone") == "" {
		return nil, missing("SecureMobilePhone")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.enabling[c.Caller.AccountID]
	if q == nil {
		q = &quota{}
		s.enabling[c.Caller.AccountID] = q
	}
	return nil, q.code(s.o.Clock())
}
