package emulator

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fenghuo-soc/fenghuo/emulator/clock"
)

// problem is what is wrong with a value of a world, and where: keys and indexes from the top, joined by dots.
type problem struct{ path, text string }

func (p problem) Error() string { return p.path + ": " + p.text }

func wrong(path, format string, args ...any) error {
	return problem{path, fmt.Sprintf(format, args...)}
}

var (
	uidRule    = regexp.MustCompile(`^\d{16}$`)
	regionRule = regexp.MustCompile(`^[a-z]+(-[a-z0-9]+)+$`)
)

// check refuses a world that means nothing.
func (w World) check() error {
	if !regionRule.MatchString(w.Region) {
		return wrong("region", "region %q is not one such as cn-hangzhou", w.Region)
	}
	if len(w.Accounts) == 0 {
		return wrong("accounts", "there are no accounts")
	}
	for _, f := range []func() error{w.checkAccounts, w.checkResources, w.checkDirectory, w.checkNames, w.checkLogs, w.checkClock, w.LogService.check, w.RAM.check} {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

func (w World) has(uid string) bool {
	return slices.ContainsFunc(w.Accounts, func(a WorldAccount) bool { return a.UID == uid })
}

func (w World) checkAccounts() error {
	seen := map[string]bool{}
	management := 0
	for i, a := range w.Accounts {
		at := fmt.Sprintf("accounts.%d.", i)
		switch {
		case !uidRule.MatchString(a.UID):
			return wrong(at+"uid", "uid %q is not 16 digits", a.UID)
		case seen[a.UID]:
			return wrong(at+"uid", "account %s stands twice", a.UID)
		case a.Kind != "management" && a.Kind != "administrator" && a.Kind != "member":
			return wrong(at+"kind", "account %s has kind %q; it is management, administrator or member", a.UID, a.Kind)
		}
		if a.Kind == "management" {
			management++
		}
		seen[a.UID] = true
	}
	if management != 1 {
		return wrong("accounts", "%d accounts are of kind management; one must be", management)
	}
	return nil
}

func (w World) checkDirectory() error {
	d := w.Directory
	if !d.Enabled && (len(d.Members) > 0 || len(d.Folders) > 0) {
		return wrong("directory", "the directory has members or folders but is not enabled")
	}
	member := func(path, uid string) error {
		switch {
		case !w.has(uid):
			return wrong(path, "member %s of the directory is no account", uid)
		case uid == w.Management().UID:
			return wrong(path, "the management account %s is no member of its directory", uid)
		}
		return nil
	}
	for i, m := range d.Members {
		if err := member(fmt.Sprintf("directory.members.%d", i), m); err != nil {
			return err
		}
	}
	placed, paths := map[string]bool{}, map[string]bool{}
	for i, f := range d.Folders {
		at := fmt.Sprintf("directory.folders.%d.", i)
		parent, _, below := cutLast(f.Path)
		switch {
		case f.Path == "" || strings.Contains("/"+f.Path+"/", "//"):
			return wrong(at+"path", "path %q is not names joined by /", f.Path)
		case below && !paths[parent]:
			return wrong(at+"path", "folder %s stands before its parent %s", f.Path, parent)
		case paths[f.Path]:
			return wrong(at+"path", "folder %s stands twice", f.Path)
		}
		paths[f.Path] = true
		for n, m := range f.Members {
			path := fmt.Sprintf("%smembers.%d", at, n)
			if err := member(path, m); err != nil {
				return err
			}
			if placed[m] {
				return wrong(path, "member %s stands in two folders", m)
			}
			placed[m] = true
		}
	}
	return nil
}

// cutLast cuts a path before its last name.
func cutLast(path string) (parent, name string, found bool) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path, false
	}
	return path[:i], path[i+1:], true
}

func (w World) checkLogs() error {
	l := w.Logs
	switch {
	case l.Records < 0 || l.Minutes < 0 || l.PerMinute < 0 || l.Attack < 0:
		return wrong("logs", "numbers and times of logs are not negative")
	case l.Records > 0 && l.Minutes == 0:
		return wrong("logs", "records need minutes: how far they reach back")
	case l.Records == 0 && l.PerMinute == 0 && l.Attack == 0:
		return nil
	}
	t := w.trafficWorld()
	for name, uid := range map[string]string{"shop": t.Shop, "payments": t.Payments, "data": t.Data} {
		if !w.has(uid) {
			return wrong("logs", "the logs are of %s, and %s is no account of this world", name, uid)
		}
	}
	return nil
}

func (w World) checkClock() error {
	if r := w.Clock.Rate; r != nil && !(*r >= 0 && *r <= clock.MaxRate) {
		return wrong("clock.rate", "rate %v is not between 0 and %d", *r, clock.MaxRate)
	}
	return nil
}
