package fc

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
)

// Limits of HTTP triggers (fc.md §1.5).
const (
	maxHeaders = 8 << 10
	maxPath    = 4 << 10
)

// notSettable are response headers that a program cannot set (fc.md §1.5).
var notSettable = []string{"Connection", "Content-Length", "Date", "Keep-Alive", "Server", "Upgrade", "Transfer-Encoding"}

// Resolve finds the function behind a default domain <id>.<region>.fcapp.run; a port is ignored.
func (s *Service) Resolve(host string) (accountID, name string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.triggerAt(host)
	if t == nil {
		return "", "", false
	}
	return t.fn.account, t.fn.name, true
}

// triggerAt needs s.mu. It is the trigger behind a default domain, nil when there is none.
func (s *Service) triggerAt(host string) *trigger {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	id, rest, _ := strings.Cut(strings.ToLower(host), ".")
	if rest != s.o.Region+".fcapp.run" {
		return nil
	}
	if t := s.urls[id]; t != nil && t.http != nil && !t.http.DisableURLInternet {
		return t
	}
	return nil
}

// ServeHTTPTrigger serves a request through the HTTP trigger of a function. When the host of the request is a default
// domain, the two extra rules of default domains hold (downloads and no redirects); any other host counts as a custom
// domain.
func (s *Service) ServeHTTPTrigger(w http.ResponseWriter, r *http.Request, accountID, name string) {
	id := newRequestID()
	s.mu.Lock()
	f, t := s.lookup(accountID, name), s.triggerAt(r.Host)
	if t == nil && f != nil {
		t = f.httpTrigger(latest)
	}
	s.mu.Unlock()
	if t == nil {
		triggerError(w, id, errorf(http.StatusNotFound, "TriggerNotFound", "function '%s' has no HTTP trigger", name))
		return
	}
	s.serveTrigger(w, r, f, t, webRule{t.http.AuthType, t.http.Methods}, id)
}

// webRule is what is asked of a request from the web.
type webRule struct {
	auth    string // anonymous or function
	methods []string
}

// serveTrigger runs a function for a request from the web.
func (s *Service) serveTrigger(w http.ResponseWriter, r *http.Request, f *function, t *trigger, rule webRule, id string) {
	c, err := s.httpCall(w, r, t, rule, id)
	if err != nil {
		triggerError(w, id, err)
		return
	}
	if r.Header.Get("X-Fc-Invocation-Type") == "Async" {
		c.taskID = r.Header.Get("X-Fc-Async-Task-Id")
		if err := s.enqueue(f, c); err != nil {
			triggerError(w, id, err)
			return
		}
		w.Header().Set("X-Fc-Request-Id", id)
		if c.taskID != "" {
			w.Header().Set("X-Fc-Async-Task-Id", c.taskID)
		}
		w.WriteHeader(http.StatusAccepted)
		return
	}
	s.answer(w, r, c, s.execute(r.Context(), f, c))
}

// httpCall checks a request against the trigger and the limits.
func (s *Service) httpCall(w http.ResponseWriter, r *http.Request, t *trigger, rule webRule, id string) (*call, *Error) {
	if !slices.Contains(rule.methods, r.Method) {
		return nil, errorf(http.StatusForbidden, "FcCommonError", "method %s is not configured on the HTTP trigger", r.Method)
	}
	if headerSize(r.Header) > maxHeaders {
		return nil, invalid("request headers exceed 8 KB")
	}
	if len(r.URL.RequestURI()) > maxPath {
		return nil, invalid("path and query exceed 4 KB")
	}
	limit, async := int64(maxSync), r.Header.Get("X-Fc-Invocation-Type") == "Async"
	if async {
		limit = maxAsync
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return nil, invalid("the request body exceeds %d bytes", limit)
		}
		return nil, invalid("read body: %v", err)
	}
	if rule.auth == "function" {
		caller, err := s.o.Auth.Authenticate(r, body)
		if err != nil {
			e := asError(err)
			if e.Status != http.StatusForbidden { // whatever is wrong with a signature is 403 here (fc.md §1.5)
				e = errorf(http.StatusForbidden, "AccessDenied", "%s", e.Message)
			}
			return nil, e
		}
		// Assumption: an HTTP trigger with authType function needs fc:InvokeFunction on the function.
		if err := s.require(r.Context(), caller, "fc:InvokeFunction", s.functionARN(t.fn.account, t.fn.name)); err != nil {
			return nil, err
		}
	}
	source, _, _ := net.SplitHostPort(r.RemoteAddr)
	web := &webCall{domain: t.urlID + "." + s.o.Region + ".fcapp.run", prefix: t.urlID, triggerID: t.spec.TriggerID, protocol: r.Proto, source: source}
	return &call{
		requestID: id, qualifier: t.spec.Qualifier, control: controlHTTP, method: r.Method, path: r.URL.RequestURI(), host: r.Host,
		header: r.Header, body: body, web: web, tail: r.Header.Get("X-Fc-Log-Type") == "Tail",
	}, nil
}

func headerSize(h http.Header) int {
	n := 0
	for k, values := range h {
		for _, v := range values {
			n += len(k) + len(v)
		}
	}
	return n
}

// answer passes the program's answer on, by the rules of fc.md §1.5.
func (s *Service) answer(w http.ResponseWriter, r *http.Request, c *call, out *outcome) {
	_, _, defaultDomain := s.Resolve(r.Host)
	switch {
	case out.refused != nil:
		triggerError(w, c.requestID, out.refused)
		return
	case out.errorType != "":
		setOutcome(w.Header(), out, c.tail)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Fc-Request-Id", c.requestID)
		w.WriteHeader(http.StatusBadGateway)
		_, _ = w.Write(out.body)
		return
	case headerSize(out.header) > maxHeaders:
		w.Header().Set("X-Fc-Error-Type", errUnhandled)
		triggerError(w, c.requestID, errorf(http.StatusBadGateway, "BadResponse", "response headers exceed 8 KB"))
		return
	case defaultDomain && out.status >= 300 && out.status < 400 && out.header.Get("Location") != "":
		triggerError(w, c.requestID, errorf(http.StatusBadRequest, "ExternalRedirectForbidden", "redirects are forbidden on default domains"))
		return
	}
	h := w.Header()
	copyHeader(h, out.header)
	if defaultDomain {
		h.Set("Content-Disposition", "attachment")
	}
	if origin := r.Header.Get("Origin"); origin != "" && h.Get("Access-Control-Allow-Origin") == "" {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
		h.Set("Access-Control-Expose-Headers", "Date,x-fc-request-id,x-fc-error-type,x-fc-code-checksum,x-fc-invocation-duration,x-fc-max-memory-usage,x-fc-log-result,x-fc-invocation-code-version")
	}
	setOutcome(h, out, c.tail)
	h.Set("X-Fc-Request-Id", c.requestID)
	w.WriteHeader(out.status)
	_, _ = w.Write(out.body)
}

func copyHeader(dst, src http.Header) {
	for name, values := range src {
		if strings.HasPrefix(strings.ToLower(name), "x-fc-") || slices.Contains(notSettable, name) {
			continue
		}
		if name == "Content-Disposition" && len(values) == 1 && strings.HasPrefix(values[0], "attachment") {
			continue
		}
		dst[name] = values
	}
}

// triggerError answers with the older body of HTTP triggers: ErrorCode and ErrorMessage (fc.md §4.2).
func triggerError(w http.ResponseWriter, id string, e *Error) {
	w.Header().Set("X-Fc-Request-Id", id)
	if e.Status == http.StatusForbidden {
		w.Header().Set("X-Fc-Error-Type", "FcCommonError")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.Status)
	_ = json.NewEncoder(w).Encode(map[string]string{"RequestId": id, "ErrorCode": e.Code, "ErrorMessage": e.Message})
}
