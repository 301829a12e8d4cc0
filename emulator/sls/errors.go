package sls

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// Error is an error as the service answers it. All errors of this package's API are of this type, so find it with
// errors.As.
type Error struct {
	Status  int    // HTTP status
	Code    string // errorCode
	Message string // errorMessage
	Detail  *auth.Denial
}

// Error puts code, status and message in one line.
func (e *Error) Error() string { return fmt.Sprintf("%s (HTTP %d): %s", e.Code, e.Status, e.Message) }

func failf(status int, code, format string, args ...any) error {
	return &Error{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

func invalidf(format string, args ...any) error {
	return failf(http.StatusBadRequest, "ParameterInvalid", format, args...)
}

func unauthorizedf(format string, args ...any) error {
	return failf(http.StatusUnauthorized, "Unauthorized", format, args...)
}

func notImplementedf(format string, args ...any) error {
	return failf(http.StatusNotImplemented, "NotImplemented", format, args...)
}

func projectNotExist(name string) error {
	return failf(http.StatusNotFound, "ProjectNotExist", "The Project does not exist: %s", name)
}

func logstoreNotExist(name string) error {
	return failf(http.StatusNotFound, "LogStoreNotExist", "logstore %s does not exist", name)
}

func shardNotExist(id string) error {
	return failf(http.StatusBadRequest, "ShardNotExist", "shard %s does not exist", id)
}

// writeError answers err. What is not an *Error is a defect of the emulator and is answered as InternalServerError.
func writeError(w http.ResponseWriter, err error) {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Status: http.StatusInternalServerError, Code: "InternalServerError", Message: err.Error()}
	}
	body := struct {
		Code    string       `json:"errorCode"`
		Message string       `json:"errorMessage"`
		Detail  *auth.Denial `json:"accessDeniedDetail,omitempty"`
	}{e.Code, e.Message, e.Detail}
	text, merr := json.Marshal(body)
	if merr != nil { // strings and a flat struct always marshal
		panic(merr)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.Status)
	_, _ = w.Write(text) // a client that went away cannot be told
}
