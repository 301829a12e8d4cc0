package cloudfw

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// AddressBook is a named list of addresses that policies can use as source or destination.
type AddressBook struct {
	ID          string   `json:"GroupUuid"`
	Name        string   `json:"GroupName"`
	Type        string   `json:"GroupType"` // ip
	Description string   `json:"Description"`
	Addresses   []string `json:"AddressList"`
	Uses        int      `json:"ReferenceCount"`
}

// AddAddressBook makes an address book of CIDRs and returns its id. It is not idempotent.
func (c *Client) AddAddressBook(ctx context.Context, name, description string, addresses []string) (string, error) {
	r := c.request("AddAddressBook", name, map[string]string{
		"GroupName": name, "GroupType": "ip", "Description": description,
		"AddressList": strings.Join(addresses, ","),
	})
	r.Once = true
	var out struct{ GroupUuid string }
	err := c.api.Do(ctx, r, &out)
	return out.GroupUuid, err
}

// AddressBooks returns the address books of CIDRs.
func (c *Client) AddressBooks(ctx context.Context) ([]AddressBook, error) {
	var all []AddressBook
	for page := 1; ; page++ {
		var out struct {
			Acls       []AddressBook
			TotalCount number
		}
		err := c.api.Do(ctx, c.request("DescribeAddressBook", "", map[string]string{
			"GroupType":   "ip",
			"CurrentPage": strconv.Itoa(page), "PageSize": strconv.Itoa(pageSize),
		}), &out)
		if err != nil {
			return nil, err
		}
		all = append(all, out.Acls...)
		if len(out.Acls) == 0 || len(all) >= int(out.TotalCount) {
			return all, nil
		}
	}
}

// DeleteAddressBook deletes an address book that no policy uses. When it is gone already, that is success, as for
// [Client.DeletePolicy].
func (c *Client) DeleteAddressBook(ctx context.Context, id string) error {
	err := c.api.Do(ctx, c.request("DeleteAddressBook", id, map[string]string{"GroupUuid": id}), nil)
	if !refused(err) {
		return err
	}
	all, errRead := c.AddressBooks(ctx)
	if errRead == nil && !slices.ContainsFunc(all, func(b AddressBook) bool { return b.ID == id }) {
		return nil
	}
	return err
}
