package cloudflow

import (
	"fmt"
	"slices"
	"strings"
)

// parameters are what an action of the language itself takes (cloudflow.md §2.2–2.4).
type parameters struct{ required, optional []string }

var ownParameters = map[string]parameters{
	"FC:InvokeFunction":  {[]string{"resourceArn", "invocationType"}, []string{"body"}},
	"FNF:StartExecution": {[]string{"resourceArn"}, []string{"executionName", "input"}},
	"HTTP:Request":       {[]string{"url", "method"}, []string{"headers", "body"}},
}

// unknown is the problem of a name that is none of the parameters, nil when it is one.
func (p parameters) unknown(name string) error {
	all := slices.Concat(p.required, p.optional)
	if slices.Contains(all, name) {
		return nil
	}
	return fmt.Errorf("unknown parameter %q; there are %s and %s", name, strings.Join(all[:len(all)-1], ", "), all[len(all)-1])
}

// checkParameters finds parameters of tasks that no execution can do anything with. Executions find them too, when they
// come to the task, so CreateFlow does not look for them.
func (d *Definition) checkParameters() []Problem {
	c := &checker{}
	d.Scope.each(func(st *State) {
		if takes, own := ownParameters[st.Action]; own && st.Type == Task {
			c.parameters(st, takes)
		}
	})
	return c.problems
}

func (c *checker) parameters(st *State, takes parameters) {
	given := st.Parameters
	if given == nil {
		if _, stands := st.places["Parameters"]; !stands {
			c.add(st.Pos, "%s needs Parameters with %s", st.Name, strings.Join(takes.required, " and "))
		}
		return
	}
	for _, name := range takes.required {
		if !slices.Contains(given.root.keys, name) {
			c.add(given.Pos, "Parameters of %s need %s", st.Name, name)
		}
	}
	for i, name := range given.root.keys {
		value, at := given.root.fields[i], given.place(name)
		if value.expr != nil {
			at = given.place(name + ".$")
		}
		if err := takes.unknown(name); err != nil {
			c.add(at, "%s: %v", st.Name, err)
		} else if value.expr == nil {
			c.constant(st, name, value.constant, at)
		}
	}
	if st.Mode == WaitForCustomCallback && st.Action != "HTTP:Request" && !given.root.passesToken() {
		c.add(given.Pos, "%s waits for a callback, and its Parameters do not pass $Context.Current.TaskToken on", st.Name)
	}
}

// constant checks the value of a parameter that is no expression.
func (c *checker) constant(st *State, name string, v any, at Pos) {
	text, _ := v.(string)
	var err error
	switch {
	case st.Action == "FC:InvokeFunction" && name == "resourceArn":
		_, err = parseFunctionARN(text)
	case st.Action == "FNF:StartExecution" && name == "resourceArn":
		_, err = parseFlowARN(text)
	case name == "invocationType" && text != InvokeSync && text != InvokeAsync:
		err = fmt.Errorf("invocationType is %q; it is Sync or Async", text)
	case name == "method" && !slices.Contains(httpMethods, strings.ToUpper(text)):
		err = fmt.Errorf("method is %q; it is %s", text, strings.Join(httpMethods, ", "))
	case name == "url":
		_, err = wholeURL(text)
	}
	if err != nil {
		c.add(at, "%s: %v", st.Name, err)
	}
}

// passesToken tells whether an expression leads to the token of the task, or to an object that holds it.
func (t *template) passesToken() bool {
	found := false
	t.expressions(func(e *Expression) {
		walk(e.node, func(n node) {
			p, ok := n.(path)
			if !ok || p.root != "$Context" {
				return
			}
			for i, key := range []string{"Current", "TaskToken"} {
				if i < len(p.steps) && p.steps[i].key != key {
					return
				}
			}
			found = true
		})
	})
	return found
}
