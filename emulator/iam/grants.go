package iam

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// Grant is one action that the policies attached to a role allow on one resource pattern, both as written.
type Grant struct {
	Account, Role, Policy string
	Action, Resource      string
}

// Covers tells whether the grant allows an action on a resource, conditions aside.
func (g Grant) Covers(action, resource string) bool {
	return wildcard(strings.ToLower(g.Action), strings.ToLower(action)) && wildcard(normaliseARN(g.Resource), normaliseARN(resource))
}

// Grants lists what the custom policies of an account allow its roles, sorted by role. Roles of services are left out,
// and so are statements that deny or say NotAction.
func (s *Service) Grants(accountID string) []Grant {
	s.mu.RLock()
	defer s.mu.RUnlock()
	a := s.accounts[accountID]
	if a == nil {
		return nil
	}
	var out []Grant
	for _, r := range a.roles {
		if r.serviceName != "" {
			continue
		}
		for _, x := range r.attached.list {
			if x.policy.kind != "Custom" {
				continue
			}
			for _, st := range readGrants(x.policy.current().text) {
				st.Account, st.Role, st.Policy = accountID, r.name, x.policy.name
				out = append(out, st)
			}
		}
	}
	slices.SortFunc(out, func(a, b Grant) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Action, b.Action), cmp.Compare(a.Resource, b.Resource))
	})
	return out
}

// readGrants reads a policy that was checked when it was stored.
func readGrants(text string) []Grant {
	var doc struct {
		Statement []struct {
			Effect           string
			Action, Resource json.RawMessage
		}
	}
	if json.Unmarshal([]byte(text), &doc) != nil {
		return nil
	}
	var out []Grant
	for _, st := range doc.Statement {
		actions, err := oneOrMore(st.Action, "")
		resources, rerr := oneOrMore(st.Resource, "")
		if st.Effect != "Allow" || err != nil || rerr != nil {
			continue
		}
		for _, action := range actions {
			for _, resource := range resources {
				out = append(out, Grant{Action: action, Resource: resource})
			}
		}
	}
	return out
}
