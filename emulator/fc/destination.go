package fc

import (
	"encoding/json"
	"net/http"
	"time"
)

// finishAsync ends a call: what went wrong is noted, and the destination is called.
func (s *Service) finishAsync(f *function, c *call, out *outcome, tries int) {
	s.mu.Lock()
	var d *Destination
	if config := f.asyncOf(c.qualifier); config != nil {
		if d = config.DestinationConfig.OnSuccess; out.failed() {
			d = config.DestinationConfig.OnFailure
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
	m := functionTarget.FindStringSubmatch(target)
	c := eventCall(newRequestID(), payload)
	c.qualifier = m[4]
	out := s.invoke(s.ctx, r.caller, invocation{account: f.account, name: m[3], async: true, call: c})
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
