package cloudflow

import "slices"

// checkDead finds what can never come to anything: states that lead round in circles without an end, and rules of Retry
// and Catch behind one that takes every error. CreateFlow does not look for them.
func (d *Definition) checkDead() []Problem {
	c := &checker{}
	c.endless(&d.Scope)
	d.Scope.each(func(st *State) {
		for _, b := range st.Branches {
			c.endless(b)
		}
		if st.Processor != nil {
			c.endless(st.Processor)
		}
		all := false
		for _, r := range st.Retry {
			all = c.shadowed(st, "Retry", all, r.Pos, r.Errors)
		}
		all = false
		for _, k := range st.Catch {
			all = c.shadowed(st, "Catch", all, k.Pos, k.Errors)
		}
	})
	return c.problems
}

// checkOpen finds what works and should not be relied on: a callback that may be waited for without end, and a Catch that
// leaves it to the service what comes next.
func (d *Definition) checkOpen() []Problem {
	c := &checker{}
	d.Scope.each(func(st *State) {
		if st.Type == Task && st.Mode == WaitForCustomCallback && (st.Timeout == Value{} || st.Timeout.Literal == 0.0) {
			c.add(st.Pos, "%s waits for a callback without a Timeout: it could wait for ever", st.Name)
		}
		for _, k := range st.Catch {
			if k.Output == nil {
				c.add(k.Pos, "Catch of %s has no OutputConstructor; what the next state would get is not documented", st.Name)
			}
		}
	})
	return c.problems
}

// shadowed notes a rule that stands behind one for all errors, and tells whether one has been met.
func (c *checker) shadowed(st *State, list string, all bool, at Pos, errors []string) bool {
	if all {
		c.add(at, "a rule of %s of %s stands behind one for FnF.ALL: the first rule that matches counts", list, st.Name)
	}
	return all || slices.Contains(errors, "FnF.ALL")
}

// endless notes the first state of a scope, in the order of the text, that never comes to an end of the scope. Targets
// that do not exist are problems of their own, so they count as ends here.
func (c *checker) endless(s *Scope) {
	ends := map[string]bool{}
	for more := true; more; {
		more = false
		for _, st := range s.States {
			if !ends[st.Name] && (st.End || len(st.targets()) == 0 || slices.ContainsFunc(st.targets(), func(to string) bool { return ends[to] || s.state(to) == nil })) {
				ends[st.Name], more = true, true
			}
		}
	}
	for _, st := range s.States {
		if !ends[st.Name] {
			c.add(st.Pos, "%s leads round in a circle: no path leads from it to an end", st.Name)
			return
		}
	}
}

// targets are the states that may come after a state.
func (s *State) targets() []string {
	all := []string{s.Next, s.Default}
	for _, b := range s.Choices {
		all = append(all, b.Next)
	}
	for _, k := range s.Catch {
		all = append(all, k.Next)
	}
	return slices.DeleteFunc(all, func(name string) bool { return name == "" })
}
