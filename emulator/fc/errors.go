package fc

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// Error is a refusal as the API words it: codes and statuses of fc.md §4.2.
type Error struct {
	Status        int
	Code, Message string
}

func (e *Error) Error() string { return fmt.Sprintf("%s (%d): %s", e.Code, e.Status, e.Message) }

func errorf(status int, code, format string, args ...any) *Error {
	return &Error{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) *Error {
	return errorf(http.StatusBadRequest, "InvalidArgument", format, args...)
}

func notFound(what, name string) *Error {
	return errorf(http.StatusNotFound, what+"NotFound", "%s '%s' does not exist", strings.ToLower(what), name)
}

func exists(what, name string) *Error {
	return errorf(http.StatusConflict, what+"AlreadyExists", "%s '%s' already exists", strings.ToLower(what), name)
}

func denied(req auth.Request) *Error {
	return errorf(http.StatusForbidden, "AccessDenied",
		"the caller is not authorized to perform '%s' on resource '%s', caller: %s", req.Action, req.Resource, req.Caller.ARN)
}

func closing() *Error {
	return errorf(http.StatusServiceUnavailable, "ResourceThrottled", "the service is shutting down")
}

// asError makes an *Error of what the signature check said.
func asError(err error) *Error {
	if e, ok := err.(*Error); ok {
		return e
	}
	return errorf(http.StatusForbidden, "AccessDenied", "%s", err.Error())
}

// AuthError translates a refusal of the RPC gateway into the words of Function Compute (fc.md §4.2).
//
// Assumption: expired and missing tokens, nonces and times are reported as 403 AccessDenied with the gateway's text.
func AuthError(code, message string) *Error {
	switch {
	case strings.HasPrefix(code, "InvalidAccessKeyId"):
		return errorf(http.StatusForbidden, "InvalidAccessKeyID", "%s", message)
	case code == "SignatureDoesNotMatch", code == "IncompleteSignature":
		return errorf(http.StatusForbidden, "SignatureNotMatch", "%s", message)
	case strings.HasPrefix(code, "Missing"):
		return errorf(http.StatusBadRequest, "MissingRequiredHeader", "%s: %s", code, message)
	}
	return errorf(http.StatusForbidden, "AccessDenied", "%s: %s", code, message)
}

func writeError(w http.ResponseWriter, requestID string, e *Error) {
	body := map[string]string{"RequestId": requestID, "Code": e.Code, "Message": e.Message}
	if e.Code == codeNotStarted { // this one is documented with the old keys too (fc.md §1.1)
		body["ErrorCode"], body["ErrorMessage"] = e.Code, e.Message
	}
	writeJSON(w, requestID, e.Status, body)
}

func writeJSON(w http.ResponseWriter, requestID string, status int, v any) {
	w.Header().Set("X-Fc-Request-Id", requestID)
	if v == nil {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client went away: nobody is left to tell
}

// hexID is n random bytes in hex.
func hexID(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return hex.EncodeToString(b)
}

// newRequestID has the format 1-<8 hex>-<8 hex>-<12 hex> (fc.md §1.3).
func newRequestID() string { return "1-" + hexID(4) + "-" + hexID(4) + "-" + hexID(6) }

// newUUID is a random UUID in text.
func newUUID() string {
	h := hexID(16)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
}
