package emulator

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
	"github.com/fenghuo-soc/fenghuo/emulator/cloudflow"
	"github.com/fenghuo-soc/fenghuo/emulator/directory"
	"github.com/fenghuo-soc/fenghuo/emulator/fc"
	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
	"github.com/fenghuo-soc/fenghuo/emulator/iam"
	"github.com/fenghuo-soc/fenghuo/emulator/ros"
	"github.com/fenghuo-soc/fenghuo/emulator/sls"
)

// logSource lets triggers of Function Compute see how far shards have grown.
type logSource struct{ *sls.Service }

func (l logSource) Shards(project, logstore string) ([]int, error) {
	infos, err := l.Service.Shards(project, logstore)
	if err != nil {
		return nil, err
	}
	out := make([]int, len(infos))
	for i, s := range infos {
		out[i] = s.ID
	}
	return out, nil
}

func (l logSource) Begin(project, logstore string, shard int, since time.Time) (int64, error) {
	return l.Position(project, logstore, shard, since)
}

// invoker lets flows run functions.
type invoker struct{ fc *fc.Service }

// InvokeFunction runs a function for a flow. Assumption: a task that waits for the end of an asynchronous run sees the
// answer of its last try as a synchronous task would.
func (i invoker) InvokeFunction(ctx context.Context, in cloudflow.Invocation) cloudflow.InvocationResult {
	var r fc.Result
	var err error
	if in.Type == cloudflow.InvokeUntil {
		r, err = i.fc.InvokeUntil(ctx, in.Caller, in.AccountID, in.Function, in.Qualifier, in.Payload)
	} else {
		r, err = i.fc.Invoke(ctx, in.Caller, in.AccountID, in.Function, in.Qualifier, in.Type == cloudflow.InvokeAsync, in.Payload)
	}
	if err != nil {
		return cloudflow.InvocationResult{Code: "InternalServerError", Message: err.Error()}
	}
	return cloudflow.InvocationResult{Code: r.Code, Message: r.Message, ErrorType: r.ErrorType, Body: r.Body}
}

// flowAPI lets flows call the operations of other products through the gateway.
type flowAPI struct{ *gateway.Gateway }

// Versions finds the versions of a product that have an operation; actions are sorted, and versions are dates.
func (a flowAPI) Versions(product, operation string) []string {
	var out []string
	for _, line := range a.Actions() {
		if f := strings.Fields(line); len(f) == 3 && strings.EqualFold(f[0], product) && f[2] == operation {
			out = append(out, f[1])
		}
	}
	return out
}

// objects lets functions see the buckets, which are made after them.
type objects struct{ *cloud }

func (o objects) Owner(bucket string) (string, bool) { return o.oss.Owner(bucket) }

func (o objects) Object(bucket, key string) (string, []byte, bool) { return o.oss.Object(bucket, key) }

// stackLogs lets stacks make Logstores.
type stackLogs struct{ *sls.Service }

func (l stackLogs) CreateLogstore(ctx context.Context, caller auth.Caller, project string, in ros.Logstore) error {
	return l.Service.CreateLogstore(ctx, caller, project, logstoreConfig(in))
}

func (l stackLogs) UpdateLogstore(ctx context.Context, caller auth.Caller, project string, in ros.Logstore) error {
	return l.Service.UpdateLogstore(ctx, caller, project, logstoreConfig(in))
}

func (l stackLogs) PutIndex(ctx context.Context, caller auth.Caller, project, logstore string, index json.RawMessage) error {
	return l.Service.PutIndex(ctx, caller, project, logstore, index)
}

func logstoreConfig(in ros.Logstore) sls.LogstoreConfig {
	return sls.LogstoreConfig{
		Name: in.Name, TTL: in.TTL, ShardCount: in.ShardCount, AutoSplit: in.AutoSplit,
		MaxSplitShard: in.MaxSplitShard, AppendMeta: in.AppendMeta, EnableTracking: in.WebTracking, Mode: in.Mode,
	}
}

// identityOptions connects identities with the directory, which is made later: it says where an account stands, what
// binds it, and what still uses a service-linked role.
func (s *cloud) identityOptions() iam.Options {
	return iam.Options{
		Clock:           s.clock.Now,
		Seed:            "fenghuo",
		Limits:          s.world.RAM.Limits,
		DeletionDelay:   s.world.RAM.DeletionDelay,
		PrincipalRD:     func(account string) (string, string) { return s.rd.PrincipalRD(account) },
		ControlPolicies: func(caller, owner string) [][]string { return s.rd.ControlPolicies(caller, owner) },
		RoleUsage: func(account, service string) map[string][]string {
			if used := s.rd.RoleUsage(account, service); used != nil {
				return used
			}
			return s.stacks.RoleUsage(account, service)
		},
	}
}

// directoryOptions says what the directory must know of accounts and what it makes in them.
//
// Assumption: an account that CreateResourceAccount makes is verified for the enterprise of the management account, and
// a delegated administrator can be registered only for a service that has trusted access.
func (s *cloud) directoryOptions() directory.Options {
	return directory.Options{
		Clock: s.clock.Now,
		Accounts: func(uid string) (directory.Account, bool) {
			for _, a := range s.world.Accounts {
				if a.UID == uid {
					return directory.Account{Name: a.Name, Enterprise: a.Enterprise, Verified: a.Verified}, true
				}
			}
			for _, a := range s.iam.Accounts() { // made by CreateResourceAccount
				if a.ID == uid {
					m := s.world.Management()
					return directory.Account{Name: a.Name, Enterprise: m.Enterprise, Verified: true}, true
				}
			}
			return directory.Account{}, false
		},
		CreateAccount: func(uid string, a directory.Account) { _ = s.iam.CreateAccount(uid, a.Name) }, // the uid is new
		OnEnable: func(management string) {
			_ = s.iam.EnsureServiceLinkedRole(management, "resourcemanager.aliyuncs.com") // exists already: nothing to do
		},
		OnJoin:     s.memberJoined,
		OnMove:     func(member, management string) { s.stacks.MemberMoved(member, management) },
		OnLeave:    func(member, management string) { s.stacks.MemberLeft(member, management) },
		OnDelete:   s.iam.RemoveAccount,
		HasRootKey: s.iam.HasRootKey,
		AccountByEmail: func(email string) (string, bool) {
			for _, a := range s.world.Accounts {
				if a.Email == email {
					return a.UID, true
				}
			}
			return "", false
		},
		CheckPolicy:          iam.CheckPolicy,
		Roles:                s.iam,
		RequireTrustedAccess: true,
		Limits:               s.world.Directory.Limits,
		DelegateLimit:        s.world.Directory.Administrators,
		DeletionDelay:        s.world.Directory.DeletionDelay,
		SerialWrites:         s.world.Directory.SerialWrites,
	}
}

// memberJoined makes the two roles that every member of a directory has, and deploys what waits for it.
func (s *cloud) memberJoined(member, management string) {
	trust := `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::` + management + `:root"]}}]}`
	if err := s.iam.EnsureRole(member, "ResourceDirectoryAccountAccessRole", trust, "AdministratorAccess"); err != nil {
		panic("emulator: " + err.Error()) // the account and the trust policy are ours: cannot happen
	}
	_ = s.iam.EnsureServiceLinkedRole(member, "resourcemanager.aliyuncs.com") // exists already: nothing to do
	s.stacks.MemberMoved(member, management)
}
