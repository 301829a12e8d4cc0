package openapi

import (
	"errors"
	"strings"

	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// maxMessage is how much of an error text of a service is kept.
const maxMessage = 512

func (c *Client) serverError(r Request, s *sdkerrors.ServerError) *soc.Error {
	text := s.Message()
	switch {
	case strings.HasPrefix(s.ErrorCode(), "SignatureDoesNotMatch"), s.ErrorCode() == "IncompleteSignature":
		text = "the service computed another signature" // its text holds the string to sign, and so the token
	case s.ErrorCode() == "":
		text = "the service answered without an error code"
	case len(text) > maxMessage:
		text = strings.ToValidUTF8(text[:maxMessage], "") + "…"
	}
	e := &soc.Error{
		Kind: KindOf(s.HttpStatus(), s.ErrorCode()), Op: r.Action, Account: c.account, Resource: r.Resource,
		Code: s.ErrorCode(), RequestID: s.RequestId(), Err: errors.New(text),
	}
	switch e.Kind {
	case soc.Denied:
		e.Next = "allow " + r.Product + ":" + r.Action + " to the calling identity, and check that its credentials are valid"
	case soc.Throttled:
		e.Next = "try again later, or spread the calls"
	}
	return e
}

// KindOf classifies an error code of an OpenAPI (accounts.md §1.8, §2.6, §5.3; cloudflow.md §3.5; fc.md §4.2).
func KindOf(status int, code string) soc.Kind {
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(code, p) {
				return true
			}
		}
		return false
	}
	starts := func(parts ...string) bool {
		for _, p := range parts {
			if strings.HasPrefix(code, p) {
				return true
			}
		}
		return false
	}
	switch {
	case starts("Throttling", "RequestThrottled"), has("Throttled"), code == "ConcurrentCallNotSupported",
		code == "ResourceExhausted", code == "ConcurrentUpdateError", status == 429:
		return soc.Throttled
	case code == "InvalidApi.NotFound", code == "InvalidProduct.NotFound", code == "ActionNotSupported",
		code == "APIVersionNotSupported":
		return soc.Unsupported
	case starts("NoPermission", "Forbidden", "AccessDenied", "InvalidAccessKeyI", "InvalidSecurityToken", "SignatureDoesNotMatch",
		"SignatureNotMatch", "CallerIdentityError"), code == "IncompleteSignature", code == "MissingSecurityToken":
		return soc.Denied
	case has("EntityNotExist", "NotFound"), strings.HasSuffix(code, "NotExists"), strings.HasSuffix(code, "NotExist"):
		return soc.NotFound
	case has("AlreadyExist", "AlreadyRegistered", "AlreadyCompleted", "Conflict", "LimitExceeded"):
		return soc.Conflict
	case starts("ServiceUnavailable", "InternalError", "InternalFailure"):
		return soc.Unavailable
	}
	return kindOfStatus(status)
}

func kindOfStatus(status int) soc.Kind {
	switch {
	case status == 401, status == 403:
		return soc.Denied
	case status == 404:
		return soc.NotFound
	case status == 408:
		return soc.Timeout
	case status == 409, status == 412:
		return soc.Conflict
	case status >= 500:
		return soc.Unavailable
	case status >= 400:
		return soc.Invalid
	default:
		return soc.Internal
	}
}

// Code returns the cloud's code of an error of this package, or "". Only the packages beside this one may decide on it.
func Code(err error) string {
	var e *soc.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
