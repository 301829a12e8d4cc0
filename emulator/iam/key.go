package iam

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// minSweep is the least number of keys at which expired sessions are looked for.
const minSweep = 4096

// key is an access key of a user, of a root (user is the account's root) or of a session.
type key struct {
	id, secret string
	active     bool
	created    time.Time
	account    *account
	user       *user
	session    *session
}

// session is a set of temporary credentials of a role.
type session struct {
	role    *role
	name    string
	token   string
	expires time.Time
	policy  *document // session policy; nil = the whole role
}

// Credential finds what stands behind a key. Keys of a deleted role are gone with it; an expired session stays known
// for an hour, so that the answer is "expired" and not "unknown".
func (s *Service) Credential(accessKeyID string) (auth.Credential, bool) {
	s.settle(s.clock())
	s.mu.RLock()
	defer s.mu.RUnlock()
	k := s.keys[accessKeyID]
	if k == nil || k.session != nil && k.session.role.deleted {
		return auth.Credential{}, false
	}
	c := auth.Credential{Caller: k.caller(), Secret: k.secret, Active: k.active}
	if k.session != nil {
		c.Token, c.Expires = k.session.token, k.session.expires
	}
	return c, true
}

// KnowsToken reports whether a security token was issued here, whatever its key and age.
func (s *Service) KnowsToken(token string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, ok := s.tokens[token]
	return ok
}

func (k *key) caller() auth.Caller {
	c := auth.Caller{AccountID: k.account.id, AccessKeyID: k.id}
	arn := "acs:ram::" + k.account.id + ":"
	switch {
	case k.session != nil:
		r := k.session.role
		c.Type, c.Name, c.Session = auth.Role, r.name, k.session.name
		c.PrincipalID, c.ARN = r.id+":"+k.session.name, arn+"role/"+r.name+"/"+k.session.name
	case k.user == k.account.root:
		c.Type, c.Name, c.PrincipalID, c.ARN = auth.Root, "root", k.account.id, arn+"root"
	default:
		c.Type, c.Name, c.PrincipalID, c.ARN = auth.User, k.user.name, k.user.id, arn+"user/"+k.user.name
	}
	return c
}

// openSession issues temporary keys of a role. The caller holds the lock.
func (s *Service) openSession(r *role, name string, ttl time.Duration, policy *document) *key {
	now := s.clock()
	s.sweep(now)
	k := &key{
		id: "STS.NT" + s.random(base62, 23), secret: s.random(base62, 44), active: true, created: now, account: r.account,
		session: &session{
			role: r, name: name, token: "CAIS" + s.random(base62+"+/", 360), expires: now.Add(ttl).Truncate(time.Second), policy: policy,
		},
	}
	s.keys[k.id], s.tokens[k.session.token] = k, k.id
	return k
}

// sweep forgets sessions that ended more than an hour ago, each time the number of keys has doubled.
func (s *Service) sweep(now time.Time) {
	if len(s.keys) < s.nextSweep {
		return
	}
	for id, k := range s.keys {
		if k.session != nil && now.Sub(k.session.expires) > time.Hour {
			delete(s.keys, id)
			delete(s.tokens, k.session.token)
		}
	}
	s.nextSweep = max(minSweep, 2*len(s.keys))
}

// SeedUser makes sure that the user exists with these system policies and returns a key pair of it. Equal seed,
// account and user give equal keys. It panics on an unknown account or policy: a wiring error.
func (s *Service) SeedUser(accountID, name string, systemPolicies ...string) (accessKeyID, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.mustAccount(accountID)
	u := a.users[name]
	if u == nil {
		u = s.newUser(name)
		a.users[name] = u
	}
	if err := u.attached.ensure(systemPolicies, s.clock()); err != nil {
		panic(fmt.Sprintf("iam: seed user %s in %s: %v", name, accountID, err))
	}
	return s.seedKey(a, u, "user/"+name)
}

// SeedRootKey returns a key pair of the account's root, made like those of SeedUser.
func (s *Service) SeedRootKey(accountID string) (accessKeyID, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.mustAccount(accountID)
	return s.seedKey(a, a.root, "root")
}

func (s *Service) mustAccount(id string) *account {
	a := s.accounts[id]
	if a == nil {
		panic("iam: no account " + id)
	}
	return a
}

func (s *Service) seedKey(a *account, u *user, what string) (accessKeyID, secret string) {
	id := "LTAI5t" + s.derive(18, a.id, what, "id")
	if s.keys[id] == nil {
		k := &key{id: id, secret: s.derive(30, a.id, what, "secret"), active: true, created: s.clock(), account: a, user: u}
		s.keys[id] = k
		u.keys = append(u.keys, k)
	}
	return id, s.keys[id].secret
}

// derive makes n characters from the seed and the parts.
func (s *Service) derive(n int, parts ...string) string {
	mac := hmac.New(sha256.New, []byte(s.seed))
	for _, p := range parts {
		mac.Write([]byte(p + "\x00"))
	}
	sum := mac.Sum(nil)
	out := make([]byte, n)
	for i := range out {
		out[i] = base62[int(sum[i])%len(base62)]
	}
	return string(out)
}

const (
	base62 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	digits = "0123456789"
)

// uuid makes one from the source of randomness. The caller holds the lock.
func (s *Service) uuid() string {
	id, err := uuid.NewRandomFromReader(s.rand)
	if err != nil {
		panic(fmt.Sprintf("iam: read random bytes: %v", err)) // a broken source is a wiring error
	}
	return id.String()
}

// random makes n characters of the alphabet from the source of randomness. The caller holds the lock.
func (s *Service) random(alphabet string, n int) string {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.rand, b); err != nil {
		panic(fmt.Sprintf("iam: read random bytes: %v", err)) // a broken source is a wiring error
	}
	for i := range b {
		b[i] = alphabet[int(b[i])%len(alphabet)]
	}
	return string(b)
}
