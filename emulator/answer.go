package emulator

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
)

// answerWriter notes status and error code of what passes through it.
type answerWriter struct {
	http.ResponseWriter
	status int
	code   string
	body   []byte // the beginning of an error
}

// maxErrorBody is how much of an error is read for its code; codes stand near the front.
const maxErrorBody = 8 << 10

// WriteHeader notes the status.
func (a *answerWriter) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write notes the beginning of an error.
func (a *answerWriter) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	if room := maxErrorBody - len(a.body); a.status >= 400 && room > 0 {
		a.body = append(a.body, b[:min(room, len(b))]...)
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (a *answerWriter) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Flush passes on what was written, for handlers that stream.
func (a *answerWriter) Flush() { _ = http.NewResponseController(a.ResponseWriter).Flush() }

func (a *answerWriter) statusCode() int { return a.status }

func (a *answerWriter) requestID() string {
	for _, name := range []string{"x-acs-request-id", "x-log-requestid", "X-Fc-Request-Id", "x-oss-request-id"} {
		if id := a.Header().Get(name); id != "" {
			return id
		}
	}
	return ""
}

// finish finds the error code of the answer. A function that failed answers 200 with an error type.
func (a *answerWriter) finish() {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	if a.status < 400 {
		a.code = a.Header().Get("X-Fc-Error-Type")
		return
	}
	var e struct {
		Code      string `json:"Code" xml:"Code"`
		ErrorCode string `json:"errorCode" xml:"-"`
	}
	if json.Unmarshal(a.body, &e) == nil || xml.Unmarshal(a.body, &e) == nil {
		a.code = e.Code + e.ErrorCode
	}
	if a.code == "" {
		a.code = http.StatusText(a.status)
	}
	a.body = nil
}
