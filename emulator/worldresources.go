package emulator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fenghuo-soc/fenghuo/emulator/directory"
	"github.com/fenghuo-soc/fenghuo/emulator/iam"
	"github.com/fenghuo-soc/fenghuo/emulator/oss"
	"github.com/fenghuo-soc/fenghuo/emulator/sls"
)

// once tells names that stand twice.
type once map[string]string

// add notes who has a name, and refuses one that somebody has.
func (o once) add(path, what, name, owner string) error {
	if other, taken := o[name]; taken {
		return wrong(path, "%s %s stands twice: account %s has it", what, name, other)
	}
	o[name] = owner
	return nil
}

// checkResources refuses what accounts cannot have. Projects and buckets have names of their own in the whole cloud.
func (w World) checkResources() error {
	projects, buckets, emails := map[string]string{}, once{}, once{}
	for i, a := range w.Accounts {
		at := fmt.Sprintf("accounts.%d.", i)
		if a.Email != "" {
			if err := emails.add(at+"email", "the e-mail address", a.Email, a.UID); err != nil {
				return err
			}
		}
		for _, f := range []func(string) error{
			a.checkUsers,
			func(at string) error { return a.checkLogstores(at, projects) },
			a.checkCompute, a.checkAlerts,
			func(at string) error { return a.checkBuckets(at, buckets) },
		} {
			if err := f(at); err != nil {
				return err
			}
		}
	}
	return nil
}

// operatorName is the user that every account has.
const operatorName = "operator"

func (a WorldAccount) checkUsers(at string) error {
	seen := once{operatorName: a.UID}
	for n, u := range a.Users {
		path := fmt.Sprintf("%susers.%d", at, n)
		if err := iam.CheckUserName(u); err != nil {
			return wrong(path, "%v", err)
		}
		if err := seen.add(path, "user", u, a.UID); err != nil {
			return err
		}
	}
	return nil
}

func (a WorldAccount) checkLogstores(at string, projects map[string]string) error {
	seen := once{}
	for n, l := range a.Logstores {
		path := fmt.Sprintf("%slogstores.%d", at, n)
		if l.Project == "" || l.Logstore == "" {
			return wrong(path, "a Logstore needs project and logstore")
		}
		if err := sls.CheckSeed(l.Project, l.Logstore, cmp.Or(l.Shards, 2), cmp.Or(l.TTL, 180)); err != nil {
			return wrong(path, "%v", err)
		}
		if owner := projects[l.Project]; owner != "" && owner != a.UID {
			return wrong(path+".project", "project %s belongs to account %s", l.Project, owner)
		}
		projects[l.Project] = a.UID
		if err := seen.add(path, "the Logstore", l.Project+"/"+l.Logstore, a.UID); err != nil {
			return err
		}
	}
	return nil
}

func (a WorldAccount) checkCompute(at string) error {
	vpcs, instances := map[string]string{}, once{}
	for n, g := range a.SecurityGroups {
		path := fmt.Sprintf("%ssecurity_groups.%d", at, n)
		if _, taken := vpcs[g.ID]; g.ID == "" || taken {
			return wrong(path, "security group %q has no id or stands twice", g.ID)
		}
		vpcs[g.ID] = g.VPC
	}
	for n, i := range a.Instances {
		path := fmt.Sprintf("%sinstances.%d", at, n)
		if i.ID == "" {
			return wrong(path, "an instance needs an id")
		}
		if err := instances.add(path+".id", "instance", i.ID, a.UID); err != nil {
			return err
		}
		for k, g := range i.Groups {
			if vpc, ok := vpcs[g]; !ok || vpc != i.VPC {
				return wrong(fmt.Sprintf("%s.security_groups.%d", path, k), "account %s has no security group %s in the VPC %q of the instance", a.UID, g, i.VPC)
			}
		}
	}
	return nil
}

func (a WorldAccount) checkAlerts(at string) error {
	seen := map[int64]bool{}
	for n, e := range a.Alerts {
		path := fmt.Sprintf("%salerts.%d", at, n)
		switch {
		case e.ID <= 0 || seen[e.ID]:
			return wrong(path, "alert %d has no id above 0 of its own", e.ID)
		case e.Level != "serious" && e.Level != "suspicious" && e.Level != "remind":
			return wrong(path+".level", "level %q is not serious, suspicious or remind", e.Level)
		case !slices.ContainsFunc(a.Instances, func(i WorldInstance) bool { return i.ID == e.Instance }):
			return wrong(path+".instance", "account %s has no instance %q", a.UID, e.Instance)
		}
		seen[e.ID] = true
	}
	return nil
}

func (a WorldAccount) checkBuckets(at string, buckets once) error {
	for n, b := range a.Buckets {
		path := fmt.Sprintf("%sbuckets.%d", at, n)
		if err := oss.CheckBucket(b.Name, b.ACL); err != nil {
			return wrong(path, "%v", err)
		}
		if err := buckets.add(path+".name", "bucket", b.Name, a.UID); err != nil {
			return err
		}
	}
	return nil
}

// checkNames refuses what a directory would not take: names of members and folders, the depth and number of folders, and
// services that it does not know.
func (w World) checkNames() error {
	d, limits := w.Directory, w.Directory.Limits.OrDefaults()
	if err := d.checkSettings(); err != nil || !d.Enabled {
		return err
	}
	joins := slices.Clone(d.Members)
	for i, f := range d.Folders {
		at := fmt.Sprintf("directory.folders.%d", i)
		joins = append(joins, f.Members...)
		_, name, _ := cutLast(f.Path)
		if err := directory.CheckFolderName(name); err != nil {
			return wrong(at+".path", "%v", err)
		}
		if strings.Count(f.Path, "/") >= limits.FolderDepth || i >= limits.Folders {
			return wrong(at+".path", "folder %s is beyond the limits of %d levels and %d folders", f.Path, limits.FolderDepth, limits.Folders)
		}
	}
	names := once{}
	for i, a := range w.Accounts {
		if !slices.Contains(joins, a.UID) {
			continue
		}
		at := fmt.Sprintf("accounts.%d.name", i)
		if err := directory.CheckDisplayName(a.Name); err != nil {
			return wrong(at, "%v", err)
		}
		if err := names.add(at, "the name", a.Name, a.UID); err != nil {
			return err
		}
	}
	for i, service := range d.Trusted {
		if !slices.Contains(directory.TrustedServices(), service) {
			return wrong(fmt.Sprintf("directory.trusted_services.%d", i), "%s is no trusted service; there are %s", service, strings.Join(directory.TrustedServices(), ", "))
		}
	}
	return nil
}
