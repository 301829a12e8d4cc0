package web

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// failure is an error as the API and the pages tell it.
type failure struct {
	Kind      soc.Kind `json:"kind"`
	Message   string   `json:"message"`
	Account   string   `json:"account"`
	Next      string   `json:"next"`
	Code      string   `json:"code"`
	RequestID string   `json:"request_id"` // the cloud's, or ours when the cloud was not asked
}

func describe(err error, requestID string) failure {
	f := failure{Kind: soc.KindOf(err), Message: err.Error(), Next: soc.NextOf(err), RequestID: requestID}
	var s *soc.Error
	for errors.As(err, &s) { // outermost first
		if f.Account == "" {
			f.Account = s.Account
		}
		if f.Code == "" {
			f.Code = s.Code
		}
		if s.RequestID != "" {
			f.RequestID = s.RequestID
		}
		err = s.Err
	}
	return f
}

func statusOf(err error) int {
	if errors.Is(err, errNoToken) || errors.Is(err, errWrongToken) || errors.Is(err, errRevoked) {
		return http.StatusUnauthorized
	}
	switch soc.KindOf(err) {
	case soc.Invalid:
		return http.StatusBadRequest
	case soc.Denied:
		return http.StatusForbidden
	case soc.NotFound:
		return http.StatusNotFound
	case soc.Conflict:
		return http.StatusConflict
	case soc.Throttled:
		return http.StatusTooManyRequests
	case soc.Unavailable:
		return http.StatusServiceUnavailable
	case soc.Timeout:
		return http.StatusGatewayTimeout
	case soc.Unsupported:
		return http.StatusNotImplemented
	default:
		return http.StatusInternalServerError
	}
}

// fail answers with an error: as JSON below /api/, else as a page. It logs what is not the client's doing.
func (c *console) fail(w http.ResponseWriter, r *http.Request, err error) {
	status := statusOf(err)
	if status >= http.StatusInternalServerError && !errors.Is(err, errShut) {
		c.Log(r.Context()).ErrorContext(r.Context(), "request was not served", "path", r.URL.Path, "kind", soc.KindOf(err), "error", err.Error())
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="fenghuo"`)
	}
	f := describe(err, c.RequestID(r.Context()))
	if isAPI(r) {
		c.writeJSON(w, r, status, map[string]failure{"error": f})
		return
	}
	c.render(w, r, status, "error", "error.title", f)
}

func (c *console) writeJSON(w http.ResponseWriter, r *http.Request, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		c.Log(r.Context()).ErrorContext(r.Context(), "answer has no JSON form", "path", r.URL.Path, "error", err.Error())
		status, body = http.StatusInternalServerError, []byte(`{"error":{"kind":"Internal","message":"the answer has no JSON form"}}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the client is gone; nobody to tell
}
