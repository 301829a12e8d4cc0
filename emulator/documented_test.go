package emulator

import (
	"bufio"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	cloudsiem "github.com/aliyun/alibaba-cloud-sdk-go/services/cloud-siem"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/ram"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/resourcemanager"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/sts"

	"github.com/fenghuo-soc/fenghuo/emulator/fc"
	"github.com/fenghuo-soc/fenghuo/emulator/oss"
	"github.com/fenghuo-soc/fenghuo/emulator/sls"
)

// documented is an operation that the cloud's documents or official clients know.
type documented struct {
	product, version, name string
	method, path           string // of APIs with paths
}

// readDocumented reads testdata/documented.txt.
func readDocumented(t *testing.T) (list []documented) {
	t.Helper()
	f, err := os.Open("testdata/documented.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		w := strings.Fields(lines.Text())
		switch {
		case len(w) == 0 || w[0] == "#":
		case len(w) == 3:
			list = append(list, documented{product: w[0], version: w[1], name: w[2]})
		case len(w) == 5:
			list = append(list, documented{w[0], w[1], w[2], w[3], w[4]})
		default:
			t.Fatalf("line %q", lines.Text())
		}
	}
	return list
}

// request is a call of an operation with a path, its variables filled in. It is not signed.
func (d documented) request(t *testing.T, s *Server) *http.Request {
	t.Helper()
	path := d.path
	for {
		before, rest, ok := strings.Cut(path, "{")
		if !ok {
			break
		}
		_, after, _ := strings.Cut(rest, "}")
		path = before + "thing" + after
	}
	r, err := http.NewRequestWithContext(t.Context(), d.method, s.Endpoint()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	switch d.product {
	case "Sls":
		r.Header.Set("x-log-apiversion", "0.6.0")
		r.Header.Set("x-log-project", testProject)
	case "Oss":
		r.Host = "corp-backup.oss-cn-hangzhou.aliyuncs.com"
		r.Header.Set("Authorization", "OSS a:b")
	}
	return r
}

// served tells whether a route table has the operation.
func (s *Server) served(t *testing.T, d documented) bool {
	t.Helper()
	switch d.product {
	case "Sls":
		return s.cloud().front.names.sls(d.request(t, s)) != unknown
	case "FC":
		return s.cloud().front.names.fc(d.request(t, s)) != unknown
	case "Oss":
		return oss.Operation(d.request(t, s)) == d.name
	}
	return slices.Contains(s.Gateway().Actions(), d.product+" "+d.version+" "+d.name)
}

// partly tells what of an operation that is served is missing, "" when nothing is known to be.
func (s *Server) partly(t *testing.T, d documented) string {
	t.Helper()
	switch d.product {
	case "Sls":
		return sls.Partial()[s.cloud().front.names.sls(d.request(t, s))]
	case "FC":
		return fc.Partial()[s.cloud().front.names.fc(d.request(t, s))]
	}
	return s.Gateway().Missing(d.version, d.name)
}

// TestDocumentedOperations walks everything in the list, in all products: what the emulator does not have answers with an
// error that names it.
func TestDocumentedOperations(t *testing.T) {
	t.Parallel()
	w := startCloud(t)
	k := w.Operator(uidA)
	c := w.client(k.AccessKeyID, k.AccessKeySecret, "")
	absent := map[string]int{}
	for _, d := range readDocumented(t) {
		if w.served(t, d) {
			continue
		}
		absent[d.product]++
		if d.path == "" {
			out, code := w.as(c, d.version, d.name)
			message, _ := out["Message"].(string)
			if code != "404 InvalidApi.NotFound" || !strings.Contains(message, "Product: "+d.product+", Version: "+d.version+", Action: "+d.name+".") {
				t.Errorf("%s %s: %s %s", d.product, d.name, code, message)
			}
			continue
		}
		status, body := send(t, d.request(t, w.Server))
		named := strings.Contains(body, d.name)
		if d.product == "Oss" { // its calls have no names on the wire
			named = strings.Contains(body, d.method+" /")
		}
		if status < 400 || !named {
			t.Errorf("%s %s %s %s: %d %s", d.product, d.name, d.method, d.path, status, body)
		}
	}
	for _, product := range []string{"Sls", "FC", "fnf", "ROS", "waf-openapi", "Cloudfw", "Ecs", "Sas", "cloud-siem", "Oss", "Ram", "Sts", "Ims", "ResourceManager", "ResourceDirectoryMaster"} {
		t.Logf("%s: %d documented operations are absent and refused by name", product, absent[product])
	}
}

// TestDocumentedList: the list has what the official Go clients have methods for, so that it does not fall behind them;
// what the accounts sheet describes one by one is served.
func TestDocumentedList(t *testing.T) {
	t.Parallel()
	has := map[string]bool{}
	for _, d := range readDocumented(t) {
		has[d.product+" "+d.name] = true
	}
	for product, operations := range map[string][]string{
		"ResourceManager": operationsOf(&resourcemanager.Client{}), "Ram": operationsOf(&ram.Client{}), "Sts": operationsOf(&sts.Client{}),
		"cloud-siem": operationsOf(&cloudsiem.Client{}),
	} {
		if len(operations) == 0 {
			t.Errorf("no operations of %s were found", product)
		}
		for _, name := range operations {
			if !has[product+" "+name] {
				t.Errorf("the list lacks %s %s", product, name)
			}
		}
	}
	served := map[string]bool{}
	for _, line := range startCloud(t).Gateway().Actions() {
		f := strings.Fields(line)
		served[f[1]+" "+f[2]] = true
	}
	for version, names := range map[string][]string{"2020-03-31": section22, "2022-04-19": section22, "2015-05-01": section51} {
		for _, name := range names {
			if !served[version+" "+name] {
				t.Errorf("%s lacks %s, which the accounts sheet lists", version, name)
			}
		}
	}
	for version, names := range section21 {
		for _, name := range names {
			if !served[version+" "+name] {
				t.Errorf("%s lacks %s, which section 2.1 of the accounts sheet lists", version, name)
			}
		}
	}
	if all := slices.Sorted(maps.Keys(served)); len(all) < 150 {
		t.Errorf("%d operations in all", len(all))
	}
}

// operationsOf are the operations that the official client of a product has a method for.
func operationsOf(client any) []string {
	var out []string
	t := reflect.TypeOf(client)
	for i := range t.NumMethod() {
		m := t.Method(i)
		f := m.Type
		if f.NumIn() == 2 && f.NumOut() == 2 && strings.HasSuffix(f.In(1).String(), "."+m.Name+"Request") {
			out = append(out, m.Name)
		}
	}
	return out
}

// section22 and section51 are the operations that the accounts sheet describes one by one.
var (
	section22 = []string{
		"EnableResourceDirectory", "GetResourceDirectory", "DestroyResourceDirectory", "CreateFolder", "GetFolder", "UpdateFolder", "DeleteFolder",
		"ListFoldersForParent", "ListAncestors", "CreateResourceAccount", "InviteAccountToResourceDirectory", "AcceptHandshake", "DeclineHandshake",
		"CancelHandshake", "GetHandshake", "ListHandshakesForAccount", "ListHandshakesForResourceDirectory", "ListAccounts", "ListAccountsForParent",
		"GetAccount", "MoveAccount", "UpdateAccount", "RemoveCloudAccount", "RegisterDelegatedAdministrator", "DeregisterDelegatedAdministrator",
		"ListDelegatedAdministrators", "ListDelegatedServicesForAccount", "ListTrustedServiceStatus",
		// Named in sections 2.1 and 2.6.
		"DeleteAccount", "CheckAccountDelete", "GetAccountDeletionCheckResult", "GetAccountDeletionStatus", "SetMemberDeletionPermission",
		"EnableControlPolicy", "DisableControlPolicy", "CreateControlPolicy", "AttachControlPolicy", "DetachControlPolicy", "ListControlPolicies",
		"TagResources", "UntagResources", "ListTagResources", "BindSecureMobilePhone", "SendVerificationCodeForBindSecureMobilePhone",
		"ChangeAccountEmail", "RetryChangeAccountEmail", "CancelChangeAccountEmail", "GetPayerForAccount",
	}
	// section21 are the operations of one version alone.
	section21 = map[string][]string{
		"2020-03-31": {
			"InitResourceDirectory", "PromoteResourceAccount", "CancelPromoteResourceAccount", "ResendPromoteResourceAccountEmail",
			"CreateServiceLinkedRole", "DeleteServiceLinkedRole", "GetServiceLinkedRoleDeletionStatus",
			"CreateResourceGroup", "GetResourceGroup", "ListResourceGroups", "UpdateResourceGroup", "DeleteResourceGroup",
		},
		"2022-04-19": {
			"AssociateMembers", "DisassociateMembers", "AddMessageContact", "GetMessageContact", "ListMessageContacts", "UpdateMessageContact",
			"DeleteMessageContact", "UpdatePayerForAccount", "PrecheckForConsolidatedBillingAccount", "SetMemberDisplayNameSyncStatus",
		},
	}
	section51 = []string{
		"CreateRole", "GetRole", "UpdateRole", "DeleteRole", "ListRoles", "CreatePolicy", "CreatePolicyVersion", "DeletePolicy", "AttachPolicyToRole",
		"DetachPolicyFromRole", "ListPoliciesForRole", "AttachPolicyToUser", "DetachPolicyFromUser", "ListPoliciesForUser", "CreateUser", "GetUser",
		"UpdateUser", "CreateAccessKey", "ListAccessKeys", "UpdateAccessKey", "DeleteAccessKey", "DeleteLoginProfile", "DecodeDiagnosticMessage",
	}
)
