package emulator

import (
	"reflect"
	"slices"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/directory"
	"github.com/fenghuo-soc/fenghuo/emulator/iam"
)

// WorldRAM says how slow RAM is and where its limits are. The zero value is as documented, and deletes at once.
type WorldRAM struct {
	Limits iam.Limits `yaml:"limits"` // zero = as documented
	// DeletionDelay is how long the deletion of a service-linked role takes.
	DeletionDelay time.Duration `yaml:"deletion_delay"`
}

func (r WorldRAM) check() error {
	if r.DeletionDelay < 0 {
		return wrong("ram.deletion_delay", "a delay is below 0")
	}
	l := r.Limits
	l.AssumeRolePerSecond = 0 // below 0 it is none
	return checkLimits("ram.limits", l)
}

// checkSettings looks at how the directory is set.
func (d WorldDirectory) checkSettings() error {
	if d.DeletionDelay < 0 {
		return wrong("directory.deletion_delay", "a delay is below 0")
	}
	for service, n := range d.Administrators {
		if !slices.Contains(directory.TrustedServices(), service) {
			return wrong("directory.delegated_administrators", "%s is no trusted service", service)
		}
		if n < 0 {
			return wrong("directory.delegated_administrators", "a limit is below 0")
		}
	}
	return checkLimits("directory.limits", d.Limits)
}

// checkLimits refuses limits below 0; zero is the documented one.
func checkLimits(path string, limits any) error {
	for _, v := range reflect.ValueOf(limits).Fields() {
		if v.Int() < 0 {
			return wrong(path, "a limit is below 0")
		}
	}
	return nil
}
