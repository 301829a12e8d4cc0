package conformance

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/clock"
	"github.com/fenghuo-soc/fenghuo/emulator/faults"
	emulated "github.com/fenghuo-soc/fenghuo/emulator/sls"
	"github.com/fenghuo-soc/fenghuo/shared/sls"
)

const (
	account   = "1100000000000003"
	keyID     = "conformance"
	secret    = "secret-of-conformance"
	token     = "token-of-conformance"
	serveMode = "FENGHUO_CONFORMANCE_SERVE"
)

// everybody knows one key that may do everything but what deny names.
type everybody struct{ deny string }

func (everybody) Credential(id string) (auth.Credential, bool) {
	return auth.Credential{Secret: secret, Token: token, Active: true, Expires: time.Now().Add(1000 * time.Hour), Caller: auth.Caller{
		Type: auth.Role, AccountID: account, Name: "tester", ARN: "acs:ram::" + account + ":role/tester/s", AccessKeyID: id,
	}}, id == keyID
}

func (e everybody) Authorize(_ context.Context, r auth.Request) auth.Decision {
	if r.Action == e.deny {
		return auth.Decision{Detail: &auth.Denial{AuthAction: r.Action, NoPermissionType: "ImplicitDeny", Resource: r.Resource}}
	}
	return auth.Decision{Allowed: true}
}

type world struct {
	service *emulated.Service
	server  *httptest.Server
	clock   *clock.Clock
	client  *sls.Client

	mu      sync.Mutex
	refused string // part of the path and query of the call that is refused; "" = none
	answer  faults.Answer
}

// start runs the emulator and a client of it, both of which may be configured.
func start(t testing.TB, service func(*emulated.Options), client func(*sls.Config)) *world {
	t.Helper()
	w := &world{clock: clock.Standing(time.Now())}
	o := emulated.Options{Credentials: everybody{}, Authorizer: everybody{}, Clock: w.clock.Now}
	if service != nil {
		service(&o)
	}
	w.service = emulated.New(o)
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		if w.refused != "" && strings.Contains(r.URL.RequestURI(), w.refused) {
			r = r.WithContext(faults.WithRefusal(r.Context(), w.answer))
			w.refused = ""
		}
		w.mu.Unlock()
		w.service.ServeHTTP(rw, r)
	}))
	t.Cleanup(w.server.Close)
	c := config(w.server.URL)
	c.Now = w.clock.Now
	if client != nil {
		client(&c)
	}
	w.client = sls.New(c)
	return w
}

func config(url string) sls.Config {
	return sls.Config{
		Endpoint: url, Region: "cn-hangzhou", Account: account,
		Credentials: func(context.Context) (sls.Credentials, error) {
			return sls.Credentials{AccessKeyID: keyID, AccessKeySecret: secret, SecurityToken: token}, nil
		},
	}
}

// refuseOne makes the next call whose path and query contain part answer an error.
func (w *world) refuseOne(part string, a faults.Answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refused, w.answer = part, a
}

// logs makes project "shop-logs" with a Logstore of n shards.
func (w *world) logs(t testing.TB, n int) *sls.Project {
	t.Helper()
	if err := w.service.Seed(account, "shop-logs", "audit", n, emulated.LogstoreConfig{}); err != nil {
		t.Fatal(err)
	}
	return w.client.Project("shop-logs")
}

// TestMain is also the emulator of the benchmarks, in a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv(serveMode) != "" {
		s := emulated.New(emulated.Options{Credentials: everybody{}, Authorizer: everybody{}})
		if err := s.Seed(account, "shop-logs", "audit", 1, emulated.LogstoreConfig{}); err != nil {
			panic(err)
		}
		if err := s.Seed(account, "shop-logs", "idle", 1, emulated.LogstoreConfig{}); err != nil {
			panic(err)
		}
		fmt.Println(httptest.NewServer(s).URL)
		_, _ = bufio.NewReader(os.Stdin).ReadByte() // until the benchmark ends
		return
	}
	os.Exit(m.Run())
}

// remote runs the emulator as another process and returns its address.
func remote(b *testing.B) string {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), self)
	cmd.Env = append(os.Environ(), serveMode+"=1", "GOMAXPROCS=1") // what one core of the emulator serves
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait() // the context may have ended it
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(line)
}

type dialer func(ctx context.Context, network, address string) (net.Conn, error)

func (c *counting) dial(next dialer) dialer {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c.opened.Add(1)
		return next(ctx, network, address)
	}
}
