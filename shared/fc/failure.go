package fc

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Failure is the body of a failed invocation. ErrorType is a soc.Kind: the error name that flows retry and catch.
type Failure struct {
	ErrorMessage string `json:"errorMessage"`
	ErrorType    string `json:"errorType"`
	Account      string `json:"account,omitempty"`
	Next         string `json:"next,omitempty"`
}

func failureOf(err error) Failure {
	f := Failure{ErrorMessage: err.Error(), ErrorType: string(soc.KindOf(err)), Next: soc.NextOf(err)}
	var e *soc.Error
	if errors.As(err, &e) {
		f.Account = e.Account
	}
	return f
}

// writeFailure answers a failed invocation: status 404 and x-fc-status 404 (fc.md §1.5).
func writeFailure(w http.ResponseWriter, err error) {
	body, errEncode := json.Marshal(failureOf(err))
	if errEncode != nil {
		body = []byte(`{"errorMessage":"error cannot be encoded","errorType":"Internal"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("x-fc-status", "404")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write(body) // the caller is gone; nobody to tell
}

// logFailure writes the one log line of a failed request.
func logFailure(ctx context.Context, log *slog.Logger, err error, stack string) {
	attrs := []any{slog.String("kind", string(soc.KindOf(err))), slog.String("error", err.Error())}
	var e *soc.Error
	if errors.As(err, &e) {
		if e.Account != "" {
			attrs = append(attrs, slog.String("account", e.Account))
		}
		if e.Code != "" {
			attrs = append(attrs, slog.String("code", e.Code))
		}
	}
	if next := soc.NextOf(err); next != "" {
		attrs = append(attrs, slog.String("next", next))
	}
	if stack != "" {
		attrs = append(attrs, slog.String("stack", stack))
	}
	log.ErrorContext(ctx, "request failed", attrs...)
}
