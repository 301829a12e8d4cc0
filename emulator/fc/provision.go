package fc

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Provision is the provisioned instances of a qualifier as the API shows them (models of the official client). Schedules
// and target tracking are not offered.
type Provision struct {
	FunctionARN       string `json:"functionArn"` // with the qualifier
	Target            int    `json:"target"`
	DefaultTarget     int    `json:"defaultTarget"`
	Current           int    `json:"current"`
	CurrentError      string `json:"currentError"`
	AlwaysAllocateCPU bool   `json:"alwaysAllocateCPU"` // then idle instances are not frozen
}

// maxProvisioned is the largest target (model of PutProvisionConfigInput).
const maxProvisioned = 10_000

// provisionAgain is how long a start that failed is waited for on the service clock.
const provisionAgain = 10 * time.Second

// provision keeps instances of a qualifier. Its fields need Service.mu.
type provision struct {
	target   int
	cpu      bool
	starting int
	failure  string
	next     time.Time // not tried before
}

// putProvision sets how many instances of a qualifier are kept running; they are started at once.
func (s *Service) putProvision(q *apiCall) (any, *Error) {
	var in struct {
		Target                 *int  `json:"target"`
		DefaultTarget          *int  `json:"defaultTarget"`
		AlwaysAllocateCPU      bool  `json:"alwaysAllocateCPU"`
		AlwaysAllocateGPU      bool  `json:"alwaysAllocateGPU"`
		ScheduledActions       []any `json:"scheduledActions"`
		TargetTrackingPolicies []any `json:"targetTrackingPolicies"`
	}
	if err := strictJSON(q.body, &in); err != nil {
		return nil, invalid("provision configuration: %v", err)
	}
	if in.Target == nil {
		in.Target = in.DefaultTarget
	}
	switch {
	case len(in.ScheduledActions)+len(in.TargetTrackingPolicies) > 0 || in.AlwaysAllocateGPU:
		return nil, invalid("scheduledActions, targetTrackingPolicies and alwaysAllocateGPU are not offered by the emulator")
	case in.Target == nil || *in.Target < 0 || *in.Target > maxProvisioned:
		return nil, invalid("target must be between 0 and %d", maxProvisioned)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.lookup(q.caller.AccountID, q.name)
	if f == nil {
		return nil, notFound("Function", q.name)
	}
	if _, err := s.keptRevision(f, q.qualifier()); err != nil {
		return nil, err
	}
	f.provisions[q.qualifier()] = &provision{target: *in.Target, cpu: in.AlwaysAllocateCPU}
	s.keepProvisioned(f, s.o.Clock())
	return s.provisionOf(f, q.qualifier()), nil
}

// keptRevision needs s.mu. It is the revision whose instances a qualifier keeps.
//
// Assumption: for an alias with two versions that is the main one.
func (s *Service) keptRevision(f *function, qualifier string) (*revision, *Error) {
	if a := f.aliases[qualifier]; a != nil {
		qualifier = a.VersionID
	}
	return s.resolve(f, qualifier)
}

// keepProvisioned needs s.mu. It starts the instances that are missing.
func (s *Service) keepProvisioned(f *function, now time.Time) {
	for qualifier, p := range f.provisions {
		rev, err := s.keptRevision(f, qualifier)
		if err != nil || f.blocked != nil || now.Before(p.next) {
			continue
		}
		for range p.target - rev.live() - p.starting {
			p.starting++
			s.backgroundLocked(func() { s.startProvisioned(f, qualifier, p) })
		}
	}
}

// startProvisioned starts one instance without a request: it is initialized and then waits.
func (s *Service) startProvisioned(f *function, qualifier string, p *provision) {
	in, failure := s.provisioned(f, qualifier)
	if in != nil {
		s.start(in, in.keys, newRequestID())
		if s.release(in); in.failure != nil {
			failure = in.failure.message()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p.starting--
	if p.failure = failure; failure != "" {
		p.next = s.o.Clock().Add(provisionAgain)
	}
}

// provisioned puts a new instance of a qualifier on the books, or says why it cannot.
func (s *Service) provisioned(f *function, qualifier string) (in *instance, failure string) {
	s.mu.Lock()
	rev, err := s.keptRevision(f, qualifier)
	s.mu.Unlock()
	var role assumedRole
	if err == nil && rev.spec.Role != "" {
		role, err = s.assume(s.ctx, f.account, rev.spec.Role, "fc.aliyuncs.com", f.name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil:
		return nil, err.Error()
	case s.closed || rev.retired:
		return nil, ""
	}
	if in, err = s.newInstance(f, rev, qualifier); err != nil {
		return nil, err.Error()
	}
	in.keys = role.keys
	return in, ""
}

// live needs Service.mu. It counts the instances that take requests or will.
func (r *revision) live() int {
	n := 0
	for _, in := range r.instances {
		if !in.dead && !in.ended() {
			n++
		}
	}
	return n
}

// kept needs s.mu. It tells how many instances of a revision are provisioned, and whether they keep their CPU.
func (s *Service) kept(f *function, rev *revision) (target int, cpu bool) {
	for qualifier, p := range f.provisions {
		if other, err := s.keptRevision(f, qualifier); err == nil && other == rev {
			target, cpu = target+p.target, cpu || p.cpu
		}
	}
	return target, cpu
}

// provisionOf needs s.mu.
func (s *Service) provisionOf(f *function, qualifier string) Provision {
	p := f.provisions[qualifier]
	v := Provision{
		FunctionARN: s.functionARN(f.account, f.name) + "/" + qualifier, Target: p.target, DefaultTarget: p.target,
		CurrentError: p.failure, AlwaysAllocateCPU: p.cpu,
	}
	if rev, err := s.keptRevision(f, qualifier); err == nil {
		v.Current = min(rev.live()-p.starting, p.target)
	}
	v.Current = max(v.Current, 0)
	return v
}

// lookupProvision needs s.mu.
//
// Assumption: the code of an absent configuration, named like that of an absent asynchronous one.
func (s *Service) lookupProvision(q *apiCall) (*function, *Error) {
	f := s.lookup(q.caller.AccountID, q.name)
	switch {
	case f == nil:
		return nil, notFound("Function", q.name)
	case f.provisions[q.qualifier()] == nil:
		return nil, errorf(http.StatusNotFound, "ProvisionConfigNotFound", "'%s' of function '%s' has no provisioned instances", q.qualifier(), q.name)
	}
	return f, nil
}

func (s *Service) getProvision(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.lookupProvision(q)
	if err != nil {
		return nil, err
	}
	return s.provisionOf(f, q.qualifier()), nil
}

// deleteProvision ends it; the instances stop when they have been idle for long enough.
func (s *Service) deleteProvision(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.lookupProvision(q)
	if err != nil {
		return nil, err
	}
	delete(f.provisions, q.qualifier())
	return nil, nil
}

func (s *Service) listProvisions(q *apiCall) (any, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Provision{}
	for _, f := range s.accountOf(q.caller.AccountID).functions {
		if only := q.query.Get("functionName"); only != "" && f.name != only {
			continue
		}
		for qualifier := range f.provisions {
			list = append(list, s.provisionOf(f, qualifier))
		}
	}
	slices.SortFunc(list, func(a, b Provision) int { return strings.Compare(a.FunctionARN, b.FunctionARN) })
	page, next, err := paginate(q, list, func(p Provision) string { return p.FunctionARN })
	return map[string]any{"provisionConfigs": page, "nextToken": next}, err
}
