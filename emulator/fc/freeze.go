package fc

// An idle instance is frozen and not killed: its goroutines and timers stop until the next request (fc.md §1.1). Here
// the process group gets a stop signal as soon as its last request is answered, and a continue signal before the next
// one, so background work that a function relies on shows its error at once.

// freeze needs Service.mu.
func (in *instance) freeze() {
	if in.frozen || in.abandoned || in.cmd == nil || in.gone() {
		return
	}
	in.frozen = stopGroup(in.cmd.Process.Pid)
}

// thaw needs Service.mu.
func (in *instance) thaw() {
	if in.frozen && !in.gone() {
		continueGroup(in.cmd.Process.Pid)
	}
	in.frozen = false
}

// gone tells whether the process has ended.
func (in *instance) gone() bool {
	select {
	case <-in.exited:
		return true
	default:
		return false
	}
}
