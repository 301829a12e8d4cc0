// Package ros emulates Resource Orchestration Service 2019-09-10: stacks made from ROS templates, and stack groups that
// make them in many accounts.
//
// Start with [New] and [Service.Register]. A template is read by [ParseTemplate], its functions are evaluated by scope
// (evaluate.go), and every resource type is a driver (drivers.go and the resource_*.go files). Resources of RAM are made
// through the gateway in the name of the caller of CreateStack, so the caller needs the permissions; resources of the
// Log Service go through [LogService]. A stack group (stackgroup*.go) makes its stacks with a role in each account.
//
// An operation on a stack has finished when its answer is sent. Clients that poll GetStack, as they must in the cloud, see
// the final status at once. An operation on a stack group runs in the background (stackgroup_run.go); [Service.Wait] waits
// for all of them and [Service.Close] ends them. Do not add products here: a driver only calls the product that owns the
// resource.
package ros

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// Invoker runs an operation of another product for a caller; [gateway.Gateway] is one.
type Invoker interface {
	Do(ctx context.Context, caller auth.Caller, version, action string, params map[string]string) (map[string]any, *gateway.Error)
}

// Logstore is what the Log Service needs to make or change a Logstore. TTL is in days, ShardCount only counts at
// creation.
type Logstore struct {
	Name                    string
	TTL, ShardCount         int
	AutoSplit               bool
	MaxSplitShard           int
	AppendMeta, WebTracking bool
	Mode                    string // standard or query
}

// LogService makes projects, Logstores and indexes in the account of the caller, who must have the permissions. Errors
// are reported as the stack's StatusReason. An index is the body of the Log Service's index API.
type LogService interface {
	CreateProject(ctx context.Context, caller auth.Caller, region, name, description string) error
	DeleteProject(ctx context.Context, caller auth.Caller, name string) error
	CreateLogstore(ctx context.Context, caller auth.Caller, project string, l Logstore) error
	UpdateLogstore(ctx context.Context, caller auth.Caller, project string, l Logstore) error
	DeleteLogstore(ctx context.Context, caller auth.Caller, project, logstore string) error
	PutIndex(ctx context.Context, caller auth.Caller, project, logstore string, index json.RawMessage) error
	DeleteIndex(ctx context.Context, caller auth.Caller, project, logstore string) error
}

// Roles are the roles that stack groups work with; [iam.Service] of the emulator has them. Errors are [*gateway.Error].
type Roles interface {
	// EnsureServiceLinkedRole makes the role of a service in an account, EnsureRole an ordinary one.
	EnsureServiceLinkedRole(accountID, serviceName string) error
	EnsureRole(accountID, name, trustPolicyJSON string, systemPolicies ...string) error
	// AssumeServiceRole opens a session for a service, AssumeRole one for the holder of another session.
	AssumeServiceRole(ctx context.Context, roleARN, servicePrincipal, session string, ttl time.Duration) (auth.Caller, auth.Keys, error)
	AssumeRole(ctx context.Context, caller auth.Caller, roleARN, session string, ttl time.Duration) (auth.Caller, auth.Keys, error)
}

// Directory is what service-managed stack groups must know of a resource directory.
type Directory interface {
	// Administered is the management account of the directory in which an account administers a trusted service.
	Administered(accountID, servicePrincipal string) (managementID string, ok bool)
	// MembersBelow lists the members in a folder and in the folders below it; ok is false without such a folder.
	MembersBelow(managementID, folderID string) (members []string, ok bool)
	// PathOf is <directory>/<root folder>/<folders…>/<account>, "" outside directories.
	PathOf(accountID string) string
}

// Options configure a Service. Invoker is required. Without Logs, resources of the Log Service fail; without Roles there
// are no stack groups, and without Directory no service-managed ones.
type Options struct {
	Clock     func() time.Time // default time.Now
	Invoker   Invoker
	Logs      LogService
	Roles     Roles
	Directory Directory
	// InstanceTime is how long an operation on a stack group takes for each instance. 0 is as fast as it can.
	InstanceTime time.Duration
	// After is what InstanceTime is waited with. Default time.After.
	After func(time.Duration) <-chan time.Time
}

// Service holds the stacks of all accounts. It is safe for concurrent use; one stack, and one stack group, runs one
// operation at a time.
type Service struct {
	o Options

	life context.Context // ends with Close: operations on groups outlive the requests that begin them
	end  context.CancelFunc

	mu     sync.Mutex
	stacks map[string]*stack // by id
	groups []*stackGroup     // in the order of creation
	tokens map[string]view   // answers by account, operation and ClientToken
	ids    int
	active int        // operations on groups that run
	idle   *sync.Cond // of mu; told when active becomes 0
}

// New returns a Service without stacks. Close it when stack groups were used.
func New(o Options) *Service {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.After == nil {
		o.After = time.After
	}
	s := &Service{o: o, stacks: map[string]*stack{}, tokens: map[string]view{}}
	s.idle = sync.NewCond(&s.mu)
	s.life, s.end = context.WithCancel(context.Background())
	return s
}

// Wait returns when no operation on a stack group runs or waits to run.
func (s *Service) Wait() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.active > 0 {
		s.idle.Wait()
	}
}

// Close stops the operations on stack groups and waits for them.
func (s *Service) Close() {
	s.end()
	s.Wait()
}

// stack is one stack. The fields below busy may only be changed by the operation that set it, or under Service.mu.
type stack struct {
	id, name, account, region string
	created, updated          time.Time
	disableRollback           bool
	busy                      string // the running action, "" when idle

	status, reason string
	body           string
	params         []parameterValue
	resources      []*deployed // in the order of creation
	outputs        []output
}

// deployed is a resource of a stack.
type deployed struct {
	logicalID, kind, physicalID string
	status, reason              string
	retain                      bool // DeletionPolicy Retain
	adopted                     bool // it existed and IgnoreExisting was set: never changed, never deleted
	props                       map[string]any
	attrs                       map[string]any
	dependsOn                   []string
	changed                     time.Time
}

type output struct {
	key, description string
	value            any
}

// newID makes a stack id, a UUID that is the same in every run.
func (s *Service) newID(account, name string) string {
	s.ids++
	b := sha256.Sum256(fmt.Appendf(nil, "stack/%s/%s/%d", account, name, s.ids))
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
