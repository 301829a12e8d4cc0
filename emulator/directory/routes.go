package directory

import (
	"cmp"
	"context"
	"maps"
	"strings"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// handler runs one operation; it takes the lock itself.
type handler func(c *gateway.Call) (any, error)

// Register adds all operations to the gateway.
func (s *Service) Register(g *gateway.Gateway) {
	shared := s.directoryOperations()
	maps.Copy(shared, s.controlRoutes())
	legacy := maps.Clone(shared)
	legacy["InitResourceDirectory"] = s.operation("InitResourceDirectory", s.handleInit, s.resource("", ""))
	maps.Copy(legacy, s.legacyOperations())
	maps.Copy(legacy, s.resourceGroupOperations())
	g.Register("ResourceManager", "2020-03-31", legacy)
	g.Register("ResourceDirectoryMaster", "2022-04-19", shared)
	g.Register("ResourceDirectoryMaster", "2022-04-19", s.masterOperations())
	g.Register("Sas", "2018-12-03", s.securityCenterOperations())
	g.Register("cloud-siem", "2022-06-16", s.threatAnalysisOperations())
}

func (s *Service) directoryOperations() map[string]gateway.Operation {
	type target struct{ kind, parameter string } // what the permission is asked on
	var (
		any     = target{}
		account = target{"account", "AccountId"}
		folder  = target{"folder", "FolderId"}
		parent  = target{"folder", "ParentFolderId"}
		shake   = target{"handshake", "HandshakeId"}
	)
	ops := map[string]gateway.Operation{}
	for action, op := range map[string]struct {
		on     target
		handle handler
	}{
		"EnableResourceDirectory":                      {any, s.handleEnable},
		"SendVerificationCodeForEnableRD":              {any, s.handleSendCode},
		"GetResourceDirectory":                         {any, s.handleGetDirectory},
		"DestroyResourceDirectory":                     {any, s.handleDestroy},
		"CreateFolder":                                 {parent, s.handleCreateFolder},
		"GetFolder":                                    {folder, s.handleGetFolder},
		"UpdateFolder":                                 {folder, s.handleUpdateFolder},
		"DeleteFolder":                                 {folder, s.handleDeleteFolder},
		"ListFoldersForParent":                         {parent, s.handleListFolders},
		"ListAncestors":                                {target{"folder", "ChildId"}, s.handleListAncestors},
		"CreateResourceAccount":                        {target{"account", ""}, s.handleCreateAccount},
		"GetAccount":                                   {account, s.handleGetAccount},
		"ListAccounts":                                 {target{"account", ""}, s.handleListAccounts},
		"ListAccountsForParent":                        {parent, s.handleListAccountsForParent},
		"MoveAccount":                                  {account, s.handleMoveAccount},
		"UpdateAccount":                                {account, s.handleUpdateAccount},
		"RemoveCloudAccount":                           {account, s.handleRemoveAccount},
		"SetMemberDeletionPermission":                  {any, s.handleSetDeletion},
		"CheckAccountDelete":                           {account, s.inOwned(s.handleCheckDelete)},
		"GetAccountDeletionCheckResult":                {account, s.inOwned(s.handleCheckResult)},
		"DeleteAccount":                                {account, s.handleDelete},
		"GetAccountDeletionStatus":                     {account, s.inOwned(s.handleDeletionStatus)},
		"ChangeAccountEmail":                           {account, s.inOwned(s.handleChangeEmail)},
		"RetryChangeAccountEmail":                      {account, s.inOwned(s.handleRetryEmail)},
		"CancelChangeAccountEmail":                     {account, s.inOwned(s.handleCancelEmail)},
		"GetPayerForAccount":                           {account, s.inOwned(s.handleGetPayer)},
		"BindSecureMobilePhone":                        {account, s.inOwned(s.handleBindPhone)},
		"SendVerificationCodeForBindSecureMobilePhone": {account, s.inOwned(s.handleSendBindCode)},
		"TagResources":                                 {any, s.inOwned(s.handleTag)},
		"UntagResources":                               {any, s.inOwned(s.handleUntag)},
		"ListTagResources":                             {any, s.inOwned(s.handleListTagResources)},
		"ListTagKeys":                                  {any, s.inOwned(s.handleListTagKeys)},
		"ListTagValues":                                {any, s.inOwned(s.handleListTagValues)},
		"InviteAccountToResourceDirectory":             {target{"handshake", ""}, s.handleInvite},
		"AcceptHandshake":                              {shake, s.handleAccept},
		"DeclineHandshake":                             {shake, s.handleDecline},
		"CancelHandshake":                              {shake, s.handleCancel},
		"GetHandshake":                                 {shake, s.handleGetHandshake},
		"ListHandshakesForAccount":                     {target{"handshake", ""}, s.handleListHandshakesForAccount},
		"ListHandshakesForResourceDirectory":           {target{"handshake", ""}, s.handleListHandshakesForDirectory},
		"RegisterDelegatedAdministrator":               {account, s.handleRegister},
		"DeregisterDelegatedAdministrator":             {account, s.handleDeregister},
		"ListDelegatedAdministrators":                  {target{"account", ""}, s.handleListDelegates},
		"ListDelegatedServicesForAccount":              {account, s.handleListDelegatedServices},
		"ListTrustedServiceStatus":                     {any, s.handleListTrusted},
	} {
		ops[action] = s.operation(action, op.handle, s.resource(op.on.kind, op.on.parameter))
	}
	return ops
}

// legacyOperations are those of ResourceManager 2020-03-31 alone.
func (s *Service) legacyOperations() map[string]gateway.Operation {
	ops := map[string]gateway.Operation{
		"PromoteResourceAccount": s.operation("PromoteResourceAccount", s.inOwned(s.handlePromote), s.resource("account", "AccountId")),
	}
	for action, handle := range map[string]func(*tree, *gateway.Call) (any, error){
		"CancelPromoteResourceAccount": s.handleCancelPromotion, "ResendPromoteResourceAccountEmail": s.handleResendPromotion,
	} {
		ops[action] = s.operation(action, s.inOwned(handle), s.resource("account", ""))
	}
	return ops
}

// masterOperations are those of ResourceDirectoryMaster 2022-04-19 alone. Contacts are resources of the kind
// messagecontact.
func (s *Service) masterOperations() map[string]gateway.Operation {
	ops := map[string]gateway.Operation{
		"UpdatePayerForAccount":                 s.operation("UpdatePayerForAccount", s.inOwned(s.handleUpdatePayer), s.resource("account", "AccountId")),
		"PrecheckForConsolidatedBillingAccount": s.operation("PrecheckForConsolidatedBillingAccount", s.inOwned(s.handlePrecheckPayer), s.resource("account", "")),
		"SetMemberDisplayNameSyncStatus":        s.operation("SetMemberDisplayNameSyncStatus", s.inOwned(s.handleSetNameSync), s.resource("", "")),
	}
	for action, handle := range map[string]func(*tree, *gateway.Call) (any, error){
		"AddMessageContact": s.handleAddContact, "GetMessageContact": s.handleGetContact, "ListMessageContacts": s.handleListContacts,
		"UpdateMessageContact": s.handleUpdateContact, "DeleteMessageContact": s.handleDeleteContact,
		"AssociateMembers": s.handleAssociate, "DisassociateMembers": s.handleDisassociate,
		"SendEmailVerificationForMessageContact": s.verify("EmailAddress", func(p *contact) string { return p.email }, func(p *contact) { p.emailOK = true }),
		"SendPhoneVerificationForMessageContact": s.verify("PhoneNumber", func(p *contact) string { return p.phone }, func(p *contact) { p.phoneOK = true }),
	} {
		ops[action] = s.operation(action, s.inOwned(handle), s.resource("messagecontact", "ContactId"))
	}
	return ops
}

// perSecond are the limits of accounts.md §7; the others are unknown.
var perSecond = map[string]int{"EnableResourceDirectory": 20, "CheckAccountDelete": 20}

// operation asks for resourcemanager:<action> on each of the resources.
func (s *Service) operation(action string, h handler, on ...func(*gateway.Call) string) gateway.Operation {
	return gateway.Operation{
		PerSecond: perSecond[action],
		Permissions: func(c *gateway.Call) []gateway.Permission {
			s.settle()
			var out []gateway.Permission
			for _, resource := range on {
				out = append(out, gateway.Permission{Action: "resourcemanager:" + action, Resource: resource(c)})
			}
			return out
		},
		Handle: func(_ context.Context, c *gateway.Call) (any, error) {
			if s.o.SerialWrites && !strings.HasPrefix(action, "Get") && !strings.HasPrefix(action, "List") {
				if err := s.enter(c.Caller.AccountID); err != nil {
					return nil, err
				}
				defer s.exit(c.Caller.AccountID)
			}
			return h(c)
		},
	}
}

// enter notes that a write of the account runs, unless one does already. HTTP status 409 is presumed by the accounts
// sheet, section 2.6.
func (s *Service) enter(accountID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writing[accountID] {
		return conflict("ConcurrentCallNotSupported", "Another write of the account %s is running. Try again later.", accountID)
	}
	s.writing[accountID] = true
	return nil
}

func (s *Service) exit(accountID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.writing, accountID)
}

// controlRoutes are the operations on control policies. Those that bind a policy to a target are asked for on both.
func (s *Service) controlRoutes() map[string]gateway.Operation {
	ops := map[string]gateway.Operation{}
	for action, handle := range s.controlOperations() {
		on := []func(*gateway.Call) string{s.controlResource}
		if action == "AttachControlPolicy" || action == "DetachControlPolicy" {
			on = append(on, s.targetResource)
		}
		ops[action] = s.operation(action, s.inOwned(handle), on...)
	}
	return ops
}

func (s *Service) controlResource(c *gateway.Call) string {
	return "acs:resourcemanager:*:" + c.Caller.AccountID + ":policy/controlpolicy/" + cmp.Or(c.Get("PolicyId"), "*")
}

// targetResource is the member or folder that TargetId names.
func (s *Service) targetResource(c *gateway.Call) string {
	kind := "account"
	if id := c.Get("TargetId"); strings.HasPrefix(id, "fd-") || strings.HasPrefix(id, "r-") {
		kind = "folder"
	}
	return s.resource(kind, "TargetId")(c)
}

// resource names what a permission is asked on: acs:resourcemanager:*:<account>:<kind>/<path or id>, with * for the
// path when the object is not known and for operations on the directory itself.
//
// Assumption: the account in the ARN is the caller's, also when a delegated administrator reads the directory of its
// management account.
func (s *Service) resource(kind, parameter string) func(*gateway.Call) string {
	return func(c *gateway.Call) string {
		arn := "acs:resourcemanager:*:" + c.Caller.AccountID + ":"
		if kind == "" {
			return arn + "*"
		}
		return arn + kind + "/" + s.relative(kind, c.Caller.AccountID, c.Get(parameter))
	}
}

func (s *Service) relative(kind, caller, id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if (kind == "handshake" || kind == "messagecontact") && id != "" {
		return id
	}
	t, err := s.readable(caller)
	if err != nil {
		return "*"
	}
	switch {
	case kind == "account" && t.members[id] != nil:
		return t.path(t.members[id].folder) + "/" + id
	case kind == "folder" && id == "":
		return t.path(t.rootID)
	case kind == "folder" && t.hasFolder(id):
		return t.path(id)
	}
	return "*"
}
