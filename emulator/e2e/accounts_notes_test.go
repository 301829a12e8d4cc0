package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/directory"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/flow"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/cloud/ram"
	"github.com/fenghuo-soc/fenghuo/shared/store"
)

// TestProductNotesOnDelegation: each note of the product about delegation (soc.md A5) is a test of its name.
func TestProductNotesOnDelegation(t *testing.T) {
	t.Parallel()
	w := crowd(t, 11)
	c := start(t, w)
	c.deploy(t, "roles-administrator", "roles-management", "delegate", "flow-setup-delegation", "flow-remove-delegation")
	rd := directory.New(c.as(accountA))
	const sas, siem = "sas.aliyuncs.com", "cloudsiem.sas.aliyuncs.com"
	services := func(t *testing.T, uid string) []string {
		t.Helper()
		var out []string
		for k := range c.delegation(t).Administrators {
			if s, ok := strings.CutPrefix(k, uid+" "); ok {
				out = append(out, s)
			}
		}
		slices.Sort(out)
		return out
	}
	both := []string{siem, sas}
	other := fmt.Sprintf("12%014d", 0)
	for _, part := range []struct {
		note string
		test func(t *testing.T)
	}{
		{"the delegated administrator must be a member of the resource directory", func(t *testing.T) {
			got := c.run(t, accountA, "setup-delegation", map[string]any{"administrator": "1100000000000009"})
			if got.Status != flow.Failed || !strings.Contains(got.text("reason"), "is not a member of directory") {
				t.Errorf("the flow ended as %s", got.why)
			}
		}},
		{"a Security Center administrator also becomes administrator of threat analysis", func(t *testing.T) {
			c.run(t, accountA, "setup-delegation", map[string]any{"administrator": accountB}).must(t)
			if d := cmp.Diff(both, services(t, accountB)); d != "" {
				t.Error(d)
			}
		}},
		{"both delegations are taken back together", func(t *testing.T) {
			c.run(t, accountA, "remove-delegation", map[string]any{"administrator": accountB}).must(t)
			if got := services(t, accountB); len(got) > 0 {
				t.Errorf("left: %v", got)
			}
			c.run(t, accountA, "remove-delegation", map[string]any{"administrator": accountB}).must(t)
		}},
		{"half a delegation is completed", func(t *testing.T) {
			for _, half := range both {
				if err := rd.RegisterDelegatedAdministrator(t.Context(), accountB, half); err != nil {
					t.Fatal(err)
				}
				c.run(t, accountA, "setup-delegation", map[string]any{"administrator": accountB}).must(t)
				if d := cmp.Diff(both, services(t, accountB)); d != "" {
					t.Errorf("from %s alone: %s", half, d)
				}
				if err := rd.DeregisterDelegatedAdministrator(t.Context(), accountB, half); err != nil {
					t.Fatal(err)
				}
				c.run(t, accountA, "remove-delegation", map[string]any{"administrator": accountB}).must(t)
				if got := services(t, accountB); len(got) > 0 {
					t.Errorf("half of it was left: %v", got)
				}
			}
		}},
		{"at most ten delegated administrators", func(t *testing.T) {
			for i := range 10 {
				c.run(t, accountA, "setup-delegation", map[string]any{"administrator": fmt.Sprintf("12%014d", i)}).must(t)
			}
			got := c.run(t, accountA, "setup-delegation", map[string]any{"administrator": accountB})
			if got.Status != flow.Failed || !strings.Contains(got.text("reason"), "has 10 of at most 10") || len(services(t, accountB)) > 0 {
				t.Errorf("the eleventh: %s", got.why)
			}
			c.run(t, accountA, "setup-delegation", map[string]any{"administrator": other}).must(t) // it is one of the ten
			c.run(t, accountA, "remove-delegation", map[string]any{"administrator": other}).must(t)
			c.run(t, accountA, "setup-delegation", map[string]any{"administrator": accountB}).must(t)
		}},
		{"the management account cannot be delegated to", func(t *testing.T) {
			got := c.run(t, accountA, "setup-delegation", map[string]any{"administrator": accountA})
			if got.Status != flow.Failed || !strings.Contains(got.text("reason"), "cannot be delegated to") {
				t.Errorf("the flow ended as %s", got.why)
			}
		}},
	} {
		if !t.Run(part.note, part.test) {
			return
		}
	}
}

// memberParameters are those of the member part of template.yaml.
func memberParameters(form map[string]string, response bool) map[string]string {
	for i, p := range [][2]string{
		{"AccountKind", "member"},
		{"AdministratorAccountId", accountB},
		{"ManagementAccountId", accountA},
		{"ExternalId", externalID},
		{"Response", fmt.Sprint(response)},
	} {
		form[fmt.Sprintf("Parameters.%d.ParameterKey", i+1)], form[fmt.Sprintf("Parameters.%d.ParameterValue", i+1)] = p[0], p[1]
	}
	return form
}

func (c cloud) ros(t *testing.T, uid, action string, form map[string]string, out any) {
	t.Helper()
	form["RegionId"] = c.World().Region
	if err := c.as(uid).Do(t.Context(), openapi.Request{Product: "ROS", Version: "2019-09-10", Action: action, Host: "ros.aliyuncs.com", Form: form}, out); err != nil {
		t.Fatal(err)
	}
}

// deployStackGroup deploys the member part of template.yaml as a stack group of the management account.
func (c cloud) deployStackGroup(t *testing.T, uids ...string) {
	t.Helper()
	if err := c.Directory().Trust(accountA, "ros.aliyuncs.com"); err != nil {
		t.Fatal(err)
	}
	c.ros(t, accountA, "CreateStackGroup", memberParameters(map[string]string{
		"StackGroupName": "fenghuo", "PermissionModel": "SERVICE_MANAGED",
		"AutoDeployment": `{"Enabled":false}`, "TemplateBody": readRoot(t, "template.yaml"),
	}, false), nil)
	targets, err := json.Marshal(map[string]any{"AccountIds": uids})
	if err != nil {
		t.Fatal(err)
	}
	var op struct {
		OperationId         string
		StackGroupOperation struct{ Status string }
	}
	c.ros(t, accountA, "CreateStackInstances", map[string]string{"StackGroupName": "fenghuo", "RegionIds": `["` + c.World().Region + `"]`, "DeploymentTargets": string(targets)}, &op)
	eventually(t, patience, "the end of the operation", func() bool {
		c.ros(t, accountA, "GetStackGroupOperation", map[string]string{"OperationId": op.OperationId}, &op)
		return op.StackGroupOperation.Status != "RUNNING"
	})
	var list struct {
		StackInstances []struct{ AccountId, Status, StatusReason string }
	}
	c.ros(t, accountA, "ListStackInstances", map[string]string{"StackGroupName": "fenghuo", "PageSize": "50"}, &list)
	if op.StackGroupOperation.Status != "SUCCEEDED" || len(list.StackInstances) != len(uids) {
		t.Fatalf("the stack group: %+v, %+v", op, list)
	}
}

// deployMember deploys the member part of template.yaml as a stack, as the member's owner does alone.
func (c cloud) deployMember(t *testing.T, uid string, response bool) {
	t.Helper()
	var stack struct{ StackId string }
	c.ros(t, uid, "CreateStack", memberParameters(map[string]string{"StackName": "fenghuo-member", "TemplateBody": readRoot(t, "template.yaml")}, response), &stack)
	eventually(t, patience, "the stack of "+uid, func() bool {
		var s struct{ Status, StatusReason string }
		c.ros(t, uid, "GetStack", map[string]string{"StackId": stack.StackId}, &s)
		if strings.HasSuffix(s.Status, "FAILED") {
			t.Fatalf("%s: %s", s.Status, s.StatusReason)
		}
		return s.Status == "CREATE_COMPLETE"
	})
}

// TestProductNotesOnScopeAndRoles: each note of the product about scope and roles (soc.md A5) is a test of its name. Its
// parts build on each other.
func TestProductNotesOnScopeAndRoles(t *testing.T) {
	t.Parallel()
	c := start(t, world(t, "example"))
	c.deploy(t, append([]string{"collect"}, accountFunctions...)...)
	const alice = "acs:ram::" + accountA + ":user/alice"
	c.run(t, accountA, "setup-delegation", map[string]any{"administrator": accountB, "by": alice}).must(t)
	db := c.open(t)
	logstores := func() string { return fmt.Sprint(c.logstores(t, accountC), c.logstores(t, accountD)) }
	before := logstores()
	for _, part := range []struct {
		note string
		test func(t *testing.T)
	}{
		{"adding a member adds two service-linked roles in it", func(t *testing.T) {
			c.run(t, accountB, "onboard-accounts", map[string]any{"accounts": []string{accountC}}).must(t)
			if d := cmp.Diff([]string{"AliyunServiceRoleForSasCloudSiem", "AliyunServiceRoleForSasRd", "fenghuo-collector"}, names(c.roles(t, accountC))); d != "" {
				t.Error(d)
			}
		}},
		{"three ways in have one result", func(t *testing.T) {
			c.deployMember(t, accountD, false)
			mine := c.roles(t, accountD)
			if len(mine) != 1 {
				t.Errorf("the member's own stack made %v", names(mine))
			}
			c.run(t, accountB, "onboard-accounts", map[string]any{"accounts": []string{accountD}}).must(t)
			a, err := db.Account(t.Context(), accountD)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range a.Roles {
				if r.Name == "fenghuo-collector" && r.State != "unchanged" {
					t.Errorf("the broker had to change the role that the template made: %+v", r)
				}
			}
			c.deployStackGroup(t, accountE)
			want := c.collectorOf(t, accountC)
			for way, uid := range map[string]string{"the owner's stack": accountD, "the stack group": accountE} {
				if d := cmp.Diff(want, c.collectorOf(t, uid)); d != "" {
					t.Errorf("by the broker and by %s (-broker +other):\n%s", way, d)
				}
			}
		}},
		{"a member belongs to one administrator at a time", func(t *testing.T) {
			// D plays another administrator, whose function the collector role of E trusts.
			d, api := ram.New(c.as(accountD)), ram.New(c.as(accountE))
			if err := errors.Join(api.DetachPolicyFromRole(t.Context(), ram.Custom, "fenghuo-collector", "fenghuo-collector"), api.DeletePolicy(t.Context(), "fenghuo-collector"),
				api.DeleteRole(t.Context(), "fenghuo-collector")); err != nil {
				t.Fatal(err)
			}
			if _, err := d.CreateRole(t.Context(), "fenghuo-collect", `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":["fc.aliyuncs.com"]}}]}`, "", 0); err != nil {
				t.Fatal(err)
			}
			if _, err := api.CreateRole(t.Context(), "fenghuo-collector", `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::`+accountD+`:role/fenghuo-collect"]}}]}`, "", 0); err != nil {
				t.Fatal(err)
			}
			got := c.run(t, accountB, "onboard-accounts", map[string]any{"accounts": []string{accountE}})
			if !strings.Contains(fmt.Sprint(got.Output), "the member belongs to administrator "+accountD) {
				t.Errorf("the flow ended as %s", got.why)
			}
			if have := names(c.roles(t, accountE)); !slices.Equal(have, []string{"fenghuo-collector"}) {
				t.Errorf("the refused run left %v", have)
			}
			if err := api.DeleteRole(t.Context(), "fenghuo-collector"); err != nil {
				t.Fatal(err)
			}
			c.run(t, accountB, "onboard-accounts", map[string]any{"accounts": []string{accountE}}).must(t)
		}},
		{"the total monitored accounts are those in scope", func(t *testing.T) {
			c.monitored(t, accountB, accountC, accountD, accountE)
		}},
		{"a delegated administrator sees only its own scope", func(t *testing.T) {
			rd := directory.New(c.as(accountA))
			if err := rd.RegisterDelegatedAdministrator(t.Context(), accountD, "sas.aliyuncs.com"); err != nil {
				t.Fatal(err)
			}
			c.monitored(t, accountD)
			if err := directory.New(c.as(accountD)).SetMonitored(t.Context(), []string{accountC}); err == nil {
				t.Error("D takes over a member that B monitors")
			}
			c.monitored(t, accountB, accountC, accountD, accountE)
			c.follow(t)
			if err := rd.DeregisterDelegatedAdministrator(t.Context(), accountD, "sas.aliyuncs.com"); err != nil {
				t.Fatal(err)
			}
			c.follow(t)
			// The flows of A cannot write into B's trail: B writes down what it sees.
			trail, err := db.SearchAudit(t.Context(), store.AuditQuery{Action: "delegation.change"})
			if err != nil || len(trail) != 3 || !strings.Contains(trail[1].After, accountD) || trail[0].Before != trail[1].After || strings.Contains(trail[0].After, accountD) {
				t.Errorf("the trail of delegations: %+v, %v", trail, err)
			}
			if !strings.HasPrefix(trail[2].Actor, alice) || trail[1].Actor != "management account "+accountA {
				t.Errorf("who changed delegations, by the flow and by hand: %+v", trail)
			}
			if err := directory.New(c.as(accountB)).TagMember(t.Context(), accountB, directory.Tag{Key: "fenghuo-delegation-by", Value: "by another"}); err == nil {
				t.Error("an administrator can write a note of the management account")
			}
		}},
		{"members keep their own data and configuration", func(t *testing.T) {
			input := integration("increment", []string{"recommended"}, []string{"*"}, "")
			input["by"] = "carol"
			c.run(t, accountB, "apply-integration", input).must(t)
			if trail, err := db.SearchAudit(t.Context(), store.AuditQuery{Action: "policies.apply", Actor: "carol"}); err != nil || len(trail) != 3 {
				t.Errorf("carol applied policies to three accounts: %+v, %v", trail, err)
			}
			written := c.write(t, 5, 300)
			delete(written, accountE)
			c.awaitRecords(t, db, map[string]int{accountC: 1})
			if after := logstores(); after != before {
				t.Errorf("the members' projects changed:\n%s\n%s", before, after)
			}
			for action := range c.IAM().Used("acs:ram::" + accountC + ":role/fenghuo-collector") {
				if !strings.HasPrefix(action, "log:Get") && !strings.HasPrefix(action, "log:List") {
					t.Errorf("in C the SOC used %s", action)
				}
			}
		}},
		{"the administrator cannot open a member's log analysis", func(t *testing.T) {
			_, err := c.project(accountB, "wafnew-project-"+accountC+"-cn-hangzhou").Cursor(t.Context(), "wafnew-logstore", 0, "begin")
			denied(t, "the operator of B reads C", err)
		}},
		{"roles that are missing are made again without removing the member", func(t *testing.T) {
			c.driftAndRepair(t, db)
		}},
		{"removing and adding a member makes its roles again", func(t *testing.T) {
			c.run(t, accountB, "remove-accounts", map[string]any{"accounts": []string{accountC}}).must(t)
			if have := names(c.roles(t, accountC)); slices.Contains(have, "fenghuo-collector") {
				t.Errorf("after removal: %v", have)
			}
			c.monitored(t, accountB, accountD, accountE)
			receipts, err := db.Receipts(t.Context(), accountC)
			if err != nil || len(receipts) != 1 || len(receipts[0].Kept) < 4 {
				t.Fatalf("receipt %+v, %v", receipts, err)
			}
			for _, k := range receipts[0].Kept {
				if strings.Contains(k.Where, "Logstore stream") && k.Until.Sub(receipts[0].LeftAt).Round(time.Hour) != 7*24*time.Hour {
					t.Errorf("collected logs are kept until %v", k.Until)
				}
			}
			eventually(t, patience, "the end of the service-linked roles", func() bool {
				c.onboard(t, map[string]any{"operation": "follow"}, new(any))
				if receipts, err = db.Receipts(t.Context(), accountC); err != nil {
					t.Fatal(err)
				}
				return !receipts[0].Open()
			})
			if have := c.roles(t, accountC); len(have) > 0 {
				t.Errorf("roles left in C: %v", names(have))
			}
			c.run(t, accountB, "onboard-accounts", map[string]any{"accounts": []string{accountC}}).must(t)
			if got := len(c.roles(t, accountC)); got != 3 {
				t.Errorf("%d roles after adding C again", got)
			}
		}},
		{"members of the management account are visible to it only", func(t *testing.T) {
			for _, uid := range []string{accountA, accountB} {
				if got := c.run(t, accountB, "onboard-accounts", map[string]any{"accounts": []string{uid}}); got.Status != flow.Failed || !strings.Contains(got.text("reason"), "not taken into scope") {
					t.Errorf("%s: %s", uid, got.why)
				}
			}
		}},
	} {
		if !t.Run(part.note, part.test) {
			return
		}
	}
}

// monitored checks which members Security Center monitors for an administrator.
func (c cloud) monitored(t *testing.T, administrator string, want ...string) {
	t.Helper()
	have, err := directory.New(c.as(administrator)).Monitored(t.Context())
	slices.Sort(have)
	if err != nil || !slices.Equal(have, want) {
		t.Errorf("%s monitors %v, %v; want %v", administrator, have, err, want)
	}
}

// logstores are the projects and Logstores of an account.
func (c cloud) logstores(t *testing.T, uid string) []string {
	t.Helper()
	var out []string
	for _, a := range c.World().Accounts {
		if a.UID != uid {
			continue
		}
		for _, l := range a.Logstores {
			names, err := c.project(uid, l.Project).ListLogstores(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, l.Project+fmt.Sprint(names))
		}
	}
	return out
}

// collectorOf is the collector role of an account without the account's own uid and what differs by time.
func (c cloud) collectorOf(t *testing.T, uid string) map[string]string {
	t.Helper()
	api := ram.New(c.as(uid))
	role, err := api.GetRole(t.Context(), "fenghuo-collector")
	if err != nil {
		t.Fatal(err)
	}
	policies, err := api.ListPoliciesForRole(t.Context(), "fenghuo-collector")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{"trust": plain(role.TrustPolicy)}
	for _, p := range policies {
		full, err := api.GetPolicy(t.Context(), p.Type, p.Name)
		if err != nil {
			t.Fatal(err)
		}
		out[p.Type+" "+p.Name] = strings.ReplaceAll(plain(full.Document), uid, "<member>")
	}
	return out
}
