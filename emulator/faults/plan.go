package faults

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Kind is what a fault does.
type Kind string

// The kinds of faults. Those up to Kill strike calls; Duplicate strikes triggers.
const (
	Throttle      Kind = "throttle"            // the service's answer to too many calls; nothing happens
	Unavailable   Kind = "unavailable"         // the service's 5xx; nothing happens
	TimeoutBefore Kind = "timeout-before"      // nothing happens and nothing is answered
	TimeoutAfter  Kind = "timeout-after"       // it happens, and nothing is answered
	CutAnswer     Kind = "cut-answer"          // it happens, and the connection breaks in the middle of the answer
	Slow          Kind = "slow"                // it happens Wait later
	ClockSkew     Kind = "clock-skew"          // the service's clock differs by Skew: the request is refused as too old or too new
	Expire        Kind = "expired-credentials" // the temporary key of the call expires now, for all services
	Revoke        Kind = "revoked-credentials" // the key of the call stops to exist (temporary) or is disabled (long-term)
	SplitShard    Kind = "shard-split"         // the shard that the call names, or the first writable one, splits just before the call
	Kill          Kind = "kill"                // Function's processes are killed before or after the effect of the call
	Duplicate     Kind = "duplicate-delivery"  // a trigger of Function fires once more with the same event
)

var kinds = []Kind{Throttle, Unavailable, TimeoutBefore, TimeoutAfter, CutAnswer, Slow, ClockSkew, Expire, Revoke, SplitShard, Kill, Duplicate}

// Plan is a set of faults. The same plan and the same calls give the same faults.
type Plan struct {
	Seed   uint64  `yaml:"seed"`
	Faults []Fault `yaml:"faults"`
}

// Fault strikes calls that it matches: of those, the first Skip are spared, each of the following is struck with
// Probability, and after Count strikes the fault is used up.
type Fault struct {
	Kind Kind `yaml:"kind"`

	Service   string `yaml:"service"`   // Sls, FC, or the product of an RPC API such as Sts; case does not count; "" = any
	Operation string `yaml:"operation"` // such as PullLogs; case does not count; "" = any
	Account   string `yaml:"account"`   // of the caller; "" = any
	Caller    string `yaml:"caller"`    // a part of the caller's ARN, such as role/fenghuo-collector; "" = any

	// Run makes the fault strike the runs of a function, <account>/<name>, instead of calls: by whom it is called directly,
	// by triggers, flows and destinations, and each try of an asynchronous call. For throttle, unavailable, slow and kill.
	Run string `yaml:"run"`

	Skip        int     `yaml:"skip"`
	Count       int     `yaml:"count"`       // 0 = 1; -1 = without end
	Probability float64 `yaml:"probability"` // 0 = always

	Status  int    `yaml:"status"` // throttle and unavailable: instead of the service's own
	Code    string `yaml:"code"`
	Message string `yaml:"message"`

	Wait     time.Duration `yaml:"wait"`     // slow: how long; time-outs: how long the connection is held, 0 = until the client gives up; kill of a run: how long after its request
	Skew     time.Duration `yaml:"skew"`     // clock-skew; 0 = 20 minutes
	Function string        `yaml:"function"` // kill and duplicate-delivery: <account>/<name>
	At       Point         `yaml:"at"`       // kill, and throttle and unavailable of a run; "" = before
}

// Point is a moment of a call.
type Point string

// The points at which a process can be killed.
const (
	Before Point = "before" // nothing has happened yet
	After  Point = "after"  // the effect is there, the answer was not sent
)

// Load reads a plan from a file.
func Load(file string) (Plan, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return Plan{}, fmt.Errorf("read fault plan: %w", err)
	}
	p, err := Parse(b)
	if err != nil {
		return Plan{}, fmt.Errorf("fault plan %s: %w", file, err)
	}
	return p, nil
}

// Parse reads a plan, YAML or JSON. Fields that do not exist and values that mean nothing are errors.
func Parse(b []byte) (Plan, error) {
	var p Plan
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(&p); err != nil {
		return Plan{}, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	for i := range p.Faults {
		if err := p.Faults[i].check(); err != nil {
			return Plan{}, fmt.Errorf("fault %d: %w", i+1, err)
		}
	}
	return p, nil
}

// maxWait bounds the waits of a fault.
const maxWait = time.Hour

// check refuses what means nothing and fills in the defaults.
func (f *Fault) check() error {
	if f.Run != "" {
		if err := f.checkRun(); err != nil {
			return err
		}
	} else if err := f.checkCall(); err != nil {
		return err
	}
	switch {
	case !slices.Contains(kinds, f.Kind):
		return fmt.Errorf("unknown kind %q; there are %s", f.Kind, kindList())
	case f.Probability < 0 || f.Probability > 1 || f.Probability != f.Probability:
		return fmt.Errorf("probability %v is not between 0 and 1", f.Probability)
	case f.Skip < 0 || f.Count < -1:
		return errors.New("skip is 0 or more, count -1 or more")
	case f.Wait < 0 || f.Wait > maxWait:
		return fmt.Errorf("wait %v is not between 0 and %v", f.Wait, maxWait)
	case f.Kind == Slow && f.Wait == 0:
		return errors.New("slow needs wait, such as 2s")
	case f.Kind == ClockSkew && f.Skew != 0 && f.Skew.Abs() <= window:
		return fmt.Errorf("skew %v is within the %v that services tolerate", f.Skew, window)
	case f.Status != 0 && (f.Status < 400 || f.Status > 599):
		return fmt.Errorf("status %d is no error", f.Status)
	case f.Kind != Throttle && f.Kind != Unavailable && (f.Status != 0 || f.Code != "" || f.Message != ""):
		return fmt.Errorf("%s has no status, code and message", f.Kind)
	}
	if f.Count == 0 {
		f.Count = 1
	}
	if f.Skew == 0 {
		f.Skew = 20 * time.Minute
	}
	return nil
}

// checkCall refuses what means nothing for a fault that strikes calls or triggers.
func (f *Fault) checkCall() error {
	switch {
	case (f.Kind == Kill || f.Kind == Duplicate) && !named(f.Function):
		return fmt.Errorf("%s needs function: <account>/<name>", f.Kind)
	case f.Kind != Kill && f.Kind != Duplicate && f.Function != "":
		return fmt.Errorf("%s has no function", f.Kind)
	case f.Kind != Kill && f.At != "" || f.At != "" && f.At != Before && f.At != After:
		return errors.New("at is before or after, and of kind kill only")
	case f.Kind == Duplicate && f.namesCall():
		return errors.New("duplicate-delivery strikes triggers; it takes function and no call")
	}
	return nil
}

// checkRun refuses what means nothing for a fault that strikes runs of a function.
func (f *Fault) checkRun() error {
	switch {
	case !named(f.Run):
		return fmt.Errorf("run %q is not <account>/<name>", f.Run)
	case f.Kind != Throttle && f.Kind != Unavailable && f.Kind != Slow && f.Kind != Kill:
		return fmt.Errorf("%s strikes no runs; throttle, unavailable, slow and kill do", f.Kind)
	case f.namesCall() || f.Function != "":
		return errors.New("a fault with run strikes a function; it takes no call")
	case f.At != "" && (f.Kind == Slow || f.Kind == Kill || f.At != Before && f.At != After):
		return errors.New("at is before or after, and not for slow and kill of a run; kill takes wait")
	}
	return nil
}

func (f *Fault) namesCall() bool {
	return f.Service != "" || f.Operation != "" || f.Account != "" || f.Caller != ""
}

func named(function string) bool {
	account, name, ok := strings.Cut(function, "/")
	return ok && account != "" && name != ""
}

// window is how far a request's time may be from a service's clock (accounts.md §1, sls.md §2).
const window = 15 * time.Minute

func kindList() string {
	var out []string
	for _, k := range kinds {
		out = append(out, string(k))
	}
	return strings.Join(out, ", ")
}
