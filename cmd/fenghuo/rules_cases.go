package main

import (
	"io/fs"
	"path"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/detection"
	"github.com/fenghuo-soc/fenghuo/shared/detection/ruletest"
	"github.com/fenghuo-soc/fenghuo/shared/normalize"
	"github.com/fenghuo-soc/fenghuo/shared/sigma"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// caseResult is how a case of a rule went; wrong is "" when it passed.
type caseResult struct{ rule, name, wrong string }

// runTests runs the cases next to every rule through the detection itself.
func runTests(fsys fs.FS) ([]caseResult, []sigma.Problem, error) {
	d, problems, err := detection.Load(fsys)
	if err != nil {
		return nil, problems, err
	}
	var out []caseResult
	for _, r := range d.Rules() {
		dir := path.Dir(r.File)
		cases, err := ruletest.Load(fsys, dir)
		if err != nil {
			out = append(out, caseResult{r.File, "tests", err.Error()})
			continue
		}
		template := ""
		for _, t := range normalize.Templates() {
			if r.Source.Covers(t.Source) {
				template = t.ID
				break
			}
		}
		for i := range cases {
			out = append(out, caseResult{r.File, cases[i].Name, runCase(d, r, template, &cases[i])})
		}
	}
	return out, problems, nil
}

func runCase(d *detection.Detector, r *sigma.Rule, template string, c *ruletest.Case) string {
	at := time.Unix(1767225700, 0).UTC()
	origin := soc.Origin{Account: "1100000000000003", Region: "cn-hangzhou", Template: template, Project: "test", Logstore: "test", ReadAt: at}
	alerts, stats, err := detection.Evaluate(d, ruletest.Group{Case: c}, origin, at)
	if err != nil {
		return err.Error()
	}
	for _, p := range stats.Poison {
		return "the event cannot be judged: " + p.Reason
	}
	fired := false
	for i := range alerts {
		fired = fired || alerts[i].RuleID == r.ID
	}
	switch {
	case fired && !c.Fires:
		return "the rule fires and must not"
	case !fired && c.Fires:
		return "the rule does not fire and must"
	}
	return ""
}
