package directory_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/resourcemanager"
	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/directory"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestEnableInviteAcceptWithSDK(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a, c := w.client(t, "AK"+uidA), w.client(t, "AK"+uidC)

	get := resourcemanager.CreateGetResourceDirectoryRequest()
	if _, err := a.GetResourceDirectory(get); code(err) != "404 ResourceDirectoryNotInUse" {
		t.Fatalf("GetResourceDirectory before enabling: %v", err)
	}
	enable := resourcemanager.CreateEnableResourceDirectoryRequest()
	enable.EnableMode = "CurrentAccount"
	made, err := a.EnableResourceDirectory(enable)
	if err != nil {
		t.Fatal(err)
	}
	if made.ResourceDirectory.MasterAccountId != uidA || made.ResourceDirectory.MasterAccountName != "fenghuo-root" {
		t.Errorf("enabled directory = %+v", made.ResourceDirectory)
	}
	if _, err := a.EnableResourceDirectory(enable); code(err) != "409 EntityAlreadyExists.ResourceDirectory" {
		t.Errorf("second enable: %v", err)
	}

	invite := resourcemanager.CreateInviteAccountToResourceDirectoryRequest()
	invite.TargetEntity, invite.TargetType, invite.Note = uidC, "Account", "hello"
	sent, err := a.InviteAccountToResourceDirectory(invite)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.InviteAccountToResourceDirectory(invite); code(err) != "409 EntityAlreadyExists.Handshake" {
		t.Errorf("second invitation: %v", err)
	}
	if sent.Handshake.MasterAccountRealName != "" {
		t.Error("the inviting side must not see real names")
	}
	list, err := c.ListHandshakesForAccount(resourcemanager.CreateListHandshakesForAccountRequest())
	if err != nil {
		t.Fatal(err)
	}
	if got := list.Handshakes.Handshake; len(got) != 1 || got[0].HandshakeId != sent.Handshake.HandshakeId || got[0].MasterAccountRealName != "Fenghuo" {
		t.Errorf("handshakes of the invited account = %+v", got)
	}
	accept := resourcemanager.CreateAcceptHandshakeRequest()
	accept.HandshakeId = sent.Handshake.HandshakeId
	if _, err := a.AcceptHandshake(accept); code(err) != "404 EntityNotExists.Handshake" {
		t.Errorf("accept by the inviting side: %v", err)
	}
	accepted, err := c.AcceptHandshake(accept)
	if err != nil || accepted.Handshake.Status != "Accepted" {
		t.Fatalf("accept = %+v, %v", accepted, err)
	}
	if _, err := c.AcceptHandshake(accept); code(err) != "409 HandshakeStatusMismatch" {
		t.Errorf("second accept: %v", err)
	}
	if diff := cmp.Diff([]string{uidC + "<" + uidA}, w.joined); diff != "" {
		t.Error(diff)
	}
	members, err := a.ListAccounts(resourcemanager.CreateListAccountsRequest())
	if err != nil {
		t.Fatal(err)
	}
	got := members.Accounts.Account
	if len(got) != 1 || got[0].AccountId != uidC || got[0].DisplayName != "shop" || got[0].Status != "InviteSuccess" || got[0].Type != "CloudAccount" {
		t.Errorf("members = %+v", got)
	}
	if got[0].ResourceDirectoryPath != w.PathOf(uidC) || members.TotalCount != 1 {
		t.Errorf("path %q, want %q; total %d", got[0].ResourceDirectoryPath, w.PathOf(uidC), members.TotalCount)
	}
}

func TestErrorCodes(t *testing.T) {
	t.Parallel()
	akA, akB, akX := "AK"+uidA, "AK"+uidB, "AK"+uidX
	for _, tt := range []struct {
		name, key, action string
		params            []string
		want              string
	}{
		{"person cannot enable", "AK" + uidP, "EnableResourceDirectory", []string{"EnableMode", "CurrentAccount"}, "409 EnterpriseRealNameVerificationError"},
		{"member cannot enable", akB, "EnableResourceDirectory", []string{"EnableMode", "CurrentAccount"}, "409 NotSupport.AccountInAnotherResourceDirectory"},
		{"enable mode missing", akX, "EnableResourceDirectory", nil, "400 MissingParameter.EnableMode"},
		{"no directory", akX, "ListAccounts", nil, "404 EntityNotExists.ResourceDirectory"},
		{"plain member cannot list", akB, "ListAccounts", nil, "404 EntityNotExists.ResourceDirectory"},
		{"other enterprise", akA, "InviteAccountToResourceDirectory", []string{"TargetEntity", uidX, "TargetType", "Account"}, "409 LegalEntityMismatch"},
		{"unknown account", akA, "InviteAccountToResourceDirectory", []string{"TargetEntity", "42", "TargetType", "Account"}, "400 InvalidParameter.TargetEntity"},
		{"already member", akA, "InviteAccountToResourceDirectory", []string{"TargetEntity", uidB, "TargetType", "Account"}, "409 EntityAlreadyExists.ResourceDir.Account"},
		{"note too long", akA, "InviteAccountToResourceDirectory", []string{"TargetEntity", uidX, "TargetType", "Account", "Note", strings.Repeat("n", 1025)}, "400 InvalidParameter.Note.Length"},
		{"target type", akA, "InviteAccountToResourceDirectory", []string{"TargetEntity", uidX, "TargetType", "Pigeon"}, "400 InvalidParameter.TargetType"},
		{"no such handshake", akA, "GetHandshake", []string{"HandshakeId", "h-1"}, "404 EntityNotExists.Handshake"},
		{"root may not rename", "ROOT" + uidA, "UpdateAccount", []string{"AccountId", uidC, "NewDisplayName", "web shop"}, "409 CallerIdentityError"},
		{"name in use", akA, "UpdateAccount", []string{"AccountId", uidC, "NewDisplayName", "payments"}, "409 InvalidParameter.Account.DisplayName.AlreadyUsed"},
		{"nothing to change", akA, "UpdateAccount", []string{"AccountId", uidC}, "409 MissingDisplayNameOrAccountType"},
		{"move to nowhere", akA, "MoveAccount", []string{"AccountId", uidC, "DestinationFolderId", "fd-1"}, "404 EntityNotExists.Folder"},
		{"move nobody", akA, "MoveAccount", []string{"AccountId", "42", "DestinationFolderId", "fd-1"}, "404 EntityNotExists.Account"},
		{"display name too short", akA, "CreateResourceAccount", []string{"DisplayName", "x"}, "400 InvalidParameter.Account.DisplayName.Length"},
		{"display name missing", akA, "CreateResourceAccount", nil, "400 MissingParameter.Account.DisplayName"},
		{"prefix", akA, "CreateResourceAccount", []string{"DisplayName", "new one", "AccountNamePrefix", "-a-"}, "400 InvalidParameter.Account.AccountNamePrefix"},
		{"page size", akA, "ListAccounts", []string{"PageSize", "101"}, "400 InvalidParameter.PageSize"},
		{"page number", akA, "ListAccounts", []string{"PageNumber", "0"}, "400 InvalidParameter.PageNumber"},
		{"token", akA, "ListAccounts", []string{"NextToken", "%%"}, "400 InvalidParameter.NextToken"},
		{"token length", akA, "ListAccounts", []string{"NextToken", strings.Repeat("a", 257)}, "400 InvalidParameter.NextToken.Length"},
		{"max results", akA, "ListAccounts", []string{"MaxResults", "101"}, "400 InvalidParameter.MaxResults"},
		{"destroy with members", akA, "DestroyResourceDirectory", nil, "409 DeleteConflict.ResourceDirectory.Account"},
		{"folder name length", akA, "CreateFolder", []string{"FolderName", strings.Repeat("f", 25)}, "400 InvalidParameter.Folder.Name.Length"},
		{"folder name missing", akA, "CreateFolder", nil, "400 MissingParameter.Folder.Name"},
		{"folder unknown", akA, "DeleteFolder", []string{"FolderId", "fd-1"}, "404 EntityNotExists.Folder"},
		{"bad principal", akA, "RegisterDelegatedAdministrator", []string{"AccountId", uidB, "ServicePrincipal", "x.aliyuncs.com"}, "409 InvalidParameter.ServicePrincipal"},
		{"master as delegate", akA, "RegisterDelegatedAdministrator", []string{"AccountId", uidA, "ServicePrincipal", "sas.aliyuncs.com"}, "409 CannotRegisterMasterAsDelegatedAdministrator"},
		{"stranger as delegate", akA, "RegisterDelegatedAdministrator", []string{"AccountId", uidX, "ServicePrincipal", "sas.aliyuncs.com"}, "404 EntityNotExists.Account"},
		{"not registered", akA, "DeregisterDelegatedAdministrator", []string{"AccountId", uidB, "ServicePrincipal", "sas.aliyuncs.com"}, "409 AccountNotRegistered"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := seeded(t).rd(t, tt.key, tt.action, tt.params...)
			if code(err) != tt.want {
				t.Errorf("got %q, want %q", code(err), tt.want)
			}
		})
	}
}

func TestInvitationsExpireAndAreLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *directory.Options) { o.Limits.InvitationsPerDay = 2 })
	if err := w.Enable(uidA); err != nil {
		t.Fatal(err)
	}
	invite := func(uid string) (string, error) {
		body, err := w.rd(t, "AK"+uidA, "InviteAccountToResourceDirectory", "TargetEntity", uid, "TargetType", "Account")
		var a struct{ Handshake struct{ HandshakeId string } }
		_ = json.Unmarshal([]byte(body), &a)
		return a.Handshake.HandshakeId, err
	}
	id, err := invite(uidB)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := invite(uidC); err != nil {
		t.Fatal(err)
	}
	if _, err := invite(uidD); code(err) != "409 LimitExceeded.InvitationRate" {
		t.Errorf("third invitation of the day: %v", err)
	}
	w.advance(14*24*time.Hour - time.Second)
	if body, err := w.rd(t, "AK"+uidB, "GetHandshake", "HandshakeId", id); err != nil || !strings.Contains(body, `"Pending"`) {
		t.Errorf("a second before it expires: %s, %v", body, err)
	}
	w.advance(time.Second)
	if body, err := w.rd(t, "AK"+uidB, "GetHandshake", "HandshakeId", id); err != nil || !strings.Contains(body, `"Expired"`) {
		t.Errorf("after 14 days: %s, %v", body, err)
	}
	if _, err := w.rd(t, "AK"+uidB, "AcceptHandshake", "HandshakeId", id); code(err) != "409 HandshakeStatusMismatch" {
		t.Errorf("accept after 14 days: %v", err)
	}
	if _, err := invite(uidB); err != nil {
		t.Errorf("invite again after it expired: %v", err)
	}
}

func TestFolders(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	parent, deepest := "", ""
	for i := range 5 {
		id, err := w.AddFolder(uidA, parent, fmt.Sprintf("level-%d", i+1))
		if err != nil {
			t.Fatal(err)
		}
		parent, deepest = id, id
	}
	ak := "AK" + uidA
	if _, err := w.rd(t, ak, "CreateFolder", "FolderName", "six", "ParentFolderId", deepest); code(err) != "409 LimitExceeded.Folder.Depth" {
		t.Errorf("sixth level: %v", err)
	}
	if _, err := w.rd(t, ak, "CreateFolder", "FolderName", "level-1"); code(err) != "400 InvalidParameter.Folder.Name.AlreadyUsed" {
		t.Errorf("same name: %v", err)
	}
	if _, err := w.rd(t, ak, "MoveAccount", "AccountId", uidC, "DestinationFolderId", deepest); err != nil {
		t.Fatal(err)
	}
	if got := w.PathOf(uidC); strings.Count(got, "/fd-") != 5 || !strings.HasSuffix(got, deepest+"/"+uidC) {
		t.Errorf("path = %s", got)
	}
	if _, err := w.rd(t, ak, "DeleteFolder", "FolderId", deepest); code(err) != "409 DeleteConflict.Folder.Account" {
		t.Errorf("folder with member: %v", err)
	}
	above := strings.Split(w.PathOf(uidC), "/")[5]
	if _, err := w.rd(t, ak, "DeleteFolder", "FolderId", above); code(err) != "409 DeleteConflict.Folder.SubFolder" {
		t.Errorf("folder with subfolder: %v", err)
	}
	request := resourcemanager.CreateListAncestorsRequest()
	request.ChildId = deepest
	answer, err := w.client(t, ak).ListAncestors(request)
	if err != nil || len(answer.Folders.Folder) != 5 || answer.Folders.Folder[0].ParentFolderId != "" {
		t.Errorf("ancestors = %+v, %v", answer.Folders, err)
	}
	children := resourcemanager.CreateListAccountsForParentRequest()
	children.ParentFolderId = deepest
	in, err := w.client(t, ak).ListAccountsForParent(children)
	if err != nil || len(in.Accounts.Account) != 1 || in.Accounts.Account[0].AccountId != uidC {
		t.Errorf("members of the folder = %+v, %v", in.Accounts, err)
	}
}

func TestDelegation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *directory.Options) { o.DelegateLimit = map[string]int{directory.SecurityCenter(): 1} })
	if err := w.Enable(uidA); err != nil {
		t.Fatal(err)
	}
	for _, uid := range []string{uidB, uidC} {
		if err := w.AddMember(uidA, uid, "m"+uid, "invited"); err != nil {
			t.Fatal(err)
		}
	}
	ak := "AK" + uidA
	register := func(uid string) string {
		_, err := w.rd(t, ak, "RegisterDelegatedAdministrator", "AccountId", uid, "ServicePrincipal", directory.SecurityCenter())
		return code(err)
	}
	got := []string{register(uidB), register(uidB), register(uidC)}
	if diff := cmp.Diff([]string{"", "409 AccountAlreadyRegistered", "409 DelegatedAccountNumberExceeded"}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := w.rd(t, "AK"+uidB, "ListAccounts"); err != nil {
		t.Errorf("a delegated administrator reads members: %v", err)
	}
	if _, err := w.rd(t, "AK"+uidB, "CreateFolder", "FolderName", "x"); code(err) != "404 EntityNotExists.ResourceDirectory" {
		t.Errorf("a delegated administrator changes folders: %v", err)
	}
	list, err := w.client(t, ak).ListDelegatedAdministrators(resourcemanager.CreateListDelegatedAdministratorsRequest())
	if err != nil || len(list.Accounts.Account) != 1 || list.Accounts.Account[0].DelegationEnabledTime != strconv.FormatInt(w.clock().UnixMilli(), 10) {
		t.Errorf("administrators = %+v, %v", list, err)
	}
	services := resourcemanager.CreateListDelegatedServicesForAccountRequest()
	services.AccountId = uidB
	of, err := w.client(t, ak).ListDelegatedServicesForAccount(services)
	if err != nil || len(of.DelegatedServices.DelegatedService) != 1 || of.DelegatedServices.DelegatedService[0].Status != "ENABLED" {
		t.Errorf("services = %+v, %v", of, err)
	}
	if _, err := w.rd(t, ak, "RemoveCloudAccount", "AccountId", uidB); code(err) != "409 Deny.TrustedService" {
		t.Errorf("remove a delegated administrator: %v", err)
	}
	if _, err := w.rd(t, ak, "DeregisterDelegatedAdministrator", "AccountId", uidB, "ServicePrincipal", directory.SecurityCenter()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.rd(t, ak, "RemoveCloudAccount", "AccountId", uidB); err != nil {
		t.Fatal(err)
	}
	if _, ok := w.MemberOf(uidB); ok || !slices.Equal(w.left, []string{uidB + "<" + uidA}) {
		t.Errorf("still a member, or no hook: %v", w.left)
	}
}

func TestRequireTrustedAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *directory.Options) { o.RequireTrustedAccess = true })
	if err := w.Enable(uidA); err != nil {
		t.Fatal(err)
	}
	if err := w.AddMember(uidA, uidB, "security", "invited"); err != nil {
		t.Fatal(err)
	}
	params := []string{"AccountId", uidB, "ServicePrincipal", directory.SecurityCenter()}
	if _, err := w.rd(t, "AK"+uidA, "RegisterDelegatedAdministrator", params...); code(err) != "409 InvalidParameter.ServicePrincipal" {
		t.Errorf("before trusted access: %v", err)
	}
	if _, err := w.call(t, "AK"+uidA, "Sas", "2018-12-03", "EnableServiceAccessResourceDirectory"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.rd(t, "AK"+uidA, "RegisterDelegatedAdministrator", params...); err != nil {
		t.Errorf("after trusted access: %v", err)
	}
}

func TestCreateResourceAccountAndPaging(t *testing.T) {
	t.Parallel()
	made := map[string]string{}
	var mu sync.Mutex
	w := newWorld(t, func(o *directory.Options) {
		o.Limits.Members = 12
		o.CreateAccount = func(id string, a directory.Account) { mu.Lock(); made[id] = a.Enterprise; mu.Unlock() }
	})
	if err := w.Enable(uidA); err != nil {
		t.Fatal(err)
	}
	c := w.client(t, "AK"+uidA)
	request := resourcemanager.CreateCreateResourceAccountRequest()
	for i := range 12 {
		request.DisplayName = fmt.Sprintf("member %d", i)
		answer, err := c.CreateResourceAccount(request)
		if err != nil {
			t.Fatal(err)
		}
		if id := answer.Account.AccountId; len(id) != 16 || made[id] != "Fenghuo" || answer.Account.Status != "CreateSuccess" {
			t.Fatalf("account = %+v, made %v", answer.Account, made)
		}
	}
	request.DisplayName = "one more"
	if _, err := c.CreateResourceAccount(request); code(err) != "409 LimitExceeded.Account" {
		t.Errorf("thirteenth member: %v", err)
	}
	seen := map[string]bool{}
	list := resourcemanager.CreateListAccountsRequest()
	list.PageSize = requests.NewInteger(5)
	for n := 1; n <= 3; n++ {
		list.PageNumber = requests.NewInteger(n)
		page, err := c.ListAccounts(list)
		if err != nil || page.TotalCount != 12 {
			t.Fatalf("page %d: %+v, %v", n, page, err)
		}
		for _, a := range page.Accounts.Account {
			seen[a.AccountId] = true
		}
	}
	if len(seen) != 12 {
		t.Errorf("pages hold %d accounts", len(seen))
	}
	byToken, token := 0, ""
	for {
		body, err := w.rd(t, "AK"+uidA, "ListAccounts", "MaxResults", "5", "NextToken", token)
		if err != nil {
			t.Fatal(err)
		}
		var a struct {
			Accounts  struct{ Account []struct{ AccountId string } }
			NextToken string
		}
		if err := json.Unmarshal([]byte(body), &a); err != nil {
			t.Fatal(err)
		}
		byToken += len(a.Accounts.Account)
		if token = a.NextToken; token == "" {
			break
		}
	}
	if byToken != 12 {
		t.Errorf("tokens list %d accounts", byToken)
	}
	for id := range made {
		if _, err := w.rd(t, "AK"+uidA, "RemoveCloudAccount", "AccountId", id); code(err) != "409 AccountTypeOrStatusMismatch" {
			t.Errorf("remove a resource account: %v", err)
		}
		break
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	if _, err := w.rd(t, "AK"+uidA, "GetAccount", "AccountId", uidC); err != nil {
		t.Fatal(err)
	}
	w.deny = "resourcemanager:MoveAccount"
	if _, err := w.rd(t, "AK"+uidA, "MoveAccount", "AccountId", uidC, "DestinationFolderId", "r"); code(err) != "403 NoPermission" {
		t.Errorf("denied: %v", err)
	}
	path := w.PathOf(uidC)
	want := []string{
		"resourcemanager:GetAccount acs:resourcemanager:*:" + uidA + ":account/" + path,
		"resourcemanager:MoveAccount acs:resourcemanager:*:" + uidA + ":account/" + path,
	}
	if diff := cmp.Diff(want, w.asked); diff != "" {
		t.Error(diff)
	}
}

func TestHooksMayCallBack(t *testing.T) {
	t.Parallel()
	var s *directory.Service
	seen := ""
	s = directory.New(directory.Options{OnJoin: func(id, _ string) { seen = s.PathOf(id) }})
	if err := s.Enable(uidA); err != nil {
		t.Fatal(err)
	}
	if err := s.AddMember(uidA, uidB, "security", "created"); err != nil {
		t.Fatal(err)
	}
	rd, path := s.PrincipalRD(uidB)
	if seen != path || !strings.HasPrefix(path, rd+"/r-") {
		t.Errorf("hook saw %q, path %q of %q", seen, path, rd)
	}
}

func TestRepeatable(t *testing.T) {
	t.Parallel()
	path := func() string {
		s := directory.New(directory.Options{})
		if err := s.Enable(uidA); err != nil {
			t.Fatal(err)
		}
		return s.PathOf(uidA)
	}
	if a, b := path(), path(); a != b {
		t.Errorf("two runs give %s and %s", a, b)
	}
}
