package iam

import (
	"slices"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// attachments are the policies attached to one role, user or group, in order of attachment.
type attachments struct{ list []attachment }

type attachment struct {
	policy *policy
	at     time.Time
}

// documents returns the default version of each policy.
func (a *attachments) documents() []*document {
	out := make([]*document, len(a.list))
	for i, x := range a.list {
		out[i] = x.policy.current().doc
	}
	return out
}

func (a *attachments) index(p *policy) int {
	return slices.IndexFunc(a.list, func(x attachment) bool { return x.policy == p })
}

func (a *attachments) count(kind string) (n int) {
	for _, x := range a.list {
		if x.policy.kind == kind {
			n++
		}
	}
	return n
}

// ensure attaches system policies that are not attached yet.
func (a *attachments) ensure(names []string, now time.Time) error {
	for _, name := range names {
		p := systemPolicies[name]
		if p == nil {
			return notExist("Policy", name)
		}
		if a.index(p) < 0 {
			a.list = append(a.list, attachment{p, now})
		}
	}
	return nil
}

// holder is a role, user or group that policies can be attached to. entity is its name in error codes.
type holder struct {
	entity, name string
	attached     *attachments
}

// attach adds a policy; entity names of errors follow the holder: EntityAlreadyExists.Role.Policy.
//
// Assumption: users and groups have the attachment quotas of roles; only those of roles are documented.
func (s *Service) attach(a *account, h holder, c *gateway.Call) (any, error) {
	p, err := a.attachable(c)
	if err != nil {
		return nil, err
	}
	limit := s.limits.CustomAttached
	if p.kind == "System" {
		limit = s.limits.SystemAttached
	}
	switch {
	case h.attached.index(p) >= 0:
		return nil, alreadyExists(h.entity+".Policy", p.name)
	case h.attached.count(p.kind) >= limit:
		return nil, limitExceeded(h.entity+".Policy", limit)
	}
	h.attached.list = append(h.attached.list, attachment{p, c.Now})
	return nil, nil
}

func (s *Service) detach(a *account, h holder, c *gateway.Call) (any, error) {
	p, err := a.attachable(c)
	if err != nil {
		return nil, err
	}
	i := h.attached.index(p)
	if i < 0 {
		return nil, notExist(h.entity+".Policy", p.name)
	}
	h.attached.list = slices.Delete(h.attached.list, i, i+1)
	return nil, nil
}

func listAttached(h holder) any {
	list := make([]fields, len(h.attached.list))
	for i, x := range h.attached.list {
		list[i] = x.policy.view()
		list[i]["AttachDate"] = timestamp(x.at)
	}
	return fields{"Policies": fields{"Policy": list}}
}

// attachable finds the policy that PolicyType and PolicyName mean.
func (a *account) attachable(c *gateway.Call) (*policy, error) {
	name, err := named(c, "PolicyName", policyName, 128)
	if err != nil {
		return nil, err
	}
	var p *policy
	switch c.Get("PolicyType") {
	case "System":
		p = systemPolicies[name]
	case "Custom":
		p = a.policies[name]
	case "":
		return nil, gateway.Missing("PolicyType")
	default:
		return nil, unknownPolicyType()
	}
	if p == nil {
		return nil, notExist("Policy", name)
	}
	return p, nil
}

// holders lists every role, user and group that has the policy, by name.
func (a *account) holders(p *policy) (roles []*role, users []*user, groups []*group) {
	for _, name := range sortedKeys(a.roles) {
		if r := a.roles[name]; r.attached.index(p) >= 0 {
			roles = append(roles, r)
		}
	}
	for _, name := range sortedKeys(a.users) {
		if u := a.users[name]; u.attached.index(p) >= 0 {
			users = append(users, u)
		}
	}
	for _, name := range sortedKeys(a.groups) {
		if g := a.groups[name]; g.attached.index(p) >= 0 {
			groups = append(groups, g)
		}
	}
	return roles, users, groups
}
