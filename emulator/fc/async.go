package fc

import (
	"encoding/json"
	"net/http"
	"regexp"
	"time"
)

// AsyncConfig is the async-invoke-config of a function (fc.md §4.3, §5.3).
type AsyncConfig struct {
	FunctionARN               string       `json:"functionArn"`
	Qualifier                 string       `json:"qualifier"`
	AsyncTask                 bool         `json:"asyncTask"`
	MaxAsyncRetryAttempts     *int         `json:"maxAsyncRetryAttempts"`     // 0–8, default 3
	MaxAsyncEventAgeInSeconds *int         `json:"maxAsyncEventAgeInSeconds"` // default 86400
	DestinationConfig         Destinations `json:"destinationConfig"`
	CreatedTime               string       `json:"createdTime"`
	LastModifiedTime          string       `json:"lastModifiedTime"`
}

// Destinations are where results of asynchronous calls go. Only functions are offered.
type Destinations struct {
	OnSuccess *Destination `json:"onSuccess,omitempty"`
	OnFailure *Destination `json:"onFailure,omitempty"`
}

// Destination names a function by ARN.
type Destination struct {
	Destination string `json:"destination"`
}

var functionTarget = regexp.MustCompile(`^acs:fc:([^:]*):([^:]*):functions/([A-Za-z_][A-Za-z0-9_-]*)(/LATEST)?$`)

func (c *AsyncConfig) check(s *Service, accountID string) *Error {
	if n := c.MaxAsyncRetryAttempts; n != nil && (*n < 0 || *n > 8) {
		return invalid("maxAsyncRetryAttempts must be between 0 and 8")
	}
	if n := c.MaxAsyncEventAgeInSeconds; n != nil && (*n < 1 || *n > 604800) {
		return invalid("maxAsyncEventAgeInSeconds must be between 1 and 604800")
	}
	if c.AsyncTask {
		return invalid("asyncTask is not offered by the emulator")
	}
	for _, d := range []*Destination{c.DestinationConfig.OnFailure, c.DestinationConfig.OnSuccess} {
		if d == nil || d.Destination == "" {
			continue
		}
		m := functionTarget.FindStringSubmatch(d.Destination)
		if m == nil || m[1] != s.o.Region || m[2] != accountID {
			return invalid("destination %q: the emulator offers functions of the same account and region only", d.Destination)
		}
	}
	return nil
}

func (c *AsyncConfig) retries() int {
	if c == nil || c.MaxAsyncRetryAttempts == nil {
		return 3
	}
	return *c.MaxAsyncRetryAttempts
}

func (c *AsyncConfig) maxAge() time.Duration {
	if c == nil || c.MaxAsyncEventAgeInSeconds == nil {
		return 24 * time.Hour
	}
	return time.Duration(*c.MaxAsyncEventAgeInSeconds) * time.Second
}

// enqueue accepts an asynchronous call; it runs in the background.
func (s *Service) enqueue(f *function, c *call) *Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return closing()
	}
	a := s.accountOf(f.account)
	if a.async >= s.o.Limits.AsyncQueue {
		return errorf(http.StatusTooManyRequests, "ResourceExhausted", "%d asynchronous invocations wait already", a.async)
	}
	a.async++
	accepted := s.o.Clock()
	s.work.Go(func() {
		s.runAsync(f, c, accepted)
		s.mu.Lock()
		a.async--
		s.mu.Unlock()
	})
	return nil
}

// throttledFor is how long calls that met the concurrency limit are tried again (fc.md §4.3).
const throttledFor = 5 * time.Hour

// runAsync tries a call until it succeeds, is given up, or is too old, and then calls the destination.
func (s *Service) runAsync(f *function, c *call, accepted time.Time) {
	wait, tries := s.o.Limits.RetryBase, 0
	var out *outcome
	for {
		s.mu.Lock()
		config := f.async
		s.mu.Unlock()
		age := s.o.Clock().Sub(accepted)
		if age > config.maxAge() {
			if out == nil {
				out = &outcome{refused: expired(config.maxAge())}
			}
			s.finishAsync(f, c, out, tries)
			return
		}
		c.retries = tries
		out = s.execute(s.ctx, f, c)
		throttled := out.refused != nil && out.refused.Status == http.StatusTooManyRequests
		if throttled && age >= throttledFor || !throttled && (!retryAsync(out) || tries >= config.retries()) {
			s.finishAsync(f, c, out, tries+1)
			return
		}
		if !throttled {
			tries++
		}
		if !s.sleep(wait) {
			return
		}
		wait = min(2*wait, 5*time.Minute)
	}
}

// expired is how an event ends that was too old before its first try.
//
// Assumption: the code and status that a destination sees; fc.md §4.3 names only the task state Expired.
func expired(age time.Duration) *Error {
	return errorf(http.StatusBadRequest, "AsyncInvocationExpired", "the event is older than %v", age)
}

// retryAsync tells whether another try follows a function error.
//
// Assumption: function errors wait like throttled calls do (0.5 s, then doubled), and a start failure counts as a
// function error; other refusals, such as a role that cannot be assumed, are not tried again.
func retryAsync(out *outcome) bool {
	return out.errorType != "" || out.refused != nil && out.refused.Code == codeNotStarted
}

// sleep waits in real time; false when the service closes.
func (s *Service) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}

func (s *Service) finishAsync(f *function, c *call, out *outcome, tries int) {
	if c.ended != nil {
		c.ended(out)
	}
	s.mu.Lock()
	var d *Destination
	if f.async != nil {
		if d = f.async.DestinationConfig.OnSuccess; out.failed() {
			d = f.async.DestinationConfig.OnFailure
		}
	}
	role := f.current.spec.Role
	s.mu.Unlock()
	if out.failed() {
		f.note("asynchronous request " + c.requestID + " failed: " + out.message())
	}
	if d == nil || d.Destination == "" || s.ctx.Err() != nil {
		return
	}
	if err := s.deliver(f, role, d.Destination, destinationPayload(s.o.Clock(), c, out, tries)); err != nil {
		f.note("destination of request " + c.requestID + ": " + err.Error())
	}
}

// deliver calls a destination function.
//
// Assumption: the destination is called with the rights of the function's role.
func (s *Service) deliver(f *function, role, target string, payload []byte) *Error {
	if role == "" {
		return errorf(http.StatusForbidden, "AccessDenied", "the function has no role to call %s with", target)
	}
	r, err := s.assume(s.ctx, f.account, role, "fc.aliyuncs.com", f.name)
	if err != nil {
		return err
	}
	name := functionTarget.FindStringSubmatch(target)[3]
	out := s.invoke(s.ctx, r.caller, invocation{account: f.account, name: name, async: true, call: eventCall(newRequestID(), payload)})
	return out.refused
}

// destinationPayload has the members that fc.md §3.6 confirms.
//
// Assumption: payloads that are JSON are embedded as JSON, others as text.
func destinationPayload(now time.Time, c *call, out *outcome, tries int) []byte {
	status, response := http.StatusOK, out.body
	if out.refused != nil {
		status, response = out.refused.Status, []byte(out.refused.Message)
	}
	doc, _ := json.Marshal(map[string]any{
		"timestamp":       now.UnixMilli(),
		"requestContext":  map[string]any{"requestId": c.requestID, "approximateInvokeCount": tries},
		"requestPayload":  embed(c.body),
		"responseContext": map[string]any{"statusCode": status},
		"responsePayload": embed(response),
	})
	return doc
}

func embed(b []byte) any {
	if json.Valid(b) {
		return json.RawMessage(b)
	}
	return string(b)
}
