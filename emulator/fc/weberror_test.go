package fc

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/fenghuo-soc/fenghuo/emulator/faults"
)

// TestHTTPTriggerErrors walks the error mapping of HTTP triggers (fc.md §1.5) and the limits of their requests.
func TestHTTPTriggerErrors(t *testing.T) {
	t.Parallel()
	p := plan(t)
	f := start(t, Options{Limits: Limits{InstancesPerFunction: 1}, Faults: p})
	f.create(nil)
	f.api(201, acct, "POST", "functions/echo/triggers", trigger0("web", "http", map[string]any{"authType": "anonymous", "methods": []string{"GET", "POST"}}, nil))
	async := http.Header{"X-Fc-Invocation-Type": {"Async"}}
	for name, tt := range map[string]struct {
		method, path string
		header       http.Header
		body         string
		fault        faults.Fault // of the run
		status       int
		code, kind   string // ErrorCode of the body, x-fc-error-type
	}{
		"function error":      {method: "GET", path: "/fail", status: 502, kind: errUnhandled},
		"crash":               {method: "GET", path: "/crash", status: 502, kind: errUnhandled},
		"response headers":    {method: "GET", path: "/headers", status: 502, code: "BadResponse", kind: errUnhandled},
		"request headers":     {method: "GET", header: http.Header{"X-Long": {strings.Repeat("x", maxHeaders)}}, status: 400, code: "InvalidArgument"},
		"async body":          {method: "POST", header: async, body: strings.Repeat("x", maxAsync+1), status: 400, code: "InvalidArgument"},
		"async":               {method: "POST", header: async, body: "x", status: 202},
		"method":              {method: "PUT", status: 403, code: "FcCommonError", kind: "FcCommonError"},
		"platform error":      {method: "GET", fault: faults.Fault{Kind: faults.Unavailable}, status: 500, code: "InternalServerError"},
		"platform throttling": {method: "GET", fault: faults.Fault{Kind: faults.Throttle, Status: 503, Code: "ResourceThrottled"}, status: 503, code: "ResourceThrottled"},
		"concurrency":         {method: "GET", fault: faults.Fault{Kind: faults.Throttle}, status: 429, code: "ResourceExhausted"},
	} {
		if tt.fault.Kind != "" {
			tt.fault.Run = acct + "/echo"
			if err := p.Add(tt.fault); err != nil {
				t.Fatal(err)
			}
		}
		if tt.path == "" {
			tt.path = "/"
		}
		w := f.http(tt.method, "http://console.example"+tt.path, tt.header, tt.body)
		var body struct{ ErrorCode, ErrorMessage, RequestID string }
		_ = json.Unmarshal(w.Body.Bytes(), &body)
		if w.Code != tt.status || body.ErrorCode != tt.code || tt.code != "" && body.ErrorMessage == "" || w.Header().Get("X-Fc-Error-Type") != tt.kind || w.Header().Get("X-Fc-Request-Id") == "" {
			t.Errorf("%s: %d %q, type %q, want %d %q, type %q: %s", name, w.Code, body.ErrorCode, w.Header().Get("X-Fc-Error-Type"), tt.status, tt.code, tt.kind, w.Body)
		}
		f.waitIdle()
	}
}

// waitIdle waits until no request of the function runs.
func (f *fixture) waitIdle() {
	f.t.Helper()
	for range rounds {
		busy := 0
		f.mu0(func() {
			busy = f.accountOf(acct).async
			for _, in := range f.lookup(acct, "echo").allInstances() {
				busy += in.busy
			}
		})
		if busy == 0 {
			return
		}
		f.pause()
	}
	f.t.Fatal("requests run on")
}
