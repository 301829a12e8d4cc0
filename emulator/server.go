package emulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/cloudflow"
	"github.com/fenghuo-soc/fenghuo/emulator/directory"
	"github.com/fenghuo-soc/fenghuo/emulator/faults"
	"github.com/fenghuo-soc/fenghuo/emulator/fc"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
	"github.com/fenghuo-soc/fenghuo/emulator/iam"
	"github.com/fenghuo-soc/fenghuo/emulator/oss"
	"github.com/fenghuo-soc/fenghuo/emulator/products"
	"github.com/fenghuo-soc/fenghuo/emulator/record"
	"github.com/fenghuo-soc/fenghuo/emulator/ros"
	"github.com/fenghuo-soc/fenghuo/emulator/sls"
)

// Options configure a [Server].
type Options struct {
	World  World
	Listen string // host:port on loopback; port 0 takes a free one. Default 127.0.0.1:0
	// Dir is where the code of functions is unpacked. It is removed by Close. Default: a new temporary directory.
	Dir string
	// Env is added to the environment of every function instance.
	Env map[string]string
	// Faults is what goes wrong on purpose, from the first call on. More can be added with [Server.Faults].
	Faults faults.Plan
	// StackInstanceTime is how long an operation on a stack group takes for each instance. 0 is as fast as it can.
	StackInstanceTime time.Duration
}

// Server is a running emulator. All methods are safe for concurrent use.
type Server struct {
	world    World
	endpoint string
	host     string // host:port
	operator map[string]Keys
	users    map[string]Keys // account/user
	dir      string

	http     *http.Server
	gateway  *gateway.Gateway
	iam      *iam.Service
	rd       *directory.Service
	sls      *sls.Service
	fc       *fc.Service
	flow     *cloudflow.Service
	products *products.Service
	stacks   *ros.Service
	oss      *oss.Service
	calls    *record.Log
	faults   *faults.Injector
	front    *front

	serving sync.WaitGroup
}

// Keys are the long-term keys of an account's operator, a RAM user with AdministratorAccess.
type Keys struct{ AccessKeyID, AccessKeySecret string }

// Start builds the world and serves it until Close.
func Start(o Options) (*Server, error) {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	l, err := listen(o.Listen)
	if err != nil {
		return nil, err
	}
	s := &Server{world: o.World, host: l.Addr().String(), operator: map[string]Keys{}, users: map[string]Keys{}}
	s.endpoint = "http://" + s.host
	if err := s.build(o); err != nil {
		l.Close()
		return nil, errors.Join(err, s.Close(context.Background()))
	}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	s.serving.Go(func() { _ = s.http.Serve(l) }) // ends with ErrServerClosed when Close is called
	return s, nil
}

// listen refuses addresses that others could reach: the emulator hands out credentials to whoever asks.
func listen(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen address %q: want host:port, such as 127.0.0.1:8420", address)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("listen address %q is not on loopback: the emulator must not be reachable from other machines", address)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w; choose another port, or 0 for a free one", address, cause(err))
	}
	return l, nil
}

// cause is the innermost system error, without Go's words around it.
func cause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		var sys *os.SyscallError
		if errors.As(op.Err, &sys) {
			return sys.Err
		}
		return op.Err
	}
	return err
}

func (s *Server) build(o Options) error {
	var err error
	if s.dir = o.Dir; s.dir == "" {
		if s.dir, err = os.MkdirTemp("", "fenghuo-emulator-"); err != nil {
			return fmt.Errorf("make work directory: %w", err)
		}
	}
	s.iam = iam.New(s.identityOptions())
	s.calls = record.New(nil)
	s.faults, err = faults.New(o.Faults, faults.Hooks{
		Split: func(r *http.Request) error { return s.sls.SplitAt(r) },
		Kill:  func(account, function string) int { return s.fc.Kill(account, function) },
	})
	if err != nil {
		return err
	}
	credentials, authorizer := s.faults.Credentials(s.iam), s.calls.Authorizer(s.iam)
	s.gateway = gateway.New(gateway.Options{Credentials: credentials, Authorizer: authorizer})
	s.sls = sls.New(o.World.LogService.options(sls.Options{Credentials: credentials, Authorizer: authorizer, Region: o.World.Region, BaseHosts: []string{"sls.test"}}))
	s.fc, err = fc.New(fc.Options{
		Auth: fc.FromGateway(s.gateway, authorizer), Roles: s.iam, Region: o.World.Region, Dir: s.dir,
		Logs: logSource{s.sls}, Sink: s.sls, LogEndpoint: s.endpoint, Env: o.Env, Again: s.faults.Duplicate,
		Objects: objects{s},
	})
	if err != nil {
		return fmt.Errorf("start Function Compute: %w", err)
	}
	s.flow = cloudflow.New(cloudflow.Options{
		Region: o.World.Region, Invoker: invoker{s.fc}, Roles: s.iam, Authorizer: authorizer,
		Cron: func(text string) (cloudflow.Schedule, error) { return fc.ParseSchedule(text) }, HTTP: &http.Client{Timeout: time.Minute},
		API: flowAPI{s.gateway},
	})
	s.rd = directory.New(s.directoryOptions())
	s.products = products.New(products.Options{})
	s.oss = oss.New(oss.Options{Credentials: credentials, Authorizer: authorizer, Region: o.World.Region, Changed: func(c oss.Change) {
		s.fc.ObjectChanged(fc.ObjectEvent{
			Account: c.Account, Bucket: c.Bucket, Key: c.Key, Name: c.Event, ETag: c.ETag, Size: c.Size, Delta: c.Delta,
			RequestID: c.RequestID, Principal: c.Principal, SourceIP: c.SourceIP, At: c.At,
		})
	}})
	s.stacks = ros.New(ros.Options{Invoker: s.gateway, Logs: stackLogs{s.sls}, Roles: s.iam, Directory: s.rd, InstanceTime: o.StackInstanceTime})
	for _, r := range []interface{ Register(*gateway.Gateway) }{s.iam, s.rd, s.flow, s.products, s.stacks} {
		r.Register(s.gateway)
	}
	s.front = newFront(s)
	return s.seed()
}

// Close stops every function, flow and the listener, and removes the work directory.
func (s *Server) Close(ctx context.Context) error {
	var errs []error
	if s.stacks != nil {
		s.stacks.Close()
	}
	if s.flow != nil {
		s.flow.Close()
	}
	if s.fc != nil {
		errs = append(errs, s.fc.Close(ctx))
	}
	if s.http != nil {
		errs = append(errs, s.http.Close())
		s.serving.Wait()
	}
	if s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}

// Endpoint is the base address of everything: http://127.0.0.1:<port>.
func (s *Server) Endpoint() string { return s.endpoint }

// World is what the server was started with.
func (s *Server) World() World { return s.world }

// Operator returns the keys of an account's operator.
func (s *Server) Operator(uid string) Keys { return s.operator[uid] }

// User returns the keys of a RAM user that the world names.
func (s *Server) User(uid, name string) Keys { return s.users[uid+"/"+name] }

// IAM, SLS, FC, Flows, Products and Gateway give tests and the demo a look inside. Product code has none of them.
func (s *Server) IAM() *iam.Service { return s.iam }

// Directory is the resource directory.
func (s *Server) Directory() *directory.Service { return s.rd }

// SLS is the Log Service.
func (s *Server) SLS() *sls.Service { return s.sls }

// FC is Function Compute.
func (s *Server) FC() *fc.Service { return s.fc }

// Flows is CloudFlow.
func (s *Server) Flows() *cloudflow.Service { return s.flow }

// Stacks is Resource Orchestration Service.
func (s *Server) Stacks() *ros.Service { return s.stacks }

// OSS has the buckets.
func (s *Server) OSS() *oss.Service { return s.oss }

// Products are WAF, Cloud Firewall, security groups of ECS, and alert events of Security Center.
func (s *Server) Products() *products.Service { return s.products }

// Calls is the record of all calls and permissions.
func (s *Server) Calls() *record.Log { return s.calls }

// Faults is what goes wrong on purpose.
func (s *Server) Faults() *faults.Injector { return s.faults }

// Gateway serves the RPC operations.
func (s *Server) Gateway() *gateway.Gateway { return s.gateway }

// ServeHTTP finds the service that a request is addressed to, records the call and lets faults strike it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/_emulator/") {
		s.serveOwn(w, r)
		return
	}
	s.front.ServeHTTP(w, r)
}

// forLogService tells a request to the Log Service from one to the RPC gateway. Every client of the Log Service sends
// its version header; web tracking, which is unsigned, is known by its path.
func forLogService(r *http.Request) bool {
	a := r.Header.Get("Authorization")
	return r.Header.Get("x-log-apiversion") != "" || strings.HasPrefix(a, "LOG ") || strings.HasPrefix(a, "SLS4-HMAC-SHA256") ||
		strings.HasPrefix(r.URL.Path, "/logstores")
}
