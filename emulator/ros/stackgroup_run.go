package ros

import (
	"context"
	"encoding/json"
	"slices"
	"sync"

	"github.com/fenghuo-soc/fenghuo/emulator/gateway"
)

// fixed is a list that is known when the operation is asked for.
func fixed(list []*instance) func() []*instance { return func() []*instance { return list } }

// change begins an operation that a call asks for. plan runs under the lock; when it fails nothing has happened.
func (s *Service) change(g *stackGroup, c *gateway.Call, op *groupOperation, plan func(*groupOperation) error) (any, error) {
	op.description, op.retain = c.Get("OperationDescription"), c.Get("RetainStacks") == "true"
	var targets view
	if json.Unmarshal([]byte(c.Get("DeploymentTargets")), &targets) == nil {
		op.targets = targets
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !slices.Contains(s.groups, g):
		return nil, groupNotFound(g.name)
	case g.running != nil:
		return nil, operationInProgress(g.name)
	}
	if err := plan(op); err != nil {
		return nil, err
	}
	s.enqueue(g, op)
	return view{"OperationId": op.id}, nil
}

// enqueue notes an operation and runs it in the background, after the one that runs. The caller holds the lock.
func (s *Service) enqueue(g *stackGroup, op *groupOperation) {
	op.id, op.created, op.status = s.newID(g.account, "operation/"+g.name), s.o.Clock(), "QUEUED"
	g.operations, g.waiting = append(g.operations, op), append(g.waiting, op)
	if g.running == nil {
		s.active++
		s.next(g)
	}
}

// next runs the first operation that waits. The caller holds the lock and has counted the group as active.
func (s *Service) next(g *stackGroup) {
	if g.running = nil; len(g.waiting) == 0 {
		if s.active--; s.active == 0 {
			s.idle.Broadcast()
		}
		return
	}
	g.running, g.waiting = g.waiting[0], g.waiting[1:]
	g.running.status = "RUNNING"
	go s.run(g, g.running)
}

// run does an operation to its end and hands over to the next one.
func (s *Service) run(g *stackGroup, op *groupOperation) {
	list := op.list()
	s.mu.Lock()
	results := map[*instance]*operationResult{}
	for _, in := range list {
		results[in] = &operationResult{in.account, in.region, in.folder, "PENDING", ""}
		op.results = append(op.results, results[in])
		if op.action != "DELETE" {
			in.status = "OUTDATED"
		}
	}
	s.mu.Unlock()
	failed := s.runRegions(op, list, results)

	s.mu.Lock()
	defer s.mu.Unlock()
	if op.action == "DELETE" {
		g.instances = slices.DeleteFunc(g.instances, func(in *instance) bool { return results[in] != nil && results[in].status == "SUCCEEDED" })
	}
	op.ended, g.updated = s.o.Clock(), s.o.Clock()
	switch {
	case op.status == "STOPPING" || s.life.Err() != nil:
		op.status = "STOPPED"
	case failed:
		op.status = "FAILED"
	default:
		op.status = "SUCCEEDED"
	}
	s.next(g)
}

// runRegions works region by region, or on all at once, and reports whether more failed in one than is tolerated. What
// was not begun by then is cancelled, in the other regions too.
func (s *Service) runRegions(op *groupOperation, list []*instance, results map[*instance]*operationResult) bool {
	r := &regionRun{Service: s, op: op, results: results}
	var all sync.WaitGroup
	for _, region := range op.preferences.regions(list) {
		here := slices.DeleteFunc(slices.Clone(list), func(in *instance) bool { return in.region != region })
		if op.preferences.RegionConcurrencyType == "PARALLEL" {
			all.Go(func() { r.region(here) })
		} else {
			r.region(here)
		}
	}
	all.Wait()
	return r.failed
}

// regionRun is the run of one operation.
type regionRun struct {
	*Service
	op      *groupOperation
	results map[*instance]*operationResult
	failed  bool // under mu
}

func (r *regionRun) region(list []*instance) {
	tolerated, slots := r.op.preferences.tolerated(len(list)), make(chan struct{}, r.op.preferences.atOnce(len(list)))
	failures := 0 // under mu
	var here sync.WaitGroup
	for _, in := range list {
		slots <- struct{}{}
		if !r.start(in) {
			<-slots
			continue
		}
		here.Go(func() {
			defer func() { <-slots }()
			err := r.work(in)
			r.mu.Lock()
			defer r.mu.Unlock()
			r.note(in, err)
			if err != nil {
				failures++
				r.failed = r.failed || failures > tolerated
			}
		})
	}
	here.Wait()
}

// start marks an instance as being worked on, or as cancelled when the operation does not go on.
func (r *regionRun) start(in *instance) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	result := r.results[in]
	switch {
	case r.op.status == "STOPPING" || r.life.Err() != nil:
		result.status, result.reason = "CANCELLED", "Cancelled since the operation was stopped"
	case r.failed:
		result.status, result.reason = "CANCELLED", "Cancelled since the failure tolerance was exceeded"
	default:
		result.status = "RUNNING"
		return true
	}
	if r.op.action != "DELETE" {
		in.reason = result.reason
	}
	return false
}

// work does the step for an instance, which takes Options.InstanceTime at least.
func (r *regionRun) work(in *instance) error {
	if r.o.InstanceTime > 0 {
		select {
		case <-r.o.After(r.o.InstanceTime):
		case <-r.life.Done():
			return r.life.Err()
		}
	}
	return r.op.step(r.life, in)
}

func (r *regionRun) note(in *instance, err error) {
	result := r.results[in]
	if err != nil {
		result.status, result.reason = "FAILED", err.Error()
		in.status, in.reason = "OUTDATED", result.reason
		return
	}
	result.status = "SUCCEEDED"
	in.status, in.reason = "CURRENT", ""
}

// handleStopOperation lets the instances that are being worked on finish and cancels the others. An operation that is
// queued does not begin.
func (s *Service) handleStopOperation(_ context.Context, c *gateway.Call) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, op, err := s.operation(c)
	if err != nil {
		return nil, err
	}
	switch op.status {
	case "RUNNING":
		op.status = "STOPPING"
	case "QUEUED":
		g.waiting = slices.DeleteFunc(g.waiting, func(x *groupOperation) bool { return x == op })
		op.status, op.ended = "STOPPED", s.o.Clock()
	default:
		return nil, notRunning(op.status)
	}
	return nil, nil
}
