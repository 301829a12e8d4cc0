// Package directory works with the resource directory, its members and its delegated administrators, and switches on the
// trusted access of the security services (accounts.md §2, §6.3).
//
// Start at [New] with an openapi client that calls as the management account, as a delegated administrator where an
// operation says so, or as the invited account. Operations that the cloud refuses because things are so already succeed
// here. Account ids are text.
package directory

import (
	"context"
	"strconv"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
)

// Client calls the directory as the identity of its openapi client. It is safe for concurrent use.
type Client struct{ api *openapi.Client }

// New returns a client.
func New(api *openapi.Client) *Client { return &Client{api} }

func (c *Client) do(ctx context.Context, action, resource string, query map[string]string, out any) error {
	return c.api.Do(ctx, openapi.Request{
		Product: "ResourceManager", Version: "2020-03-31", Action: action,
		Host: "resourcemanager.aliyuncs.com", Resource: resource, Query: query,
	}, out)
}

// settled makes a refusal that means "already so" a success.
func settled(err error, code string) error {
	if err != nil && openapi.Code(err) == code {
		return nil
	}
	return err
}

// pageSize is the most that list operations return at once.
const pageSize = 100

// pages calls an operation page by page until all total items came. one decodes a page and returns how many it held and
// how many there are.
func (c *Client) pages(ctx context.Context, action, resource string, query map[string]string, one func(call func(out any) error) (n, total int, err error)) error {
	for page, got := 1, 0; ; page++ {
		q := map[string]string{"PageNumber": strconv.Itoa(page), "PageSize": strconv.Itoa(pageSize)}
		for k, v := range query {
			if v != "" {
				q[k] = v
			}
		}
		n, total, err := one(func(out any) error { return c.do(ctx, action, resource, q, out) })
		if err != nil {
			return err
		}
		if got += n; n == 0 || got >= total {
			return nil
		}
	}
}

// Directory is a resource directory.
type Directory struct {
	ID                string `json:"ResourceDirectoryId"`
	ManagementAccount string `json:"MasterAccountId"`
	ManagementName    string `json:"MasterAccountName"`
	RootFolder        string `json:"RootFolderId"`
	CreateTime        string `json:"CreateTime"`
	ControlPolicies   string `json:"ControlPolicyStatus"`
	// Enterprise is the real-name verification of the management account as the API writes it: the name of the legal
	// entity, or a masked one such as "*** Co., Ltd.". Only Get fills it.
	Enterprise string `json:"IdentityInformation"`
}

// Get returns the directory of the caller, who is its management account or a member. Kinds: NotFound when the caller
// is in none.
func (c *Client) Get(ctx context.Context) (Directory, error) {
	var out struct{ ResourceDirectory Directory }
	err := c.do(ctx, "GetResourceDirectory", "", nil, &out)
	return out.ResourceDirectory, err
}

// Enable makes the caller the management account of a new directory; when it has one already, that is returned. Kinds:
// Conflict when the caller is in another directory or is not a verified enterprise.
func (c *Client) Enable(ctx context.Context) (Directory, error) {
	var out struct{ ResourceDirectory Directory }
	err := c.do(ctx, "EnableResourceDirectory", "", map[string]string{"EnableMode": "CurrentAccount"}, &out)
	if err != nil && openapi.Code(err) == "EntityAlreadyExists.ResourceDirectory" {
		return c.Get(ctx)
	}
	return out.ResourceDirectory, err
}

// Account is a member of the directory.
type Account struct {
	ID         string `json:"AccountId"`
	Name       string `json:"DisplayName"`
	FolderID   string `json:"FolderId"`
	JoinMethod string `json:"JoinMethod"` // created, invited
	JoinTime   string `json:"JoinTime"`   // RFC 3339
	Directory  string `json:"ResourceDirectoryId"`
	Path       string `json:"ResourceDirectoryPath"`
	Status     string `json:"Status"` // CreateSuccess, InviteSuccess, PromoteSuccess, …
	Type       string `json:"Type"`   // ResourceAccount, CloudAccount
	// Enterprise is the real-name verification of the member, written as in [Directory]. Only GetAccount fills it.
	Enterprise string `json:"IdentityInformation"`
	// DeletionStatus is set while the account is being closed: Checking, Deleting, CheckFailed, DeleteFailed. Only
	// GetAccount fills it.
	DeletionStatus string `json:"DeletionStatus"`
}

// Closing tells whether the account will be gone; a check for that which failed leaves the account as it was. Only an
// account that GetAccount returned knows it.
//
// Assumption: an account can be worked in until its deletion status is Deleting. The directory shows nothing about
// accounts that are locked for other reasons, as an overdue payment.
func (a Account) Closing() bool { return a.DeletionStatus == "Deleting" }

// ListAccounts returns all members, without the management account. The management account and delegated
// administrators may call it.
func (c *Client) ListAccounts(ctx context.Context) ([]Account, error) {
	var all []Account
	err := c.pages(ctx, "ListAccounts", "", nil, func(call func(any) error) (int, int, error) {
		var out struct {
			Accounts   struct{ Account []Account }
			TotalCount int
		}
		err := call(&out)
		all = append(all, out.Accounts.Account...)
		return len(out.Accounts.Account), out.TotalCount, err
	})
	return all, err
}

// GetAccount returns a member. Kinds: NotFound when the account is not in the directory.
func (c *Client) GetAccount(ctx context.Context, id string) (Account, error) {
	var out struct{ Account Account }
	err := c.do(ctx, "GetAccount", id, map[string]string{"AccountId": id}, &out)
	return out.Account, err
}

// Folder is a folder of the directory.
type Folder struct {
	ID     string `json:"FolderId"`
	Name   string `json:"FolderName"`
	Parent string `json:"ParentFolderId"`
}

// ListFoldersForParent returns the folders directly below one; "" is the root folder.
func (c *Client) ListFoldersForParent(ctx context.Context, parent string) ([]Folder, error) {
	var all []Folder
	err := c.pages(ctx, "ListFoldersForParent", parent, map[string]string{"ParentFolderId": parent}, func(call func(any) error) (int, int, error) {
		var out struct {
			Folders    struct{ Folder []Folder }
			TotalCount int
		}
		err := call(&out)
		all = append(all, out.Folders.Folder...)
		return len(out.Folders.Folder), out.TotalCount, err
	})
	return all, err
}
