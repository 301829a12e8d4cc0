package emulator

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed worlds/*.yaml
var worlds embed.FS

// World is what exists when the emulator starts.
type World struct {
	Region    string         `yaml:"region"`
	Accounts  []WorldAccount `yaml:"accounts"`
	Directory WorldDirectory `yaml:"directory"`
	Logs      WorldLogs      `yaml:"logs"`

	LogService WorldLogService `yaml:"log_service"`
}

// WorldAccount is one account. Kind is what it is meant to become: management, administrator or member.
type WorldAccount struct {
	UID        string          `yaml:"uid"`
	Name       string          `yaml:"name"`
	Kind       string          `yaml:"kind"`
	Email      string          `yaml:"email"` // of the owner, for invitations
	Enterprise string          `yaml:"enterprise"`
	Verified   bool            `yaml:"verified"`
	WAF        string          `yaml:"waf"`            // id of a WAF 3.0 instance
	Firewall   bool            `yaml:"cloud_firewall"` // Cloud Firewall is bought
	Users      []string        `yaml:"users"`          // RAM users with one AccessKey each and no permissions
	Logstores  []WorldLogstore `yaml:"logstores"`
	// What responses act on.
	SecurityGroups []WorldSecurityGroup `yaml:"security_groups"`
	Instances      []WorldInstance      `yaml:"instances"`
	Buckets        []WorldBucket        `yaml:"buckets"`
	Alerts         []WorldAlert         `yaml:"alerts"`
}

// WorldSecurityGroup is a security group of ECS without rules.
type WorldSecurityGroup struct {
	ID   string `yaml:"id"`
	Name string `yaml:"name"`
	VPC  string `yaml:"vpc"`
}

// WorldInstance is a running instance of ECS.
type WorldInstance struct {
	ID     string   `yaml:"id"`
	VPC    string   `yaml:"vpc"`
	Groups []string `yaml:"security_groups"` // ids
}

// WorldBucket is a bucket of OSS.
type WorldBucket struct {
	Name string `yaml:"name"`
	ACL  string `yaml:"acl"` // private, public-read, public-read-write
}

// WorldAlert is a pending alert event of Security Center.
type WorldAlert struct {
	ID       int64  `yaml:"id"`
	Name     string `yaml:"name"`
	Level    string `yaml:"level"`    // serious, suspicious, remind
	Instance string `yaml:"instance"` // id
}

// WorldLogstore is a Logstore that a product made.
type WorldLogstore struct {
	Project  string `yaml:"project"`
	Logstore string `yaml:"logstore"`
	Shards   int    `yaml:"shards"`
}

// WorldDirectory is the state of the resource directory.
type WorldDirectory struct {
	Enabled bool     `yaml:"enabled"` // by the account of kind management
	Members []string `yaml:"members"`
	Trusted []string `yaml:"trusted_services"` // service principals with trusted access
}

// WorldLogs asks for ordinary log records before the start.
type WorldLogs struct {
	Seed    uint64 `yaml:"seed"`
	Records int    `yaml:"records"`
	Minutes int    `yaml:"minutes"` // how far they reach back
}

// LoadWorld returns the world named example or empty, or reads one from a file.
func LoadWorld(nameOrFile string) (World, error) {
	var b []byte
	var err error
	switch nameOrFile {
	case "example", "empty":
		b, err = worlds.ReadFile("worlds/" + nameOrFile + ".yaml")
	default:
		b, err = os.ReadFile(nameOrFile)
		if errors.Is(err, os.ErrNotExist) && !strings.ContainsAny(nameOrFile, "./\\") {
			return World{}, fmt.Errorf("there is no world %q: it is example, empty, or the path of a file", nameOrFile)
		}
	}
	if err != nil {
		return World{}, fmt.Errorf("read world: %w", err)
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	var w World
	if err := d.Decode(&w); err != nil {
		return World{}, fmt.Errorf("world %s: %s", nameOrFile, oneLine(err))
	}
	if err := w.check(); err != nil {
		return World{}, fmt.Errorf("world %s: %w", nameOrFile, err)
	}
	return w, nil
}

var goType = regexp.MustCompile(` in type [\w.]+| into [\w.]+`)

// oneLine is what the YAML package complains of, without its own words and Go's types.
func oneLine(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.TrimPrefix(text, "unmarshal errors:\n")
	lines := strings.Split(goType.ReplaceAllString(text, ""), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSpace(l)
	}
	return strings.Join(lines, "; ")
}

var uidRule = regexp.MustCompile(`^\d{16}$`)

func (w World) check() error {
	if w.Region == "" {
		return errors.New("region is missing")
	}
	if len(w.Accounts) == 0 {
		return errors.New("there are no accounts")
	}
	var uids []string
	management := 0
	for _, a := range w.Accounts {
		switch {
		case !uidRule.MatchString(a.UID):
			return fmt.Errorf("uid %q is not 16 digits", a.UID)
		case slices.Contains(uids, a.UID):
			return fmt.Errorf("account %s stands twice", a.UID)
		case a.Kind != "management" && a.Kind != "administrator" && a.Kind != "member":
			return fmt.Errorf("account %s has kind %q; it is management, administrator or member", a.UID, a.Kind)
		}
		if a.Kind == "management" {
			management++
		}
		uids = append(uids, a.UID)
	}
	if management != 1 {
		return fmt.Errorf("%d accounts are of kind management; one must be", management)
	}
	for _, m := range w.Directory.Members {
		if !slices.Contains(uids, m) {
			return fmt.Errorf("member %s of the directory is no account", m)
		}
	}
	if len(w.Directory.Members) > 0 && !w.Directory.Enabled {
		return errors.New("the directory has members but is not enabled")
	}
	return w.LogService.check()
}

// Management returns the account of kind management.
func (w World) Management() WorldAccount { return w.ofKind("management") }

// Administrator returns the first account of kind administrator; its UID is empty when there is none.
func (w World) Administrator() WorldAccount { return w.ofKind("administrator") }

func (w World) ofKind(kind string) WorldAccount {
	for _, a := range w.Accounts {
		if a.Kind == kind {
			return a
		}
	}
	return WorldAccount{}
}
