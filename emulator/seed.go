package emulator

import (
	"context"
	"fmt"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/products"
	"github.com/fenghuo-soc/fenghuo/emulator/sls"
	"github.com/fenghuo-soc/fenghuo/emulator/traffic"
)

// productIndex is the index of the Logstores that products make: full text, and the JSON of ActionTrail.
const productIndex = `{"line":{"token":[","," ","'","\"",";","=","(",")","[","]","{","}","?","@","&","<",">","/",":","\n","\t","\r"],"caseSensitive":false,"chn":false},` +
	`"keys":{"event":{"type":"json","token":[","," ","'","\"",";","=","(",")","[","]","{","}","?","@","&","<",">","/",":","\n","\t","\r"],"caseSensitive":false,"doc_value":true,"index_all":true}}}`

// seed makes the accounts of the world, what their products made, and the directory.
func (s *Server) seed() error {
	for _, a := range s.world.Accounts {
		if err := s.iam.CreateAccount(a.UID, a.Name); err != nil {
			return fmt.Errorf("create account %s: %w", a.UID, err)
		}
		id, secret := s.iam.SeedUser(a.UID, "operator", "AdministratorAccess")
		s.operator[a.UID] = Keys{id, secret}
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
			if err := s.sls.Seed(a.UID, l.Project, l.Logstore, l.Shards, sls.LogstoreConfig{Name: l.Logstore, TTL: 180}); err != nil {
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
	return s.seedLogs(time.Now())
}

// seedResources makes what responses act on.
func (s *Server) seedResources(a WorldAccount) {
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

func (s *Server) seedDirectory() error {
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
	for _, service := range s.world.Directory.Trusted {
		if err := s.rd.Trust(m, service); err != nil {
			return fmt.Errorf("trusted access of %s: %w", service, err)
		}
	}
	return nil
}

func (s *Server) nameOf(uid string) string {
	for _, a := range s.world.Accounts {
		if a.UID == uid {
			return a.Name
		}
	}
	return uid
}

// Traffic makes logs for the members of the world, which must be those of the seed: a shop, payments and data.
func (s *Server) Traffic(seed uint64) *traffic.Generator {
	w := traffic.Seed()
	w.LeakedKey = s.User(w.Shop, "ci-deploy").AccessKeyID
	w.BackdoorKey = s.User(w.Shop, "backup-svc").AccessKeyID
	return traffic.New(seed, w)
}

// seedLogs writes the ordinary records that the world asks for.
func (s *Server) seedLogs(now time.Time) error {
	l := s.world.Logs
	if l.Records == 0 {
		return nil
	}
	for b := range s.Traffic(l.Seed).Noise(l.Records, now.Add(-time.Duration(l.Minutes)*time.Minute), now) {
		if err := s.sls.Append(b.AccountUID, b.Project, b.Logstore, b.Encode(), now); err != nil {
			return fmt.Errorf("write logs of %s: %w", b.Project, err)
		}
	}
	return nil
}
