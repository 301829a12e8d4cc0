package function

import (
	"encoding/json"
	"fmt"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Failed is the cause of an error when the call worked and the function failed.
type Failed struct {
	PlatformType string // UnhandledInvocationError, InitializationError, …
	Message      string // the function's own
}

// Error is the function's message.
func (f *Failed) Error() string { return f.Message }

// kinds are the names that one of our functions may report.
var kinds = map[soc.Kind]bool{
	soc.Invalid: true, soc.NotFound: true, soc.Conflict: true, soc.Denied: true, soc.Throttled: true,
	soc.Unavailable: true, soc.Timeout: true, soc.Unsupported: true, soc.Internal: true,
}

// failed makes the error of a function that failed, from its error JSON (fc.md §1.5). The account is the one the function
// names, else the one it ran in.
func failed(function, account, requestID, platformType string, body []byte) error {
	var answer struct{ ErrorMessage, ErrorType, Account, Next string }
	if json.Unmarshal(body, &answer) != nil || answer.ErrorMessage == "" {
		answer.ErrorMessage = fmt.Sprintf("function failed with %s and no readable error", platformType)
	}
	if len(answer.ErrorMessage) > 4096 {
		answer.ErrorMessage = answer.ErrorMessage[:4096] + "…"
	}
	kind := soc.Kind(answer.ErrorType)
	if !kinds[kind] {
		kind = soc.Internal
	}
	if answer.Account != "" {
		account = answer.Account
	}
	return &soc.Error{
		Kind: kind, Op: "run function", Account: account, Resource: function, Code: platformType,
		RequestID: requestID, Next: answer.Next, Err: &Failed{PlatformType: platformType, Message: answer.ErrorMessage},
	}
}
