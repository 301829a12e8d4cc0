package products_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	sdk "github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fenghuo-soc/fenghuo/emulator/products"
)

// rpc makes a call with the official SDK, as an administrator or, with user weak, as somebody without permissions.
func (w *world) rpc(product, version, user, action string, params ...string) (map[string]any, string) {
	w.t.Helper()
	policies := []string{"AdministratorAccess"}
	if user == "weak" {
		policies = nil
	}
	client, err := sdk.NewClientWithOptions("cn-hangzhou", sdk.NewConfig().WithScheme("HTTP"), w.credential(uidC, user, policies...))
	if err != nil {
		w.t.Fatal(err)
	}
	r := requests.NewCommonRequest()
	r.Product, r.Version, r.ApiName, r.Scheme, r.Method, r.Domain = product, version, action, "HTTP", "POST", w.domain
	for i := 0; i < len(params); i += 2 {
		r.QueryParams[params[i]] = params[i+1]
	}
	answer, err := client.ProcessCommonRequest(r)
	if err != nil {
		return nil, code(err)
	}
	var out map[string]any
	if err := json.Unmarshal([]byte(answer.GetHttpContentString()), &out); err != nil {
		w.t.Fatal(err)
	}
	return out, ""
}

func (w *world) ecs(user, action string, params ...string) (map[string]any, string) {
	w.t.Helper()
	return w.rpc("Ecs", "2014-05-26", user, action, params...)
}

// newECS has two groups in one VPC, one in another, and an instance.
func newECS(t *testing.T) *world {
	w := newWorld(t)
	w.SeedSecurityGroup(uidC, "sg-web", "web", "vpc-1")
	w.SeedSecurityGroup(uidC, "sg-quarantine", "quarantine", "vpc-1")
	w.SeedSecurityGroup(uidC, "sg-far", "far", "vpc-2")
	w.SeedInstance(uidC, "i-1", "vpc-1", "sg-web")
	return w
}

var ssh = []string{"IpProtocol", "tcp", "PortRange", "22/22", "SourceCidrIp", "203.0.113.7", "Policy", "drop", "Priority", "1"}

func with(params []string, more ...string) []string {
	return append(append([]string{"SecurityGroupId", "sg-web"}, params...), more...)
}

func TestSecurityGroupRules(t *testing.T) {
	t.Parallel()
	w := newECS(t)
	for range 2 { // the second changes nothing
		if _, e := w.ecs("admin", "AuthorizeSecurityGroup", with(ssh)...); e != "" {
			t.Fatal(e)
		}
	}
	if _, e := w.ecs("admin", "AuthorizeSecurityGroup", "SecurityGroupId", "sg-web", "Permissions.1.IpProtocol", "ALL", "Permissions.1.PortRange", "-1/-1",
		"Permissions.1.SourceCidrIp", "198.51.100.0/24", "Permissions.2.IpProtocol", "UDP", "Permissions.2.PortRange", "53/53", "Permissions.2.Ipv6SourceCidrIp", "2001:db8::/32"); e != "" {
		t.Fatal(e)
	}
	want := []products.GroupRule{
		{Protocol: "TCP", Ports: "22/22", CIDR: "203.0.113.7", Policy: "Drop", Priority: 1, NicType: "intranet"},
		{Protocol: "ALL", Ports: "-1/-1", CIDR: "198.51.100.0/24", Policy: "Accept", Priority: 1, NicType: "intranet"},
		{Protocol: "UDP", Ports: "53/53", CIDR6: "2001:db8::/32", Policy: "Accept", Priority: 1, NicType: "intranet"},
	}
	if d := cmp.Diff(want, w.SecurityGroups(uidC)[0].Rules, cmpopts.IgnoreFields(products.GroupRule{}, "ID", "Created")); d != "" {
		t.Errorf("rules (-want +got):\n%s", d)
	}
	out, e := w.ecs("admin", "DescribeSecurityGroupAttribute", "SecurityGroupId", "sg-web")
	if e != "" {
		t.Fatal(e)
	}
	list := out["Permissions"].(map[string]any)["Permission"].([]any)
	first := list[0].(map[string]any)
	if len(list) != 3 || first["SourceCidrIp"] != "203.0.113.7" || first["Policy"] != "Drop" || out["VpcId"] != "vpc-1" {
		t.Errorf("described %v", out)
	}
	if _, e := w.ecs("admin", "RevokeSecurityGroup", "SecurityGroupId", "sg-web", "SecurityGroupRuleId.1", first["SecurityGroupRuleId"].(string)); e != "" {
		t.Error(e)
	}
	for range 2 { // the second finds nothing, which is no error
		if _, e := w.ecs("admin", "RevokeSecurityGroup", "SecurityGroupId", "sg-web", "IpProtocol", "all", "PortRange", "-1/-1", "SourceCidrIp", "198.51.100.0/24"); e != "" {
			t.Error(e)
		}
	}
	if left := w.SecurityGroups(uidC)[0].Rules; len(left) != 1 || left[0].Protocol != "UDP" {
		t.Errorf("left %+v", left)
	}
}

func TestSecurityGroupErrors(t *testing.T) {
	t.Parallel()
	w := newECS(t)
	for name, tt := range map[string]struct {
		user, action string
		params       []string
		code         string
	}{
		"nobody's group":    {"admin", "AuthorizeSecurityGroup", append([]string{"SecurityGroupId", "sg-x"}, ssh...), "404 InvalidSecurityGroupId.NotFound"},
		"no group":          {"admin", "AuthorizeSecurityGroup", ssh, "400 MissingSecurityGroupId"},
		"no permission":     {"weak", "AuthorizeSecurityGroup", with(ssh), "403 Forbidden.RAM"},
		"protocol":          {"admin", "AuthorizeSecurityGroup", with(nil, "IpProtocol", "sctp", "PortRange", "1/1", "SourceCidrIp", "10.0.0.0/8"), "400 InvalidIpProtocol.ValueNotSupported"},
		"ports":             {"admin", "AuthorizeSecurityGroup", with(nil, "IpProtocol", "tcp", "PortRange", "22", "SourceCidrIp", "10.0.0.0/8"), "400 InvalidIpPortRange.Malformed"},
		"ports of icmp":     {"admin", "AuthorizeSecurityGroup", with(nil, "IpProtocol", "icmp", "PortRange", "1/2", "SourceCidrIp", "10.0.0.0/8"), "400 InvalidIpPortRange.Malformed"},
		"source":            {"admin", "AuthorizeSecurityGroup", with(nil, "IpProtocol", "tcp", "PortRange", "1/2", "SourceCidrIp", "10.0.0.0/99"), "400 InvalidSourceCidrIp.Malformed"},
		"no source":         {"admin", "AuthorizeSecurityGroup", with(nil, "IpProtocol", "tcp", "PortRange", "1/2"), "400 InvalidParameter.SourceCidrIp"},
		"two sources":       {"admin", "AuthorizeSecurityGroup", with(ssh, "SourceGroupId", "sg-far"), "400 InvalidParameter.SourceCidrIp"},
		"policy":            {"admin", "AuthorizeSecurityGroup", with(ssh[:6], "Policy", "reject"), "400 InvalidPolicy.Malformed"},
		"priority":          {"admin", "AuthorizeSecurityGroup", with(ssh[:6], "Priority", "101"), "400 InvalidPriority.Malformed"},
		"both forms":        {"admin", "AuthorizeSecurityGroup", with(ssh, "Permissions.1.IpProtocol", "tcp"), "400 InvalidParameter.Permissions"},
		"no such rule":      {"admin", "RevokeSecurityGroup", with(nil, "SecurityGroupRuleId.1", "sgr-x"), "404 InvalidSecurityGroupRuleId.NotFound"},
		"other VPC":         {"admin", "JoinSecurityGroup", []string{"SecurityGroupId", "sg-far", "InstanceId", "i-1"}, "400 InvalidInstanceId.Mismatch"},
		"member already":    {"admin", "JoinSecurityGroup", []string{"SecurityGroupId", "sg-web", "InstanceId", "i-1"}, "403 InvalidInstanceId.AlreadyExists"},
		"no such instance":  {"admin", "JoinSecurityGroup", []string{"SecurityGroupId", "sg-web", "InstanceId", "i-2"}, "404 InvalidInstanceId.NotFound"},
		"network interface": {"admin", "JoinSecurityGroup", []string{"SecurityGroupId", "sg-web", "NetworkInterfaceId", "eni-2"}, "400 InvalidParameter.NetworkInterfaceId"},
		"the last group":    {"admin", "LeaveSecurityGroup", []string{"SecurityGroupId", "sg-web", "InstanceId", "i-1"}, "403 InstanceLastSecurityGroup"},
		"no member":         {"admin", "LeaveSecurityGroup", []string{"SecurityGroupId", "sg-quarantine", "InstanceId", "i-1"}, "404 InvalidSecurityGroupAssociation.NotFound"},
		"may not stop":      {"weak", "StopInstance", []string{"InstanceId", "i-1"}, "403 Forbidden.RAM"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, e := w.ecs(tt.user, tt.action, tt.params...); e != tt.code {
				t.Errorf("%q, want %q", e, tt.code)
			}
		})
	}
	if left := w.SecurityGroups(uidC)[0].Rules; len(left) != 0 {
		t.Errorf("a refused call left %+v", left)
	}
}

func TestRulesAreLimited(t *testing.T) {
	t.Parallel()
	w := newECS(t)
	params := []string{"SecurityGroupId", "sg-web"}
	for n := 1; n <= 200; n++ {
		p := fmt.Sprintf("Permissions.%d.", n)
		params = append(params, p+"IpProtocol", "tcp", p+"PortRange", fmt.Sprintf("%d/%d", n, n), p+"SourceCidrIp", "10.0.0.0/8")
	}
	if _, e := w.ecs("admin", "AuthorizeSecurityGroup", params...); e != "" {
		t.Fatal(e)
	}
	if _, e := w.ecs("admin", "AuthorizeSecurityGroup", with(ssh)...); e != "403 AuthorizationLimitExceed" {
		t.Errorf("rule 201: %q", e)
	}
}

// TestIsolation plays how a server is isolated: into the quarantine group, out of its own, and stopped.
func TestIsolation(t *testing.T) {
	t.Parallel()
	w := newECS(t)
	for _, c := range [][]string{
		{"JoinSecurityGroup", "SecurityGroupId", "sg-quarantine", "InstanceId", "i-1"},
		{"LeaveSecurityGroup", "SecurityGroupId", "sg-web", "InstanceId", "i-1"},
		{"StopInstance", "InstanceId", "i-1", "DryRun", "true"},
		{"StopInstance", "InstanceId", "i-1"},
	} {
		if _, e := w.ecs("admin", c[0], c[1:]...); e != "" {
			t.Fatalf("%s: %s", c[0], e)
		}
	}
	want := []products.Instance{{ID: "i-1", VPC: "vpc-1", Status: "Stopped", Groups: []string{"sg-quarantine"}}}
	if d := cmp.Diff(want, w.Instances(uidC)); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if _, e := w.ecs("admin", "StopInstance", "InstanceId", "i-1"); e != "403 IncorrectInstanceStatus" {
		t.Errorf("stopped twice: %q", e)
	}
	if out, e := w.ecs("admin", "CreateSecurityGroup", "RegionId", "cn-hangzhou", "VpcId", "vpc-1"); e != "" || !strings.HasPrefix(out["SecurityGroupId"].(string), "sg-") {
		t.Errorf("a new group: %v %s", out, e)
	}
}

func (w *world) sas(user, action string, params ...string) (map[string]any, string) {
	w.t.Helper()
	return w.rpc("Sas", "2018-12-03", user, action, params...)
}

func TestSecurityEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for id := range int64(3) {
		w.SeedSuspEvent(uidC, products.SuspEvent{ID: id + 1, Name: "WEBSHELL", Level: "serious", InstanceID: "i-1"})
	}
	out, e := w.sas("admin", "DescribeSuspEvents", "Dealed", "N", "Levels", "serious,suspicious", "PageSize", "2")
	if e != "" || out["TotalCount"] != 3.0 || out["Count"] != 2.0 || out["SuspEvents"].([]any)[0].(map[string]any)["SecurityEventIds"] != "3" {
		t.Fatalf("%v %s", out, e)
	}
	later := fmt.Sprint(time.Now().Add(time.Hour).UnixMilli())
	for _, c := range [][]string{
		{"block_ip", "1", `{"expireTime":` + later + `}`, "32"},
		{"kill_and_quara", "2", `{"subOperation":"killAndQuaraFileByMd5andPath"}`, "32"},
		{"advance_mark_mis_info", "3", "", "8"},
		{"ignore", "3", "", "2"},
	} {
		out, e := w.sas("admin", "HandleSecurityEvents", "OperationCode", c[0], "SecurityEventIds.1", c[1], "OperationParams", c[2])
		if e != "" || out["HandleSecurityEventsResponse"].(map[string]any)["TaskId"] == nil {
			t.Errorf("%s: %v %s", c[0], out, e)
		}
		out, e = w.sas("admin", "DescribeSuspEvents", "Status", c[3], "Id", c[1])
		if e != "" || out["TotalCount"] != 1.0 {
			t.Errorf("%s: event %s does not have status %s: %v %s", c[0], c[1], c[3], out, e)
		}
	}
	events := w.SuspEvents(uidC)
	if h := events[0].Handled; h == nil || h.Operation != "block_ip" || h.TaskID == 0 || events[2].Handled.Operation != "ignore" {
		t.Errorf("events %+v", events)
	}
	for name, tt := range map[string]struct {
		user   string
		params []string
		code   string
	}{
		"no permission":   {"weak", []string{"OperationCode", "ignore", "SecurityEventIds.1", "1"}, "403 Forbidden.RAM"},
		"no operation":    {"admin", []string{"SecurityEventIds.1", "1"}, "400 MissingOperationCode"},
		"which operation": {"admin", []string{"OperationCode", "explode", "SecurityEventIds.1", "1"}, "400 InvalidParameter.OperationCode"},
		"no event":        {"admin", []string{"OperationCode", "ignore"}, "400 MissingSecurityEventIds"},
		"foreign event":   {"admin", []string{"OperationCode", "ignore", "SecurityEventIds.1", "9"}, "400 InvalidParameter.SecurityEventIds"},
		"no parameters":   {"admin", []string{"OperationCode", "block_ip", "SecurityEventIds.1", "1"}, "400 MissingOperationParams"},
		"past expiry":     {"admin", []string{"OperationCode", "block_ip", "SecurityEventIds.1", "1", "OperationParams", `{"expireTime":1}`}, "400 InvalidParameter.OperationParams"},
		"sub-operation":   {"admin", []string{"OperationCode", "kill_and_quara", "SecurityEventIds.1", "1", "OperationParams", `{"subOperation":"x"}`}, "400 InvalidParameter.OperationParams"},
	} {
		if _, e := w.sas(tt.user, "HandleSecurityEvents", tt.params...); e != tt.code {
			t.Errorf("%s: %q, want %q", name, e, tt.code)
		}
	}
	if _, e := w.sas("admin", "DescribeSuspEvents", "ClusterId", "x"); e != "400 InvalidParameter.ClusterId" {
		t.Errorf("an unknown filter: %q", e)
	}
}
