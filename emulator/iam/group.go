package iam

import (
	"slices"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// group is a RAM user group: its policies count for each of its users.
type group struct {
	id, name, comments string
	created, updated   time.Time
	attached           attachments
	users              []membership
}

type membership struct {
	user *user
	at   time.Time
}

func (g *group) holder() holder { return holder{"Group", g.name, &g.attached} }

func (g *group) index(u *user) int {
	return slices.IndexFunc(g.users, func(m membership) bool { return m.user == u })
}

func (g *group) view() fields {
	return fields{"GroupId": g.id, "GroupName": g.name, "Comments": g.comments, "CreateDate": timestamp(g.created), "UpdateDate": timestamp(g.updated)}
}

// groupsOf are the groups of a user, by name.
func (a *account) groupsOf(u *user) []*group {
	var out []*group
	for _, name := range sortedKeys(a.groups) {
		if g := a.groups[name]; g.index(u) >= 0 {
			out = append(out, g)
		}
	}
	return out
}

// userDocuments are the policies of a user and of its groups.
func (a *account) userDocuments(u *user) []*document {
	out := u.attached.documents()
	for _, g := range a.groupsOf(u) {
		out = append(out, g.attached.documents()...)
	}
	return out
}

func (a *account) groupNamed(c *gateway.Call) (*group, error) {
	name, err := named(c, "GroupName", groupName, 64)
	if err != nil {
		return nil, err
	}
	if g := a.groups[name]; g != nil {
		return g, nil
	}
	return nil, notExist("Group", name)
}

func (s *Service) createGroup(a *account, c *gateway.Call) (any, error) {
	name, err := named(c, "GroupName", groupName, 64)
	if err != nil {
		return nil, err
	}
	comments, err := text(c, "Comments", "Comments", 128)
	switch {
	case err != nil:
		return nil, err
	case a.groups[name] != nil:
		return nil, alreadyExists("Group", name)
	case len(a.groups) >= s.limits.Groups:
		return nil, limitExceeded("Group", s.limits.Groups)
	}
	g := &group{id: "g-" + s.random(base62, 14), name: name, comments: comments, created: c.Now, updated: c.Now}
	a.groups[name] = g
	return fields{"Group": g.view()}, nil
}

func (s *Service) getGroup(a *account, c *gateway.Call) (any, error) {
	g, err := a.groupNamed(c)
	if err != nil {
		return nil, err
	}
	return fields{"Group": g.view()}, nil
}

func (s *Service) updateGroup(a *account, c *gateway.Call) (any, error) {
	g, err := a.groupNamed(c)
	if err != nil {
		return nil, err
	}
	name := g.name
	if c.Get("NewGroupName") != "" {
		if name, err = named(c, "NewGroupName", groupName, 64); err != nil {
			return nil, err
		}
	}
	comments, err := text(c, "NewComments", "Comments", 128)
	switch {
	case err != nil:
		return nil, err
	case name != g.name && a.groups[name] != nil:
		return nil, alreadyExists("Group", name)
	}
	if _, given := c.Params["NewComments"]; given {
		g.comments = comments
	}
	delete(a.groups, g.name)
	g.name, g.updated = name, c.Now
	a.groups[name] = g
	return fields{"Group": g.view()}, nil
}

func (s *Service) deleteGroup(a *account, c *gateway.Call) (any, error) {
	g, err := a.groupNamed(c)
	switch {
	case err != nil:
		return nil, err
	case len(g.attached.list) > 0:
		return nil, deleteConflict("Group.Policy", g.name)
	case len(g.users) > 0:
		return nil, deleteConflict("Group.User", g.name)
	}
	delete(a.groups, g.name)
	return nil, nil
}

func (s *Service) listGroups(a *account, c *gateway.Call) (any, error) {
	all := make([]*group, 0, len(a.groups))
	for _, name := range sortedKeys(a.groups) {
		all = append(all, a.groups[name])
	}
	return page(c, all, "Groups", "Group", (*group).view)
}

func (s *Service) addUserToGroup(a *account, c *gateway.Call) (any, error) {
	g, u, err := a.groupAndUser(c)
	switch {
	case err != nil:
		return nil, err
	case g.index(u) >= 0:
		return nil, alreadyExists("User.Group", u.name)
	}
	g.users = append(g.users, membership{u, c.Now})
	return nil, nil
}

func (s *Service) removeUserFromGroup(a *account, c *gateway.Call) (any, error) {
	g, u, err := a.groupAndUser(c)
	if err != nil {
		return nil, err
	}
	i := g.index(u)
	if i < 0 {
		return nil, notExist("User.Group", u.name)
	}
	g.users = slices.Delete(g.users, i, i+1)
	return nil, nil
}

func (a *account) groupAndUser(c *gateway.Call) (*group, *user, error) {
	u, err := a.userNamed(c)
	if err != nil {
		return nil, nil, err
	}
	g, err := a.groupNamed(c)
	return g, u, err
}

func (s *Service) listGroupsForUser(a *account, c *gateway.Call) (any, error) {
	u, err := a.userNamed(c)
	if err != nil {
		return nil, err
	}
	list := []fields{}
	for _, g := range a.groupsOf(u) {
		list = append(list, fields{"GroupName": g.name, "GroupId": g.id, "Comments": g.comments, "JoinDate": timestamp(g.users[g.index(u)].at)})
	}
	return fields{"Groups": fields{"Group": list}}, nil
}

func (s *Service) listUsersForGroup(a *account, c *gateway.Call) (any, error) {
	g, err := a.groupNamed(c)
	if err != nil {
		return nil, err
	}
	return page(c, g.users, "Users", "User", func(m membership) fields {
		return fields{"UserName": m.user.name, "DisplayName": m.user.displayName, "JoinDate": timestamp(m.at)}
	})
}
