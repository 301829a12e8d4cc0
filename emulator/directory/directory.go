// Package directory emulates Resource Directory (ResourceManager 2020-03-31 and ResourceDirectoryMaster 2022-04-19) and
// the multi-account operations of Security Center (Sas 2018-12-03, cloud-siem 2022-06-16).
//
// Start with [New], seed a world with [Service.Enable] and [Service.AddMember], and serve it with [Service.Register].
// The state is one resource directory per management account: folders, members, invitations, trusted services and
// delegated administrators. Facts come from the accounts sheet, section 2; every answer the sheet calls unknown sits in
// one function marked with "Assumption".
//
// Do not put identity data here: the service tells package iam through the hooks in [Options] which roles to make.
package directory

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// Account is what the directory must know about an account.
type Account struct {
	Name       string
	Enterprise string // legal entity of the real-name verification
	Verified   bool   // enterprise real-name verification is done
}

// Roles keeps the service-linked roles of accounts. A service name is for example rd.sas.aliyuncs.com.
type Roles interface {
	// EnsureServiceLinkedRole creates the role unless the account has it.
	EnsureServiceLinkedRole(accountID, serviceName string) error
	HasServiceLinkedRole(accountID, serviceName string) bool
}

// Options configure a Service. The zero value works, with every account unknown.
type Options struct {
	Clock func() time.Time // default time.Now

	// Accounts finds an account; ok is false when there is none.
	Accounts func(accountID string) (a Account, ok bool)
	// CreateAccount is told of every account that CreateResourceAccount makes, before it joins.
	CreateAccount func(accountID string, a Account)
	// OnEnable is called after a directory was enabled, so that the service-linked role of the directory can be made.
	OnEnable func(managementID string)
	// OnJoin is called after an account became a member, so that the roles every member has can be made.
	OnJoin func(memberID, managementID string)
	// OnLeave is called after a member left.
	OnLeave func(memberID, managementID string)
	// OnMove is called after a member came to another folder.
	OnMove func(memberID, managementID string)
	// OnDelete is called after a member was deleted for good, after OnLeave.
	OnDelete func(memberID string)
	// Roles keeps service-linked roles; nil keeps them in memory.
	Roles Roles
	// AccountByEmail finds an account by the e-mail address of its owner; nil = no account has one.
	AccountByEmail func(email string) (accountID string, ok bool)
	// HasRootKey tells whether an account has an AccessKey of its root; nil = none has.
	HasRootKey func(accountID string) bool
	// SerialWrites makes a write that begins while another one of the same account runs fail with
	// ConcurrentCallNotSupported, as the cloud does. A write runs until its hooks have returned.
	SerialWrites bool
	// CheckPolicy checks the grammar of a control policy; nil takes every JSON object.
	CheckPolicy func(text string) error
	// DeletionDelay is how long the check before the deletion of a member takes, and the deletion itself; 0 = both are
	// done at the next request.
	DeletionDelay time.Duration

	// TrustedServices are the accepted service principals. Default: [TrustedServices].
	TrustedServices []string
	// DelegateLimit is the number of delegated administrators a service principal may have. Default 10.
	DelegateLimit map[string]int
	// RequireTrustedAccess makes RegisterDelegatedAdministrator fail until the service has switched trusted access on.
	RequireTrustedAccess bool
	Limits               Limits
}

// Limits of a directory; a zero field takes the default of the accounts sheet, section 2.8.
type Limits struct {
	Members            int `yaml:"members"`             // 20
	Folders            int `yaml:"folders"`             // 100
	FolderDepth        int `yaml:"folder_depth"`        // 5 levels below the root folder
	InvitationsPerDay  int `yaml:"invitations_per_day"` // 20
	PendingInvitations int `yaml:"pending_invitations"` // 20: an invitation is refused when so many are pending
	ControlPolicies    int `yaml:"control_policies"`    // 1,500 custom ones
}

// Service holds every resource directory of the emulated cloud. It is safe for concurrent use. OnEnable, OnJoin,
// OnMove, OnLeave, OnDelete and CreateAccount run without its lock and may call back; Accounts, AccountByEmail, HasRootKey and Roles may call [Service.PrincipalRD],
// [Service.PathOf] and [Service.MemberOf] only.
type Service struct {
	o Options

	mu          sync.Mutex
	directories map[string]*tree            // by management account
	memberOf    map[string]*tree            // by member account
	handshakes  map[string]*invite          // by id
	enabling    map[string]*quota           // codes for EnableResourceDirectory, by account
	groups      map[string][]*resourceGroup // by account
	writing     map[string]bool             // accounts whose write runs, with SerialWrites
	ids         uint64

	places places
}

// New returns an empty Service.
func New(o Options) *Service {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Accounts == nil {
		o.Accounts = func(string) (Account, bool) { return Account{}, false }
	}
	if o.Roles == nil {
		o.Roles = &memoryRoles{has: map[string]bool{}}
	}
	if o.CheckPolicy == nil {
		o.CheckPolicy = func(text string) error { return json.Unmarshal([]byte(text), new(map[string]any)) }
	}
	if o.TrustedServices == nil {
		o.TrustedServices = TrustedServices()
	}
	o.Limits = o.Limits.OrDefaults()
	return &Service{
		o: o, directories: map[string]*tree{}, memberOf: map[string]*tree{}, handshakes: map[string]*invite{}, writing: map[string]bool{}, groups: map[string][]*resourceGroup{}, enabling: map[string]*quota{},
		places: places{at: map[string]place{}},
	}
}

// OrDefaults are the limits with the defaults for what is zero.
func (l Limits) OrDefaults() Limits {
	for _, f := range []struct {
		v *int
		d int
	}{{&l.Members, 20}, {&l.Folders, 100}, {&l.FolderDepth, 5}, {&l.InvitationsPerDay, 20}, {&l.PendingInvitations, 20}, {&l.ControlPolicies, 1500}} {
		if *f.v == 0 {
			*f.v = f.d
		}
	}
	return l
}

// tree is one resource directory.
type tree struct {
	id, rootID         string
	master, masterName string
	created            time.Time
	folders            map[string]*folder // without the root folder
	members            map[string]*member
	trusted            map[string]time.Time            // service principal → trusted access since
	delegates          map[string]map[string]time.Time // service principal → account → since
	monitored          map[string][]string             // by Security Center: owner (master or delegate) → members
	invited            []time.Time                     // when invitations were sent
	control            control
	mayDelete          bool                 // members may be deleted
	deletions          map[string]*deletion // by member, also of deleted ones
	codes              quota                // verification codes that were sent
	contacts           []*contact
	nameSync           string // Enabled, Disabled; "" = never set
}

// newID makes an identifier that is the same in every run: prefix-<10 characters>.
func (s *Service) newID(prefix, seed string) string {
	const alphabet = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	s.ids++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%s/%d", prefix, seed, s.ids))
	out := make([]byte, 10)
	for i := range out {
		out[i] = alphabet[int(sum[i])%len(alphabet)]
	}
	return prefix + "-" + string(out)
}

// newAccountID makes a 16-digit account id that neither the directory nor the world knows yet.
func (s *Service) newAccountID(seed string) string {
	for {
		s.ids++
		sum := sha256.Sum256(fmt.Appendf(nil, "account/%s/%d", seed, s.ids))
		id := fmt.Sprintf("19%014d", binary.BigEndian.Uint64(sum[:])%100_000_000_000_000)
		if _, taken := s.o.Accounts(id); !taken && s.memberOf[id] == nil {
			return id
		}
	}
}

// memoryRoles is the Roles of a Service without identity service.
type memoryRoles struct {
	mu  sync.Mutex
	has map[string]bool
}

func (r *memoryRoles) EnsureServiceLinkedRole(accountID, serviceName string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.has[accountID+"/"+serviceName] = true
	return nil
}

func (r *memoryRoles) HasServiceLinkedRole(accountID, serviceName string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.has[accountID+"/"+serviceName]
}
