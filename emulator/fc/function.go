package fc

import (
	"bytes"
	"encoding/json"
	"math"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Function is a function's configuration with the property names of the API (fc.md §5.3) and what the service adds.
type Function struct {
	FunctionName            string            `json:"functionName"`
	Description             string            `json:"description"`
	Runtime                 string            `json:"runtime"`
	Handler                 string            `json:"handler"`
	CPU                     float64           `json:"cpu"`
	MemorySize              int               `json:"memorySize"` // MB
	DiskSize                int               `json:"diskSize"`   // MB
	Timeout                 int               `json:"timeout"`    // seconds
	InstanceConcurrency     int               `json:"instanceConcurrency"`
	EnvironmentVariables    map[string]string `json:"environmentVariables,omitempty"`
	Role                    string            `json:"role"` // ARN
	InternetAccess          bool              `json:"internetAccess"`
	LogConfig               *LogConfig        `json:"logConfig,omitempty"`
	CustomRuntimeConfig     *CustomRuntime    `json:"customRuntimeConfig,omitempty"`
	InstanceLifecycleConfig *Lifecycle        `json:"instanceLifecycleConfig,omitempty"`
	Tags                    []Tag             `json:"tags,omitempty"`

	FunctionARN      string `json:"functionArn"`
	FunctionID       string `json:"functionId"`
	CodeSize         int64  `json:"codeSize"`
	CodeChecksum     string `json:"codeChecksum"` // CRC-64 (ECMA), decimal
	CreatedTime      string `json:"createdTime"`
	LastModifiedTime string `json:"lastModifiedTime"`
	State            string `json:"state"`

	InvocationRestriction *Restriction `json:"invocationRestriction,omitempty"`
}

// LogConfig says where the function's output goes.
type LogConfig struct {
	Project               string `json:"project"`
	Logstore              string `json:"logstore"`
	EnableRequestMetrics  bool   `json:"enableRequestMetrics"`
	EnableInstanceMetrics bool   `json:"enableInstanceMetrics"`
	LogBeginRule          string `json:"logBeginRule,omitempty"`
}

// CustomRuntime says how the program is started.
type CustomRuntime struct {
	Command           []string     `json:"command,omitempty"`
	Args              []string     `json:"args,omitempty"`
	Port              int          `json:"port,omitempty"`
	HealthCheckConfig *HealthCheck `json:"healthCheckConfig,omitempty"`
}

// Tag is a label of a function. The models of the official client write its fields with a capital letter; small ones are
// read too.
type Tag struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

// function is a function with all that hangs on it. Its fields need Service.mu.
type function struct {
	account  string
	name     string
	current  *revision   // LATEST
	old      []*revision // retired, but instances still run
	versions []*version  // published, oldest first
	lastID   int         // id of the newest version, deleted or not
	aliases  map[string]*Alias
	triggers map[string]*trigger
	async    map[string]*AsyncConfig // by qualifier
	tasks    taskBook
	// provisions are the instances that are kept running, by qualifier.
	provisions map[string]*provision
	reserved   *int // reservedConcurrency, nil without one
	blocked    *Restriction
	log        *functionLog
}

// revision is one immutable configuration and code; an update makes a new one, running requests finish on the old one.
type revision struct {
	spec      Function
	code      *code
	version   string // id of the published version, "" for LATEST
	retired   bool
	instances []*instance
}

func (f *function) allInstances() []*instance {
	out := append([]*instance(nil), f.current.instances...)
	for _, v := range f.versions {
		out = append(out, v.rev.instances...)
	}
	for _, r := range f.old {
		out = append(out, r.instances...)
	}
	return out
}

// view needs Service.mu. It is a revision as GetFunction shows it.
func (f *function) view(r *revision) Function {
	spec := r.spec
	spec.InvocationRestriction = f.blocked
	return spec
}

// runtimes are those that the emulator runs; a program of go1 talks to the runtime API, the others are HTTP servers.
var runtimes = []string{"custom", "custom.debian10", "custom.debian11", "custom.debian12", runtimeGo}

const runtimeGo = "go1"

// goConcurrency is how many requests an instance of go1 gets at once.
//
// Assumption: one; the setting is not offered for event functions, though the program could take more (fc.md §1.7).
func goConcurrency() int { return 1 }

var (
	nameText = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)
	envName  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
	roleText = regexp.MustCompile(`(?i)^acs:ram::\d+:role/[a-z0-9._-]+$`)
)

// merge lays the keys of a create or update body over the configuration; keys that are absent keep their value.
func (f *Function) merge(raw map[string]json.RawMessage) *Error {
	fields := map[string]any{
		"functionName": &f.FunctionName, "description": &f.Description, "runtime": &f.Runtime, "handler": &f.Handler,
		"cpu": &f.CPU, "memorySize": &f.MemorySize, "diskSize": &f.DiskSize, "timeout": &f.Timeout,
		"instanceConcurrency": &f.InstanceConcurrency, "environmentVariables": &f.EnvironmentVariables, "role": &f.Role,
		"internetAccess": &f.InternetAccess, "logConfig": &f.LogConfig, "customRuntimeConfig": &f.CustomRuntimeConfig,
		"instanceLifecycleConfig": &f.InstanceLifecycleConfig, "tags": &f.Tags,
	}
	for key, value := range raw {
		if key == "code" {
			continue
		}
		dst, ok := fields[key]
		if !ok {
			if isEmptyJSON(value) {
				continue
			}
			return invalid("%s is not offered by the emulator", key)
		}
		reflect.ValueOf(dst).Elem().SetZero()
		if err := strictJSON(value, dst); err != nil {
			return invalid("%s: %v", key, err)
		}
	}
	return f.check()
}

func isEmptyJSON(v json.RawMessage) bool {
	switch string(bytes.TrimSpace(v)) {
	case "null", `""`, "{}", "[]", "false", "0":
		return true
	}
	return false
}

func strictJSON(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

func (f *Function) check() *Error {
	f.CPU, f.MemorySize = orDefault(f.CPU, 0.35), orDefault(f.MemorySize, 512)
	f.DiskSize, f.InstanceConcurrency = orDefault(f.DiskSize, 512), orDefault(f.InstanceConcurrency, 1)
	f.Timeout = orDefault(f.Timeout, 3)
	ratio := float64(f.MemorySize) / 1024 / f.CPU
	switch {
	case len(f.FunctionName) > 64 || !nameText.MatchString(f.FunctionName):
		return invalid("functionName must have at most 64 characters and match %s", nameText)
	case !slices.Contains(runtimes, f.Runtime):
		return invalid("runtime %q is not offered by the emulator: use one of %v", f.Runtime, runtimes)
	case f.Runtime == runtimeGo && !filepath.IsLocal(filepath.FromSlash(f.Handler)):
		return invalid("handler must name the program inside the package for runtime go1")
	case f.Runtime == runtimeGo && f.CustomRuntimeConfig != nil:
		return invalid("customRuntimeConfig is for custom runtimes only")
	case f.Runtime == runtimeGo && f.InstanceConcurrency > goConcurrency():
		return invalid("instanceConcurrency must be 1 for runtime go1")
	case f.CPU < 0.05 || f.CPU > 16 || math.Abs(f.CPU*20-math.Round(f.CPU*20)) > 1e-6:
		return invalid("cpu must be between 0.05 and 16 in steps of 0.05")
	case f.MemorySize < 128 || f.MemorySize > 32768 || f.MemorySize%64 != 0:
		return invalid("memorySize must be between 128 and 32768 and a multiple of 64")
	case ratio < 1-1e-9 || ratio > 4+1e-9:
		return invalid("the ratio of cpu to memorySize (in GB) must be between 1:1 and 1:4")
	case f.DiskSize != 512 && f.DiskSize != 10240:
		return invalid("diskSize must be 512 or 10240")
	case f.Timeout < 1 || f.Timeout > 86400:
		return invalid("timeout must be between 1 and 86400")
	case f.InstanceConcurrency < 1 || f.InstanceConcurrency > 200:
		return invalid("instanceConcurrency must be between 1 and 200")
	case f.Role != "" && !roleText.MatchString(f.Role):
		return invalid("role must be the ARN of a RAM role")
	}
	if err := checkTags(f.Tags); err != nil {
		return err
	}
	return f.checkParts()
}

func (f *Function) checkParts() *Error {
	size := 0
	for k, v := range f.EnvironmentVariables {
		size += len(k) + len(v)
		if !envName.MatchString(k) || strings.HasPrefix(k, "FC_") {
			return invalid("environmentVariables: %q is reserved or not a name", k)
		}
	}
	if size > 4096 {
		return invalid("environmentVariables must not exceed 4 KB")
	}
	if l := f.LogConfig; l != nil && (l.Project == "") != (l.Logstore == "") {
		return invalid("logConfig needs project and logstore")
	}
	if c := f.CustomRuntimeConfig; c != nil {
		if c.Port < 0 || c.Port > 65535 {
			return invalid("customRuntimeConfig.port must be between 1 and 65535")
		}
		if err := c.HealthCheckConfig.check(); err != nil {
			return err
		}
	}
	return f.InstanceLifecycleConfig.check()
}
