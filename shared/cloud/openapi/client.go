package openapi

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Config says where a client connects and as whom.
type Config struct {
	Endpoint    string // base URL for every product, as "http://127.0.0.1:8080"; "" = each product's public host over https
	Region      string // region id; "" = cn-hangzhou
	Credentials CredentialsFunc
	Account     string            // uid that errors name, if known
	Timeout     time.Duration     // of one attempt; 0 = 10 s
	Transport   http.RoundTripper // nil: a connection pool of its own, which [Client.As] shares
	Pace        *Pace             // nil: calls are not held back
}

// Client calls OpenAPIs as one identity. It is safe for concurrent use.
type Client struct {
	scheme, domain string
	region         string
	account        string
	credentials    CredentialsFunc
	timeout        time.Duration
	transport      http.RoundTripper
	pace           *Pace
	malformed      error // why the configuration cannot be used
}

// New returns a client; it does not connect. A malformed Endpoint makes every call fail as Invalid.
func New(c Config) *Client {
	cl := &Client{scheme: "HTTPS", region: c.Region, account: c.Account, credentials: c.Credentials, timeout: c.Timeout, transport: c.Transport, pace: c.Pace}
	if c.Endpoint != "" {
		u, err := url.Parse(c.Endpoint)
		switch {
		case err != nil || u.Host == "" || u.Path != "" && u.Path != "/":
			cl.malformed = errors.New("endpoint is not a base URL as http://127.0.0.1:8080")
		case u.Scheme == "http":
			cl.scheme, cl.domain = "HTTP", u.Host
		default:
			cl.domain = u.Host
		}
	}
	if cl.region == "" {
		cl.region = "cn-hangzhou"
	}
	if cl.timeout == 0 {
		cl.timeout = 10 * time.Second
	}
	if cl.transport == nil {
		cl.transport = NewTransport()
	}
	return cl
}

// NewTransport returns a connection pool that many clients may share.
func NewTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 256, 32
	return t
}

// As returns a client that shares this one's connections and settings and calls with other credentials, in the account
// that errors name.
func (c *Client) As(account string, credentials CredentialsFunc) *Client {
	other := *c
	other.account, other.credentials = account, credentials
	return &other
}

// In returns a client that shares this one's connections and settings and names another region.
func (c *Client) In(region string) *Client {
	other := *c
	other.region = region
	return &other
}

// Region returns the client's region id.
func (c *Client) Region() string { return c.region }

// Credentials returns the client's own credentials.
func (c *Client) Credentials(ctx context.Context) (Credentials, error) {
	if c.credentials == nil {
		return Credentials{}, &soc.Error{Kind: soc.Invalid, Op: "get credentials", Account: c.account, Err: errNoCredentials}
	}
	return c.credentials(ctx)
}

// Account returns the uid that errors name, "" when unknown.
func (c *Client) Account() string { return c.account }

// Request is one call.
type Request struct {
	Product  string            // as "Ram"
	Version  string            // as "2015-05-01"
	Action   string            // as "CreateRole"
	Host     string            // public host; ignored when the client has an Endpoint
	Method   string            // "" = POST
	Query    map[string]string // parameters in the query
	Form     map[string]string // parameters in the body
	Resource string            // what it is done to, for errors
	Once     bool              // do not send it again when the outcome is unknown: creating it twice would make two
}

// How often a call is tried. Waits are drawn evenly from the upper half of a doubling span.
const (
	maxAttempts = 4
	firstWait   = 300 * time.Millisecond
	longestWait = 5 * time.Second
)

// Do calls an operation and decodes its answer into out, unless out is nil. Errors are [*soc.Error] with the kind, the
// cloud's code and request id, and the account. Throttling, 5xx and network failures are tried again a few times, each
// with a new nonce; nothing else is.
func (c *Client) Do(ctx context.Context, r Request, out any) error {
	raw, err := c.Call(ctx, r)
	if err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return c.failure(r, soc.Internal, err)
	}
	return nil
}

// Call is [Client.Do] with the answer as it came.
func (c *Client) Call(ctx context.Context, r Request) (json.RawMessage, error) {
	if c.malformed != nil {
		return nil, c.failure(r, soc.Invalid, c.malformed)
	}
	wait := firstWait
	for attempt := 1; ; attempt++ {
		if ctx.Err() != nil {
			return nil, c.failure(r, soc.Timeout, context.Cause(ctx))
		}
		if err := c.pace.Wait(ctx, c.account, r.Action); err != nil {
			return nil, c.failure(r, soc.Timeout, err)
		}
		raw, err := c.attempt(ctx, r)
		if err == nil {
			return raw, nil
		}
		if ctx.Err() != nil {
			return nil, c.failure(r, soc.Timeout, context.Cause(ctx))
		}
		if attempt == maxAttempts || !repeatable(err, r.Once) {
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
		}
	}
}

func repeatable(err *soc.Error, once bool) bool {
	switch {
	case err.Kind == soc.Throttled, err.Code == "SignatureNonceUsed":
		return true // refused, so nothing happened
	case once:
		return false
	default:
		return soc.Retryable(err)
	}
}

func (c *Client) failure(r Request, kind soc.Kind, err error) *soc.Error {
	return &soc.Error{Kind: kind, Op: r.Action, Account: c.account, Resource: r.Resource, Err: err}
}

var errNoCredentials = errors.New("client has no credentials")
