package fc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/faults"
)

// Payload limits of fc.md §4.4.
const (
	maxSync  = 32 << 20
	maxAsync = 128 << 10
)

// The control paths of fc.md §1.2.
const (
	controlInvoke     = "/invoke"
	controlHTTP       = "/http-invoke"
	controlInitialize = "/initialize"
	controlPreStop    = "/pre-stop"
)

// The error types of fc.md §4.2.
const (
	errUnhandled  = "UnhandledInvocationError"
	errInitialize = "InitializationError"
)

// call is one request for a function.
type call struct {
	requestID string
	qualifier string // "" is LATEST
	control   string
	method    string
	path      string // with query
	host      string // "" for events
	header    http.Header
	body      []byte
	web       *webCall // of HTTP triggers
	retries   int
	taskID    string
	repeated  bool // the task id was there already
	tail      bool
	kill      bool // a fault: the process is killed killAfter the request was sent
	killAfter time.Duration
	ended     func(*outcome) // called once when an asynchronous call has ended; may be nil
}

// webCall is what a built-in runtime is told about a request of an HTTP trigger beside the request itself.
type webCall struct{ domain, prefix, triggerID, protocol, source string }

// driver speaks the protocol of a runtime with the program of one instance. It is safe for concurrent use.
type driver interface {
	// send hands one call to the program and waits for its answer.
	send(ctx context.Context, c *call, keys auth.Keys) (*reply, error)
	// close frees what the driver holds, after the process has gone.
	close()
}

// reply is what a program answered. failed tells that it reported an error by the means of its runtime.
type reply struct {
	status int
	header http.Header
	body   []byte
	failed bool
}

// outcome is how a call ended: refused by the platform, failed in the function (errorType), or answered.
type outcome struct {
	refused   *Error
	errorType string
	status    int // of the program; for HTTP triggers
	header    http.Header
	body      []byte

	instance string
	version  string // "" for LATEST
	checksum string
	duration time.Duration
	memory   float64 // MB
	log      string  // base64, when asked for
}

func (o *outcome) failed() bool { return o.refused != nil || o.errorType != "" }

// message says in one line why a call failed.
func (o *outcome) message() string {
	if o.refused != nil {
		return o.refused.Error()
	}
	return o.errorType + ": " + string(o.body[:min(len(o.body), 1000)])
}

func functionError(kind, message string) *outcome {
	body, _ := json.Marshal(map[string]string{"errorMessage": message})
	return &outcome{errorType: kind, body: body}
}

// execute runs a call, with the fault that strikes it.
func (s *Service) execute(ctx context.Context, f *function, c *call) *outcome {
	var fault *faults.Run
	if s.o.Faults != nil {
		fault = s.o.Faults.Run(f.account, f.name)
	}
	switch {
	case fault == nil:
	case fault.Kind == faults.Kill:
		again := *c
		again.kill, again.killAfter = true, fault.Wait
		c = &again
	case fault.Kind == faults.Slow:
		if !sleep(ctx, fault.Wait) {
			return &outcome{refused: canceled(ctx)}
		}
	default:
		if fault.At == faults.After {
			s.run(ctx, f, c)
		}
		return &outcome{refused: struck(fault.Refusal)}
	}
	return s.run(ctx, f, c)
}

// again tells whether the trigger event that was just delivered to a function is delivered once more.
func (s *Service) again(f *function) bool {
	return s.o.Faults != nil && s.o.Faults.Duplicate(f.account, f.name)
}

// refusal is the error of a fault that strikes a call of the API, nil when none does.
func refusal(ctx context.Context) *Error {
	if a, ok := faults.Refusal(ctx); ok {
		return struck(a)
	}
	return nil
}

func struck(a faults.Answer) *Error {
	return &Error{Status: a.Status, Code: a.Code, Message: a.Message}
}

// run calls an instance: it finds the revision that the qualifier names, assumes its role, reserves a slot
// and talks to the process.
func (s *Service) run(ctx context.Context, f *function, c *call) *outcome {
	s.mu.Lock()
	rev, refused := s.resolve(f, c.qualifier)
	s.mu.Unlock()
	if refused != nil {
		return &outcome{refused: refused}
	}
	var keys auth.Keys
	if role := rev.spec.Role; role != "" {
		r, err := s.assume(ctx, f.account, role, "fc.aliyuncs.com", f.name)
		if err != nil {
			return &outcome{refused: err}
		}
		keys = r.keys
	}
	in, failed := s.acquire(ctx, f, rev, keys, c)
	if failed != nil {
		return failed
	}
	defer s.release(in)
	var t *tail
	if c.tail {
		t = in.lines.follow(c.requestID)
	}
	if c.kill {
		victim := time.AfterFunc(c.killAfter, func() { in.kill() })
		defer victim.Stop()
	}
	began := time.Now()
	limit := time.Duration(in.rev.spec.Timeout) * time.Second
	out := s.exchange(ctx, in, c, keys, limit)
	out.duration, out.instance, out.version, out.checksum = time.Since(began), in.id, in.rev.version, in.rev.code.checksum
	if out.memory == 0 {
		out.memory = peakMemory(in.cmd.Process.Pid)
	}
	switch {
	case t == nil:
	case out.refused != nil: // the caller is gone, and the request may run on
		in.lines.drop(c.requestID)
	default:
		out.log = in.lines.collect(c.requestID, t, out.summary(in.rev.spec.MemorySize))
	}
	return out
}

// exchange sends one request to the process and judges the answer.
func (s *Service) exchange(ctx context.Context, in *instance, c *call, keys auth.Keys, limit time.Duration) *outcome {
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := time.Now()
	r, err := in.driver.send(timed, c, keys)
	switch {
	case err == nil:
		return s.judge(in, c, r)
	case errors.Is(err, errTooLarge):
		return functionError(errUnhandled, err.Error())
	case ctx.Err() != nil:
		s.abandon(in, keys)
		return &outcome{refused: canceled(ctx)}
	case timed.Err() != nil:
		memory := peakMemory(in.cmd.Process.Pid)
		s.discard(in)
		out := functionError(errUnhandled, fmt.Sprintf("Function timed out after %d seconds (maxMemoryUsage: %.2fMB)", int(limit.Seconds()), memory))
		out.memory = memory
		return out
	}
	return s.lost(in, began, err)
}

// abandon is for requests that the client gave up. Nobody else may meet such a request, so the instance is replaced; a
// health check or a concurrency above 1 prevents that (fc.md §1.7), and then it is not frozen while the request runs on.
func (s *Service) abandon(in *instance, keys auth.Keys) {
	if spec := &in.rev.spec; spec.InstanceConcurrency == 1 && spec.healthCheck() == nil {
		s.replaceInstance(in, keys)
		return
	}
	s.mu.Lock()
	in.abandoned = true
	s.mu.Unlock()
}

// lost is the answer when the connection broke: normally because the process died, which shows a moment later, on a busy
// machine much later.
func (s *Service) lost(in *instance, began time.Time, err error) *outcome {
	for range 10 {
		if in.endsWithin(2 * time.Second) {
			s.discard(in)
			return functionError(errUnhandled, fmt.Sprintf(
				"Process exited unexpectedly before completing request (duration: %dms, maxMemoryUsage: %.2fMB)",
				time.Since(began).Milliseconds(), exitMemory(in)))
		}
		if alive(in.cmd.Process.Pid) {
			break
		}
	}
	s.discard(in)
	return functionError(errUnhandled, "the connection to the function broke: "+err.Error())
}

func (in *instance) endsWithin(d time.Duration) bool {
	wait := time.NewTimer(d)
	defer wait.Stop()
	select {
	case <-in.exited:
		return true
	case <-wait.C:
		return false
	}
}

// judge applies the rules of fc.md §1.5: x-fc-status decides when present, otherwise the call counts as a success.
func (s *Service) judge(in *instance, c *call, r *reply) *outcome {
	out := &outcome{status: r.status, header: r.header, body: r.body}
	mark := r.header.Get("X-Fc-Status")
	switch {
	case r.failed, mark != "" && mark != "200":
		out.errorType = errUnhandled
	case mark == "" && c.control == controlInvoke && r.status >= 400:
		if s.o.FailOnStatus {
			out.errorType = errUnhandled
			break
		}
		in.fn.note(fmt.Sprintf("request %s: status %d without x-fc-status counts as a success", c.requestID, r.status))
	}
	return out
}
