package directory_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/resourcemanager"
	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/directory"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// TestDeleteAccount walks a deletion with the official client and a clock: check, delete, two stages, gone.
func TestDeleteAccount(t *testing.T) {
	t.Parallel()
	var deleted []string
	w := newWorld(t, func(o *directory.Options) {
		o.DeletionDelay = time.Minute
		o.OnDelete = func(id string) { deleted = append(deleted, id) }
	})
	if err := w.Enable(uidA); err != nil {
		t.Fatal(err)
	}
	for uid, method := range map[string]string{uidB: "created", uidC: "created", uidD: "invited"} {
		if err := w.AddMember(uidA, uid, "m"+uid, method); err != nil {
			t.Fatal(err)
		}
	}
	user, root := w.client(t, "AK"+uidA), w.client(t, "ROOT"+uidA)
	check, remove := resourcemanager.CreateCheckAccountDeleteRequest(), resourcemanager.CreateDeleteAccountRequest()
	check.AccountId, remove.AccountId = uidC, uidC
	if _, err := root.CheckAccountDelete(check); code(err) != "409 CallerIdentityError.DeleteAccount" {
		t.Errorf("check by root: %v", err)
	}
	if _, err := user.CheckAccountDelete(check); err != nil {
		t.Fatal(err)
	}
	result := func() string {
		body, err := w.rd(t, "AK"+uidA, "GetAccountDeletionCheckResult", "AccountId", uidC)
		if err != nil {
			t.Fatal(err)
		}
		var a struct {
			AccountDeletionCheckResultInfo struct{ Status, AllowDelete string }
		}
		if err := json.Unmarshal([]byte(body), &a); err != nil {
			t.Fatal(err)
		}
		return a.AccountDeletionCheckResultInfo.Status + " " + a.AccountDeletionCheckResultInfo.AllowDelete
	}
	if got := result(); got != "PreChecking " {
		t.Errorf("check: %s", got)
	}
	w.advance(time.Minute)
	if got := result(); got != "PreCheckComplete true" {
		t.Errorf("check: %s", got)
	}
	if _, err := user.DeleteAccount(remove); code(err) != "409 NoLicense.ResourceDirectory" {
		t.Errorf("deleted without permission: %v", err)
	}
	allow := resourcemanager.CreateSetMemberDeletionPermissionRequest()
	allow.Status = "Enabled"
	if _, err := w.client(t, "AK"+uidB).SetMemberDeletionPermission(allow); code(err) != "403 MemberAccountAccessDenied" {
		t.Errorf("set by a member: %v", err)
	}
	if _, err := user.SetMemberDeletionPermission(allow); err != nil {
		t.Fatal(err)
	}
	begun, err := user.DeleteAccount(remove)
	if err != nil || begun.DeletionType != "0" {
		t.Fatalf("delete: %+v, %v", begun, err)
	}
	if _, err := user.DeleteAccount(remove); code(err) != "409 ExistProcessingDeleteFlow.DeleteAccount" {
		t.Errorf("delete again: %v", err)
	}
	if _, err := w.rd(t, "AK"+uidA, "MoveAccount", "AccountId", uidC, "DestinationFolderId", rootOf(t, w)); code(err) != "409 AccountTypeOrStatusMismatch" {
		t.Errorf("move while deleted: %v", err)
	}
	status := resourcemanager.CreateGetAccountDeletionStatusRequest()
	status.AccountId = uidC
	var stages []string
	for range 3 {
		s, err := user.GetAccountDeletionStatus(status)
		if err != nil {
			t.Fatal(err)
		}
		stages = append(stages, s.RdAccountDeletionStatus.Status)
		w.advance(time.Minute)
	}
	if diff := cmp.Diff([]string{"Checking", "Deleting", "Success"}, stages); diff != "" {
		t.Error(diff)
	}
	if _, ok := w.MemberOf(uidC); ok || !slices.Equal(deleted, []string{uidC}) || !slices.Equal(w.left, []string{uidC + "<" + uidA}) {
		t.Errorf("member after deletion: deleted %v, left %v", deleted, w.left)
	}
	for id, want := range map[string]string{uidD: "409 MemberTypeError.DeleteAccount", "42": "404 EntityNotExists.Account"} {
		remove.AccountId = id
		if _, err := user.DeleteAccount(remove); code(err) != want {
			t.Errorf("delete %q: %v, want %s", id, err, want)
		}
	}
	if _, err := w.rd(t, "AK"+uidA, "RegisterDelegatedAdministrator", "AccountId", uidB, "ServicePrincipal", "sas.aliyuncs.com"); err != nil {
		t.Fatal(err)
	}
	remove.AccountId = uidB
	if _, err := user.DeleteAccount(remove); code(err) != "409 RemoveConfilctAccountAsDelegatedAdministator" {
		t.Errorf("delete a delegated administrator: %v", err)
	}
}

func rootOf(t *testing.T, w *world) string {
	t.Helper()
	d, err := w.client(t, "AK"+uidA).GetResourceDirectory(resourcemanager.CreateGetResourceDirectoryRequest())
	if err != nil {
		t.Fatal(err)
	}
	return d.ResourceDirectory.RootFolderId
}

// TestChangeType: an invited account can become a resource account, and is then no account that can be removed.
func TestChangeType(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *directory.Options) { o.HasRootKey = func(id string) bool { return id == uidD } })
	if err := w.Enable(uidA); err != nil {
		t.Fatal(err)
	}
	for _, uid := range []string{uidC, uidD} {
		if err := w.AddMember(uidA, uid, "m"+uid, "invited"); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ account, kind, want string }{
		{uidC, "Other", "400 InvalidParameter.NewAccountType"},
		{uidC, "CloudAccount", "409 AccountTypeMismatch"},
		{uidD, "ResourceAccount", "409 PrimaryAkInUse"},
		{uidC, "ResourceAccount", ""},
		{uidC, "CloudAccount", "409 MissingSecurityInfo"},
	} {
		name := "as " + tt.kind // comes only with the type
		_, err := w.rd(t, "AK"+uidA, "UpdateAccount", "AccountId", tt.account, "NewAccountType", tt.kind, "NewDisplayName", name)
		if code(err) != tt.want {
			t.Errorf("%s to %s: %v, want %q", tt.account, tt.kind, err, tt.want)
		}
		out, err := w.rd(t, "AK"+uidA, "GetAccount", "AccountId", tt.account)
		if err != nil || strings.Contains(out, name) != (tt.want == "") {
			t.Errorf("%s to %s: it is %s, %v", tt.account, tt.kind, out, err)
		}
	}
	if _, err := w.rd(t, "AK"+uidA, "RemoveCloudAccount", "AccountId", uidC); code(err) != "409 AccountTypeOrStatusMismatch" {
		t.Errorf("remove: %v", err)
	}
}

// TestDryRun: the 2022 version can ask first; nothing comes of it.
func TestDryRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	key := "AK" + uidA
	if _, err := w.rd(t, key, "EnableResourceDirectory", "EnableMode", "CurrentAccount", "DryRun", "true"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.rd(t, key, "GetResourceDirectory"); code(err) != "404 ResourceDirectoryNotInUse" {
		t.Errorf("a dry run made a directory: %v", err)
	}
	if err := w.Enable(uidA); err != nil {
		t.Fatal(err)
	}
	if _, err := w.rd(t, key, "EnableResourceDirectory", "EnableMode", "CurrentAccount", "DryRun", "true"); code(err) != "409 EntityAlreadyExists.ResourceDirectory" {
		t.Errorf("dry run of what fails: %v", err)
	}
	if _, err := w.rd(t, key, "CreateResourceAccount", "DisplayName", "new", "DryRun", "true"); err != nil || len(w.joined) != 0 {
		t.Errorf("dry run of an account: %v, joined %v", err, w.joined)
	}
	if _, err := w.rd(t, key, "CreateResourceAccount", "DisplayName", "x", "DryRun", "true"); code(err) != "400 InvalidParameter.Account.DisplayName.Length" {
		t.Errorf("dry run of what fails: %v", err)
	}
}

// TestSerialWrites: with the option, a write that comes while another one runs is refused; reads are not.
func TestSerialWrites(t *testing.T) {
	t.Parallel()
	var w *world
	var during []string
	w = newWorld(t, func(o *directory.Options) {
		o.SerialWrites = true
		o.CreateAccount = func(string, directory.Account) {
			_, err := w.rd(t, "AK"+uidA, "CreateFolder", "FolderName", "meanwhile")
			during = append(during, code(err))
			_, err = w.rd(t, "AK"+uidA, "ListFoldersForParent")
			during = append(during, code(err))
		}
	})
	if err := w.Enable(uidA); err != nil {
		t.Fatal(err)
	}
	if _, err := w.rd(t, "AK"+uidA, "CreateResourceAccount", "DisplayName", "new"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"409 ConcurrentCallNotSupported", ""}, during); diff != "" {
		t.Error(diff)
	}
	if _, err := w.rd(t, "AK"+uidA, "CreateFolder", "FolderName", "afterwards"); err != nil {
		t.Error(err)
	}
}

// TestInviteByEmail: an account can be invited by the e-mail address of its owner.
func TestInviteByEmail(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *directory.Options) {
		o.AccountByEmail = func(email string) (string, bool) { return uidC, email == "shop@example.com" }
	})
	if err := w.Enable(uidA); err != nil {
		t.Fatal(err)
	}
	for email, want := range map[string]string{"nobody@example.com": "400 InvalidParameter.TargetEntity", "": "400 MissingParameter.TargetEntity"} {
		if _, err := w.rd(t, "AK"+uidA, "InviteAccountToResourceDirectory", "TargetType", "Email", "TargetEntity", email); code(err) != want {
			t.Errorf("%q: %v", email, err)
		}
	}
	request := resourcemanager.CreateInviteAccountToResourceDirectoryRequest()
	request.TargetType, request.TargetEntity = "Email", "shop@example.com"
	h, err := w.client(t, "AK"+uidA).InviteAccountToResourceDirectory(request)
	if err != nil || h.Handshake.TargetType != "Email" || h.Handshake.TargetEntity != "shop@example.com" {
		t.Fatalf("invite: %+v, %v", h.Handshake, err)
	}
	if _, err := w.rd(t, "AK"+uidC, "AcceptHandshake", "HandshakeId", h.Handshake.HandshakeId); err != nil {
		t.Fatal(err)
	}
	if _, ok := w.MemberOf(uidC); !ok {
		t.Error("the account is no member")
	}
}

// TestFolderQuota: the hundred-and-first folder is one too many.
func TestFolderQuota(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	if err := w.Enable(uidA); err != nil {
		t.Fatal(err)
	}
	for n := range 101 {
		_, err := w.AddFolder(uidA, "", "folder "+itoa(n))
		var refused *gateway.Error
		if n == 100 && (!errors.As(err, &refused) || refused.Code != "QuotaExceeded.Folder.Count") || n < 100 && err != nil {
			t.Fatalf("folder %d: %v", n, err)
		}
	}
}
