package products_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	sdk "github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/cloudfw"
	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
	"github.com/fenghuo-soc/fenghuo/emulator/iam"
	"github.com/fenghuo-soc/fenghuo/emulator/products"
)

const (
	uidC     = "1100000000000003"
	uidE     = "1100000000000005" // has neither product
	instance = "waf_v3prepaid_public_cn-4xl0000003"
)

type world struct {
	*products.Service
	t      *testing.T
	iam    *iam.Service
	domain string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Service: products.New(products.Options{}), t: t, iam: iam.New(iam.Options{Seed: "products"})}
	for _, uid := range []string{uidC, uidE} {
		if err := w.iam.CreateAccount(uid, "a"+uid); err != nil {
			t.Fatal(err)
		}
	}
	w.SeedWAF(uidC, instance)
	w.SeedCloudFirewall(uidC)
	g := gateway.New(gateway.Options{Credentials: w.iam, Authorizer: w.iam})
	w.Register(g)
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	w.domain = strings.TrimPrefix(server.URL, "http://")
	return w
}

func (w *world) credential(uid, user string, policies ...string) *credentials.AccessKeyCredential {
	key, secret := w.iam.SeedUser(uid, user, policies...)
	return credentials.NewAccessKeyCredential(key, secret)
}

// waf calls WAF and returns the answer, or status and code of the error.
func (w *world) waf(uid, user, action string, params ...string) (map[string]any, string) {
	w.t.Helper()
	policies := []string{"AdministratorAccess"}
	if user == "weak" {
		policies = nil
	}
	client, err := sdk.NewClientWithOptions("cn-hangzhou", sdk.NewConfig().WithScheme("HTTP"), w.credential(uid, user, policies...))
	if err != nil {
		w.t.Fatal(err)
	}
	r := requests.NewCommonRequest()
	r.Product, r.Version, r.ApiName, r.Scheme, r.Method, r.Domain = "waf-openapi", "2021-10-01", action, "HTTP", "POST", w.domain
	for i := 0; i < len(params); i += 2 {
		r.QueryParams[params[i]] = params[i+1]
	}
	answer, err := client.ProcessCommonRequest(r)
	if err != nil {
		return nil, code(err)
	}
	d := json.NewDecoder(strings.NewReader(answer.GetHttpContentString()))
	d.UseNumber()
	var out map[string]any
	if err := d.Decode(&out); err != nil {
		w.t.Fatal(err)
	}
	return out, ""
}

func code(err error) string {
	var e *sdkerrors.ServerError
	if errors.As(err, &e) {
		return fmt.Sprintf("%d %s", e.HttpStatus(), e.ErrorCode())
	}
	return fmt.Sprint(err)
}

// template makes a template for black lists and returns its id.
func (w *world) template(name, kind string) string {
	w.t.Helper()
	out, e := w.waf(uidC, "admin", "CreateDefenseTemplate", "InstanceId", instance, "TemplateName", name, "TemplateType", kind,
		"TemplateStatus", "1", "TemplateOrigin", "custom", "DefenseScene", "ip_blacklist")
	if e != "" {
		w.t.Fatal(e)
	}
	return string(out["TemplateId"].(json.Number))
}

func TestWAFBlocksAndUnblocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out, e := w.waf(uidC, "admin", "DescribeInstance")
	if e != "" || out["InstanceId"] != instance {
		t.Fatalf("instance = %v %s", out, e)
	}
	template := w.template("fenghuo", "user_default")
	made, e := w.waf(uidC, "admin", "CreateDefenseRule", "InstanceId", instance, "TemplateId", template, "DefenseScene", "ip_blacklist", "Rules",
		`[{"name":"one","remoteAddr":["203.0.113.7","198.51.100.0/24"],"action":"block","status":1},{"name":"two","remoteAddr":["2001:db8::1"],"action":"monitor"},{"name":"three","remoteAddr":["192.0.2.1"],"action":"block","status":0}]`)
	if e != "" {
		t.Fatal(e)
	}
	ids := strings.Split(made["RuleIds"].(string), ",")
	want := []products.Block{{Product: "waf", ID: ids[0], IP: "198.51.100.0/24", Name: "one"}, {Product: "waf", ID: ids[0], IP: "203.0.113.7", Name: "one"}}
	if diff := cmp.Diff(want, w.BlockedIPs(uidC)); diff != "" {
		t.Error(diff)
	}
	list, _ := w.waf(uidC, "admin", "DescribeDefenseRules", "InstanceId", instance, "Query", `{"scene":"ip_blacklist","templateId":`+template+`}`, "PageSize", "2")
	if rules := list["Rules"].([]any); len(rules) != 2 || list["TotalCount"] != json.Number("3") || !strings.Contains(rules[0].(map[string]any)["Config"].(string), `"remoteAddr":["203.0.113.7"`) {
		t.Errorf("rules = %v", list)
	}
	if _, e := w.waf(uidC, "admin", "DeleteDefenseRule", "InstanceId", instance, "TemplateId", template, "RuleIds", ids[1]+",42"); e != "400 Defense.Control.DefenseRuleNotExist" {
		t.Errorf("delete with an unknown rule: %s", e)
	}
	if _, e := w.waf(uidC, "admin", "DeleteDefenseRule", "InstanceId", instance, "TemplateId", template, "RuleIds", ids[0]); e != "" {
		t.Fatal(e)
	}
	if got := w.BlockedIPs(uidC); len(got) != 0 {
		t.Errorf("still blocked: %v", got)
	}
	list, _ = w.waf(uidC, "admin", "DescribeDefenseRules", "InstanceId", instance)
	if list["TotalCount"] != json.Number("2") {
		t.Errorf("rules left = %v", list)
	}
}

func TestWAFTemplatesThatProtectNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	template := w.template("custom", "user_custom")
	if _, e := w.waf(uidC, "admin", "CreateDefenseRule", "InstanceId", instance, "TemplateId", template, "DefenseScene", "ip_blacklist",
		"Rules", `[{"name":"x","remoteAddr":["203.0.113.7"],"action":"block"}]`); e != "" {
		t.Fatal(e)
	}
	if got := w.BlockedIPs(uidC); len(got) != 0 {
		t.Errorf("a template without protected objects blocks %v", got)
	}
	w.template("default", "user_default")
	list, _ := w.waf(uidC, "admin", "DescribeDefenseTemplates", "InstanceId", instance, "DefenseScene", "ip_blacklist", "TemplateType", "user_default")
	if got := list["Templates"].([]any); len(got) != 1 || got[0].(map[string]any)["TemplateName"] != "default" {
		t.Errorf("templates = %v", list)
	}
}

func TestWAFErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	template := w.template("fenghuo", "user_default")
	rule := func(text string) []string {
		return []string{"InstanceId", instance, "TemplateId", template, "DefenseScene", "ip_blacklist", "Rules", text}
	}
	for _, tt := range []struct {
		name, uid, user, action, want string
		params                        []string
	}{
		{"no permission", uidC, "weak", "CreateDefenseRule", "403 Forbidden.RAM", rule(`[]`)},
		{"no WAF", uidE, "admin", "CreateDefenseRule", "400 InvalidParameter.InstanceId", rule(`[]`)},
		{"no instance", uidC, "admin", "DescribeDefenseRules", "400 MissingInstanceId", nil},
		{"other scene", uidC, "admin", "CreateDefenseRule", "400 InvalidParameter.DefenseScene", []string{"InstanceId", instance, "DefenseScene", "cc", "Rules", "[]"}},
		{"no template", uidC, "admin", "CreateDefenseRule", "400 MissingTemplateId", []string{"InstanceId", instance, "DefenseScene", "ip_blacklist", "Rules", "[]"}},
		{"unknown template", uidC, "admin", "CreateDefenseRule", "400 Defense.Control.DefenseTemplateNotExist", []string{"InstanceId", instance, "TemplateId", "7", "DefenseScene", "ip_blacklist", "Rules", "[]"}},
		{"empty rules", uidC, "admin", "CreateDefenseRule", "400 InvalidParameter.Rules", rule(`[]`)},
		{"no address", uidC, "admin", "CreateDefenseRule", "400 InvalidParameter.Rules", rule(`[{"name":"a","remoteAddr":["example.com"],"action":"block"}]`)},
		{"bad action", uidC, "admin", "CreateDefenseRule", "400 InvalidParameter.Rules", rule(`[{"name":"a","remoteAddr":["192.0.2.1"],"action":"drop"}]`)},
		{"unknown field", uidC, "admin", "CreateDefenseRule", "400 InvalidParameter.Rules", rule(`[{"name":"a","remoteAddr":["192.0.2.1"],"action":"block","color":1}]`)},
		{"template name in use", uidC, "admin", "CreateDefenseTemplate", "400 InvalidParameter.TemplateName", []string{"InstanceId", instance, "TemplateName", "fenghuo", "TemplateType", "user_default", "TemplateStatus", "1", "TemplateOrigin", "custom", "DefenseScene", "ip_blacklist"}},
		{"page", uidC, "admin", "DescribeDefenseRules", "400 InvalidParameter.PageSize", []string{"InstanceId", instance, "PageSize", "0"}},
	} {
		if _, e := w.waf(tt.uid, tt.user, tt.action, tt.params...); e != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, e, tt.want)
		}
	}
	if out, e := w.waf(uidE, "admin", "DescribeInstance"); e != "" || out["InstanceId"] != nil {
		t.Errorf("an account without WAF = %v %s", out, e)
	}
}

// newClient guards the constructors of the SDK's service clients, which fill a package variable without a lock.
var newClient sync.Mutex

func (w *world) firewall(uid string) *cloudfw.Client {
	w.t.Helper()
	newClient.Lock()
	defer newClient.Unlock()
	client, err := cloudfw.NewClientWithOptions("cn-hangzhou", sdk.NewConfig().WithScheme("HTTP"), w.credential(uid, "admin", "AdministratorAccess"))
	if err != nil {
		w.t.Fatal(err)
	}
	client.Domain = w.domain
	return client
}

func drop(source, kind string) *cloudfw.AddControlPolicyRequest {
	r := cloudfw.CreateAddControlPolicyRequest()
	r.Direction, r.AclAction, r.Source, r.SourceType, r.Destination, r.DestinationType = "in", "drop", source, kind, "0.0.0.0/0", "net"
	r.Proto, r.DestPort, r.Description, r.NewOrder, r.ApplicationName, r.Release = "ANY", "0/0", "incident 1", "1", "ANY", "true"
	return r
}

func TestCloudFirewallWithSDK(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.firewall(uidC)
	first, err := c.AddControlPolicy(drop("203.0.113.7/32", "net"))
	if err != nil {
		t.Fatal(err)
	}
	book := cloudfw.CreateAddAddressBookRequest()
	book.GroupName, book.GroupType, book.Description, book.AddressList = "bad", "ip", "attackers", "198.51.100.0/24,192.0.2.9/32"
	group, err := c.AddAddressBook(book)
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.AddControlPolicy(drop("bad", "group"))
	if err != nil {
		t.Fatal(err)
	}
	quiet := drop("192.0.2.50/32", "net")
	quiet.Release, quiet.NewOrder = "false", "-1"
	if _, err := c.AddControlPolicy(quiet); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, b := range w.BlockedIPs(uidC) {
		got[b.IP] = b.ID
	}
	want := map[string]string{"203.0.113.7/32": first.AclUuid, "198.51.100.0/24": second.AclUuid, "192.0.2.9/32": second.AclUuid}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	list := cloudfw.CreateDescribeControlPolicyRequest()
	list.Direction, list.CurrentPage, list.PageSize = "in", "1", "2"
	page, err := c.DescribeControlPolicy(list)
	if err != nil || page.TotalCount != "3" || len(page.Policys) != 2 || page.Policys[0].AclUuid != second.AclUuid || page.Policys[0].Order != 1 {
		t.Errorf("policies = %+v, %v", page, err)
	}
	remove := cloudfw.CreateDeleteAddressBookRequest()
	remove.GroupUuid = group.GroupUuid
	if _, err := c.DeleteAddressBook(remove); code(err) != "400 InvalidParameter.GroupUuid" {
		t.Errorf("delete a book in use: %v", err)
	}
	for _, uuid := range []string{first.AclUuid, second.AclUuid} {
		r := cloudfw.CreateDeleteControlPolicyRequest()
		r.AclUuid, r.Direction = uuid, "in"
		if _, err := c.DeleteControlPolicy(r); err != nil {
			t.Fatal(err)
		}
		if _, err := c.DeleteControlPolicy(r); code(err) != "400 InvalidParameter.AclUuid" {
			t.Errorf("delete twice: %v", err)
		}
	}
	if _, err := c.DeleteAddressBook(remove); err != nil {
		t.Fatal(err)
	}
	books, err := c.DescribeAddressBook(cloudfw.CreateDescribeAddressBookRequest())
	if err != nil || books.TotalCount != "0" || len(books.Acls) != 0 || len(w.BlockedIPs(uidC)) != 0 {
		t.Errorf("left: books %+v, %v, blocks %v", books, err, w.BlockedIPs(uidC))
	}
}

func TestCloudFirewallErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	change := func(f func(*cloudfw.AddControlPolicyRequest)) *cloudfw.AddControlPolicyRequest {
		r := drop("203.0.113.7/32", "net")
		f(r)
		return r
	}
	for _, tt := range []struct {
		name, want string
		r          *cloudfw.AddControlPolicyRequest
	}{
		{"direction", "400 InvalidParameter.Direction", change(func(r *cloudfw.AddControlPolicyRequest) { r.Direction = "up" })},
		{"action", "400 InvalidParameter.AclAction", change(func(r *cloudfw.AddControlPolicyRequest) { r.AclAction = "block" })},
		{"source", "400 InvalidParameter.Source", change(func(r *cloudfw.AddControlPolicyRequest) { r.Source = "example.com" })},
		{"no book", "400 InvalidParameter.Source", change(func(r *cloudfw.AddControlPolicyRequest) { r.SourceType = "group" })},
		{"no description", "400 MissingDescription", change(func(r *cloudfw.AddControlPolicyRequest) { r.Description = "" })},
		{"order", "400 InvalidParameter.NewOrder", change(func(r *cloudfw.AddControlPolicyRequest) { r.NewOrder = "2" })},
		{"order text", "400 InvalidParameter.NewOrder", change(func(r *cloudfw.AddControlPolicyRequest) { r.NewOrder = "top" })},
		{"application", "400 MissingApplicationName", change(func(r *cloudfw.AddControlPolicyRequest) { r.ApplicationName = "" })},
		{"unknown application", "400 InvalidParameter.ApplicationName", change(func(r *cloudfw.AddControlPolicyRequest) { r.ApplicationName = "Gopher" })},
		{"port", "400 InvalidParameter.DestPort", change(func(r *cloudfw.AddControlPolicyRequest) { r.DestPort = "65536" })},
		{"port range", "400 InvalidParameter.DestPort", change(func(r *cloudfw.AddControlPolicyRequest) { r.DestPort = "80/22" })},
		{"no port", "400 MissingDestPort", change(func(r *cloudfw.AddControlPolicyRequest) { r.DestPortType, r.DestPort = "port", "" })},
		{"type of ports", "400 InvalidParameter.DestPortType", change(func(r *cloudfw.AddControlPolicyRequest) { r.DestPortType = "range" })},
		{"group of ports", "400 MissingDestPortGroup", change(func(r *cloudfw.AddControlPolicyRequest) { r.DestPortType = "group" })},
		{"unknown group of ports", "400 InvalidParameter.DestPortGroup", change(func(r *cloudfw.AddControlPolicyRequest) { r.DestPortType, r.DestPortGroup = "group", "web" })},
		{"IP version", "400 InvalidParameter.IpVersion", change(func(r *cloudfw.AddControlPolicyRequest) { r.IpVersion = "5" })},
		{"release", "400 InvalidParameter.Release", change(func(r *cloudfw.AddControlPolicyRequest) { r.Release = "yes" })},
	} {
		if _, err := w.firewall(uidC).AddControlPolicy(tt.r); code(err) != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
	_, err := w.firewall(uidE).AddControlPolicy(drop("203.0.113.7/32", "net"))
	if code(err) != "400 ErrorNotBuyUser" || !strings.Contains(err.Error(), "not buy user") {
		t.Errorf("without Cloud Firewall: %v", err)
	}
}
