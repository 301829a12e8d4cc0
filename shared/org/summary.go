package org

import (
	"encoding/json"
	"fmt"
)

// RoleSummary says in short who may take a role of a member and what it may do there.
type RoleSummary struct {
	Name       string   `json:"name"`
	TrustedBy  []string `json:"trusted_by"`  // roles that may take it
	ExternalID bool     `json:"external_id"` // they must show the directory's external id
	Grants     []Grant  `json:"grants"`
}

// Grant is one statement of a role's policies: what it may do, and on what.
type Grant struct {
	Actions   []string `json:"actions"`
	Resources []string `json:"resources"`
}

// SummariseRoles reads the role set of a member out of the template. The ExternalID of m is not used: a summary never
// shows one.
func SummariseRoles(body []byte, m Member) ([]RoleSummary, error) {
	m.ExternalID = "an-external-id-that-is-not-shown"
	set, err := MemberRoles(body, m)
	if err != nil {
		return nil, err
	}
	out := make([]RoleSummary, 0, len(set.Roles))
	for _, r := range set.Roles {
		s := RoleSummary{Name: r.Name}
		trust, err := policyLines(r.Trust)
		if err != nil {
			return nil, invalidTemplate("trust of role %s: %w", r.Name, err)
		}
		for _, t := range trust {
			s.TrustedBy = append(s.TrustedBy, t.Principal.RAM...)
			_, s.ExternalID = t.Condition["StringEquals"]["sts:ExternalId"]
		}
		for _, p := range r.Policies {
			list, err := policyLines(p.Document)
			if err != nil {
				return nil, invalidTemplate("policy %s: %w", p.Name, err)
			}
			for _, t := range list {
				s.Grants = append(s.Grants, Grant{t.Action, t.Resource})
			}
		}
		out = append(out, s)
	}
	return out, nil
}

type policyLine struct {
	Action, Resource texts
	Principal        struct{ RAM texts }
	Condition        map[string]map[string]any
}

// texts is one text or a list of them.
type texts []string

// UnmarshalJSON reads either form.
func (t *texts) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*t = texts{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(t))
}

func policyLines(document string) ([]policyLine, error) {
	var d struct{ Statement []policyLine }
	if err := json.Unmarshal([]byte(document), &d); err != nil {
		return nil, fmt.Errorf("read statements: %w", err)
	}
	return d.Statement, nil
}
