package fc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
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
	control   string
	method    string
	path      string // with query
	host      string // "" for events
	header    http.Header
	body      []byte
	retries   int
	taskID    string
	tail      bool
	ended     func(*outcome) // called once when an asynchronous call has ended; may be nil
}

// outcome is how a call ended: refused by the platform, failed in the function (errorType), or answered.
type outcome struct {
	refused   *Error
	errorType string
	status    int // of the program; for HTTP triggers
	header    http.Header
	body      []byte

	instance string
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

// execute runs a call on an instance: it assumes the role, reserves a slot and talks to the process.
func (s *Service) execute(ctx context.Context, f *function, c *call) *outcome {
	s.mu.Lock()
	role := f.current.spec.Role
	s.mu.Unlock()
	var keys auth.Keys
	if role != "" {
		r, err := s.assume(ctx, f.account, role, "fc.aliyuncs.com", f.name)
		if err != nil {
			return &outcome{refused: err}
		}
		keys = r.keys
	}
	in, failed := s.acquire(ctx, f, keys, c.requestID)
	if failed != nil {
		return failed
	}
	defer s.release(in)
	var t *tail
	if c.tail {
		t = in.lines.follow(c.requestID)
	}
	began := time.Now()
	limit := time.Duration(in.rev.spec.Timeout) * time.Second
	out := s.exchange(ctx, in, c, keys, limit)
	out.duration, out.instance, out.checksum = time.Since(began), in.id, in.rev.code.checksum
	if out.memory == 0 {
		out.memory = peakMemory(in.cmd.Process.Pid)
	}
	if t != nil {
		out.log = in.lines.collect(c.requestID, t)
	}
	return out
}

// exchange sends one request to the process and judges the answer.
func (s *Service) exchange(ctx context.Context, in *instance, c *call, keys auth.Keys, limit time.Duration) *outcome {
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := time.Now()
	resp, body, err := in.roundTrip(timed, s.request(in, c, keys))
	switch {
	case err == nil:
		return s.judge(in, c, resp, body)
	case errors.Is(err, errTooLarge):
		return functionError(errUnhandled, err.Error())
	case ctx.Err() != nil:
		if in.rev.spec.InstanceConcurrency == 1 { // nobody else may meet the abandoned request (fc.md §1.7)
			s.discard(in)
		}
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

// lost is the answer when the connection broke: normally because the process died.
func (s *Service) lost(in *instance, began time.Time, err error) *outcome {
	wait := time.NewTimer(2 * time.Second)
	defer wait.Stop()
	select {
	case <-in.exited:
		s.discard(in)
		return functionError(errUnhandled, fmt.Sprintf(
			"Process exited unexpectedly before completing request (duration: %dms, maxMemoryUsage: %.2fMB)",
			time.Since(began).Milliseconds(), exitMemory(in)))
	case <-wait.C:
		s.discard(in)
		return functionError(errUnhandled, "the connection to the function broke: "+err.Error())
	}
}

// judge applies the rules of fc.md §1.5: x-fc-status decides when present, otherwise the call counts as a success.
func (s *Service) judge(in *instance, c *call, resp *http.Response, body []byte) *outcome {
	out := &outcome{status: resp.StatusCode, header: resp.Header, body: body}
	mark := resp.Header.Get("X-Fc-Status")
	switch {
	case mark != "" && mark != "200":
		out.errorType = errUnhandled
	case mark == "" && c.control == controlInvoke && resp.StatusCode >= 400:
		if s.o.FailOnStatus {
			out.errorType = errUnhandled
			break
		}
		in.fn.note(fmt.Sprintf("request %s: status %d without x-fc-status counts as a success", c.requestID, resp.StatusCode))
	}
	return out
}

var errTooLarge = errors.New("the response of the function exceeds 32 MB")

func (in *instance) roundTrip(ctx context.Context, req *http.Request) (*http.Response, []byte, error) {
	resp, err := in.client.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxSync+1))
	if err == nil && len(body) > maxSync {
		err = errTooLarge
	}
	return resp, body, err
}

// request builds what the process receives, with the headers of fc.md §1.3.
func (s *Service) request(in *instance, c *call, keys auth.Keys) *http.Request {
	req, err := http.NewRequest(c.method, "http://"+in.address()+c.path, bytes.NewReader(c.body))
	if err != nil { // a method or path that net/http cannot send; the server that took it has checked both
		req, _ = http.NewRequest(http.MethodPost, "http://"+in.address()+"/", bytes.NewReader(c.body))
	}
	req.Host = c.host
	req.GetBody = nil // a request must reach the program at most once
	for name, values := range c.header {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "x-fc-") || lower == "connection" || lower == "keep-alive" {
			continue
		}
		req.Header[name] = values
	}
	spec := &in.rev.spec
	for _, kv := range [][2]string{
		{"x-fc-request-id", c.requestID}, {"x-fc-control-path", c.control},
		{"x-fc-access-key-id", keys.AccessKeyID}, {"x-fc-access-key-secret", keys.AccessKeySecret}, {"x-fc-security-token", keys.SecurityToken},
		{"x-fc-function-name", in.fn.name}, {"x-fc-function-handler", spec.Handler},
		{"x-fc-function-memory", strconv.Itoa(spec.MemorySize)}, {"x-fc-function-timeout", strconv.Itoa(spec.Timeout)},
		{"x-fc-region", s.o.Region}, {"x-fc-account-id", in.fn.account},
		{"x-fc-qualifier", "LATEST"}, {"x-fc-version-id", ""}, {"x-fc-service-name", ""},
		{"x-fc-retry-count", strconv.Itoa(c.retries)}, {"x-fc-base-path", req.URL.Path}, {"x-fc-client-ip", ""},
	} {
		req.Header.Set(kv[0], kv[1])
	}
	project, logstore := "", ""
	if l := spec.LogConfig; l != nil {
		project, logstore = l.Project, l.Logstore
	}
	req.Header.Set("x-fc-service-logproject", project)
	req.Header.Set("x-fc-service-logstore", logstore)
	if c.taskID != "" {
		req.Header.Set("x-fc-async-task-id", c.taskID)
	}
	return req
}

// initialize runs the Initializer hook; a non-nil outcome is the failure of the invocation that started the instance.
func (s *Service) initialize(in *instance, h *Hook, keys auth.Keys, requestID string) *outcome {
	ctx, cancel := context.WithTimeout(s.ctx, h.limit())
	defer cancel()
	c := &call{requestID: requestID, control: controlInitialize, method: http.MethodPost, path: controlInitialize}
	resp, body, err := in.roundTrip(ctx, s.request(in, c, keys))
	if err == nil && resp.StatusCode/100 == 2 {
		return nil
	}
	killGroup(in.cmd.Process.Pid)
	if err == nil {
		return functionError(errInitialize, fmt.Sprintf("the initializer answered status %d: %s", resp.StatusCode, body[:min(len(body), 1000)]))
	}
	if ctx.Err() != nil {
		return functionError(errInitialize, fmt.Sprintf("the initializer timed out after %v", h.limit()))
	}
	return functionError(errInitialize, "the process exited in the initializer")
}

// preStop runs the PreStop hook; its failure does not matter (fc.md §1.7).
func (s *Service) preStop(ctx context.Context, in *instance, h *Hook) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(h.limit(), 10*time.Second))
	defer cancel()
	c := &call{requestID: newRequestID(), control: controlPreStop, method: http.MethodGet, path: controlPreStop}
	if _, _, err := in.roundTrip(ctx, s.request(in, c, auth.Keys{})); err != nil {
		in.fn.note("pre-stop hook: " + err.Error())
	}
}
