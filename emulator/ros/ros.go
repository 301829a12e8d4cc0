// Package ros emulates Resource Orchestration Service 2019-09-10: stacks made from ROS templates.
//
// Start with [New] and [Service.Register]. A template is read by [ParseTemplate], its functions are evaluated by scope
// (evaluate.go), and every resource type is a driver (drivers.go and the resource_*.go files). Resources of RAM are made
// through the gateway in the name of the caller of CreateStack, so the caller needs the permissions; resources of the
// Log Service go through [LogService].
//
// An operation has finished when its answer is sent. Clients that poll GetStack, as they must in the cloud, see the
// final status at once. Do not add products here: a driver only calls the product that owns the resource.
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

// Options configure a Service. Invoker is required. Without Logs, resources of the Log Service fail.
type Options struct {
	Clock   func() time.Time // default time.Now
	Invoker Invoker
	Logs    LogService
	Members Members // nil: there are no stack groups
}

// Service holds the stacks of all accounts. It is safe for concurrent use; one stack runs one operation at a time.
type Service struct {
	o Options

	mu     sync.Mutex
	stacks map[string]*stack // by id
	ids    int

	groups     []*stackGroup
	operations []groupOperation
}

// New returns a Service without stacks.
func New(o Options) *Service {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return &Service{o: o, stacks: map[string]*stack{}}
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
