package cloudflow

import (
	"crypto/rand"
	"encoding/base64"
	"sync"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// waiting is a task that waits for a callback.
type waiting struct {
	account string
	step    string
	trail   *trail
	answer  chan report // has room for the one answer
	once    sync.Once
}

type report struct {
	output any
	err    *flowError
}

// submitted notes that the work was handed over, unless an answer has come before.
func (w *waiting) submitted() { w.once.Do(func() { w.trail.event("TaskSubmitted", w.step, nil) }) }

// newToken makes a callback token for a task of an execution.
func (s *Service) newToken(x *execution, t *trail, step string) (token string, w *waiting) {
	var b [32]byte
	rand.Read(b[:]) //nolint:errcheck // never fails
	token = base64.RawURLEncoding.EncodeToString(append([]byte(x.flow.name+"/"+x.name+"/"), b[:]...))
	w = &waiting{account: x.account, step: step, trail: t, answer: make(chan report, 1)}
	s.mu.Lock()
	s.tokens[token] = w
	s.mu.Unlock()
	return token, w
}

// release forgets a token; no answer comes after it.
func (s *Service) release(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, token)
}

// reportTask answers the task of an account that waits on a token, once, and returns the id of the event in its history.
//
// Assumption: a token that nothing waits on is 400 InvalidArgument, and so is one of another account.
func (s *Service) reportTask(account, token string, r report) (event int, err *gateway.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.tokens[token]
	if w == nil || w.account != account {
		return 0, invalid("no task waits on this TaskToken: it was answered, timed out, or never was")
	}
	delete(s.tokens, token)
	w.submitted()
	if r.err != nil {
		event = w.trail.event("TaskFailed", w.step, map[string]any{"code": r.err.code, "detail": r.err.detail})
	} else {
		event = w.trail.event("TaskSucceeded", w.step, nil)
	}
	w.answer <- r
	return event, nil
}

// reportEnd answers the task that waits for the end of an execution (CallbackFnFTaskToken). A token that nothing waits
// on any more is left alone.
func (s *Service) reportEnd(x *execution, token string) {
	v := x.view()
	if v.Status != "Succeeded" {
		code, cause := s.assume.TokenError(v.Status)
		_, _ = s.reportTask(x.account, token, report{err: failf(code, "%s", cause)})
		return
	}
	if out, err := decode([]byte(v.Output)); err == nil { // we encoded it
		_, _ = s.reportTask(x.account, token, report{output: out})
	}
}
