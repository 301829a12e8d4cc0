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

	"github.com/fenghuo-soc/fenghuo/emulator/clock"
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
	"github.com/fenghuo-soc/fenghuo/emulator/traffic"
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
	// Snapshot is what [Server.Snapshot] returned: the cloud begins with that state instead of World's.
	Snapshot []byte
}

// Server is a running emulator. All methods are safe for concurrent use.
type Server struct {
	options  Options
	endpoint string
	host     string // host:port

	http    *http.Server
	serving sync.WaitGroup
	gate    gate

	mu      sync.RWMutex
	current *cloud
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
	s := &Server{options: o, host: l.Addr().String()}
	s.endpoint = "http://" + s.host
	s.options.Snapshot = nil // a reset begins with the world
	fill := (*cloud).seed
	if o.Snapshot != nil {
		o, fill, err = restored(o, o.Snapshot)
	}
	if err == nil {
		s.current, err = newCloud(o, s.host, fill)
	}
	if err != nil {
		l.Close()
		return nil, err
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

// Close stops every function, flow and the listener, and removes the work directory.
func (s *Server) Close(ctx context.Context) error {
	err := s.cloud().close(ctx)
	err = errors.Join(err, s.http.Close())
	s.serving.Wait()
	return err
}

// cloud is what is served at present; [Server.Reset] and [Server.Restore] replace it.
func (s *Server) cloud() *cloud {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.current
}

// Endpoint is the base address of everything: http://127.0.0.1:<port>.
func (s *Server) Endpoint() string { return s.endpoint }

// World is what the server was started with.
func (s *Server) World() World { return s.cloud().world }

// Operator returns the keys of an account's operator.
func (s *Server) Operator(uid string) Keys { return s.cloud().operator[uid] }

// User returns the keys of a RAM user that the world names.
func (s *Server) User(uid, name string) Keys { return s.cloud().user(uid, name) }

// Root returns the keys of an account itself, which the world asks for with root_key; empty when it does not.
func (s *Server) Root(uid string) Keys { return s.cloud().root[uid] }

// Info describes the running emulator.
func (s *Server) Info() Info { return s.cloud().info() }

// Traffic makes logs for the members of the world, which must be those of the seed: a shop, payments and data.
func (s *Server) Traffic(seed uint64) *traffic.Generator { return s.cloud().traffic(seed) }

// TriggerHost returns the host name under which a function's HTTP trigger is served as at a custom domain, "" when it has
// none. Requests with that Host sent to the endpoint reach the function.
func (s *Server) TriggerHost(account, function string) string {
	return s.cloud().triggerHost(account, function)
}

// Clock is the time of the cloud.
func (s *Server) Clock() *clock.Clock { return s.cloud().clock }

// IAM, SLS, FC, Flows, Products and Gateway give tests and the demo a look inside. Product code has none of them. After a
// reset they are others.
func (s *Server) IAM() *iam.Service { return s.cloud().iam }

// Directory is the resource directory.
func (s *Server) Directory() *directory.Service { return s.cloud().rd }

// SLS is the Log Service.
func (s *Server) SLS() *sls.Service { return s.cloud().sls }

// FC is Function Compute.
func (s *Server) FC() *fc.Service { return s.cloud().fc }

// Flows is CloudFlow.
func (s *Server) Flows() *cloudflow.Service { return s.cloud().flow }

// Stacks is Resource Orchestration Service.
func (s *Server) Stacks() *ros.Service { return s.cloud().stacks }

// OSS has the buckets.
func (s *Server) OSS() *oss.Service { return s.cloud().oss }

// Products are WAF, Cloud Firewall, security groups of ECS, and alert events of Security Center.
func (s *Server) Products() *products.Service { return s.cloud().products }

// Calls is the record of all calls and permissions.
func (s *Server) Calls() *record.Log { return s.cloud().calls }

// Faults is what goes wrong on purpose.
func (s *Server) Faults() *faults.Injector { return s.cloud().faults }

// Gateway serves the RPC operations.
func (s *Server) Gateway() *gateway.Gateway { return s.cloud().gateway }

// ServeHTTP finds the service that a request is addressed to, records the call and lets faults strike it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/_emulator/") {
		s.serveOwn(w, r)
		return
	}
	if !s.gate.enter(r.Context()) {
		return // the client went away while a snapshot was taken
	}
	defer s.gate.leave()
	s.cloud().front.ServeHTTP(w, r)
}

// forLogService tells a request to the Log Service from one to the RPC gateway. Every client of the Log Service sends
// its version header; web tracking, which is unsigned, is known by its path.
func forLogService(r *http.Request) bool {
	a := r.Header.Get("Authorization")
	return r.Header.Get("x-log-apiversion") != "" || strings.HasPrefix(a, "LOG ") || strings.HasPrefix(a, "SLS4-HMAC-SHA256") ||
		strings.HasPrefix(r.URL.Path, "/logstores")
}
