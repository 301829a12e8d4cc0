package directory_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fenghuo-soc/fenghuo/emulator/directory"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// TestCallers walks every operation of both versions with every kind of caller (accounts sheet, section 2.3). All
// permissions are granted, so what remains is who may call at all.
func TestCallers(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	if _, err := w.rd(t, "AK"+uidA, "RegisterDelegatedAdministrator", "AccountId", uidB, "ServicePrincipal", directory.SecurityCenter()); err != nil {
		t.Fatal(err)
	}
	const noDirectory = "404 EntityNotExists.ResourceDirectory"
	// What a caller that manages nothing gets, where it is not noDirectory. The rest of the answer is about parameters.
	own := map[string]string{
		"EnableResourceDirectory": "400 MissingParameter.EnableMode", "InitResourceDirectory": "409 NotSupport.AccountInAnotherResourceDirectory",
		"SendVerificationCodeForEnableRD": "400 MissingParameter.SecureMobilePhone", "GetResourceDirectory": "", "ListHandshakesForAccount": "", "SetMemberDeletionPermission": "403 MemberAccountAccessDenied",
		"AcceptHandshake": "400 MissingParameter.HandshakeId", "DeclineHandshake": "400 MissingParameter.HandshakeId",
		"CancelHandshake": "400 MissingParameter.HandshakeId", "GetHandshake": "400 MissingParameter.HandshakeId",
	}
	// What a delegated administrator may read beside that.
	reads := map[string]string{
		"ListAccounts": "", "ListTrustedServiceStatus": "", "ListAccountsForParent": "", "ListFoldersForParent": "",
		"GetAccount": "400 MissingParameter.AccountId", "GetFolder": "400 MissingParameter.FolderId", "ListAncestors": "400 MissingParameter.ChildId",
	}
	needsMember := []string{"RemoveCloudAccount"} // asks for its parameter before the directory
	rootOnlyUsers := map[string]string{
		"UpdateAccount": "409 CallerIdentityError", "DeleteAccount": "409 CallerIdentityError.DeleteAccount", "CheckAccountDelete": "409 CallerIdentityError.DeleteAccount",
	}
	g := gateway.New(gateway.Options{})
	w.Register(g)
	walked := 0
	for _, line := range g.Actions() {
		f := strings.Fields(line)
		product, version, action := f[0], f[1], f[2]
		if product == "Sas" || product == "cloud-siem" || strings.Contains(action, "ResourceGroup") { // resource groups are an account's own
			continue
		}
		walked++
		ask := func(key string) string {
			_, err := w.call(t, key, product, version, action)
			return code(err)
		}
		want := noDirectory
		if slices.Contains(needsMember, action) {
			want = "400 MissingParameter.AccountId"
		}
		if v, ok := own[action]; ok {
			want = v
		}
		if got := ask("AK" + uidC); got != want {
			t.Errorf("%s %s by a member: %q, want %q", version, action, got, want)
		}
		if v, ok := reads[action]; ok {
			want = v
		}
		if got := ask("AK" + uidB); got != want {
			t.Errorf("%s %s by a delegated administrator: %q, want %q", version, action, got, want)
		}
		if action == "DestroyResourceDirectory" {
			continue
		}
		for _, key := range []string{"AK", "ROOT"} {
			got := ask(key + uidA)
			v, usersOnly := rootOnlyUsers[action]
			if strings.HasPrefix(got, "403") || strings.Contains(got, "EntityNotExists.ResourceDirectory") || usersOnly && (key == "ROOT") != (got == v) {
				t.Errorf("%s %s by the management account (%s): %q", version, action, key, got)
			}
		}
	}
	if walked < 110 {
		t.Errorf("only %d operations were walked", walked)
	}
}
