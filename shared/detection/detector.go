package detection

import (
	"fmt"
	"io/fs"
	"path"
	"sync"

	"github.com/fenghuo-soc/fenghuo/shared/normalize"
	"github.com/fenghuo-soc/fenghuo/shared/sigma"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// Detector is a compiled set of rules with the formats of the catalog. It is never changed and safe for concurrent use.
type Detector struct {
	set     *sigma.Set
	workers sync.Pool // of *worker
}

// worker is the memory of one evaluation.
type worker struct {
	record  *normalize.Record
	scratch *sigma.Scratch
	hits    []sigma.Hit
}

// RuleFile is the name of the file that holds a rule, in a folder of its own.
const RuleFile = "rule.yaml"

// Load compiles every rule below the root of fsys: each file named rule.yaml. Rules that cannot be used are left out and named in
// the problems, next to warnings; correlation documents are among them, because nothing executes them. An error means that there is no usable rule at all, or that fsys cannot be read.
func Load(fsys fs.FS) (*Detector, []sigma.Problem, error) {
	var docs []sigma.Document
	var problems []sigma.Problem
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Base(name) != RuleFile {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		more, wrong := sigma.Parse(name, data)
		docs, problems = append(docs, more...), append(problems, wrong...)
		return nil
	})
	if err != nil {
		return nil, problems, &soc.Error{Kind: soc.Internal, Op: "read the rules", Err: err}
	}
	set, wrong := sigma.Compile(docs, sigma.Options{Sources: normalize.Sources(), RequireID: true})
	problems = append(problems, wrong...)
	for _, d := range docs {
		if d.Kind == sigma.KindCorrelation {
			problems = append(problems, sigma.Problem{
				File: d.File, Line: d.Line, Column: 1, Warning: true, Message: "a correlation document is checked, and not executed yet",
				Want: "rules that alert by themselves; alerts are linked into security events by what they share",
			})
		}
	}
	if len(set.Rules()) == 0 {
		return nil, problems, &soc.Error{
			Kind: soc.Invalid, Op: "load the rules", Err: fmt.Errorf("none of %d documents is a usable rule", len(docs)),
			Next: "correct the rules that the problems name",
		}
	}
	d := &Detector{set: set}
	d.workers.New = func() any { return &worker{record: normalize.NewRecord(), scratch: sigma.NewScratch()} }
	return d, problems, nil
}

// Rules returns the rules that are in use. Do not change them.
func (d *Detector) Rules() []*sigma.Rule { return d.set.Rules() }

// Hash names the rule set by content.
func (d *Detector) Hash() string { return d.set.Hash() }
