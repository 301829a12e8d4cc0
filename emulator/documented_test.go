package emulator

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/ram"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/resourcemanager"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/sts"
)

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

// TestDocumentedOperations walks everything that the official Go clients can ask for: what the emulator does not have
// answers with 404 InvalidApi.NotFound and names product, version and operation. What the accounts sheet describes must
// be there.
func TestDocumentedOperations(t *testing.T) {
	t.Parallel()
	w := startCloud(t)
	k := w.Operator(uidA)
	c := w.client(k.AccessKeyID, k.AccessKeySecret, "")
	has := map[string]bool{}
	for _, line := range w.Gateway().Actions() {
		f := strings.Fields(line)
		has[f[1]+" "+f[2]] = true
	}
	lists := map[string][]string{
		"ResourceManager 2020-03-31": operationsOf(&resourcemanager.Client{}), "Ram 2015-05-01": operationsOf(&ram.Client{}),
		"Sts 2015-04-01": operationsOf(&sts.Client{}),
		// Operations that only newer documents list.
		"ResourceDirectoryMaster 2022-04-19": {
			"ListAuthorizedAccounts", "ListAuthorizedFolders", "CancelMessageContactUpdate", "ListMessageContactVerifications", "GetMessageContactDeletionStatus",
		},
		// Operations beside those that responses call.
		"Ims 2019-08-15":         {"CreateUser", "ListUsers", "CreateLoginProfile", "ListAccessKeysInRecycleBin"},
		"Ecs 2014-05-26":         {"ModifySecurityGroupRule", "AuthorizeSecurityGroupEgress", "RebootInstance", "ModifyInstanceAttribute"},
		"waf-openapi 2021-10-01": {"ModifyDefenseRule", "ModifyDefenseRuleStatus", "ModifyTemplateResources"},
		"Cloudfw 2017-12-07":     {"ModifyControlPolicy", "ModifyControlPolicyPosition", "ModifyAddressBook"},
		"Sas 2018-12-03":         {"OperateSuspEvents", "DescribeAlarmEventList", "RollbackSuspEventQuaraFile"},
		"ROS 2019-09-10":         {"DetectStackGroupDrift", "ImportStacksToStackGroup", "CreateChangeSet", "ValidateTemplate"},
	}
	absent := 0
	for product, operations := range lists {
		if len(operations) == 0 {
			t.Fatalf("no operations of %s were found", product)
		}
		version := strings.Fields(product)[1]
		for _, action := range operations {
			if has[version+" "+action] {
				continue
			}
			absent++
			out, code := w.as(c, version, action)
			message, _ := out["Message"].(string)
			if code != "404 InvalidApi.NotFound" || !strings.Contains(message, action) || !strings.Contains(message, strings.ReplaceAll(product, " ", ", Version: ")) {
				t.Errorf("%s %s: %s %s", product, action, code, message)
			}
		}
	}
	if absent < 40 {
		t.Errorf("only %d absent operations were walked: the lists are not those of the clients", absent)
	}
	for _, version := range []string{"2020-03-31", "2022-04-19"} {
		for _, action := range section22 {
			if !has[version+" "+action] {
				t.Errorf("%s lacks %s, which section 2.2 of the accounts sheet lists", version, action)
			}
		}
	}
	for version, actions := range section21 {
		for _, action := range actions {
			if !has[version+" "+action] {
				t.Errorf("%s lacks %s, which section 2.1 of the accounts sheet lists", version, action)
			}
		}
	}
	for _, action := range section51 {
		if !has["2015-05-01 "+action] {
			t.Errorf("RAM lacks %s, which section 5.1 of the accounts sheet lists", action)
		}
	}
	if all := slices.Sorted(maps.Keys(has)); len(all) < 150 {
		t.Errorf("%d operations in all", len(all))
	}
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
