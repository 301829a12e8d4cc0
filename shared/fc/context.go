package fc

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Credentials are the temporary keys of the function's role. They hold for 36 hours (accounts.md §4.5), but every
// request brings fresh ones: do not keep them.
type Credentials struct{ AccessKeyID, AccessKeySecret, SecurityToken string }

// LogValue shows the key id only.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.AccessKeyID) }

// String shows the key id only.
func (c Credentials) String() string { return c.AccessKeyID }

// GoString shows the key id only.
func (c Credentials) GoString() string { return "fc.Credentials{" + c.AccessKeyID + "}" }

// Context is what the platform tells about one request.
type Context struct {
	RequestID    string
	AccountID    string // uid of the function's owner
	Region       string
	FunctionName string
	Qualifier    string // version or alias
	RetryCount   int    // retries of an asynchronous invocation so far
	Deadline     time.Time
	Credentials  Credentials
	Logger       *slog.Logger // carries request_id, function and account_id
}

type contextKey struct{}

// NewContext returns a context that carries c, for the server and for tests.
func NewContext(ctx context.Context, c *Context) context.Context {
	return context.WithValue(ctx, contextKey{}, c)
}

// FromContext returns what the platform told about the request, if ctx belongs to one.
func FromContext(ctx context.Context) (*Context, bool) {
	c, ok := ctx.Value(contextKey{}).(*Context)
	return c, ok
}

// Self returns what the platform told with the request, and the zero Context when ctx belongs to none.
func Self(ctx context.Context) Context {
	if c, ok := FromContext(ctx); ok {
		return *c
	}
	return Context{}
}

// Origin names where a change came from, as the audit trail keeps it: the run of a flow, a trigger, and the request that
// the platform logs.
func Origin(ctx context.Context, run string) string {
	if c, ok := FromContext(ctx); ok && c.RequestID != "" {
		return run + " request " + c.RequestID
	}
	return run
}

// Logger returns the request's logger, or one that discards everything when ctx belongs to no request.
func Logger(ctx context.Context) *slog.Logger {
	if c, ok := FromContext(ctx); ok && c.Logger != nil {
		return c.Logger
	}
	return slog.New(slog.DiscardHandler)
}

// CredentialsOf returns the role's credentials as the type that a client wants, as in
// fc.CredentialsOf[openapi.Credentials]. Its error is Denied: the function has no role, or ctx belongs to no request.
func CredentialsOf[T ~struct{ AccessKeyID, AccessKeySecret, SecurityToken string }](ctx context.Context) (T, error) {
	c, ok := FromContext(ctx)
	if !ok || c.Credentials.AccessKeyID == "" {
		var none T
		return none, &soc.Error{
			Kind: soc.Denied, Op: "get the function's credentials",
			Err: errors.New("the request brought none"), Next: "give the function a role",
		}
	}
	return T(c.Credentials), nil
}

// readContext reads the platform's headers (fc.md §1.3). The deadline is receipt plus x-fc-function-timeout: there is
// no header for it.
func readContext(h http.Header, received time.Time) *Context {
	c := &Context{
		RequestID: h.Get("x-fc-request-id"), AccountID: h.Get("x-fc-account-id"), Region: h.Get("x-fc-region"),
		FunctionName: h.Get("x-fc-function-name"), Qualifier: h.Get("x-fc-qualifier"),
		Credentials: Credentials{
			AccessKeyID: h.Get("x-fc-access-key-id"), AccessKeySecret: h.Get("x-fc-access-key-secret"),
			SecurityToken: h.Get("x-fc-security-token"),
		},
	}
	if n, err := strconv.Atoi(h.Get("x-fc-retry-count")); err == nil {
		c.RetryCount = n
	}
	if n, err := strconv.Atoi(h.Get("x-fc-function-timeout")); err == nil && n > 0 {
		c.Deadline = received.Add(time.Duration(n) * time.Second)
	}
	return c
}
