package org

import (
	"slices"
	"strings"
	"testing"
)

// TestSummaryKeepsWhatBelongsTogether: the owner of a member must not read that playbooks may change keys everywhere.
func TestSummaryKeepsWhatBelongsTogether(t *testing.T) {
	t.Parallel()
	const uid = "1100000000000003"
	roles, err := SummariseRoles(templateBytes(t), Member{Account: uid, Administrator: "1100000000000002", Management: "1100000000000001", Response: true})
	if err != nil || len(roles) != 2 {
		t.Fatalf("%+v, %v", roles, err)
	}
	keys := 0
	for _, r := range roles {
		if !r.ExternalID || len(r.TrustedBy) == 0 || len(r.Grants) == 0 {
			t.Errorf("role %+v", r)
		}
		for _, g := range r.Grants {
			if len(g.Actions) == 0 || len(g.Resources) == 0 {
				t.Errorf("%s: %+v", r.Name, g)
			}
			if slices.Contains(g.Actions, "ram:UpdateAccessKey") {
				if keys++; !slices.Equal(g.Resources, []string{"acs:ram:*:" + uid + ":user/*"}) || slices.ContainsFunc(g.Actions, func(a string) bool { return !strings.HasPrefix(a, "ram:") }) {
					t.Errorf("keys: %+v", g)
				}
			}
		}
	}
	if keys != 1 {
		t.Errorf("%d grants on keys in %+v", keys, roles)
	}
}
