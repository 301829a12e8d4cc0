package products_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// TestECSCanBeInspected: what calls did to groups and instances shows in what describes them.
func TestECSCanBeInspected(t *testing.T) {
	t.Parallel()
	w := newECS(t)
	groups := func(params ...string) (out []string) {
		t.Helper()
		list, e := w.ecs("admin", "DescribeSecurityGroups", params...)
		if e != "" {
			t.Fatal(e)
		}
		for _, v := range list["SecurityGroups"].(map[string]any)["SecurityGroup"].([]any) {
			g := v.(map[string]any)
			out = append(out, fmt.Sprintf("%s %s rules %v instances %v", g["SecurityGroupId"], g["VpcId"], g["RuleCount"], g["EcsCount"]))
		}
		return out
	}
	instances := func(params ...string) (out []string) {
		t.Helper()
		list, e := w.ecs("admin", "DescribeInstances", params...)
		if e != "" {
			t.Fatal(e)
		}
		for _, v := range list["Instances"].(map[string]any)["Instance"].([]any) {
			i := v.(map[string]any)
			out = append(out, fmt.Sprintf("%s %s %v", i["InstanceId"], i["Status"], i["SecurityGroupIds"].(map[string]any)["SecurityGroupId"]))
		}
		return out
	}
	want := func(what string, got, want []string) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", what, diff)
		}
	}
	do := func(action, code string, params ...string) {
		t.Helper()
		if _, e := w.ecs("admin", action, params...); e != code {
			t.Errorf("%s: %q, want %q", action, e, code)
		}
	}
	want("groups", groups(), []string{"sg-web vpc-1 rules 0 instances 1", "sg-quarantine vpc-1 rules 0 instances 0", "sg-far vpc-2 rules 0 instances 0"})
	want("instances", instances(), []string{"i-1 Running [sg-web]"})
	do("AuthorizeSecurityGroup", "", with(ssh)...)
	do("JoinSecurityGroup", "", "SecurityGroupId", "sg-quarantine", "InstanceId", "i-1")
	do("LeaveSecurityGroup", "", "SecurityGroupId", "sg-web", "InstanceId", "i-1")
	do("StartInstance", "403 IncorrectInstanceStatus", "InstanceId", "i-1")
	do("StopInstance", "", "InstanceId", "i-1")
	do("StopInstance", "403 IncorrectInstanceStatus", "InstanceId", "i-1")
	want("groups of the VPC", groups("VpcId", "vpc-1"), []string{"sg-web vpc-1 rules 1 instances 0", "sg-quarantine vpc-1 rules 0 instances 1"})
	want("groups by id", groups("SecurityGroupIds", `["sg-far","sg-none"]`), []string{"sg-far vpc-2 rules 0 instances 0"})
	want("one page", groups("PageNumber", "2", "PageSize", "2"), []string{"sg-far vpc-2 rules 0 instances 0"})
	want("stopped", instances("Status", "Stopped", "SecurityGroupId", "sg-quarantine"), []string{"i-1 Stopped [sg-quarantine]"})
	want("running", instances("Status", "Running"), nil)
	want("by id", instances("InstanceIds", `["i-2"]`), nil)
	do("StartInstance", "", "InstanceId", "i-1")
	want("started", instances("InstanceIds", `["i-1"]`), []string{"i-1 Running [sg-quarantine]"})
	do("DescribeInstances", "400 InvalidParameter.InstanceIds", "InstanceIds", "i-1")
	do("DescribeInstances", "400 InvalidParameter.NextToken", "NextToken", "x")
	do("DescribeSecurityGroups", "400 InvalidParameter.FuzzyQuery", "FuzzyQuery", "true")
	do("DescribeSecurityGroups", "400 InvalidParameter.PageSize", "PageSize", "101")
}

// TestClientTokens: a repeated request is answered as the first one and does nothing; another request with the token is
// refused; a request that failed may be sent again.
func TestClientTokens(t *testing.T) {
	t.Parallel()
	w := newECS(t)
	create := func(params ...string) (string, string) {
		out, e := w.ecs("admin", "CreateSecurityGroup", params...)
		id, _ := out["SecurityGroupId"].(string)
		return id, e
	}
	first, e := create("VpcId", "vpc-1", "ClientToken", "one")
	again, e2 := create("VpcId", "vpc-1", "ClientToken", "one")
	other, e3 := create("VpcId", "vpc-1", "ClientToken", "two")
	if e+e2+e3 != "" || first == "" || first != again || first == other {
		t.Errorf("groups %q, %q, %q; %s%s%s", first, again, other, e, e2, e3)
	}
	if got := len(w.SecurityGroups(uidC)); got != 5 {
		t.Errorf("%d groups, want 5", got)
	}
	if _, e := create("VpcId", "vpc-2", "ClientToken", "one"); e != "400 IdempotentParameterMismatch" {
		t.Errorf("another request with the token: %q", e)
	}
	if _, e := create("ClientToken", strings.Repeat("x", 65)); e != "400 InvalidParameter.ClientToken" {
		t.Errorf("a long token: %q", e)
	}
	// The repeated rule does not come back after it was revoked.
	token := with(ssh, "ClientToken", "rule")
	for _, action := range []string{"AuthorizeSecurityGroup", "RevokeSecurityGroup", "AuthorizeSecurityGroup"} {
		if _, e := w.ecs("admin", action, token...); e != "" {
			t.Fatal(e)
		}
	}
	if rules := w.SecurityGroups(uidC)[0].Rules; len(rules) != 0 {
		t.Errorf("rules: %+v", rules)
	}
	bad := []string{"SecurityGroupId", "sg-web", "IpProtocol", "tcp", "ClientToken", "bad"}
	for range 2 {
		if _, e := w.ecs("admin", "AuthorizeSecurityGroup", bad...); e != "400 MissingPortRange" {
			t.Errorf("a request that fails: %q", e)
		}
	}
}

// TestEveryOperationNeedsPermission walks all operations of the products.
func TestEveryOperationNeedsPermission(t *testing.T) {
	t.Parallel()
	w := newECS(t)
	g := gateway.New(gateway.Options{})
	w.Register(g)
	for _, line := range g.Actions() {
		f := strings.Fields(line)
		if _, e := w.rpc(f[0], f[1], "weak", f[2]); e != "403 Forbidden.RAM" {
			t.Errorf("%s without permission: %q", line, e)
		}
	}
}
