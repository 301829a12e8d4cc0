package faults

import (
	"context"
	"net/http"
	"strings"
)

// Answer is an error in the words of a service.
type Answer struct {
	Status        int
	Code, Message string
}

type refusalKey struct{}

// Refusal is what the service has to answer instead of running the call of this context. Every service asks for it
// where the cloud judges the flow of calls: after the signature, before permissions. So a call with a wrong signature
// meets the answer to that, whatever fault strikes it.
func Refusal(ctx context.Context) (Answer, bool) {
	a, ok := ctx.Value(refusalKey{}).(Answer)
	return a, ok && a.Status != 0
}

// WithRefusal returns a context whose call is refused, for tests of a service alone.
func WithRefusal(ctx context.Context, a Answer) context.Context {
	return context.WithValue(ctx, refusalKey{}, a)
}

// Inside returns the context of a call that one service makes to another within the cloud, as stacks do: throttling and
// server errors strike it as they strike calls from outside, other kinds do not, and what struck the outer call does not
// count for it.
func (i *Injector) Inside(ctx context.Context, t Target) context.Context {
	var a Answer
	if f := i.pick(t, func(k Kind) bool { return k == Throttle || k == Unavailable }); f != nil {
		a = words(f, t.Service, http.MethodPost)
	}
	return WithRefusal(ctx, a)
}

// words are the answers of the three families of services, by kind of fault (accounts.md §1.8, sls.md §2, fc.md §4.2).
//
// Assumption: throttled RPC calls are 400 Throttling.User, as most traces show; newer services use 429.
func words(f *Fault, service, method string) Answer {
	b := defaultWords(f.Kind, strings.ToLower(service), method)
	if f.Status != 0 {
		b.Status = f.Status
	}
	if f.Code != "" {
		b.Code = f.Code
	}
	if f.Message != "" {
		b.Message = f.Message
	}
	return b
}

func defaultWords(kind Kind, family, method string) Answer {
	switch kind {
	case Throttle:
		switch {
		case family == "fc":
			return Answer{429, "ResourceExhausted", "the concurrency limit is exceeded"}
		case family == "sls" && method == http.MethodPost:
			return Answer{403, "WriteQuotaExceed", "Write quota is exceeded"}
		case family == "sls":
			return Answer{403, "ReadQuotaExceed", "Read quota is exceeded"}
		}
		return Answer{400, "Throttling.User", "Request was denied due to user flow control."}
	case ClockSkew:
		switch family {
		case "fc":
			return Answer{403, "AccessDenied", "InvalidTimeStamp.Expired: Specified time stamp or date value is expired."}
		case "sls":
			return Answer{400, "RequestTimeExpired", "the time of the request is too far from the time of the server"}
		case "oss":
			return Answer{403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."}
		}
		return Answer{400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."}
	}
	switch family {
	case "fc":
		return Answer{500, "InternalServerError", "an internal error has occurred"}
	case "sls":
		return Answer{503, "ServerBusy", "the server is busy, please try again later"}
	}
	return Answer{503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server."}
}
