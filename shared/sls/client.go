package sls

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// Credentials sign requests. SecurityToken is empty for a long-term key.
type Credentials struct{ AccessKeyID, AccessKeySecret, SecurityToken string }

// LogValue shows the key id only.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.AccessKeyID) }

// String shows the key id only.
func (c Credentials) String() string { return c.AccessKeyID }

// GoString shows the key id only.
func (c Credentials) GoString() string { return "sls.Credentials{" + c.AccessKeyID + "}" }

// CredentialsFunc returns the credentials of the next request. It is called for every attempt, possibly by several
// goroutines at once, so it caches and refreshes by itself.
type CredentialsFunc func(ctx context.Context) (Credentials, error)

// Config says where a client connects and as whom.
type Config struct {
	Endpoint    string // host or URL, https unless a URL says http; "" = the public host of Region
	Region      string // region id; needed by signature v4
	Credentials CredentialsFunc
	Account     string       // uid that errors name, if known
	HTTPClient  *http.Client // its Transport is used; nil: one of its own with kept-alive connections. Share one among many clients
	SignV4      bool         // sign with SLS4-HMAC-SHA256 instead of v1
	SignSHA256  bool         // sign v1 with HMAC-SHA256 instead of HMAC-SHA1
	UserAgent   string
	Now         func() time.Time // nil: time.Now
}

// Client speaks to one region of SLS as one identity. It is safe for concurrent use.
type Client struct {
	scheme, host string
	byHeader     bool // the project travels in x-log-project
	region       string
	account      string
	userAgent    string
	credentials  CredentialsFunc
	transport    http.RoundTripper
	signV4       bool
	methodV1     string
	zstd         zstdCoders
	own          creations
	now          func() time.Time
	skew         atomic.Int64 // nanoseconds that the service's clock is ahead of ours
}

// Endpoint returns the public host of SLS in a region.
func Endpoint(region string) string { return region + ".log.aliyuncs.com" }

// New returns a client. When the endpoint's host is an IP address or "localhost", the project travels in the header
// x-log-project instead of a host label (sls.md §1.1). New does not connect; a Config without Credentials makes every
// call fail as Invalid.
func New(c Config) *Client {
	c.Endpoint = cmp.Or(c.Endpoint, Endpoint(c.Region))
	cl := &Client{
		scheme: "https", host: c.Endpoint, region: c.Region, account: c.Account, userAgent: c.UserAgent,
		credentials: c.Credentials, signV4: c.SignV4, now: c.Now, methodV1: methodSHA1,
	}
	if c.SignSHA256 {
		cl.methodV1 = methodSHA256
	}
	if u, err := url.Parse(c.Endpoint); err == nil && u.Host != "" {
		cl.scheme, cl.host = u.Scheme, u.Host
	}
	cl.host = strings.TrimSuffix(cl.host, "/")
	cl.byHeader = isLocal(cl.host)
	if cl.now == nil {
		cl.now = time.Now
	}
	if cl.userAgent == "" {
		cl.userAgent = "fenghuo"
	}
	if c.HTTPClient == nil {
		c.HTTPClient = NewHTTPClient()
	}
	if cl.transport = c.HTTPClient.Transport; cl.transport == nil {
		cl.transport = http.DefaultTransport
	}
	return cl
}

// NewHTTPClient returns an HTTP client whose connections are kept alive and can be shared by the clients of many
// accounts: up to 64 idle ones for each host, dropped after 55 s as the service closes them at 60 s.
func NewHTTPClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 512, 64
	t.IdleConnTimeout = 55 * time.Second
	t.DisableCompression = true // SLS compresses by its own headers
	return &http.Client{Transport: t, CheckRedirect: refuseRedirect}
}

func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func isLocal(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil || host == "localhost"
}

// Project returns the calls inside a project. It does not ask whether the project exists.
func (c *Client) Project(name string) *Project { return &Project{c: c, name: name} }

// Project is the calls inside one project. It is safe for concurrent use.
type Project struct {
	c    *Client
	name string
}

// Name returns the name of the project.
func (p *Project) Name() string { return p.name }
