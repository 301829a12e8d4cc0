package directory

import (
	"context"
	"slices"
	"strings"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// Service names of the service-linked roles of Security Center; accounts sheet, section 3.2.
const (
	roleSasRD     = "rd.sas.aliyuncs.com"
	roleCloudSiem = "cloudsiem.sas.aliyuncs.com"
)

func (s *Service) securityCenterOperations() map[string]gateway.Operation {
	return securityOperations(map[string]func(context.Context, *gateway.Call) (any, error){
		"EnableServiceAccessResourceDirectory": s.enableSecurityCenter,
		"ListAccountsInResourceDirectory":      s.listAccountsInDirectory,
		"DescribeMonitorAccounts":              s.describeMonitored,
		"CreateMonitorAccount":                 s.createMonitored,
		"DeleteMonitorAccount":                 s.deleteMonitored,
		"CreateServiceLinkedRole":              s.createLinkedRole,
		"DescribeServiceLinkedRoleStatus":      s.linkedRoleStatus,
	})
}

// securityOperations asks for yundun-sas:<Operation> on *, which covers sas and cloud-siem.
func securityOperations(handlers map[string]func(context.Context, *gateway.Call) (any, error)) map[string]gateway.Operation {
	ops := map[string]gateway.Operation{}
	for action, h := range handlers {
		ops[action] = gateway.Operation{
			Permissions: func(*gateway.Call) []gateway.Permission {
				return []gateway.Permission{{Action: "yundun-sas:" + action, Resource: "*"}}
			},
			Handle: h,
		}
	}
	return ops
}

func noPermission(format string, args ...any) error {
	return gateway.Errorf(403, "NoPermission", format, args...)
}

// switchOn gives a service trusted access to the directory of the calling management account.
func (s *Service) switchOn(c *gateway.Call, principal string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.directories[c.Caller.AccountID]
	switch {
	case t == nil && s.memberOf[c.Caller.AccountID] != nil:
		return noPermission("Only the management account may enable trusted access.")
	case t == nil:
		return gateway.Errorf(400, "EntityNotExists.ResourceDir", "The account %s has no resource directory.", c.Caller.AccountID)
	}
	if _, on := t.trusted[principal]; !on {
		t.trusted[principal] = s.o.Clock()
	}
	return nil
}

func (s *Service) enableSecurityCenter(_ context.Context, c *gateway.Call) (any, error) {
	return nil, s.switchOn(c, SecurityCenter())
}

// administered is the directory whose part of a service the caller manages. The caller holds the lock.
func (s *Service) administered(c *gateway.Call, principal string) (*tree, error) {
	id := c.Caller.AccountID
	for _, t := range []*tree{s.directories[id], s.memberOf[id]} {
		if t != nil && t.administers(principal, id) {
			return t, nil
		}
	}
	return nil, noPermission("The account %s neither manages the resource directory nor administers %s.", id, principal)
}

// listAccountsInDirectory lists the management account and every member.
//
// Assumption: an account is under the control of threat analysis (IsSiemControlAccount) when it has the service-linked
// role of threat analysis. SasVersion and BuySasNew are left out: their values are not documented.
func (s *Service) listAccountsInDirectory(_ context.Context, c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.administered(c, SecurityCenter())
	if err != nil {
		return nil, err
	}
	row := func(id, name, folder string) object {
		return object{
			"AccountId": id, "DisplayName": name, "FolderId": folder, "IsMaAccount": yesNo(id == t.master),
			"IsSasDaAccount": yesNo(t.isDelegate(SecurityCenter(), id)), "IsSiemDaAccount": yesNo(t.isDelegate(ThreatAnalysis(), id)),
			"IsSiemControlAccount": yesNo(s.o.Roles.HasServiceLinkedRole(id, roleCloudSiem)),
		}
	}
	list := []object{row(t.master, t.masterName, t.rootID)}
	for _, m := range t.sorted(func(*member) bool { return true }) {
		list = append(list, row(m.id, m.displayName, m.folder))
	}
	return object{"Accounts": list}, nil
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// describeMonitored lists the members the caller monitors; each owner has its own scope.
//
// Assumption: an entry of AccountIdInfos is {AccountId}.
func (s *Service) describeMonitored(_ context.Context, c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.administered(c, SecurityCenter())
	if err != nil {
		return nil, err
	}
	ids, infos := []string{}, []object{}
	for _, id := range t.monitored[c.Caller.AccountID] {
		ids, infos = append(ids, id), append(infos, object{"AccountId": id})
	}
	return object{"AccountIds": ids, "AccountIdInfos": infos}, nil
}

// createMonitored replaces the whole list and gives every new member its service-linked roles.
//
// Assumption: the two roles that a member gets are those of rd.sas.aliyuncs.com and cloudsiem.sas.aliyuncs.com.
func (s *Service) createMonitored(_ context.Context, c *gateway.Call) (any, error) {
	added, err := s.replaceMonitored(c, splitIDs(c.Get("AccountIds")))
	if err != nil {
		return nil, err
	}
	for _, id := range added {
		for _, role := range []string{roleSasRD, roleCloudSiem} {
			if err := s.o.Roles.EnsureServiceLinkedRole(id, role); err != nil {
				return nil, err
			}
		}
	}
	return nil, nil
}

func splitIDs(list string) []string {
	ids := strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (s *Service) replaceMonitored(c *gateway.Call, ids []string) (added []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.administered(c, SecurityCenter())
	if err != nil {
		return nil, err
	}
	owner := c.Caller.AccountID
	for _, id := range ids {
		if t.members[id] == nil {
			return nil, cannotMonitor("The account %s is not a member of the resource directory.", id)
		}
		for other, list := range t.monitored {
			if other != owner && slices.Contains(list, id) {
				return nil, cannotMonitor("The account %s is monitored by another administrator.", id)
			}
		}
		if !slices.Contains(t.monitored[owner], id) {
			added = append(added, id)
		}
	}
	t.monitored[owner] = ids
	return added, nil
}

// cannotMonitor refuses an account in CreateMonitorAccount.
//
// Assumption: the cloud's code is unknown; 400 InvalidParameter.AccountIds.
func cannotMonitor(format string, args ...any) error { return invalid("AccountIds", format, args...) }

func (s *Service) deleteMonitored(_ context.Context, c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.administered(c, SecurityCenter())
	if err != nil {
		return nil, err
	}
	id := c.Get("AccountId")
	if id == "" {
		return nil, missing("AccountId")
	}
	t.monitored[c.Caller.AccountID] = slices.DeleteFunc(slices.Clone(t.monitored[c.Caller.AccountID]), func(x string) bool { return x == id })
	return nil, nil
}
