package sls

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// How often and how long a call is tried. Waits are drawn evenly from the upper half of a doubling span.
const (
	maxAttempts    = 5
	firstWait      = 200 * time.Millisecond
	longestWait    = 5 * time.Second
	attemptTimeout = 60 * time.Second
)

// maxBody is the largest answer that is read, compressed or not. The service's own limit is not documented; clients
// take 4 MiB for a full page (sls.md §3.5), and a LogGroup is at most 10 MB.
const maxBody = 64 << 20

// request is one call. Every call here may be repeated: reads change nothing, and writing a LogGroup twice gives
// records with the same identity.
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

// do sends a request, again when that can help, until the context ends.
func (c *Client) do(ctx context.Context, r *request) (*response, error) {
	wait := firstWait
	corrected := false
	for attempt := 1; ; attempt++ {
		resp, err := c.attempt(ctx, r)
		if err == nil {
			return resp, nil
		}
		if skewed(err.Code) && !corrected {
			corrected = true
			continue // attempt has learned the service's clock
		}
		if ctx.Err() != nil {
			return nil, c.failure(r, soc.Timeout, context.Cause(ctx))
		}
		if attempt == maxAttempts || !soc.Retryable(err) {
			return nil, err
		}
		pause := wait/2 + rand.N(wait/2)
		wait = min(2*wait, longestWait)
		if end, ok := ctx.Deadline(); ok && time.Until(end) < pause {
			return nil, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, c.failure(r, soc.Timeout, context.Cause(ctx))
		}
	}
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
	resp, errDo := c.http.Do(req)
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

// networkError hides the URL of the request: what went wrong is below it.
func (c *Client) networkError(r *request, err error) *soc.Error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
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
	target := c.scheme + "://" + host + r.path
	if len(r.query) > 0 {
		target += "?" + escapeQuery(r.query)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, bytes.NewReader(r.body))
	if err != nil {
		return nil, c.failure(r, soc.Invalid, fmt.Errorf("endpoint %q or project %q is malformed", c.host, r.project))
	}
	for k, v := range r.header {
		req.Header.Set(k, v)
	}
	req.Header.Set("User-Agent", c.userAgent)
	req.Header.Set("x-log-bodyrawsize", strconv.Itoa(r.rawSize))
	if r.project != "" && c.byHeader {
		req.Header.Set("x-log-project", r.project)
	}
	s := signable{method: r.method, host: req.Host, path: r.path, query: r.query, header: req.Header, body: r.body}
	now := c.now().Add(time.Duration(c.skew.Load()))
	if c.signV4 {
		signV4(s, cred, c.region, now)
	} else {
		signV1(s, cred, now)
	}
	return req, nil
}

func escapeQuery(q url.Values) string {
	var b []byte
	for _, k := range sortedKeys(q) {
		if len(b) > 0 {
			b = append(b, '&')
		}
		b = append(append(append(b, escape3986(k)...), '='), escape3986(q.Get(k))...)
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
	w := bytes.NewBuffer(body)
	if resp.ContentLength > 0 {
		w.Grow(int(resp.ContentLength) + bytes.MinRead)
	}
	n, err := w.ReadFrom(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return nil, err
	}
	if n > maxBody {
		return nil, tooLarge(n)
	}
	if buf != nil {
		buf.body = w.Bytes()
	}
	return w.Bytes(), nil
}

func tooLarge(n int64) error {
	return &soc.Error{
		Kind: soc.Internal, Op: "read answer", Err: fmt.Errorf("%d bytes or more, over the limit of %d", n, int64(maxBody)),
		Next: "ask for fewer groups at a time",
	}
}
