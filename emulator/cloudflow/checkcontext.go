package cloudflow

import (
	"slices"
	"strings"
)

// contextKeys are the members of $Context and of its parts (cloudflow.md §1.12).
var contextKeys = map[string][]string{
	"$Context":               {"Execution", "Current"},
	"$Context.Execution":     {"Name", "Input", "RoleArn"},
	"$Context.Current":       {"Name", "Input", "Output", "Error", "RetryCount", "TaskToken"},
	"$Context.Current.Error": {"Code", "Detail"},
}

// checkContext finds paths into $Context that lead nowhere: members that it does not have, the token of a task that waits
// for no callback, an error where none was caught, and an output that is not there yet. Executions fail there;
// CreateFlow does not look.
func (d *Definition) checkContext() []Problem {
	c := &checker{}
	d.Scope.each(func(st *State) {
		token := ""
		if st.Mode == WaitForCustomCallback {
			token = "TaskToken"
		}
		construct := func(k *Constructor, offered ...string) {
			if k != nil {
				k.root.expressions(func(e *Expression) { c.context(st, e, offered) })
			}
		}
		construct(st.Input)
		construct(st.Parameters, token)
		construct(st.Output, "Output", token)
		construct(st.Global, "Output", token)
		for _, k := range st.Catch {
			construct(k.Output, "Error", token)
		}
		plain := []*Expression{st.Timeout.Expr, st.Seconds.Expr, st.Items}
		for _, b := range st.Choices {
			plain = append(plain, b.Condition)
		}
		for _, e := range plain {
			if e != nil {
				c.context(st, e, nil)
			}
		}
	})
	return c.problems
}

// context checks the paths of one expression. offered are the members of $Context.Current that not every place has.
func (c *checker) context(st *State, e *Expression, offered []string) {
	walk(e.node, func(n node) {
		p, ok := n.(path)
		if !ok || p.root != "$Context" {
			return
		}
		at := p.root
		for _, s := range p.steps {
			keys, known := contextKeys[at]
			if !known {
				return
			}
			if !s.isKey || !slices.Contains(keys, s.key) {
				c.add(e.place(st), "%s: %s has %s", st.Name, at, strings.Join(keys, ", "))
				return
			}
			if at == "$Context.Current" && slices.Contains([]string{"Output", "Error", "TaskToken"}, s.key) && !slices.Contains(offered, s.key) {
				c.add(e.place(st), "%s: there is no $Context.Current.%s at this place", st.Name, s.key)
				return
			}
			at += "." + s.key
		}
	})
}
