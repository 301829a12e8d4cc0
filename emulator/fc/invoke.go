package fc

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// Result is the answer to an invocation. A function error has Status 200 and an ErrorType; a refusal of the platform has
// a status of 400 and more, Code and Message.
type Result struct {
	Status        int
	RequestID     string
	ErrorType     string
	Code, Message string
	Body          []byte
}

// Invoke calls a function as InvokeFunction does, for other services of the emulator: it checks fc:InvokeFunction of
// the caller. An asynchronous call is answered with status 202 as soon as it is queued. The error is not nil only when
// ctx ended or the service is closed.
func (s *Service) Invoke(ctx context.Context, caller auth.Caller, accountID, name, qualifier string, async bool, payload []byte) (Result, error) {
	id := newRequestID()
	out := s.invoke(ctx, caller, invocation{
		account: accountID, name: name, qualifier: qualifier, async: async,
		call: eventCall(id, payload),
	})
	r := Result{Status: http.StatusOK, RequestID: id, ErrorType: out.errorType, Body: out.body}
	switch {
	case out.refused != nil:
		r.Status, r.Code, r.Message = out.refused.Status, out.refused.Code, out.refused.Message
	case async:
		r.Status = http.StatusAccepted
	}
	if err := ctx.Err(); err != nil {
		return r, err
	}
	return r, s.ctx.Err()
}

// eventCall is POST /invoke with raw bytes (fc.md §1.2).
func eventCall(id string, payload []byte) *call {
	return &call{
		requestID: id, control: controlInvoke, method: http.MethodPost, path: controlInvoke, body: payload,
		header: http.Header{"Content-Type": {"application/octet-stream"}},
	}
}

type invocation struct {
	account, name, qualifier string
	async                    bool
	call                     *call
}

// invoke checks permission and limits, then runs the call or queues it.
func (s *Service) invoke(ctx context.Context, caller auth.Caller, v invocation) *outcome {
	if err := s.require(ctx, caller, "fc:InvokeFunction", s.functionARN(v.account, v.name)); err != nil {
		return &outcome{refused: err}
	}
	f, err := s.find(v.account, v.name, v.qualifier)
	if err == nil {
		err = checkPayload(v)
	}
	if err != nil {
		return &outcome{refused: err}
	}
	if !v.async {
		return s.execute(ctx, f, v.call)
	}
	return &outcome{refused: s.enqueue(f, v.call)}
}

func checkPayload(v invocation) *Error {
	limit := maxSync
	if v.async {
		limit = maxAsync
	}
	if len(v.call.body) > limit {
		return errorf(http.StatusBadRequest, "EntityTooLarge", "the payload has %d bytes, at most %d are allowed", len(v.call.body), limit)
	}
	return nil
}

// find looks a function up. Only LATEST exists: there are no versions and aliases yet.
func (s *Service) find(accountID, name, qualifier string) (*function, *Error) {
	s.mu.Lock()
	f := s.lookup(accountID, name)
	s.mu.Unlock()
	switch {
	case f == nil:
		return nil, notFound("Function", name)
	case qualifier == "" || qualifier == "LATEST":
		return f, nil
	case isNumber(qualifier):
		return nil, errorf(http.StatusNotFound, "VersionNotFound", "version '%s' does not exist: the emulator offers LATEST only", qualifier)
	}
	return nil, errorf(http.StatusNotFound, "AliasNotFound", "alias '%s' does not exist: the emulator offers LATEST only", qualifier)
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 64)
	return err == nil
}

// serveInvoke is POST /functions/{f}/invocations.
func (s *Service) serveInvoke(w http.ResponseWriter, r *http.Request, q *apiCall) {
	c := eventCall(q.requestID, q.body)
	c.tail = r.Header.Get("X-Fc-Log-Type") == "Tail"
	v := invocation{account: q.caller.AccountID, name: q.name, qualifier: r.URL.Query().Get("qualifier"), call: c}
	switch kind := r.Header.Get("X-Fc-Invocation-Type"); kind {
	case "", "Sync":
	case "Async":
		v.async = true
	default:
		writeError(w, q.requestID, invalid("x-fc-invocation-type must be Sync or Async, not %q", kind))
		return
	}
	if c.taskID = r.Header.Get("X-Fc-Async-Task-Id"); c.taskID != "" {
		writeError(w, q.requestID, invalid("asynchronous tasks (x-fc-async-task-id) are not offered by the emulator"))
		return
	}
	out := s.invoke(r.Context(), q.caller, v)
	if out.refused != nil {
		writeError(w, q.requestID, out.refused)
		return
	}
	h := w.Header()
	h.Set("X-Fc-Request-Id", q.requestID)
	h.Set("X-Fc-Invocation-Service-Version", "LATEST")
	if v.async {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	setOutcome(h, out, c.tail)
	h.Set("Content-Type", "application/octet-stream")
	var names []string
	for name := range h {
		if strings.HasPrefix(name, "X-Fc-") {
			names = append(names, name)
		}
	}
	h.Set("Access-Control-Expose-Headers", strings.Join(names, ","))
	_, _ = w.Write(out.body)
}

// setOutcome sets the headers that tell how a synchronous call went.
func setOutcome(h http.Header, out *outcome, tail bool) {
	if out.errorType != "" {
		h.Set("X-Fc-Error-Type", out.errorType)
	}
	if tail {
		h.Set("X-Fc-Log-Result", out.log)
	}
	if out.instance != "" {
		h.Set("X-Fc-Instance-Id", out.instance)
		h.Set("X-Fc-Code-Checksum", out.checksum)
		h.Set("X-Fc-Invocation-Duration", strconv.FormatInt(out.duration.Milliseconds(), 10))
		h.Set("X-Fc-Max-Memory-Usage", strconv.FormatFloat(out.memory, 'f', 2, 64))
	}
}
