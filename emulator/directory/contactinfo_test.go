package directory_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/resourcemanager"
	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/directory"
)

// v calls one of the two versions and returns the answer, or status and code.
func (w *world) v(t *testing.T, version, uid, action string, params ...string) (map[string]any, string) {
	t.Helper()
	product := map[string]string{"2020-03-31": "ResourceManager", "2022-04-19": "ResourceDirectoryMaster"}[version]
	body, err := w.call(t, "AK"+uid, product, version, action, params...)
	if err != nil {
		return nil, code(err)
	}
	var out map[string]any
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		t.Fatal(err)
	}
	return out, ""
}

const legacy, master = "2020-03-31", "2022-04-19"

// created is a world with the directory of A, the invited member B, and a resource account with its id.
func created(t *testing.T) (*world, string) {
	t.Helper()
	w := newWorld(t, nil)
	if err := w.Enable(uidA); err != nil {
		t.Fatal(err)
	}
	if err := w.AddMember(uidA, uidB, "security", "invited"); err != nil {
		t.Fatal(err)
	}
	out, code := w.v(t, master, uidA, "CreateResourceAccount", "DisplayName", "made here")
	if code != "" {
		t.Fatal(code)
	}
	return w, out["Account"].(map[string]any)["AccountId"].(string)
}

// TestBecomesCloudAccount: a resource account gets a phone and an e-mail address and becomes a cloud account, in both
// versions of the API.
func TestBecomesCloudAccount(t *testing.T) {
	t.Parallel()
	for _, version := range []string{legacy, master} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			w, id := created(t)
			const phone = "86-13900001234"
			change := []string{"AccountId", id, "NewAccountType", "CloudAccount"}
			bind := []string{"AccountId", id, "SecureMobilePhone", phone, "VerificationCode", directory.VerificationCode()}
			do := func(action, want string, params ...string) map[string]any {
				t.Helper()
				out, code := w.v(t, version, uidA, action, params...)
				if code != want {
					t.Fatalf("%s: %q, want %q", action, code, want)
				}
				return out
			}
			do("UpdateAccount", "409 MissingSecurityInfo", change...)
			do("BindSecureMobilePhone", "409 Invalid.VerificationCode", bind...) // none was sent
			sent := do("SendVerificationCodeForBindSecureMobilePhone", "", "AccountId", id, "SecureMobilePhone", phone)
			if got := sent["ExpirationDate"]; got != w.clock().Add(30*time.Minute).UTC().Format("2006-01-02T15:04:05.000Z") {
				t.Errorf("the code expires %v", got)
			}
			do("BindSecureMobilePhone", "409 Invalid.VerificationCode", "AccountId", id, "SecureMobilePhone", "86-13900009999", "VerificationCode", directory.VerificationCode())
			w.advance(31 * time.Minute)
			do("BindSecureMobilePhone", "409 Invalid.VerificationCode", bind...) // too late
			do("SendVerificationCodeForBindSecureMobilePhone", "", "AccountId", id, "SecureMobilePhone", phone)
			do("BindSecureMobilePhone", "", bind...)
			do("BindSecureMobilePhone", "409 NotSupportedOperation.Account.SecureMobilePhone", bind...)
			do("UpdateAccount", "409 MissingSecurityInfo", change...) // no e-mail yet

			mail := []string{"AccountId", id, "Email", "owner@example.com"}
			do("CancelChangeAccountEmail", "404 EntityNotExists.EmailModifyRecord", "AccountId", id)
			do("ChangeAccountEmail", "", mail...)
			do("ChangeAccountEmail", "400 NotSupportedOperation.Account.EmailModify", mail...)
			do("RetryChangeAccountEmail", "", "AccountId", id)
			if got := do("GetAccount", "", "AccountId", id)["Account"].(map[string]any)["EmailStatus"]; got != "WAIT_MODIFY" {
				t.Errorf("EmailStatus %v", got)
			}
			do("CancelChangeAccountEmail", "", "AccountId", id)
			do("RetryChangeAccountEmail", "404 EntityNotExists.EmailModifyRecord", "AccountId", id)
			do("ChangeAccountEmail", "", mail...)
			if err := w.ConfirmEmail(uidA, id); err != nil {
				t.Fatal(err)
			}
			got := do("UpdateAccount", "", change...)["Account"].(map[string]any)
			if got["Type"] != "CloudAccount" || got["JoinMethod"] != "created" || got["Status"] != "PromoteSuccess" {
				t.Errorf("account: %v", got)
			}
			do("RemoveCloudAccount", "", "AccountId", id) // as any cloud account
		})
	}
}

// TestContactErrors: what the operations on phones, addresses and payers refuse, in both versions.
func TestContactErrors(t *testing.T) {
	t.Parallel()
	w, id := created(t)
	for _, tt := range []struct {
		name, action string
		params       []string
		want         string
	}{
		{"no account", "BindSecureMobilePhone", []string{"SecureMobilePhone", "86-13900001234"}, "400 MissingParameter.AccountId"},
		{"no phone", "SendVerificationCodeForBindSecureMobilePhone", []string{"AccountId", id}, "400 MissingParameter.SecureMobilePhone"},
		{"foreign phone", "SendVerificationCodeForBindSecureMobilePhone", []string{"AccountId", id, "SecureMobilePhone", "1-2025550123"}, "400 InvalidParameter.SecureMobilePhone"},
		{"invited account", "SendVerificationCodeForBindSecureMobilePhone", []string{"AccountId", uidB, "SecureMobilePhone", "86-13900001234"}, "409 AccountTypeMismatch"},
		{"stranger", "SendVerificationCodeForBindSecureMobilePhone", []string{"AccountId", uidX, "SecureMobilePhone", "86-13900001234"}, "404 EntityNotExists.Account"},
		{"no code", "BindSecureMobilePhone", []string{"AccountId", id, "SecureMobilePhone", "86-13900001234"}, "400 MissingParameter.VerificationCode"},
		{"no e-mail", "ChangeAccountEmail", []string{"AccountId", id}, "400 MissingParameter.Email"},
		{"bad e-mail", "ChangeAccountEmail", []string{"AccountId", id, "Email", "nobody"}, "400 InvalidParameter.Email"},
		{"e-mail of a stranger", "ChangeAccountEmail", []string{"AccountId", uidX, "Email", "a@example.com"}, "404 EntityNotExists.Account"},
		{"payer of a stranger", "GetPayerForAccount", []string{"AccountId", uidX}, "404 EntityNotExists.Account"},
		{"payer of nobody", "GetPayerForAccount", nil, "400 MissingParameter.AccountId"},
	} {
		for _, version := range []string{legacy, master} {
			if _, code := w.v(t, version, uidA, tt.action, tt.params...); code != tt.want {
				t.Errorf("%s (%s): %q, want %q", tt.name, version, code, tt.want)
			}
			if _, code := w.v(t, version, uidB, tt.action, tt.params...); code != "404 EntityNotExists.ResourceDirectory" {
				t.Errorf("%s (%s) by a member: %q", tt.name, version, code)
			}
		}
	}
}

// TestPromotion: the 2020 way from resource account to cloud account, and what ends it.
func TestPromotion(t *testing.T) {
	t.Parallel()
	w, id := created(t)
	c := w.client(t, "AK"+uidA)
	promote := resourcemanager.CreatePromoteResourceAccountRequest()
	promote.AccountId, promote.Email = id, "owner@example.com"
	begun, err := c.PromoteResourceAccount(promote)
	if err != nil || begun.Account.Status != "PromoteVerifying" || begun.Account.RecordId == "" || begun.Account.Type != "ResourceAccount" {
		t.Fatalf("%+v, %v", begun.Account, err)
	}
	if _, err := c.PromoteResourceAccount(promote); code(err) != "409 AccountTypeOrStatusMismatch" {
		t.Errorf("twice: %v", err)
	}
	record := []string{"RecordId", begun.Account.RecordId}
	status := func() any {
		out, _ := w.v(t, master, uidA, "GetAccount", "AccountId", id)
		return out["Account"].(map[string]any)["Status"]
	}
	if _, code := w.v(t, legacy, uidA, "ResendPromoteResourceAccountEmail", record...); code != "" {
		t.Error(code)
	}
	if _, code := w.v(t, legacy, uidA, "CancelPromoteResourceAccount", record...); code != "" || status() != "PromoteCancelled" {
		t.Errorf("cancelled: %q %v", code, status())
	}
	if _, code := w.v(t, legacy, uidA, "ResendPromoteResourceAccountEmail", record...); code != "404 EntityNotExists.Record" {
		t.Errorf("resend after cancelling: %q", code)
	}
	if _, err := c.PromoteResourceAccount(promote); err != nil {
		t.Fatal(err)
	}
	w.advance(24 * time.Hour)
	if status() != "PromoteExpired" {
		t.Errorf("a day later: %v", status())
	}
	if _, err := c.PromoteResourceAccount(promote); err != nil {
		t.Fatal(err)
	}
	if err := w.ConfirmEmail(uidA, id); err != nil || status() != "PromoteSuccess" {
		t.Errorf("confirmed: %v %v", err, status())
	}
	if _, code := w.v(t, master, uidA, "PromoteResourceAccount", "AccountId", id, "Email", "a@example.com"); code != "404 InvalidApi.NotFound" {
		t.Errorf("in the new version: %q", code)
	}
	if err := w.ConfirmEmail(uidA, id); err == nil {
		t.Error("nothing waits for a confirmation")
	}
}

// TestPayers: a member pays for itself until the directory says otherwise.
func TestPayers(t *testing.T) {
	t.Parallel()
	w, id := created(t)
	payer := func(uid string) string {
		get := resourcemanager.CreateGetPayerForAccountRequest()
		get.AccountId = uid
		out, err := w.client(t, "AK"+uidA).GetPayerForAccount(get)
		if err != nil {
			t.Fatal(err)
		}
		return out.PayerAccountId + " " + out.PayerAccountName
	}
	if got := payer(uidB); got != uidB+" security" {
		t.Errorf("at first: %s", got)
	}
	for _, tt := range []struct{ payer, want string }{
		{"", "400 MissingParameter.PayerAccountId"},
		{uidX, "409 NotSupport.PayerAccountInAnotherResourceDirectory"},
		{id, "409 InconsistentEnterpriseNameError"}, // the world of this test knows no enterprise of it
		{uidA, ""},
	} {
		if _, code := w.v(t, master, uidA, "UpdatePayerForAccount", "AccountId", uidB, "PayerAccountId", tt.payer); code != tt.want {
			t.Errorf("payer %q: %q, want %q", tt.payer, code, tt.want)
		}
	}
	if got := payer(uidB); got != uidA+" fenghuo-root" {
		t.Errorf("updated: %s", got)
	}
	if _, code := w.v(t, legacy, uidA, "UpdatePayerForAccount", "AccountId", uidB, "PayerAccountId", uidA); code != "404 InvalidApi.NotFound" {
		t.Errorf("in the old version: %q", code)
	}
	for uid, want := range map[string]string{uidA: "", uidX: "NotSupport.PayerAccountInAnotherResourceDirectory"} {
		out, _ := w.v(t, master, uidA, "PrecheckForConsolidatedBillingAccount", "BillingAccountId", uid)
		reasons := out["Reasons"].([]any)
		if out["Result"] != (want == "") || want != "" && reasons[0].(map[string]any)["Code"] != want {
			t.Errorf("precheck of %s: %v", uid, out)
		}
	}
	for _, version := range []string{legacy, master} {
		out, code := w.v(t, version, uidA, "CreateResourceAccount", "DisplayName", "paid for "+version[:4], "PayerAccountId", uidB)
		if code != "" || payer(out["Account"].(map[string]any)["AccountId"].(string)) != uidB+" security" {
			t.Errorf("a new account: %v %s", out, code)
		}
		if _, code := w.v(t, version, uidA, "CreateResourceAccount", "DisplayName", "another", "PayerAccountId", uidX); code != "409 NotSupport.PayerAccountInAnotherResourceDirectory" {
			t.Errorf("a payer outside: %q", code)
		}
	}
	if _, code := w.v(t, master, uidA, "RemoveCloudAccount", "AccountId", uidB); code != "" {
		t.Fatal(code)
	}
}

// TestNameSync switches between the two states.
func TestNameSync(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	for _, tt := range []struct{ status, want string }{{"Enabled", ""}, {"Disabled", ""}, {"", "400 MissingParameter.Status"}, {"on", "400 InvalidParameter.Status"}} {
		out, code := w.v(t, master, uidA, "SetMemberDisplayNameSyncStatus", "Status", tt.status)
		if code != tt.want || code == "" && out["MemberAccountDisplayNameSyncStatus"] != tt.status {
			t.Errorf("%q: %v %q", tt.status, out, code)
		}
	}
}

// TestCodesPerDay: section 2.8 allows 100 verification codes a day.
func TestCodesPerDay(t *testing.T) {
	t.Parallel()
	w, id := created(t)
	for action, params := range map[string][]string{
		"SendVerificationCodeForEnableRD":              {"SecureMobilePhone", "86-13900001234"},
		"SendVerificationCodeForBindSecureMobilePhone": {"AccountId", id, "SecureMobilePhone", "86-13900001234"},
	} {
		for range 100 {
			w.fill(t, master, action, params...)
		}
		if _, code := w.v(t, master, uidA, action, params...); code != "409 LimitExceeded.VerificationCode" {
			t.Errorf("%s for the 101st time: %q", action, code)
		}
		w.advance(24 * time.Hour)
		if _, code := w.v(t, master, uidA, action, params...); code != "" {
			t.Errorf("%s the next day: %q", action, code)
		}
	}
}

// TestMessageContacts walks a contact from its creation to its end.
func TestMessageContacts(t *testing.T) {
	t.Parallel()
	w, id := created(t)
	do := func(action, want string, params ...string) map[string]any {
		t.Helper()
		out, code := w.v(t, master, uidA, action, params...)
		if code != want {
			t.Errorf("%s %v: %q, want %q", action, params, code, want)
		}
		return out
	}
	good := []string{"Name", "tom", "EmailAddress", "tom@example.com", "PhoneNumber", "86-13900001234", "Title", "TechnicalDirector", "MessageTypes.1", "SecurityMessage", "MessageTypes.2", "FaultMessage"}
	with := func(name, value string) []string {
		out := append([]string{}, good...)
		for i := 0; i < len(out); i += 2 {
			if out[i] == name {
				out[i+1] = value
			}
		}
		return out
	}
	do("AddMessageContact", "400 MissingParameter.Name", with("Name", "")...)
	do("AddMessageContact", "400 InvalidParameter.Name", with("Name", "t1")...)
	do("AddMessageContact", "400 MissingParameter.EmailAddress", with("EmailAddress", "")...)
	do("AddMessageContact", "400 InvalidParameter.EmailAddress", with("EmailAddress", "tom")...)
	do("AddMessageContact", "400 InvalidParameter.PhoneNumber", with("PhoneNumber", "139")...)
	do("AddMessageContact", "400 InvalidParameter.Title", with("Title", "Boss")...)
	do("AddMessageContact", "400 InvalidParameter.MessageTypes", with("MessageTypes.1", "Gossip")...)
	p := do("AddMessageContact", "", good...)["Contact"].(map[string]any)["ContactId"].(string)
	do("AddMessageContact", "400 InvalidParameter.Name", good...) // the name is in use
	one := []string{"ContactId", p}
	bind := append([]string{"Members.1", uidB, "Members.2", id}, one...)
	do("AssociateMembers", "400 ContactStatusMismatchAction", bind...)
	do("SendEmailVerificationForMessageContact", "400 InvalidParameter.EmailAddress", append(one, "EmailAddress", "x@example.com")...)
	do("SendEmailVerificationForMessageContact", "", append(one, "EmailAddress", "tom@example.com")...)
	if got := do("GetMessageContact", "", one...)["Contact"].(map[string]any)["Status"]; got != "Verifying" {
		t.Errorf("with the phone unverified: %v", got)
	}
	do("SendPhoneVerificationForMessageContact", "", append(one, "PhoneNumber", "86-13900001234")...)
	do("AssociateMembers", "400 MissingParameter.ContactId", "Members.1", uidB)
	do("AssociateMembers", "400 InvalidParameter.ContactId", "ContactId", "c-1", "Members.1", uidB)
	do("AssociateMembers", "400 InvalidParameter.Members", one...)
	do("AssociateMembers", "400 InvalidParameter.Members.Duplicate", append([]string{"Members.1", uidB, "Members.2", uidB}, one...)...)
	do("AssociateMembers", "400 InvalidMember", append([]string{"Members.1", uidX}, one...)...)
	var six []string
	for i := range 6 {
		six = append(six, fmt.Sprintf("Members.%d", i+1), fmt.Sprint(i))
	}
	do("AssociateMembers", "400 LimitExceeded.ContactMembers", append(six, one...)...)
	if got := do("AssociateMembers", "", bind...)["Members"].([]any); len(got) != 2 || got[0].(map[string]any)["MemberId"] != uidB {
		t.Errorf("bound: %v", got)
	}
	do("DisassociateMembers", "", append([]string{"Members.1", id}, one...)...)
	list := do("ListMessageContacts", "", "Member", uidB)
	if got := list["Contacts"].([]any); len(got) != 1 || got[0].(map[string]any)["AssociatedDate"] == nil || !cmp.Equal(got[0].(map[string]any)["Members"], []any{uidB}) {
		t.Errorf("contacts of B: %v", list)
	}
	if got := do("ListMessageContacts", "", "Member", id)["TotalCount"]; got != 0.0 {
		t.Errorf("contacts of the other member: %v", got)
	}
	do("RemoveCloudAccount", "", "AccountId", uidB)
	do("UpdateMessageContact", "", append(one, "EmailAddress", "thomas@example.com")...)
	got := do("GetMessageContact", "", one...)["Contact"].(map[string]any)
	if got["Status"] != "Verifying" || got["EmailAddress"] != "thomas@example.com" || len(got["Members"].([]any)) != 0 {
		t.Errorf("after the member left and the address changed: %v", got)
	}
	do("DeleteMessageContact", "", one...)
	do("GetMessageContact", "400 InvalidParameter.ContactId", one...)
	if _, code := w.v(t, legacy, uidA, "AddMessageContact", good...); code != "404 InvalidApi.NotFound" {
		t.Errorf("in the old version: %q", code)
	}
	asked := w.asked[len(w.asked)-1]
	if want := "resourcemanager:GetMessageContact acs:resourcemanager:*:" + uidA + ":messagecontact/" + p; asked != want {
		t.Errorf("asked %s, want %s", asked, want)
	}
}

// TestResourceGroups with the official client: they belong to an account, with or without a directory.
func TestResourceGroups(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	c := w.client(t, "AK"+uidX)
	create := resourcemanager.CreateCreateResourceGroupRequest()
	for _, tt := range []struct{ name, display, want string }{
		{"", "x", "400 MissingParameter.Name"},
		{"web", "", "400 MissingParameter.DisplayName"},
		{"1web", "x", "400 InvalidParameter.Name"},
		{"web", strings.Repeat("x", 51), "400 InvalidParameter.DisplayName"},
		{"web", "Web", ""},
		{"web", "Web", "409 EntityAlreadyExists.ResourceGroup"},
	} {
		create := resourcemanager.CreateCreateResourceGroupRequest() // a second use would keep what is empty now
		create.Name, create.DisplayName = tt.name, tt.display
		out, err := c.CreateResourceGroup(create)
		if got := code(err); err != nil && got != tt.want || err == nil && (tt.want != "" || out.ResourceGroup.Status != "Creating" || out.ResourceGroup.AccountId != uidX) {
			t.Errorf("%q %q: %v, want %q", tt.name, tt.display, err, tt.want)
		}
	}
	list := func() *resourcemanager.ListResourceGroupsResponse {
		out, err := c.ListResourceGroups(resourcemanager.CreateListResourceGroupsRequest())
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	all := list()
	if all.TotalCount != 2 || all.ResourceGroups.ResourceGroup[0].Name != "default" || all.ResourceGroups.ResourceGroup[1].Status != "OK" {
		t.Fatalf("groups: %+v", all)
	}
	id := all.ResourceGroups.ResourceGroup[1].Id
	update := resourcemanager.CreateUpdateResourceGroupRequest()
	update.ResourceGroupId, update.NewDisplayName = id, "Sites"
	if out, err := c.UpdateResourceGroup(update); err != nil || out.ResourceGroup.DisplayName != "Sites" {
		t.Errorf("update: %+v, %v", out, err)
	}
	for i := range 29 {
		create.Name, create.DisplayName = fmt.Sprintf("group-%d", i), "x"
		if _, err := c.CreateResourceGroup(create); err != nil {
			t.Fatal(err)
		}
	}
	create.Name = "too-many"
	if _, err := c.CreateResourceGroup(create); code(err) != "409 LimitExceeded.ResourceGroup" {
		t.Errorf("the 31st group: %v", err)
	}
	remove := resourcemanager.CreateDeleteResourceGroupRequest()
	for uid, want := range map[string]string{id: "", all.ResourceGroups.ResourceGroup[0].Id: "409 Invalid.ResourceGroup.Default", "rg-1": "404 EntityNotExists.ResourceGroup"} {
		remove.ResourceGroupId = uid
		if _, err := c.DeleteResourceGroup(remove); err == nil && want != "" || err != nil && code(err) != want {
			t.Errorf("delete %s: %v, want %q", uid, err, want)
		}
	}
	get := resourcemanager.CreateGetResourceGroupRequest()
	get.ResourceGroupId = id
	if out, err := c.GetResourceGroup(get); err != nil || out.ResourceGroup.Status != "PendingDelete" {
		t.Errorf("deleted: %+v, %v", out, err)
	}
	w.advance(7 * 24 * time.Hour)
	if _, err := c.GetResourceGroup(get); code(err) != "404 EntityNotExists.ResourceGroup" {
		t.Errorf("a week later: %v", err)
	}
	if got := w.asked[len(w.asked)-1]; got != "ram:GetResourceGroup acs:ram:*:"+uidX+":resourcegroup/"+id {
		t.Errorf("asked %s", got)
	}
	if other, err := w.client(t, "AK"+uidB).ListResourceGroups(resourcemanager.CreateListResourceGroupsRequest()); err != nil || other.TotalCount != 1 {
		t.Errorf("another account sees %+v, %v", other, err)
	}
}
