package sls

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// maxMessage is how much of an error text of the service is kept.
const maxMessage = 512

// serviceError turns an answer other than 200 into an error in our words.
func (c *Client) serviceError(r *request, status int, header http.Header, body []byte) *soc.Error {
	var answer struct{ ErrorCode, ErrorMessage string }
	text := http.StatusText(status)
	if json.Unmarshal(body, &answer) == nil && answer.ErrorMessage != "" {
		text = answer.ErrorMessage
	}
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "…"
	}
	e := &soc.Error{
		Kind: kindOf(status, answer.ErrorCode), Op: r.op, Account: c.account, Resource: r.resource(),
		Code: answer.ErrorCode, RequestID: header.Get("x-log-requestid"), Err: errors.New(text),
	}
	switch e.Kind {
	case soc.Denied:
		e.Next = "allow " + r.action + " on " + r.resource() + " to the calling role, and check that its credentials are valid"
	case soc.NotFound:
		e.Next = "check the names; a project or Logstore made in the last minute may not be visible yet"
	case soc.Throttled:
		e.Next = "slow down, or give the Logstore more shards"
	}
	return e
}

// kindOf classifies an error code of SLS (sls.md §1.9).
func kindOf(status int, code string) soc.Kind {
	switch {
	case strings.HasSuffix(code, "NotExist"), strings.HasSuffix(code, "NotExists"):
		return soc.NotFound
	case strings.HasSuffix(code, "AlreadyExist"), code == "ConsumerNotMatch":
		return soc.Conflict
	case strings.HasSuffix(code, "QuotaExceed") && status == http.StatusForbidden:
		return soc.Throttled // a rate; the count quotas come with status 400
	case strings.HasSuffix(code, "QuotaExceed"), code == "ExceedQuota":
		return soc.Conflict
	case code == "NotImplemented", code == "NotSupported":
		return soc.Unsupported
	case code == "RequestTimeout", status == http.StatusRequestTimeout:
		return soc.Timeout
	}
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return soc.Denied
	case status == http.StatusNotFound:
		return soc.NotFound
	case status == http.StatusConflict:
		return soc.Conflict
	case status == http.StatusTooManyRequests:
		return soc.Throttled
	case status >= 500:
		return soc.Unavailable
	case status >= 400:
		return soc.Invalid
	default:
		return soc.Internal
	}
}
