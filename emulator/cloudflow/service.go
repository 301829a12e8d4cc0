package cloudflow

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/clock"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// Options are what a service needs. All but Clock and Sleep are required; the two are the time of Wait states, of pauses
// before retries and of schedules. Time limits of tasks and executions are judged by the wall clock, on which functions run.
type Options struct {
	Region     string
	Invoker    Invoker
	Roles      auth.RoleAssumer
	Authorizer auth.Authorizer // asked when a flow starts another one
	Clock      func() time.Time
	Sleep      func(ctx context.Context, d time.Duration) bool // false when ctx ended before
	Cron       func(expression string) (Schedule, error)       // nil: schedules are refused
	HTTP       *http.Client                                    // of HTTP:Request; nil: such tasks fail
	API        API                                             // of OpenAPI actions; nil: flows with such tasks are refused
	Poll       time.Duration                                   // how often the clock is looked at for schedules; default 100 ms, negative never (call [Service.Tick])
	Assume     Assumptions                                     // what the documentation leaves open
	// Sequential runs branches and iterations one after the other, so that two runs with the same answers have the same
	// history.
	Sequential bool
}

// Service keeps flows and executions. It is safe for concurrent use.
type Service struct {
	region     string
	invoker    Invoker
	roles      auth.RoleAssumer
	authorizer auth.Authorizer
	clock      func() time.Time
	sleep      func(context.Context, time.Duration) bool
	cron       func(string) (Schedule, error)
	http       *http.Client
	products   API
	assume     *Assumptions
	sequential bool

	ctx    context.Context //nolint:containedctx // the life of the service: executions outlive the calls that start them
	cancel context.CancelFunc
	wg     sync.WaitGroup

	most int // executions of an account that may run at once

	mu      sync.Mutex
	flows   map[string]*flow // account/name
	tokens  map[string]*waiting
	running map[string]int // executions by account
}

// maxRunning is how many standard executions of an account may run at once (documented limit).
const maxRunning = 10_000

// flow is one flow of an account. Its fields are replaced, never changed, by an update.
type flow struct {
	account, id, name, typ, text, description, roleARN, mode string
	def                                                      *Definition
	environment, resourceGroup                               string
	created, modified                                        time.Time
	executions                                               map[string]*execution
	order                                                    []string
	versions                                                 []*version
	lastVersion                                              int
	aliases                                                  map[string]*alias
	schedules                                                map[string]*schedule
}

type execution struct {
	service   *Service
	account   string
	flow      *flow
	def       *Definition
	text      string
	roleARN   string
	qualifier string
	// environment is that of the flow at the start, as the definition is.
	environment *environment
	name        string
	requestID   string
	input       string
	start       map[string]any
	express     bool
	cancel      context.CancelFunc
	done        chan struct{}
	deleted     atomic.Bool // the flow is gone: no further state begins

	mu               sync.Mutex
	status, output   string
	code, detail     string
	started, stopped time.Time
	stopping         bool
	events           []Event
	global           map[string]any
}

// New returns an empty service. Close it.
func New(o Options) *Service {
	s := &Service{
		region: o.Region, invoker: o.Invoker, roles: o.Roles, authorizer: o.Authorizer, clock: o.Clock,
		cron: o.Cron, http: o.HTTP, products: o.API, assume: o.Assume.withDefaults(), sequential: o.Sequential,
		flows: map[string]*flow{}, tokens: map[string]*waiting{}, running: map[string]int{}, most: maxRunning,
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.sleep = o.Sleep; s.sleep == nil {
		s.sleep = (*clock.Clock)(nil).Sleep
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if o.Cron != nil && o.Poll >= 0 {
		if o.Poll == 0 {
			o.Poll = 100 * time.Millisecond
		}
		s.wg.Go(func() { s.poll(o.Poll) })
	}
	return s
}

// Close stops every execution and waits until they have ended.
func (s *Service) Close() {
	s.cancel()
	s.wg.Wait()
}

var nameRule = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,127}$`)

func invalid(format string, args ...any) *gateway.Error {
	return gateway.Errorf(400, "InvalidArgument", format, args...)
}

func (s *Service) flow(account, name string) (*flow, *gateway.Error) {
	f := s.flows[account+"/"+name]
	if f == nil {
		return nil, gateway.Errorf(404, "FlowNotExists", "Flow '%s' does not exist", name)
	}
	return f, nil
}

func (s *Service) compile(name, text, mode string) (*Definition, *gateway.Error) {
	d, problems := Parse(text)
	if len(problems) == 0 {
		problems = slices.Concat(d.check(nil, s.assume), d.CheckMode(mode), s.checkActions(d))
	}
	if len(problems) > 0 {
		msg := "the definition is not valid"
		for i, p := range problems {
			if i == 5 {
				msg += fmt.Sprintf("; and %d more", len(problems)-i)
				break
			}
			msg += "; " + p.Error()
		}
		return nil, invalid("%s", msg)
	}
	if d.Name != name { // documented: the two must be equal
		return nil, invalid("the definition is named %q and the flow %q; they must be equal", d.Name, name)
	}
	return d, nil
}

// startAs starts an execution for a caller that must be allowed to.
func (s *Service) startAs(ctx context.Context, caller auth.Caller, account, flow, name, input string) (*execution, *gateway.Error) {
	d := s.authorizer.Authorize(ctx, auth.Request{Caller: caller, Action: "fnf:StartExecution", Resource: s.flowARN(account, flow)})
	if !d.Allowed {
		return nil, gateway.Errorf(403, "AccessDenied", "%s may not do fnf:StartExecution on %s", caller.ARN, s.flowARN(account, flow))
	}
	return s.start(startOptions{account: account, flow: flow, name: name, input: input})
}

func (s *Service) flowARN(account, name string) string {
	return "acs:fnf:" + s.region + ":" + account + ":flow/" + name
}

// startOptions are how an execution is started.
type startOptions struct {
	account, flow, name, input string
	qualifier                  string // version or alias; "" or LATEST is the flow itself
	token                      string // of a task that waits for the end of the execution
	express                    bool
}

// start starts an execution, or returns the running one of that name.
//
// Assumption: the running one is the answer also when its input is another; the name of one that has ended is never
// free again; a flow without Timeout has the maximum of its mode.
func (s *Service) start(o startOptions) (*execution, *gateway.Error) {
	account, flowName, name, input, express := o.account, o.flow, o.name, o.input, o.express
	if input == "" {
		input = "{}"
	}
	in, err := decodeObject(input)
	if err != nil {
		return nil, invalid("Input must be a JSON object: %v", err)
	}
	if len(input) > maxData {
		return nil, gateway.Errorf(400, "EntityTooLarge", "Input has %d bytes; 64 KiB are allowed", len(input))
	}
	if name == "" {
		name = uuid.NewString()
	} else if !nameRule.MatchString(name) {
		return nil, invalid("execution name %q: a letter or _ first, then letters, digits, _ and -, at most 128", name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, gerr := s.flow(account, flowName)
	if gerr != nil {
		return nil, gerr
	}
	if (f.mode == "Express") != express {
		return nil, gateway.Errorf(400, "ActionNotSupported", "the execution mode of flow %s is %s", flowName, f.mode)
	}
	body, gerr := s.body(f, o.qualifier)
	if gerr != nil {
		return nil, gerr
	}
	if express {
		name += ":" + uuid.NewString()
	}
	if x := f.executions[name]; x != nil {
		if x.ended() {
			return nil, gateway.Errorf(400, "ExecutionAlreadyExists", "Execution '%s' of flow '%s' already exists", name, flowName)
		}
		return x, nil
	}
	if !express && s.running[account] >= s.most {
		return nil, tooManyExecutions(s.most)
	}
	if !express {
		s.running[account]++
	}
	x := &execution{
		service: s, account: account, flow: f, def: body.def, text: body.text, roleARN: body.roleARN, qualifier: o.qualifier, name: name,
		requestID: gateway.NewRequestID(), input: input, start: in, express: express, done: make(chan struct{}),
		status: "Starting", started: s.clock(), global: map[string]any{},
	}
	x.environment, _ = parseEnvironment(f.environment) // it was checked when it came in
	f.executions[name] = x
	f.order = append(f.order, name)
	limit := 365 * 24 * time.Hour
	if express {
		limit = 5 * time.Minute
	}
	if t := time.Duration(x.def.Timeout) * time.Second; t > 0 {
		limit = min(limit, t)
	}
	ctx, cancel := context.WithTimeout(s.ctx, limit)
	x.cancel = cancel
	s.wg.Go(func() {
		x.run(ctx)
		if !express {
			s.mu.Lock()
			s.running[account]--
			s.mu.Unlock()
		}
		if o.token != "" {
			s.reportEnd(x, o.token)
		}
	})
	return x, nil
}

// tooManyExecutions is the answer to one execution more than may run at once. Assumption: the code and status; the table
// of codes is known up to the letter P only.
func tooManyExecutions(most int) *gateway.Error {
	return gateway.Errorf(429, "QuotaExceeded", "%d executions of the account run: no more are allowed", most)
}

func (x *execution) run(ctx context.Context) {
	defer close(x.done)
	defer x.cancel()
	t := &trail{x: x}
	t.event("ExecutionStarted", "", nil)
	x.set("Running", "")
	out, err := x.scope(ctx, t, &x.def.Scope, x.start)
	x.mu.Lock()
	stopping, code, detail := x.stopping, x.code, x.detail
	x.mu.Unlock()
	switch {
	case err == nil:
		b, merr := encode(out)
		if merr != nil {
			b = []byte("{}")
		}
		t.event("ExecutionSucceeded", "", nil)
		x.set("Succeeded", string(b))
	case stopping:
		t.event("ExecutionStopped", "", map[string]any{"code": code, "detail": detail})
		x.set("Stopped", "")
	case ctx.Err() == context.DeadlineExceeded:
		t.event("ExecutionTimedOut", "", nil)
		x.set("TimedOut", "")
	default:
		x.mu.Lock()
		x.code, x.detail = err.code, err.detail
		x.mu.Unlock()
		t.event("ExecutionFailed", "", map[string]any{"code": err.code, "detail": err.detail})
		output := ""
		if o := x.service.assume.FailedOutput(err.output); o != nil {
			if b, merr := encode(o); merr == nil {
				output = string(b)
			}
		}
		x.set("Failed", output)
	}
}

func (x *execution) set(status, output string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.status, x.output = status, output
	if status != "Running" {
		x.stopped = x.service.clock()
	}
}

func (x *execution) ended() bool {
	select {
	case <-x.done:
		return true
	default:
		return false
	}
}

// Executions returns the names of the executions of a flow, oldest first.
func (s *Service) Executions(account, flowName string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.flows[account+"/"+flowName]; f != nil {
		return slices.Clone(f.order)
	}
	return nil
}

// Flows returns the names of the flows of an account, sorted.
func (s *Service) Flows(account string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, f := range s.flows {
		if f.account == account {
			out = append(out, f.name)
		}
	}
	slices.Sort(out)
	return out
}

// encode writes JSON with < > and & as they are, so that limits count what a caller sees.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func decode(b []byte) (any, error) {
	var v any
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("text after the JSON value")
	}
	return v, nil
}

func decodeObject(s string) (map[string]any, error) {
	v, err := decode([]byte(s))
	if err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("it is %s", typeName(v))
	}
	return maps.Clone(m), nil
}
