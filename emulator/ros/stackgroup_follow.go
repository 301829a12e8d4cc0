package ros

import (
	"context"
	"slices"
	"strings"
)

// MemberMoved deploys what reaches a member at its new place in the directory, and takes away what does not any more.
// It is for members that joined too. The work is done in the background.
func (s *Service) MemberMoved(member, _ string) { s.follow(member) }

// MemberLeft takes away what reached the member through its directory, in the background.
func (s *Service) MemberLeft(member, _ string) { s.follow(member) }

// follow begins the automatic deployments of every group for one account. Each group that has something to do notes an
// operation, which is queued while another one runs; what fails is seen there and at the instance.
//
// Assumption: a folder reaches the members of its subfolders too, and a member that moves between folders is treated as
// one that leaves and joins.
func (s *Service) follow(member string) {
	if s.o.Directory == nil {
		return
	}
	s.mu.Lock()
	groups := slices.DeleteFunc(slices.Clone(s.groups), func(g *stackGroup) bool { return !g.serviceManaged || !g.auto })
	s.mu.Unlock()
	for _, g := range groups {
		s.followIn(g, member)
	}
}

func (s *Service) followIn(g *stackGroup, member string) {
	if _, err := s.directoryOf(g.account); err != nil {
		return // a delegation that ended follows nobody
	}
	path := s.path(member)
	s.mu.Lock()
	defer s.mu.Unlock()
	gone, fresh := g.due(member, path)
	if len(gone) > 0 {
		op := &groupOperation{action: "DELETE", retain: g.retain, list: func() []*instance { return s.gone(g, member) }}
		op.step = func(ctx context.Context, in *instance) error { return s.withdraw(ctx, g, in, op.retain) }
		s.enqueue(g, op)
	}
	if len(fresh) > 0 {
		s.enqueue(g, &groupOperation{
			action: "CREATE", list: func() []*instance { return s.arrived(g, member) },
			step: func(ctx context.Context, in *instance) error { return s.deploy(ctx, g, in, false) },
		})
	}
}

// path are the folders that an account is in, from the root folder on; nil outside directories.
func (s *Service) path(account string) []string {
	return strings.Split(s.o.Directory.PathOf(account), "/")
}

// due are the instances that a member has and is not reached through any more, and those that it should have. The caller
// holds the lock.
func (g *stackGroup) due(member string, path []string) (gone, fresh []*instance) {
	reached := func(folder string) bool { return slices.Contains(path, folder) && g.account != member }
	for _, in := range g.instances {
		if in.account == member && in.folder != "" && !reached(in.folder) {
			gone = append(gone, in)
		}
	}
	for _, f := range g.folders {
		for _, region := range f.regions {
			has := g.instance(member, region)
			if reached(f.folder) && (has == nil || slices.Contains(gone, has)) {
				fresh = append(fresh, &instance{account: member, region: region, folder: f.folder, status: "OUTDATED", overrides: f.overrides})
			}
		}
	}
	return gone, fresh
}

// gone are the instances of a member to take away now. They leave the group whether their stack can be deleted or not:
// the account may be gone too.
func (s *Service) gone(g *stackGroup, member string) []*instance {
	path := s.path(member)
	s.mu.Lock()
	defer s.mu.Unlock()
	list, _ := g.due(member, path)
	g.instances = slices.DeleteFunc(g.instances, func(in *instance) bool { return slices.Contains(list, in) })
	return list
}

// arrived adds the instances that a member should have now.
func (s *Service) arrived(g *stackGroup, member string) []*instance {
	path := s.path(member)
	s.mu.Lock()
	defer s.mu.Unlock()
	_, list := g.due(member, path)
	list = slices.DeleteFunc(list, func(in *instance) bool { return g.instance(member, in.region) != nil })
	list = list[:min(len(list), max(maxGroupInstances-len(g.instances), 0))]
	g.instances = append(g.instances, list...)
	return list
}
