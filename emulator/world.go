package emulator

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/clock"
	"github.com/fenghuo-soc/fenghuo/emulator/directory"
)

//go:embed worlds/*.yaml
var worlds embed.FS

// World is what exists when the emulator starts.
type World struct {
	Region    string         `yaml:"region"`
	Accounts  []WorldAccount `yaml:"accounts"`
	Directory WorldDirectory `yaml:"directory"`
	Logs      WorldLogs      `yaml:"logs"`
	Clock     WorldClock     `yaml:"clock"`

	LogService WorldLogService `yaml:"log_service"`
	RAM        WorldRAM        `yaml:"ram"`
}

// WorldClock is the time of the cloud. Without it the cloud follows the wall clock.
type WorldClock struct {
	Start time.Time `yaml:"start"` // what the clock shows at the start; zero = the wall clock's time
	Rate  *float64  `yaml:"rate"`  // seconds of the cloud in one second; 0 stands still; nil = 1
}

// make returns the clock.
func (c WorldClock) make() (*clock.Clock, error) {
	rate := 1.0
	if c.Rate != nil {
		rate = *c.Rate
	}
	return clock.New(c.Start, rate)
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
	RootKey    bool            `yaml:"root_key"`       // the account itself has an AccessKey
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
	Shards   int    `yaml:"shards"` // 0 = 2
	TTL      int    `yaml:"ttl"`    // days; 0 = 180
}

// WorldDirectory is the state of the resource directory.
type WorldDirectory struct {
	Enabled bool     `yaml:"enabled"` // by the account of kind management
	Members []string `yaml:"members"`
	Trusted []string `yaml:"trusted_services"` // service principals with trusted access
	// Folders stand below the root folder or below one that stands before them.
	Folders []WorldFolder `yaml:"folders"`

	Limits         directory.Limits `yaml:"limits"`                   // zero = as documented; the members of the world come on top
	Administrators map[string]int   `yaml:"delegated_administrators"` // how many a service may have, by principal; 10 otherwise
	// DeletionDelay is how long the check before the deletion of a member takes, and then the deletion.
	DeletionDelay time.Duration `yaml:"deletion_delay"`
	// SerialWrites makes a write fail that begins while another one of its account runs, as the cloud does.
	SerialWrites bool `yaml:"serial_writes"`
}

// WorldFolder is a folder of the resource directory.
type WorldFolder struct {
	Path    string   `yaml:"path"`    // names from below the root folder, such as Core/Production
	Members []string `yaml:"members"` // uids, which need not stand among the members of the directory
}

// WorldLogs asks for logs: ordinary records before the start and from then on, and the attacks of the story.
type WorldLogs struct {
	Seed      uint64        `yaml:"seed"`
	Records   int           `yaml:"records"`
	Minutes   int           `yaml:"minutes"`    // how far they reach back
	PerMinute int           `yaml:"per_minute"` // ordinary records that keep coming, by the clock of the cloud
	Attack    time.Duration `yaml:"attack"`     // the attacks begin so long after the start; 0 = never
	// Accounts that the logs are of; the uids of the example world when left out.
	Shop     string `yaml:"shop"`
	Payments string `yaml:"payments"`
	Data     string `yaml:"data"`
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
	return ParseWorld(nameOrFile, b)
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
