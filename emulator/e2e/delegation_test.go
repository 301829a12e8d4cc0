package e2e

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/directory"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/flow"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// delegation is what setup-delegation changes.
type delegation struct {
	Trusted        []string
	Administrators map[string]string // account and service
}

// delegation reads with the keys of the management account. Without a directory there is none.
func (c cloud) delegation(t *testing.T) delegation {
	t.Helper()
	rd := directory.New(c.as(accountA))
	out := delegation{Administrators: map[string]string{}}
	if _, err := rd.Get(t.Context()); soc.KindOf(err) == soc.NotFound {
		return out
	}
	trusted, err := rd.ListTrustedServiceStatus(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range trusted {
		out.Trusted = append(out.Trusted, s.Service)
		all, err := rd.ListDelegatedAdministrators(t.Context(), s.Service)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range all {
			out.Administrators[a.Account+" "+s.Service] = a.Since
		}
	}
	return out
}

// TestDelegationIsRefused runs setup-delegation where a prerequisite is not met: it says which and what to do, and
// changes nothing.
func TestDelegationIsRefused(t *testing.T) {
	t.Parallel()
	needFunctions(t)
	notMember := world(t, "example")
	notMember.Directory.Members = members
	stranger := world(t, "example")
	for i, a := range stranger.Accounts {
		if a.UID == accountB {
			stranger.Accounts[i].Enterprise = "Another Company Ltd."
		}
	}
	for name, tt := range map[string]struct {
		world                     emulator.World
		management, administrator string // whose keys deploy, and whose flow names whom
		reason                    []string
	}{
		"in another account": {
			world(t, "example"), accountB, accountC,
			[]string{"Account " + accountB + " is not the management account; " + accountA + " is.", "Run this flow in account " + accountA},
		},
		"no member": {
			notMember, accountA, accountB,
			[]string{"Account " + accountB + " is not a member of directory", "Invite the account"},
		},
		"no directory": {
			world(t, "empty"), accountA, accountB,
			[]string{"Account " + accountA + " is in no resource directory.", "Enable the resource directory"},
		},
		"another enterprise": {
			stranger, accountA, accountB,
			[]string{"Fenghuo Example Co., Ltd.", "Another Company Ltd.", "same enterprise"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, tt.world)
			c.deployInto(t, tt.management, tt.administrator, "roles-administrator", "roles-management", "delegate", "flow-setup-delegation")
			before := c.delegation(t)
			got := c.run(t, tt.management, "setup-delegation", map[string]any{"administrator": tt.administrator})
			if got.Status != flow.Failed || got.text("status") != "refused" {
				t.Errorf("the flow ended as %s", got.why)
			}
			for _, part := range tt.reason {
				if !strings.Contains(got.text("reason"), part) {
					t.Errorf("reason %q does not say %q", got.text("reason"), part)
				}
			}
			if d := cmp.Diff(before, c.delegation(t)); d != "" || len(before.Administrators) > 0 {
				t.Errorf("the refused flow changed the delegation (-before +after):\n%s", d)
			}
			if denied := c.IAM().Denied(); len(denied) > 0 {
				t.Errorf("the cloud denied %s on %s to %s: the checks themselves must be allowed", denied[0].Action, denied[0].Resource, denied[0].Caller)
			}
		})
	}
}

// TestDelegation shows that the flow delegates both services to B, that bad candidates are refused, and that running it
// again changes nothing.
func TestDelegation(t *testing.T) {
	t.Parallel()
	c := start(t, world(t, "example"))
	c.deploy(t, "roles-administrator", "roles-management", "delegate", "flow-setup-delegation")
	for name, tt := range map[string]struct {
		input  any
		reason string
	}{
		"management account": {map[string]any{"administrator": accountA}, "cannot be delegated to"},
		"short uid":          {map[string]any{"administrator": "11"}, "16"},
		"number":             {map[string]any{"administrator": 1100000000000002}, "administrator"},
		"missing":            {map[string]any{}, "16"},
		"unknown field":      {map[string]any{"account": accountB}, "account"},
	} {
		got := c.run(t, accountA, "setup-delegation", tt.input)
		if got.Status != flow.Failed || !strings.Contains(got.text("reason"), tt.reason) {
			t.Errorf("%s: the flow ended as %s", name, got.why)
		}
	}
	if got := c.delegation(t); len(got.Administrators) > 0 {
		t.Errorf("refused candidates became administrators: %v", got.Administrators)
	}
	c.run(t, accountA, "setup-delegation", map[string]any{"administrator": accountB}).must(t)
	first := c.delegation(t)
	for _, service := range []string{"sas.aliyuncs.com", "cloudsiem.sas.aliyuncs.com"} {
		if first.Administrators[accountB+" "+service] == "" {
			t.Errorf("B is no administrator of %s: %v", service, first.Administrators)
		}
	}
	if len(first.Administrators) != 2 {
		t.Errorf("administrators %v, want B for two services", first.Administrators)
	}
	c.run(t, accountA, "setup-delegation", map[string]any{"administrator": accountB}).must(t)
	if d := cmp.Diff(first, c.delegation(t)); d != "" {
		t.Errorf("the second run changed something (-first +second):\n%s", d)
	}
}
