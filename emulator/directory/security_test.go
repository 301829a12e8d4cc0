package directory_test

import (
	"encoding/json"
	"strings"
	"testing"

	siem "github.com/aliyun/alibaba-cloud-sdk-go/services/cloud-siem"
	"github.com/google/go-cmp/cmp"

	sdk "github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"

	"github.com/fenghuo-soc/fenghuo/emulator/directory"
)

func (w *world) sas(t *testing.T, key, action string, params ...string) (string, error) {
	t.Helper()
	return w.call(t, key, "Sas", "2018-12-03", action, params...)
}

func TestTrustedAccess(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	for _, tt := range []struct{ key, want string }{
		{"AK" + uidB, "403 NoPermission"}, {"AK" + uidX, "400 EntityNotExists.ResourceDir"}, {"AK" + uidA, ""}, {"AK" + uidA, ""},
	} {
		if _, err := w.sas(t, tt.key, "EnableServiceAccessResourceDirectory"); code(err) != tt.want {
			t.Errorf("%s: %v, want %q", tt.key, err, tt.want)
		}
	}
	body, err := w.rd(t, "AK"+uidA, "ListTrustedServiceStatus")
	if err != nil || strings.Count(body, "EnableTime") != 1 || !strings.Contains(body, directory.SecurityCenter()) {
		t.Errorf("trusted services = %s, %v", body, err)
	}
}

func TestMonitorAccounts(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	for _, uid := range []string{uidB, uidC} {
		if _, err := w.rd(t, "AK"+uidA, "RegisterDelegatedAdministrator", "AccountId", uid, "ServicePrincipal", directory.SecurityCenter()); err != nil {
			t.Fatal(err)
		}
	}
	steps := []struct{ key, ids, want string }{
		{"AK" + uidD, uidC, "403 NoPermission"},
		{"AK" + uidB, uidC + "," + uidD, ""},
		{"AK" + uidB, uidX, "400 InvalidParameter.AccountIds"},
		{"AK" + uidC, uidD, "400 InvalidParameter.AccountIds"}, // one administrator at a time
		{"AK" + uidB, uidC, ""},                                // replaces the list
		{"AK" + uidC, uidD, ""},
	}
	for i, s := range steps {
		if _, err := w.sas(t, s.key, "CreateMonitorAccount", "AccountIds", s.ids); code(err) != s.want {
			t.Errorf("step %d: %v, want %q", i, err, s.want)
		}
	}
	body, err := w.sas(t, "AK"+uidB, "DescribeMonitorAccounts")
	var got struct{ AccountIds []string }
	if err != nil || json.Unmarshal([]byte(body), &got) != nil {
		t.Fatal(body, err)
	}
	if diff := cmp.Diff([]string{uidC}, got.AccountIds); diff != "" {
		t.Error(diff)
	}
	list, err := w.sas(t, "AK"+uidB, "ListAccountsInResourceDirectory")
	if err != nil || strings.Count(list, `"IsSasDaAccount":"yes"`) != 2 || strings.Count(list, `"IsMaAccount":"yes"`) != 1 || strings.Count(list, `"IsSiemControlAccount":"yes"`) != 2 {
		t.Errorf("accounts = %s, %v", list, err)
	}
}

func TestThreatAnalysis(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	if _, err := w.rd(t, "AK"+uidA, "RegisterDelegatedAdministrator", "AccountId", uidB, "ServicePrincipal", directory.ThreatAnalysis()); err != nil {
		t.Fatal(err)
	}
	client := func(uid string) *siem.Client {
		newClient.Lock()
		defer newClient.Unlock()
		c, err := siem.NewClientWithOptions("cn-hangzhou", sdk.NewConfig().WithScheme("HTTP"), credentials.NewAccessKeyCredential("AK"+uid, "secret"))
		if err != nil {
			t.Fatal(err)
		}
		c.Domain = strings.TrimPrefix(w.url, "http://")
		return c
	}
	if _, err := client(uidB).EnableServiceForCloudSiem(siem.CreateEnableServiceForCloudSiemRequest()); code(err) != "403 NoPermission" {
		t.Errorf("switched on by the delegate: %v", err)
	}
	if on, err := client(uidA).EnableServiceForCloudSiem(siem.CreateEnableServiceForCloudSiemRequest()); err != nil || !on.Data {
		t.Errorf("EnableServiceForCloudSiem = %v, %v", on, err)
	}
	access := siem.CreateEnableAccessForCloudSiemRequest()
	access.FormParams["RoleFor"] = uidC
	if _, err := client(uidD).EnableAccessForCloudSiem(access); code(err) != "403 NoPermission" {
		t.Errorf("a member acts for another: %v", err)
	}
	access = siem.CreateEnableAccessForCloudSiemRequest()
	access.FormParams["RoleFor"] = uidC
	if _, err := client(uidB).EnableAccessForCloudSiem(access); err != nil {
		t.Fatal(err)
	}
	for uid, want := range map[string]bool{uidC: true, uidD: false} {
		auth, err := client(uid).DescribeAuth(siem.CreateDescribeAuthRequest())
		if err != nil || auth.Data != want {
			t.Errorf("DescribeAuth of %s = %v, %v", uid, auth, err)
		}
	}
	users, err := client(uidB).ListRdUsers(siem.CreateListRdUsersRequest())
	if err != nil || len(users.Data) != 3 {
		t.Fatalf("users = %+v, %v", users, err)
	}
	for _, u := range users.Data {
		if u.MainUserId != 1100000000000002 || u.Joined != (u.SubUserId == 1100000000000003) || u.DelegatedOrNot != (u.SubUserId == 1100000000000002) {
			t.Errorf("user = %+v", u)
		}
	}
}
