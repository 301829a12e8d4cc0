package products

import (
	"net/url"
	"strings"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// answered is what a request with a ClientToken was and what it was answered.
type answered struct {
	request string
	answer  any
}

// once answers a request whose ClientToken was used before with the same answer and does nothing. Only success is
// remembered. The caller holds the lock.
//
// Assumption: a token that comes again with other parameters is 400 IdempotentParameterMismatch; tokens are kept for
// good and belong to an account and an operation.
func (s *Service) once(h handler) handler {
	return func(c *gateway.Call) (any, error) {
		token := c.Get("ClientToken")
		switch {
		case token == "":
			return h(c)
		case len(token) > 64:
			return nil, invalid("ClientToken", "A token has at most 64 characters.")
		}
		key, request := c.Caller.AccountID+"/"+c.Action+"/"+token, ownParameters(c)
		if before, ok := s.answered[key]; ok {
			if before.request != request {
				return nil, gateway.Errorf(400, "IdempotentParameterMismatch", "The client token was used with other parameters.")
			}
			return before.answer, nil
		}
		out, err := h(c)
		if err == nil {
			s.answered[key] = answered{request, out}
		}
		return out, err
	}
}

// ownParameters are those of the operation, without the ones that every signed request has for itself.
func ownParameters(c *gateway.Call) string {
	own := url.Values{}
	for name, values := range c.Params {
		if name != "Timestamp" && name != "SecurityToken" && name != "AccessKeyId" && !strings.HasPrefix(name, "Signature") {
			own[name] = values
		}
	}
	return own.Encode()
}
