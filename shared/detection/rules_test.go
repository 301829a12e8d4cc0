package detection_test

import (
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/fenghuo-soc/fenghuo/shared/detection"
	"github.com/fenghuo-soc/fenghuo/shared/detection/ruletest"
	"github.com/fenghuo-soc/fenghuo/shared/normalize"
	"github.com/fenghuo-soc/fenghuo/shared/sigma"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

// shipped is the folder of the rules that the product ships; shared code must not import it.
var shipped = os.DirFS("../../rules")

func load(t testing.TB) *detection.Detector {
	t.Helper()
	d, problems, err := detection.Load(shipped)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p.Error())
	}
	return d
}

func origin(template string) soc.Origin {
	return soc.Origin{
		Account: "1100000000000003", Region: "cn-hangzhou", Template: template, Project: "p", Logstore: "l", Shard: 1, Cursor: 42,
		ReadAt: time.Unix(1767225660, 0).UTC(),
	}
}

func templateOf(t testing.TB, r *sigma.Rule) string {
	t.Helper()
	for _, tmpl := range normalize.Templates() {
		if r.Source.Covers(tmpl.Source) {
			return tmpl.ID
		}
	}
	t.Fatalf("%s: no template for %v", r.File, r.Source)
	return ""
}

func TestShippedRules(t *testing.T) {
	t.Parallel()
	d := load(t)
	if n := len(d.Rules()); n < 12 {
		t.Errorf("%d rules", n)
	}
	for _, r := range d.Rules() {
		dir := path.Dir(r.File)
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			cases, err := ruletest.Load(shipped, dir)
			if err != nil {
				t.Fatal(err)
			}
			checkRule(t, r, cases)
			for _, c := range cases {
				alerts, stats, err := detection.Evaluate(d, ruletest.Group{Case: &c}, origin(templateOf(t, r)), time.Unix(1767225700, 0))
				if err != nil || len(stats.Poison) > 0 {
					t.Fatalf("%s: %v %v", c.Name, err, stats.Poison)
				}
				fired := false
				for _, a := range alerts {
					fired = fired || a.RuleID == r.ID
					if a.RuleID == r.ID && (len(a.Entities) == 0 || len(a.Techniques) == 0 || len(a.Evidence) == 0) {
						t.Errorf("%s: an alert without entities, techniques or evidence: %+v", c.Name, a)
					}
				}
				if fired != c.Fires {
					t.Errorf("%s: fires = %v, want %v", c.Name, fired, c.Fires)
				}
			}
		})
	}
}

// checkRule enforces what every shipped rule must have.
func checkRule(t *testing.T, r *sigma.Rule, cases []ruletest.Case) {
	t.Helper()
	if r.Custom["title_zh"] == "" || r.Custom["description_zh"] == "" || r.Description == "" || len(r.FalsePositives) == 0 || r.Level == "" {
		t.Error("the rule lacks a title, a description, false positives or a level in one of the languages")
	}
	if len(r.ID) != 36 || r.Source.Product != "alibabacloud" || path.Dir(path.Dir(r.File)) != r.Source.Service {
		t.Errorf("id %q, source %v, folder %s", r.ID, r.Source, r.File)
	}
	firing := map[string]bool{}
	var quiet, near int
	for _, c := range cases {
		if c.Fires {
			firing[c.Event] = true
		} else {
			quiet++
		}
	}
	for _, c := range cases {
		if c.Near {
			near++
			if c.Fires || !firing[c.Event] || len(c.Set) != 1 {
				t.Errorf("%s: a near miss is quiet and one field away from a case that fires", c.Name)
			}
		}
	}
	if len(firing) == 0 || quiet == near || near == 0 {
		t.Errorf("want a firing case, a quiet one and a near miss; have %d, %d, %d", len(firing), quiet-near, near)
	}
}

func TestEveryRuleFolderIsLoaded(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(shipped, "*/*/tests.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rules := map[string]bool{}
	for _, r := range load(t).Rules() {
		rules[path.Dir(r.File)] = true
	}
	for _, f := range files {
		if !rules[strings.TrimSuffix(f, "/tests.yaml")] {
			t.Errorf("%s belongs to no rule", f)
		}
	}
}
