package cloudflow

import (
	"fmt"
)

// NoState names what a snapshot leaves out: what options give, and tasks that wait for a callback.
func (*Service) NoState() []string {
	return []string{
		"region", "invoker", "roles", "authorizer", "clock", "sleep", "cron", "http", "products", "assume", "sequential",
		"ctx", "cancel", "tokens",
	}
}

// NoState leaves the checked definition out, which follows from its text.
func (*flow) NoState() []string { return []string{"def"} }

// NoState leaves the checked definition out, which follows from its text.
func (*body) NoState() []string { return []string{"def"} }

// NoState leaves out what only a running execution needs.
func (*execution) NoState() []string { return []string{"def", "cancel", "done"} }

// NoState leaves the parsed expression out.
func (*schedule) NoState() []string { return []string{"times"} }

// Restored makes again what follows from the state: definitions and expressions. Executions that ran when the snapshot was
// taken are stopped: what they waited for is not in it. It needs s.mu.
func (s *Service) Restored() error {
	for _, f := range s.flows {
		if err := s.reparse(f); err != nil {
			return fmt.Errorf("flow %s: %w", f.name, err)
		}
		for _, x := range f.executions {
			x.cancel, x.done = func() {}, make(chan struct{})
			close(x.done)
			if x.stopped.IsZero() {
				x.code, x.detail = "Restored", "the cloud began again from a snapshot that was taken while this execution ran"
				t := &trail{x: x, last: len(x.events)}
				t.event("ExecutionStopped", "", map[string]any{"code": x.code, "detail": x.detail})
				x.set("Stopped", "")
			}
		}
	}
	return nil
}

func (s *Service) reparse(f *flow) error {
	definition := func(text string) (*Definition, error) {
		d, problems := Parse(text)
		if len(problems) > 0 {
			return nil, fmt.Errorf("%d:%d: %s", problems[0].Line, problems[0].Column, problems[0].Message)
		}
		return d, nil
	}
	var err error
	if f.def, err = definition(f.text); err != nil {
		return err
	}
	for _, v := range f.versions {
		if v.def, err = definition(v.text); err != nil {
			return err
		}
	}
	for _, x := range f.executions {
		if x.def, err = definition(x.text); err != nil {
			return err
		}
	}
	for _, x := range f.schedules {
		if x.times, err = s.cron(x.cron); err != nil {
			return err
		}
	}
	return nil
}
