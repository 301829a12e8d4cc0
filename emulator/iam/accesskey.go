package iam

import (
	"slices"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

func (k *key) status() string {
	if k.active {
		return "Active"
	}
	return "Inactive"
}

// keyOwner is the user that UserName means; without it, the caller itself.
func (a *account) keyOwner(c *gateway.Call) (*user, error) {
	if c.Get("UserName") != "" {
		return a.userNamed(c)
	}
	switch c.Caller.Type {
	case auth.Root:
		return a.root, nil
	case auth.User:
		if u := a.users[c.Caller.Name]; u != nil {
			return u, nil
		}
	}
	return nil, notExist("User", c.Caller.Name)
}

func (s *Service) createAccessKey(a *account, c *gateway.Call) (any, error) {
	u, err := a.keyOwner(c)
	if err != nil {
		return nil, err
	}
	if len(u.keys) >= s.limits.KeysPerUser {
		return nil, limitExceeded("User.AccessKey", s.limits.KeysPerUser)
	}
	k := &key{id: "LTAI5t" + s.random(base62, 18), secret: s.random(base62, 30), active: true, created: c.Now, account: a, user: u}
	s.keys[k.id] = k
	u.keys = append(u.keys, k)
	return fields{"AccessKey": fields{
		"AccessKeyId": k.id, "AccessKeySecret": k.secret, "Status": k.status(), "CreateDate": timestamp(k.created),
	}}, nil
}

func (s *Service) listAccessKeys(a *account, c *gateway.Call) (any, error) {
	u, err := a.keyOwner(c)
	if err != nil {
		return nil, err
	}
	list := make([]fields, len(u.keys))
	for i, k := range u.keys {
		list[i] = fields{"AccessKeyId": k.id, "Status": k.status(), "CreateDate": timestamp(k.created)}
	}
	return fields{"AccessKeys": fields{"AccessKey": list}}, nil
}

// ownedKey finds the key that UserAccessKeyId means among those of its owner.
func (a *account) ownedKey(c *gateway.Call) (*key, error) {
	u, err := a.keyOwner(c)
	if err != nil {
		return nil, err
	}
	id := c.Get("UserAccessKeyId")
	if id == "" {
		return nil, gateway.Missing("UserAccessKeyId")
	}
	i := slices.IndexFunc(u.keys, func(k *key) bool { return k.id == id })
	if i < 0 {
		return nil, notExist("User.AccessKey", id)
	}
	return u.keys[i], nil
}

func (s *Service) updateAccessKey(a *account, c *gateway.Call) (any, error) {
	k, err := a.ownedKey(c)
	if err != nil {
		return nil, err
	}
	switch c.Get("Status") {
	case "Active":
		k.active = true
	case "Inactive":
		k.active = false
	case "":
		return nil, gateway.Missing("Status")
	default:
		return nil, invalid("Status", "Status must be Active or Inactive.")
	}
	return nil, nil
}

func (s *Service) deleteAccessKey(a *account, c *gateway.Call) (any, error) {
	k, err := a.ownedKey(c)
	if err != nil {
		return nil, err
	}
	k.user.keys = slices.DeleteFunc(k.user.keys, func(x *key) bool { return x == k })
	delete(s.keys, k.id)
	return nil, nil
}
