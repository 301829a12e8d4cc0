package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/sigma"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

type rulesExplain struct {
	ruleSet     `embed:""`
	eventSource `embed:""`
	Events      string `placeholder:"FILE" help:"Events, one flat JSON object a line; - reads them from standard input. Without it the command shows what the index looks for, rule by rule."`
	Line        int    `default:"0" help:"Explain the event of this line only; 0 explains all."`
	Rule        string `help:"Explain the rule with this id or title, even where the index leaves it out."`
}

// Run explains events, or the rules themselves.
func (c *rulesExplain) Run(ctx context.Context) error {
	set, problems, err := c.load(c.any())
	if err != nil {
		return err
	}
	refused := complain(os.Stderr, problems, false)
	picked := func(r *sigma.Rule) bool { return c.Rule != "" && (r.ID == c.Rule || r.Title == c.Rule) }
	if c.Rule != "" && !slices.ContainsFunc(set.Rules(), picked) {
		return &soc.Error{
			Kind: soc.NotFound, Op: "explain", Err: fmt.Errorf("no rule that was loaded has the id or title %q", c.Rule),
			Next: "see them with: fenghuo rules explain --rules " + c.Rules,
		}
	}
	if c.Events == "" {
		c.rules(set, picked)
		return refusedCode(refused)
	}
	var ev sigma.JSONEvent
	seen, told := 0, 0
	err = eachEvent(ctx, c.Events, func(line int, text []byte) error {
		if c.Line != 0 && c.Line != line {
			return nil
		}
		seen++
		if err := ev.Parse(text); err != nil {
			return lineError(c.Events, line, err)
		}
		for _, e := range set.Explain(&ev, c.source(), picked) {
			if c.Rule == "" || picked(e.Rule) {
				explain(line, &e)
				told++
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case c.Line != 0 && seen == 0:
		return &soc.Error{Kind: soc.NotFound, Op: "explain", Err: fmt.Errorf("%s has no event in line %d", c.Events, c.Line), Next: "give the number of a line with an event, from 1"}
	case told == 0:
		fmt.Fprintln(os.Stderr, "no rule was evaluated: the index found in no event what a rule needs; name a rule with --rule to see why")
	}
	return refusedCode(refused)
}

// rules shows what the index looks for, those without a witness last.
func (c *rulesExplain) rules(set *sigma.Set, picked func(*sigma.Rule) bool) {
	var always []string
	n := 0
	for _, e := range set.Witnesses(c.source()) {
		if c.Rule != "" && !picked(e.Rule) {
			continue
		}
		n++
		if len(e.Witness) == 0 {
			always = append(always, e.Rule.ID+" "+e.Rule.Title)
			continue
		}
		fmt.Println(printable(e.Rule.ID + " " + e.Rule.Title))
		for _, w := range e.Witness {
			fmt.Println("    " + printable(w))
		}
	}
	fmt.Printf("%d rules, %d without a witness: they are evaluated on every event\n", n, len(always))
	for _, title := range always {
		fmt.Println("    " + printable(title))
	}
}

func explain(line int, e *sigma.Explanation) {
	verdict := "does not fire"
	if e.Fires {
		verdict = "fires"
	}
	fmt.Println(printable(fmt.Sprintf("event %d: %s %q %s", line, e.Rule.ID, e.Rule.Title, verdict)))
	switch {
	case len(e.Witness) == 0:
		fmt.Println("  no witness: the rule is evaluated on every event")
	case !e.Asked:
		fmt.Println("  the index found nothing that the rule needs, so it was not evaluated")
	}
	for _, f := range e.Found {
		fmt.Println(printable("  found by the " + f))
	}
	for _, p := range e.Parts {
		mark := "-"
		if p.Holds {
			mark = "+"
		}
		fmt.Println(printable("  " + strings.Repeat("  ", p.Depth) + mark + " " + p.Text))
	}
}

type rulesTest struct {
	Rules string `required:"" placeholder:"DIR" help:"Folder of rules: a folder for each with rule.yaml and tests.yaml, and the folder events."`
}

// Run runs the tests of every rule and prints those that fail. It ends with 1 if some do.
func (c *rulesTest) Run() error {
	results, problems, err := runTests(os.DirFS(c.Rules))
	if err != nil {
		return err
	}
	refused := complain(os.Stderr, problems, false)
	failed := 0
	for _, r := range results {
		if r.wrong == "" {
			continue
		}
		failed++
		fmt.Println(printable(fmt.Sprintf("FAIL %s: %s: %s", r.rule, r.name, r.wrong)))
	}
	fmt.Printf("%d cases, %d failed\n", len(results), failed)
	if failed > 0 {
		return &soc.Error{
			Kind: soc.Invalid, Op: "test rules", Err: fmt.Errorf("%d of %d cases failed", failed, len(results)),
			Next: "explain a case with: fenghuo rules explain",
		}
	}
	return refusedCode(refused)
}
