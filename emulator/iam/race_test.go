package iam

import (
	"strconv"
	"sync"
	"testing"
)

// TestConcurrentUse mixes everything; it is for the race detector, and checks that the counts add up.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits.AssumeRolePerSecond = -1 })
	w.role(shop, "r", "acs:ram::"+security+":root", "", `{"Effect":"Allow","Action":"log:*","Resource":"*"}`)
	bob := w.user(security, "bob", "AliyunSTSAssumeRoleAccess")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				c := w.assume(bob, shop, "r")
				w.allowed(c, "log:GetLogStoreLogs", shopLog)
				name := "x" + strconv.Itoa(i) + "-" + strconv.Itoa(j)
				w.must(shop, "CreateRole", "RoleName", name, "AssumeRolePolicyDocument", trustShop)
				w.must(shop, "DeleteRole", "RoleName", name)
				if err := w.EnsureServiceLinkedRole(security, "sas.aliyuncs.com"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := w.Used(roleARN(shop, "r"))["log:GetLogStoreLogs"]; got != 160 {
		t.Errorf("%d uses counted, want 160", got)
	}
}
