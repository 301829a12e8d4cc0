// Package function invokes functions of Function Compute 3.0 (fc.md §4.2). The official Go SDK has no signer for this API,
// so this package signs by itself (ACS3-HMAC-SHA256, fc.md §4.5).
//
// Start at [New] and [Client.Invoke]. A function that fails answers with HTTP 200; here that is an error with the kind that
// the function reported.
package function

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/fenghuo-soc/fenghuo/shared/cloud/openapi"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// apiVersion is also the first part of every path.
const apiVersion = "2023-03-30"

// maxResult is the largest result of a synchronous invocation that is read (fc.md §4.4).
const maxResult = 32 << 20

// Config says where a client connects and as whom.
type Config struct {
	Endpoint    string // base URL, as "http://127.0.0.1:8080"; "" = the account's public host over https
	Region      string
	Account     string // uid of the functions' owner
	Credentials openapi.CredentialsFunc
	Transport   http.RoundTripper // nil: a connection pool of its own
	Now         func() time.Time  // nil: time.Now
}

// Client invokes functions of one account and region. It is safe for concurrent use.
type Client struct {
	base        string
	account     string
	credentials openapi.CredentialsFunc
	http        *http.Client
	now         func() time.Time
}

// New returns a client; it does not connect.
func New(c Config) *Client {
	cl := &Client{
		base: strings.TrimSuffix(c.Endpoint, "/"), account: c.Account, credentials: c.Credentials, now: c.Now,
		http: &http.Client{Transport: c.Transport},
	}
	if cl.base == "" {
		cl.base = "https://" + c.Account + "." + c.Region + ".fc.aliyuncs.com"
	}
	if c.Transport == nil {
		cl.http.Transport = openapi.NewTransport()
	}
	if cl.now == nil {
		cl.now = time.Now
	}
	return cl
}

// Invoke calls a function and waits for its result, which is JSON for our functions. The context bounds the wait. When the
// function fails, the error has the kind, account and advice that the function reported ([soc.Internal] when it reported
// none). Throttling is tried again a few times; nothing else is, since the platform may have run the function. Kinds of the
// call itself: NotFound, Denied, Throttled, Unavailable, Timeout, Invalid.
func (c *Client) Invoke(ctx context.Context, function string, payload []byte) ([]byte, error) {
	return c.invoke(ctx, function, payload, "Sync")
}

// InvokeAsync hands the payload, at most 128 KB, to the platform, which runs the function and repeats it on failure.
func (c *Client) InvokeAsync(ctx context.Context, function string, payload []byte) error {
	_, err := c.invoke(ctx, function, payload, "Async")
	return err
}

func (c *Client) invoke(ctx context.Context, function string, payload []byte, invocation string) ([]byte, error) {
	const attempts = 4
	wait := 300 * time.Millisecond
	for attempt := 1; ; attempt++ {
		out, err := c.attempt(ctx, function, payload, invocation)
		if err == nil {
			return out, nil
		}
		var f *Failed
		if attempt == attempts || soc.KindOf(err) != soc.Throttled || errors.As(err, &f) {
			return nil, err
		}
		select {
		case <-time.After(wait/2 + rand.N(wait/2)):
			wait *= 2
		case <-ctx.Done():
			return nil, c.failure(function, soc.Timeout, context.Cause(ctx))
		}
	}
}

func (c *Client) failure(function string, kind soc.Kind, err error) *soc.Error {
	return &soc.Error{Kind: kind, Op: "invoke function", Account: c.account, Resource: function, Err: err}
}

func (c *Client) attempt(ctx context.Context, function string, payload []byte, invocation string) ([]byte, error) {
	header := http.Header{"Content-Type": {"application/octet-stream"}, "X-Fc-Invocation-Type": {invocation}}
	resp, body, err := c.send(ctx, http.MethodPost, "InvokeFunction", function, "/invocations", header, payload)
	if err != nil {
		return nil, err
	}
	return c.read(function, resp, body)
}

// send sends one signed request about a function and reads its answer, whatever its status is.
func (c *Client) send(ctx context.Context, method, action, function, rest string, header http.Header, payload []byte) (*http.Response, []byte, error) {
	if c.credentials == nil {
		return nil, nil, c.failure(function, soc.Invalid, errors.New("client has no credentials"))
	}
	cred, err := c.credentials(ctx)
	if err != nil {
		return nil, nil, &soc.Error{Kind: soc.KindOf(err), Op: "get credentials for " + action, Account: c.account, Resource: function, Err: err}
	}
	target := c.base + "/" + apiVersion + "/functions/" + url.PathEscape(function) + rest
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(payload))
	if err != nil {
		return nil, nil, c.failure(function, soc.Invalid, errors.New("endpoint is malformed"))
	}
	if header != nil {
		req.Header = header
	}
	req.Header.Set("Accept", "application/json")
	sign(req, action, payload, cred, c.now(), uuid.NewString())
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, nil, c.networkError(ctx, function, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxResult+1))
	if err != nil {
		return nil, nil, c.networkError(ctx, function, err)
	}
	if len(body) > maxResult {
		return nil, nil, c.failure(function, soc.Internal, errors.New("result is larger than 32 MiB"))
	}
	return resp, body, nil
}

func (c *Client) networkError(ctx context.Context, function string, err error) error {
	if ctx.Err() != nil {
		return c.failure(function, soc.Timeout, context.Cause(ctx))
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return c.failure(function, soc.Unavailable, err)
}

func (c *Client) read(function string, resp *http.Response, body []byte) ([]byte, error) {
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusAccepted {
		return nil, c.refused(function, "fc:InvokeFunction", resp, body)
	}
	if t := resp.Header.Get("x-fc-error-type"); t != "" {
		return nil, failed(function, c.account, resp.Header.Get("x-fc-request-id"), t, body)
	}
	return body, nil
}

// refused makes the error of an answer that is none of success. permission is what the call needs.
func (c *Client) refused(function, permission string, resp *http.Response, body []byte) error {
	id := resp.Header.Get("x-fc-request-id")
	var answer struct{ RequestID, Code, Message string }
	_ = json.Unmarshal(body, &answer) // what cannot be read leaves the status to decide
	if id == "" {
		id = answer.RequestID
	}
	e := c.failure(function, openapi.KindOf(resp.StatusCode, answer.Code), fmt.Errorf("status %d: %.512s", resp.StatusCode, answer.Message))
	e.Code, e.RequestID = answer.Code, id
	if e.Kind == soc.Denied {
		e.Next = "allow " + permission + " on functions/" + function + " to the caller"
	}
	return e
}
