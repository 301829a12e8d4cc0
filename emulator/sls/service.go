package sls

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/faults"
)

// Options configure a [Service]. Credentials and Authorizer are required.
type Options struct {
	Credentials auth.Credentials
	Authorizer  auth.Authorizer
	Clock       func() time.Time // nil = time.Now
	Wall        func() time.Time // judges the time that a request was signed at; nil = Clock
	Region      string           // of projects created through a host that names none; "" = cn-hangzhou
	// BaseHosts are host names, without port, under which projects are labels: "sls.test" serves p.sls.test and
	// p.cn-hangzhou.sls.test. The public hosts under aliyuncs.com and IPv4 addresses need no entry.
	BaseHosts []string
	// PropagationDelay hides a project or Logstore created by a call for this long from all other calls.
	PropagationDelay time.Duration
	// SearchDelay hides new logs for this long from GetLogs and GetHistograms; the real service takes about 3 seconds.
	// Pulling shows them at once.
	SearchDelay time.Duration
	// SearchLogs is about how many logs a search looks at before it answers Incomplete; the same request goes on where it was
	// left. 0 is no limit.
	SearchLogs int
	Quotas     Quotas
}

// Service is the log service of all accounts. It is safe for concurrent use.
type Service struct {
	opts  Options
	codec *codec

	mu       sync.RWMutex
	projects map[string]*project

	analyses running // SQL statements under way
	searched unfinished
}

// New makes an empty service. It panics when Credentials or Authorizer is missing.
func New(o Options) *Service {
	if o.Credentials == nil || o.Authorizer == nil {
		panic("sls: Options need Credentials and Authorizer")
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Region == "" {
		o.Region = "cn-hangzhou"
	}
	return &Service{opts: o, codec: newCodec(), projects: map[string]*project{}}
}

// maxBody bounds a request body as sent: the largest raw body, and room for a codec that makes it longer.
const maxBody = maxRawBody + 1<<20

// call is one request while it is answered.
type call struct {
	s       *Service
	w       http.ResponseWriter
	r       *http.Request
	ctx     context.Context
	route   *route
	query   url.Values
	path    map[string]string // variables of the route
	body    []byte
	project string // "" when the host names none
	region  string // of the host, "" when it names none
	caller  auth.Caller
	now     time.Time
}

// ServeHTTP answers one request to the service. Every answer carries x-log-requestid, x-log-time and Date.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := s.opts.Clock()
	h := w.Header()
	h.Set("x-log-requestid", newRequestID())
	h.Set("x-log-time", strconv.FormatInt(now.Unix(), 10))
	h.Set("Date", now.UTC().Format(http.TimeFormat))
	c := &call{s: s, w: w, r: r, ctx: r.Context(), now: now}
	if err := c.serve(); err != nil {
		writeError(w, err)
	}
}

func (c *call) serve() error {
	var err error
	if c.query, err = url.ParseQuery(c.r.URL.RawQuery); err != nil {
		return invalidf("the query string cannot be parsed")
	}
	if c.route, c.path, err = match(c.r.Method, c.r.URL.EscapedPath(), c.query); err != nil {
		return err
	}
	c.project, c.region = resolveHost(c.r, c.s.opts.BaseHosts)
	if c.body, err = readBody(c.w, c.r); err != nil {
		return err
	}
	if c.caller, err = c.identify(); err != nil {
		return err
	}
	if a, struck := faults.Refusal(c.ctx); struck {
		return &Error{Status: a.Status, Code: a.Code, Message: a.Message}
	}
	if c.route.needsProject && c.project == "" {
		return failf(http.StatusBadRequest, "InvalidHost", "the host %s does not name a project", c.r.Host)
	}
	return c.route.handle(c)
}

// identify finds out who calls. A route for anybody needs the API version only, as a header or a parameter, and not even
// that when a browser asks what a page may send.
func (c *call) identify() (auth.Caller, error) {
	switch {
	case !c.route.anonymous:
		return c.s.authenticate(c.r, c.body, c.now)
	case c.r.Method == http.MethodOptions:
		return auth.Caller{SourceIP: sourceIP(c.r)}, nil
	}
	return auth.Caller{SourceIP: sourceIP(c.r)}, checkVersion(cmp.Or(c.r.Header.Get("x-log-apiversion"), c.query.Get("APIVersion")))
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > maxBody {
		return nil, bodyTooLarge(r.ContentLength)
	}
	if r.ContentLength >= 0 {
		body := make([]byte, r.ContentLength)
		if _, err := io.ReadFull(r.Body, body); err != nil {
			return nil, failf(http.StatusBadRequest, "PostBodyInvalid", "the body ended early")
		}
		return body, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, bodyTooLarge(tooLarge.Limit + 1)
	}
	if err != nil {
		return nil, failf(http.StatusBadRequest, "PostBodyInvalid", "the body cannot be read")
	}
	return body, nil
}

func newRequestID() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%X", b)
}

// sourceIP is the address the request came from, without port.
func sourceIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// decodeJSON reads a JSON body into v; code is the error code of a body that is not valid.
func (c *call) decodeJSON(v any, code string) error {
	if ct := c.r.Header.Get("Content-Type"); ct != "" && !strings.HasPrefix(ct, "application/json") {
		return failf(http.StatusUnsupportedMediaType, "InvalidContentType", "Content-Type %s is not application/json", ct)
	}
	if err := json.Unmarshal(c.body, v); err != nil {
		return failf(http.StatusBadRequest, code, "the body is not the JSON that is expected: %v", err)
	}
	return nil
}

// reply answers 200 with v as JSON.
func (c *call) reply(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	c.w.Header().Set("Content-Type", "application/json")
	_, _ = c.w.Write(text) // a client that went away cannot be told
	return nil
}

// empty answers 200 without a body; it must not carry a JSON content type.
func (c *call) empty() error {
	c.w.Header()["Content-Type"] = nil
	c.w.WriteHeader(http.StatusOK)
	return nil
}
