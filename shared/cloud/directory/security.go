package directory

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// EnableSecurityCenter gives Security Center trusted access to the directory; the management account calls it
// (accounts.md §2.5).
func (c *Client) EnableSecurityCenter(ctx context.Context) error {
	return c.security(ctx, "EnableServiceAccessResourceDirectory", nil, nil)
}

// SecurityAccount is an account of the directory as Security Center sees it (accounts.md §6.3).
type SecurityAccount struct {
	ID                  string
	Management          bool
	AdministersSecurity bool // delegated administrator of Security Center
	AdministersAnalysis bool // delegated administrator of threat analysis
}

// SecurityAccounts lists the accounts of the directory with who administers what. Kinds: Denied unless the caller is the
// management account or a delegated administrator of Security Center.
func (c *Client) SecurityAccounts(ctx context.Context) ([]SecurityAccount, error) {
	var out struct {
		Accounts []struct{ AccountId, IsMaAccount, IsSasDaAccount, IsSiemDaAccount string }
	}
	err := c.security(ctx, "ListAccountsInResourceDirectory", nil, &out)
	list := make([]SecurityAccount, 0, len(out.Accounts))
	for _, a := range out.Accounts {
		list = append(list, SecurityAccount{a.AccountId, a.IsMaAccount == "yes", a.IsSasDaAccount == "yes", a.IsSiemDaAccount == "yes"})
	}
	return list, err
}

// Monitored lists the members that Security Center monitors for the caller.
func (c *Client) Monitored(ctx context.Context) ([]string, error) {
	var out struct{ AccountIds []string }
	err := c.security(ctx, "DescribeMonitorAccounts", nil, &out)
	return out.AccountIds, err
}

// SetMonitored replaces the whole list of members that Security Center monitors for the caller; none clears it. Kinds:
// Denied unless the caller administers Security Center.
func (c *Client) SetMonitored(ctx context.Context, accounts []string) error {
	return c.security(ctx, "CreateMonitorAccount", map[string]string{"AccountIds": strings.Join(accounts, ",")}, nil)
}

// security calls an operation of Security Center.
func (c *Client) security(ctx context.Context, action string, form map[string]string, out any) error {
	return c.api.Do(ctx, openapi.Request{Product: "Sas", Version: "2018-12-03", Action: action, Host: "tds.cn-shanghai.aliyuncs.com", Form: form}, out)
}

// EnableThreatAnalysis gives threat analysis (cloud-siem) trusted access to the directory; the management account calls
// it. Kinds: Conflict when the service says that it did not.
func (c *Client) EnableThreatAnalysis(ctx context.Context) error {
	const action = "EnableServiceForCloudSiem"
	// The service takes its parameters in the body (accounts.md §6.1).
	raw, err := c.api.Call(ctx, openapi.Request{Product: "cloud-siem", Version: "2022-06-16", Action: action, Host: "cloud-siem.cn-shanghai.aliyuncs.com"})
	if err != nil {
		return err
	}
	var out struct{ Data *bool }
	if err := json.Unmarshal(raw, &out); err != nil {
		return &soc.Error{Kind: soc.Internal, Op: action, Account: c.api.Account(), Err: err}
	}
	if out.Data != nil && !*out.Data {
		return &soc.Error{
			Kind: soc.Conflict, Op: action, Account: c.api.Account(), Err: errors.New("service answered false"),
			Next: "check that the caller is the management account of the directory",
		}
	}
	return nil
}
