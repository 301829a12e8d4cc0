package iam

import (
	"slices"
	"time"
	"unicode/utf8"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// policy is a system or custom policy with its versions.
type policy struct {
	kind, name, description string // kind: System, Custom
	versions                []*version
	defaultID               string
	last                    int // number of the newest version
	created, updated        time.Time
}

type version struct {
	id, text string
	doc      *document
	created  time.Time
}

func (p *policy) version(id string) *version {
	i := slices.IndexFunc(p.versions, func(v *version) bool { return v.id == id })
	if i < 0 {
		return nil
	}
	return p.versions[i]
}

func (p *policy) current() *version { return p.version(p.defaultID) }

// view leaves the dates of system policies out, which are not known.
func (p *policy) view() fields {
	v := fields{"PolicyName": p.name, "PolicyType": p.kind, "Description": p.description, "DefaultVersion": p.defaultID}
	if p.kind == "Custom" {
		v["CreateDate"], v["UpdateDate"] = timestamp(p.created), timestamp(p.updated)
	}
	return v
}

func (p *policy) viewVersion(v *version, withText bool) fields {
	out := fields{"VersionId": v.id, "IsDefaultVersion": v.id == p.defaultID}
	if p.kind == "Custom" {
		out["CreateDate"] = timestamp(v.created)
	}
	if withText {
		out["PolicyDocument"] = v.text
	}
	return out
}

// document reads and checks PolicyDocument.
func (s *Service) document(c *gateway.Call) (string, *document, error) {
	text := c.Get("PolicyDocument")
	if text == "" {
		return "", nil, gateway.Missing("PolicyDocument")
	}
	if utf8.RuneCountInString(text) > s.limits.PolicyLength {
		return "", nil, invalid("PolicyDocument.Length", "The length of PolicyDocument must be at most %d characters.", s.limits.PolicyLength)
	}
	d, err := parsePolicy(text, identityPolicy)
	if err != nil {
		return "", nil, malformedDocument("PolicyDocument", err)
	}
	return text, d, nil
}

func (s *Service) createPolicy(a *account, c *gateway.Call) (any, error) {
	name, err := named(c, "PolicyName", policyName, 128)
	if err != nil {
		return nil, err
	}
	body, doc, err := s.document(c)
	if err != nil {
		return nil, err
	}
	description, err := text(c, "Description", "Description", 1024)
	if err != nil {
		return nil, err
	}
	switch {
	case a.policies[name] != nil:
		return nil, alreadyExists("Policy", name)
	case len(a.policies) >= s.limits.Policies:
		return nil, limitExceeded("Policy", s.limits.Policies)
	}
	p := &policy{
		kind: "Custom", name: name, description: description, defaultID: "v1", last: 1, created: c.Now, updated: c.Now,
		versions: []*version{{id: "v1", text: body, doc: doc, created: c.Now}},
	}
	a.policies[name] = p
	return fields{"Policy": p.view()}, nil
}

// custom finds the custom policy that PolicyName means.
func (a *account) custom(c *gateway.Call) (*policy, error) {
	name, err := named(c, "PolicyName", policyName, 128)
	if err != nil {
		return nil, err
	}
	if a.policies[name] == nil {
		return nil, notExist("Policy", name)
	}
	return a.policies[name], nil
}

// deletePolicy deletes a policy without attachments and with one version; with CascadingDelete it may have
// more.
//
// Assumption: a policy still attached to a role is DeleteConflict.Policy.Role, by analogy with …Policy.User.
func (s *Service) deletePolicy(a *account, c *gateway.Call) (any, error) {
	p, err := a.custom(c)
	if err != nil {
		return nil, err
	}
	roles, users, groups := a.holders(p)
	switch {
	case len(users) > 0:
		return nil, deleteConflict("Policy.User", p.name)
	case len(roles) > 0:
		return nil, deleteConflict("Policy.Role", p.name)
	case len(groups) > 0:
		return nil, deleteConflict("Policy.Group", p.name)
	case len(p.versions) > 1 && c.Get("CascadingDelete") != "true":
		return nil, deleteConflict("Policy.Version", p.name)
	}
	delete(a.policies, p.name)
	return nil, nil
}

func (s *Service) getPolicy(a *account, c *gateway.Call) (any, error) {
	p, err := a.attachable(c)
	if err != nil {
		return nil, err
	}
	view := p.view()
	view["PolicyDocument"] = p.current().text
	return fields{"Policy": view, "DefaultPolicyVersion": p.viewVersion(p.current(), true)}, nil
}

func (s *Service) listPolicies(a *account, c *gateway.Call) (any, error) {
	var all []*policy
	kind := c.Get("PolicyType")
	if kind != "" && kind != "System" && kind != "Custom" {
		return nil, unknownPolicyType()
	}
	if kind != "Custom" {
		for _, name := range sortedKeys(systemPolicies) {
			all = append(all, systemPolicies[name])
		}
	}
	if kind != "System" {
		for _, name := range sortedKeys(a.policies) {
			all = append(all, a.policies[name])
		}
	}
	return page(c, all, "Policies", "Policy", func(p *policy) fields {
		view := p.view()
		roles, users, groups := a.holders(p)
		view["AttachmentCount"] = len(roles) + len(users) + len(groups)
		return view
	})
}

func (s *Service) listEntitiesForPolicy(a *account, c *gateway.Call) (any, error) {
	p, err := a.attachable(c)
	if err != nil {
		return nil, err
	}
	roles, users, groups := a.holders(p)
	groupViews := make([]fields, len(groups))
	for i, g := range groups {
		groupViews[i] = g.view()
		groupViews[i]["AttachDate"] = timestamp(g.attached.list[g.attached.index(p)].at)
	}
	roleViews, userViews := make([]fields, len(roles)), make([]fields, len(users))
	for i, r := range roles {
		roleViews[i] = r.view()
		roleViews[i]["AttachDate"] = timestamp(r.attached.list[r.attached.index(p)].at)
	}
	for i, u := range users {
		userViews[i] = u.view()
		userViews[i]["AttachDate"] = timestamp(u.attached.list[u.attached.index(p)].at)
	}
	return fields{"Groups": fields{"Group": groupViews}, "Users": fields{"User": userViews}, "Roles": fields{"Role": roleViews}}, nil
}
