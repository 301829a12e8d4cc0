package web

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
	"github.com/fenghuo-soc/fenghuo/shared/window"
)

//go:embed static/console.css static/console.js static/icon.svg
var static embed.FS

// Options say what the console stands on. Store, Flows, Logs and Now are required.
type Options struct {
	Store       Store
	Flows       Flows
	Logs        Logs
	Titles      Titles
	Now         func() time.Time
	TokenSHA256 string // hex SHA-256 of the token that opens the console; "" keeps it shut
	LogStorage  bool   // normalised logs are kept in the archive beyond the stream's own days
	StreamDays  int    // days for which the stream keeps logs; 0 when that is not known

	Log func(ctx context.Context) *slog.Logger // nil: no log
	// Window shows the owner of a member what is read from the account; nil knows no account.
	Window    func(ctx context.Context, uid string) (window.Window, error)
	RequestID func(ctx context.Context) string // names a request in errors and the audit trail; nil: ""
	Client    func(r *http.Request) string     // address of the client, for the limit on wrong tokens and the audit trail; nil: RemoteAddr
}

// console is the handler. It keeps no state of its own besides the count of wrong tokens.
type console struct {
	Options
	auth  *gate
	pages map[string]*pageSet // by language
	open  *http.ServeMux      // what needs no token
	inner *http.ServeMux      // what does

	window *http.ServeMux // what a pass opens
}

// New returns the console. It is safe for concurrent use. Its error is of kind soc.Invalid for a malformed
// TokenSHA256.
func New(o Options) (http.Handler, error) {
	if o.Store == nil || o.Flows == nil || o.Logs == nil || o.Now == nil {
		return nil, &soc.Error{Kind: soc.Invalid, Op: "make console", Err: errors.New("store, flows, logs and clock are required")}
	}
	if o.Log == nil {
		o.Log = func(context.Context) *slog.Logger { return slog.New(slog.DiscardHandler) }
	}
	if o.RequestID == nil {
		o.RequestID = func(context.Context) string { return "" }
	}
	if o.Window == nil {
		o.Window = func(_ context.Context, uid string) (window.Window, error) {
			return window.Window{}, &soc.Error{Kind: soc.NotFound, Op: "show window", Account: uid, Err: errors.New("the console has no windows")}
		}
	}
	if o.Client == nil {
		o.Client = remoteHost
	}
	g, err := newGate(o.TokenSHA256, o.Now)
	if err != nil {
		return nil, err
	}
	c := &console{Options: o, auth: g}
	if c.pages, err = loadPages(); err != nil {
		return nil, err
	}
	c.open, c.inner = http.NewServeMux(), http.NewServeMux()
	c.open.Handle("GET "+staticPath, http.FileServerFS(static))
	c.open.HandleFunc("GET /login", c.loginPage)
	c.open.HandleFunc("POST /login", c.login)
	c.open.HandleFunc("POST /logout", c.logout)
	c.routeAPI(c.inner)
	c.routePages(c.inner)
	c.window = http.NewServeMux()
	c.routeWindow(c.window, false)
	c.routeWindow(c.inner, true)
	c.routePass(c.inner)
	return secured(http.HandlerFunc(c.serve)), nil
}

const staticPath = "/static/"

// serve answers what needs no token, and lets only who has one further in.
func (c *console) serve(w http.ResponseWriter, r *http.Request) {
	if !c.auth.configured() && !strings.HasPrefix(r.URL.Path, staticPath) {
		c.fail(w, r, errShut)
		return
	}
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		c.fail(w, r, &soc.Error{Kind: soc.Denied, Op: "accept request", Err: err, Next: "open the console's own page and repeat it there"})
		return
	}
	if _, pattern := c.open.Handler(r); pattern != "" {
		c.open.ServeHTTP(w, r)
		return
	}
	owner, ok := c.admit(w, r)
	switch {
	case !ok:
	case owner != "":
		c.serveWindow(w, r, owner)
	default:
		c.inner.ServeHTTP(w, r.WithContext(withAddress(r.Context(), c.Client(r))))
	}
}
