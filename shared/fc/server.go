package fc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// MaxPayload is the largest event of a synchronous invocation (fc.md §4.4).
const MaxPayload = 32 << 20

// BuildFunc makes the function's handlers, once per instance. Its context ends with the request that caused it.
type BuildFunc func(ctx context.Context) (Handlers, error)

// Server is a function instance. As an http.Handler it speaks the custom runtime's protocol; [Main] puts it on the other
// runtimes. It is safe for concurrent use.
type Server struct {
	name  string
	build BuildFunc
	out   io.Writer
	log   *slog.Logger

	building chan struct{} // one slot: who builds
	mu       sync.Mutex
	built    *Handlers
}

// NewServer returns an instance that has not been built yet. Log lines and the platform's markers go to out, one
// Write each; name is the function's folder name.
func NewServer(name string, build BuildFunc, out io.Writer) *Server {
	w := &lineWriter{w: out}
	return &Server{name: name, build: build, out: w, log: slog.New(slog.NewJSONHandler(w, nil)), building: make(chan struct{}, 1)}
}

// lineWriter keeps lines of concurrent requests apart.
type lineWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lineWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// ServeHTTP takes one request of the platform. The header x-fc-control-path decides what it is, since a client of an
// HTTP trigger may ask for any path; requests without it are told apart by path (fc.md §1.2).
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	control := r.Header.Get("x-fc-control-path")
	if control == "" && (r.Method == http.MethodPost && (r.URL.Path == "/invoke" || r.URL.Path == "/initialize")) {
		control = r.URL.Path
	}
	if isPreStop(r, control) {
		control = "/pre-stop"
	}
	c := readContext(r.Header, time.Now())
	ctx, cancel := s.enter(r.Context(), c)
	defer cancel()
	switch control {
	case "/invoke":
		s.event(ctx, c, w, r)
	case "/initialize":
		if err := s.initialize(ctx, c); err != nil {
			writeFailure(w, err)
		}
	case "/pre-stop":
		s.preStop(c)
		w.WriteHeader(http.StatusOK)
	default:
		s.page(ctx, c, w, r)
	}
}

// enter completes what is known about a request and makes the context that its handler gets.
func (s *Server) enter(ctx context.Context, c *Context) (context.Context, context.CancelFunc) {
	if c.FunctionName == "" {
		c.FunctionName = s.name
	}
	c.Logger = s.log.With("request_id", c.RequestID, "function", c.FunctionName, "account_id", c.AccountID)
	ctx = NewContext(ctx, c)
	if c.Deadline.IsZero() {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, c.Deadline)
}

// isPreStop tells the PreStop hook from a page of that path.
//
// Assumption: the platform's GET /pre-stop does not carry the control path /http-invoke; what it carries is not documented.
func isPreStop(r *http.Request, control string) bool {
	return r.URL.Path == "/pre-stop" && control != "/http-invoke"
}

// mark prints a line by which the platform cuts its logs (fc.md §1.6).
func (s *Server) mark(what, id string) { fmt.Fprintf(s.out, "FC %s RequestId: %s\n", what, id) }

func (s *Server) end(what, id string, failed bool) {
	if failed {
		id += ", Error: Unhandled function error"
	}
	s.mark(what+" End", id)
}

func (s *Server) event(ctx context.Context, c *Context, w http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxPayload))
	out, err := s.work(ctx, c, payload, err)
	if err != nil {
		writeFailure(w, err)
		return
	}
	w.Header().Set("x-fc-status", "200")
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(out) // the caller is gone; nobody to tell
}

// work runs one event, between its markers, and logs its failure. errRead is why the payload could not be read. The result
// belongs to the caller.
func (s *Server) work(ctx context.Context, c *Context, payload []byte, errRead error) (out []byte, err error) {
	if errRead == nil && isPing(payload) { // leaves no mark: who looks for the last real run must not find a ping
		return s.ping(ctx)
	}
	s.mark("Invoke Start", c.RequestID)
	var stack string
	if errRead != nil {
		err = &soc.Error{Kind: soc.Invalid, Op: "read payload", Err: errRead}
	} else {
		out, stack, err = s.invoke(ctx, payload)
	}
	if err != nil {
		logFailure(ctx, c.Logger, err, stack)
	}
	s.end("Invoke", c.RequestID, err != nil)
	return out, err
}

// invoke calls the event handler and turns a panic into an error; the stack is for the log only.
func (s *Server) invoke(ctx context.Context, payload []byte) (out []byte, stack string, err error) {
	defer func() {
		if p := recover(); p != nil {
			stack = fmt.Sprintf("panic: %v\n%s", p, debug.Stack())
			err = errPanic
		}
	}()
	h, err := s.handlers(ctx)
	if err != nil {
		return nil, "", err
	}
	if h.Event == nil {
		return nil, "", &soc.Error{Kind: soc.Unsupported, Op: "invoke " + s.name, Err: errors.New("this function takes no events")}
	}
	out, err = h.Event.Invoke(ctx, payload)
	return out, "", err
}

var errPanic = &soc.Error{
	Kind: soc.Internal, Op: "run handler", Err: errors.New("handler panicked"),
	Next: "find the stack in the function's log by the request id",
}

// page hands a request of an HTTP trigger to the function's HTTP handler.
func (s *Server) page(ctx context.Context, c *Context, w http.ResponseWriter, r *http.Request) {
	s.mark("Invoke Start", c.RequestID)
	failed := true
	defer func() {
		if p := recover(); p != nil {
			logFailure(ctx, c.Logger, errPanic, fmt.Sprintf("panic: %v\n%s", p, debug.Stack()))
			http.Error(w, "internal error", http.StatusInternalServerError)
		}
		s.end("Invoke", c.RequestID, failed)
	}()
	h, err := s.handlers(ctx)
	if err == nil && h.HTTP == nil {
		err = &soc.Error{Kind: soc.Unsupported, Op: "serve " + s.name, Err: errors.New("this function serves no pages")}
	}
	if err != nil {
		logFailure(ctx, c.Logger, err, "")
		http.Error(w, "service unavailable", http.StatusServiceUnavailable)
		return
	}
	h.HTTP.ServeHTTP(w, r.WithContext(ctx))
	failed = false
}

func (s *Server) initialize(ctx context.Context, c *Context) error {
	s.mark("Initialize Start", c.RequestID)
	_, err := s.handlers(ctx)
	if err != nil {
		logFailure(ctx, c.Logger, err, "")
	}
	s.end("Initialize", c.RequestID, err != nil)
	return err
}

// preStop closes what the handlers hold, if they can be closed.
func (s *Server) preStop(c *Context) {
	s.mark("PreStop Start", c.RequestID)
	err := s.Close()
	if err != nil {
		logFailure(context.Background(), c.Logger, err, "")
	}
	s.end("PreStop", c.RequestID, err != nil)
}

// Close closes handlers that have a Close method. Requests that come later build anew.
func (s *Server) Close() error {
	s.mu.Lock()
	h := s.built
	s.built = nil
	s.mu.Unlock()
	if h == nil {
		return nil
	}
	var errs []error
	if c, ok := h.Event.(io.Closer); ok {
		errs = append(errs, c.Close())
	}
	if _, both := h.Event.(http.Handler); !both { // one value can serve events and pages
		if c, ok := h.HTTP.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// handlers returns the function's handlers, built by the first request that needs them. A failed build is tried again
// by the next request.
func (s *Server) handlers(ctx context.Context) (h *Handlers, err error) {
	if h := s.current(); h != nil {
		return h, nil
	}
	select {
	case s.building <- struct{}{}:
		defer func() { <-s.building }()
	case <-ctx.Done():
		return nil, &soc.Error{Kind: soc.Timeout, Op: "build " + s.name, Err: context.Cause(ctx)}
	}
	if h := s.current(); h != nil {
		return h, nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = &soc.Error{Kind: soc.Internal, Op: "build " + s.name, Err: fmt.Errorf("panic: %v", p)}
		}
	}()
	built, err := s.build(ctx)
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", s.name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.built = &built
	return s.built, nil
}

func (s *Server) current() *Handlers {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.built
}
