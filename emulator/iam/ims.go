package iam

import (
	"cmp"
	"strings"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// imsOperations are the part of Ims 2019-08-15 that responses use: the logon that can be switched off and on again, and
// access keys. Users are the same as in RAM, under the names <user>@<account>.onaliyun.com.
//
// Assumption: they ask for ims:<operation> on acs:ims:*:<account>:user/<user>, and have RAM's codes.
func (s *Service) imsOperations() map[string]gateway.Operation {
	ops := map[string]gateway.Operation{}
	for action, run := range map[string]func(*account, *gateway.Call) (any, error){
		"GetUser": s.imsUser, "GetLoginProfile": s.imsLogin, "UpdateLoginProfile": s.imsUpdateLogin,
		"ListAccessKeys": s.listAccessKeys, "UpdateAccessKey": s.updateAccessKey,
	} {
		ops[action] = gateway.Operation{
			Permissions: func(c *gateway.Call) []gateway.Permission {
				name, _, _ := strings.Cut(c.Get("UserPrincipalName"), "@")
				return []gateway.Permission{{Action: "ims:" + action, Resource: "acs:ims:*:" + c.Caller.AccountID + ":user/" + cmp.Or(name, c.Caller.Name)}}
			},
			Handle: s.handle(func(a *account, c *gateway.Call) (any, error) {
				if err := a.resolve(c); err != nil {
					return nil, err
				}
				return run(a, c)
			}),
		}
	}
	return ops
}

func (a *account) domain() string { return a.id + ".onaliyun.com" }

// resolve turns UserPrincipalName into the UserName that RAM takes. Without it the caller itself is meant.
func (a *account) resolve(c *gateway.Call) error {
	full := c.Get("UserPrincipalName")
	if full == "" {
		return nil
	}
	name, domain, _ := strings.Cut(full, "@")
	if domain != a.domain() || a.users[name] == nil {
		return notExist("User", full)
	}
	c.Params.Set("UserName", name)
	return nil
}

// imsNamed is the user of a call, which has to be named.
func (a *account) imsNamed(c *gateway.Call) (*user, error) {
	if c.Get("UserName") == "" {
		return nil, gateway.Missing("UserPrincipalName")
	}
	return a.userNamed(c)
}

func (s *Service) imsUser(a *account, c *gateway.Call) (any, error) {
	u, err := a.imsNamed(c)
	if err != nil {
		return nil, err
	}
	v := u.view()
	delete(v, "UserName")
	v["UserPrincipalName"] = u.name + "@" + a.domain()
	return fields{"User": v}, nil
}

func (s *Service) imsLogin(a *account, c *gateway.Call) (any, error) {
	u, err := a.imsNamed(c)
	switch {
	case err != nil:
		return nil, err
	case u.login == nil:
		return nil, notExist("User.LoginProfile", u.name)
	}
	status := "Active"
	if u.login.off {
		status = "Inactive"
	}
	return fields{"LoginProfile": fields{
		"UserPrincipalName": u.name + "@" + a.domain(), "Status": status, "PasswordResetRequired": u.login.reset, "MFABindRequired": u.login.mfa,
		"CreateDate": timestamp(u.login.created), "UpdateDate": timestamp(u.updated),
	}}, nil
}

// imsUpdateLogin switches the logon off and on again, unlike DeleteLoginProfile of RAM.
func (s *Service) imsUpdateLogin(a *account, c *gateway.Call) (any, error) {
	u, err := a.imsNamed(c)
	switch {
	case err != nil:
		return nil, err
	case u.login == nil:
		return nil, notExist("User.LoginProfile", u.name)
	}
	switch c.Get("Status") {
	case "Active":
		u.login.off = false
	case "Inactive":
		u.login.off = true
	case "":
	default:
		return nil, invalid("Status", "Status must be Active or Inactive.")
	}
	if _, err := s.updateLoginProfile(a, c); err != nil {
		return nil, err
	}
	return s.imsLogin(a, c)
}
