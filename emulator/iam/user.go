package iam

import (
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// user is a RAM user; the root of an account is one without name and policies.
type user struct {
	id, name                             string
	displayName, mobile, email, comments string
	created, updated                     time.Time
	keys                                 []*key
	attached                             attachments
	login                                *loginProfile
}

func (u *user) holder() holder { return holder{"User", u.name, &u.attached} }

func (u *user) view() fields {
	return fields{
		"UserId": u.id, "UserName": u.name, "DisplayName": u.displayName, "MobilePhone": u.mobile, "Email": u.email,
		"Comments": u.comments, "CreateDate": timestamp(u.created), "UpdateDate": timestamp(u.updated),
	}
}

// newUser makes a user that is not in an account yet. The caller holds the lock.
func (s *Service) newUser(name string) *user {
	now := s.clock()
	return &user{id: "2" + s.random(digits, 17), name: name, displayName: name, created: now, updated: now}
}

// userNamed finds the user that UserName means.
func (a *account) userNamed(c *gateway.Call) (*user, error) {
	name, err := named(c, "UserName", userName, 64)
	if err != nil {
		return nil, err
	}
	if u := a.users[name]; u != nil {
		return u, nil
	}
	return nil, notExist("User", name)
}

func (s *Service) createUser(a *account, c *gateway.Call) (any, error) {
	name, err := named(c, "UserName", userName, 64)
	if err != nil {
		return nil, err
	}
	switch {
	case a.users[name] != nil:
		return nil, alreadyExists("User", name)
	case len(a.users) >= s.limits.Users:
		return nil, limitExceeded("User", s.limits.Users)
	}
	u := s.newUser(name)
	if err := u.set(c, ""); err != nil {
		return nil, err
	}
	a.users[name] = u
	return fields{"User": u.view()}, nil
}

// set copies the profile parameters that are present, or nothing when one is wrong; prefix is "New" in UpdateUser.
func (u *user) set(c *gateway.Call, prefix string) error {
	fields := map[string]*string{"DisplayName": &u.displayName, "MobilePhone": &u.mobile, "Email": &u.email, "Comments": &u.comments}
	for _, name := range sortedKeys(fields) {
		if _, err := text(c, prefix+name, name, 128); err != nil {
			return err
		}
	}
	for name, field := range fields {
		if _, given := c.Params[prefix+name]; given {
			*field = c.Get(prefix + name)
		}
	}
	return nil
}

func (s *Service) getUser(a *account, c *gateway.Call) (any, error) {
	u, err := a.userNamed(c)
	if err != nil {
		return nil, err
	}
	return fields{"User": u.view()}, nil
}

func (s *Service) updateUser(a *account, c *gateway.Call) (any, error) {
	u, err := a.userNamed(c)
	if err != nil {
		return nil, err
	}
	name := u.name
	if c.Get("NewUserName") != "" {
		if name, err = named(c, "NewUserName", userName, 64); err != nil {
			return nil, err
		}
	}
	if name != u.name && a.users[name] != nil {
		return nil, alreadyExists("User", name)
	}
	if err := u.set(c, "New"); err != nil {
		return nil, err
	}
	delete(a.users, u.name)
	u.name, u.updated = name, c.Now
	a.users[name] = u
	return fields{"User": u.view()}, nil
}

func (s *Service) deleteUser(a *account, c *gateway.Call) (any, error) {
	u, err := a.userNamed(c)
	if err != nil {
		return nil, err
	}
	switch {
	case len(u.attached.list) > 0:
		return nil, deleteConflict("User.Policy", u.name)
	case len(u.keys) > 0:
		return nil, deleteConflict("User.AccessKey", u.name)
	case u.login != nil:
		return nil, deleteConflict("User.LoginProfile", u.name)
	case len(a.groupsOf(u)) > 0:
		return nil, deleteConflict("User.Group", u.name)
	}
	delete(a.users, u.name)
	return nil, nil
}

func (s *Service) listUsers(a *account, c *gateway.Call) (any, error) {
	all := make([]*user, 0, len(a.users))
	for _, name := range sortedKeys(a.users) {
		all = append(all, a.users[name])
	}
	return page(c, all, "Users", "User", (*user).view)
}

// loginProfile says that a user may log on to the console. The password is not kept: nothing here asks for it.
type loginProfile struct {
	reset, mfa bool
	created    time.Time
	off        bool // switched off with Ims
}

func (u *user) viewLogin() any {
	return fields{"LoginProfile": fields{
		"UserName": u.name, "PasswordResetRequired": u.login.reset, "MFABindRequired": u.login.mfa, "CreateDate": timestamp(u.login.created),
	}}
}

func (s *Service) createLoginProfile(a *account, c *gateway.Call) (any, error) {
	u, err := a.userNamed(c)
	switch {
	case err != nil:
		return nil, err
	case c.Get("Password") == "":
		return nil, gateway.Missing("Password")
	case u.login != nil:
		return nil, alreadyExists("User.LoginProfile", u.name)
	}
	u.login = &loginProfile{reset: c.Get("PasswordResetRequired") == "true", mfa: c.Get("MFABindRequired") == "true", created: c.Now}
	return u.viewLogin(), nil
}

func (s *Service) getLoginProfile(a *account, c *gateway.Call) (any, error) {
	u, err := a.userNamed(c)
	switch {
	case err != nil:
		return nil, err
	case u.login == nil:
		return nil, notExist("User.LoginProfile", u.name)
	}
	return u.viewLogin(), nil
}

// updateLoginProfile changes what is given; the password is checked for presence only, as at creation.
func (s *Service) updateLoginProfile(a *account, c *gateway.Call) (any, error) {
	u, err := a.userNamed(c)
	switch {
	case err != nil:
		return nil, err
	case u.login == nil:
		return nil, notExist("User.LoginProfile", u.name)
	}
	for name, field := range map[string]*bool{"PasswordResetRequired": &u.login.reset, "MFABindRequired": &u.login.mfa} {
		if v := c.Get(name); v != "" {
			*field = v == "true"
		}
	}
	return nil, nil
}

func (s *Service) deleteLoginProfile(a *account, c *gateway.Call) (any, error) {
	u, err := a.userNamed(c)
	switch {
	case err != nil:
		return nil, err
	case u.login == nil:
		return nil, notExist("User.LoginProfile", u.name)
	}
	u.login = nil
	return nil, nil
}
