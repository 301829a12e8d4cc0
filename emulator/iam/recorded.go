package iam

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/fenghuo-soc/fenghuo/emulator/auth"
)

// maxRecorded bounds each of the two lists of decisions.
const maxRecorded = 4096

// Recorded is one question and its answer.
type Recorded struct {
	Time     time.Time
	Caller   string // ARN of the user, role (not session), root or service
	Action   string
	Resource string
	Allowed  bool
	Detail   *auth.Denial // nil when allowed
}

// recorder keeps the last decisions, the last denials, and counts of what was used.
type recorder struct {
	mu     sync.Mutex
	all    ring
	denied ring
	used   map[string]map[string]int // normalised ARN → action → times allowed
}

// ring keeps the newest entries.
type ring struct {
	entries []Recorded
	next    int
}

func (r *ring) add(e Recorded) {
	if len(r.entries) < maxRecorded {
		r.entries = append(r.entries, e)
		return
	}
	r.entries[r.next] = e
	r.next = (r.next + 1) % maxRecorded
}

func (r *ring) list() []Recorded { return slices.Concat(r.entries[r.next:], r.entries[:r.next]) }

func (r *recorder) add(e Recorded) {
	key := normaliseARN(e.Caller)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all.add(e)
	if !e.Allowed {
		r.denied.add(e)
		return
	}
	if r.used[key] == nil {
		if r.used == nil {
			r.used = map[string]map[string]int{}
		}
		r.used[key] = map[string]int{}
	}
	r.used[key][e.Action]++
}

// Decisions returns the last decisions, oldest first, at most 4096.
func (s *Service) Decisions() []Recorded {
	s.recorder.mu.Lock()
	defer s.recorder.mu.Unlock()
	return s.recorder.all.list()
}

// Denied returns the last denials, oldest first, at most 4096.
func (s *Service) Denied() []Recorded {
	s.recorder.mu.Lock()
	defer s.recorder.mu.Unlock()
	return s.recorder.denied.list()
}

// Used returns how often the role (or user) with this ARN was allowed each action, since the start.
func (s *Service) Used(arn string) map[string]int {
	s.recorder.mu.Lock()
	defer s.recorder.mu.Unlock()
	return maps.Clone(s.recorder.used[normaliseARN(arn)])
}

// SessionOf is a session of a role that has not been forgotten.
type SessionOf struct{ Account, Role, Session string }

// Sessions returns the sessions of roles of accounts, in no order. Sessions that services open are among them.
func (s *Service) Sessions() []SessionOf {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []SessionOf
	for _, k := range s.keys {
		if k.session != nil {
			out = append(out, SessionOf{k.account.id, k.session.role.name, k.session.name})
		}
	}
	return out
}
