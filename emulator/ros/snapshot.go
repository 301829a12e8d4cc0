package ros

import "strings"

// NoState names what a snapshot leaves out: what options give, and operations under way.
func (*Service) NoState() []string { return []string{"o", "life", "end", "active", "idle"} }

// NoState leaves the work of an operation out.
func (*groupOperation) NoState() []string { return []string{"list", "step"} }

// Restored ends what was under way when the snapshot was taken, as when the service dies: operations on groups are
// stopped, and stacks that were being worked on have failed. It needs s.mu.
func (s *Service) Restored() error {
	const why = "the cloud began again from a snapshot that was taken while this ran"
	for _, g := range s.groups {
		for _, op := range g.operations {
			if !op.ended.IsZero() {
				continue
			}
			op.status, op.ended = "STOPPED", s.o.Clock()
			for _, r := range op.results {
				if r.status == "PENDING" || r.status == "RUNNING" {
					r.status, r.reason = "CANCELLED", why
				}
			}
		}
	}
	for _, st := range s.stacks {
		if action, ok := strings.CutSuffix(st.status, "_IN_PROGRESS"); ok {
			st.status, st.reason, st.busy = action+"_FAILED", why, ""
		}
	}
	return nil
}
