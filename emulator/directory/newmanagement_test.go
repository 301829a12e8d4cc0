package directory_test

import (
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/resourcemanager"

	"github.com/fenghuo-soc/fenghuo/emulator/directory"
)

// TestNewManagementAccount: an account lets a fresh one manage the directory and becomes its first member.
func TestNewManagementAccount(t *testing.T) {
	t.Parallel()
	made := map[string]directory.Account{}
	w := newWorld(t, func(o *directory.Options) {
		known := o.Accounts
		o.Accounts = func(id string) (directory.Account, bool) {
			if a, ok := made[id]; ok {
				return a, true
			}
			return known(id)
		}
		o.CreateAccount = func(id string, a directory.Account) { made[id] = a }
	})
	const name = "chief@rdadmin.aliyunid.com"
	for _, tt := range []struct{ name, phone, code, want string }{
		{"chief", "86-1", "000000", "409 InvalidParameter.ManagementAccountName"},
		{"a__b@rdadmin.aliyunid.com", "86-1", "000000", "409 InvalidParameter.ManagementAccountName"},
		{name, "", "000000", "409 MissingSecureMobilePhone"},
		{name, "86-1", "123456", "409 Invalid.VerificationCode"},
	} {
		if _, err := w.rd(t, "AK"+uidC, "EnableResourceDirectory", "EnableMode", "NewManagementAccount", "MAName", tt.name, "MASecureMobilePhone", tt.phone, "VerificationCode", tt.code); code(err) != tt.want {
			t.Errorf("%+v: %v", tt, err)
		}
	}
	c := w.client(t, "AK"+uidC)
	send := resourcemanager.CreateSendVerificationCodeForEnableRDRequest()
	send.SecureMobilePhone = "86-1"
	if _, err := c.SendVerificationCodeForEnableRD(send); err != nil {
		t.Fatal(err)
	}
	enable := resourcemanager.CreateEnableResourceDirectoryRequest()
	enable.EnableMode, enable.MAName, enable.MASecureMobilePhone, enable.VerificationCode = "NewManagementAccount", name, "86-1", directory.VerificationCode()
	out, err := c.EnableResourceDirectory(enable)
	if err != nil {
		t.Fatal(err)
	}
	master := out.ResourceDirectory.MasterAccountId
	if management, ok := w.MemberOf(uidC); !ok || management != master || made[master].Name != name || out.ResourceDirectory.MasterAccountName != name {
		t.Errorf("directory %+v, account %+v, member of %s", out.ResourceDirectory, made[master], management)
	}
	if _, err := w.rd(t, "AK"+master, "ListAccounts"); err != nil {
		t.Errorf("the new account cannot manage: %v", err)
	}
	if _, err := c.EnableResourceDirectory(enable); code(err) != "409 InvalidParameter.ManagementAccountName.AlreadyUsed" {
		t.Errorf("again: %v", err)
	}
}
