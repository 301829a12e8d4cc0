package fc

import (
	"context"
	"net/http"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// InvokeUntil queues an asynchronous call as Invoke does and waits for its end: the retries, the age limit and the
// destinations of the function's asynchronous configuration apply. The answer is that of the last try. The error is not
// nil only when ctx ended or the service is closed; the call goes on then.
func (s *Service) InvokeUntil(ctx context.Context, caller auth.Caller, accountID, name, qualifier string, payload []byte) (Result, error) {
	c := eventCall(newRequestID(), payload)
	c.qualifier = qualifier
	ended := make(chan *outcome, 1)
	c.ended = func(out *outcome) { ended <- out }
	out := s.invoke(ctx, caller, invocation{account: accountID, name: name, async: true, call: c})
	if out.refused == nil {
		select {
		case out = <-ended:
		case <-ctx.Done():
			return Result{}, ctx.Err()
		case <-s.ctx.Done():
			return Result{}, s.ctx.Err()
		}
	}
	r := Result{Status: http.StatusOK, RequestID: c.requestID, ErrorType: out.errorType, Body: out.body}
	if out.refused != nil {
		r.Status, r.Code, r.Message = out.refused.Status, out.refused.Code, out.refused.Message
	}
	return r, nil
}
