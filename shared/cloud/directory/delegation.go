package directory

import "context"

// DelegatedAdministrator is a member that may act for the whole directory in one trusted service.
type DelegatedAdministrator struct {
	Account string `json:"AccountId"`
	Name    string `json:"DisplayName"`
	Service string `json:"ServicePrincipal"`
	Since   string `json:"DelegationEnabledTime"` // epoch milliseconds
}

// RegisterDelegatedAdministrator makes a member the delegated administrator of a trusted service; when it is one already,
// that is success. Kinds: NotFound for an account outside, Conflict when there are too many or it is the management
// account.
func (c *Client) RegisterDelegatedAdministrator(ctx context.Context, account, service string) error {
	return settled(c.do(ctx, "RegisterDelegatedAdministrator", account,
		map[string]string{"AccountId": account, "ServicePrincipal": service}, nil), "AccountAlreadyRegistered")
}

// DeregisterDelegatedAdministrator takes it back; when the account is none, that is success.
func (c *Client) DeregisterDelegatedAdministrator(ctx context.Context, account, service string) error {
	return settled(c.do(ctx, "DeregisterDelegatedAdministrator", account,
		map[string]string{"AccountId": account, "ServicePrincipal": service}, nil), "AccountNotRegistered")
}

// ListDelegatedAdministrators returns the delegated administrators of a trusted service, "" for all services.
func (c *Client) ListDelegatedAdministrators(ctx context.Context, service string) ([]DelegatedAdministrator, error) {
	var all []DelegatedAdministrator
	err := c.pages(ctx, "ListDelegatedAdministrators", service, map[string]string{"ServicePrincipal": service}, func(call func(any) error) (int, int, error) {
		var out struct {
			Accounts   struct{ Account []DelegatedAdministrator }
			TotalCount int
		}
		err := call(&out)
		all = append(all, out.Accounts.Account...)
		return len(out.Accounts.Account), out.TotalCount, err
	})
	return all, err
}

// DelegatedService is a trusted service that an account administers.
type DelegatedService struct {
	Service string `json:"ServicePrincipal"`
	Status  string `json:"Status"` // ENABLED, DISABLED
	Since   string `json:"DelegationEnabledTime"`
}

// ListDelegatedServicesForAccount returns the services that an account administers; none when it is no delegated
// administrator.
func (c *Client) ListDelegatedServicesForAccount(ctx context.Context, account string) ([]DelegatedService, error) {
	var out struct {
		DelegatedServices struct{ DelegatedService []DelegatedService }
	}
	err := c.do(ctx, "ListDelegatedServicesForAccount", account, map[string]string{"AccountId": account}, &out)
	return out.DelegatedServices.DelegatedService, err
}

// TrustedService is a service that has trusted access to the directory.
type TrustedService struct {
	Service string `json:"ServicePrincipal"`
	Since   string `json:"EnableTime"`
}

// ListTrustedServiceStatus returns the services with trusted access, as the caller's management account sees them.
func (c *Client) ListTrustedServiceStatus(ctx context.Context) ([]TrustedService, error) {
	var all []TrustedService
	err := c.pages(ctx, "ListTrustedServiceStatus", "", nil, func(call func(any) error) (int, int, error) {
		var out struct {
			EnabledServicePrincipals struct{ EnabledServicePrincipal []TrustedService }
			TotalCount               int
		}
		err := call(&out)
		all = append(all, out.EnabledServicePrincipals.EnabledServicePrincipal...)
		return len(out.EnabledServicePrincipals.EnabledServicePrincipal), out.TotalCount, err
	})
	return all, err
}
