package fc

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// pageEvent is a request of an HTTP trigger as an event: version v1 on FC's built-in runtimes (fc.md §3.3), version 2.0
// of a function URL on AWS Lambda.
type pageEvent struct {
	Version         string            `json:"version"`
	RawPath         string            `json:"rawPath"`
	RawQueryString  string            `json:"rawQueryString"` // 2.0
	Cookies         []string          `json:"cookies"`        // 2.0
	Headers         map[string]string `json:"headers"`
	QueryParameters map[string]string `json:"queryParameters"` // v1
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	RequestContext  struct {
		DomainName string `json:"domainName"`
		HTTP       struct {
			Method   string `json:"method"`
			SourceIP string `json:"sourceIp"`
		} `json:"http"`
	} `json:"requestContext"`
}

// pageResult is the response object of both. Of several values of one header the last one is kept; cookies are told
// apart on Lambda only.
type pageResult struct {
	StatusCode      int               `json:"statusCode"`
	Headers         map[string]string `json:"headers"`
	Cookies         []string          `json:"cookies,omitempty"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	Body            string            `json:"body"`
}

// eventOrPage is for runtimes that send requests of HTTP triggers as events. A function with an HTTP handler takes what
// looks like such a request for one, all else is an event.
func (s *Server) eventOrPage(ctx context.Context, c *Context, payload []byte, errRead error) ([]byte, error) {
	if h := s.current(); h != nil && h.HTTP == nil {
		return s.work(ctx, c, payload, errRead)
	}
	var e pageEvent
	if errRead != nil || json.Unmarshal(payload, &e) != nil || e.Version != "v1" && e.Version != "2.0" || e.RequestContext.HTTP.Method == "" {
		return s.work(ctx, c, payload, errRead)
	}
	if h, err := s.handlers(ctx); err != nil || h.HTTP == nil { // work says what is wrong, or takes the event
		return s.work(ctx, c, payload, nil)
	}
	r, err := e.request(ctx)
	if err != nil {
		return s.work(ctx, c, nil, err)
	}
	w := &pageWriter{header: http.Header{}}
	s.page(ctx, c, w, r)
	return json.Marshal(w.result(e.Version))
}

// request makes the HTTP request of an event.
func (e *pageEvent) request(ctx context.Context) (*http.Request, error) {
	body := []byte(e.Body)
	if e.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(e.Body); err != nil {
			return nil, fmt.Errorf("body of the request: %w", err)
		}
	}
	query := e.RawQueryString
	if e.Version == "v1" {
		values := url.Values{}
		for name, value := range e.QueryParameters {
			values.Set(name, value)
		}
		query = values.Encode()
	}
	u, err := url.ParseRequestURI(e.RawPath)
	if err != nil {
		return nil, fmt.Errorf("path of the request: %w", err)
	}
	u.RawQuery = query
	r, err := http.NewRequestWithContext(ctx, e.RequestContext.HTTP.Method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	for name, value := range e.Headers {
		r.Header.Set(name, value)
	}
	if len(e.Cookies) > 0 {
		r.Header.Set("Cookie", strings.Join(e.Cookies, "; "))
	}
	r.Host, r.RequestURI = e.RequestContext.DomainName, u.RequestURI()
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	r.RemoteAddr = net.JoinHostPort(e.RequestContext.HTTP.SourceIP, "0") // the port is not told
	return r, nil
}

// pageWriter collects an answer.
type pageWriter struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header is the header of the answer.
func (w *pageWriter) Header() http.Header { return w.header }

// WriteHeader sets the status once.
func (w *pageWriter) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
}

// Write adds to the body. Its error is Invalid: the answer is too large.
func (w *pageWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if w.header.Get("Content-Type") == "" {
		w.header.Set("Content-Type", http.DetectContentType(p))
	}
	if w.body.Len()+len(p) > MaxPayload {
		return 0, &soc.Error{Kind: soc.Invalid, Op: "write the page", Err: fmt.Errorf("the answer exceeds %d bytes", MaxPayload)}
	}
	return w.body.Write(p)
}

func (w *pageWriter) result(version string) pageResult {
	out := pageResult{StatusCode: w.status, Headers: map[string]string{}}
	if out.StatusCode == 0 {
		out.StatusCode = http.StatusOK
	}
	for name, values := range w.header {
		if name == "Set-Cookie" && version == "2.0" {
			out.Cookies = values
			continue
		}
		if len(values) > 0 {
			out.Headers[name] = values[len(values)-1]
		}
	}
	if body := w.body.Bytes(); utf8.Valid(body) {
		out.Body = string(body)
	} else {
		out.Body, out.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return out
}
