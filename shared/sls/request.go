package sls

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// maxBody is the largest answer that is read, compressed or not. The service's own limit is not documented; clients
// take 4 MiB for a full page (sls.md §3.5), and a LogGroup is at most 10 MB.
const maxBody = 64 << 20

// request is one call. Most may be repeated: reads change nothing, and writing a LogGroup twice gives records with the
// same identity.
type request struct {
	op       string // for errors
	action   string // RAM action, for errors
	method   string
	project  string
	logstore string // for errors
	path     string // escaped
	query    url.Values
	header   map[string]string
	body     []byte
	rawSize  int
	once     bool        // it must not run twice
	creates  string      // what exists after it, see creations
	removes  string      // what exists no more after it, and all that is in it
	codec    Codec       // that the answer may be compressed with
	buf      *PageBuffer // where the answer's body goes; nil: memory of its own
}

func (r *request) resource() string {
	switch {
	case r.project == "":
		return "project/*"
	case r.logstore == "":
		return "project/" + r.project
	default:
		return "project/" + r.project + "/logstore/" + r.logstore
	}
}

type response struct {
	header http.Header
	body   []byte // as sent: perhaps compressed
}

func (c *Client) failure(r *request, kind soc.Kind, err error) *soc.Error {
	return &soc.Error{Kind: kind, Op: r.op, Account: c.account, Resource: r.resource(), Err: err}
}

// attempt sends a request once.
func (c *Client) attempt(ctx context.Context, r *request) (*response, *soc.Error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	req, err := c.build(ctx, r)
	if err != nil {
		return nil, err
	}
	sent := c.now()
	resp, errDo := c.transport.RoundTrip(req)
	if errDo != nil {
		return nil, c.networkError(r, errDo)
	}
	defer resp.Body.Close()
	body, errRead := readBody(resp, r.buf)
	if errRead != nil {
		return nil, c.networkError(r, errRead)
	}
	if resp.StatusCode == http.StatusOK { // exactly: sls.md §0.10
		return &response{resp.Header, body}, nil
	}
	e := c.serviceError(r, resp.StatusCode, resp.Header, body)
	if skewed(e.Code) {
		c.learnClock(resp.Header, sent)
	}
	return nil, e
}

// networkError is an error of the connection. It never names the URL of the request.
func (c *Client) networkError(r *request, err error) *soc.Error {
	if e := (*soc.Error)(nil); errors.As(err, &e) {
		return c.failure(r, e.Kind, err)
	}
	e := c.failure(r, soc.Unavailable, err)
	e.Next = "check that " + c.host + " can be reached from here"
	return e
}

func (c *Client) build(ctx context.Context, r *request) (*http.Request, *soc.Error) {
	if c.credentials == nil {
		return nil, c.failure(r, soc.Invalid, errors.New("client has no credentials"))
	}
	cred, err := c.credentials(ctx)
	if err != nil {
		return nil, &soc.Error{Kind: soc.KindOf(err), Op: "get credentials to " + r.op, Account: c.account, Resource: r.resource(), Err: err}
	}
	host := c.host
	if r.project != "" && !c.byHeader {
		host = r.project + "." + host
	}
	path, errPath := url.PathUnescape(r.path)
	if errPath != nil || strings.ContainsAny(host, "/?#@ ") {
		return nil, c.failure(r, soc.Invalid, fmt.Errorf("endpoint %q or project %q is malformed", c.host, r.project))
	}
	h := make(http.Header, 12)
	for k, v := range r.header {
		h.Set(k, v)
	}
	set(h, "User-Agent", c.userAgent)
	set(h, hBodyRawSize, strconv.Itoa(r.rawSize))
	if r.project != "" && c.byHeader {
		set(h, hProject, r.project)
	}
	req := &http.Request{
		Method: r.method, Host: host, Header: h, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(r.body)),
		URL: &url.URL{Scheme: c.scheme, Host: host, Path: path, RawPath: r.path, RawQuery: escapeQuery(r.query)},
	}
	if len(r.body) > 0 {
		req.Body = io.NopCloser(bytes.NewReader(r.body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(r.body)), nil }
	}
	s := signable{method: r.method, host: host, path: r.path, query: r.query, header: h, body: r.body}
	now := c.now().Add(time.Duration(c.skew.Load()))
	if c.signV4 {
		signV4(s, cred, c.region, now)
	} else {
		signV1(s, cred, now, c.methodV1)
	}
	return req.WithContext(ctx), nil
}

func escapeQuery(q url.Values) string {
	if len(q) == 0 {
		return ""
	}
	b := make([]byte, 0, 256)
	for _, k := range sortedKeys(q) {
		if len(b) > 0 {
			b = append(b, '&')
		}
		b = appendEscaped(append(appendEscaped(b, k), '='), q.Get(k))
	}
	return string(b)
}

// learnClock sets the offset between the service's clock and ours from an answer.
func (c *Client) learnClock(h http.Header, sent time.Time) {
	if n, err := strconv.ParseInt(h.Get("x-log-time"), 10, 64); err == nil {
		c.skew.Store(int64(time.Unix(n, 0).Sub(sent)))
	} else if t, err := http.ParseTime(h.Get("Date")); err == nil {
		c.skew.Store(int64(t.Sub(sent)))
	}
}

// readBody reads an answer up to maxBody, into the buffer if there is one.
func readBody(resp *http.Response, buf *PageBuffer) ([]byte, error) {
	if resp.ContentLength > maxBody {
		return nil, tooLarge(resp.ContentLength)
	}
	var body []byte
	if buf != nil {
		body = buf.body[:0]
	}
	if n := int(resp.ContentLength); n >= 0 { // no byte more than was announced is read, and none is copied
		body = slices.Grow(body, n)[:n]
		if _, err := io.ReadFull(resp.Body, body); err != nil {
			return nil, err
		}
	} else {
		w := bytes.NewBuffer(body)
		n, err := w.ReadFrom(io.LimitReader(resp.Body, maxBody+1))
		if err != nil {
			return nil, err
		}
		if n > maxBody {
			return nil, tooLarge(n)
		}
		body = w.Bytes()
	}
	if buf != nil {
		buf.body = body
	}
	return body, nil
}

func tooLarge(n int64) error {
	return &soc.Error{
		Kind: soc.Internal, Op: "read answer", Err: fmt.Errorf("%d bytes or more, over the limit of %d", n, int64(maxBody)),
		Next: "ask for fewer groups at a time",
	}
}
