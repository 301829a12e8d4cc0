package directory

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi/openapitest"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

type object = map[string]any

func TestListAccountsTurnsPages(t *testing.T) {
	t.Parallel()
	const total = 250
	c := New(openapitest.Serve(t, func(call openapitest.Call) any {
		page, _ := strconv.Atoi(call.Get("PageNumber"))
		size, _ := strconv.Atoi(call.Get("PageSize"))
		if call.Action != "ListAccounts" || call.Version != "2020-03-31" || size < 1 || size > 100 {
			t.Errorf("call = %+v", call)
		}
		var accounts []object
		for i := (page - 1) * size; i < min(page*size, total); i++ {
			accounts = append(accounts, object{"AccountId": strconv.Itoa(i), "Status": "InviteSuccess"})
		}
		return object{"Accounts": object{"Account": accounts}, "TotalCount": total}
	}))
	got, err := c.ListAccounts(t.Context())
	if err != nil || len(got) != total || got[249].ID != "249" {
		t.Errorf("%d accounts, %v", len(got), err)
	}
}

func TestReads(t *testing.T) {
	t.Parallel()
	c := New(openapitest.Serve(t, func(call openapitest.Call) any {
		switch call.Action {
		case "GetResourceDirectory":
			return object{"ResourceDirectory": object{
				"ResourceDirectoryId": "rd-1", "MasterAccountId": "1100000000000001", "RootFolderId": "r-1",
				"IdentityInformation": "*** Co., Ltd.\n",
			}}
		case "GetAccount":
			return object{"Account": object{"AccountId": call.Get("AccountId"), "DisplayName": "shop", "IdentityInformation": "Fenghuo Example Co., Ltd.", "Tags": []object{}}}
		case "ListFoldersForParent":
			if _, ok := call.Params["ParentFolderId"]; ok {
				t.Error("an empty folder was sent instead of none")
			}
			return object{"Folders": object{"Folder": []object{{"FolderId": "fd-1", "FolderName": "prod"}}}, "TotalCount": 1}
		case "ListDelegatedAdministrators":
			return object{"Accounts": object{"Account": []object{{"AccountId": "2", "ServicePrincipal": call.Get("ServicePrincipal"), "DelegationEnabledTime": "1767283200000"}}}, "TotalCount": 1}
		case "ListDelegatedServicesForAccount":
			return object{"DelegatedServices": object{"DelegatedService": []object{{"ServicePrincipal": "sas.aliyuncs.com", "Status": "ENABLED"}}}}
		case "ListTrustedServiceStatus":
			return object{"EnabledServicePrincipals": object{"EnabledServicePrincipal": []object{{"ServicePrincipal": "sas.aliyuncs.com"}}}, "TotalCount": 1}
		case "ListHandshakesForAccount":
			return object{"Handshakes": object{"Handshake": []object{}}, "TotalCount": 0}
		}
		t.Errorf("call %s", call.Action)
		return nil
	}))
	ctx := t.Context()
	check := func(name string, got, want any, err error) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	rd, err := c.Get(ctx)
	check("Get", rd, Directory{ID: "rd-1", ManagementAccount: "1100000000000001", RootFolder: "r-1", Enterprise: "*** Co., Ltd.\n"}, err)
	account, err := c.GetAccount(ctx, "3")
	check("GetAccount", account, Account{ID: "3", Name: "shop", Enterprise: "Fenghuo Example Co., Ltd."}, err)
	folders, err := c.ListFoldersForParent(ctx, "")
	check("ListFoldersForParent", folders, []Folder{{ID: "fd-1", Name: "prod"}}, err)
	admins, err := c.ListDelegatedAdministrators(ctx, "sas.aliyuncs.com")
	check("ListDelegatedAdministrators", admins, []DelegatedAdministrator{{Account: "2", Service: "sas.aliyuncs.com", Since: "1767283200000"}}, err)
	services, err := c.ListDelegatedServicesForAccount(ctx, "2")
	check("ListDelegatedServicesForAccount", services, []DelegatedService{{Service: "sas.aliyuncs.com", Status: "ENABLED"}}, err)
	trusted, err := c.ListTrustedServiceStatus(ctx)
	check("ListTrustedServiceStatus", trusted, []TrustedService{{Service: "sas.aliyuncs.com"}}, err)
	handshakes, err := c.ListHandshakesForAccount(ctx)
	check("ListHandshakesForAccount", handshakes, []Handshake(nil), err)
}

// TestSettledRefusals: what is so already is success (accounts.md §2.7); all else is not.
func TestSettledRefusals(t *testing.T) {
	t.Parallel()
	codes := map[string]string{
		"RegisterDelegatedAdministrator": "AccountAlreadyRegistered", "DeregisterDelegatedAdministrator": "AccountNotRegistered",
		"EnableResourceDirectory": "EntityAlreadyExists.ResourceDirectory", "InviteAccountToResourceDirectory": "EntityAlreadyExists.Handshake",
		"AcceptHandshake": "HandshakeStatusMismatch",
	}
	settled := New(openapitest.Serve(t, func(call openapitest.Call) any {
		switch call.Action {
		case "GetResourceDirectory":
			return object{"ResourceDirectory": object{"ResourceDirectoryId": "rd-1"}}
		case "ListHandshakesForResourceDirectory":
			return object{"Handshakes": object{"Handshake": []object{
				{"HandshakeId": "h-0", "Status": "Declined", "TargetEntity": "3"},
				{"HandshakeId": "h-1", "Status": "Pending", "TargetEntity": "3"},
			}}, "TotalCount": 2}
		case "GetHandshake":
			return object{"Handshake": object{"HandshakeId": "h-1", "Status": "Accepted"}}
		}
		return openapitest.Error{Status: 409, Code: codes[call.Action]}
	}))
	refused := New(openapitest.Serve(t, func(openapitest.Call) any { return openapitest.Error{Status: 409, Code: "LegalEntityMismatch"} }))
	calls := map[string]func(c *Client) (string, error){
		"register":   func(c *Client) (string, error) { return "", c.RegisterDelegatedAdministrator(t.Context(), "2", "s") },
		"deregister": func(c *Client) (string, error) { return "", c.DeregisterDelegatedAdministrator(t.Context(), "2", "s") },
		"enable":     func(c *Client) (string, error) { d, err := c.Enable(t.Context()); return d.ID, err },
		"invite":     func(c *Client) (string, error) { h, err := c.Invite(t.Context(), "3", ""); return h.ID, err },
		"accept":     func(c *Client) (string, error) { h, err := c.AcceptHandshake(t.Context(), "h-1"); return h.ID, err },
	}
	want := map[string]string{"enable": "rd-1", "invite": "h-1", "accept": "h-1"}
	for name, call := range calls {
		if got, err := call(settled); err != nil || got != want[name] {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want[name])
		}
		if _, err := call(refused); soc.KindOf(err) != soc.Conflict {
			t.Errorf("%s refused: %v, want Conflict", name, err)
		}
	}
}

func TestTrustedAccess(t *testing.T) {
	t.Parallel()
	data := true
	c := New(openapitest.Serve(t, func(call openapitest.Call) any {
		switch call.Version + " " + call.Action {
		case "2018-12-03 EnableServiceAccessResourceDirectory":
			return object{}
		case "2022-06-16 EnableServiceForCloudSiem":
			return object{"Data": data}
		}
		t.Errorf("call %s %s", call.Version, call.Action)
		return nil
	}))
	if err := c.EnableSecurityCenter(t.Context()); err != nil {
		t.Error(err)
	}
	if err := c.EnableThreatAnalysis(t.Context()); err != nil {
		t.Error(err)
	}
	data = false
	if err := c.EnableThreatAnalysis(t.Context()); soc.KindOf(err) != soc.Conflict {
		t.Errorf("service says false: %v, want Conflict", err)
	}
}
