package fc

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"regexp"
	"strings"
	"time"
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
	Command []string `json:"command,omitempty"`
	Args    []string `json:"args,omitempty"`
	Port    int      `json:"port,omitempty"`
}

// Lifecycle holds the hooks.
type Lifecycle struct {
	Initializer *Hook `json:"initializer,omitempty"`
	PreStop     *Hook `json:"preStop,omitempty"`
}

// Hook is called over HTTP when it has a handler. Timeout is in seconds, 3 by default.
type Hook struct {
	Handler string `json:"handler"`
	Timeout int    `json:"timeout"`
}

func (h *Hook) limit() time.Duration { return time.Duration(orDefault(h.Timeout, 3)) * time.Second }

// Tag is a label; it has no effect here.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// function is a function with all that hangs on it. Its fields need Service.mu.
type function struct {
	account  string
	name     string
	current  *revision
	old      []*revision // retired, but instances still run
	triggers map[string]*trigger
	async    *AsyncConfig
	log      *functionLog
}

// revision is one immutable configuration and code; an update makes a new one, running requests finish on the old one.
type revision struct {
	spec      Function
	code      *code
	retired   bool
	instances []*instance
}

func (f *function) allInstances() []*instance {
	out := append([]*instance(nil), f.current.instances...)
	for _, r := range f.old {
		out = append(out, r.instances...)
	}
	return out
}

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
	case f.Runtime != "custom" && f.Runtime != "custom.debian10" && f.Runtime != "custom.debian11" && f.Runtime != "custom.debian12":
		return invalid("runtime %q is not offered by the emulator: use custom or custom.debian10, 11, 12", f.Runtime)
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
	case len(f.Tags) > 20:
		return invalid("at most 20 tags")
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
	if c := f.CustomRuntimeConfig; c != nil && (c.Port < 0 || c.Port > 65535) {
		return invalid("customRuntimeConfig.port must be between 1 and 65535")
	}
	if c := f.InstanceLifecycleConfig; c != nil {
		if h := c.Initializer; h != nil && (h.Timeout < 0 || h.Timeout > 300) {
			return invalid("initializer timeout must be between 1 and 300")
		}
		if h := c.PreStop; h != nil && (h.Timeout < 0 || h.Timeout > 90) {
			return invalid("preStop timeout must be between 1 and 90")
		}
	}
	return nil
}

func (f *Function) initializer() *Hook {
	if c := f.InstanceLifecycleConfig; c != nil && c.Initializer != nil && c.Initializer.Handler != "" {
		return c.Initializer
	}
	return nil
}

func (f *Function) preStop() *Hook {
	if c := f.InstanceLifecycleConfig; c != nil && c.PreStop != nil && c.PreStop.Handler != "" {
		return c.PreStop
	}
	return nil
}
