package web

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// ask sends a request with the token and returns status and body. A body makes it a POST of JSON, or of a form when it
// does not begin with {.
func ask(t testing.TB, h http.Handler, target, body string, change ...func(*http.Request)) (int, string) {
	t.Helper()
	rec := record(t, h, target, body, change...)
	out, err := io.ReadAll(rec.Result().Body)
	must(t, err)
	return rec.Code, string(out)
}

func record(t testing.TB, h http.Handler, target, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	if body != "" {
		r = httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if strings.HasPrefix(body, "{") {
			r.Header.Set("Content-Type", "application/json")
		}
	}
	r.Header.Set("Authorization", "Bearer "+testToken)
	for _, f := range change {
		f(r)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

// read asks for JSON and decodes it into T.
func read[T any](t testing.TB, h http.Handler, target string) T {
	t.Helper()
	status, body := ask(t, h, target, "")
	var v T
	if status != http.StatusOK {
		t.Fatalf("%s answers %d: %s", target, status, body)
	}
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%s: %v in %s", target, err, body)
	}
	return v
}

// refused decodes the error of an answer.
func refused(t testing.TB, body string) failure {
	t.Helper()
	var v struct {
		Error failure `json:"error"`
	}
	if err := json.Unmarshal([]byte(body), &v); err != nil || v.Error.Kind == "" || v.Error.Message == "" {
		t.Fatalf("no error in %q: %v", body, err)
	}
	return v.Error
}
