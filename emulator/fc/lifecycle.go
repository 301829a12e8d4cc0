package fc

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// Lifecycle holds the hooks.
type Lifecycle struct {
	Initializer *Hook `json:"initializer,omitempty"`
	PreStop     *Hook `json:"preStop,omitempty"`
}

// Hook is called when it has a handler. Timeout is in seconds, 3 by default.
type Hook struct {
	Handler string   `json:"handler"`
	Command []string `json:"command,omitempty"` // refused: at present for GPU functions only (fc.md §1.7)
	Timeout int      `json:"timeout"`
}

// The longest hooks, in seconds (fc.md §4.4).
const (
	maxInitializer = 300
	maxPreStop     = 90
)

func (c *Lifecycle) check() *Error {
	if c == nil {
		return nil
	}
	if err := c.Initializer.check("initializer", maxInitializer); err != nil {
		return err
	}
	return c.PreStop.check("preStop", maxPreStop)
}

func (h *Hook) check(name string, longest int) *Error {
	switch {
	case h == nil:
		return nil
	case h.Handler != "" && len(h.Command) > 0:
		return invalid("%s has a handler and a command: only one is allowed", name)
	case len(h.Command) > 0:
		return invalid("%s: commands are for GPU functions only", name)
	case h.Timeout < 0 || h.Timeout > longest:
		return invalid("%s timeout must be between 1 and %d", name, longest)
	}
	return nil
}

func (h *Hook) limit() time.Duration { return time.Duration(orDefault(h.Timeout, 3)) * time.Second }

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

// initialize runs the Initializer hook; a non-nil outcome is the failure of the invocation that started the instance.
func (s *Service) initialize(in *instance, h *Hook, keys auth.Keys, requestID string) *outcome {
	ctx, cancel := context.WithTimeout(s.ctx, h.limit())
	defer cancel()
	c := &call{requestID: requestID, control: controlInitialize, method: http.MethodPost, path: controlInitialize}
	r, err := in.driver.send(ctx, c, keys)
	if err == nil && r.status/100 == 2 && !r.failed {
		return nil
	}
	killGroup(in.cmd.Process.Pid)
	if err == nil {
		return functionError(errInitialize, fmt.Sprintf("the initializer answered status %d: %s", r.status, r.body[:min(len(r.body), 1000)]))
	}
	if ctx.Err() != nil {
		return functionError(errInitialize, fmt.Sprintf("the initializer timed out after %v", h.limit()))
	}
	return functionError(errInitialize, "the process exited in the initializer")
}

// preStop runs the PreStop hook; its failure does not matter (fc.md §1.7).
func (s *Service) preStop(ctx context.Context, in *instance, h *Hook) {
	ctx, cancel := context.WithTimeout(ctx, h.limit())
	defer cancel()
	c := &call{requestID: newRequestID(), control: controlPreStop, method: http.MethodGet, path: controlPreStop}
	r, err := in.driver.send(ctx, c, in.keys)
	if err == nil && (r.failed || r.status/100 != 2) {
		err = fmt.Errorf("answered status %d: %s", r.status, r.body[:min(len(r.body), 1000)])
	}
	if err != nil {
		in.fn.note("pre-stop hook: " + err.Error())
	}
}
