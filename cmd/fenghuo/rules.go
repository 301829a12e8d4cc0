package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime/debug"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/detection"
	"github.com/fenghuo-soc/fenghuo/shared/detection/ruletest"
	"github.com/fenghuo-soc/fenghuo/shared/sigma"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

type rulesCommand struct {
	Lint    rulesLint    `cmd:"" help:"Say what is wrong with rules, with file, line and column. Example: fenghuo rules lint --rules rules"`
	Test    rulesTest    `cmd:"" help:"Run the tests that lie next to rules. Example: fenghuo rules test --rules rules"`
	Match   rulesMatch   `cmd:"" help:"Evaluate rules on events, one JSON object a line. Example: fenghuo rules match --rules rules --events events.jsonl --no-logsource"`
	Explain rulesExplain `cmd:"" help:"Show how rules come to their answer, and what the index looks for. Example: fenghuo rules explain --rules rules --events events.jsonl --line 1"`
	Bench   rulesBench   `cmd:"" help:"Measure rules on events. Example: fenghuo rules bench --rules rules --events events.jsonl"`
}

// ruleSet is what the commands on rules have in common.
type ruleSet struct {
	Rules       string            `required:"" placeholder:"DIR" help:"Folder of Sigma rules; every file below it that ends in .yml or .yaml."`
	Placeholder map[string]string `placeholder:"NAME=VALUE,…" help:"Values of the placeholder %NAME% for the modifier expand, joined by commas; more placeholders are separated by semicolons."`
}

// eventSource is where events come from.
type eventSource struct {
	Category    string `help:"Category of the log source of the events."`
	Product     string `help:"Product of the log source of the events."`
	Service     string `help:"Service of the log source of the events."`
	NoLogsource bool   `name:"no-logsource" help:"Evaluate every rule, whatever its log source. This is so too when nothing is said about the log source of the events."`
}

func (e *eventSource) source() sigma.LogSource {
	return sigma.LogSource{Category: strings.ToLower(e.Category), Product: strings.ToLower(e.Product), Service: strings.ToLower(e.Service)}
}

// any tells whether rules are evaluated whatever their log source.
func (e *eventSource) any() bool { return e.NoLogsource || e.source() == sigma.LogSource{} }

// gcWhileLoading lets the heap grow to five times what is in use while rules are read: nearly all of it stays in use until they
// are compiled.
const gcWhileLoading = 400

// load compiles the rules. The problems are those of all files.
func (r *ruleSet) load(anySource bool) (*sigma.Set, []sigma.Problem, error) {
	info, err := os.Stat(r.Rules)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is no folder", r.Rules)
	}
	if err != nil {
		return nil, nil, &soc.Error{Kind: soc.Invalid, Op: "read rules", Err: err, Next: "give the folder of the rules with --rules"}
	}
	defer debug.SetGCPercent(debug.SetGCPercent(gcWhileLoading))
	fsys := os.DirFS(r.Rules)
	docs, problems, err := sigma.Read(fsys, func(name string) bool { return !isTests(fsys, name) })
	if err != nil {
		return nil, nil, &soc.Error{Kind: soc.Invalid, Op: "read rules", Err: err}
	}
	if len(docs)+len(problems) == 0 {
		fmt.Fprintln(os.Stderr, printable("there is no rule below "+r.Rules+": no file of it ends in .yml or .yaml"))
	}
	values := map[string][]string{}
	for name, list := range r.Placeholder {
		values[name] = strings.Split(list, ",")
	}
	set, more := sigma.Compile(docs, sigma.Options{Placeholders: values, AnySource: anySource})
	return set, append(problems, more...), nil
}

// isTests tells whether a file holds the tests of the rule next to it.
func isTests(fsys fs.FS, name string) bool {
	if path.Base(name) != ruletest.File {
		return false
	}
	_, err := fs.Stat(fsys, path.Join(path.Dir(name), detection.RuleFile))
	return err == nil
}

// complain writes the problems, one line each, and returns how many documents were refused.
func complain(w io.Writer, problems []sigma.Problem, warnings bool) int {
	refused := 0
	for i := range problems {
		if !problems[i].Warning {
			refused++
		} else if !warnings {
			continue
		}
		fmt.Fprintln(w, printable(problems[i].Error()))
	}
	return refused
}

// refusedCode is the way to end when some documents were refused.
func refusedCode(refused int) error {
	if refused > 0 {
		return exitCode(exitPartly)
	}
	return nil
}

type rulesLint struct {
	ruleSet `embed:""`
}

// Run prints every problem and warning, and what was loaded.
func (c *rulesLint) Run() error {
	set, problems, err := c.load(true)
	if err != nil {
		return err
	}
	refused := complain(os.Stderr, problems, true)
	fmt.Printf("%d rules, %d correlations, %d refused, %d warnings\n", len(set.Rules()), len(set.Correlations()), refused, len(problems)-refused)
	return refusedCode(refused)
}
