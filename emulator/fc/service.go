package fc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// Auth answers who calls and whether they may. [FromGateway] makes one of the emulator's gateway.
type Auth interface {
	// Authenticate verifies the ACS3 signature. An *Error is reported as it is; any other error as 403 AccessDenied.
	Authenticate(r *http.Request, body []byte) (auth.Caller, error)
	// Authorize evaluates the policies.
	Authorize(ctx context.Context, req auth.Request) auth.Decision
}

// LogSource is what log triggers read. Positions are the decimal numbers behind cursors.
type LogSource interface {
	// Shards lists the shards of a Logstore.
	Shards(project, logstore string) ([]int, error)
	// Begin is the position of the first log group received at or after since; the zero time means the oldest.
	Begin(project, logstore string, shard int, since time.Time) (int64, error)
	// End is the position after the newest log group, and when that group was received.
	End(project, logstore string, shard int) (pos int64, lastReceive time.Time, err error)
}

// LogSink takes function logs and trigger logs. raw is one serialized LogGroup; at is the receive time.
type LogSink interface {
	Append(account, project, logstore string, raw []byte, at time.Time) error
}

// Limits bound what the emulator starts. A zero field takes the default.
type Limits struct {
	InstancesPerFunction int           // 20
	InstancesPerAccount  int           // 100, the default of the cloud per region (fc.md §4.4)
	AsyncQueue           int           // 10000 waiting or running asynchronous invocations per account
	Idle                 time.Duration // 5 min on the service clock; then an idle instance is stopped
	StartTimeout         time.Duration // 120 s (fc.md §1.1)
	StopGrace            time.Duration // 3 s between SIGTERM and SIGKILL
	RetryBase            time.Duration // 500 ms; the first wait before a retry, doubled each time (fc.md §4.3)
	RoleRefresh          time.Duration // 30 s on the service clock; how long an assumed role is used before it is asked for again
}

// Options configure a Service. Auth, Roles and Dir are required.
type Options struct {
	Auth   Auth
	Roles  auth.RoleAssumer
	Clock  func() time.Time // default time.Now; triggers follow it
	Region string           // default cn-hangzhou
	Dir    string           // directory for code and instances, created if absent; emptied of what was made by Close
	Logs   LogSource        // nil: log triggers are refused
	Sink   LogSink          // nil: logs are kept in memory only
	// Objects is where OSS triggers and packages in buckets look. nil: both are refused.
	Objects Objects
	// LogEndpoint overrides source.endpoint of log trigger events.
	LogEndpoint string
	Limits      Limits
	// Env is added to the environment of every instance; the variables of the function win.
	Env map[string]string
	// Poll is how often the clock is looked at in real time; default 100 ms, negative never (call [Service.Tick]).
	Poll time.Duration
	// FailOnStatus counts an answer with status >= 400 and no x-fc-status as a failure (fc.md §1.5).
	FailOnStatus bool
	// NoFreeze lets idle instances run on. By default they are frozen where the system can do that.
	NoFreeze bool
	// Again tells whether the trigger event that was just delivered to a function is delivered once more; nil: never.
	Again func(account, function string) bool
}

// Service is the emulated Function Compute. It is safe for concurrent use.
type Service struct {
	o     Options
	spawn chan spawnRequest
	ctx   context.Context // of the service's life
	stop  context.CancelFunc
	hard  context.Context // ends when Close has waited long enough: what still runs is killed
	kill  context.CancelFunc
	work  sync.WaitGroup // everything that runs in the background
	done  sync.Once

	mu       sync.Mutex
	closed   bool
	accounts map[string]*account
	urls     map[string]*trigger // by id of the URL
	domains  map[string]*Domain  // by name
	faults   []Fault
	// downloads are the addresses of packages that were handed out.
	downloads []codeURL
	// instances are all that may have a process, also those of deleted functions.
	instances map[*instance]struct{}
}

type account struct {
	id        string
	functions map[string]*function
	instances int
	async     int
	roles     map[string]assumedRole
}

// New starts a Service.
func New(o Options) (*Service, error) {
	if o.Auth == nil || o.Roles == nil || o.Dir == "" {
		return nil, errors.New("fc: Auth, Roles and Dir are required")
	}
	setDefaults(&o)
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("work directory: %w", err)
	}
	o.Dir = filepath.Join(dir, "fc-"+hexID(4))
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("create work directory: %w", err)
	}
	s := &Service{o: o, accounts: map[string]*account{}, urls: map[string]*trigger{}, domains: map[string]*Domain{}, instances: map[*instance]struct{}{}, spawn: make(chan spawnRequest)}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.hard, s.kill = context.WithCancel(context.Background())
	go s.spawner()
	if o.Poll > 0 {
		s.work.Go(s.poll)
	}
	return s, nil
}

func setDefaults(o *Options) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Region == "" {
		o.Region = "cn-hangzhou"
	}
	if o.Poll == 0 {
		o.Poll = 100 * time.Millisecond
	}
	l := &o.Limits
	l.InstancesPerFunction = orDefault(l.InstancesPerFunction, 20)
	l.InstancesPerAccount = orDefault(l.InstancesPerAccount, 100)
	l.AsyncQueue = orDefault(l.AsyncQueue, 10_000)
	l.Idle = orDefault(l.Idle, 5*time.Minute)
	l.StartTimeout = orDefault(l.StartTimeout, 120*time.Second)
	l.StopGrace = orDefault(l.StopGrace, 3*time.Second)
	l.RetryBase = orDefault(l.RetryBase, 500*time.Millisecond)
	l.RoleRefresh = orDefault(l.RoleRefresh, 30*time.Second)
}

func orDefault[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

// spawner starts every process on one locked thread, because a parent-death signal follows the thread, not the process.
func (s *Service) spawner() {
	runtime.LockOSThread()
	for req := range s.spawn {
		req.started <- req.cmd.Start()
	}
}

func (s *Service) poll() {
	tick := time.NewTicker(s.o.Poll)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
			s.Tick()
		}
	}
}

// Tick looks at the clock once: it fires due timers and log triggers, stops idle instances and delivers logs. It does
// not wait for what it started. The Service calls it by itself unless Options.Poll is negative.
func (s *Service) Tick() {
	now := s.o.Clock()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	fns := s.allFunctions()
	for _, f := range fns {
		s.fireTimers(f, now)
		s.stopIdle(f, now)
		s.keepProvisioned(f, now)
	}
	s.mu.Unlock()
	for _, f := range fns {
		s.fireLogTriggers(f, now)
		s.flushLogs(f)
	}
}

// allFunctions needs s.mu.
func (s *Service) allFunctions() []*function {
	var fns []*function
	for _, a := range s.accounts {
		for _, f := range a.functions {
			fns = append(fns, f)
		}
	}
	return fns
}

// background runs fn unless the service is closed; Close waits for it.
func (s *Service) background(fn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.backgroundLocked(fn)
}

// backgroundLocked is background for callers that hold s.mu.
func (s *Service) backgroundLocked(fn func()) {
	if !s.closed {
		s.work.Go(fn)
	}
}

// Close stops triggers and asynchronous work, shuts every instance down (pre-stop, SIGTERM, SIGKILL) and removes all
// files. What still runs when ctx ends is killed at once. Close may be called more than once.
func (s *Service) Close(ctx context.Context) error {
	var err error
	s.done.Do(func() {
		defer s.kill()
		defer context.AfterFunc(ctx, s.kill)()
		s.mu.Lock()
		s.closed = true
		var stops sync.WaitGroup
		for in := range s.instances {
			stops.Go(func() { s.shutdown(s.hard, in) })
		}
		fns := s.allFunctions()
		s.mu.Unlock()
		s.stop()
		stops.Wait()
		s.work.Wait()
		close(s.spawn)
		for _, f := range fns {
			s.flushLogs(f)
		}
		err = os.RemoveAll(s.o.Dir)
	})
	return err
}

// Functions lists the functions of an account by name.
func (s *Service) Functions(accountID string) []Function {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[accountID]
	if a == nil {
		return nil
	}
	out := make([]Function, 0, len(a.functions))
	for _, f := range a.functions {
		out = append(out, f.view(f.current))
	}
	sort.Slice(out, func(i, j int) bool { return out[i].FunctionName < out[j].FunctionName })
	return out
}

// Kill kills the processes of a function at once, as a crash would, and tells how many there were.
func (s *Service) Kill(accountID, name string) int {
	s.mu.Lock()
	var victims []*instance
	if f := s.lookup(accountID, name); f != nil {
		victims = f.allInstances()
	}
	s.mu.Unlock()
	n := 0
	for _, in := range victims {
		if in.kill() {
			n++
		}
	}
	return n
}

// lookup needs s.mu.
func (s *Service) lookup(accountID, name string) *function {
	if a := s.accounts[accountID]; a != nil {
		return a.functions[name]
	}
	return nil
}

// accountOf needs s.mu and makes the account on first use.
func (s *Service) accountOf(id string) *account {
	a := s.accounts[id]
	if a == nil {
		a = &account{id: id, functions: map[string]*function{}, roles: map[string]assumedRole{}}
		s.accounts[id] = a
	}
	return a
}

func (s *Service) functionARN(accountID, name string) string {
	return "acs:fc:" + s.o.Region + ":" + accountID + ":functions/" + name
}
