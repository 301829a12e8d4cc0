package sls

import (
	"cmp"
	"net/http"
	"time"
)

// CheckSeed tells why a project or Logstore cannot be: its names, shards or days.
func CheckSeed(project, name string, shards, ttl int) error {
	if !projectName.MatchString(project) {
		return invalidf("project name %s is invalid", project)
	}
	cfg := LogstoreConfig{Name: name, ShardCount: shards, TTL: ttl}
	return cfg.normalize()
}

// Seed makes a Logstore of an account without asking for permissions, and its project if it is absent. Zero fields of
// cfg become: TTL for ever, the rest as CreateLogstore does. An existing Logstore stays as it is.
func (s *Service) Seed(account, projectName, name string, shards int, cfg LogstoreConfig) error {
	now := s.opts.Clock()
	cfg.Name, cfg.ShardCount, cfg.TTL = name, shards, cmp.Or(cfg.TTL, forever)
	if err := cfg.normalize(); err != nil {
		return err
	}
	s.mu.Lock()
	p := s.projects[projectName]
	if p == nil {
		p = &project{
			name: projectName, account: account, region: s.opts.Region, created: now, redundancy: "LRS",
			modified: now, stores: map[string]*logstore{},
		}
		s.projects[projectName] = p
	}
	s.mu.Unlock()
	if p.account != account {
		return failf(http.StatusBadRequest, "ProjectAlreadyExist", "Project %s already exist", projectName)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stores[name] == nil {
		p.stores[name] = newLogstore(p, cfg, now, 0)
	}
	return nil
}

// Append writes one serialized LogGroup without asking for permissions, as the service does for logs of its own. at is
// the receive time; one before that of the shard's newest group is raised to it. raw is copied.
func (s *Service) Append(account, project, logstore string, raw []byte, at time.Time) error {
	p, err := s.lookup(project)
	if err != nil {
		return err
	}
	if p.account != account {
		return failf(http.StatusForbidden, "ProjectForbidden", "project %s does not belong to account %s", project, account)
	}
	ls, err := s.find(project, logstore)
	if err != nil {
		return err
	}
	if len(raw) > maxRawBody {
		return bodyTooLarge(int64(len(raw)))
	}
	sc := scratches.Get().(*scratch)
	defer sc.release()
	g, err := s.pack(raw, nil, sc)
	if err != nil {
		return err
	}
	return s.store(ls, "", "", g, at)
}

// find is a Logstore, without permissions.
func (s *Service) find(project, name string) (*logstore, error) {
	p, err := s.lookup(project)
	if err != nil {
		return nil, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	if ls := p.stores[name]; ls != nil {
		return ls, nil
	}
	return nil, logstoreNotExist(name)
}

// CountLogstores tells how many Logstores a project has; 0 when there is no such project.
func (s *Service) CountLogstores(project string) int {
	p, err := s.lookup(project)
	if err != nil {
		return 0
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return len(p.stores)
}

// Shards lists the shards of a Logstore by id.
func (s *Service) Shards(project, logstore string) ([]ShardInfo, error) {
	ls, err := s.find(project, logstore)
	if err != nil {
		return nil, err
	}
	ls.expire(s.opts.Clock())
	var list []ShardInfo
	for _, sh := range ls.allShards() {
		begin, end := sh.bounds()
		list = append(list, ShardInfo{sh.id, sh.status(), begin, end})
	}
	return list, nil
}

// Position is the position of the first group of a shard received at or after since; the end when there is none.
func (s *Service) Position(project, logstore string, shard int, since time.Time) (begin int64, err error) {
	sh, err := s.findShard(project, logstore, shard)
	if err != nil {
		return 0, err
	}
	return sh.since(since), nil
}

// ReceivedAt is the receive time, in unix seconds, of the group at a position of a shard.
func (s *Service) ReceivedAt(project, logstore string, shard int, position int64) (int64, error) {
	sh, err := s.findShard(project, logstore, shard)
	if err != nil {
		return 0, err
	}
	return sh.timeAt(position), nil
}

// End is the position of the next group to be written to a shard, and the receive time of the newest group, which is
// the shard's creation time as long as it never held one.
func (s *Service) End(project, logstore string, shard int) (end int64, lastReceive time.Time, err error) {
	sh, err := s.findShard(project, logstore, shard)
	if err != nil {
		return 0, time.Time{}, err
	}
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	return sh.base + int64(len(sh.groups)), sh.last, nil
}

func (s *Service) findShard(project, logstore string, id int) (*shard, error) {
	ls, err := s.find(project, logstore)
	if err != nil {
		return nil, err
	}
	ls.expire(s.opts.Clock())
	return ls.shard(id)
}
