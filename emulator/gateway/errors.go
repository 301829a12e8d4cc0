package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// Error is an answer that is not success: HTTP status, code and message, and for denials the detail.
type Error struct {
	Status        int
	Code, Message string
	Detail        *auth.Denial
}

// Error names code and message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf builds an [Error] with a formatted message.
func Errorf(status int, code, format string, args ...any) *Error {
	return &Error{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Missing is the error for a mandatory parameter that is absent: 400 Missing<name> (accounts.md §1.8).
func Missing(name string) *Error {
	return Errorf(http.StatusBadRequest, "Missing"+name, "%s is mandatory for this action.", name)
}

// asError turns what a handler returned into an answer. The text of a foreign error is shown: the emulator has no
// secrets to keep and its user is a developer.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return Errorf(http.StatusInternalServerError, "InternalError", "The request processing has failed: %v", err)
}

// errorBody is the error object of the cloud. The Go SDK converts these fields to strings without a check, so they
// must never have another JSON type.
type errorBody struct {
	RequestID          string       `json:"RequestId"`
	HostID             string       `json:"HostId"`
	Code               string       `json:"Code"`
	Message            string       `json:"Message"`
	Recommend          string       `json:"Recommend"`
	AccessDeniedDetail *auth.Denial `json:"AccessDeniedDetail,omitempty"`
}

// WriteError answers e as the gateway does: status, and a JSON object {RequestId, HostId, Code, Message, Recommend}
// with AccessDeniedDetail when e has one.
func WriteError(w http.ResponseWriter, requestID, host string, e *Error) {
	body, err := json.Marshal(errorBody{
		RequestID: requestID, HostID: host, Code: e.Code, Message: e.Message,
		Recommend:          "https://api.aliyun.com/troubleshoot?q=" + url.QueryEscape(e.Code) + "&requestId=" + requestID,
		AccessDeniedDetail: e.Detail,
	})
	if err != nil {
		panic(err) // strings only: cannot happen
	}
	writeJSON(w, e.Status, requestID, body)
}

func writeJSON(w http.ResponseWriter, status int, requestID string, body []byte) {
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.Header().Set("x-acs-request-id", requestID)
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone when this fails
}

// NewRequestID returns a fresh upper-case UUID.
func NewRequestID() string { return strings.ToUpper(uuid.NewString()) }
