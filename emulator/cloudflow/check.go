package cloudflow

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Check finds what can never work: missing targets and names, states that no path reaches, actions and functions that
// do not exist, roots where they are not offered. known tells whether a function of the account exists; nil skips that.
func (d *Definition) Check(known func(function string) bool) []Problem {
	return d.check(known, documented)
}

func (d *Definition) check(known func(function string) bool, as *Assumptions) []Problem {
	c := &checker{known: known, names: map[string]bool{}, assume: as}
	if d.Name == "" {
		c.add(d.Pos, "the flow has no Name")
	} else if !nameRule.MatchString(d.Name) {
		c.add(d.namePos, "no flow can have the name %q: a letter or _ first, then letters, digits, _ and -, at most 128", d.Name)
	}
	c.scope(&d.Scope)
	slices.SortStableFunc(c.problems, Problem.compare)
	return c.problems
}

// compare orders problems by place.
func (p Problem) compare(o Problem) int { return cmp.Or(p.Line-o.Line, p.Column-o.Column) }

// Check reads a definition and finds all that [Parse] and [Definition.Check] find, and what can never work when it runs:
// parameters of tasks, paths into $Context, circles, rules that nothing reaches, and what is left open. Problems come in the
// order of the text.
func Check(text string, known func(function string) bool) []Problem {
	d, problems := Parse(text)
	if d != nil {
		problems = slices.Concat(problems, d.Check(known), d.checkParameters(), d.checkContext(), d.checkDead(), d.checkOpen())
	}
	slices.SortStableFunc(problems, Problem.compare)
	return problems
}

func placeIn(places map[string]Pos, field string, otherwise Pos) Pos {
	if p, ok := places[field]; ok {
		return p
	}
	return otherwise
}

// place is where the expression stands, or the state when that is not known.
func (e *Expression) place(st *State) Pos {
	if e.pos != (Pos{}) {
		return e.pos
	}
	return st.Pos
}

type checker struct {
	problems []Problem
	names    map[string]bool
	known    func(string) bool
	assume   *Assumptions
}

func (c *checker) add(at Pos, format string, args ...any) {
	c.problems = append(c.problems, Problem{at, fmt.Sprintf(format, args...)})
}

// scope checks the states of a scope and those inside them.
//
// Assumption: names are unique in the whole flow, not only in their scope; Next may lead back to an earlier state; and a
// state that no path leads to makes a definition invalid.
func (c *checker) scope(s *Scope) {
	if len(s.States) == 0 {
		c.add(s.Pos, "there are no States")
		return
	}
	for _, st := range s.States {
		switch {
		case st.Name == "":
			c.add(st.Pos, "a state has no Name")
		case c.names[st.Name]:
			c.add(st.place("Name"), "two states are named %s", st.Name)
		}
		c.names[st.Name] = true
	}
	start := s.state(s.StartAt)
	switch {
	case start != nil:
	case s.startPos == (Pos{}):
		c.add(s.Pos, "there is no StartAt")
	default:
		c.add(s.startPos, "StartAt names %q, and there is no such state here", s.StartAt)
	}
	for _, st := range s.States {
		c.state(s, st)
	}
	if start != nil {
		c.reach(s, start)
	}
}

func (c *checker) target(s *Scope, at Pos, name, where string) {
	if name == "" {
		c.add(at, "%s needs Next", where)
	} else if s.state(name) == nil {
		c.add(at, "%s leads to %q, and there is no such state in this scope", where, name)
	}
}

func (c *checker) state(s *Scope, st *State) {
	if allowed[st.Type] == "" {
		return // Parse has said so
	}
	switch st.Type {
	case Choice:
		c.choice(s, st)
	case Succeed, Fail:
	default:
		switch {
		case st.End && st.Next != "":
			c.add(st.Pos, "%s has both End and Next", st.Name)
		case !st.End:
			c.target(s, st.place("Next"), st.Next, st.Name)
		}
	}
	for _, k := range st.Catch {
		c.target(s, placeIn(k.places, "Next", k.Pos), k.Next, "Catch of "+st.Name)
	}
	switch st.Type {
	case Task:
		c.task(st)
	case Wait:
		if st.Seconds == (Value{}) {
			c.add(st.Pos, "%s needs Seconds", st.Name)
		}
	case Parallel:
		if n := len(st.Branches); n == 0 || n > 50 {
			c.add(st.Pos, "%s has %d branches; 1 to 50 are allowed", st.Name, n)
		}
		for _, b := range st.Branches {
			c.scope(b)
		}
	case Map:
		if st.Items == nil || st.Processor == nil {
			c.add(st.Pos, "%s needs ItemsPath and Processor", st.Name)
		}
		if st.Processor != nil {
			c.scope(st.Processor)
		}
	}
	c.expressions(st)
}

func (c *checker) choice(s *Scope, st *State) {
	if len(st.Choices) == 0 {
		c.add(st.Pos, "%s needs Branches", st.Name)
	}
	if st.Default == "" {
		c.add(st.Pos, "%s needs Default", st.Name)
	} else {
		c.target(s, st.place("Default"), st.Default, "Default of "+st.Name)
	}
	for _, b := range st.Choices {
		if _, given := b.places["Condition"]; !given {
			c.add(b.Pos, "a branch of %s needs Condition", st.Name)
		}
		c.target(s, placeIn(b.places, "Next", b.Pos), b.Next, "a branch of "+st.Name)
	}
}

func (c *checker) task(st *State) {
	a, err := parseAction(st.Action)
	if err != nil {
		c.add(st.place("Action"), "%s: %v", st.Name, err)
		return
	}
	if st.Mode != "" && !slices.Contains(a.modes, st.Mode) {
		c.add(st.place("TaskMode"), "%s does not support TaskMode %q; it supports %s", st.Action, st.Mode, strings.Join(a.modes, ", "))
	}
	if f, ok := st.function(); ok && c.known != nil && !c.known(f) {
		c.add(st.Parameters.place("resourceArn"), "%s calls function %q, and there is no such function", st.Name, f)
	}
}

// function returns the name of the function that a task calls, where the definition names it as a constant.
func (s *State) function() (string, bool) {
	if s.Action != "FC:InvokeFunction" || s.Parameters == nil {
		return "", false
	}
	for i, k := range s.Parameters.root.keys {
		if k == "resourceArn" {
			if arn, ok := s.Parameters.root.fields[i].constant.(string); ok {
				if f, err := parseFunctionARN(arn); err == nil {
					return f.name, true
				}
			}
		}
	}
	return "", false
}

func (c *checker) reach(s *Scope, start *State) {
	seen := map[string]bool{}
	var visit func(st *State)
	visit = func(st *State) {
		if st == nil || seen[st.Name] {
			return
		}
		seen[st.Name] = true
		for _, n := range st.targets() {
			visit(s.state(n))
		}
	}
	visit(start)
	for _, st := range s.States {
		if !seen[st.Name] && st.Name != "" {
			c.add(st.Pos, "no path leads to %s", st.Name)
		}
	}
}

// expressions checks that functions exist and that roots stand where the language offers them.
//
// Assumption: conditions and ItemsPath see $Input and $Context, and not $Global; whether they do is not documented.
func (c *checker) expressions(st *State) {
	check := func(what string, e *Expression, roots ...string) {
		if e == nil {
			return
		}
		walk(e.node, func(n node) {
			switch n := n.(type) {
			case path:
				if !slices.Contains(roots, n.root) {
					c.add(e.place(st), "%s of %s uses %s, which is not offered there", what, st.Name, n.root)
				}
			case call:
				if b, ok := c.assume.builtin(n.name); !ok {
					c.add(e.place(st), "%s of %s calls %s, which is no documented function", what, st.Name, n.name)
				} else if err := b.arity(n.name, len(n.args)); err != nil {
					c.add(e.place(st), "%s of %s: %v", what, st.Name, err)
				}
			}
		})
	}
	construct := func(what string, k *Constructor, roots ...string) {
		if k != nil {
			k.root.expressions(func(e *Expression) { check(what, e, roots...) })
		}
	}
	construct("InputConstructor", st.Input, "$Input", "$Context", "$Global")
	construct("Parameters", st.Parameters, "$Input", "$Context", "$Global")
	construct("OutputConstructor", st.Output, "$Input", "$Output", "$Context", "$Global")
	construct("GlobalConstructor", st.Global, "$Input", "$Output", "$Context", "$Global")
	check("Timeout", st.Timeout.Expr, "$Input", "$Context", "$Global")
	check("Seconds", st.Seconds.Expr, "$Input", "$Context", "$Global")
	check("ItemsPath", st.Items, "$Input", "$Context")
	for _, b := range st.Choices {
		check("Condition", b.Condition, "$Input", "$Context")
	}
	for _, k := range st.Catch {
		construct("Catch", k.Output, "$Input", "$Context", "$Global")
	}
}

func walk(n node, visit func(node)) {
	if n == nil {
		return
	}
	visit(n)
	switch n := n.(type) {
	case list:
		for _, x := range n.items {
			walk(x, visit)
		}
	case object:
		for _, x := range n.values {
			walk(x, visit)
		}
	case call:
		for _, x := range n.args {
			walk(x, visit)
		}
	case unary:
		walk(n.x, visit)
	case binary:
		walk(n.x, visit)
		walk(n.y, visit)
	}
}

// CheckMode finds what an execution mode does not offer: express flows wait for no callback, and at most 20 s.
func (d *Definition) CheckMode(mode string) []Problem {
	if mode != "Express" {
		return nil
	}
	c := &checker{}
	d.Scope.each(func(st *State) {
		if st.Type == Task && st.Mode != "" && st.Mode != RequestComplete {
			c.add(st.Pos, "%s has TaskMode %s, and express flows have RequestComplete only", st.Name, st.Mode)
		}
		if n, ok := st.Seconds.Literal.(float64); st.Type == Wait && ok && n > 20 {
			c.add(st.Pos, "%s waits %v seconds, and express flows wait at most 20", st.Name, n)
		}
	})
	return c.problems
}

// each visits every state, also those in inner scopes.
func (s *Scope) each(visit func(*State)) {
	for _, st := range s.States {
		visit(st)
		for _, b := range st.Branches {
			b.each(visit)
		}
		if st.Processor != nil {
			st.Processor.each(visit)
		}
	}
}
