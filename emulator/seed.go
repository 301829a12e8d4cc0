package emulator

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/products"
	"github.com/fenghuo-soc/fenghuo/emulator/sls"
)

// productIndex is the index of the Logstores that products make: full text, and the JSON of ActionTrail.
const productIndex = `{"line":{"token":[","," ","'","\"",";","=","(",")","[","]","{","}","?","@","&","<",">","/",":","\n","\t","\r"],"caseSensitive":false,"chn":false},` +
	`"keys":{"event":{"type":"json","token":[","," ","'","\"",";","=","(",")","[","]","{","}","?","@","&","<",">","/",":","\n","\t","\r"],"caseSensitive":false,"doc_value":true,"index_all":true}}}`

// seed makes the accounts of the world, what their products made, and the directory.
func (s *cloud) seed() error {
	for _, a := range s.world.Accounts {
		if err := s.iam.CreateAccount(a.UID, a.Name); err != nil {
			return fmt.Errorf("create account %s: %w", a.UID, err)
		}
		id, secret := s.iam.SeedUser(a.UID, operatorName, "AdministratorAccess")
		s.operator[a.UID] = Keys{id, secret}
		if a.RootKey {
			id, secret := s.iam.SeedRootKey(a.UID)
			s.root[a.UID] = Keys{id, secret}
		}
		for _, u := range a.Users {
			id, secret := s.iam.SeedUser(a.UID, u)
			s.users[a.UID+"/"+u] = Keys{id, secret}
		}
		if a.WAF != "" {
			s.products.SeedWAF(a.UID, a.WAF)
		}
		if a.Firewall {
			s.products.SeedCloudFirewall(a.UID)
		}
		s.seedResources(a)
		for _, l := range a.Logstores {
			if err := s.sls.Seed(a.UID, l.Project, l.Logstore, cmp.Or(l.Shards, 2), sls.LogstoreConfig{Name: l.Logstore, TTL: cmp.Or(l.TTL, 180)}); err != nil {
				return fmt.Errorf("make Logstore %s/%s: %w", l.Project, l.Logstore, err)
			}
			if err := s.sls.PutIndex(context.Background(), s.iam.RootCaller(a.UID), l.Project, l.Logstore, []byte(productIndex)); err != nil {
				return fmt.Errorf("index Logstore %s/%s: %w", l.Project, l.Logstore, err)
			}
		}
	}
	if err := s.seedDirectory(); err != nil {
		return err
	}
	return s.seedLogs(s.clock.Now())
}

// seedResources makes what responses act on.
func (s *cloud) seedResources(a WorldAccount) {
	for _, g := range a.SecurityGroups {
		s.products.SeedSecurityGroup(a.UID, g.ID, g.Name, g.VPC)
	}
	for _, i := range a.Instances {
		s.products.SeedInstance(a.UID, i.ID, i.VPC, i.Groups...)
	}
	for _, b := range a.Buckets {
		s.oss.Seed(a.UID, b.Name, b.ACL)
	}
	for _, e := range a.Alerts {
		s.products.SeedSuspEvent(a.UID, products.SuspEvent{ID: e.ID, Name: e.Name, Level: e.Level, InstanceID: e.Instance})
	}
}

func (s *cloud) seedDirectory() error {
	if !s.world.Directory.Enabled {
		return nil
	}
	m := s.world.Management().UID
	if err := s.rd.Enable(m); err != nil {
		return fmt.Errorf("enable the directory of %s: %w", m, err)
	}
	for _, uid := range s.world.Directory.Members {
		if err := s.rd.AddMember(m, uid, s.nameOf(uid), "invited"); err != nil {
			return fmt.Errorf("add member %s: %w", uid, err)
		}
	}
	if err := s.seedFolders(m); err != nil {
		return err
	}
	for _, service := range s.world.Directory.Trusted {
		if err := s.rd.Trust(m, service); err != nil {
			return fmt.Errorf("trusted access of %s: %w", service, err)
		}
	}
	return nil
}

// seedFolders makes the folders and puts their members there, who join when they are not members yet.
func (s *cloud) seedFolders(management string) error {
	ids := map[string]string{"": ""} // path → id
	for _, f := range s.world.Directory.Folders {
		parent, name, _ := cutLast(f.Path)
		id, err := s.rd.AddFolder(management, ids[parent], name)
		if err != nil {
			return fmt.Errorf("make folder %s: %w", f.Path, err)
		}
		ids[f.Path] = id
		for _, uid := range f.Members {
			if !slices.Contains(s.world.Directory.Members, uid) {
				if err := s.rd.AddMember(management, uid, s.nameOf(uid), "invited"); err != nil {
					return fmt.Errorf("add member %s: %w", uid, err)
				}
			}
			if err := s.rd.PutMember(management, uid, id); err != nil {
				return fmt.Errorf("put member %s into folder %s: %w", uid, f.Path, err)
			}
		}
	}
	return nil
}

func (s *cloud) nameOf(uid string) string {
	for _, a := range s.world.Accounts {
		if a.UID == uid {
			return a.Name
		}
	}
	return uid
}

// logOptions are those of the Log Service.
func (s *cloud) logOptions(credentials auth.Credentials, authorizer auth.Authorizer) sls.Options {
	return s.world.LogService.options(sls.Options{
		Credentials: credentials, Authorizer: authorizer, Region: s.world.Region, BaseHosts: []string{"sls.test"},
		Clock: s.clock.Now, Wall: time.Now,
	})
}
