package iam

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// Grant is one action that the policies attached to a role allow on one resource pattern, both as written. Except are
// the actions that a statement with NotAction leaves out, joined by spaces; its Action is "*".
type Grant struct {
	Account, Role, Policy    string
	Action, Except, Resource string
}

// Covers tells whether the grant allows an action on a resource, conditions aside.
func (g Grant) Covers(action, resource string) bool {
	action = strings.ToLower(action)
	return wildcard(strings.ToLower(g.Action), action) && !anyWildcard(strings.Fields(strings.ToLower(g.Except)), action) &&
		wildcard(normaliseARN(g.Resource), normaliseARN(resource))
}

// Grants lists what the policies of an account allow its roles, sorted by role. Roles of services are left out, and so are
// statements that deny.
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
			for _, st := range readGrants(x.policy.current().text) {
				st.Account, st.Role, st.Policy = accountID, r.name, x.policy.name
				out = append(out, st)
			}
		}
	}
	slices.SortFunc(out, func(a, b Grant) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Action, b.Action), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Except, b.Except))
	})
	return out
}

// readGrants reads a policy that was checked when it was stored.
func readGrants(text string) []Grant {
	var doc struct {
		Statement []struct {
			Effect                      string
			Action, NotAction, Resource json.RawMessage
		}
	}
	if json.Unmarshal([]byte(text), &doc) != nil {
		return nil
	}
	var out []Grant
	for _, st := range doc.Statement {
		resources, err := oneOrMore(st.Resource, "")
		if st.Effect != "Allow" || err != nil {
			continue
		}
		actions, except := []string{"*"}, ""
		if st.NotAction == nil {
			actions, err = oneOrMore(st.Action, "")
		} else {
			var left []string
			left, err = oneOrMore(st.NotAction, "")
			except = strings.Join(left, " ")
		}
		if err != nil {
			continue
		}
		for _, action := range actions {
			for _, resource := range resources {
				out = append(out, Grant{Action: action, Except: except, Resource: resource})
			}
		}
	}
	return out
}
