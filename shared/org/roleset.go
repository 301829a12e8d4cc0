package org

import (
	"maps"
	"slices"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Role is a RAM role as the template describes it. Trust and the documents of its policies are JSON.
type Role struct {
	Name        string
	Description string
	Trust       string
	Policies    []Policy
}

// Policy is a custom policy that belongs to one role.
type Policy struct {
	Name     string
	Document string
}

// ServiceRole is a service-linked role (accounts.md §3.2).
type ServiceRole struct{ Name, Service string }

// ServiceRoles returns the two service-linked roles that the product adds to each member: one lets the delegated
// administrator of Security Center reach the member, the other belongs to threat analysis. Neither can be assumed by us.
func ServiceRoles() []ServiceRole {
	return []ServiceRole{
		{"AliyunServiceRoleForSasRd", "rd.sas.aliyuncs.com"},
		{"AliyunServiceRoleForSasCloudSiem", "cloudsiem.sas.aliyuncs.com"},
	}
}

// RoleSet is what one member must carry: Roles are there, Absent are not.
type RoleSet struct {
	Service []ServiceRole
	Roles   []Role // sorted by name
	Absent  []Role // ours, but not wanted now; sorted by name
}

// Member says for whom a role set is rendered. Every field but Response is required.
type Member struct {
	Account       string // uid of the member
	Administrator string // uid of the delegated administrator
	Management    string // uid of the management account
	ExternalID    string
	Response      bool // playbooks may act
}

// MemberRoles renders the member part of the project's template. Its error is of kind Invalid.
func MemberRoles(body []byte, m Member) (RoleSet, error) {
	for _, uid := range []string{m.Account, m.Administrator, m.Management} {
		if !ValidUID(uid) {
			return RoleSet{}, &soc.Error{Kind: soc.Invalid, Op: "render member roles", Resource: uid, Err: errUID, Next: nextUID}
		}
	}
	wanted, err := memberRoles(body, m)
	if err != nil {
		return RoleSet{}, err
	}
	every := m
	every.Response = true
	all, err := memberRoles(body, every)
	if err != nil {
		return RoleSet{}, err
	}
	set := RoleSet{Service: ServiceRoles(), Roles: wanted}
	for _, r := range all {
		if !slices.ContainsFunc(wanted, func(w Role) bool { return w.Name == r.Name }) {
			set.Absent = append(set.Absent, r)
		}
	}
	return set, nil
}

func memberRoles(body []byte, m Member) ([]Role, error) {
	response := "false"
	if m.Response {
		response = "true"
	}
	roles, others, err := renderRoles(body, map[string]string{
		"AccountKind": string(soc.MemberAccount), "AdministratorAccountId": m.Administrator,
		"ManagementAccountId": m.Management, "ExternalId": m.ExternalID, "Response": response,
	}, map[string]string{"ALIYUN::AccountId": m.Account})
	if err != nil {
		return nil, err
	}
	if len(others) > 0 {
		return nil, invalidTemplate("resource %s: a member gets roles and nothing else", others[0])
	}
	if len(roles) == 0 {
		return nil, invalidTemplate("the template has no role for a member")
	}
	return roles, nil
}

// AdministratorRoles renders the roles that the template makes in the administrator account of a region. Its error is of
// kind Invalid.
func AdministratorRoles(body []byte, administrator, management, region string) ([]Role, error) {
	roles, _, err := renderRoles(body, map[string]string{
		"AccountKind": string(soc.AdministratorAccount), "AdministratorAccountId": administrator, "ManagementAccountId": management,
		"ExternalId": "no-role-of-this-account-shows-it",
	}, map[string]string{"ALIYUN::AccountId": administrator, "ALIYUN::Region": region})
	return roles, err
}

// renderRoles renders the active roles of a template and names the active resources that are not roles.
func renderRoles(body []byte, params, pseudo map[string]string) (roles []Role, others []string, err error) {
	t, err := parseTemplate(body, params, pseudo)
	if err != nil {
		return nil, nil, err
	}
	active, err := t.active()
	if err != nil {
		return nil, nil, err
	}
	byName := map[string]Role{}
	for _, name := range active {
		if t.Resources[name].Type != roleType {
			others = append(others, name)
			continue
		}
		r, err := t.role(name)
		if err != nil {
			return nil, nil, err
		}
		if _, twice := byName[r.Name]; twice {
			return nil, nil, invalidTemplate("role %s stands twice", r.Name)
		}
		byName[r.Name] = r
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		roles = append(roles, byName[name])
	}
	return roles, others, nil
}
