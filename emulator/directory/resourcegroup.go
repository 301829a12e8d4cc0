package directory

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

const (
	groupsPerAccount = 30                 // documented with CreateResourceGroup
	groupDeletion    = 7 * 24 * time.Hour // how long a deleted group stays PendingDelete
)

// resourceGroup groups the resources of one account. The emulator puts none into it.
type resourceGroup struct {
	id, name, displayName, region string
	created, deleted              time.Time // deleted is zero as long as nobody deleted it
	tags                          []tag
}

var resourceGroupName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{1,49}$`)

// resourceGroupOperations need ram:<action> on the group and no directory.
//
// Assumption: so it is documented for CreateResourceGroup; the others are the same.
func (s *Service) resourceGroupOperations() map[string]gateway.Operation {
	ops := map[string]gateway.Operation{}
	for action, h := range map[string]handler{
		"CreateResourceGroup": s.handleCreateGroup, "GetResourceGroup": s.handleGetGroup, "ListResourceGroups": s.handleListGroups,
		"UpdateResourceGroup": s.handleUpdateGroup, "DeleteResourceGroup": s.handleDeleteGroup,
	} {
		ops[action] = gateway.Operation{
			Permissions: func(c *gateway.Call) []gateway.Permission {
				return []gateway.Permission{{Action: "ram:" + action, Resource: "acs:ram:*:" + c.Caller.AccountID + ":resourcegroup/" + cmp.Or(c.Get("ResourceGroupId"), "*")}}
			},
			Handle: func(_ context.Context, c *gateway.Call) (any, error) {
				s.mu.Lock()
				defer s.mu.Unlock()
				return h(c)
			},
		}
	}
	return ops
}

// groupsOf are the groups of an account, oldest first, without those whose deletion is over. Every account has a default
// one.
func (s *Service) groupsOf(account string) []*resourceGroup {
	if s.groups[account] == nil {
		s.groups[account] = []*resourceGroup{{id: s.newID("rg", account), name: "default", displayName: "default resource group", created: s.o.Clock()}}
	}
	now := s.o.Clock()
	s.groups[account] = slices.DeleteFunc(s.groups[account], func(g *resourceGroup) bool {
		return !g.deleted.IsZero() && now.Sub(g.deleted) >= groupDeletion
	})
	return s.groups[account]
}

// view shows a group.
//
// Assumption: a new group is Creating in the answer that makes it and OK afterwards; a deleted one is PendingDelete for
// seven days; RegionStatuses has the region of the call that made it.
func (g *resourceGroup) view(account, status string) object {
	if !g.deleted.IsZero() {
		status = "PendingDelete"
	}
	v := object{
		"Id": g.id, "Name": g.name, "DisplayName": g.displayName, "AccountId": account, "CreateDate": zoned(g.created), "Status": status,
		"RegionStatuses": object{"RegionStatus": []object{{"RegionId": g.region, "Status": status}}},
	}
	return v
}

// handleCreateGroup makes a group.
//
// Assumption: the codes are InvalidParameter.Name and .DisplayName, 409 EntityAlreadyExists.ResourceGroup and 409
// LimitExceeded.ResourceGroup, after those of the directory.
func (s *Service) handleCreateGroup(c *gateway.Call) (any, error) {
	account, name, displayName := c.Caller.AccountID, c.Get("Name"), c.Get("DisplayName")
	all := s.groupsOf(account)
	switch {
	case name == "":
		return nil, missing("Name")
	case displayName == "":
		return nil, missing("DisplayName")
	case !resourceGroupName.MatchString(name):
		return nil, invalid("Name", "A name starts with a letter and has 2 to 50 letters, digits and hyphens.")
	case utf8.RuneCountInString(displayName) > 50:
		return nil, invalid("DisplayName", "A display name has 1 to 50 characters.")
	case slices.ContainsFunc(all, func(g *resourceGroup) bool { return g.name == name }):
		return nil, conflict("EntityAlreadyExists.ResourceGroup", "The resource group %s already exists.", name)
	case len(all) > groupsPerAccount: // the default one does not count
		return nil, conflict("LimitExceeded.ResourceGroup", "An account has at most %d resource groups.", groupsPerAccount)
	}
	if err := checkTags(readTags(c)); err != nil {
		return nil, err
	}
	g := &resourceGroup{
		id: s.newID("rg", account), name: name, displayName: displayName, region: cmp.Or(c.Region, "cn-hangzhou"), created: s.o.Clock(), tags: readTags(c),
	}
	s.groups[account] = append(all, g)
	return object{"ResourceGroup": g.view(account, "Creating")}, nil
}

// ownGroup is the group that ResourceGroupId names.
//
// Assumption: 404 EntityNotExists.ResourceGroup without it.
func (s *Service) ownGroup(c *gateway.Call) (*resourceGroup, error) {
	id := c.Get("ResourceGroupId")
	if id == "" {
		return nil, missing("ResourceGroupId")
	}
	for _, g := range s.groupsOf(c.Caller.AccountID) {
		if g.id == id {
			return g, nil
		}
	}
	return nil, gateway.Errorf(404, "EntityNotExists.ResourceGroup", "The resource group %s does not exist.", id)
}

func (s *Service) handleGetGroup(c *gateway.Call) (any, error) {
	g, err := s.ownGroup(c)
	if err != nil {
		return nil, err
	}
	return object{"ResourceGroup": g.shown(c)}, nil
}

// shown is the group with its tags when they are asked for.
func (g *resourceGroup) shown(c *gateway.Call) object {
	v := g.view(c.Caller.AccountID, "OK")
	if c.Get("IncludeTags") == "true" {
		v["Tags"] = object{"Tag": tagViews(g.tags)}
	}
	return v
}

func (s *Service) handleListGroups(c *gateway.Call) (any, error) {
	p, err := readPage(c)
	if err != nil {
		return nil, err
	}
	want := repeated(c, "ResourceGroupIds")
	list := slices.DeleteFunc(slices.Clone(s.groupsOf(c.Caller.AccountID)), func(g *resourceGroup) bool {
		status := g.view("", "OK")["Status"]
		return !strings.Contains(g.name, c.Get("Name")) || !strings.Contains(g.displayName, c.Get("DisplayName")) ||
			c.Get("Status") != "" && c.Get("Status") != status || c.Get("ResourceGroupId") != "" && c.Get("ResourceGroupId") != g.id ||
			len(want) > 0 && !slices.Contains(want, g.id) || !(&member{tags: g.tags}).matches(readTags(c))
	})
	return paged(p, "ResourceGroups", "ResourceGroup", list, func(g *resourceGroup) object { return g.shown(c) }), nil
}

func (s *Service) handleUpdateGroup(c *gateway.Call) (any, error) {
	g, err := s.ownGroup(c)
	name := c.Get("NewDisplayName")
	switch {
	case err != nil:
		return nil, err
	case name == "":
		return nil, missing("NewDisplayName")
	case utf8.RuneCountInString(name) > 50:
		return nil, invalid("NewDisplayName", "A display name has 1 to 50 characters.")
	}
	g.displayName = name
	return object{"ResourceGroup": g.view(c.Caller.AccountID, "OK")}, nil
}

// handleDeleteGroup deletes a group; the default one stays.
//
// Assumption: the default group is 409 Invalid.ResourceGroup.Default, a code of our own.
func (s *Service) handleDeleteGroup(c *gateway.Call) (any, error) {
	g, err := s.ownGroup(c)
	switch {
	case err != nil:
		return nil, err
	case g.name == "default":
		return nil, conflict("Invalid.ResourceGroup.Default", "The default resource group cannot be deleted.")
	case g.deleted.IsZero():
		g.deleted = s.o.Clock()
	}
	return object{"ResourceGroup": g.view(c.Caller.AccountID, "PendingDelete")}, nil
}
