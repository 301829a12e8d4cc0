package fc

import (
	"encoding/json"
	"fmt"
	"os"
)

// NoState names what a snapshot leaves out: options, processes and what is on the way to them.
func (*Service) NoState() []string {
	return []string{"o", "spawn", "ctx", "stop", "hard", "kill", "closed", "downloads", "instances"}
}

// NoState leaves the counts of processes out, of which a restored service has none, and roles that were assumed.
func (*account) NoState() []string { return []string{"instances", "async", "roles"} }

// NoState leaves the processes out.
func (*revision) NoState() []string { return []string{"instances"} }

// NoState leaves revisions out that only wait for their processes to end.
func (*function) NoState() []string { return []string{"old"} }

// NoState leaves out what only a running task needs.
func (*task) NoState() []string { return []string{"cancel"} }

// packageState is a package in a snapshot.
type packageState struct {
	Users   int
	Package []byte
}

// MarshalSnapshot is the package that was uploaded.
func (c *code) MarshalSnapshot() ([]byte, error) {
	data, err := os.ReadFile(c.packageFile())
	if err != nil {
		return nil, fmt.Errorf("read package: %w", err)
	}
	return json.Marshal(packageState{c.users, data})
}

// UnmarshalSnapshot keeps the package until [Service.Restored] unpacks it.
func (c *code) UnmarshalSnapshot(b []byte) error {
	var p packageState
	err := json.Unmarshal(b, &p)
	c.users, c.restored = p.Users, p.Package
	return err
}

// Restored unpacks the code again and makes what follows from the state. Runs and tries that were under way are lost, as
// when their machines die: tasks fail, and log triggers deliver their range again. It needs s.mu.
func (s *Service) Restored() error {
	for _, a := range s.accounts {
		a.roles = map[string]assumedRole{}
		for _, f := range a.functions {
			f.old = nil
			revisions := []*revision{f.current}
			for _, v := range f.versions {
				revisions = append(revisions, v.rev)
			}
			for _, r := range revisions {
				if err := s.unpackAgain(r.code); err != nil {
					return fmt.Errorf("function %s of account %s: %w", f.name, a.id, err)
				}
			}
			for _, t := range f.tasks.list {
				if t.cancel = func(error) {}; !t.view.ended() {
					t.step(taskFailed, "the cloud began again from a snapshot that was taken while this task ran", s.o.Clock())
				}
			}
			for _, t := range f.triggers {
				t.job.release()
			}
		}
	}
	return nil
}

func (s *Service) unpackAgain(c *code) error {
	if c == nil || c.restored == nil {
		return nil
	}
	data := c.restored
	c.restored = nil
	return s.unpackPackage(c, data)
}

// release lets shards be looked at again whose range was on its way.
func (j *logJob) release() {
	if j == nil {
		return
	}
	for _, s := range j.shards {
		s.busy = false
	}
}
