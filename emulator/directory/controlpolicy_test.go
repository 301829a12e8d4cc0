package directory_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/resourcemanager"
	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/emulator/directory"
)

const noDeletion = `{"Version":"1","Statement":[{"Effect":"Deny","Action":"ram:DeleteRole","Resource":"*"}]}`

// TestControlPolicyWithSDK walks the feature with the official client: on, create, attach, read, detach, delete, off.
func TestControlPolicyWithSDK(t *testing.T) {
	t.Parallel()
	w := seeded(t)
	c := w.client(t, "AK"+uidA)
	folder, err := w.AddFolder(uidA, "", "shops")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.rd(t, "AK"+uidA, "MoveAccount", "AccountId", uidC, "DestinationFolderId", folder); err != nil {
		t.Fatal(err)
	}
	create := resourcemanager.CreateCreateControlPolicyRequest()
	create.PolicyName, create.EffectScope, create.PolicyDocument, create.Description = "keep-roles", "RAM", noDeletion, "no role goes"
	made, err := c.CreateControlPolicy(create)
	if err != nil {
		t.Fatal(err)
	}
	id := made.ControlPolicy.PolicyId
	attach := resourcemanager.CreateAttachControlPolicyRequest()
	attach.PolicyId, attach.TargetId = id, folder
	if _, err := c.AttachControlPolicy(attach); code(err) != "409 InvalidControlPolicyEnablementStatus" {
		t.Errorf("attached while the feature is off: %v", err)
	}
	on, err := c.EnableControlPolicy(resourcemanager.CreateEnableControlPolicyRequest())
	if err != nil || on.EnablementStatus != "PendingEnable" {
		t.Fatalf("enable: %+v, %v", on, err)
	}
	status, err := c.GetControlPolicyEnablementStatus(resourcemanager.CreateGetControlPolicyEnablementStatusRequest())
	if err != nil || status.EnablementStatus != "Enabled" {
		t.Fatalf("status: %+v, %v", status, err)
	}
	full := []string{"cp-FullAliyunAccess"}
	if diff := cmp.Diff([][]string{full, full, full}, names(w, uidC)); diff != "" {
		t.Errorf("after enabling: %s", diff)
	}
	if _, err := c.AttachControlPolicy(attach); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{full, {"cp-FullAliyunAccess", "deny"}, full}, names(w, uidC)); diff != "" {
		t.Errorf("levels of the member: %s", diff)
	}
	if got := w.ControlPolicies(uidA, uidC); got != nil {
		t.Errorf("the management account is bound: %v", got)
	}
	if diff := cmp.Diff([][]string{full, full}, names(w, uidB)); diff != "" {
		t.Errorf("levels of a member in the root folder: %s", diff)
	}
	targets := resourcemanager.CreateListTargetAttachmentsForControlPolicyRequest()
	targets.PolicyId = id
	where, err := c.ListTargetAttachmentsForControlPolicy(targets)
	if err != nil || where.TotalCount != 1 || where.TargetAttachments.TargetAttachment[0].TargetName != "shops" || where.TargetAttachments.TargetAttachment[0].TargetType != "Folder" {
		t.Errorf("targets: %+v, %v", where, err)
	}
	of := resourcemanager.CreateListControlPolicyAttachmentsForTargetRequest()
	of.TargetId = folder
	has, err := c.ListControlPolicyAttachmentsForTarget(of)
	if err != nil || len(has.ControlPolicyAttachments.ControlPolicyAttachment) != 2 || has.ControlPolicyAttachments.ControlPolicyAttachment[1].PolicyName != "keep-roles" {
		t.Errorf("attachments: %+v, %v", has, err)
	}
	all, err := c.ListControlPolicies(resourcemanager.CreateListControlPoliciesRequest())
	if err != nil || all.TotalCount != 2 || all.ControlPolicies.ControlPolicy[1].AttachmentCount != "1" || all.ControlPolicies.ControlPolicy[0].PolicyType != "System" {
		t.Errorf("policies: %+v, %v", all, err)
	}
	if _, err := c.DisableControlPolicy(resourcemanager.CreateDisableControlPolicyRequest()); err != nil {
		t.Fatal(err)
	}
	if got := w.ControlPolicies(uidC, uidC); got != nil {
		t.Errorf("bound after disabling: %v", got)
	}
	remove := resourcemanager.CreateDeleteControlPolicyRequest()
	remove.PolicyId = id
	if _, err := c.DeleteControlPolicy(remove); err != nil {
		t.Error(err)
	}
}

// names shortens the levels of a member: the id of the system policy, else deny.
func names(w *world, account string) [][]string {
	var out [][]string
	for _, level := range w.ControlPolicies(account, account) {
		var list []string
		for _, text := range level {
			if strings.Contains(text, "Deny") {
				list = append(list, "deny")
			} else {
				list = append(list, "cp-FullAliyunAccess")
			}
		}
		out = append(out, list)
	}
	return out
}

// TestControlPolicyErrors: each call is made on a directory with the feature on and one policy p on the member C.
func TestControlPolicyErrors(t *testing.T) {
	t.Parallel()
	root := "ROOT" + uidA
	for _, tt := range []struct{ name, action, params, want string }{
		{"no name", "CreateControlPolicy", "EffectScope=RAM PolicyDocument={}", "400 MissingParameter.PolicyName"},
		{"bad name", "CreateControlPolicy", "PolicyName=1a EffectScope=RAM PolicyDocument={}", "400 InvalidParameter.PolicyName"},
		{"name of the system policy", "CreateControlPolicy", "PolicyName=FullAliyunAccess EffectScope=RAM PolicyDocument={}", "409 EntityAlreadyExists.ControlPolicy"},
		{"name in use", "CreateControlPolicy", "PolicyName=p EffectScope=RAM PolicyDocument={}", "409 EntityAlreadyExists.ControlPolicy"},
		{"scope", "CreateControlPolicy", "PolicyName=q EffectScope=All PolicyDocument={}", "400 InvalidParameter.EffectScope"},
		{"document", "CreateControlPolicy", "PolicyName=q EffectScope=RAM PolicyDocument=[", "400 InvalidParameter.PolicyDocument"},
		{"document too long", "CreateControlPolicy", "PolicyName=q EffectScope=RAM PolicyDocument={" + strings.Repeat("x", 4096), "400 InvalidParameter.PolicyDocument"},
		{"quota", "CreateControlPolicy", "PolicyName=q EffectScope=RAM PolicyDocument={}", "409 LimitExceeded.ControlPolicy"},
		{"change the system policy", "UpdateControlPolicy", "PolicyId=cp-FullAliyunAccess NewPolicyName=x", "409 NotSupport.SystemControlPolicy"},
		{"delete the system policy", "DeleteControlPolicy", "PolicyId=cp-FullAliyunAccess", "409 NotSupport.SystemControlPolicy"},
		{"delete while attached", "DeleteControlPolicy", "PolicyId=P", "409 DeleteConflict.ControlPolicy"},
		{"delete nothing", "DeleteControlPolicy", "PolicyId=cp-0", "404 EntityNotExists.ControlPolicy"},
		{"get nothing", "GetControlPolicy", "PolicyId=cp-0", "404 EntityNotExists.ControlPolicy"},
		{"attach nothing", "AttachControlPolicy", "PolicyId=cp-0 TargetId=" + uidB, "404 EntityNotExists.ControlPolicy"},
		{"attach to nothing", "AttachControlPolicy", "PolicyId=P TargetId=fd-0", "404 EntityNotExists.Target"},
		{"attach to the management account", "AttachControlPolicy", "PolicyId=P TargetId=" + uidA, "404 EntityNotExists.Target"},
		{"attach twice", "AttachControlPolicy", "PolicyId=P TargetId=" + uidC, "409 EntityAlreadyExists.ControlPolicyAttachment"},
		{"detach what is not there", "DetachControlPolicy", "PolicyId=P TargetId=" + uidB, "404 EntityNotExists.ControlPolicyAttachment"},
		{"detach the last one", "DetachControlPolicy", "PolicyId=cp-FullAliyunAccess TargetId=" + uidB, "400 NotSupport.DetachLastControlPolicy"},
		{"detach one of two", "DetachControlPolicy", "PolicyId=cp-FullAliyunAccess TargetId=" + uidC, ""},
		{"type", "ListControlPolicies", "PolicyType=Other", "400 InvalidParameter.PolicyType"},
		{"target of nothing", "ListControlPolicyAttachmentsForTarget", "TargetId=fd-0", "404 EntityNotExists.Target"},
		{"rename", "UpdateControlPolicy", "PolicyId=P NewPolicyName=other", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *directory.Options) { o.Limits.ControlPolicies = 1 })
			if err := w.Enable(uidA); err != nil {
				t.Fatal(err)
			}
			for _, uid := range []string{uidB, uidC} {
				if err := w.AddMember(uidA, uid, "m"+uid, "invited"); err != nil {
					t.Fatal(err)
				}
			}
			must := func(action string, params ...string) string {
				body, err := w.rd(t, root, action, params...)
				if err != nil {
					t.Fatal(err)
				}
				return body
			}
			must("EnableControlPolicy")
			body := must("CreateControlPolicy", "PolicyName", "p", "EffectScope", "RAM", "PolicyDocument", "{}")
			p := strings.Split(strings.Split(body, `"PolicyId":"`)[1], `"`)[0]
			must("AttachControlPolicy", "PolicyId", p, "TargetId", uidC)
			_, err := w.rd(t, root, tt.action, split(strings.ReplaceAll(tt.params, "=P", "="+p))...)
			if code(err) != tt.want {
				t.Errorf("got %q, want %q", code(err), tt.want)
			}
		})
	}
}

// split turns "A=1 B=2" into A, 1, B, 2.
func split(params string) []string {
	var out []string
	for _, p := range strings.Fields(params) {
		k, v, _ := strings.Cut(p, "=")
		out = append(out, k, v)
	}
	return out
}

// TestControlPolicyCoversNewcomers: folders and members that come later have the system policy, ten are the limit, and
// a member that leaves is bound no more.
func TestControlPolicyCoversNewcomers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	if err := w.Enable(uidA); err != nil {
		t.Fatal(err)
	}
	key := "AK" + uidA
	if _, err := w.rd(t, key, "EnableControlPolicy"); err != nil {
		t.Fatal(err)
	}
	folder, err := w.AddFolder(uidA, "", "later")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.AddMember(uidA, uidC, "shop", "invited"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.rd(t, key, "MoveAccount", "AccountId", uidC, "DestinationFolderId", folder); err != nil {
		t.Fatal(err)
	}
	full := []string{"cp-FullAliyunAccess"}
	if diff := cmp.Diff([][]string{full, full, full}, names(w, uidC)); diff != "" {
		t.Error(diff)
	}
	for n := range 10 {
		body, err := w.rd(t, key, "CreateControlPolicy", "PolicyName", fmt.Sprintf("p%d", n), "EffectScope", "RAM", "PolicyDocument", "{}")
		if err != nil {
			t.Fatal(err)
		}
		p := strings.Split(strings.Split(body, `"PolicyId":"`)[1], `"`)[0]
		want := ""
		if n == 9 {
			want = "409 LimitExceeded.ControlPolicyAttachment"
		}
		if _, err := w.rd(t, key, "AttachControlPolicy", "PolicyId", p, "TargetId", folder); code(err) != want {
			t.Errorf("attachment %d: %v", n, err)
		}
	}
	if _, err := w.rd(t, key, "RemoveCloudAccount", "AccountId", uidC); err != nil {
		t.Fatal(err)
	}
	if got := w.ControlPolicies(uidC, uidC); got != nil {
		t.Errorf("bound after leaving: %v", got)
	}
}
