// Package iam emulates RAM, STS and service-linked roles, and decides whether a caller may do what it asks for.
//
// Start with [New], [Service.CreateAccount] and [Service.SeedUser], and put the operations on a gateway with
// [Service.Register]. State is per account and in memory. The service implements [auth.Authorizer],
// [auth.Credentials] and [auth.RoleAssumer]; every decision is recorded, see [Service.Used] and [Service.Denied].
// Facts come from accounts.md §3–§5. Do not keep an [auth.Caller] and expect its permissions to stay: policies are
// read at each question, so detaching one acts on live sessions.
package iam

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// Options configure a service; the zero value is useful.
type Options struct {
	Clock  func() time.Time // nil = wall clock
	Rand   io.Reader        // source of ids and keys; nil = crypto/rand
	Seed   string           // makes the keys of SeedUser and SeedRootKey; equal seeds give equal keys
	Limits Limits
	// ControlPolicies returns the control policies that bind users and roles of the account caller in the account owner,
	// level by level from the account up to the root folder; every level must allow. It is nil when none bind. It is
	// called without locks held, for each question.
	ControlPolicies func(caller, owner string) [][]string
	// PrincipalRD returns the resource directory of an account and the account's path in it, "" when it is in none. It
	// is called without locks held, for each question.
	PrincipalRD func(accountID string) (rdID, rdPath string)
	// RoleUsage tells what still uses a service-linked role, region → resources; a role in use is not deleted.
	RoleUsage func(accountID, serviceName string) map[string][]string
	// DeletionDelay is how long the deletion of a service-linked role takes; 0 = at the next request.
	DeletionDelay time.Duration
}

// Limits are the quotas of one account. A zero field takes the default, which is the value of 2025 (accounts.md §5.2).
type Limits struct {
	Users               int `yaml:"users"`
	Roles               int `yaml:"roles"`
	Policies            int `yaml:"policies"`
	Groups              int `yaml:"groups"`
	PolicyLength        int `yaml:"policy_length"` // characters of a custom policy
	PolicyVersions      int `yaml:"policy_versions"`
	SystemAttached      int `yaml:"system_attached"` // system policies attached to one role, user or group
	CustomAttached      int `yaml:"custom_attached"` // custom policies attached to one role, user or group
	KeysPerUser         int `yaml:"keys_per_user"`
	AssumeRolePerSecond int `yaml:"assume_role_per_second"` // per account, all its identities together; negative = no flow control
	// TrustLength is the characters of a trust policy.
	//
	// Assumption: 4096; the real limit is unknown (accounts.md §5.2).
	TrustLength int `yaml:"trust_length"`
}

func (l Limits) withDefaults() Limits {
	for _, f := range []struct {
		field *int
		value int
	}{
		{&l.Users, 5000},
		{&l.Roles, 1000},
		{&l.Policies, 1500},
		{&l.Groups, 300},
		{&l.PolicyLength, 6144},
		{&l.PolicyVersions, 5},
		{&l.SystemAttached, 20},
		{&l.CustomAttached, 10},
		{&l.KeysPerUser, 2},
		{&l.AssumeRolePerSecond, 100},
		{&l.TrustLength, 4096},
	} {
		*f.field = cmp.Or(*f.field, f.value)
	}
	return l
}

// Service holds the identities of all accounts. It is safe for concurrent use.
type Service struct {
	clock           func() time.Time
	rand            io.Reader
	seed            string
	limits          Limits
	controlPolicies func(caller, owner string) [][]string
	principalRD     func(accountID string) (rdID, rdPath string)
	roleUsage       func(accountID, serviceName string) map[string][]string
	deletionDelay   time.Duration

	recorder recorder
	control  documentCache

	mu        sync.RWMutex
	accounts  map[string]*account
	keys      map[string]*key   // by access key id
	tokens    map[string]string // token → access key id
	nextSweep int               // number of keys at which expired sessions are removed
	tasks     map[string]*deletionTask
	pending   int // tasks that are not finished
}

type account struct {
	id, name string
	root     *user            // holds the keys of the account itself
	users    map[string]*user // by name
	roles    map[string]*role // by lower-case name
	policies map[string]*policy
	groups   map[string]*group // by name
}

var (
	_ auth.Authorizer  = (*Service)(nil)
	_ auth.Credentials = (*Service)(nil)
	_ auth.RoleAssumer = (*Service)(nil)
)

// New returns a service without accounts.
func New(o Options) *Service {
	s := &Service{
		clock: o.Clock, rand: o.Rand, seed: o.Seed, limits: o.Limits.withDefaults(),
		controlPolicies: o.ControlPolicies, principalRD: o.PrincipalRD, roleUsage: o.RoleUsage, deletionDelay: o.DeletionDelay,
		accounts: map[string]*account{}, keys: map[string]*key{}, tokens: map[string]string{},
		nextSweep: minSweep, tasks: map[string]*deletionTask{},
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.rand == nil {
		s.rand = rand.Reader
	}
	if s.controlPolicies == nil {
		s.controlPolicies = func(string, string) [][]string { return nil }
	}
	if s.principalRD == nil {
		s.principalRD = func(string) (string, string) { return "", "" }
	}
	if s.roleUsage == nil {
		s.roleUsage = func(string, string) map[string][]string { return nil }
	}
	return s
}

// Account is an account the service knows.
type Account struct{ ID, Name string }

// CreateAccount adds an account with a root identity and nothing else. It fails when the id is taken.
func (s *Service) CreateAccount(uid, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if uid == "" || s.accounts[uid] != nil {
		return fmt.Errorf("iam: account %q is empty or exists", uid)
	}
	s.accounts[uid] = &account{
		id: uid, name: name, root: &user{},
		users: map[string]*user{}, roles: map[string]*role{}, policies: map[string]*policy{},
		groups: map[string]*group{},
	}
	return nil
}

// RemoveAccount takes an account away with everything in it; its keys are unknown from now on. An account that is not
// there is no error.
func (s *Service) RemoveAccount(uid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[uid]
	delete(s.accounts, uid)
	for id, k := range s.keys {
		if k.account != a {
			continue
		}
		delete(s.keys, id)
		if k.session != nil {
			delete(s.tokens, k.session.token)
		}
	}
}

// HasRootKey reports whether the root of an account has an AccessKey.
func (s *Service) HasRootKey(uid string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	a := s.accounts[uid]
	return a != nil && len(a.root.keys) > 0
}

// CheckPolicy checks the grammar of an identity or control policy (accounts.md §5.5).
func CheckPolicy(text string) error {
	_, err := parsePolicy(text, identityPolicy)
	return err
}

// Accounts lists all accounts by id.
func (s *Service) Accounts() []Account {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]Account, 0, len(s.accounts))
	for _, a := range s.accounts {
		out = append(out, Account{a.id, a.name})
	}
	slices.SortFunc(out, func(a, b Account) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// RootCaller is the root identity of an account, for seeding through a gateway without a signature.
func (s *Service) RootCaller(accountID string) auth.Caller {
	return auth.Caller{Type: auth.Root, AccountID: accountID, Name: "root", PrincipalID: accountID, ARN: "acs:ram::" + accountID + ":root"}
}

// role finds a role by name, whatever the case. The account may be nil.
func (a *account) role(name string) *role {
	if a == nil {
		return nil
	}
	return a.roles[strings.ToLower(name)]
}

// timestamp is the time format of RAM and STS.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
